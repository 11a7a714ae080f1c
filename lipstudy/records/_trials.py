"""The trial table: trials.csv, one row a trial, with everything that a model may need."""

from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field

from lipstudy.errors import InputError
from lipstudy.records._plan import Layout
from lipstudy.records._table import Row, read_numbered_rows, write_rows

__all__ = ["Response", "Trial", "read_trials", "write_trials"]

Response = Literal["left", "right", "no_preference"]


class Trial(Row):
    """One trial that was offered to a participant, answered or not."""

    # A lab adds columns of its own (age group, headphones); they travel along.
    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    participant: str = Field(description="participant: the slot, with -2, -3 if the slot was given out again")
    session: str = Field(description="name of the session, unique in the study")
    trial: int = Field(description="number of the trial within the session, from 1", ge=1)
    attempt: int = Field(
        default=1, description="from 1; more if the trial was offered again because a clip did not play", ge=1
    )
    block: int = Field(description="number of the block, from 1; 0 is practice", ge=0)
    kind: str = Field(description="2afc, rating, practice, or the kind of catch trial")
    presentation: Layout = Field(
        default="side_by_side",
        description="side_by_side; sequential: left is first, right is second; single: one clip, in the left columns",
    )
    embodiment: str = Field(description="how the face is shown")
    speaker: str = Field(description="whose face and lip motion")
    sentence: str = Field(description="name of the sentence")
    clip_left: str = Field(description="clip_id of the clip on the left")
    clip_right: str | None = Field(default=None, description="clip_id of the clip on the right; empty if one was shown")
    system_left: str | None = Field(default=None, description="level of the compared factor on the left")
    system_right: str | None = Field(default=None, description="level of the compared factor on the right")
    articulation_left: float = Field(description="articulation scale of the clip on the left", ge=0)
    articulation_right: float | None = Field(
        default=None, description="articulation scale of the clip on the right; empty if one was shown", ge=0
    )
    operator: str | None = Field(default=None, description="what the articulation scale is applied about: rest, mean")
    model: str | None = Field(default=None, description="where the motion comes from: a model's name, or film")
    effective_articulation_left: float | None = Field(
        default=None, description="what the clip on the left really shows"
    )
    effective_articulation_right: float | None = Field(
        default=None, description="what the clip on the right really shows"
    )
    offered: int | None = Field(
        default=None, description="times the trial was begun; more than 1 if the session was interrupted in it", ge=1
    )
    response: Response | None = Field(
        description="the side preferred, or no_preference where that is allowed; empty if not answered"
    )
    rating: float | None = Field(default=None, description="the rating of the one clip shown, on the study's scale")
    correct: Literal["left", "right"] | None = Field(
        default=None, description="the side of the clip without fault; empty where no answer is right"
    )
    rt_s: float | None = Field(description="response time from the first frame, seconds", ge=0)
    rt_after_s: float | None = Field(
        default=None, description="response time from the end of the last clip, seconds; below 0 if before it"
    )
    plays_left: int = Field(description="times the clip on the left was played", ge=0)
    plays_right: int = Field(description="times the clip on the right was played", ge=0)
    played_left: str | None = Field(
        default=None, description="what was seen of the clip on the left: seconds from-to of each playing, with spaces"
    )
    played_right: str | None = Field(
        default=None, description="what was seen of the clip on the right: seconds from-to of each playing, with spaces"
    )
    watched_left: float | None = Field(description="share of the clip on the left that was seen", ge=0, le=1)
    watched_right: float | None = Field(description="share of the clip on the right that was seen", ge=0, le=1)
    frames_left: int | None = Field(
        default=None, description="the clip's own frames that the playings on the left should have shown", ge=0
    )
    frames_right: int | None = Field(
        default=None, description="the clip's own frames that the playings on the right should have shown", ge=0
    )
    shown_frames_left: int | None = Field(
        default=None, description="frames that were shown on the left; empty if not counted", ge=0
    )
    shown_frames_right: int | None = Field(
        default=None, description="frames that were shown on the right; empty if not counted", ge=0
    )
    dropped_frames: int | None = Field(description="frames not shown in time; empty where nothing was shown", ge=0)
    av_offset_ms: float | None = Field(description="sound after picture as presented, ms; empty if not measured")
    in_sync: bool | None = Field(
        default=None, description="false if that offset was over 40 ms in any playing; empty if not measured"
    )
    focus_lost_s: float | None = Field(
        default=None, description="seconds of the trial in which another window had the focus; empty if not known", ge=0
    )
    screen_hz: float | None = Field(default=None, description="frames per second of the screen, measured", gt=0)
    valid: bool = Field(description="whether the trial counts")
    reason: str | None = Field(description="why it does not count; empty if it does")
    simulated: bool = Field(default=False, description="true if a simulated viewer answered, not a person")
    slot: str | None = Field(default=None, description="the slot of the plan that was followed")
    design_sha256: str | None = Field(default=None, description="hash of study definition and manifest")

    @property
    def articulations(self) -> tuple[float, float]:
        """The articulation scales on the left and on the right of a comparison."""
        if self.articulation_right is None:
            raise ValueError(f"trial {self.trial} of {self.participant} shows one clip: it compares nothing")
        return self.articulation_left, self.articulation_right


def read_trials(path: str | Path) -> list[Trial]:
    """Read ``trials.csv``.

    Raises
    ------
    InputError
        If a column is missing, a cell does not fit its column, or an attempt at a trial of a session is there
        twice.
    """
    rows = read_numbered_rows(path, Trial, what="a trial table")
    seen: dict[tuple[str, str, int, int], int] = {}
    for number, trial in rows:
        key = (trial.participant, trial.session, trial.trial, trial.attempt)
        if key in seen:
            raise InputError(
                f"{path}, row {number}: trial {trial.trial} of session {trial.session} is already in row {seen[key]};"
                " keep one of them"
            )
        seen[key] = number
    return [trial for _, trial in rows]


def write_trials(path: str | Path, trials: list[Trial]) -> None:
    """Write ``trials.csv`` and its data dictionary ``trials.json``, atomically. Raises OutputError."""
    write_rows(path, trials, Trial)
