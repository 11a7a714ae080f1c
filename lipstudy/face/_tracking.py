"""From a film of a face to its landmark track."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lipstudy import __version__
from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.face._detector import find_faces, why_no_face
from lipstudy.face._neutral import estimate_neutral
from lipstudy.face._pose import normalise_head
from lipstudy.face._smoothing import keep_fast_lips, seal_closures, smooth_over_time
from lipstudy.face._topology import MEDIAPIPE_478
from lipstudy.face._track import LandmarkTrack, load_track
from lipstudy.media import Film, open_film, read_frames
from lipstudy.records import provenance, sha256_of_file

__all__ = ["MAX_GAP_S", "is_track_of", "track_film"]

MAX_GAP_S = 0.2
"""The longest run of frames without a face that is interpolated."""

_STRAY_SHARE = 0.02
"""A second face in no more than this share of the frames is taken for a false alarm of the tracker."""


def track_film(path: str | Path, *, progress: Progress | None = None) -> LandmarkTrack:
    """Track the face in a film.

    Each frame is looked at by itself (no lag), smoothed by a filter that is symmetric in time, freed of the motion
    of the head, and lips that touched are sealed again. Frames without a face are interpolated over up to
    MAX_GAP_S and marked not valid.

    Parameters
    ----------
    path : str or Path
        A film of one face.
    progress : callable, optional
        Called with (frames done, frames in all).

    Returns
    -------
    LandmarkTrack
        With the speaker's estimated neutral, and the tracker's own points in ``raw_points_px``.

    Raises
    ------
    InputError
        If the film cannot be used (see `media.open_film`), shows no face, more than one, or none for longer than
        MAX_GAP_S.
    """
    film = open_film(path)
    raw_px = _look_at_each(film, progress)
    valid = np.isfinite(raw_px[:, 0, 0])
    _check_gaps(film, valid)
    filled_px = _interpolated(raw_px, valid)
    unsmoothed, _ = normalise_head(filled_px, MEDIAPIPE_478)
    points, pose = normalise_head(smooth_over_time(filled_px, fps=film.fps), MEDIAPIPE_478)
    points = keep_fast_lips(points, unsmoothed, MEDIAPIPE_478)
    points = seal_closures(points, unsmoothed, MEDIAPIPE_478)
    return LandmarkTrack(
        points=points.astype(np.float32),
        fps=film.fps,
        topology=MEDIAPIPE_478,
        pose=pose,
        valid=valid,
        neutral=estimate_neutral(points[valid], MEDIAPIPE_478).astype(np.float32),
        raw_points_px=raw_px,
        frame_size_px=(film.width_px, film.height_px),
        provenance=provenance(stage="track", arguments={"film": film.path.name}, inputs=[film.path]),
    )


def is_track_of(path: str | Path, film: str | Path) -> bool:
    """Return whether `path` holds what `track_film` gives for `film`: tracked from its bytes, by this version."""
    if not Path(path).is_file():
        return False
    try:
        made = load_track(path).provenance
    except InputError:
        return False
    inputs = made.get("inputs")
    if made.get("stage") != "track" or made.get("lipstudy") != __version__ or not isinstance(inputs, dict):
        return False
    return sha256_of_file(film) in inputs.values()


def _look_at_each(film: Film, progress: Progress | None) -> NDArray[np.float32]:
    """Return the landmarks of each frame in pixels, (T, K, 3), NaN where no face is seen."""
    seen = np.full((film.num_frames, MEDIAPIPE_478.num_points, 3), np.nan, np.float32)
    crowded: list[int] = []
    done = 0
    last: NDArray[np.float32] | None = None
    first_frame: NDArray[np.uint8] | None = None
    for frame in read_frames(film.path):
        if done == film.num_frames:
            break
        first_frame = frame if first_frame is None else first_frame
        faces = find_faces(frame)
        if len(faces) > 1:
            crowded.append(done)
            if len(crowded) > _STRAY_SHARE * film.num_frames:
                raise InputError(f"{film.path} shows more than one face in {_frames_named(crowded)}: crop it to one")
        if faces:
            last = seen[done] = _nearest(faces, last)
        done += 1
        if progress is not None:
            progress(done, film.num_frames)
    if done < film.num_frames:
        raise InputError(
            f"{film.path} is damaged: {done} of {film.num_frames} frames can be decoded; copy or download it again"
        )
    if last is None and first_frame is not None:
        raise InputError(f"{film.path}: {why_no_face(first_frame, where='the film')}")
    return seen


def _nearest(faces: list[NDArray[np.float32]], last: NDArray[np.float32] | None) -> NDArray[np.float32]:
    if last is None or len(faces) == 1:
        return faces[0]
    place = last[:, :2].mean(axis=0)
    return min(faces, key=lambda face: float(np.linalg.norm(face[:, :2].mean(axis=0) - place)))


def _check_gaps(film: Film, valid: NDArray[np.bool_]) -> None:
    long_gaps = [gap for gap in _runs(np.flatnonzero(~valid).tolist()) if len(gap) / film.fps > MAX_GAP_S]
    if long_gaps:
        named = " and ".join(_frames_named(gap) for gap in long_gaps[:3])
        more = f" and {len(long_gaps) - 3} more places" if len(long_gaps) > 3 else ""
        raise InputError(
            f"{film.path} shows no face in {named}{more}: gaps of up to {MAX_GAP_S} s"
            f" ({int(MAX_GAP_S * film.fps)} frames) are interpolated, cut the film around longer ones"
        )


def _runs(frames: list[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame == runs[-1][-1] + 1:
            runs[-1].append(frame)
        else:
            runs.append([frame])
    return runs


def _frames_named(frames: list[int]) -> str:
    return f"frame {frames[0]}" if len(frames) == 1 else f"frames {frames[0]} to {frames[-1]}"


def _interpolated(points: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Fill frames without a face linearly in time; at the ends the nearest face is held."""
    frames = np.arange(len(points))
    filled = np.array(points, np.float64)
    if not valid.all():
        flat = filled.reshape(len(points), -1)
        for column in flat.T:
            column[~valid] = np.interp(frames[~valid], frames[valid], column[valid])
    return filled
