"""Who gets which slot of the plan: given out one by one, also to two computers at once, and again if it was left."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lipstudy.errors import InputError, OutputError, system_reason
from lipstudy.records import PlannedTrial, write_text
from lipstudy.study._events import SessionEnded
from lipstudy.study._locking import freeze_study
from lipstudy.study._log import event_log_path, read_events
from lipstudy.study._session import planned_for, slot_of
from lipstudy.study._study import Study

__all__ = ["SlotState", "claim_slot", "issue_slot", "slot_states", "withdrawn_slot"]

_REGISTRY = "slots.json"
_PATIENCE_S = 20


class _Issue(BaseModel):
    """One giving out of a slot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    participant: str
    slot: str
    issued_at: datetime
    withdrawn: bool = Field(default=False, description="the session was deleted by its withdrawal code")


_ISSUES = TypeAdapter(list[_Issue])


@dataclass(frozen=True, slots=True)
class SlotState:
    """Where a slot of the plan stands."""

    slot: str
    participant: str | None
    """Who has it, or had it last; None if nobody had."""
    state: str
    """free, in_progress, complete, or again: left unfinished or withdrawn, to be given out again."""


def issue_slot(folder: str | Path, study: Study, plan: Sequence[PlannedTrial], *, now: datetime) -> str:
    """Give out the first free slot of the plan, and return the participant's name.

    A slot whose session was left unfinished for longer than the study's ``reissue_after_h``, was ended before its time,
    or was withdrawn is given out again, before those that nobody had: P07 becomes P07-2, with the trials of P07.

    Parameters
    ----------
    folder : str or Path
        The study folder; it may lie on a share of several computers.
    study, plan
        Its definition and plan.
    now : datetime
        Date and time with a time zone.

    Raises
    ------
    InputError
        If every slot is taken, or the study or plan is not that of the sessions in the folder.
    OutputError
        If the folder cannot be written or locked.
    """
    with _registry(folder) as issues:
        freeze_study(folder, study, plan, locked_at=now.isoformat(timespec="seconds"))
        _add_unlisted(folder, plan, issues, now)
        states = _states(folder, study, plan, issues, now)
        waiting = [state for state in states if state.state == "again"]
        free = waiting + [state for state in states if state.state == "free"]
        if not free:
            going_on = sum(state.state == "in_progress" for state in states)
            raise InputError(
                f"all {len(states)} slots of the plan are taken ({going_on} in progress): raise 'participants' in the"
                " study file and write the plan again with the same seed; the slots there stay as they are"
            )
        slot = free[0].slot
        had = sum(issue.slot == slot for issue in issues)
        participant = slot if had == 0 else f"{slot}-{had + 1}"  # a name, once given, is never another person's
        issues.append(_Issue(participant=participant, slot=slot, issued_at=now))
        return participant


def claim_slot(
    folder: str | Path, study: Study, plan: Sequence[PlannedTrial], participant: str, *, now: datetime
) -> str:
    """Take a slot by its number or name ("7", "07", "P07", "P07-2"), to begin its session or to go on with it.

    Returns
    -------
    str
        The participant's name as in the plan.

    Raises
    ------
    InputError
        If the plan has no such slot, its session has ended, or the study or plan is not that of the sessions there.
    OutputError
        If the folder cannot be written or locked.
    """
    name = _spelt_out(participant, plan)
    slot = slot_of(plan, name)
    planned_for(plan, slot)
    with _registry(folder) as issues:
        freeze_study(folder, study, plan, locked_at=now.isoformat(timespec="seconds"))
        _add_unlisted(folder, plan, issues, now)
        known = next((issue for issue in issues if issue.participant == name), None)
        if known is not None and (known.withdrawn or _ended(folder, plan, name) is not None):
            how = "was withdrawn" if known.withdrawn else "has ended"
            raise InputError(
                f"the session of participant {name} {how}: give this person another number, or none for the next free"
                " slot"
            )
        if known is None:
            if slot != name:
                raise InputError(f"participant {name} was never given out: name the slot {slot}, or none for the next")
            issues.append(_Issue(participant=name, slot=slot, issued_at=now))
        return name


