"""The trial table: trials.csv, one row a trial, with everything that a model may need."""

from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field

from lipstudy.errors import InputError
from lipstudy.records._table import Row, read_numbered_rows, write_rows

__all__ = ["Trial", "read_trials", "write_trials"]


class Trial(Row):
    """One trial that was offered to a participant, answered or not."""

    # A lab adds columns of its own (age group, headphones); they travel along.
    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    participant: str = Field(description="participant slot")
    session: str = Field(description="name of the session, unique in the study")
    trial: int = Field(description="number of the trial within the session, from 1", ge=1)
    block: int = Field(description="number of the block, from 1", ge=1)
    kind: str = Field(description="2afc, or the kind of catch trial")
    embodiment: str = Field(description="how the face is shown")
    speaker: str = Field(description="whose face and lip motion")
    sentence: str = Field(description="name of the sentence")
    clip_left: str = Field(description="clip_id of the clip on the left")
    clip_right: str = Field(description="clip_id of the clip on the right")
    articulation_left: float = Field(description="articulation scale of the clip on the left", ge=0)
    articulation_right: float = Field(description="articulation scale of the clip on the right", ge=0)
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
    response: Literal["left", "right"] | None = Field(description="the side preferred; empty if not answered")
    rt_s: float | None = Field(description="response time from the first frame, seconds", ge=0)
    plays_left: int = Field(description="times the clip on the left was played", ge=0)
    plays_right: int = Field(description="times the clip on the right was played", ge=0)
    watched_left: float | None = Field(description="share of the clip on the left that was seen", ge=0, le=1)
    watched_right: float | None = Field(description="share of the clip on the right that was seen", ge=0, le=1)
    dropped_frames: int | None = Field(description="frames not shown in time; empty where nothing was shown", ge=0)
    av_offset_ms: float | None = Field(description="sound after picture as presented, ms; empty if not measured")
    valid: bool = Field(description="whether the trial counts")
    reason: str | None = Field(description="why it does not count; empty if it does")
    simulated: bool = Field(default=False, description="true if a simulated viewer answered, not a person")


def read_trials(path: str | Path) -> list[Trial]:
    """Read ``trials.csv``.

    Raises
    ------
    InputError
        If a column is missing, a cell does not fit its column, or a trial of a session is there twice.
    """
    rows = read_numbered_rows(path, Trial, what="a trial table")
    seen: dict[tuple[str, str, int], int] = {}
    for number, trial in rows:
        key = (trial.participant, trial.session, trial.trial)
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
