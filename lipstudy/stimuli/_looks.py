"""A finished photo clip looked at again: the face in it, its lips, whether it flickers, whether it is sharp."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips import PhotoFace
from lipstudy.errors import InputError
from lipstudy.face import CONTACT_GAP_IOD, MEDIAPIPE_478, LandmarkTrack, detect_face, lip_aperture, normalise_head
from lipstudy.media import read_frames

__all__ = ["Looks", "Shown", "look_again"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

_SHARPNESS_LOOKS = 15
_STILL_IOD = 0.002
"""Lips that move less than this from frame to frame are at rest."""
_LEAST_STILL_FRAMES = 3
_CLOSED_IOD = 2.5 * CONTACT_GAP_IOD
"""A tracker sees a gap in lips that touch: under this one they are closed. Measured on GRID: 95 % of touching lips."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What a photo clip should show."""

    track: LandmarkTrack
    """Its landmarks, in the clip."""
    original: LandmarkTrack
    """Those at articulation 1, frame for frame."""
    source: PhotoFace | Path
    """The picture it was drawn from: a photograph or one frame of a film, or the film whose frames it shows."""
    before_frames: int
    """Frames before the first of the film."""
    film_frames: int | None = None
    """Frames of the film that are shown, from its first; None: all of them."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What was found in a clip. What cannot be told from it is None."""

    checked_frames: int
    """Frames that the tracker looked at."""
    face_share: float
    """Share of them in which it found a face."""
    retracked_articulation: float | None
    """Slope of the aperture found on that at articulation 1."""
    asked_articulation: float | None
    """Slope of the aperture asked for on that at articulation 1, over the same frames."""
    retracked_aperture_error_iod: float | None
    """Root mean square of aperture found less aperture asked for, IOD."""
    contact_frames: int
    """Checked frames in which the lips should touch."""
    retracked_contacts_kept_share: float | None
    """The share of them found closed."""
    flicker_levels: float | None
    """Mean second difference in time of the lower face while the lips rest, less that of the film; of 255."""
    sharpness_ratio: float | None
    """Sharpness of the lower face over that of the source."""


