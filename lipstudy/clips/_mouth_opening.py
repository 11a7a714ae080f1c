"""Where a mouth is open in a picture: the inner lip contour as two curves, and what is seen in it unrolled."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._warp import FaceWarp
from lipstudy.face import MEDIAPIPE_478

__all__ = [
    "EVENLY",
    "LIP_EDGE_IOD",
    "STRIP_ROWS",
    "MouthOpening",
    "interior_strip",
    "mouth_opening",
    "over_places",
]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

_RIGHT, _LEFT = 78, 308
_UPPER = [_RIGHT, *(upper for upper, _ in MEDIAPIPE_478.inner_lip_pairs), _LEFT]
_LOWER = [_RIGHT, *(lower for _, lower in MEDIAPIPE_478.inner_lip_pairs), _LEFT]
EVENLY = np.linspace(0, 1, 8 * len(_UPPER))
"""Places at which curves along a mouth are kept, as parts of its width."""
_EDGE_SIGMA = 2.5
"""Smoothing of those curves, in such places."""
STRIP_ROWS, _STRIP_COLUMNS = 24, 10
LIP_EDGE_IOD = 0.012
"""The inner lip contour is this uncertain: lips are sampled so far outside of it, teeth so far inside."""


@dataclass(frozen=True, slots=True)
class MouthOpening:
    """The inner lip contour as two curves over columns of the head's own right axis."""

    left_px: float
    """Where the contour begins on that axis, pixels from the eyes' midpoint."""
    right_px: float
    """Where it ends."""
    across_px: Floats
    """(N,) places along the axis, rising."""
    top_px: Floats
    """(N,) the upper lip's edge at those places, pixels down from the eyes."""
    bottom_px: Floats
    """(N,) the lower lip's edge; never above `top_px`."""
    centre_bottom_px: float
    """The lower lip's edge in the middle: the mean of its five central landmarks."""

    def at(self, across_px: Floats) -> tuple[Floats, Floats]:
        """Return (top, bottom) at places along the axis; beyond the corners both are the corner's."""
        return np.interp(across_px, self.across_px, self.top_px), np.interp(across_px, self.across_px, self.bottom_px)

    def over(self, across_px: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what `at` does for a plane of places, several times as fast."""
        both = over_places(across_px, self.left_px, self.right_px, self.top_px, self.bottom_px)
        return both[..., 0], both[..., 1]


def mouth_opening(points_px: Floats, frame: FaceWarp) -> MouthOpening:
    """Return the inner lip contour of landmarks (K, >= 2) in the head's axes."""
    upper, lower = (_curve((points_px[edge, :2] - frame.origin_px) @ frame.axes.T) for edge in (_UPPER, _LOWER))
    left, right = float(upper[0, 0]), float(max(upper[-1, 0], upper[0, 0] + 1e-3))
    across = left + (right - left) * EVENLY
    top, bottom = (_smooth(np.interp(across, np.maximum.accumulate(edge[:, 0]), edge[:, 1])) for edge in (upper, lower))
    middle = (top + bottom) / 2
    low = (points_px[_LOWER[3:8], :2] - frame.origin_px) @ frame.axes[1]
    return MouthOpening(
        left, right, across, np.minimum(top, middle), np.maximum(bottom, middle), centre_bottom_px=float(low.mean())
    )


def _smooth(edge: Floats) -> Floats:
    # Points of both lips that lie over each other beside a corner would make a step.
    kernel = cv2.getGaussianKernel(2 * round(3 * _EDGE_SIGMA) + 1, _EDGE_SIGMA).ravel()
    return np.convolve(np.pad(edge, len(kernel) // 2, mode="reflect", reflect_type="odd"), kernel, "valid")


def _curve(points: Floats) -> Floats:
    # Catmull-Rom: through every landmark, without the corners that straight pieces would show.
    return _catmull_rom(len(points)) @ points


@cache
def _catmull_rom(count: int) -> Floats:
    """Return what makes a curve of (4 * (count - 1) + 1) points out of `count`."""
    points = np.eye(count)
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    before, start, end, after = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = np.linspace(0, 1, 4, endpoint=False)[None, :, None]
    pieces = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    return np.vstack([pieces.reshape(-1, count), points[-1]])


def interior_strip(image: Image, opening: MouthOpening, frame: FaceWarp) -> Image:
    """Return the inside of the mouth unrolled: (rows, columns, 3) RGB from upper to lower lip, corner to corner."""
    across = opening.left_px + (np.arange(_STRIP_COLUMNS) + 0.5) / _STRIP_COLUMNS * (opening.right_px - opening.left_px)
    top, bottom = opening.at(across)
    edge = np.minimum(LIP_EDGE_IOD * frame.unit_px, (bottom - top) / 2)
    down = np.linspace(top + edge, bottom - edge, STRIP_ROWS)
    where = np.stack([np.broadcast_to(across, down.shape), down], axis=-1) @ frame.axes + frame.origin_px
    return np.asarray(cv2.remap(image, where.astype(np.float32), None, interpolation=cv2.INTER_LINEAR))


def over_places(
    across_px: NDArray[np.float32], left_px: float, right_px: float, *curves: Floats
) -> NDArray[np.float32]:
    """Return curves (N,) that run from `left_px` to `right_px`, at places (h, w): (h, w, curves)."""
    places = (across_px - left_px) * ((len(curves[0]) - 1) / (right_px - left_px))
    looked_up = cv2.remap(
        np.stack(curves, axis=-1, dtype=np.float32)[None],
        places,
        np.zeros_like(places),
        interpolation=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(looked_up, np.float32)
