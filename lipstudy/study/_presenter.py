"""What a front end is: it shows a screen, returns the answer, and proves what was on the screen."""

from dataclasses import dataclass
from typing import Protocol

from lipstudy.records import Clip, Response
from lipstudy.study._events import Side
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

__all__ = ["ClipFailedError", "PauseAsked", "Playing", "Presentation", "Presenter", "StopAsked", "TrialAnswer"]


class ClipFailedError(Exception):
    """A clip could not be shown; the message says why. The trial is offered again later in the session."""


class PauseAsked(Exception):  # noqa: N818 - a wish, not an error
    """The participant or the assistant wants to pause; the session can go on later."""


class StopAsked(Exception):  # noqa: N818 - a wish, not an error
    """The participant wants to stop for good; what was answered is kept."""


@dataclass(frozen=True, slots=True)
class Playing:
    """One playing of one clip, as it was on the screen. Times in seconds."""

    side: Side
    """left also for the first of two that follow each other, and for a clip that is shown alone."""
    start_s: float
    """Its first frame, after the first frame of the trial."""
    ranges: tuple[tuple[float, float], ...]
    """What was seen: from and to, in seconds of the clip; one range for a clip played through."""
    shown_frames: int | None = None
    """Frames that were on the screen; None if they were not counted."""
    dropped_frames: int | None = None
    """Frames that were not on the screen in time."""
    av_offset_ms: float | None = None
    """Sound after picture, ms; None if it was not measured, or if this playing had no sound of its own."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """Proof of what was presented in a trial."""

    playings: tuple[Playing, ...]
    """In the order in which they began."""
    rt_s: float
    """From the first frame of the trial to the answer."""
    rt_after_s: float | None
    """From the end of the last clip to the answer; below 0 if it came before, None if not known."""
    focus_lost_s: float | None = None
    """Seconds in which another window had the focus; None if not known."""
    screen_hz: float | None = None
    """Frames per second of the screen, measured."""


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """The answer to a trial, and its proof."""

    presentation: Presentation
    response: Response | None = None
    """For a comparison: the side, or no_preference."""
    rating: float | None = None
    """For a single clip: the rating, a whole number on the study's scale."""


class Presenter(Protocol):
    """Shows screens and returns answers; it keeps no order, no record and no state of the session.

    Every method may raise PauseAsked or StopAsked, and `present` ClipFailedError. Any other error ends the program;
    the session then goes on where it stopped.
    """

    def offer_to_go_on(self, screen: ResumeScreen) -> None:
        """Say that an interrupted session goes on, and wait; PauseAsked leaves it as it is."""

    def ask_consent(self, screen: ConsentScreen) -> bool:
        """Return whether the participant agrees."""

    def check(self, screen: CheckScreen) -> str:
        """Play the tones or show the letters; return what the participant counted or read."""

    def instruct(self, screen: InstructionsScreen) -> None:
        """Show the instructions until the participant goes on."""

    def present(self, screen: TrialScreen, clips: tuple[Clip, ...]) -> TrialAnswer:
        """Show the clips of a trial (left and right, or one) and return the answer."""

    def give_feedback(self, screen: FeedbackScreen) -> None:
        """Tell whether the answer to a practice trial was right."""

    def rest(self, screen: BreakScreen) -> None:
        """Offer a break until the participant goes on."""

    def ask(self, screen: QuestionScreen | AttentionScreen) -> str | float:
        """Return the answer: one of the choices, a text, or a float for a number."""

    def thank(self, screen: ThanksScreen) -> None:
        """Thank, and show the withdrawal code until the participant has noted it."""
