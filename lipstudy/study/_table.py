"""From the event logs to the trial table: derived again each time, never edited."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from lipstudy.errors import InputError
from lipstudy.records import PlannedTrial, Row, Trial, write_rows
from lipstudy.study._events import (
    ClipPlayed,
    Event,
    QuestionAnswered,
    ResponseGiven,
    SessionEnded,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    TrialSkipped,
    TrialStarted,
)
from lipstudy.study._log import event_log_path, read_events
from lipstudy.study._session import plan_hash, planned_for

__all__ = ["Answer", "answer_table", "collect_answers", "collect_trials", "trial_table", "write_answers"]


class Answer(Row):
    """The answer to one question after the trials."""

    participant: str = Field(description="participant slot")
    session: str = Field(description="name of the session, unique in the study")
    question: str = Field(description="name of the question")
    answer: str = Field(description="the answer")
    simulated: bool = Field(description="true if a simulated viewer answered, not a person")


@dataclass(slots=True)
class _Offered:
    """A trial as it was offered last."""

    planned: PlannedTrial
    times: int
    playings: list[ClipPlayed] = field(default_factory=list)


def trial_table(events: Sequence[Event], plan: Sequence[PlannedTrial]) -> list[Trial]:
    """Derive the trials of one session from its events.

    A trial that was interrupted and offered again is one row; what was played before the interruption is not counted,
    ``offered`` says how often it began. A trial that is still open has no row, until the session is ended.

    Parameters
    ----------
    events : sequence of Event
        The whole log.
    plan : sequence of PlannedTrial
        The plan that the session followed.

    Returns
    -------
    list of Trial
        In the order of the session; empty if there is no event.

    Raises
    ------
    InputError
        If the log does not belong to the plan.
    """
    if not events:
        return []
    begun = _begun(events, plan)
    planned = {trial.trial: trial for trial in planned_for(plan, begun.participant)}
    times: dict[int, int] = {}
    offered: _Offered | None = None
    rows = []
    for event in events:
        match event:
            case TrialStarted(trial=number):
                times[number] = times.get(number, 0) + 1
                offered = _Offered(planned[number], times[number])
            case ClipPlayed() if offered is not None:
                offered.playings.append(event)
            case ResponseGiven() if offered is not None:
                rows.append(_row(begun, offered, response=event))
                offered = None
            case TrialSkipped(reason=reason) if offered is not None:
                rows.append(_row(begun, offered, reason=reason))
                offered = None
            case SessionEnded() if offered is not None:
                rows.append(_row(begun, offered, reason="the session was ended in this trial"))
            case SessionPaused() | SessionResumed():
                offered = None
    return rows


def answer_table(events: Sequence[Event]) -> list[Answer]:
    """Return the answers to the questions after the trials of one session."""
    begun = next((event for event in events if isinstance(event, SessionStarted)), None)
    if begun is None:
        return []
    return [
        Answer(
            participant=begun.participant,
            session=begun.session,
            question=event.question,
            answer=event.answer if isinstance(event.answer, str) else f"{event.answer:g}",
            simulated=begun.simulated,
        )
        for event in events
        if isinstance(event, QuestionAnswered)
    ]


def collect_trials(folder: str | Path, plan: Sequence[PlannedTrial]) -> list[Trial]:
    """Derive the trial table of all sessions of a study folder, finished or not.

    Parameters
    ----------
    folder : str or Path
        The study folder; the logs stand in ``sessions/<participant>/events.jsonl``.
    plan : sequence of PlannedTrial
        The plan that the sessions followed.

    Raises
    ------
    InputError
        If a log is damaged or does not belong to the plan, or two sessions have the same name.
    """
    return [row for events in _sessions(folder, plan) for row in trial_table(events, plan)]


def collect_answers(folder: str | Path, plan: Sequence[PlannedTrial]) -> list[Answer]:
    """Return the answers of all sessions of a study folder. Raises InputError like `collect_trials`."""
    return [row for events in _sessions(folder, plan) for row in answer_table(events)]


def write_answers(path: str | Path, answers: Sequence[Answer]) -> None:
    """Write ``answers.csv`` and its data dictionary ``answers.json``, atomically. Raises OutputError."""
    write_rows(path, answers, Answer)


def _sessions(folder: str | Path, plan: Sequence[PlannedTrial]) -> list[list[Event]]:
    slots = list(dict.fromkeys(trial.participant for trial in plan))
    paths = {slot: event_log_path(folder, plan, slot) for slot in slots}
    unknown = sorted(set(Path(folder).glob("sessions/*/events.jsonl")) - set(paths.values()))
    if unknown:
        raise InputError(f"{unknown[0]} belongs to no slot of the plan: name the plan that it followed")
    logs = [read_events(path) for path in paths.values() if path.exists()]
    names: set[str] = set()
    for begun in (_begun(events, plan) for events in logs if events):
        if begun.session in names:
            raise InputError(f"two sessions in {folder} are named '{begun.session}': one of them was copied")
        names.add(begun.session)
    return logs


def _begun(events: Sequence[Event], plan: Sequence[PlannedTrial]) -> SessionStarted:
    first = events[0]
    if not isinstance(first, SessionStarted):
        raise InputError(f"the event log begins with {first.type} and not with session_started: its start is missing")
    if first.plan_sha256 != plan_hash(planned_for(plan, first.participant)):
        raise InputError(f"the session '{first.session}' followed another plan: name the plan that it followed")
    return first


def _row(
    begun: SessionStarted, offered: _Offered, *, response: ResponseGiven | None = None, reason: str | None = None
) -> Trial:
    planned = offered.planned.model_dump(exclude={"design_sha256", "seed"})
    left = [playing for playing in offered.playings if playing.side == "left"]
    right = [playing for playing in offered.playings if playing.side == "right"]
    dropped = [playing.dropped_frames for playing in offered.playings if playing.dropped_frames is not None]
    offsets = [playing.av_offset_ms for playing in offered.playings if playing.av_offset_ms is not None]
    return Trial(
        **planned,
        session=begun.session,
        offered=offered.times,
        response=None if response is None else response.side,
        rt_s=None if response is None else response.rt_s,
        plays_left=len(left),
        plays_right=len(right),
        watched_left=max((playing.watched for playing in left), default=None),
        watched_right=max((playing.watched for playing in right), default=None),
        dropped_frames=sum(dropped) if dropped else None,
        av_offset_ms=max(offsets, key=abs, default=None),
        valid=response is not None,
        reason=reason,
        simulated=begun.simulated,
    )
