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
    "ABOVE",
    "BELOW",
    "BOTH",
    "FaceWarp",
    "WarpMap",
    "look_up",
    "lower_share",
    "on_one_thread",
    "repeated",
    "smoothstep",
    "to_bytes",
]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

ABOVE, BELOW, BOTH = range(3)
"""Sides of the mouth line."""

_UPPER_LIP = tuple(pair[0] for pair in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs))
_LOWER_LIP = tuple(pair[1] for pair in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs))
_CORNERS = (61, 291, 78, 308)
_SKIN = (
    *(32, 36, 50, 58, 64, 93, 123, 132, 136, 142, 147, 148, 149, 150, 152, 164, 165, 172, 176, 182, 186, 192, 199, 202),
    *(205, 206, 207, 208, 211, 214, 234, 262, 266, 273, 280, 288, 313, 323, 352, 361, 365, 377, 378, 379, 391, 397),
    *(400, 410, 411, 416, 424, 425, 426, 428, 429, 430, 434, 454),
)  # spread evenly over the skin below the eyes, by farthest-point sampling of one face
_FIXED = (33, 133, 362, 263, 168, 6, 197, 195, 4, 2, 98, 327, 119, 348, 174, 117, 346, 127, 356, 46, 276)
_CONTROLS = np.array((*_UPPER_LIP, *_CORNERS, *_SKIN, *_FIXED, *_LOWER_LIP))
"""The lower lip's come last: without them the first are those that the upper half of the face follows."""
_IS_LIP, _IS_SKIN, _IS_FIXED = (np.isin(_CONTROLS, each) for each in ((*_UPPER_LIP, *_LOWER_LIP), _SKIN, _FIXED))
_UPPER_EDGE, _LOWER_EDGE = (
    [_CONTROLS.tolist().index(point) for point in (78, *(pair[side] for pair in MEDIAPIPE_478.inner_lip_pairs), 308)]
    for side in (0, 1)
)
"""Where the inner lips' edges are among the controls, from corner to corner."""
_STIFFNESS = np.where(_IS_SKIN, 2e-3, 1e-5)
"""How far the spline may miss a landmark: skin points are averaged a little, lips are met."""
_PLANE = slice(len(_CONTROLS) - len(_LOWER_LIP), len(_CONTROLS) - len(_LOWER_LIP) + 3)
"""Where the spline's plane lies among its controls: before the lower lip, so that both halves are one piece."""
_IS_CONTROL = np.array([*range(_PLANE.start), *range(_PLANE.stop, len(_CONTROLS) + 3)])
_WITH_PLANE = np.insert(np.arange(len(_CONTROLS)), [_PLANE.start] * 3, 0)
_HALVES = slice(None, -len(_LOWER_LIP)), slice(len(_UPPER_LIP), None)
"""The controls that each half of the face follows, and the plane."""

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

    def moved(self, side: int, part: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return the source x, y, (h, w, 2), of a part of the rectangle if it lies ABOVE the mouth line, or BELOW it.

        Or of BOTH where these pass into each other. Counted from each pixel's own place in the rectangle.
        """
        return self._dense(self.moves_px[side] + np.array([self.left_px, self.top_px], np.float32), part)

    @property
    def whole(self) -> tuple[slice, slice]:
        """Rows and columns of the rectangle, counted from its first pixel."""
        return slice(0, self.height_px), slice(0, self.width_px)

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
        return self.maps_between([[source_px]], target_px[None], [[self.whole]])[0][0]

    @property
    def whole(self) -> tuple[slice, slice]:
        """Rows and columns of the whole picture."""
        return slice(0, self.size_px[1]), slice(0, self.size_px[0])

    def maps_between(
        self,
        sources_px: Sequence[Sequence[Floats]],
        targets_px: Floats,
        parts: Sequence[Sequence[tuple[slice, slice]]],
    ) -> list[list[WarpMap]]:
        """Return the maps that carry faces to the targets of several frames, for far less than one by one.

        Parameters
        ----------
        sources_px : sequence of sequence of ndarray of shape (K, >= 2)
            For each frame the landmarks of each face, pixels. Eyes and nose of all are brought to those of the first,
            which stay; on the lips of the first the others lie.
        targets_px : ndarray of shape (frames, K, >= 2)
            Where the landmarks shall be.
        parts : sequence of sequence of tuple of slice
            For each source, rows and columns of the part of the picture that its image covers; its map is in the
            pixels of that part.
        """
        counts = np.array([len(each) for each in sources_px])
        starts = np.cumsum(counts) - counts
        # (faces, ...) in the order of frames, or (frames, ...) for what the faces of a frame share.
        sources = self.to_head(np.stack([face_px[_CONTROLS, :2] for each in sources_px for face_px in each]))
        targets = self.to_head(targets_px[:, _CONTROLS, :2])
        targets[:, _IS_FIXED] = sources[starts][:, _IS_FIXED]
        low, high = _reach(sources, targets, starts)
        grid = self._grid(low, high)
        x, y = (
            np.expand_dims((px - at) / self.unit_px, axis)
            for px, at, axis in ((grid.x_px, self.origin_px[0], (1, 3)), (grid.y_px, self.origin_px[1], (2, 3)))
        )
        nodes = (x * self.axes[:, 0] + y * self.axes[:, 1]).astype(np.float32)
        window = _window(nodes, low, high)
        edges = np.stack([_edges_at(*each) for each in zip(nodes, targets, strict=True)], axis=1)
        corners = targets[:, [_UPPER_EDGE[0], _UPPER_EDGE[-1]], 0, None, None]
        beyond = np.maximum(corners[:, 0] - nodes[..., 0], nodes[..., 0] - corners[:, 1])
        below = nodes[..., 1] - (edges[0] + edges[1]) / 2
        share = lower_share(below * self.unit_px, beyond * self.unit_px, unit_px=self.unit_px)
        # (face; above the mouth line, below, both; rows, columns, axes)
        moves = np.zeros((len(sources), 3, *window.shape[1:], 2), np.float32)
        for own_nodes, own_window, target, start, count in zip(nodes, window, targets, starts, counts, strict=True):
            own, inside = slice(start, start + count), own_window > 0
            found = _spline_pair(own_nodes[inside], target, sources[own] - target)
            found *= own_window[inside, None]
            moves[own, :2, inside] = found
        of_face = np.repeat(np.arange(len(counts)), counts)
        moves[:, BOTH] = moves[:, ABOVE] + share[of_face, ..., None] * (moves[:, BELOW] - moves[:, ABOVE])
        moves_px = cv2.transform(moves.reshape(-1, 1, 2), self.axes.T * self.unit_px).reshape(moves.shape)
        lips = targets[:, _IS_LIP]
        low, high = lips.min(1), lips.max(1)
        across_px, down_px = np.moveaxis(np.abs(moves_px[:, :2]).max(1), -1, 0)
        used = np.maximum(across_px, down_px) > _STILL_PX
        used |= _within(nodes, low, high, room=_MOUTH_ROOM_IOD)[of_face]
        step = grid.step_px / self.unit_px
        folded = _folded(moves[:, :2], nodes[of_face, ..., 1], edges[:, of_face], step)
        covered = _within(nodes, low, high - step, room=0)[:, :-1, :-1] & (counts > 1)[:, None, None]
        folded[starts] &= ~covered[:, None]
        cut = (
            _cut(own_px, where, grid, frame, part, folds)
            for own_px, where, frame, part, folds in zip(
                moves_px, used, of_face.tolist(), (part for each in parts for part in each), folded, strict=True
            )
        )
        return [[next(cut) for _ in each] for each in parts]

    def _grid(self, low: Floats, high: Floats) -> "_Grid":
        """Return the nodes that cover boxes, (frames, 2) their first and last corners in IOD."""
        corners = np.stack([low, np.stack([high[:, 0], low[:, 1]], 1), high, np.stack([low[:, 0], high[:, 1]], 1)], 1)
        corners_px = corners @ self.axes * self.unit_px + self.origin_px
        step = max(2, round(_STEP_IOD * self.unit_px))
        first = np.floor(corners_px.min(1)).astype(int) - 2 * step
        last = np.ceil(corners_px.max(1)).astype(int) + 2 * step
        columns, rows = ((last - first) // step + 1).max(0).tolist()
        return _Grid(first[:, 0], first[:, 1], columns, rows, step)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Nodes at which the warps of several frames are worked out, each the middle of a square of pixels."""

    left_px: NDArray[np.intp]
    """(frames,) where the nodes of each begin."""
    top_px: NDArray[np.intp]
    columns: int
    rows: int
    step_px: int

    def cells_in(self, frame: int, part: tuple[slice, slice]) -> NDArray[np.bool_]:
        """Return which cells between the nodes, (rows - 1, columns - 1), lie in a part of the picture."""
        down, across = (
            (places[1:] >= side.start) & (places[:-1] < side.stop)
            for places, side in zip((self.y_px[frame], self.x_px[frame]), part, strict=True)
        )
        return np.asarray(down[:, None] & across)

    @property
    def x_px(self) -> Floats:
        """(frames, columns)."""
        return self.left_px[:, None] + (np.arange(self.columns) + 0.5) * self.step_px - 0.5

    @property
    def y_px(self) -> Floats:
        """(frames, rows)."""
        return self.top_px[:, None] + (np.arange(self.rows) + 0.5) * self.step_px - 0.5


def _cut(
    moves_px: NDArray[np.float32],
    used: NDArray[np.bool_],
    grid: _Grid,
    frame: int,
    part: tuple[slice, slice],
    folded: NDArray[np.bool_],
) -> WarpMap:
    """Return the map of a part of the picture from the moves (3, rows, columns, 2) at nodes, where they are `used`."""
    step, (in_rows, in_columns) = grid.step_px, part
    grid_top, grid_left = int(grid.top_px[frame]), int(grid.left_px[frame])
    rows = _span(np.asarray(used.any(1)), (in_rows.start - grid_top) // step, (in_rows.stop - grid_top) // step)
    columns = _span(
        np.asarray(used.any(0)), (in_columns.start - grid_left) // step, (in_columns.stop - grid_left) // step
    )
    top, left = grid_top + rows.start * step - in_rows.start, grid_left + columns.start * step - in_columns.start
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
        folds=int((folded & grid.cells_in(frame, part)).sum()) if folded.any() else 0,
    )


def _span(used: NDArray[np.bool_], first: int, last: int) -> slice:
    # Cubic interpolation reaches two nodes far, and its result shall not end where something moves.
    found = np.flatnonzero(used)
    return slice(max(0, int(found[0]) - 2, first - 2), min(int(found[-1]), last) + 3)


def _reach(sources: Floats, targets: Floats, starts: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Return the first and the last corner (frames, 2) of what moves, for the faces from each of `starts` on."""
    skin, target = sources[:, _IS_SKIN], targets[:, _IS_SKIN]
    low = np.minimum(np.minimum.reduceat(skin.min(1), starts), target.min(1)) - _ROOM_BESIDE_FACE_IOD
    high = np.maximum(np.maximum.reduceat(skin.max(1), starts), target.max(1)) + _ROOM_BESIDE_FACE_IOD
    low[:, 1] = 0.1
    high[:, 1] += _ROOM_BELOW_CHIN_IOD - _ROOM_BESIDE_FACE_IOD
    return low, high


def _within(nodes: Floats, low: Floats, high: Floats, *, room: float) -> NDArray[np.bool_]:
    """Return which nodes (frames, rows, columns, 2) lie in the box of their frame, (frames, 2), or so near it."""
    x, y = nodes[..., 0], nodes[..., 1]
    (left, top), (right, bottom) = ((each.T[:, :, None, None]) for each in (low - room, high + room))
    return np.asarray((x > left) & (x < right) & (y > top) & (y < bottom))


def _window(nodes: Floats, low: Floats, high: Floats) -> Floats:
    # A rounded box, exactly 0 outside: beyond it the picture stays as it is, bit for bit.
    centre, half = ((part / 2)[:, None, None] for part in (low + high, high - low))
    to_fourth = ((nodes - centre) / half) ** 2
    to_fourth *= to_fourth
    radius = np.sqrt(np.sqrt(to_fourth[..., 0] + to_fourth[..., 1]))
    return np.asarray(1 - smoothstep(radius, 0.72, 1.0))


def _edges_at(nodes: Floats, target: Floats) -> Floats:
    """Return where the inner lips' edges are, (2, rows, columns), in the columns of nodes (rows, columns, 2)."""
    edges = (target[side] for side in (_UPPER_EDGE, _LOWER_EDGE))
    return np.stack([np.interp(nodes[..., 0], np.maximum.accumulate(edge[:, 0]), edge[:, 1]) for edge in edges])


def _spline_pair(nodes: Floats, controls: Floats, moves: Floats) -> NDArray[np.float32]:
    """Return (moves, 2, nodes, 2): moves (moves, controls, 2) at the nodes, by each lip without those of the other."""
    system = np.zeros((len(controls) + 3, len(controls) + 3))
    system[_IS_CONTROL] = _basis(controls, controls)
    system[_PLANE] = system[:, _PLANE].T
    system[_IS_CONTROL, _IS_CONTROL] += _STIFFNESS
    wanted = np.zeros((len(system), 2 * len(moves)))
    wanted[_IS_CONTROL] = moves.transpose(1, 0, 2).reshape(len(controls), -1)
    basis = _basis(nodes, controls.astype(np.float32))
    found = np.empty((len(moves), 2, len(nodes), 2), np.float32)
    for side, used in enumerate(_HALVES):
        weights = np.linalg.solve(system[used, used], wanted[used]).astype(np.float32)
        for index in range(len(moves)):
            # A product of more columns is large enough for BLAS to wake its threads, which costs more than it saves.
            found[index, side] = basis[:, used] @ weights[:, 2 * index : 2 * index + 2]
    return found


def _basis(places: Floats, controls: Floats) -> Floats:
    """Return what each control and the plane have at places, (places, controls + 3)."""
    x, y = controls[_WITH_PLANE].T
    squared, down = places[:, :1] - x, places[:, 1:] - y
    squared *= squared
    down *= down
    squared += down
    squared += 1e-12
    basis = np.multiply(squared, cv2.log(squared), out=down)
    basis[:, _PLANE.start] = 1
    basis[:, _PLANE.start + 1 : _PLANE.stop] = places
    return np.asarray(basis)


def _folded(moves: Floats, down: Floats, edges: Floats, step: float) -> NDArray[np.bool_]:
    """Return which cells turn over in moves (faces, 2, rows, columns, 2) on the side of the mouth where they are used.

    Shape (faces, 2, rows - 1, columns - 1).
    """
    top = down[:, :-1, :-1]
    upper_lip, lower_lip = (edges[..., :-1, :-1] + edges[..., :-1, 1:]) / 2
    along_x = (moves[:, :, :-1, 1:] - moves[:, :, :-1, :-1]) / step
    along_y = (moves[:, :, 1:, :-1] - moves[:, :, :-1, :-1]) / step
    jacobian = (1 + along_x[..., 0]) * (1 + along_y[..., 1]) - along_x[..., 1] * along_y[..., 0]
    return np.asarray((jacobian <= 0) & np.stack([top < upper_lip, top + step > lower_lip], axis=1))


def look_up(image: NDArray[np.float32], where: NDArray[np.float32], *, relative: bool = True) -> NDArray[np.float32]:
    """Return what an image (H, W, 3) has at source x, y, (h, w, 2), counted from each pixel's own place.

    0 to 255, in floats: cubic lookups in them cost half of those in bytes. A little below 0 and above 255 too, where
    the cubic overshoots.
    """
    flags = cv2.INTER_CUBIC | (cv2.WARP_RELATIVE_MAP if relative else 0)
    return np.asarray(cv2.remap(image, where, None, flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def repeated(plane: Floats, channels: int) -> NDArray[np.float32]:
    """Return (h, w, channels) with a plane (h, w) in each: NumPy multiplies such by pixels ten times as fast."""
    return np.asarray(cv2.merge((np.asarray(plane, np.float32),) * channels), np.float32)


def to_bytes(image: NDArray[np.float32]) -> Image:
    """Return an image of floats as bytes: rounded, and held within 0 to 255."""
    return np.asarray(cv2.addWeighted(image, 1, image, 0, 0, dtype=cv2.CV_8U), np.uint8)
