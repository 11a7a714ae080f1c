"""One participant's way through the plan: a state machine that is fed events and says what comes next."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from lipstudy.errors import InputError, nearest_name
from lipstudy.randomness import named_stream
from lipstudy.records import PlannedTrial, hash_of
from lipstudy.study._asked import Check, Question
from lipstudy.study._chance import draw_below
from lipstudy.study._events import (
    BreakTaken,
    CheckAnswered,
    ClipPlayed,
    ConsentGiven,
    Event,
    FeedbackShown,
    InstructionsShown,
    QuestionAnswered,
    ResponseGiven,
    SessionEnded,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    TrialFailed,
    TrialStarted,
    WithdrawalCodeGiven,
)
from lipstudy.study._screens import (
    AttentionScreen,
    BreakScreen,
    CheckScreen,
    ConsentScreen,
    EndScreen,
    FeedbackScreen,
    InstructionsScreen,
    PauseScreen,
    QuestionScreen,
    Screen,
    StartScreen,
    ThanksScreen,
    TrialScreen,
)
from lipstudy.study._study import Study

__all__ = ["IllegalEventError", "Session", "plan_hash", "planned_for", "slot_of"]

_CHECK_ATTEMPTS = 3
_LETTERS = "CDHKNORSVZ"  # Sloan's, all about equally hard to read
_SEEN = 0.99
"""Share of a clip from which it counts as seen to its end; times of playings are rounded to the millisecond."""


class IllegalEventError(ValueError):
    """An event that cannot happen in the session's state."""