def slot_states(folder: str | Path, study: Study, plan: Sequence[PlannedTrial], *, now: datetime) -> list[SlotState]:
    """Return where every slot of the plan stands, in the order of the plan."""
    issues = _read(Path(folder) / _REGISTRY)
    _add_unlisted(folder, plan, issues, now)
    return _states(folder, study, plan, issues, now)


def withdrawn_slot(folder: str | Path, participant: str) -> None:
    """Note that the session of `participant` was deleted, so that its slot is given out again."""
    with _registry(folder) as issues:
        for place, issue in enumerate(issues):
            if issue.participant == participant:
                issues[place] = issue.model_copy(update={"withdrawn": True})


@contextmanager
def _registry(folder: str | Path) -> Iterator[list[_Issue]]:
    """Hold the lock of the registry, give its entries, and write them if they were changed."""
    folder = Path(folder)
    path = folder / _REGISTRY
    lock = FileLock(folder / "slots.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=_PATIENCE_S)
    except Timeout as error:
        raise OutputError(
            f"another computer or program has held {folder / 'slots.lock'} for {_PATIENCE_S} s: try again, or end it"
        ) from error
    except (OSError, NotImplementedError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else "the share knows no locks"
        raise OutputError(f"cannot give out slots in {folder}: {reason}") from error
    try:
        issues = _read(path)
        before = list(issues)
        yield issues
        if issues != before:
            write_text(path, json.dumps(_ISSUES.dump_python(issues, mode="json"), indent=1) + "\n")
    finally:
        lock.release()


def _read(path: Path) -> list[_Issue]:
    if not path.exists():
        return []
    try:
        return _ISSUES.validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(f"{path} is damaged: put back a copy of it") from error


def _add_unlisted(folder: str | Path, plan: Sequence[PlannedTrial], issues: list[_Issue], now: datetime) -> None:
    """Add sessions that nobody was given: of simulated viewers, or from before the registry was lost."""
    listed = {issue.participant for issue in issues}
    slots = {trial.participant for trial in plan}
    for path in sorted(Path(folder).glob("sessions/*/events.jsonl")):
        participant, slot = path.parent.name, slot_of(plan, path.parent.name)
        if participant not in listed and slot in slots:
            issues.append(_Issue(participant=participant, slot=slot, issued_at=_modified(path, now)))


def _modified(path: Path, now: datetime) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=now.tzinfo)


def _states(
    folder: str | Path, study: Study, plan: Sequence[PlannedTrial], issues: Sequence[_Issue], now: datetime
) -> list[SlotState]:
    last = {issue.slot: issue for issue in issues}
    slots = dict.fromkeys(trial.participant for trial in plan)
    return [_state(folder, study, plan, slot, last.get(slot), now) for slot in slots]


def _state(
    folder: str | Path, study: Study, plan: Sequence[PlannedTrial], slot: str, issue: _Issue | None, now: datetime
) -> SlotState:
    if issue is None:
        return SlotState(slot, None, "free")
    complete = None if issue.withdrawn else _ended(folder, plan, issue.participant)
    if complete:
        return SlotState(slot, issue.participant, "complete")
    if issue.withdrawn or complete is False:
        return SlotState(slot, issue.participant, "again")
    path = event_log_path(folder, plan, issue.participant)
    active = issue.issued_at
    if path.exists():
        active = max(active, _modified(path, now))
    left = now - active > timedelta(hours=study.reissue_after_h)
    return SlotState(slot, issue.participant, "again" if left else "in_progress")


def _ended(folder: str | Path, plan: Sequence[PlannedTrial], participant: str) -> bool | None:
    """Return whether a session was gone through to its end; None if it is open or was not begun."""
    path = event_log_path(folder, plan, participant)
    events = read_events(path) if path.exists() else []
    last = events[-1] if events else None
    return last.complete if isinstance(last, SessionEnded) else None


def _spelt_out(participant: str, plan: Sequence[PlannedTrial]) -> str:
    """Return the name of the slot that a bare number means."""
    if re.fullmatch(r"\d{1,6}", participant):
        for slot in dict.fromkeys(trial.participant for trial in plan):
            if re.fullmatch(rf"P0*{int(participant)}", slot):
                return slot
    return participant
