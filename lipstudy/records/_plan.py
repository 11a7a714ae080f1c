"""The plan: plan.csv, every trial of every participant slot, written before anyone is run."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from lipstudy.errors import InputError
from lipstudy.records._table import Row, read_numbered_rows, write_rows

__all__ = ["PlannedTrial", "TrialKind", "read_plan", "write_plan"]

TrialKind = Literal["2afc", "catch_identical"]
"""2afc: which of two clips is preferred. catch_identical: the same clip on both sides, measures side bias."""


class PlannedTrial(Row):
    """One trial of one participant slot."""

    participant: str = Field(description="participant slot", pattern=r"^[\w-]+$")
    block: int = Field(description="number of the block, from 1", ge=1)
    trial: int = Field(description="number of the trial within the participant's session, from 1", ge=1)
    kind: TrialKind = Field(description="2afc, or catch_identical (the same clip on both sides)")
    embodiment: str = Field(description="how the face is shown")
    speaker: str = Field(description="whose face and lip motion")
    sentence: str = Field(description="name of the sentence")
    operator: str = Field(description="what the articulation scale is applied about: rest, mean, ...")
    model: str = Field(description="where the motion comes from: a model's name, or film")
    clip_left: str = Field(description="clip_id of the clip on the left")
    clip_right: str = Field(description="clip_id of the clip on the right")
    articulation_left: float = Field(description="articulation scale of the clip on the left", ge=0)
    articulation_right: float = Field(description="articulation scale of the clip on the right", ge=0)
    effective_articulation_left: float | None = Field(
        default=None, description="what the clip on the left really shows, from the manifest"
    )
    effective_articulation_right: float | None = Field(
        default=None, description="what the clip on the right really shows, from the manifest"
    )
    design_sha256: str = Field(description="hash of study definition and manifest", pattern=r"^[0-9a-f]{64}$")
    seed: int = Field(description="seed from which sides and orders were drawn", ge=0)


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