@dataclass(frozen=True, slots=True)
class Session:
    """Where a participant stands in the plan.

    It holds no clock, display, file or network. The engine asks `next` what to show, writes what happened to the event
    log, and goes on with what `apply` returns. Applying the events of a log gives the state in which it was left.
    """

    study: Study
    trials: tuple[PlannedTrial, ...]
    """The planned trials of the slot, in order; with pairing: adaptive, all that may be offered."""
    participant: str
    """The slot, with -2, -3 if it was given out again."""
    waiting: tuple[int, ...]
    """Numbers of the trials that may still be offered, the next one first."""
    num_events: int = 0
    time_s: float = 0.0
    """Time of the last event."""
    started: SessionStarted | None = None
    consented: bool = False
    num_checked: int = 0
    """Checks that were passed or given up."""
    check_attempts: int = 0
    """Failed attempts at the check in progress."""
    instructed: bool = False
    num_practised: int = 0
    """Practice trials that are over."""
    num_decided: int = 0
    """Trials that are over, practice aside; they are never offered again."""
    failures: tuple[int, ...] = ()
    """Number of the trial of every playing that failed."""
    answers: tuple[ResponseGiven, ...] = ()
    """The answers so far."""
    plays: tuple[int, ...] | None = None
    """Times that each clip of the trial in progress was played; None if no trial is in progress."""
    seen: tuple[float, ...] = ()
    """Largest share of each of them seen in one playing."""
    feedback: ResponseGiven | None = None
    """The answer to a practice trial that waits for feedback."""
    num_breaks: int = 0
    num_attention: int = 0
    """Attention questions answered."""
    num_answered: int = 0
    """Questions answered."""
    coded: bool = False
    """Whether a withdrawal code was given since the session was begun or resumed."""
    paused: bool = False
    ended: bool = False

    @classmethod
    def begin(cls, study: Study, plan: Sequence[PlannedTrial], participant: str) -> Self:
        """Return the state before the first event of `participant`: a slot, or a slot with -2, -3.

        Raises
        ------
        InputError
            If the plan has no such slot.
        """
        trials = planned_for(plan, slot_of(plan, participant))
        return cls(study, trials, participant, tuple(trial.trial for trial in trials))

    @property
    def slot(self) -> str:
        """The slot of the plan."""
        return self.trials[0].participant

    @property
    def next_sequence(self) -> int:
        """The number of the next event."""
        return self.num_events + 1

    @property
    def num_practice(self) -> int:
        """Practice trials of the session."""
        return sum(trial.kind == "practice" for trial in self.trials)

    @property
    def num_trials(self) -> int:
        """Trials of the session, practice aside."""
        return self.study.trials_per_participant or len(self.trials) - self.num_practice

    @property
    def next(self) -> Screen:
        """What to show."""
        study = self.study
        if self.started is None:
            return StartScreen(self.participant)
        if self.ended:
            return EndScreen(ended=True)
        if self.paused:
            return PauseScreen()
        if study.consent is not None and not self.consented:
            return ConsentScreen(study.consent)
        if self.num_checked < len(study.checks):
            check, attempt = study.checks[self.num_checked], self.check_attempts + 1
            return CheckScreen(check, self._expected(check, attempt), attempt, _CHECK_ATTEMPTS)
        if study.instructions is not None and not self.instructed:
            return InstructionsScreen(study.instructions)
        if self.feedback is not None:
            trial = self.planned(self.feedback.trial)
            return FeedbackScreen(trial, self.feedback.response, self.feedback.response == trial.correct)
        if self.num_practised < self.num_practice:
            return self._trial(self.num_practised, self.num_practice)
        if self.num_decided < self.num_trials:
            return self._between() or self._trial(self.num_decided, self.num_trials)
        if self.num_answered < len(study.questions):
            return QuestionScreen(study.questions[self.num_answered], self.num_answered + 1, len(study.questions))
        return EndScreen(ended=False) if self.coded else ThanksScreen(complete=True)

    def planned(self, number: int) -> PlannedTrial:
        """Return the planned trial of that number."""
        return next(trial for trial in self.trials if trial.trial == number)

    def offering(self, number: int) -> Self:
        """Return the state in which trial `number` is offered next, which `pairing: adaptive` allows."""
        return replace(self, waiting=(number, *(other for other in self.waiting if other != number)))

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

    def _trial(self, done: int, in_all: int) -> TrialScreen:
        trial = self.planned(self.waiting[0])
        return TrialScreen(trial, done + 1, in_all, self.plays is not None, self.study)

    def _between(self) -> AttentionScreen | BreakScreen | None:
        """Return what comes between two trials, if anything is due."""
        if self.plays is not None:
            return None
        done, in_all, study = self.num_decided, self.num_trials, self.study
        asked = len(study.attention_questions)
        # The questions part the trials into stretches of about the same length.
        if self.num_attention < asked and done * (asked + 1) >= (self.num_attention + 1) * in_all:
            return AttentionScreen(study.attention_questions[self.num_attention])
        if study.break_every_trials is not None and done // study.break_every_trials > self.num_breaks:
            return BreakScreen(done, in_all)
        return None

    def _expected(self, check: Check, attempt: int) -> str:
        rng = named_stream(self.trials[0].seed, "check", self.participant, check, attempt)
        if check == "sound":
            return str(2 + draw_below(4, rng))
        return "".join(_LETTERS[draw_below(len(_LETTERS), rng)] for _ in range(5))

    def _after(self, event: Event) -> Self:
        screen = self.next
        match event, screen:
            case SessionStarted(), StartScreen():
                return self._begun(event)
            case SessionResumed(), _ if self.started is not None:
                return replace(self, paused=False, plays=None, coded=False)
            case SessionEnded(complete=complete), _ if self.started is not None:
                if complete and not isinstance(screen, EndScreen):
                    raise IllegalEventError("the session cannot be complete: trials or questions are open")
                return replace(self, ended=True)
            case SessionPaused(), _ if self.started is not None and not self.paused:
                return replace(self, paused=True, plays=None)
            case WithdrawalCodeGiven(), _ if self.started is not None:
                return replace(self, coded=True, plays=None)
            case ConsentGiven(version=version), ConsentScreen(consent=consent):
                if version != consent.version:
                    raise IllegalEventError(f"version {version} was agreed to, but {consent.version} was shown")
                return replace(self, consented=True)
            case CheckAnswered(), CheckScreen():
                return self._checked(event, screen)
            case InstructionsShown(), InstructionsScreen():
                return replace(self, instructed=True)
            case TrialStarted(), TrialScreen(started=False):
                return self._offered(event, screen)
            case ClipPlayed(trial=number), TrialScreen(trial=trial, started=True) if number == trial.trial:
                return self._played(event)
            case ResponseGiven(trial=number), TrialScreen(trial=trial, started=True) if number == trial.trial:
                return self._decided(event, trial)
            case TrialFailed(trial=number), TrialScreen(trial=trial, started=True) if number == trial.trial:
                return self._failed(trial)
            case FeedbackShown(trial=number), FeedbackScreen(trial=trial) if number == trial.trial:
                return replace(self, feedback=None)
            case BreakTaken(), BreakScreen():
                return replace(self, num_breaks=self.num_breaks + 1)
            case QuestionAnswered(question=name), AttentionScreen(question=question) if name == question.name:
                _check_answer(event, question)
                return replace(self, num_attention=self.num_attention + 1)
            case QuestionAnswered(question=name), QuestionScreen(question=question) if name == question.name:
                _check_answer(event, question)
                return replace(self, num_answered=self.num_answered + 1)
        place = ""
        if isinstance(event, TrialStarted | ClipPlayed | ResponseGiven | TrialFailed):
            place = f" of trial {event.trial}"
        raise IllegalEventError(f"{event.type}{place} cannot come at {type(screen).__name__}")

    def _begun(self, event: SessionStarted) -> Self:
        if event.participant != self.participant:
            raise IllegalEventError(f"the session is that of {event.participant}, not of {self.participant}")
        if event.slot != self.slot or event.plan_sha256 != plan_hash(self.trials):
            raise IllegalEventError("the session was begun with another plan: use that one, or another folder")
        return replace(self, started=event)

    def _checked(self, event: CheckAnswered, screen: CheckScreen) -> Self:
        if (event.check, event.expected) != (screen.check, screen.expected):
            raise IllegalEventError(f"the check of {event.check} with '{event.expected}' was not the one shown")
        if event.passed or screen.attempt == _CHECK_ATTEMPTS:
            return replace(self, num_checked=self.num_checked + 1, check_attempts=0)
        return replace(self, check_attempts=screen.attempt)

    def _offered(self, event: TrialStarted, screen: TrialScreen) -> Self:
        state = self
        if event.trial != screen.trial.trial:
            may_choose = self.study.pairing == "adaptive" and event.trial in self.waiting
            if not may_choose or self.planned(event.trial).block != screen.trial.block:
                raise IllegalEventError(f"trial_started of trial {event.trial} cannot come before {screen.trial.trial}")
            state = self.offering(event.trial)
        shown = len(state.planned(event.trial).clips)
        return replace(state, plays=(0,) * shown, seen=(0.0,) * shown)

    def _played(self, event: ClipPlayed) -> Self:
        place = int(event.side == "right")
        plays = list(self.plays or ())
        seen = list(self.seen)
        if place >= len(plays) or event.play != plays[place] + 1:
            raise IllegalEventError(
                f"playing {event.play} of the clip on the {event.side} of trial {event.trial} is out of turn"
            )
        if event.play > self.study.max_plays:
            raise IllegalEventError(
                f"the clip on the {event.side} of trial {event.trial} was played {event.play} times, the study allows"
                f" {self.study.max_plays}"
            )
        plays[place] = event.play
        seen[place] = max(seen[place], event.watched)
        return replace(self, plays=tuple(plays), seen=tuple(seen))

    def _decided(self, event: ResponseGiven, trial: PlannedTrial) -> Self:
        if not all(self.plays or ()):
            raise IllegalEventError(f"trial {event.trial} is answered before every clip was played")
        if min(self.seen) < _SEEN and not self.study.answer_before_end:
            raise IllegalEventError(f"trial {event.trial} is answered before every clip was seen to its end")
        self._check_response(event, trial)
        waits = event if trial.kind == "practice" and trial.correct is not None else None
        return replace(self._over(trial), answers=(*self.answers, event), feedback=waits)

    def _check_response(self, event: ResponseGiven, trial: PlannedTrial) -> None:
        scale = self.study.rating
        if scale is not None:
            if event.response is not None or event.rating is None or not scale.holds(event.rating):
                raise IllegalEventError(
                    f"trial {event.trial} needs a whole rating from {scale.lowest} to {scale.highest}"
                )
        elif event.rating is not None or event.response is None:
            raise IllegalEventError(f"trial {event.trial} needs a response and no rating")
        elif event.response == "no_preference" and not self.study.no_preference:
            raise IllegalEventError(f"the study does not allow 'no preference', the answer to trial {event.trial}")

    def _failed(self, trial: PlannedTrial) -> Self:
        if self.failures.count(trial.trial) >= self.study.clip_retries:
            state = self._over(trial)
        else:
            # To the end of its block: later, but under the same conditions.
            rest = [number for number in self.waiting if number != trial.trial]
            place = sum(self.planned(number).block == trial.block for number in rest)
            state = replace(self, waiting=(*rest[:place], trial.trial, *rest[place:]), plays=None)
        return replace(state, failures=(*self.failures, trial.trial))

    def _over(self, trial: PlannedTrial) -> Self:
        waiting = tuple(number for number in self.waiting if number != trial.trial)
        if trial.kind == "practice":
            return replace(self, waiting=waiting, plays=None, num_practised=self.num_practised + 1)
        return replace(self, waiting=waiting, plays=None, num_decided=self.num_decided + 1)


def _check_answer(event: QuestionAnswered, question: Question) -> None:
    if question.kind == "choice" and event.answer not in question.choices:
        raise IllegalEventError(f"'{event.answer}' is not among the choices of the question '{question.name}'")
    if isinstance(event.answer, float) != (question.kind == "number"):
        raise IllegalEventError(f"the answer to the question '{question.name}' is not a {question.kind}")


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


def slot_of(plan: Iterable[PlannedTrial], participant: str) -> str:
    """Return the slot of a participant: P07 for P07, and for P07-2 who got it when it was given out again."""
    slot, _, again = participant.rpartition("-")
    slots = {trial.participant for trial in plan}
    is_again = participant not in slots and slot in slots and re.fullmatch(r"[2-9]|[1-9][0-9]+", again)
    return slot if is_again else participant


def plan_hash(trials: Sequence[PlannedTrial]) -> str:
    """Return the SHA-256 of a slot's planned trials."""
    return hash_of([trial.model_dump(mode="json") for trial in trials])
