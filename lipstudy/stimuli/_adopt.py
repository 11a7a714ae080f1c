"""Clips made elsewhere, brought into a manifest with the checks that clips of our own pass."""

import json
import math
import re
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from lipstudy.errors import InputError
from lipstudy.execution import Progress, run_each
from lipstudy.face import LandmarkTrack, find_faces, lip_aperture, lips_in_contact, log_lip_intensity_ratio, track_film
from lipstudy.media import ClipMeasures, Sound, loudness_lufs, measure_clip, read_frames, read_sound, true_peak_dbtp
from lipstudy.records import Clip, Embodiment, provenance, read_manifest, sha256_of_file, write_manifest, write_text
from lipstudy.stimuli._checks import MAX_OFFSET_MS, clip_faults, loudness_faults
from lipstudy.stimuli._index import write_page

__all__ = ["Adopted", "adopt_clips"]

_NAME = r"[^/]+?"
_FIELDS = {
    "speaker": _NAME,
    "sentence": _NAME,
    "articulation": r"\d+(?:\.\d+)?",
    "operator": _NAME,
    "model": _NAME,
}
_NEEDED = ("speaker", "sentence", "articulation")
_ELSEWHERE = "elsewhere"
_NAMES_TOLD = 3
_SAME_SPEECH = 0.8
"""Correlation from which two sounds are one, coded twice."""
_FRAMES_TRIED = 10
"""So many frames of a clip that cannot be tracked are looked at, to tell a face that goes away from none at all."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was found in a folder of clips."""

    clips: tuple[Clip, ...]
    """Clips that passed, as the manifest lists them."""
    failed: tuple[tuple[str, str], ...]
    """(path, reason) of those that did not; they stay where they are."""
    passed_over: tuple[str, ...]
    """Films in the folder whose name does not fit the pattern."""
    untracked: tuple[str, ...]
    """clip_id of clips in which no face can be tracked: their effective articulation is not known."""
    without_original: tuple[str, ...]
    """clip_id of clips without one of the same speaker and sentence at articulation 1: nor is it there."""
    altered: tuple[str, ...]
    """Paths of clips that were changed or deleted since they were adopted before."""
    manifest: Path
    """``clips.csv``."""


@dataclass(frozen=True, slots=True)
class _Found:
    """One clip and what its name says."""

    path: Path
    named: dict[str, str]

    @property
    def articulation(self) -> float:
        return float(self.named["articulation"])

    @property
    def clip_name(self) -> str:
        """What its own name says, in letters, digits and .+-_ alone: what a clip_id may hold."""
        named = [*self.cell()[:2], f"a{self.articulation:.2f}", *self.cell()[2:]]
        return re.sub(r"[^\w.+-]", "-", "_".join(named))

    def cell(self) -> tuple[str, ...]:
        """Return what clips that are compared with each other have in common."""
        return tuple(self.named.get(field, "") for field in _FIELDS if field != "articulation")


@dataclass(frozen=True, slots=True)
class _Seen:
    measured: ClipMeasures
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    track: LandmarkTrack | None
    face_fault: str | None
    """What is wrong with the face in a photo clip; None too where the tracker knows none, as in a drawing."""
    faults: tuple[str, ...]


