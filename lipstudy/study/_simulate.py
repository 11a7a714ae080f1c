"""Simulated viewers go through the real session core and leave real event logs."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lipstudy.errors import InputError
from lipstudy.execution import Progress, run_each
from lipstudy.records import Clip, PlannedTrial, Trial, hash_of, write_trials
from lipstudy.study._events import (
    ClipPlayed,
    ConsentGiven,
    Event,
    InstructionsShown,
    QuestionAnswered,
    ResponseGiven,
    SessionEnded,
    SessionResumed,
    SessionStarted,
    TrialStarted,
)
from lipstudy.study._log import EventLog
from lipstudy.study._plan import check_plan
from lipstudy.study._session import (
    ConsentScreen,
    EndScreen,
    InstructionsScreen,
    PauseScreen,
    QuestionScreen,
    StartScreen,
    TrialScreen,
    plan_hash,
)
from lipstudy.study._study import Question, Study
from lipstudy.study._table import collect_answers, collect_trials, write_answers
from lipstudy.study._viewer import SimulatedViewer, SimulatedViewers

__all__ = ["simulate_session", "simulate_study"]

Tell = Callable[[Event], None]

_SESSIONS_AT_ONCE = 8
_READING_S = 5.0
_BETWEEN_TRIALS_S = 0.5
"""Times that make a log look like one of a session; nothing is measured by them."""


def simulate_study(
    study: Study,
    plan: Sequence[PlannedTrial],
    clips: Sequence[Clip],
    folder: str | Path,
    *,
    seed: int,
    viewers: SimulatedViewers | None = None,
    participants: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> list[Trial]:
    """Run a simulated viewer through every slot of a plan, and write the trial table.

    Sessions that are complete are kept, one that was interrupted goes on where it stopped. The answers do not depend on
    whether or where it was interrupted.

    Parameters
    ----------
    study, plan, clips
        The definition, the plan that was written from it, and the manifest.
    folder : str or Path
        Gets ``sessions/<participant>/events.jsonl``, ``trials.csv`` and ``trials.json``, and with questions
        ``answers.csv`` and ``answers.json``.
    seed : int >= 0
        The seed of the viewers.
    viewers : SimulatedViewers, optional
        How they choose.
    participants : sequence of str, optional
        The slots to run; all by default.
    progress : callable, optional
        Called with sessions done and sessions in all.

    Returns
    -------
    list of Trial
        All trials in the folder, each marked as simulated.

    Raises
    ------
    InputError
        If the study or its clips were changed after the plan was written, a slot is not in the plan, a session in the
        folder is that of a person, of other viewers, of another seed or plan, or is open in another process.
    OutputError
        If the folder cannot be written.
    """
    check_plan(plan, study, clips)
    slots = dict.fromkeys(participants or (trial.participant for trial in plan))
    durations_s = {clip.clip_id: clip.duration_s for clip in clips}
    logs = [EventLog.of(folder, study, plan, slot) for slot in slots]

    def run(log: EventLog) -> None:
        simulate_session(log, durations_s, seed=seed, viewers=viewers)

    # Nearly all the time is waiting for the disk, and a disk takes the events of several sessions at once.
    with ThreadPoolExecutor(_SESSIONS_AT_ONCE) as threads:
        for done, _ in enumerate(run_each(run, logs, executor=threads), start=1):
            if progress is not None:
                progress(done, len(logs))
    trials = collect_trials(folder, plan)
    if study.questions:
        write_answers(Path(folder) / "answers.csv", collect_answers(folder, plan))
    write_trials(Path(folder) / "trials.csv", trials)
    return trials


def simulate_session(
    log: EventLog,
    durations_s: Mapping[str, float],
    *,
    seed: int,
    viewers: SimulatedViewers | None = None,
    tell: Tell | None = None,
) -> None:
    """Run a simulated viewer through one session, from wherever its log stands to its end.

    Parameters
    ----------
    log : EventLog
        The log of the slot, not yet opened.
    durations_s : mapping
        clip_id -> duration in seconds.
    seed : int >= 0
        The seed of the viewers.
    viewers : SimulatedViewers, optional
        How they choose.
    tell : callable, optional
        Called with every event once it is on disk.

    Raises
    ------
    InputError
        If the session is that of a person, of other viewers or another seed, or is open in another process.
    OutputError
        If the log cannot be written.
    """
    viewers = viewers or SimulatedViewers()
    with log:
        name = f"{log.session.participant}-simulated-{hash_of([viewers.model_dump(), seed])[:8]}"
        _check_same_viewers(log, name)
        viewer = SimulatedViewer(viewers, log.session.participant, seed=seed)
        if log.events and not log.session.ended:
            _record(log, tell, SessionResumed(sequence=log.session.next_sequence, time_s=log.session.time_s))
        while not log.session.ended:
            for event in _events(log, name, viewer, durations_s):
                _record(log, tell, event)


def _record(log: EventLog, tell: Tell | None, event: Event) -> None:
    log.append(event)
    if tell is not None:
        tell(event)


def _check_same_viewers(log: EventLog, name: str) -> None:
    begun = log.session.started
    if begun is None or begun.session == name:
        return
    if not begun.simulated:
        raise InputError(
            f"the session '{begun.session}' of {begun.participant} is that of a person: simulate into another folder"
        )
    raise InputError(
        f"the session '{begun.session}' of {begun.participant} was simulated with another seed or other viewers:"
        " use the same ones to go on, or another folder"
    )


def _events(log: EventLog, name: str, viewer: SimulatedViewer, durations_s: Mapping[str, float]) -> list[Event]:
    """Return what the viewer does at the screen that comes next."""
    session = log.session
    number, now_s = session.next_sequence, session.time_s
    read_s = round(now_s + _READING_S, 3)
    match session.next:
        case StartScreen(participant=participant):
            plan_sha256 = plan_hash(session.trials)
            begun = SessionStarted(
                sequence=number,
                time_s=0,
                participant=participant,
                session=name,
                plan_sha256=plan_sha256,
                simulated=True,
            )
            return [begun]
        case ConsentScreen(consent=consent):
            return [ConsentGiven(sequence=number, time_s=read_s, version=consent.version)]
        case InstructionsScreen():
            return [InstructionsShown(sequence=number, time_s=read_s)]
        case TrialScreen(trial=trial):
            return _trial_events(number, round(now_s + _BETWEEN_TRIALS_S, 3), trial, viewer, durations_s)
        case QuestionScreen(question=question):
            answer = _answer(question)
            return [QuestionAnswered(sequence=number, time_s=read_s, question=question.name, answer=answer)]
        case PauseScreen():
            return [SessionResumed(sequence=number, time_s=now_s)]
        case EndScreen():
            return [SessionEnded(sequence=number, time_s=now_s, complete=True)]


def _trial_events(
    number: int, start_s: float, trial: PlannedTrial, viewer: SimulatedViewer, durations_s: Mapping[str, float]
) -> list[Event]:
    choice = viewer.choose(trial, durations_s)
    events: list[Event] = [TrialStarted(sequence=number, time_s=start_s, trial=trial.trial)]
    for play in range(1, choice.plays + 1):
        end_s = round(start_s + play * choice.play_s, 3)
        for side in ("left", "right"):
            number += 1
            events.append(ClipPlayed(sequence=number, time_s=end_s, trial=trial.trial, side=side, play=play, watched=1))
    end_s = max(end_s, round(start_s + choice.rt_s, 3))
    events.append(
        ResponseGiven(sequence=number + 1, time_s=end_s, trial=trial.trial, side=choice.side, rt_s=choice.rt_s)
    )
    return events


def _answer(question: Question) -> str | float:
    match question.kind:
        case "choice":
            return question.choices[0]
        case "number":
            return 0.0
        case "text":
            return "simulated viewer"
