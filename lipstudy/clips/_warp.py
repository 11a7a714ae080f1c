"""A dense, smooth warp of the lower face, cut along the mouth so that lips part without stretching what lies between.

Two thin-plate splines share the points of cheeks, jaw and anchors; one follows the upper lip, the other the lower. Each
pixel takes the one of its own side of the mouth, so closing lips meet in a line and opening lips leave no smear. Source
of the spline: Bookstein (1989), Principal warps.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.face import MEDIAPIPE_478

__all__ = [
    "FaceWarp",
    "WarpMap",
    "look_up",
    "lower_share",
    "on_one_thread",
    "repeated",
    "smoothstep",
    "to_bytes",
    "warp_image",
]

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
_IS_SKIN = np.isin(_CONTROLS, _SKIN)
_UPPER_EDGE, _LOWER_EDGE = (
    [_CONTROLS.tolist().index(point) for point in (78, *(pair[side] for pair in MEDIAPIPE_478.inner_lip_pairs), 308)]
    for side in (0, 1)
)
"""Where the inner lips' edges are among the controls, from corner to corner."""
_SIDES = tuple(np.flatnonzero(~left_out) for left_out in (_IS_LOWER, _IS_UPPER))
"""The controls that each half of the face follows."""
_STIFFNESS = np.where(_IS_SKIN, 2e-3, 1e-5)
"""How far the spline may miss a landmark: skin points are averaged a little, lips are met."""

_STEP_IOD = 0.07
_STILL_PX = 0.03
"""Where nothing moves by this much the picture stays as it is, and costs nothing: pixels are looked up to 1/32."""
_MOUTH_ROOM_IOD = 0.15
_ROOM_BELOW_CHIN_IOD = 0.45
_ROOM_BESIDE_FACE_IOD = 0.15


def smoothstep(value: Floats | float, start: float, end: float) -> Floats:
    """Return 0 up to `start`, 1 from `end`, and a smooth rise between."""
    part = np.minimum(np.maximum((np.asarray(value) - start) / (end - start), 0), 1)
    return np.asarray(part * part * (3 - 2 * part))


