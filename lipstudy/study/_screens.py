"""What a session shows next, with everything that a presenter needs to show it."""

from dataclasses import dataclass
from typing import Literal

from lipstudy.records import PlannedTrial
from lipstudy.study._asked import AttentionQuestion, Check, Consent, Question
from lipstudy.study._study import Study

__all__ = [
    "AttentionScreen",
    "BreakScreen",
    "CheckScreen",
    "ConsentScreen",
    "EndScreen",
    "FeedbackScreen",
    "InstructionsScreen",
    "PauseScreen",
    "QuestionScreen",
    "ResumeScreen",
    "Screen",
    "StartScreen",
    "ThanksScreen",
    "TrialScreen",
]


@dataclass(frozen=True, slots=True)
class StartScreen:
    """Nothing happened yet: the session waits for SessionStarted."""

    participant: str


@dataclass(frozen=True, slots=True)
class ConsentScreen:
    """Waits for ConsentGiven."""

    consent: Consent


@dataclass(frozen=True, slots=True)
class CheckScreen:
    """Waits for CheckAnswered. sound: play `expected` tones and ask how many; vision: show the letters `expected`."""

    check: Check
    expected: str
    """The right answer: a number from 2 to 5, or five capital letters."""
    attempt: int
    """From 1; another number or other letters each time."""
    attempts_in_all: int
    """After the last one the session goes on, and the failed check is recorded."""


@dataclass(frozen=True, slots=True)
class InstructionsScreen:
    """Waits for InstructionsShown."""

    text: str


@dataclass(frozen=True, slots=True)
class TrialScreen:
    """Waits for TrialStarted, then ClipPlayed for every clip, then ResponseGiven; or for TrialFailed."""

    trial: PlannedTrial
    number: int
    """Which trial this is for the participant, from 1; practice is counted by itself."""
    trials_in_all: int
    """Trials of the session, or of the practice."""
    started: bool
    """Whether TrialStarted came already."""
    study: Study
    """Says what may be answered: prompt, no_preference, rating, max_plays, answer_before_end."""


@dataclass(frozen=True, slots=True)
class FeedbackScreen:
    """Waits for FeedbackShown."""

    trial: PlannedTrial
    response: Literal["left", "right", "no_preference"] | None
    right: bool


@dataclass(frozen=True, slots=True)
class BreakScreen:
    """Waits for BreakTaken."""

    trials_done: int
    trials_in_all: int


@dataclass(frozen=True, slots=True)
class AttentionScreen:
    """Waits for QuestionAnswered."""

    question: AttentionQuestion


@dataclass(frozen=True, slots=True)
class QuestionScreen:
    """Waits for QuestionAnswered."""

    question: Question
    number: int
    """From 1."""
    questions_in_all: int


@dataclass(frozen=True, slots=True)
class PauseScreen:
    """Waits for SessionResumed."""


@dataclass(frozen=True, slots=True)
class ResumeScreen:
    """Shown before an interrupted session goes on."""

    participant: str
    trials_done: int
    trials_in_all: int


@dataclass(frozen=True, slots=True)
class ThanksScreen:
    """Everything was asked, or the participant stopped: waits for WithdrawalCodeGiven."""

    complete: bool
    code: str | None = None
    """The withdrawal code to show; None if consent was refused, as nothing is kept then."""


@dataclass(frozen=True, slots=True)
class EndScreen:
    """Waits for SessionEnded, or for nothing once that came."""

    ended: bool


Screen = (
    StartScreen
    | ConsentScreen
    | CheckScreen
    | InstructionsScreen
    | TrialScreen
    | FeedbackScreen
    | BreakScreen
    | AttentionScreen
    | QuestionScreen
    | PauseScreen
    | ThanksScreen
    | EndScreen
)
