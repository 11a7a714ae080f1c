"""Making one clip of a stimulus set: what decides its bytes, drawing, encoding, checking."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.clips import (
    FILM_FACE_RENDERER_VERSION,
    LANDMARK_RENDERER_VERSION,
    PHOTOGRAPH_RENDERER_VERSION,
    REFINEMENT_VERSION,
    RESTAGE_RENDERER_VERSION,
    RESTAGED_CRF,
    FilmFace,
    Footage,
    LandmarkStyle,
    PhotoFace,
    Refinement,
    load_read_back,
    load_refinement,
    on_one_thread,
    open_film_face,
    open_footage,
    render_film_face,
    render_landmarks,
    render_photograph,
    restage_frames,
)
from lipstudy.face import LandmarkTrack, find_faces, inner_lip_gaps, load_track, neutral_of
from lipstudy.media import (
    ENCODER_VERSION,
    Sound,
    encode_clip,
    loudness_lufs,
    measure_clip,
    read_sound,
    true_peak_dbtp,
)
from lipstudy.motion import Articulated, scale_articulation, speaker_limits
from lipstudy.records import Embodiment, Fault, hash_of, sha256_of_file
from lipstudy.stimuli._catch import ShownPart, shown_part, with_lips_of
from lipstudy.stimuli._checks import CHECKS_VERSION, clip_faults, look_faults, loudness_faults, motion_faults
from lipstudy.stimuli._faces import load_face
from lipstudy.stimuli._looks import Shown, look_again
from lipstudy.stimuli._set_folder import Made, SetFolder
from lipstudy.stimuli._surroundings import Surroundings
from lipstudy.stimuli._takes import Take

__all__ = ["ClipJob", "articulated", "clip_name", "get_ready", "hashes_of", "key_of", "make_clip", "shown_track"]

Frame = NDArray[np.uint8]

_DRAWN_CRF = 18
"""Quality for encoding faces that were never compressed before."""
_CROSSING_IOD = 0.01
"""Inner lips that overlap by more than this are seen to cross; a tracker's noise is under it."""

_TOLD_OF_LOOKS = (
    "checked_frames",
    "face_share",
    "retracked_articulation",
    "retracked_aperture_error_iod",
    "retracked_contacts_kept_share",
    "flicker_levels",
    "sharpness_ratio",
)
"""What a manifest says of a photo clip that was looked at again."""


@dataclass(frozen=True, slots=True)
class ClipJob:
    """One clip to make; small enough to travel to another process."""

    folder: SetFolder
    take: Take
    articulation: float
    operator: str
    embodiment: Embodiment
    size_px: int
    style: LandmarkStyle
    around: Surroundings
    range_paths: tuple[Path, ...] = ()
    """Tracks that show how far the speaker's mouth goes; none: exaggeration has no limit."""
    fault: Fault | None = None
    """What is to be wrong with it."""
    lips_of: Take | None = None
    """The take of another sentence whose lips are shown under the speech of its own."""
    key: str = ""
    """Hash of everything that decides the clip's bytes and its checks."""

    @property
    def clip_id(self) -> str:
        """Name of the clip."""
        return clip_name(self.take.name, self.embodiment, self.operator, self.articulation, self.fault)

    @property
    def source(self) -> str:
        """What the face is drawn from."""
        return "landmarks" if self.embodiment == "landmarks" else self.take.photo

    @property
    def filmed(self) -> Take:
        """The take whose photograph or film is shown: a film that is restaged brings the lips with it."""
        return self.lips_of if self.lips_of is not None and self.source == "restaged" else self.take

    @property
    def refinement_path(self) -> Path | None:
        """The weights of the network that refines it, if one does."""
        return self.take.refinement_path if self.source == "film" else None

    @property
    def renderer_version(self) -> str:
        """Version of the renderer that draws it, and of the refinement if it is refined."""
        version = {
            "landmarks": LANDMARK_RENDERER_VERSION,
            "photograph": PHOTOGRAPH_RENDERER_VERSION,
            "film": FILM_FACE_RENDERER_VERSION,
            "restaged": RESTAGE_RENDERER_VERSION,
        }[self.source]
        return version if self.refinement_path is None else f"{version}+{REFINEMENT_VERSION}"


@dataclass(slots=True)
class _Told:
    """What a renderer told of the frames that it drew."""

    folded: list[int] = field(default_factory=list)
    extrapolated: list[int] = field(default_factory=list)


def clip_name(take: str, embodiment: str, operator: str, articulation: float, fault: Fault | None) -> str:
    """Return the clip_id of a clip of the take of this name."""
    operator = operator.replace("=", "-")  # jaw+spread=0.5
    return f"{take}_{embodiment}_{operator}_a{articulation:.2f}{'' if fault is None else f'_{fault}'}"


