"""From the event logs to the trial table: derived again each time, never edited."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    Side,
    TrialFailed,
    TrialStarted,
    WithdrawalCodeGiven,
)
from lipstudy.study._log import read_events
from lipstudy.study._session import plan_hash, planned_for, slot_of
from lipstudy.study._study import Study

__all__ = [
    "IN_SYNC_MS",
    "Answer",
    "answer_table",
    "collect_sessions",
    "collect_trials",
    "trial_table",
    "write_answers",
]


IN_SYNC_MS = 40.0
"""Sound and picture further apart than this mark the trial; ITU-R BT.1359 finds 45 ms of early sound detectable."""


class Answer(Row):
    """The answer to one question, after the trials or between them."""

    participant: str = Field(description="participant slot")
    session: str = Field(description="name of the session, unique in the study")
    question: str = Field(description="name of the question")
    answer: str = Field(description="the answer")
    right: bool | None = Field(default=None, description="whether an attention question was answered rightly")
    simulated: bool = Field(description="true if a simulated viewer answered, not a person")


@dataclass(slots=True)
class _Offered:
    """A trial as it was offered last."""

    planned: PlannedTrial
    times: int
    attempt: int
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
    planned = {trial.trial: trial for trial in planned_for(plan, begun.slot)}
    times: Counter[int] = Counter()
    failures: Counter[int] = Counter()
    offered: _Offered | None = None
    rows = []
    for event in events:
        match event:
            case TrialStarted(trial=number):
                times[number] += 1
                offered = _Offered(planned[number], times[number], failures[number] + 1)
            case ClipPlayed() if offered is not None:
                offered.playings.append(event)
            case ResponseGiven() if offered is not None:
                rows.append(_row(begun, offered, response=event))
                offered = None
            case TrialFailed(trial=number, reason=reason) if offered is not None:
                rows.append(_row(begun, offered, reason=reason))
                failures[number] += 1
                offered = None
            case SessionEnded() if offered is not None:
                rows.append(_row(begun, offered, reason="the session was ended in this trial"))
            case SessionPaused() | SessionResumed() | WithdrawalCodeGiven():
                offered = None
    return rows


def answer_table(events: Sequence[Event], study: Study) -> list[Answer]:
    """Return the answers to the questions of one session, attention questions included."""
    begun = next((event for event in events if isinstance(event, SessionStarted)), None)
    if begun is None:
        return []
    right = {question.name: question.correct for question in study.attention_questions}
    return [
        Answer(
            participant=begun.participant,
            session=begun.session,
            question=event.question,
            answer=event.answer if isinstance(event.answer, str) else f"{event.answer:g}",
            right=event.answer == right[event.question] if event.question in right else None,
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
    return [row for events in collect_sessions(folder, plan) for row in trial_table(events, plan)]


def write_answers(path: str | Path, answers: Sequence[Answer]) -> None:
    """Write ``answers.csv`` and its data dictionary ``answers.json``, atomically. Raises OutputError."""
    write_rows(path, answers, Answer)


def collect_sessions(folder: str | Path, plan: Sequence[PlannedTrial]) -> list[list[Event]]:
    """Return the events of every session of a study folder, in the order of the plan.

    Raises
    ------
    InputError
        If a log is damaged or does not belong to the plan, or two sessions have the same name.
    """
    slots = list(dict.fromkeys(trial.participant for trial in plan))
    found: list[tuple[int, str, Path]] = []
    for path in Path(folder).glob("sessions/*/events.jsonl"):
        participant = path.parent.name
        slot = slot_of(plan, participant)
        if slot not in slots:
            raise InputError(f"{path} belongs to no slot of the plan: name the plan that it followed")
        found.append((slots.index(slot), participant, path))
    logs = [events for *_, path in sorted(found) if (events := read_events(path))]
    names: set[str] = set()
    for begun in (_begun(events, plan) for events in logs):
        if begun.session in names:
            raise InputError(f"two sessions in {folder} are named '{begun.session}': one of them was copied")
        names.add(begun.session)
    return logs


def _begun(events: Sequence[Event], plan: Sequence[PlannedTrial]) -> SessionStarted:
    first = events[0]
    if not isinstance(first, SessionStarted):
        raise InputError(f"the event log begins with {first.type} and not with session_started: its start is missing")
    if first.plan_sha256 != plan_hash(planned_for(plan, first.slot)):
        raise InputError(f"the session '{first.session}' followed another plan: name the plan that it followed")
    return first


def _row(
    begun: SessionStarted, offered: _Offered, *, response: ResponseGiven | None = None, reason: str | None = None
) -> Trial:
    dropped = [playing.dropped_frames for playing in offered.playings if playing.dropped_frames is not None]
    offsets = [playing.av_offset_ms for playing in offered.playings if playing.av_offset_ms is not None]
    answered = ResponseGiven(sequence=1, time_s=0, trial=1, rt_s=0) if response is None else response
    return Trial(
        **offered.planned.model_dump(exclude={"participant", "seed"}),
        **_seen("left", offered.playings),
        **_seen("right", offered.playings),
        participant=begun.participant,
        slot=begun.slot,
        session=begun.session,
        offered=offered.times,
        attempt=offered.attempt,
        response=answered.response,
        rating=answered.rating,
        rt_s=None if response is None else response.rt_s,
        rt_after_s=answered.rt_after_s,
        dropped_frames=sum(dropped) if dropped else None,
        av_offset_ms=max(offsets, key=abs, default=None),
        in_sync=all(abs(offset) <= IN_SYNC_MS for offset in offsets) if offsets else None,
        focus_lost_s=answered.focus_lost_s,
        screen_hz=answered.screen_hz,
        valid=response is not None,
        reason=reason,
        simulated=begun.simulated,
    )


def _seen(side: Side, playings: Sequence[ClipPlayed]) -> dict[str, Any]:
    own = [playing for playing in playings if playing.side == side]
    shown = [playing.shown_frames for playing in own if playing.shown_frames is not None]
    frames = [playing.frames for playing in own if playing.frames is not None]
    ranges = [f"{start:g}-{end:g}" for playing in own for start, end in playing.ranges]
    return {
        f"plays_{side}": len(own),
        f"played_{side}": " ".join(ranges) or None,
        f"watched_{side}": max((playing.watched for playing in own), default=None),
        f"frames_{side}": sum(frames) if frames else None,
        f"shown_frames_{side}": sum(shown) if shown else None,
    }
