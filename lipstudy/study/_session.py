"""One participant's way through the plan: a state machine that is fed events and says what comes next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from lipstudy.errors import InputError, nearest_name
from lipstudy.records import PlannedTrial, hash_of
from lipstudy.study._events import (
    ClipPlayed,
    ConsentGiven,
    Event,
    InstructionsShown,
    QuestionAnswered,
    ResponseGiven,
    SessionEnded,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    TrialSkipped,
    TrialStarted,
)
from lipstudy.study._study import Consent, Question, Study

__all__ = [
    "ConsentScreen",
    "EndScreen",
    "IllegalEventError",
    "InstructionsScreen",
    "PauseScreen",
    "QuestionScreen",
    "Screen",
    "Session",
    "StartScreen",
    "TrialScreen",
    "plan_hash",
    "planned_for",
]


class IllegalEventError(ValueError):
    """An event that cannot happen in the session's state."""


@dataclass(frozen=True, slots=True)
class StartScreen:
    """Nothing happened yet: the session waits for SessionStarted."""

    participant: str


@dataclass(frozen=True, slots=True)
class ConsentScreen:
    """Waits for ConsentGiven."""

    consent: Consent


@dataclass(frozen=True, slots=True)
class InstructionsScreen:
    """Waits for InstructionsShown."""

    text: str


@dataclass(frozen=True, slots=True)
class TrialScreen:
    """Waits for TrialStarted, then ClipPlayed on both sides, then ResponseGiven; or for TrialSkipped."""

    trial: PlannedTrial
    trials_in_all: int
    started: bool
    """Whether TrialStarted came already."""


@dataclass(frozen=True, slots=True)
class QuestionScreen:
    """Waits for QuestionAnswered."""

    question: Question


@dataclass(frozen=True, slots=True)
class PauseScreen:
    """Waits for SessionResumed."""


@dataclass(frozen=True, slots=True)
class EndScreen:
    """Everything was asked: waits for SessionEnded, or for nothing once that came."""

    ended: bool


Screen = StartScreen | ConsentScreen | InstructionsScreen | TrialScreen | QuestionScreen | PauseScreen | EndScreen


