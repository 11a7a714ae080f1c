"""What happens in a session, as it is written to disk: one declared event after the other."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

__all__ = [
    "ClipPlayed",
    "ConsentGiven",
    "Event",
    "InstructionsShown",
    "QuestionAnswered",
    "ResponseGiven",
    "SessionEnded",
    "SessionPaused",
    "SessionResumed",
    "SessionStarted",
    "Side",
    "TrialSkipped",
    "TrialStarted",
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
    participant: str = Field(description="participant slot", pattern=r"^[\w-]+$")
    session: str = Field(description="name of the session, unique in the study", pattern=r"^[\w.+-]+$")
    plan_sha256: str = Field(description="hash of the slot's planned trials", pattern=r"^[0-9a-f]{64}$")
    simulated: bool = Field(description="true if a simulated viewer answers, not a person")
    started_at: str | None = Field(default=None, description="date and time of day, ISO 8601; empty if simulated")


class ConsentGiven(_Event):
    """The participant agreed."""

    type: Literal["consent_given"] = "consent_given"
    version: str = Field(description="version of the text agreed to")


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
    side: Side = Field(description="side of the clip")
    play: int = Field(description="which playing of this clip in the trial as offered, from 1", ge=1)
    watched: float = Field(description="share of the clip that was seen in this playing", ge=0, le=1)
    dropped_frames: int | None = Field(default=None, description="frames not shown in time; empty if not shown", ge=0)
    av_offset_ms: float | None = Field(default=None, description="sound after picture, ms; empty if not measured")


class ResponseGiven(_Event):
    """The participant chose a side."""

    type: Literal["response_given"] = "response_given"
    trial: int = Field(description="number of the trial", ge=1)
    side: Side = Field(description="the side preferred")
    rt_s: float = Field(description="response time from the first frame, seconds", ge=0)


class TrialSkipped(_Event):
    """The trial could not be answered; it is not offered again."""

    type: Literal["trial_skipped"] = "trial_skipped"
    trial: int = Field(description="number of the trial", ge=1)
    reason: str = Field(description="why", min_length=1)


class QuestionAnswered(_Event):
    """One question after the trials was answered."""

    type: Literal["question_answered"] = "question_answered"
    question: str = Field(description="name of the question")
    answer: str | float = Field(description="the answer")


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


Event = (
    SessionStarted
    | ConsentGiven
    | InstructionsShown
    | TrialStarted
    | ClipPlayed
    | ResponseGiven
    | TrialSkipped
    | QuestionAnswered
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
