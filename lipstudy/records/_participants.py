"""The participants table: participants.csv, one row a session, with the quality of it and the verdict."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from lipstudy.records._table import Row, read_rows, write_rows

__all__ = ["Participant", "QualityMeasure", "Verdict", "read_participants", "write_participants"]

Verdict = Literal["use", "keep_apart", "reject"]

QualityMeasure = Literal[
    "answered_share",
    "catch_score",
    "attention_score",
    "checks_failed",
    "watch_share",
    "median_rt_s",
    "fast_share",
    "same_answer_share",
    "longest_run",
    "dropped_share",
    "out_of_sync_share",
    "focus_lost_share",
    "proof_share",
]
"""Columns that a rule of the study file may bound."""


class Participant(Row):
    """One participant's session: how well it went, and whether it is used."""

    participant: str = Field(description="participant: the slot, with -2, -3 if the slot was given out again")
    slot: str = Field(description="the slot of the plan that was followed")
    session: str = Field(description="name of the session, unique in the study")
    verdict: Verdict = Field(
        description="by the rules of the study file: use, keep_apart (analysed with and without), reject (left out)"
    )
    reasons: str | None = Field(description="the rules that were broken, with the values; empty if none was")
    complete: bool = Field(description="whether the whole plan was gone through")
    answered_share: float = Field(description="answered trials of those planned", ge=0, le=1)
    catch_score: float | None = Field(
        description="share of catch trials with a right answer that were answered rightly: of two clips the one without"
        " fault; of single clips, a faulty one rated below the participant's median",
        ge=0,
        le=1,
    )
    attention_score: float | None = Field(description="share of attention questions answered rightly", ge=0, le=1)
    checks_failed: int = Field(description="checks of sound or vision that were never passed", ge=0)
    watch_share: float | None = Field(
        description="mean over trials of the share seen of the clip seen less", ge=0, le=1
    )
    median_rt_s: float | None = Field(description="median response time from the end of the clips, seconds")
    fast_share: float | None = Field(
        description="share of answers within 0.2 s of the end of the clips or before it", ge=0, le=1
    )
    same_answer_share: float | None = Field(description="share of the answer given most often", ge=0, le=1)
    longest_run: int | None = Field(description="most answers in a row that are the same", ge=1)
    dropped_share: float | None = Field(description="frames not shown in time of those to be shown", ge=0, le=1)
    out_of_sync_share: float | None = Field(
        description="of trials with a measured offset, those with sound and picture over 40 ms apart", ge=0, le=1
    )
    focus_lost_share: float | None = Field(description="share of trials in which the window lost the focus", ge=0, le=1)
    proof_share: float | None = Field(
        description="share of answers with everything measured: dropped frames, sound against picture, focus, screen",
        ge=0,
        le=1,
    )
    screen_hz: float | None = Field(description="frames per second of the screen, median over trials", gt=0)
    consent_version: str | None = Field(description="version of the consent text agreed to; empty if there is none")
    consent_at: str | None = Field(description="date and time of the consent, ISO 8601")
    started_at: str | None = Field(description="date and time of the start, ISO 8601; empty if simulated")
    simulated: bool = Field(description="true if a simulated viewer answered, not a person")
    design_sha256: str = Field(description="hash of study definition and manifest, the rules included")


def read_participants(path: str | Path) -> list[Participant]:
    """Read ``participants.csv``. Raises InputError naming file, row and column of the first thing wrong."""
    return read_rows(path, Participant, what="a participants table")


def write_participants(path: str | Path, participants: list[Participant]) -> None:
    """Write ``participants.csv`` and its data dictionary ``participants.json``, atomically. Raises OutputError."""
    write_rows(path, participants, Participant)