def adopt_clips(
    folder: str | Path,
    *,
    pattern: str,
    embodiment: Embodiment = "photo",
    operator: str = "unknown",
    model: str = _ELSEWHERE,
    workers: int = 2,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Adopted:
    """Write a manifest for clips that were made elsewhere. The clips stay as and where they are.

    Each clip is decoded and measured, and compared with that of the same speaker and sentence at articulation 1: in
    frames, rate, pixels and loudness they must agree, and the same speech must come at the same time. The effective
    articulation is that against it, where a face is found in both. A photo clip whose face goes away fails; one in
    which the tracker knows no face at all, as in a drawing, is told.

    Parameters
    ----------
    folder : str or Path
        Where the clips are; ``clips.csv`` with its data dictionary, ``index.html`` and ``adopt.json`` (provenance) are
        written there.
    pattern : str
        Path of a clip within the folder, with {speaker}, {sentence} and {articulation}; {operator} and {model} if they
        vary: ``{speaker}_{sentence}_{articulation}.mp4``.
    embodiment : {"photo", "landmarks"}
        How the face is shown.
    operator, model : str
        What the scale was applied about, and where the motion comes from, where the names do not say it.
    workers : int >= 1
        Processes.
    executor : concurrent.futures.Executor, optional
        Used instead of them.
    progress : callable, optional
        Called with (clips done, clips in all).

    Returns
    -------
    Adopted

    Raises
    ------
    InputError
        If the folder is none or a set of `build_set`, the pattern lacks a field, no clip fits it, or two are the same.
    OutputError
        If the folder cannot be written.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}: name the one with the clips")
    if (folder / "build.json").exists():
        raise InputError(f"{folder} is a stimulus set of 'lipstudy build': it has its manifest already")
    found, passed_over = _found_in(folder, pattern, {"operator": operator, "model": model})
    seen: dict[int, _Seen] = {}
    if progress is not None:
        progress(0, len(found))
    for index, one in run_each(_look_at, [each.path for each in found], workers=workers, executor=executor):
        seen[index] = one
        if progress is not None:
            progress(len(seen), len(found))
    originals = {each.cell(): seen[index] for index, each in enumerate(found) if each.articulation == 1}
    paths = {each.cell(): each.path for each in found if each.articulation == 1}
    clips: list[Clip] = []
    failed, untracked, without_original = [], [], []
    for index, each in enumerate(found):
        original = originals.get(each.cell())
        faults = [*seen[index].faults, *_unlike(seen[index], original)]
        if original is not None and not (faults or original.faults):
            faults += _late_speech(each.path, paths[each.cell()])
        if embodiment == "photo" and (face_fault := seen[index].face_fault) is not None:
            faults.append(face_fault)
        if faults:
            failed.append((each.path.relative_to(folder).as_posix(), "; ".join(faults)))
            continue
        clips.append(_row(each, seen[index], original, folder, embodiment))
        if seen[index].track is None:
            untracked.append(clips[-1].clip_id)
        if original is None or original.faults:
            without_original.append(clips[-1].clip_id)
    altered = _altered_in(folder)
    arguments = {"pattern": pattern, "embodiment": embodiment, "operator": operator, "model": model}
    told = provenance(stage="adopt", arguments=arguments, inputs=[folder / clip.path for clip in clips])
    write_text(folder / "adopt.json", json.dumps(told, indent=2) + "\n")
    write_manifest(folder / "clips.csv", clips)
    write_page(folder / "index.html", clips, [(path, path, why) for path, why in failed], title=folder.resolve().name)
    return Adopted(
        clips=tuple(clips),
        failed=tuple(failed),
        passed_over=passed_over,
        untracked=tuple(untracked),
        without_original=tuple(without_original),
        altered=altered,
        manifest=folder / "clips.csv",
    )


def _found_in(folder: Path, pattern: str, given: dict[str, str]) -> tuple[list[_Found], tuple[str, ...]]:
    expression = _expression(pattern)
    ending = Path(pattern).suffix.lower()
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("[!.]*")  # what macOS leaves beside files begins with a dot
        if path.suffix.lower() == ending
    )
    matches = [(name, expression.fullmatch(name)) for name in names]
    found = [_Found(folder / name, given | match.groupdict()) for name, match in matches if match is not None]
    passed_over = tuple(name for name, match in matches if match is None)
    if not found:
        there = f"there are {', '.join(names[:_NAMES_TOLD])}" if names else f"there is no file that ends in {ending}"
        raise InputError(f"no clip in {folder} fits the pattern '{pattern}': {there}")
    first: dict[str, _Found] = {}
    for each in found:
        same = first.setdefault(each.clip_name, each)
        if same is not each:
            raise InputError(
                f"{same.path} and {each.path} are both sentence '{each.named['sentence']}' of speaker"
                f" '{each.named['speaker']}' at articulation {each.articulation:g}: keep or rename one"
            )
    found.sort(key=lambda each: (each.cell(), each.articulation))
    return found, passed_over


def _altered_in(folder: Path) -> tuple[str, ...]:
    """Return the paths of clips that are not any more what a manifest written before says."""
    if not (folder / "adopt.json").exists():
        return ()
    before = [(clip.path, clip.sha256) for clip in read_manifest(folder / "clips.csv")]
    return tuple(
        path for path, sha256 in before if not (folder / path).is_file() or sha256_of_file(folder / path) != sha256
    )


def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\{([^{}]*)\}", pattern)
    fields = parts[1::2]
    wrong = next((field for field in fields if field not in _FIELDS or fields.count(field) > 1), None)
    if wrong is not None:
        known = ", ".join(f"{{{field}}}" for field in _FIELDS)
        raise InputError(f"the pattern '{pattern}' has the field {{{wrong}}}: it may have {known}, each once")
    missing = next((field for field in _NEEDED if field not in fields), None)
    if missing is not None:
        raise InputError(
            f"the pattern '{pattern}' has no field {{{missing}}}: one with all of them is"
            " {speaker}_{sentence}_{articulation}.mp4"
        )
    if not Path(pattern).suffix:
        raise InputError(f"the pattern '{pattern}' has no ending: write that of the clips, .mp4")
    written = [f"(?P<{part}>{_FIELDS[part]})" if number % 2 else re.escape(part) for number, part in enumerate(parts)]
    return re.compile("".join(written))


def _look_at(path: Path) -> _Seen:
    try:
        measured = measure_clip(path)
    except InputError as error:
        nothing = ClipMeasures(0, 0.0, 0.0, 0.0, math.nan, 0, 0, constant_frame_rate=False)
        return _Seen(nothing, None, None, None, None, (str(error),))
    faults, lufs, peak = [], None, None
    if measured.sound_duration_s == 0:
        faults.append("it has no sound")
    else:
        sound = read_sound(path)
        faults += clip_faults(measured, frames=measured.frames, fps=measured.fps, sound=None)
        lufs, peak = _finite(loudness_lufs(sound)), _finite(true_peak_dbtp(sound))
    try:
        track = replace(track_film(path), raw_points_px=None)
    except InputError as error:
        tried = islice(read_frames(path), None, None, max(1, measured.frames // _FRAMES_TRIED))
        face_fault = str(error) if any(find_faces(frame) for frame in tried) else None
        return _Seen(measured, lufs, peak, None, face_fault, tuple(faults))
    missed = int((~track.valid).sum())
    face_fault = f"no face is found in {missed} of {track.num_frames} frames" if missed else None
    return _Seen(measured, lufs, peak, track, face_fault, tuple(faults))


def _unlike(seen: _Seen, original: _Seen | None) -> list[str]:
    """Return how a clip differs from that at articulation 1 in more than its articulation."""
    if original is None or original.faults or seen.faults:
        return []
    own, its = seen.measured, original.measured
    compared = {
        "frames": (own.frames, its.frames),
        "frames per second": (round(own.fps, 3), round(its.fps, 3)),
        "pixels": (f"{own.width_px}x{own.height_px}", f"{its.width_px}x{its.height_px}"),
    }
    unlike = [f"it has {a} {what}, the clip at articulation 1 {b}" for what, (a, b) in compared.items() if a != b]
    return unlike + loudness_faults(seen.loudness_lufs, wanted_lufs=original.loudness_lufs)


def _late_speech(path: Path, original_path: Path) -> list[str]:
    """Return whether a clip has the speech of that at articulation 1, but at another time."""
    late_ms = _late_ms(read_sound(path), read_sound(original_path))
    if late_ms is None or abs(late_ms) < MAX_OFFSET_MS:
        return []
    when = "later" if late_ms > 0 else "earlier"
    return [f"its speech comes {abs(late_ms):.0f} ms {when} than in the clip at articulation 1"]


def _late_ms(sound: Sound, original: Sound) -> float | None:
    """Return by how much a sound comes later than another, ms; None if they are not the same."""
    from scipy.signal import correlate

    if sound.sr != original.sr:
        return None
    own, its = (each.samples.astype(np.float64) for each in (sound, original))
    power = math.sqrt(float((own**2).sum() * (its**2).sum()))
    likeness = correlate(own, its, method="fft") / max(power, 1e-12)
    at = int(likeness.argmax())
    return 1000 * (at - (len(its) - 1)) / sound.sr if likeness[at] > _SAME_SPEECH else None


def _row(found: _Found, seen: _Seen, original: _Seen | None, folder: Path, embodiment: Embodiment) -> Clip:
    named, measured = found.named, seen.measured
    parts = (named["speaker"], named["sentence"], embodiment, named["operator"], f"a{found.articulation:.2f}")
    model = () if named["model"] == _ELSEWHERE else (named["model"],)
    told: dict[str, Any] = {
        "clip_id": re.sub(r"[^\w.+-]", "-", "_".join((*parts, *model))),
        "path": found.path.relative_to(folder).as_posix(),
        "sha256": sha256_of_file(found.path),
        "speaker": named["speaker"],
        "sentence": named["sentence"],
        "articulation": found.articulation,
        "operator": named["operator"],
        "embodiment": embodiment,
        "source": _ELSEWHERE,
        "model": named["model"],
        "fps": measured.fps,
        "frames": measured.frames,
        "duration_s": measured.duration_s,
        "av_offset_ms": measured.av_offset_ms,
        "renderer_version": _ELSEWHERE,
        "loudness_lufs": seen.loudness_lufs,
        "true_peak_dbtp": seen.true_peak_dbtp,
        "width_px": measured.width_px,
        "height_px": measured.height_px,
    }
    if seen.track is not None:
        told |= {"checked_frames": seen.track.num_frames, "face_share": float(seen.track.valid.mean())}
        if original is not None and original.track is not None:
            told |= _against(seen.track, original.track)
    return Clip.model_validate(told)


def _against(track: LandmarkTrack, original: LandmarkTrack) -> dict[str, Any]:
    topology = track.topology
    log_ratio = log_lip_intensity_ratio(track.points, original.points, topology)
    contact, still = (lips_in_contact(each.points, topology) for each in (original, track))
    opening, own = (lip_aperture(each.points.astype(np.float64), topology) for each in (original, track))
    spread = opening - opening.mean()
    power = float((spread**2).sum())
    return {
        "effective_articulation": None if math.isnan(log_ratio) else math.exp(log_ratio),
        "contact_frames": int(contact.sum()),
        "contact_frames_lost": int((contact & ~still).sum()),
        "retracked_articulation": float((spread * own).sum()) / power if power > 0 else None,
    }


def _finite(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None
