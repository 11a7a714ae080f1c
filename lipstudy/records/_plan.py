"""The plan: plan.csv, every trial of every participant slot, written before anyone is run."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from lipstudy.errors import InputError
from lipstudy.records._table import Row, read_numbered_rows, write_rows

__all__ = ["Layout", "PlannedTrial", "TrialKind", "read_plan", "write_plan"]

TrialKind = Literal[
    "2afc",
    "rating",
    "practice",
    "catch_identical",
    "catch_swapped_speech",
    "catch_frozen_mouth",
    "catch_desynchronised",
]
"""What is asked, and why.

- 2afc: which of two clips is preferred.
- rating: one clip is rated.
- practice: before the first trial that counts, with feedback where an answer is right.
- catch_identical: the same clip on both sides, measures side bias.
- catch_swapped_speech, catch_frozen_mouth, catch_desynchronised: one clip has that fault, so there is a right answer.
"""

Layout = Literal["side_by_side", "sequential", "single"]
"""Two clips beside each other, one after the other (the left one first), or one alone."""


class PlannedTrial(Row):
    """One trial of one participant slot."""

    participant: str = Field(description="participant slot", pattern=r"^[\w-]+$")
    block: int = Field(description="number of the block, from 1; 0 is practice", ge=0)
    trial: int = Field(description="number of the trial within the participant's session, from 1", ge=1)
    kind: TrialKind = Field(
        description="2afc, rating, practice, or the kind of catch trial: catch_identical (the same clip on both sides),"
        " catch_ and the fault of one clip"
    )
    presentation: Layout = Field(
        default="side_by_side",
        description="side_by_side; sequential: left is first, right is second; single: one clip, in the left columns",
    )
    embodiment: str = Field(description="how the face is shown")
    speaker: str = Field(description="whose face and lip motion")
    sentence: str = Field(description="name of the sentence")
    operator: str | None = Field(
        default=None, description="what the articulation scale is applied about; empty if the two clips differ in it"
    )
    model: str | None = Field(
        default=None,
        description="where the motion comes from: a model's name, or film; empty if the two clips differ in it",
    )
    clip_left: str = Field(description="clip_id of the clip on the left")
    clip_right: str | None = Field(default=None, description="clip_id of the clip on the right")
    system_left: str | None = Field(default=None, description="level of the compared factor on the left")
    system_right: str | None = Field(default=None, description="level of the compared factor on the right")
    articulation_left: float = Field(description="articulation scale of the clip on the left", ge=0)
    articulation_right: float | None = Field(
        default=None, description="articulation scale of the clip on the right", ge=0
    )
    effective_articulation_left: float | None = Field(
        default=None, description="what the clip on the left really shows, from the manifest"
    )
    effective_articulation_right: float | None = Field(
        default=None, description="what the clip on the right really shows, from the manifest"
    )
    correct: Literal["left", "right"] | None = Field(
        default=None, description="the side of the clip without fault; empty where no answer is right"
    )
    design_sha256: str = Field(description="hash of study definition and manifest", pattern=r"^[0-9a-f]{64}$")
    seed: int = Field(description="seed from which sides and orders were drawn", ge=0)

    @property
    def clips(self) -> tuple[str, ...]:
        """The clip_ids shown: left and right, or the one."""
        return (self.clip_left,) if self.clip_right is None else (self.clip_left, self.clip_right)


def read_plan(path: str | Path) -> list[PlannedTrial]:
    """Read ``plan.csv``.

    Raises
    ------
    InputError
        If it is not a plan, is empty, numbers a trial twice, or mixes two designs.
    """
    rows = read_numbered_rows(path, PlannedTrial, what="a plan")
    trials = [trial for _, trial in rows]
    if not trials:
        raise InputError(f"{path} has no trial: write it again with 'lipstudy plan'")
    if len({(trial.design_sha256, trial.seed) for trial in trials}) > 1:
        raise InputError(f"{path} mixes rows of different designs or seeds: write it again with 'lipstudy plan'")
    seen: set[tuple[str, int]] = set()
    for number, trial in rows:
        if (trial.participant, trial.trial) in seen:
            raise InputError(f"{path}, row {number}: trial {trial.trial} of {trial.participant} is there twice")
        seen.add((trial.participant, trial.trial))
    return trials


def write_plan(path: str | Path, trials: list[PlannedTrial]) -> None:
    """Write ``plan.csv`` and its data dictionary ``plan.json``, atomically. Raises OutputError."""
    write_rows(path, trials, PlannedTrial)