@dataclass(frozen=True, slots=True)
class Session:
    """Where a participant stands in the plan.

    It holds no clock, display, file or network. A front end asks `next` what to show, writes what happened to the event
    log, and goes on with what `apply` returns. Applying the events of a log gives the state in which it was left.
    """

    study: Study
    trials: tuple[PlannedTrial, ...]
    """The planned trials of this slot, in order."""
    num_events: int = 0
    time_s: float = 0.0
    """Time of the last event."""
    started: SessionStarted | None = None
    consented: bool = False
    instructed: bool = False
    num_decided: int = 0
    """Trials answered or skipped; they are never offered again."""
    plays: tuple[int, int] | None = None
    """Times the left and right clip of the trial in progress were played; None if no trial is in progress."""
    num_answered: int = 0
    """Questions answered."""
    paused: bool = False
    ended: bool = False

    @classmethod
    def begin(cls, study: Study, plan: Sequence[PlannedTrial], participant: str) -> Self:
        """Return the state before the first event of the slot `participant`.

        Raises
        ------
        InputError
            If the plan has no such slot.
        """
        return cls(study, planned_for(plan, participant))

    @property
    def participant(self) -> str:
        """The participant slot."""
        return self.trials[0].participant

    @property
    def next_sequence(self) -> int:
        """The number of the next event."""
        return self.num_events + 1

    @property
    def next(self) -> Screen:
        """What to show."""
        if self.started is None:
            return StartScreen(self.participant)
        if self.ended:
            return EndScreen(ended=True)
        if self.paused:
            return PauseScreen()
        if self.study.consent is not None and not self.consented:
            return ConsentScreen(self.study.consent)
        if self.study.instructions is not None and not self.instructed:
            return InstructionsScreen(self.study.instructions)
        if self.num_decided < len(self.trials):
            return TrialScreen(self.trials[self.num_decided], len(self.trials), self.plays is not None)
        if self.num_answered < len(self.study.questions):
            return QuestionScreen(self.study.questions[self.num_answered])
        return EndScreen(ended=False)

    def apply(self, event: Event) -> Self:
        """Return the state after `event`.

        Raises
        ------
        IllegalEventError
            If the event cannot happen now: a number left out, a time that goes back, an answer that nobody waits for.
        """
        if event.sequence != self.next_sequence:
            raise IllegalEventError(f"event {event.sequence} follows event {self.num_events}")
        if event.time_s < self.time_s:
            raise IllegalEventError(f"the time goes back from {self.time_s:g} s to {event.time_s:g} s")
        if self.ended:
            raise IllegalEventError(f"{event.type} comes after the end of the session")
        return replace(self._after(event), num_events=event.sequence, time_s=event.time_s)

    def _after(self, event: Event) -> Self:
        screen = self.next
        match event, screen:
            case SessionStarted(), StartScreen():
                return self._begun(event)
            case SessionResumed(), _ if self.started is not None:
                return replace(self, paused=False, plays=None)
            case SessionEnded(complete=complete), _ if self.started is not None:
                if complete and not isinstance(screen, EndScreen):
                    raise IllegalEventError("the session cannot be complete: trials or questions are open")
                return replace(self, ended=True)
            case SessionPaused(), _ if self.started is not None and not self.paused:
                return replace(self, paused=True, plays=None)
            case ConsentGiven(version=version), ConsentScreen(consent=consent):
                if version != consent.version:
                    raise IllegalEventError(f"version {version} was agreed to, but {consent.version} was shown")
                return replace(self, consented=True)
            case InstructionsShown(), InstructionsScreen():
                return replace(self, instructed=True)
            case TrialStarted(trial=number), TrialScreen(trial=trial, started=False) if number == trial.trial:
                return replace(self, plays=(0, 0))
            case ClipPlayed(trial=number), TrialScreen(trial=trial, started=True) if number == trial.trial:
                return self._played(event)
            case ResponseGiven(trial=number), TrialScreen(trial=trial, started=True) if number == trial.trial:
                if self.plays is None or not all(self.plays):
                    raise IllegalEventError(f"trial {number} is answered before both clips were played")
                return replace(self, num_decided=self.num_decided + 1, plays=None)
            case TrialSkipped(trial=number), TrialScreen(trial=trial, started=True) if number == trial.trial:
                return replace(self, num_decided=self.num_decided + 1, plays=None)
            case QuestionAnswered(question=name), QuestionScreen(question=question) if name == question.name:
                return self._answered(event, question)
        place = f" of trial {event.trial}" if isinstance(event, TrialStarted | ClipPlayed | ResponseGiven) else ""
        raise IllegalEventError(f"{event.type}{place} cannot come at {_told(screen)}")

    def _begun(self, event: SessionStarted) -> Self:
        if event.participant != self.participant:
            raise IllegalEventError(f"the session is that of {event.participant}, not of {self.participant}")
        if event.plan_sha256 != plan_hash(self.trials):
            raise IllegalEventError("the session was begun with another plan: use that one, or another folder")
        return replace(self, started=event)

    def _played(self, event: ClipPlayed) -> Self:
        left, right = self.plays or (0, 0)
        plays = (left + 1, right) if event.side == "left" else (left, right + 1)
        if event.play != plays[event.side == "right"]:
            raise IllegalEventError(
                f"playing {event.play} of the clip on the {event.side} of trial {event.trial} is out of turn"
            )
        return replace(self, plays=plays)

    def _answered(self, event: QuestionAnswered, question: Question) -> Self:
        if question.kind == "choice" and event.answer not in question.choices:
            raise IllegalEventError(f"'{event.answer}' is not among the choices of the question '{question.name}'")
        if isinstance(event.answer, float) != (question.kind == "number"):
            raise IllegalEventError(f"the answer to the question '{question.name}' is not a {question.kind}")
        return replace(self, num_answered=self.num_answered + 1)


def planned_for(plan: Iterable[PlannedTrial], participant: str) -> tuple[PlannedTrial, ...]:
    """Return the trials of one slot, in order.

    Raises
    ------
    InputError
        If the plan has no such slot.
    """
    plan = list(plan)
    trials = sorted((trial for trial in plan if trial.participant == participant), key=lambda trial: trial.trial)
    if not trials:
        slots = list(dict.fromkeys(trial.participant for trial in plan))
        near = nearest_name(participant, slots)
        raise InputError(f"the plan has no participant '{participant}'{near}: its slots are {slots[0]} to {slots[-1]}")
    return tuple(trials)


def plan_hash(trials: Sequence[PlannedTrial]) -> str:
    """Return the SHA-256 of a slot's planned trials."""
    return hash_of([trial.model_dump(mode="json") for trial in trials])


def _told(screen: Screen) -> str:
    return type(screen).__name__
