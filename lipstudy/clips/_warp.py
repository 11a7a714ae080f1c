"""A dense, smooth warp of the lower face, cut along the mouth so that lips part without stretching what lies between.

Two thin-plate splines share the points of cheeks, jaw and anchors; one follows the upper lip, the other the lower. Each
pixel takes the one of its own side of the mouth, so closing lips meet in a line and opening lips leave no smear. Source
of the spline: Bookstein (1989), Principal warps.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.face import MEDIAPIPE_478

__all__ = ["FaceWarp", "WarpMap", "smoothstep", "warp_image"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

_UPPER_LIP = tuple(pair[0] for pair in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs))
_LOWER_LIP = tuple(pair[1] for pair in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs))
_CORNERS = (61, 291, 78, 308)
_SKIN = (
    *(32, 36, 50, 58, 64, 93, 123, 132, 136, 142, 147, 148, 149, 150, 152, 164, 165, 172, 176, 182, 186, 192, 199, 202),
    *(205, 206, 207, 208, 211, 214, 234, 262, 266, 273, 280, 288, 313, 323, 352, 361, 365, 377, 378, 379, 391, 397),
    *(400, 410, 411, 416, 424, 425, 426, 428, 429, 430, 434, 454),
)  # spread evenly over the skin below the eyes, by farthest-point sampling of one face
_FIXED = (33, 133, 362, 263, 168, 6, 197, 195, 4, 2, 98, 327, 119, 348, 174, 117, 346, 127, 356, 46, 276)
_CONTROLS = np.array((*_UPPER_LIP, *_LOWER_LIP, *_CORNERS, *_SKIN, *_FIXED))
_IS_UPPER = np.isin(np.arange(len(_CONTROLS)), np.arange(len(_UPPER_LIP)))
_IS_LOWER = np.isin(np.arange(len(_CONTROLS)), np.arange(len(_UPPER_LIP), len(_UPPER_LIP) + len(_LOWER_LIP)))
_IS_FIXED = np.arange(len(_CONTROLS)) >= len(_CONTROLS) - len(_FIXED)
_STIFFNESS = np.where(np.isin(_CONTROLS, _SKIN), 2e-3, 1e-5)
"""How far the spline may miss a landmark: skin points are averaged a little, lips are met."""

_STEP_IOD = 0.05
_ROOM_BELOW_CHIN_IOD = 0.45
_ROOM_BESIDE_FACE_IOD = 0.15


def smoothstep(value: Floats | float, start: float, end: float) -> Floats:
    """Return 0 up to `start`, 1 from `end`, and a smooth rise between."""
    part = np.clip((np.asarray(value) - start) / (end - start), 0, 1)
    return np.asarray(part * part * (3 - 2 * part))


@dataclass(frozen=True, slots=True)
class WarpMap:
    """For each pixel of a rectangle of the picture, the place in the source picture that it shows."""

    left_px: int
    """Column of the rectangle's first pixel."""
    top_px: int
    """Row of the rectangle's first pixel."""
    upper: NDArray[np.float32]
    """(h, w, 2) source x, y for pixels above the mouth line."""
    lower: NDArray[np.float32]
    """(h, w, 2) source x, y for pixels below the mouth line."""
    folds: int
    """Grid cells in which the map turns over (Jacobian not positive) on the side of the mouth where it is used."""

    @property
    def rows(self) -> slice:
        """Rows of the picture that the rectangle covers."""
        return slice(self.top_px, self.top_px + self.upper.shape[0])

    @property
    def columns(self) -> slice:
        """Columns of the picture that the rectangle covers."""
        return slice(self.left_px, self.left_px + self.upper.shape[1])