def look_again(path: Path, shown: Shown) -> Looks:
    """Read a clip back and compare it with what it should show.

    The tracker looks at every frame in which it found a face before: a fifth of the time that such a clip takes.

    Parameters
    ----------
    path : Path
        The encoded clip.
    shown : Shown
        What it should show.

    Returns
    -------
    Looks
    """
    wanted = lip_aperture(shown.track.points.astype(np.float64), MEDIAPIPE_478)
    original = lip_aperture(shown.original.points.astype(np.float64), MEDIAPIPE_478)
    chosen = np.flatnonzero(shown.track.valid)
    found = np.full(len(wanted), np.nan)
    flicker = _Flicker(_still(shown.track) & _still(shown.original))
    sharpness: list[float] = []
    for index, (image, source) in enumerate(zip(read_frames(path), _source_frames(shown), strict=False)):
        if index and index not in chosen:
            flicker.see(image, source)
            continue
        try:
            landmarks_px = detect_face(image)
        except InputError:
            flicker.see(image, source)
            continue
        found[index] = _aperture(landmarks_px)
        if flicker.box is None:
            flicker.box = _lower_face(landmarks_px, image)
        flicker.see(image, source)
        if len(sharpness) < _SHARPNESS_LOOKS and index in chosen[:: max(1, len(chosen) // _SHARPNESS_LOOKS)]:
            sharpness.append(_sharpness_ratio(image, landmarks_px, source, shown.source))
    seen = chosen[np.isfinite(found[chosen])]
    touching = seen[wanted[seen] < CONTACT_GAP_IOD]
    return Looks(
        checked_frames=len(chosen),
        face_share=len(seen) / len(chosen) if len(chosen) else 1.0,
        retracked_articulation=_slope(original[seen], found[seen]),
        asked_articulation=_slope(original[seen], wanted[seen]),
        retracked_aperture_error_iod=(
            float(np.sqrt(np.mean((found[seen] - wanted[seen]) ** 2))) if len(seen) else None
        ),
        contact_frames=len(touching),
        retracked_contacts_kept_share=float(np.mean(found[touching] < _CLOSED_IOD)) if len(touching) else None,
        flicker_levels=flicker.levels(),
        sharpness_ratio=float(np.median(sharpness)) if sharpness else None,
    )


def _source_frames(shown: Shown) -> Iterator[Image | None]:
    """Yield the frame of the film behind each frame of the clip, None for a clip drawn from one picture."""
    num_frames = shown.track.num_frames
    if isinstance(shown.source, PhotoFace):
        yield from [None] * num_frames
        return
    given = 0
    last: Image | None = None
    for last in islice(read_frames(shown.source), shown.film_frames):
        for _ in range(shown.before_frames + 1 if given == 0 else 1):
            given += 1
            yield last
    while given < num_frames:
        given += 1
        yield last


def _still(track: LandmarkTrack) -> NDArray[np.bool_]:
    """Return the frames between two others in which the lips rest."""
    lips = track.points[:, list(MEDIAPIPE_478.subsets["lips-40"])]
    rests = np.linalg.norm(np.diff(lips, axis=0), axis=-1).max(axis=-1, initial=0.0) < _STILL_IOD
    still = np.zeros(track.num_frames, bool)
    still[1:-1] = rests[1:] & rests[:-1]
    return still


class _Flicker:
    """Second differences in time of the lower face, in frames whose lips rest."""

    def __init__(self, still: NDArray[np.bool_]) -> None:
        self.box: tuple[slice, slice] | None = None
        self._still = still
        self._index = 0
        self._last: list[tuple[Floats, Floats | None]] = []
        self._values: list[float] = []

    def see(self, image: Image, source: Image | None) -> None:
        """Take the next frame."""
        if self.box is not None:
            self._last = [
                *self._last[-2:],
                (_grey(image[self.box]), None if source is None else _grey(source[self.box])),
            ]
            if len(self._last) == 3 and self._still[self._index - 1]:
                clip = _second_difference([frame for frame, _ in self._last])
                film = _second_difference([frame for _, frame in self._last if frame is not None])
                self._values.append(clip - film)
        self._index += 1

    def levels(self) -> float | None:
        """Return the mean, None if the lips hardly ever rest."""
        return float(np.mean(self._values)) if len(self._values) >= _LEAST_STILL_FRAMES else None


def _second_difference(frames: list[Floats]) -> float:
    if len(frames) < 3 or len({frame.shape for frame in frames}) > 1:
        return 0.0
    return float(np.abs(frames[0] - 2 * frames[1] + frames[2]).mean())


def _sharpness_ratio(image: Image, landmarks_px: Floats, film: Image | None, source: PhotoFace | Path) -> float:
    box = _lower_face(landmarks_px, image)
    if isinstance(source, PhotoFace):
        shown = _brought_to(landmarks_px, box, source)
    else:
        assert film is not None
        shown = film[box]
    reference = _sharpness(shown)
    return _sharpness(image[box]) / reference if reference > 0 else float("nan")


def _brought_to(landmarks_px: Floats, box: tuple[slice, slice], source: PhotoFace) -> Image:
    """Return rows and columns of the source picture, laid so that its eyes are those of `landmarks_px`."""
    eyes = list(MEDIAPIPE_478.outer_eye_corners)
    here, there = (points[eyes, :2].astype(np.float64) for points in (landmarks_px, source.landmarks_px))
    picture = source.image
    zoom = np.linalg.norm(here[1] - here[0]) / np.linalg.norm(there[1] - there[0])
    if zoom < 1:  # a reduction must average, as the renderer's does
        size_px = tuple(max(1, round(side * zoom)) for side in (picture.shape[1], picture.shape[0]))
        there = (there + 0.5) * [size_px[0] / picture.shape[1], size_px[1] / picture.shape[0]] - 0.5
        picture = np.asarray(cv2.resize(picture, size_px, interpolation=cv2.INTER_AREA), np.uint8)
    (x, y), (u, v) = there[1] - there[0], here[1] - here[0]
    turn = complex(u, v) / complex(x, y)
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    rows, columns = box
    place = np.column_stack([linear, here[0] - linear @ there[0] - (columns.start, rows.start)])
    size_px = (columns.stop - columns.start, rows.stop - rows.start)
    moved = cv2.warpAffine(picture, place, size_px, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _lower_face(landmarks_px: Floats, image: Image) -> tuple[slice, slice]:
    """Return rows and columns around lips and chin."""
    right, left = landmarks_px[list(MEDIAPIPE_478.outer_eye_corners), :2]
    unit_px = float(np.linalg.norm(left - right))
    x, y = landmarks_px[list(MEDIAPIPE_478.subsets["lips-40"]), :2].mean(axis=0)
    top, bottom = (int(np.clip(y + share * unit_px, 0, image.shape[0])) for share in (-0.3, 0.5))
    first, last = (int(np.clip(x + share * unit_px, 0, image.shape[1])) for share in (-0.5, 0.5))
    return slice(top, max(bottom, top + 1)), slice(first, max(last, first + 1))


def _sharpness(part: Image) -> float:
    return float(cv2.Laplacian(_grey(part), cv2.CV_32F).std())


def _grey(part: Image) -> Floats:
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2GRAY), np.float32)


def _aperture(landmarks_px: Floats) -> float:
    points, _ = normalise_head(landmarks_px[None].astype(np.float64), MEDIAPIPE_478)
    return float(lip_aperture(points, MEDIAPIPE_478)[0])


def _slope(against: Floats, values: Floats) -> float | None:
    spread = against - against.mean() if len(against) > 2 else np.zeros(1)
    power = float((spread**2).sum())
    return float((spread * values).sum() / power) if power > 1e-4 else None
