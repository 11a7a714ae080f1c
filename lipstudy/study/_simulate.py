"""Simulated viewers go through the real engine and leave real event logs."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lipstudy.execution import Progress, run_each
from lipstudy.records import Clip, PlannedTrial, Trial, hash_of
from lipstudy.study._asked import Question
from lipstudy.study._engine import Tell, run_session
from lipstudy.study._events import Side
from lipstudy.study._folder import write_tables
from lipstudy.study._locking import freeze_study
from lipstudy.study._log import EventLog
from lipstudy.study._plan import check_plan
from lipstudy.study._presenter import Playing, Presentation, Presenter, TrialAnswer
from lipstudy.study._screens import (
    AttentionScreen,
    BreakScreen,
    CheckScreen,
    ConsentScreen,
    FeedbackScreen,
    InstructionsScreen,
    QuestionScreen,
    ResumeScreen,
    ThanksScreen,
    TrialScreen,
)
from lipstudy.study._study import Study
from lipstudy.study._viewer import SimulatedViewer, SimulatedViewers

__all__ = ["SimulatedPresenter", "simulate_session", "simulate_study"]

_SESSIONS_AT_ONCE = 8
_READING_S = 5.0
_BETWEEN_TRIALS_S = 0.5
"""Times that make a log look like one of a session; nothing is measured by them."""


class SimulatedPresenter(Presenter):
    """A viewer without a screen: what it is shown takes the time that a person would need, by a clock of its own."""

    def __init__(self, viewer: SimulatedViewer) -> None:
        """Make the presenter of `viewer`."""
        self._viewer = viewer
        self.now_s = 0.0
        """Its clock."""

    def offer_to_go_on(self, screen: ResumeScreen) -> None:
        """Go on."""

    def ask_consent(self, screen: ConsentScreen) -> bool:
        """Agree."""
        self.now_s += _READING_S
        return True

    def check(self, screen: CheckScreen) -> str:
        """Hear and see well."""
        self.now_s += _READING_S
        return screen.expected

    def instruct(self, screen: InstructionsScreen) -> None:
        """Read."""
        self.now_s += _READING_S

    def present(self, screen: TrialScreen, clips: tuple[Clip, ...]) -> TrialAnswer:
        """Watch every clip to its end, as often as the viewer wants, and answer."""
        trial = screen.trial
        choice = self._viewer.choose(trial, screen.study)
        self.now_s += _BETWEEN_TRIALS_S
        playings: list[Playing] = []
        at_s = 0.0
        sides: tuple[Side, ...] = ("left", "right")
        for _ in range(choice.plays):
            round_s = 0.0
            for side, clip in zip(sides, clips, strict=False):
                start_s = at_s + (round_s if trial.presentation == "sequential" else 0.0)
                playings.append(Playing(side, start_s, ((0.0, clip.duration_s),)))
                follows = trial.presentation == "sequential"
                round_s = round_s + clip.duration_s if follows else max(round_s, clip.duration_s)
            at_s += round_s
        rt_s = at_s + choice.decision_s
        self.now_s += rt_s
        proof = Presentation(tuple(playings), rt_s=rt_s, rt_after_s=choice.decision_s)
        return TrialAnswer(proof, choice.response, choice.rating)

    def give_feedback(self, screen: FeedbackScreen) -> None:
        """Read."""
        self.now_s += _READING_S

    def rest(self, screen: BreakScreen) -> None:
        """Rest."""
        self.now_s += _READING_S

    def ask(self, screen: QuestionScreen | AttentionScreen) -> str | float:
        """Answer: rightly where there is a right answer, else with the first choice, 0, or who it is."""
        self.now_s += _READING_S
        question: Question = screen.question
        if isinstance(screen, AttentionScreen):
            return screen.question.correct
        answers: dict[str, str | float] = {"number": 0.0, "text": "simulated viewer"}
        return answers[question.kind] if question.kind in answers else question.choices[0]

    def thank(self, screen: ThanksScreen) -> None:
        """Leave."""


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
    """Run a simulated viewer through every slot of a plan, and write the tables.

    Sessions that are complete are kept, one that was interrupted goes on where it stopped. The answers do not depend on
    whether or where it was interrupted. With ``pairing: adaptive`` each session starts from nothing, as they run at
    the same time.

    Parameters
    ----------
    study, plan, clips
        The definition, the plan that was written from it, and the manifest.
    folder : str or Path
        Gets ``sessions/<participant>/events.jsonl`` and the tables ``trials.csv``, ``participants.csv`` and, with
        questions, ``answers.csv``, each with its data dictionary.
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
    by_name = {clip.clip_id: clip for clip in clips}
    logs = [EventLog.of(folder, study, plan, slot) for slot in slots]
    freeze_study(folder, study, plan)

    def run(log: EventLog) -> None:
        simulate_session(log, by_name, seed=seed, viewers=viewers)

    # Nearly all the time is waiting for the disk, and a disk takes the events of several sessions at once.
    with ThreadPoolExecutor(_SESSIONS_AT_ONCE) as threads:
        for done, _ in enumerate(run_each(run, logs, executor=threads), start=1):
            if progress is not None:
                progress(done, len(logs))
    return write_tables(folder, study, plan)


def simulate_session(
    log: EventLog,
    clips: Mapping[str, Clip],
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
    clips : mapping
        clip_id -> row of the manifest.
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
    participant = log.session.participant
    name = f"{participant}-simulated-{hash_of([viewers.model_dump(), seed])[:8]}"
    presenter = SimulatedPresenter(SimulatedViewer(viewers, participant, seed=seed))
    run_session(
        log,
        presenter,
        clips,
        session=name,
        simulated=True,
        clock=lambda: presenter.now_s,
        new_code=lambda: f"SIMULATED-{participant}",
        tell=tell,
    )
