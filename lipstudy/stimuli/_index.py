"""The contact sheet of a stimulus set: one sentence played at every scale, the checks beside each clip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from lipstudy.records import Clip, write_text

__all__ = ["write_page"]

_SOURCES = {
    "landmarks": "drawn as landmarks",
    "photograph": "a sketch from one photograph",
    "film": "the mouths of a film of the speaker",
    "restaged": "the film itself, restaged",
    "elsewhere": "made elsewhere",
}


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    value: str


def write_page(
    path: Path,
    clips: Sequence[Clip],
    failed: Sequence[tuple[str, str, str]],
    *,
    title: str,
    notes: Sequence[str] = (),
    shown_frames: Mapping[tuple[str, str, str], int] | None = None,
) -> None:
    """Write the contact sheet, atomically. Raises OutputError.

    Parameters
    ----------
    path : Path
        ``index.html``, beside the manifest: the paths of the clips are taken as they are, so that the folder can be
        moved or opened from a disk.
    clips : sequence of Clip
        The manifest.
    failed : sequence of (clip_id, path, reason)
        Clips that did not pass.
    title : str
        What the set is called.
    notes : sequence of str
        What a reader should know of the sources, a sentence each.
    shown_frames : mapping of (speaker, sentence, model) to int, optional
        The frame that each row shows first; 0 where none is given.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files("lipstudy.stimuli").joinpath("contact_sheet.html").read_text("utf-8"))
    page = template.render(
        title=title,
        notes=notes,
        rows=_rows(clips, shown_frames or {}),
        failed=failed,
        num_clips=len(clips),
        num_embodiments=max(1, len({clip.embodiment for clip in clips})),  # a clip that failed leaves its place empty
        sources=[_SOURCES.get(source, source) for source in dict.fromkeys(clip.source for clip in clips)],
        is_sketch=any(clip.source == "photograph" for clip in clips),
        holds_film=any(clip.source == "restaged" and (clip.lead_in_s or clip.lead_out_s) for clip in clips),
    )
    write_text(path, page)


def _rows(clips: Sequence[Clip], shown_frames: Mapping[tuple[str, str, str], int]) -> list[dict[str, Any]]:
    """Return one entry a sentence of a speaker by a model: its clips, scale by scale."""
    groups: dict[tuple[str, str, str], list[Clip]] = {}
    for clip in clips:
        groups.setdefault((clip.speaker, clip.sentence, clip.model), []).append(clip)
    return [
        {
            "speaker": speaker,
            "sentence": sentence,
            "model": model,
            "num_frames": max(clip.frames for clip in group),
            "fps": group[0].fps,
            "shown_frame": shown_frames.get((speaker, sentence, model), 0),
            "text": next((clip.text for clip in group if clip.text), None),
            "doubts": next((clip.text_doubts for clip in group if clip.text_doubts), None),
            "columns": _columns([clip for clip in group if clip.fault is None]),
            "catch": [_cell(clip) for clip in group if clip.fault is not None],
        }
        for (speaker, sentence, model), group in groups.items()
    ]


def _columns(clips: list[Clip]) -> list[dict[str, Any]]:
    scales = sorted({(clip.operator, clip.articulation) for clip in clips})
    several = len({operator for operator, _ in scales}) > 1
    return [
        {
            "label": f"a = {articulation:g}" + (f", {operator}" if several else ""),
            "is_original": articulation == 1,
            "cells": [_cell(clip) for clip in clips if (clip.operator, clip.articulation) == (operator, articulation)],
        }
        for operator, articulation in scales
    ]


def _cell(clip: Clip) -> dict[str, Any]:
    source = _SOURCES.get(clip.source, clip.source)
    return {"clip": clip, "source": source, "summary": _summary(clip), "checks": _checks(clip)}


def _summary(clip: Clip) -> str:
    told = (("reached", clip.effective_articulation), ("found", clip.retracked_articulation))
    return ", ".join(f"{word} {_number(value)}" for word, value in told if value is not None) or "checks"


def _checks(clip: Clip) -> list[_Check]:
    told: list[tuple[str, str | None]] = [
        ("effective articulation", _number(clip.effective_articulation)),
        ("held back by the speaker's range", _share(clip.clipped_share, "of frames")),
        ("sound after picture", f"{clip.av_offset_ms:+.2f} ms"),
        ("picture", f"{clip.frames} frames at {clip.fps:g}/s, {clip.duration_s:.2f} s"),
        ("loudness", _number(clip.loudness_lufs, " LUFS", digits=1)),
        ("lip contacts lost", _of(clip.contact_frames_lost, clip.contact_frames)),
        ("crossing lips", _frames(clip.lip_crossing_frames)),
        ("folds in the picture", _frames(clip.folded_frames)),
        ("beyond the speaker's mouths", _frames(clip.extrapolated_frames)),
        ("face found again", _share(clip.face_share, f"of {clip.checked_frames} frames")),
        ("articulation found again", _number(clip.retracked_articulation)),
        ("aperture found, less asked", _number(clip.retracked_aperture_error_iod, " IOD", digits=3)),
        ("contacts found closed", _share(clip.retracked_contacts_kept_share, "")),
        ("flicker at rest", _number(clip.flicker_levels, " of 255")),
        ("sharpness against the source", _number(clip.sharpness_ratio)),
    ]
    return [_Check(name, value) for name, value in told if value is not None]


def _number(value: float | None, unit: str = "", *, digits: int = 2) -> str | None:
    return None if value is None else f"{round(value, digits) + 0.0:.{digits}f}{unit}"


def _share(value: float | None, of: str) -> str | None:
    return None if value is None else f"{100 * value:.0f} % {of}".strip()


def _frames(count: int | None) -> str | None:
    return None if count is None else "none" if count == 0 else f"in {count} frames"


def _of(count: int | None, whole: int | None) -> str | None:
    return None if count is None or whole is None else f"{count} of {whole} frames"
