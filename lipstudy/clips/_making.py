"""Making one clip of a stimulus set: what decides its bytes, drawing, encoding, checking."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._checks import clip_faults
from lipstudy.clips._landmarks import LANDMARK_RENDERER_VERSION, LandmarkStyle, render_landmarks
from lipstudy.clips._photograph import PHOTOGRAPH_RENDERER_VERSION, PhotoFace, render_photograph
from lipstudy.clips._restage import RESTAGE_RENDERER_VERSION, RESTAGED_CRF, restage_frames
from lipstudy.clips._set_folder import Made, SetFolder
from lipstudy.clips._takes import Take, load_face
from lipstudy.face import LandmarkTrack, load_track
from lipstudy.media import ENCODER_VERSION, encode_clip, measure_clip, read_sound
from lipstudy.motion import scale_articulation
from lipstudy.records import Embodiment, hash_of, sha256_of_file, write_text

__all__ = ["ClipJob", "Failed", "hashes_of", "key_of", "make_clip"]

Frame = NDArray[np.uint8]

_DRAWN_CRF = 18
"""Quality for encoding faces that were never compressed before."""


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
    key: str = ""
    """Hash of everything that decides the clip's bytes."""

    @property
    def clip_id(self) -> str:
        """Name of the clip."""
        return f"{self.take.name}_{self.embodiment}_{self.operator}_a{self.articulation:.2f}"

    @property
    def source(self) -> str:
        """What the face is drawn from."""
        if self.embodiment == "landmarks":
            return "landmarks"
        return "photograph" if self.take.film_path is None else "film"

    @property
    def renderer_version(self) -> str:
        """Version of the renderer that draws it."""
        return {
            "landmarks": LANDMARK_RENDERER_VERSION,
            "photograph": PHOTOGRAPH_RENDERER_VERSION,
            "film": RESTAGE_RENDERER_VERSION,
        }[self.source]


@dataclass(frozen=True, slots=True)
class Failed:
    """A clip that is not what it should be, kept apart."""

    clip_id: str
    reason: str
    """What is wrong with it, in words."""


def hashes_of(take: Take, track: LandmarkTrack) -> dict[str, str]:
    """Return the hashes of what all clips of a take are made from."""
    picture_path = take.face_path or take.film_path
    assert picture_path is not None
    pose = track.pose
    return {
        "sound": sha256_of_file(take.sound_path),
        "picture": sha256_of_file(picture_path),
        "neutral": "" if track.neutral is None else _hash_of_arrays(track.neutral),
        "filmed": _hash_of_arrays(track.points, pose.scale_px, pose.rotation, pose.translation_px),
    }


def key_of(job: ClipJob, articulated: LandmarkTrack, given: Mapping[str, str]) -> str:
    """Return the hash of everything that decides the bytes of a clip, `given` being the hashes of its take."""
    decides: dict[str, Any] = {
        "renderer": job.renderer_version,
        "encoder": ENCODER_VERSION,
        "motion": _hash_of_arrays(articulated.points),
        "fps": articulated.fps,
        "sound": given["sound"],
    }
    if job.source == "landmarks":
        decides |= {"style": job.style.model_dump(), "size_px": job.size_px}
    elif job.source == "photograph":
        decides |= {"picture": given["picture"], "neutral": given["neutral"], "size_px": job.size_px}
    else:
        decides |= {"picture": given["picture"], "filmed": given["filmed"]}
    return hash_of(decides)


def make_clip(job: ClipJob) -> Made | Failed:
    """Draw, encode and check one clip; it takes its place in the set only if it passed.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    folder, clip_id = job.folder, job.clip_id
    track, sound = load_track(job.take.track_path), read_sound(job.take.sound_path)
    articulated = scale_articulation(track, job.articulation, operator=job.operator)
    unchecked = folder.unchecked_clip(clip_id)
    crf = RESTAGED_CRF if job.source == "film" else _DRAWN_CRF
    encode_clip(unchecked, _frames(job, track, articulated.track), fps=track.fps, sound=sound, crf=crf)
    measured = measure_clip(unchecked, sound=sound)
    faults = clip_faults(measured, frames=track.num_frames, fps=track.fps, sound=sound)
    if faults:
        apart = folder.failed_clip(clip_id)
        reason = "; ".join(faults)
        write_text(apart.with_suffix(".txt"), reason + "\n")
        unchecked.replace(apart)
        return Failed(clip_id, reason)
    path = folder.clip(clip_id)
    path.parent.mkdir(exist_ok=True)
    unchecked.replace(path)
    measures = {
        "fps": measured.fps,
        "frames": measured.frames,
        "duration_s": measured.duration_s,
        "av_offset_ms": measured.av_offset_ms,
    }
    return folder.note(path, job.key, measures)


def _frames(job: ClipJob, track: LandmarkTrack, articulated: LandmarkTrack) -> Iterator[Frame]:
    take = job.take
    if job.source == "landmarks":
        return render_landmarks(articulated, style=job.style, size_px=job.size_px)
    if take.film_path is not None:
        return restage_frames(take.film_path, track, articulated)
    assert take.face_path is not None
    return render_photograph(_face(take.face_path, sha256_of_file(take.face_path)), articulated, size_px=job.size_px)


@lru_cache(maxsize=1)
def _face(path: Path, sha256: str) -> PhotoFace:
    # The hash is part of the cache's key: another photograph may take the same place.
    return load_face(path)


def _hash_of_arrays(*arrays: NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