def shown_track(job: ClipJob) -> LandmarkTrack:
    """Return what a clip shows at articulation 1: the track of its take, or what its fault makes of it."""
    track = load_track(job.take.track_path)
    if job.fault is None:
        return track
    lips = track if job.lips_of is None else load_track(job.lips_of.track_path)
    held = job.source == "restaged"
    shown = _part(job, track, lips).of_track(lips, held=held)
    return shown if held or job.lips_of is None else with_lips_of(shown, track)


def articulated(job: ClipJob, track: LandmarkTrack) -> Articulated:
    """Return the motion of a clip: that of its take at its scale, or none at all for a frozen mouth."""
    if job.fault == "frozen_mouth":
        return scale_articulation(track, 0.0, operator="rest")
    limits = None
    if job.articulation > 1 and job.range_paths:
        limits = replace(
            speaker_limits([load_track(path) for path in job.range_paths]),
            neutral=np.asarray(neutral_of(track), np.float64),
        )
    return scale_articulation(track, job.articulation, operator=job.operator, limits=limits)


def hashes_of(take: Take, track: LandmarkTrack) -> dict[str, str]:
    """Return the hashes of what all clips of a take are made from."""
    pose = track.pose
    return {
        "picture": sha256_of_file(take.picture_path),
        "picture_track": _hash_of_file(take.picture_track_path),
        "read_back": _hash_of_file(take.read_back_path),
        "neutral": "" if track.neutral is None else _hash_of_arrays(track.neutral),
        "original": _hash_of_arrays(track.points, pose.scale_px, pose.rotation, pose.translation_px),
    }


def key_of(job: ClipJob, moved: LandmarkTrack, given: Mapping[str, str]) -> str:
    """Return the hash of everything that decides a clip and its checks, `given` being the hashes of what it shows."""
    around = job.around
    decides: dict[str, Any] = {
        "renderer": job.renderer_version,
        "encoder": ENCODER_VERSION,
        "checks": CHECKS_VERSION,
        "motion": _hash_of_arrays(moved.points),
        "fps": moved.fps,
        "sound": sha256_of_file(job.take.sound_path),
        "around": [around.before_frames, around.after_frames, around.loudness_lufs],
        "fault": job.fault,
        "neutral": given["neutral"] if around.before_frames or around.after_frames else "",
    }
    if job.source == "landmarks":
        decides |= {"style": job.style.model_dump(), "size_px": job.size_px}
    else:
        decides |= {"picture": given["picture"], "original": given["original"]}
    if job.source in ("photograph", "film"):
        decides |= {"neutral": given["neutral"], "size_px": job.size_px, "picture_track": given["picture_track"]}
    if job.source == "restaged":
        decides |= {"read_back": given["read_back"]}
    if job.refinement_path is not None:
        decides |= {"refinement": sha256_of_file(job.refinement_path)}
    return hash_of(decides)


def get_ready(*, photo: bool) -> None:
    """Load what `make_clip` needs, in a process that waits for its first clip; `photo`: the face tracker too."""
    sound = Sound(np.ones(1, np.float32), 48000)
    loudness_lufs(sound)
    true_peak_dbtp(sound)
    if photo:
        find_faces(np.zeros((64, 64, 3), np.uint8))


@on_one_thread()
def make_clip(job: ClipJob) -> Made:
    """Draw, encode and check one clip; it takes its place in the set only if it passed, else it is kept apart.

    Raises
    ------
    InputError
        If its sound would clip at the loudness wanted.
    OutputError
        If it cannot be written.
    """
    folder, clip_id = job.folder, job.clip_id
    unchecked = folder.unchecked_clip(clip_id)
    try:
        drawn = _drawn(job, unchecked)
        measures, faults = _checked(job, unchecked, drawn)
        if faults:
            return folder.keep_apart(clip_id, job.key, measures, faults=faults)
        path = folder.clip(clip_id)
        unchecked.replace(path)
        return folder.note(path, job.key, measures)
    finally:
        unchecked.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """What went into a clip, to compare it with what is found in it."""

    track: LandmarkTrack
    """Its landmarks, frame for frame."""
    original: LandmarkTrack
    """Those at articulation 1."""
    sound: Sound
    """The sound given."""
    part: ShownPart
    """Which frames of the take are shown."""
    told: _Told
    """What its renderer told."""


def _drawn(job: ClipJob, path: Path) -> _Drawn:
    """Draw and encode a clip."""
    original = shown_track(job)
    moved = articulated(job, original).track
    film = load_track(job.filmed.track_path)
    part = _part(job, original, film)
    held = job.source == "restaged"
    track, original = (job.around.around_track(each, held=held) for each in (moved, original))
    sound = job.around.around_sound(read_sound(job.take.sound_path), what=f"the speech of {job.clip_id}")
    told = _Told()
    frames = job.around.around_frames(_restaged(job, film, part, told)) if held else _frames(job, track, original, told)
    encode_clip(path, frames, fps=track.fps, sound=sound, crf=RESTAGED_CRF if held else _DRAWN_CRF)
    return _Drawn(track, original, sound, part, told)


