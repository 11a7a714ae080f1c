"""The lock of a study: study.lock.json, what was fixed before data are seen."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lipstudy.errors import InputError
from lipstudy.records._atomic import existing_file, write_text

__all__ = ["StudyLock", "read_lock", "write_lock"]


class StudyLock(BaseModel):
    """What a study was when it was locked; its design's hash stands in every row of plan, trials and participants."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="name of the study")
    design_sha256: str = Field(
        description="hash of definition, quality rules, family of tests and clips", pattern=r"^[0-9a-f]{64}$"
    )
    plan_sha256: str = Field(description="hash of the plan of these participants", pattern=r"^[0-9a-f]{64}$")
    participants: int = Field(description="slots that the plan had", ge=1)
    definition: dict[str, Any] = Field(description="the study definition, defaults included")
    locked_at: str | None = Field(
        default=None, description="date and time, ISO 8601; empty for simulated viewers alone"
    )
    lipstudy: str = Field(description="version")


def read_lock(path: str | Path) -> StudyLock:
    """Read a lock. Raises InputError if there is none, or the file is none."""
    path = existing_file(path, what="the lock of a study")
    try:
        return StudyLock.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise InputError(f"{path} is not the lock of a study: 'lipstudy lock' writes one") from error


def write_lock(path: str | Path, lock: StudyLock) -> None:
    """Write a lock, atomically. Raises OutputError."""
    write_text(path, json.dumps(lock.model_dump(mode="json"), indent=2) + "\n")
