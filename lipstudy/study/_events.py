"""What happens in a session, as it is written to disk: one declared event after the other."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from lipstudy.records import Response
from lipstudy.study._asked import Check

__all__ = [
    "BreakTaken",
    "CheckAnswered",
    "ClipPlayed",
    "ConsentGiven",
    "Event",
    "FeedbackShown",
    "InstructionsShown",
    "QuestionAnswered",
    "ResponseGiven",
    "SessionEnded",
    "SessionPaused",
    "SessionResumed",
    "SessionStarted",
    "Side",
    "TrialFailed",
    "TrialStarted",
    "WithdrawalCodeGiven",
    "read_event",
]

Side = Literal["left", "right"]


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sequence: int = Field(description="number of the event in the session, from 1 without gaps", ge=1)
    time_s: float = Field(description="seconds since the session began, by the clock of the front end", ge=0)


class SessionStarted(_Event):
    """The first event of every session."""

    type: Literal["session_started"] = "session_started"
    participant: str = Field(description="participant: the slot, with -2, -3 if given out again", pattern=r"^[\w-]+$")
    slot: str = Field(description="the slot of the plan", pattern=r"^[\w-]+$")
    session: str = Field(description="name of the session, unique in the study", pattern=r"^[\w.+-]+$")
    plan_sha256: str = Field(description="hash of the slot's planned trials", pattern=r"^[0-9a-f]{64}$")
    simulated: bool = Field(description="true if a simulated viewer answers, not a person")
    started_at: str | None = Field(default=None, description="date and time of day, ISO 8601; empty if simulated")


class ConsentGiven(_Event):
    """The participant agreed."""

    type: Literal["consent_given"] = "consent_given"
    version: str = Field(description="version of the text agreed to")
    given_at: str | None = Field(default=None, description="date and time of day, ISO 8601; empty if simulated")


class CheckAnswered(_Event):
    """The sound or the vision was checked once."""

    type: Literal["check_answered"] = "check_answered"
    check: Check = Field(description="what was checked")
    expected: str = Field(description="the right answer: the number of tones, the letters")
    answer: str = Field(description="the answer")

    @property
    def passed(self) -> bool:
        """Whether the answer is right, small letters and spaces aside."""
        return "".join(self.answer.split()).upper() == self.expected


class InstructionsShown(_Event):
    """The participant read the instructions and went on."""

    type: Literal["instructions_shown"] = "instructions_shown"


class TrialStarted(_Event):
    """A trial is offered, from its beginning."""

    type: Literal["trial_started"] = "trial_started"
    trial: int = Field(description="number of the trial", ge=1)


class ClipPlayed(_Event):
    """One playing of one clip ended."""

    type: Literal["clip_played"] = "clip_played"
    trial: int = Field(description="number of the trial", ge=1)
    side: Side = Field(description="side of the clip; left if it is shown alone")
    play: int = Field(description="which playing of this clip in the trial as offered, from 1", ge=1)
    start_s: float = Field(default=0.0, description="its first frame, seconds after the first frame of the trial", ge=0)
    ranges: tuple[tuple[float, float], ...] = Field(
        default=(), description="what was seen: from and to, in clip seconds"
    )
    watched: float = Field(description="share of the clip that was seen in this playing", ge=0, le=1)
    frames: int | None = Field(default=None, description="frames that the clip has", ge=1)
    shown_frames: int | None = Field(default=None, description="frames that were shown; empty if not counted", ge=0)
    dropped_frames: int | None = Field(default=None, description="frames not shown in time; empty if not shown", ge=0)
    av_offset_ms: float | None = Field(default=None, description="sound after picture, ms; empty if not measured")


class ResponseGiven(_Event):
    """The participant chose a side, or rated a clip."""

    type: Literal["response_given"] = "response_given"
    trial: int = Field(description="number of the trial", ge=1)
    response: Response | None = Field(default=None, description="the side preferred, or no_preference")
    rating: float | None = Field(default=None, description="the rating of the one clip shown")
    rt_s: float = Field(description="response time from the first frame, seconds", ge=0)
    rt_after_s: float | None = Field(default=None, description="response time from the end of the last clip, seconds")
    focus_lost_s: float | None = Field(
        default=None, description="seconds in which another window had the focus; empty if not known", ge=0
    )
    screen_hz: float | None = Field(default=None, description="frames per second of the screen, measured", gt=0)


class TrialFailed(_Event):
    """A clip of the trial could not be shown; the trial is offered again later, as often as the study allows."""

    type: Literal["trial_failed"] = "trial_failed"
    trial: int = Field(description="number of the trial", ge=1)
    reason: str = Field(description="why", min_length=1)


class FeedbackShown(_Event):
    """The participant was told whether the answer to a practice trial was right."""

    type: Literal["feedback_shown"] = "feedback_shown"
    trial: int = Field(description="number of the trial", ge=1)


class BreakTaken(_Event):
    """The participant had a break between trials, and went on."""

    type: Literal["break_taken"] = "break_taken"


class QuestionAnswered(_Event):
    """An attention question between trials, or a question after them, was answered."""

    type: Literal["question_answered"] = "question_answered"
    question: str = Field(description="name of the question")
    answer: str | float = Field(description="the answer")


class WithdrawalCodeGiven(_Event):
    """The participant was given a code that deletes the session; only its hash is kept."""

    type: Literal["withdrawal_code_given"] = "withdrawal_code_given"
    code_sha256: str = Field(description="SHA-256 of the code", pattern=r"^[0-9a-f]{64}$")


class SessionPaused(_Event):
    """The session stops for a while; a trial that was begun will be offered again."""

    type: Literal["session_paused"] = "session_paused"


class SessionResumed(_Event):
    """The session goes on after a pause, or after the computer or the program stopped."""

    type: Literal["session_resumed"] = "session_resumed"


class SessionEnded(_Event):
    """The last event of a session."""

    type: Literal["session_ended"] = "session_ended"
    complete: bool = Field(description="whether the whole plan was gone through; false if the participant stopped")
    reason: str | None = Field(default=None, description="why it is not complete")


Event = (
    SessionStarted
    | ConsentGiven
    | CheckAnswered
    | InstructionsShown
    | TrialStarted
    | ClipPlayed
    | ResponseGiven
    | TrialFailed
    | FeedbackShown
    | BreakTaken
    | QuestionAnswered
    | WithdrawalCodeGiven
    | SessionPaused
    | SessionResumed
    | SessionEnded
)

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def read_event(line: str | bytes) -> Event:
    """Return the event that a line of JSON holds.

    Raises
    ------
    pydantic.ValidationError
        If it holds none.
    """
    return _ADAPTER.validate_json(line)