def _checked(job: ClipJob, path: Path, drawn: _Drawn) -> tuple[dict[str, float | None], list[str]]:
    """Read a clip back; return what was measured in it, and what is wrong with it in words."""
    track, fps, part = drawn.track, drawn.track.fps, drawn.part
    measured = measure_clip(path, sound=drawn.sound)
    heard = read_sound(path)
    lufs = _finite(loudness_lufs(heard))
    crossings, original_crossings = _crossing_frames(track), _crossing_frames(drawn.original)
    faults = clip_faults(measured, frames=track.num_frames, fps=fps, sound=drawn.sound)
    faults += loudness_faults(lufs, wanted_lufs=job.around.loudness_lufs)
    faults += motion_faults(crossing_frames=crossings, original_crossing_frames=original_crossings)
    measures: dict[str, float | None] = {
        "fps": measured.fps,
        "frames": measured.frames,
        "duration_s": measured.duration_s,
        "av_offset_ms": round(measured.av_offset_ms - 1000 * part.before_frames / fps, 3),
        "width_px": measured.width_px,
        "height_px": measured.height_px,
        "lip_crossing_frames": crossings,
        "loudness_lufs": lufs,
        "true_peak_dbtp": _finite(true_peak_dbtp(heard)),
    }
    if job.source != "landmarks":
        before_frames = job.around.before_frames + part.before_frames
        looks = look_again(path, Shown(track, drawn.original, _source(job), before_frames, part.shown_frames))
        folded = len(drawn.told.folded)
        measures |= {name: getattr(looks, name) for name in _TOLD_OF_LOOKS} | {"folded_frames": folded}
        faults += look_faults(looks, frames=track.num_frames, folded_frames=folded)
    if job.source == "film":
        measures |= {"extrapolated_frames": len(drawn.told.extrapolated)}
    return measures, faults


def _frames(job: ClipJob, drawn: LandmarkTrack, original: LandmarkTrack, told: _Told) -> Iterator[Frame]:
    if job.source == "landmarks":
        return render_landmarks(drawn, style=job.style, size_px=job.size_px)
    if job.source == "photograph":
        return render_photograph(_photograph(job.take), drawn, size_px=job.size_px, on_fold=told.folded.append)
    return render_film_face(
        _film_face(job.take),
        drawn,
        original=original,
        size_px=job.size_px,
        refinement=None if job.refinement_path is None else _refinement(job.refinement_path),
        on_fold=told.folded.append,
        on_extrapolated=told.extrapolated.append,
    )


def _restaged(job: ClipJob, film: LandmarkTrack, part: ShownPart, told: _Told) -> Iterator[Frame]:
    moved = articulated(job, film).track
    frames = restage_frames(_footage(job.filmed), moved, on_fold=told.folded.append)
    return frames if job.fault is None else part.of_frames(frames)


def _part(job: ClipJob, clip: LandmarkTrack, source: LandmarkTrack) -> ShownPart:
    return shown_part(job.fault, num_frames=clip.num_frames, source_frames=source.num_frames, fps=clip.fps)


def _source(job: ClipJob) -> PhotoFace | Path:
    if job.source == "photograph":
        return _photograph(job.take)
    return _film_face(job.take).plate if job.source == "film" else job.filmed.picture_path


def _photograph(take: Take) -> PhotoFace:
    return _loaded_photograph(take.picture_path, sha256_of_file(take.picture_path))


def _film_face(take: Take) -> FilmFace:
    assert take.picture_track_path is not None
    sha256 = sha256_of_file(take.picture_path) + sha256_of_file(take.picture_track_path)
    return _loaded_film_face(take.picture_path, take.picture_track_path, sha256)


def _footage(take: Take) -> Footage:
    assert take.read_back_path is not None
    paths = (take.picture_path, take.track_path, take.read_back_path)
    return _loaded_footage(*paths, "".join(map(sha256_of_file, paths)))


def _refinement(path: Path) -> Refinement:
    return _loaded_refinement(path, sha256_of_file(path))


@lru_cache(maxsize=1)
def _loaded_photograph(path: Path, sha256: str) -> PhotoFace:
    # The hash is part of the cache's key: another photograph may take the same place.
    return load_face(path)


@lru_cache(maxsize=1)
def _loaded_film_face(film: Path, track_path: Path, sha256: str) -> FilmFace:
    return open_film_face(film, load_track(track_path))


@lru_cache(maxsize=1)
def _loaded_footage(film: Path, track_path: Path, read_back_path: Path, sha256: str) -> Footage:
    return open_footage(film, load_track(track_path), read_back=load_read_back(read_back_path))


@lru_cache(maxsize=1)
def _loaded_refinement(path: Path, sha256: str) -> Refinement:
    return load_refinement(path)


def _crossing_frames(track: LandmarkTrack) -> int:
    return int((inner_lip_gaps(track.points, track.topology) < -_CROSSING_IOD).any(axis=-1).sum())


def _finite(value: float) -> float | None:
    return round(value, 2) if np.isfinite(value) else None


def _hash_of_file(path: Path | None) -> str:
    return "" if path is None else sha256_of_file(path)


def _hash_of_arrays(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