def lower_share(below_px: Floats, beyond_px: Floats, *, unit_px: float) -> Floats:
    """Return the part that the lower half of the face has, so far below the mouth line and beyond its nearer corner.

    Beside the mouth the two halves pass into each other, the more softly the farther from the corner.
    """
    soft_px = 0.7 + 0.3 * np.minimum(np.maximum(beyond_px, 0), 0.3 * unit_px)
    return np.asarray(np.minimum(np.maximum(0.5 + below_px / (2 * soft_px), 0), 1))


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Keep OpenCV from dividing the pixels of one face among threads: they wait longer than they work.

    While they wait they hold the processor, which the encoder beside them needs.
    """
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


@dataclass(frozen=True, slots=True)
class WarpMap:
    """For each pixel of a rectangle of the picture, the place in the source picture that it shows."""

    left_px: int
    """Column of the rectangle's first pixel."""
    top_px: int
    """Row of the rectangle's first pixel."""
    width_px: int
    """Its width."""
    height_px: int
    """Its height."""
    moves_px: NDArray[np.float32]
    """(3, rows, columns, 2) how far pixels move, at the middles of squares: above the mouth line, below it, and both as
    they pass into each other."""
    step_px: int
    """Side of a square."""
    ahead_px: tuple[int, int]
    """Rows of the first squares that lie above the rectangle, columns that lie left of it."""
    folds: int
    """Grid cells of the part asked for in which the map turns over (Jacobian not positive) on the side of the mouth
    where it is used: what lies between the lips is not seen through it."""

    @property
    def rows(self) -> slice:
        """Rows of the picture that the rectangle covers."""
        return slice(self.top_px, self.top_px + self.height_px)

    @property
    def columns(self) -> slice:
        """Columns of the picture that the rectangle covers."""
        return slice(self.left_px, self.left_px + self.width_px)

    def above(self, part: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return the source x, y, (h, w, 2), of a part of the rectangle if it lies above the mouth line."""
        return self._places(0, part)

    def below(self, part: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return the same if it lies below it."""
        return self._places(1, part)

    def _places(self, side: int, part: tuple[slice, slice]) -> NDArray[np.float32]:
        rows, columns = part
        dense = self._dense(self.moves_px[side], part)
        dense[..., 0] += np.arange(self.left_px + columns.start, self.left_px + columns.stop, dtype=np.float32)
        dense[..., 1] += np.arange(self.top_px + rows.start, self.top_px + rows.stop, dtype=np.float32)[:, None]
        return dense

    def moved(self) -> NDArray[np.float32]:
        """Return the source x, y, (h, w, 2), of the whole rectangle where both halves pass into each other.

        Counted from each pixel's own place in the rectangle, as `cv2.WARP_RELATIVE_MAP` has it.
        """
        shift = np.array([self.left_px, self.top_px], np.float32)
        return self._dense(self.moves_px[2] + shift, (slice(0, self.height_px), slice(0, self.width_px)))

    def _dense(self, coarse: NDArray[np.float32], part: tuple[slice, slice]) -> NDArray[np.float32]:
        needed, own = [], []
        for side, ahead_px in zip(part, self.ahead_px, strict=True):
            # Cubic interpolation reaches two squares far.
            first = max(0, (side.start + ahead_px) // self.step_px - 2)
            needed.append(slice(first, (side.stop + ahead_px) // self.step_px + 3))
            start = side.start + ahead_px - first * self.step_px
            own.append(slice(start, start + side.stop - side.start))
        coarse = coarse[needed[0], needed[1]]
        size_px = (coarse.shape[1] * self.step_px, coarse.shape[0] * self.step_px)
        return np.asarray(cv2.resize(coarse, size_px, interpolation=cv2.INTER_CUBIC)[own[0], own[1]], np.float32)


@dataclass(frozen=True, slots=True)
class FaceWarp:
    """The frame of one head in one picture: where its lower face lies and how large it is."""

    origin_px: Floats
    """(2,) midway between the outer eye corners."""
    axes: Floats
    """(2, 2) unit vectors as rows: along the eyes to the picture's right, and down."""
    unit_px: float
    """Pixels to one inter-ocular distance."""
    size_px: tuple[int, int]
    """(width, height) of the picture."""

    @classmethod
    def of(cls, points_px: Floats, *, unit_px: float, size_px: tuple[int, int]) -> "FaceWarp":
        """Return the frame of the head whose landmarks (K, >= 2) are `points_px`."""
        right, left = points_px[list(MEDIAPIPE_478.outer_eye_corners), :2]
        x, y = (left - right) / np.linalg.norm(left - right)
        return cls((right + left) / 2, np.array([[x, y], [-y, x]]), float(unit_px), size_px)

    def to_head(self, points_px: Floats) -> Floats:
        """Return pixels (..., 2) in the head's own axes, in IOD."""
        return np.asarray((points_px - self.origin_px) @ self.axes.T / self.unit_px)

    def map_between(self, source_px: Floats, target_px: Floats) -> WarpMap:
        """Return the map that carries the face at `source_px` to `target_px`, both (K, >= 2) pixels."""
        return self.maps_between([source_px], target_px, [self.whole])[0]

    @property
    def whole(self) -> tuple[slice, slice]:
        """Rows and columns of the whole picture."""
        return slice(0, self.size_px[1]), slice(0, self.size_px[0])

    def maps_between(
        self, sources_px: Sequence[Floats], target_px: Floats, parts: Sequence[tuple[slice, slice]]
    ) -> list[WarpMap]:
        """Return the maps that carry several faces to one target, for little more than the cost of one.

        Parameters
        ----------
        sources_px : sequence of ndarray of shape (K, >= 2)
            Landmarks of each face, pixels. Eyes and nose of all are brought to those of the first, which stay; on the
            lips of the first the others lie.
        target_px : ndarray of shape (K, >= 2)
            Where the landmarks shall be.
        parts : sequence of tuple of slice
            For each source, rows and columns of the part of the picture that its image covers; its map is in the
            pixels of that part.
        """
        sources = self.to_head(np.stack([source_px[_CONTROLS, :2] for source_px in sources_px]))
        target = self.to_head(target_px[_CONTROLS, :2])
        target[_IS_FIXED] = sources[0, _IS_FIXED]
        low, high = _reach(sources, target)
        grid = self._grid(low, high)
        nodes = self.to_head(np.stack(np.meshgrid(grid.x_px, grid.y_px), axis=-1)).astype(np.float32)
        window = _window(nodes, low, high)
        inside = window > 0
        edges = _edges_at(nodes, target)
        # (source; above the mouth line, below, both; rows, columns, axes)
        moves = np.zeros((len(sources), 3, *grid.shape, 2), np.float32)
        found = _spline_pair(nodes[inside], target, sources - target)
        found *= window[inside, None]
        moves[:, :2, inside] = found
        corners = target[_UPPER_EDGE][[0, -1], 0]
        beyond = np.maximum(corners[0] - nodes[..., 0], nodes[..., 0] - corners[1])
        below = nodes[..., 1] - (edges[0] + edges[1]) / 2
        share = lower_share(below * self.unit_px, beyond * self.unit_px, unit_px=self.unit_px)
        moves[:, 2] = moves[:, 0] + share[..., None] * (moves[:, 1] - moves[:, 0])
        moves_px = (moves.reshape(-1, 2) @ (self.axes * self.unit_px).astype(np.float32)).reshape(moves.shape)
        lips = target[_IS_UPPER | _IS_LOWER]
        low, high = lips.min(0), lips.max(0)
        across_px, down_px = np.moveaxis(np.abs(moves_px[:, :2]).max(1), -1, 0)
        used = (np.maximum(across_px, down_px) > _STILL_PX) | _within(nodes, low, high, room=_MOUTH_ROOM_IOD)
        step = grid.step_px / self.unit_px
        folded = _folded(moves[:, :2], nodes, edges, step)
        if len(sources) > 1:
            folded[0] &= ~_within(nodes, low, high - step, room=0)[:-1, :-1]
        return [
            _cut(own_px, where, grid, part, int((folds & grid.cells_in(part)).sum()))
            for own_px, where, part, folds in zip(moves_px, used, parts, folded, strict=True)
        ]

    def _grid(self, low: Floats, high: Floats) -> "_Grid":
        corners = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
        corners_px = corners @ self.axes * self.unit_px + self.origin_px
        step = max(2, round(_STEP_IOD * self.unit_px))
        left, top = np.floor(corners_px.min(0)).astype(int) - 2 * step
        right, bottom = np.ceil(corners_px.max(0)).astype(int) + 2 * step
        return _Grid(int(left), int(top), int((right - left) // step + 1), int((bottom - top) // step + 1), step)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Nodes at which a warp is worked out, each the middle of a square of pixels."""

    left_px: int
    top_px: int
    columns: int
    rows: int
    step_px: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.columns

    def cells_in(self, part: tuple[slice, slice]) -> NDArray[np.bool_]:
        """Return which cells between the nodes, (rows - 1, columns - 1), lie in a part of the picture."""
        down, across = (
            (places[1:] >= side.start) & (places[:-1] < side.stop)
            for places, side in zip((self.y_px, self.x_px), part, strict=True)
        )
        return np.asarray(down[:, None] & across)

    @property
    def x_px(self) -> Floats:
        return self.left_px + (np.arange(self.columns) + 0.5) * self.step_px - 0.5

    @property
    def y_px(self) -> Floats:
        return self.top_px + (np.arange(self.rows) + 0.5) * self.step_px - 0.5


def _cut(
    moves_px: NDArray[np.float32], used: NDArray[np.bool_], grid: _Grid, part: tuple[slice, slice], folds: int
) -> WarpMap:
    """Return the map of a part of the picture from the moves (3, rows, columns, 2) at nodes, where they are `used`."""
    step, (in_rows, in_columns) = grid.step_px, part
    rows = _span(np.asarray(used.any(1)), (in_rows.start - grid.top_px) // step, (in_rows.stop - grid.top_px) // step)
    columns = _span(
        np.asarray(used.any(0)), (in_columns.start - grid.left_px) // step, (in_columns.stop - grid.left_px) // step
    )
    top, left = grid.top_px + rows.start * step - in_rows.start, grid.left_px + columns.start * step - in_columns.start
    end_y, end_x = in_rows.stop - in_rows.start, in_columns.stop - in_columns.start
    height = min(end_y, top + (rows.stop - rows.start) * step) - max(0, top)
    width = min(end_x, left + (columns.stop - columns.start) * step) - max(0, left)
    return WarpMap(
        left_px=max(0, left),
        top_px=max(0, top),
        width_px=width,
        height_px=height,
        moves_px=np.ascontiguousarray(moves_px[:, rows, columns]),
        step_px=step,
        ahead_px=(max(0, -top), max(0, -left)),
        folds=folds,
    )


def _span(used: NDArray[np.bool_], first: int, last: int) -> slice:
    # Cubic interpolation reaches two nodes far, and its result shall not end where something moves.
    found = np.flatnonzero(used)
    return slice(max(0, int(found[0]) - 2, first - 2), min(int(found[-1]), last) + 3)


def _reach(sources: Floats, target: Floats) -> tuple[Floats, Floats]:
    skin = np.concatenate([sources[:, _IS_SKIN].reshape(-1, 2), target[_IS_SKIN]])
    low, high = skin.min(0), skin.max(0)
    bottom = high[1] + _ROOM_BELOW_CHIN_IOD
    return (
        np.array([low[0] - _ROOM_BESIDE_FACE_IOD, 0.1]),
        np.array([high[0] + _ROOM_BESIDE_FACE_IOD, bottom]),
    )


def _within(nodes: Floats, low: Floats, high: Floats, *, room: float) -> NDArray[np.bool_]:
    """Return which nodes (rows, columns, 2) lie in a box, or so near it."""
    x, y = nodes[..., 0], nodes[..., 1]
    (left, top), (right, bottom) = low - room, high + room
    return np.asarray((x > left) & (x < right) & (y > top) & (y < bottom))


def _window(nodes: Floats, low: Floats, high: Floats) -> Floats:
    # A rounded box, exactly 0 outside: beyond it the picture stays as it is, bit for bit.
    to_fourth = ((nodes - (low + high) / 2) / ((high - low) / 2)) ** 2
    to_fourth *= to_fourth
    radius = np.sqrt(np.sqrt(to_fourth[..., 0] + to_fourth[..., 1]))
    return np.asarray(1 - smoothstep(radius, 0.72, 1.0))


def _edges_at(nodes: Floats, target: Floats) -> Floats:
    """Return where the inner lips' edges are, (2, rows, columns), in the columns of nodes (rows, columns, 2)."""
    edges = (target[side] for side in (_UPPER_EDGE, _LOWER_EDGE))
    return np.stack([np.interp(nodes[..., 0], np.maximum.accumulate(edge[:, 0]), edge[:, 1]) for edge in edges])


def _spline_pair(nodes: Floats, controls: Floats, moves: Floats) -> NDArray[np.float32]:
    """Return (moves, 2, nodes, 2): moves (moves, controls, 2) at the nodes, by each lip without those of the other."""
    kernel = _kernel(nodes, controls.astype(np.float32))
    plane = np.column_stack([np.ones(len(nodes)), nodes]).astype(np.float32)
    between = _kernel(controls, controls)
    between[np.diag_indices(len(controls))] += _STIFFNESS
    found = np.empty((len(moves), 2, len(nodes), 2), np.float32)
    for side, used in enumerate(_SIDES):
        count = len(used)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = between[used[:, None], used]
        system[:count, count] = 1
        system[:count, count + 1 :] = controls[used]
        system[count:, :count] = system[:count, count:].T
        wanted = np.zeros((count + 3, 2 * len(moves)))
        wanted[:count] = moves[:, used].transpose(1, 0, 2).reshape(count, -1)
        weights = np.linalg.solve(system, wanted).astype(np.float32)
        spread = np.zeros((len(controls), 2 * len(moves)), np.float32)
        spread[used] = weights[:count]
        for index in range(len(moves)):
            # A product of more columns is large enough for BLAS to wake its threads, which costs more than it saves.
            columns = slice(2 * index, 2 * index + 2)
            found[index, side] = kernel @ spread[:, columns] + plane @ weights[count:, columns]
    return found


def _kernel(a: Floats, b: Floats) -> Floats:
    across, down = a[:, :1] - b[:, 0], a[:, 1:] - b[:, 1]
    across *= across
    down *= down
    across += down
    across += 1e-12
    return np.asarray(across * cv2.log(across))


def _folded(moves: Floats, nodes: Floats, edges: Floats, step: float) -> NDArray[np.bool_]:
    """Return which cells turn over in moves (S, 2, rows, columns, 2) on the side of the mouth where they are used.

    Shape (S, 2, rows - 1, columns - 1).
    """
    top = nodes[:-1, :-1, 1]
    upper_lip, lower_lip = (edges[:, :-1, :-1] + edges[:, :-1, 1:]) / 2
    along_x = (moves[:, :, :-1, 1:] - moves[:, :, :-1, :-1]) / step
    along_y = (moves[:, :, 1:, :-1] - moves[:, :, :-1, :-1]) / step
    jacobian = (1 + along_x[..., 0]) * (1 + along_y[..., 1]) - along_x[..., 1] * along_y[..., 0]
    return np.asarray((jacobian <= 0) & np.stack([top < upper_lip, top + step > lower_lip]))


def warp_image(image: NDArray[np.float32], warp: WarpMap) -> NDArray[np.float32]:
    """Return the warped rectangle, (h, w, 3), wrong around the mouth, where it is cut: what lies there is laid over it.

    Of an image (H, W, 3), 0 to 255, in floats: cubic lookups in them cost half of those in bytes. A little below 0 and
    above 255 too, where the cubic overshoots.
    """
    return look_up(image, warp.moved(), flags=cv2.WARP_RELATIVE_MAP)


def look_up(image: NDArray[np.float32], where: NDArray[np.float32], *, flags: int = 0) -> NDArray[np.float32]:
    """Return what an image (H, W, 3) has at source x, y, (h, w, 2)."""
    seen = cv2.remap(image, where, None, interpolation=cv2.INTER_CUBIC | flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.float32)


def repeated(plane: Floats, channels: int) -> NDArray[np.float32]:
    """Return (h, w, channels) with a plane (h, w) in each: NumPy multiplies such by pixels ten times as fast."""
    return np.asarray(cv2.merge((np.asarray(plane, np.float32),) * channels), np.float32)


def to_bytes(image: NDArray[np.float32]) -> Image:
    """Return an image of floats as bytes: rounded, and held within 0 to 255."""
    return np.asarray(cv2.addWeighted(image, 1, image, 0, 0, dtype=cv2.CV_8U), np.uint8)