@dataclass(frozen=True, slots=True)
class FaceWarp:
    """The frame of one head in one picture: where its lower face lies and how large it is."""

    origin_px: Floats
    """(2,) midway between the outer eye corners."""
    right_axis: Floats
    """(2,) unit vector along the eyes, to the picture's right."""
    unit_px: float
    """Pixels to one inter-ocular distance."""
    size_px: tuple[int, int]
    """(width, height) of the picture."""

    @classmethod
    def of(cls, points_px: Floats, *, unit_px: float, size_px: tuple[int, int]) -> "FaceWarp":
        """Return the frame of the head whose landmarks (K, >= 2) are `points_px`."""
        right, left = points_px[list(MEDIAPIPE_478.outer_eye_corners), :2]
        along = left - right
        return cls((right + left) / 2, along / np.linalg.norm(along), float(unit_px), size_px)

    @property
    def axes(self) -> Floats:
        """(2, 2) unit vectors as rows: right, down."""
        x, y = self.right_axis
        return np.array([[x, y], [-y, x]])

    def to_head(self, points_px: Floats) -> Floats:
        """Return pixels (..., 2) in the head's own axes, in IOD."""
        return np.asarray((points_px - self.origin_px) @ self.axes.T / self.unit_px)

    def map_between(self, source_px: Floats, target_px: Floats) -> WarpMap:
        """Return the map that carries the face at `source_px` to `target_px`, both (K, >= 2) pixels."""
        source = self.to_head(source_px[_CONTROLS, :2])
        target = self.to_head(target_px[_CONTROLS, :2])
        target[_IS_FIXED] = source[_IS_FIXED]
        left, top, columns, rows, step = self._rectangle(source, target)
        x = left + (np.arange(columns) + 0.5) * step - 0.5
        y = top + (np.arange(rows) + 0.5) * step - 0.5
        nodes_px = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        nodes = self.to_head(nodes_px)
        window = _window(nodes, source, target)
        moves = _spline_pair(nodes, target, source - target) * window[:, None]
        folds = _count_folds(moves.reshape(rows, columns, 4), nodes, target, step / self.unit_px)
        moves_px = (moves.reshape(-1, 2, 2) @ (self.axes * self.unit_px)).reshape(rows, columns, 4)
        upper, lower = (
            self._places(moves_px[..., side].astype(np.float32), left, top, step) for side in (slice(0, 2), slice(2, 4))
        )
        return WarpMap(max(0, left), max(0, top), upper, lower, folds)

    def _places(self, moves_px: NDArray[np.float32], left: int, top: int, step: int) -> NDArray[np.float32]:
        rows, columns, _ = moves_px.shape
        width, height = self.size_px
        dense = cv2.resize(moves_px, (columns * step, rows * step), interpolation=cv2.INTER_LINEAR)
        dense = dense[max(0, -top) : height - top, max(0, -left) : width - left]
        left, top = max(0, left), max(0, top)
        dense[..., 0] += np.arange(left, left + dense.shape[1], dtype=np.float32)
        dense[..., 1] += np.arange(top, top + dense.shape[0], dtype=np.float32)[:, None]
        return np.asarray(dense)

    def _rectangle(self, source: Floats, target: Floats) -> tuple[int, int, int, int, int]:
        low, high = _reach(source, target)
        corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
        corners_px = corners @ self.axes * self.unit_px + self.origin_px
        step = max(2, round(_STEP_IOD * self.unit_px))
        left, top = np.floor(corners_px.min(0)).astype(int) - 2 * step
        right, bottom = np.ceil(corners_px.max(0)).astype(int) + 2 * step
        return int(left), int(top), int((right - left) // step + 1), int((bottom - top) // step + 1), step


def _reach(source: Floats, target: Floats) -> tuple[Floats, Floats]:
    skin = np.concatenate([points[np.isin(_CONTROLS, _SKIN)] for points in (source, target)])
    low, high = skin.min(0), skin.max(0)
    bottom = high[1] + _ROOM_BELOW_CHIN_IOD
    return (
        np.array([low[0] - _ROOM_BESIDE_FACE_IOD, 0.1]),
        np.array([high[0] + _ROOM_BESIDE_FACE_IOD, bottom]),
    )


def _window(nodes: Floats, source: Floats, target: Floats) -> Floats:
    # A rounded box, exactly 0 outside: beyond it the picture stays as it is, bit for bit.
    low, high = _reach(source, target)
    across = (nodes - (low + high) / 2) / ((high - low) / 2)
    radius = (across**4).sum(-1) ** 0.25
    return np.asarray(1 - smoothstep(radius, 0.72, 1.0))


def _spline_pair(nodes: Floats, controls: Floats, moves: Floats) -> Floats:
    kernel = _kernel(nodes, controls)
    plane = np.column_stack([np.ones(len(nodes)), nodes])
    between = _kernel(controls, controls)
    both = np.empty((len(nodes), 4))
    for column, left_out in ((0, _IS_LOWER), (2, _IS_UPPER)):
        used = np.flatnonzero(~left_out)
        count = len(used)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = between[np.ix_(used, used)] + np.diag(_STIFFNESS[used])
        system[:count, count:] = np.column_stack([np.ones(count), controls[used]])
        system[count:, :count] = system[:count, count:].T
        weights = np.linalg.solve(system, np.vstack([moves[used], np.zeros((3, 2))]))
        full = np.zeros((len(controls), 2), np.float32)
        full[used] = weights[:count]
        both[:, column : column + 2] = kernel @ full + plane @ weights[count:]
    return both


def _kernel(a: Floats, b: Floats) -> NDArray[np.float32]:
    squared = (a[:, None, 0] - b[None, :, 0]).astype(np.float32) ** 2
    squared += (a[:, None, 1] - b[None, :, 1]).astype(np.float32) ** 2
    return np.asarray(squared * np.log(squared + np.float32(1e-12)))


def _count_folds(moves: Floats, nodes: Floats, target: Floats, step: float) -> int:
    mouth_line = target[np.isin(_CONTROLS, _CORNERS), 1].mean()
    rows, columns, _ = moves.shape
    above = nodes[:, 1].reshape(rows, columns) < mouth_line
    folds = 0
    for side, used in ((moves[..., :2], above), (moves[..., 2:], ~above)):
        along_y, along_x = np.gradient(side, step, axis=(0, 1))
        jacobian = (1 + along_x[..., 0]) * (1 + along_y[..., 1]) - along_x[..., 1] * along_y[..., 0]
        folds += int(((jacobian <= 0) & used).sum())
    return folds


def warp_image(image: Image, warp: WarpMap, mouth_share: Floats, mouth_rows: slice) -> Image:
    """Return the warped rectangle: the upper map above the mouth, the lower below, mixed in `mouth_rows`.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3) uint8
        The source picture.
    warp : WarpMap
        The maps.
    mouth_share : ndarray of shape (rows of the mouth, w, 1)
        The part that the lower map has in each pixel, 0 to 1.
    mouth_rows : slice
        Those rows, counted in the rectangle.

    Returns
    -------
    ndarray of shape (h, w, 3) uint8
    """
    start, stop = mouth_rows.start, mouth_rows.stop
    above = _remap(image, warp.upper[:stop])
    below = _remap(image, warp.lower[start:])
    mixed = above[start:] + (below[: stop - start].astype(np.float32) - above[start:]) * mouth_share
    return np.concatenate([above[:start], np.rint(mixed).astype(np.uint8), below[stop - start :]])


def _remap(image: Image, where: NDArray[np.float32]) -> Image:
    return np.asarray(
        cv2.remap(image, where, None, interpolation=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
