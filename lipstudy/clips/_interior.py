"""What is seen between the lips: rigid teeth, and dark between them. Never stretched, never invented.

The upper teeth belong to the skull and stay where they are; the lower ones go with the jaw. When a mouth opens further
than in the source picture, the room that appears between them is dark, with a little light on what lies low in it; when
it opens less, the lips cover them.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._warp import FaceWarp, WarpMap, repeated, smoothstep, to_bytes, warp_image
from lipstudy.face import MEDIAPIPE_478

__all__ = [
    "InteriorLook",
    "MouthOpening",
    "compose_mouth",
    "interior_strip",
    "mouth_opening",
    "warp_skin",
]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

_RIGHT, _LEFT = 78, 308
_UPPER = (_RIGHT, *(upper for upper, _ in MEDIAPIPE_478.inner_lip_pairs), _LEFT)
_LOWER = (_RIGHT, *(lower for _, lower in MEDIAPIPE_478.inner_lip_pairs), _LEFT)
_COLUMNS = 40
_STRIP_ROWS, _STRIP_COLUMNS = 24, 10
_TABLE_ROWS = 48
_LIP_EDGE_IOD = 0.012
"""The tracker's inner lip contour is this uncertain: lips are sampled so far outside of it, teeth so far inside."""


_BESIDE_IOD = 0.06
_FEATHER_IOD = 0.018
_CORNER_IOD = 0.01
_LIP_SHADOW_IOD = 0.04
_LIGHT_SIGMA_IOD = 0.09
_SHALLOW_IOD = (0.03, 0.13)
_LIT_IOD = (0.02, 0.08)
_JUST_BEHIND = 0.45
_NARROW_SIGMA_PX = 2.0
_NARROW_PX = (2.2, 5.0)
"""In a slit of so few pixels single teeth would be a dotted line: they fade into each other."""


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
        places = (across_px - self.left_px) * ((len(self.across_px) - 1) / (self.right_px - self.left_px))
        both = cv2.remap(
            np.stack([self.top_px, self.bottom_px], axis=-1, dtype=np.float32)[None],
            places,
            np.zeros_like(places),
            interpolation=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return both[..., 0], both[..., 1]


@dataclass(frozen=True, slots=True)
class InteriorLook:
    """How one face's mouth looks inside."""

    dark: Floats
    """(3,) RGB of the mouth's depth."""
    floor: Floats
    """(3,) RGB of what lies low in a wide open mouth."""
    giving: Floats
    """(rows,) rising from 0 at the upper lip to 1 at the lower: where the inside gives way as the mouth opens."""
    depth: float
    """The part that dark has where the inside gave way, 0 to 1; the rest is the light that falls beside it."""


def mouth_opening(points_px: Floats, frame: FaceWarp) -> MouthOpening:
    """Return the inner lip contour of landmarks (K, >= 2) in the head's axes."""
    placed = (points_px[:, :2] - frame.origin_px) @ frame.axes.T
    upper, lower = _curve(placed[list(_UPPER)]), _curve(placed[list(_LOWER)])
    across = np.linspace(upper[0, 0], max(upper[-1, 0], upper[0, 0] + 1e-3), 2 * len(upper))
    top, bottom = (np.interp(across, np.maximum.accumulate(edge[:, 0]), edge[:, 1]) for edge in (upper, lower))
    middle = (top + bottom) / 2
    return MouthOpening(
        float(across[0]),
        float(across[-1]),
        across,
        np.minimum(top, middle),
        np.maximum(bottom, middle),
        centre_bottom_px=float(placed[list(_LOWER[3:8]), 1].mean()),
    )


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
    edge = np.minimum(_LIP_EDGE_IOD * frame.unit_px, (bottom - top) / 2)
    down = np.linspace(top + edge, bottom - edge, _STRIP_ROWS)
    where = np.stack([np.broadcast_to(across, down.shape), down], axis=-1) @ frame.axes + frame.origin_px
    return np.asarray(cv2.remap(image, where.astype(np.float32), None, interpolation=cv2.INTER_LINEAR))


def compose_mouth(
    image: NDArray[np.float32],
    warp: WarpMap,
    source: MouthOpening,
    target: MouthOpening,
    frame: FaceWarp,
    look: InteriorLook,
) -> Image:
    """Return the warped rectangle of `warp`, the mouth's inside composed behind the lips.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3) float32
        The source picture, 0 to 255.
    warp : WarpMap
        Where each pixel comes from. Its maps are kept outside the source's mouth opening, in place.
    source, target : MouthOpening
        The inner lips in the source picture and in the result.
    frame : FaceWarp
        The head.
    look : InteriorLook
        How the mouth looks inside.

    Returns
    -------
    ndarray of shape (h, w, 3) uint8
    """
    place = _MouthPixels.of(warp, target, frame)
    above, below = place.maps(warp)
    for where, side in ((above[place.rows, place.columns], -1), (below[: len(place.across), place.columns], 1)):
        _keep_to_lips(where, source, frame, side=side)
    skin = warp_image(image, warp, above, below, place.lower_share(target, frame), place.columns)
    across, down, top, bottom = (each[:, place.columns] for each in (place.across, place.down, place.top, place.bottom))
    feather = max(1.8, _FEATHER_IOD * frame.unit_px)
    cover = np.clip(0.5 + (down - top) / feather, 0, 1) + np.clip(0.5 + (bottom - down) / feather, 0, 1) - 1
    from_corner = np.minimum(across - target.left_px, target.right_px - across)
    cover *= smoothstep(from_corner, 0, _CORNER_IOD * frame.unit_px)
    inside = np.flatnonzero(cover.max(1) > 0), np.flatnonzero(cover.max(0) > 0)
    if len(inside[0]):
        opened = slice(inside[0][0], inside[0][-1] + 1), slice(inside[1][0], inside[1][-1] + 1)
        part = skin[place.box][opened]
        shown = _Shown(across[opened], down[opened], top[opened], bottom[opened])
        behind = _interior(image, shown, source, target, frame, look)
        behind -= part
        behind *= repeated(np.clip(cover[opened], 0, 1), 3)
        part += behind
    return to_bytes(skin)


def warp_skin(image: NDArray[np.float32], warp: WarpMap, target: MouthOpening, frame: FaceWarp) -> Image:
    """Return the warped rectangle of `warp`, wrong where the mouth is: skin for another mouth to lie on."""
    place = _MouthPixels.of(warp, target, frame)
    return to_bytes(warp_image(image, warp, *place.maps(warp), place.lower_share(target, frame), None))


@dataclass(frozen=True, slots=True)
class _MouthPixels:
    """The pixels around a mouth, in the rectangle of a warp."""

    rows: slice
    columns: slice
    """Those of the mouth itself and a little beside it."""
    across: NDArray[np.float32]
    """(rows, all columns) along the head's right axis, pixels from between the eyes."""
    down: NDArray[np.float32]
    """The same, down."""
    top: NDArray[np.float32]
    """The upper lip's edge there."""
    bottom: NDArray[np.float32]
    """The lower lip's edge."""

    @property
    def box(self) -> tuple[slice, slice]:
        return self.rows, self.columns

    @classmethod
    def of(cls, warp: WarpMap, target: MouthOpening, frame: FaceWarp) -> "_MouthPixels":
        height, width = warp.height_px, warp.width_px
        beside_px = _BESIDE_IOD * frame.unit_px
        edge = np.array(
            [
                (target.left_px - beside_px, target.top_px[0]),
                (target.right_px + beside_px, target.top_px[-1]),
                (target.across_px[np.argmin(target.top_px)], target.top_px.min()),
                (target.across_px[np.argmax(target.bottom_px)], target.bottom_px.max()),
            ]
        )
        edge = edge @ frame.axes + frame.origin_px - (warp.left_px, warp.top_px)
        room = 0.12 * frame.unit_px + 2
        first = int(np.clip(edge[:, 1].min() - room, 0, height - 1))
        last = int(np.clip(edge[:, 1].max() + room, first + 1, height))
        left = int(np.clip(edge[:, 0].min(), 0, width - 1))
        right = int(np.clip(edge[:, 0].max() + 1, left + 1, width))
        x = (np.arange(width) + warp.left_px - frame.origin_px[0]).astype(np.float32)
        y = (np.arange(first, last)[:, None] + warp.top_px - frame.origin_px[1]).astype(np.float32)
        (right_x, right_y), (down_x, down_y) = frame.axes.tolist()
        across, down = x * right_x + y * right_y, x * down_x + y * down_y
        # Beside the mouth the edges are where the corners are.
        top, bottom = (
            cv2.copyMakeBorder(edge, 0, 0, left, width - right, cv2.BORDER_REPLICATE)
            for edge in target.over(across[:, left:right])
        )
        return cls(slice(first, last), slice(left, right), across, down, top, bottom)

    def maps(self, warp: WarpMap) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the upper map down to the last row of the mouth, and the lower map from its first row."""
        return warp.above(slice(0, self.rows.stop)), warp.below(slice(self.rows.start, warp.height_px))

    def lower_share(self, target: MouthOpening, frame: FaceWarp) -> NDArray[np.float32]:
        """Return the part that the lower half of the face has, (rows, all columns)."""
        middle = (self.top + self.bottom) / 2
        # Beside the mouth the two halves pass into each other, the more softly the farther from the corner.
        beyond = np.maximum(np.maximum(target.left_px - self.across, self.across - target.right_px), 0)
        soft = 0.7 + 0.3 * np.minimum(beyond, 0.3 * frame.unit_px)
        share = np.clip(0.5 + (self.down - middle) / (2 * soft), 0, 1)
        return np.asarray(share, np.float32)


def _keep_to_lips(where: NDArray[np.float32], source: MouthOpening, frame: FaceWarp, *, side: int) -> None:
    # What a lip would show of the mouth's inside is replaced by the lip's own edge, so no tooth leaks into a lip.
    (right_x, right_y), (down_x, down_y) = frame.axes.tolist()
    x, y = where[..., 0] - np.float32(frame.origin_px[0]), where[..., 1] - np.float32(frame.origin_px[1])
    across, down = x * right_x + y * right_y, x * down_x + y * down_y
    top, bottom = source.over(across)
    edge = _LIP_EDGE_IOD * frame.unit_px
    # Where the source's lips touch, the dark line between them is theirs and stays.
    margin = edge * (2 * smoothstep(bottom - top, edge, 3 * edge) - 1)
    over = np.maximum(down - (top - margin), 0) if side < 0 else np.minimum(down - (bottom + margin), 0)
    beyond = np.maximum(source.left_px - across, across - source.right_px)
    over *= 1 - smoothstep(beyond, 0, _BESIDE_IOD * frame.unit_px)
    where[..., 0] -= over * down_x
    where[..., 1] -= over * down_y


@dataclass(frozen=True, slots=True)
class _Shown:
    """The pixels in which a mouth's inside is seen, and the lips' edges above and below each."""

    across: NDArray[np.float32]
    down: NDArray[np.float32]
    top: NDArray[np.float32]
    bottom: NDArray[np.float32]


def _interior(
    image: NDArray[np.float32],
    shown: _Shown,
    source: MouthOpening,
    target: MouthOpening,
    frame: FaceWarp,
    look: InteriorLook,
) -> NDArray[np.float32]:
    across = shown.across
    start = min(source.left_px, target.left_px)
    pitch = (max(source.right_px, target.right_px) - start) / (_COLUMNS - 1)
    columns = start + pitch * np.arange(_COLUMNS)
    table, revealed, lit = _teeth_table(columns, source, target, frame, look)
    height = np.maximum(shown.bottom - shown.top, 1e-3)
    part_down = np.clip((shown.down - shown.top) / height, 0, 1)
    both = cv2.remap(
        np.dstack([table, revealed, lit]).astype(np.float32),
        (across - start) / pitch,
        part_down * (len(table) - 1),
        interpolation=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    from_x, from_y = np.clip(across, source.left_px, source.right_px), both[..., 0]
    (right_x, right_y), (down_x, down_y) = frame.axes.tolist()
    x, y = frame.origin_px.tolist()
    seen = cv2.remap(
        image,
        from_x * right_x + from_y * down_x + x,
        from_x * right_y + from_y * down_y + y,
        interpolation=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    narrow = 1 - smoothstep(height, *_NARROW_PX)
    seen += (_blurred_along(seen, _NARROW_SIGMA_PX) - seen) * repeated(narrow, 3)
    dark = look.dark.astype(np.float32) + (look.floor - look.dark).astype(np.float32) * both[..., 2:]
    # Light varies along the mouth; a tooth that was drawn out would be a streak.
    light = _blurred_along(seen, _LIGHT_SIGMA_IOD * frame.unit_px)
    hidden = light + (dark - light) * look.depth
    return np.asarray(seen + (hidden - seen) * repeated(both[..., 1], 3), np.float32)


def _blurred_along(part: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    width = 2 * round(2 * sigma_px) + 1
    return np.asarray(cv2.GaussianBlur(part, (width, 1), sigmaX=sigma_px, borderType=cv2.BORDER_REPLICATE))


def _teeth_table(
    columns: Floats, source: MouthOpening, target: MouthOpening, frame: FaceWarp, look: InteriorLook
) -> tuple[Floats, Floats, Floats]:
    """Return, for each row from the target's upper lip to its lower and each column, where the source is looked up.

    Beside it, the part that is not looked up but hidden, and how much of the light of the mouth's floor falls on that.
    """
    source_top, source_bottom = source.at(columns)
    target_top, target_bottom = target.at(columns)
    edge = np.minimum(_LIP_EDGE_IOD * frame.unit_px, (source_bottom - source_top) / 2)
    rows = np.linspace(0, 1, _STRIP_ROWS)[:, None]
    source_rows = source_top + edge + rows * (source_bottom - source_top - 2 * edge)
    target_rows = target_top + np.linspace(0, 1, _TABLE_ROWS)[:, None] * (target_bottom - target_top)
    jaw_px = target.centre_bottom_px - source.centre_bottom_px
    # A closing lip covers the teeth it rises over; an opening jaw takes its whole row along.
    lower_px = np.full(len(columns), jaw_px) if jaw_px > 0 else np.minimum(target_bottom - source_bottom, 0)
    # The upper row lies over the lower when the mouth closes.
    moved_rows = np.maximum.accumulate(source_rows + lower_px * look.giving[:, None], axis=0)
    moved_rows += rows * 1e-3
    pace = np.gradient(moved_rows, axis=0) / np.maximum(np.gradient(source_rows, axis=0), 1e-3)
    table, stretch = (_interp_columns(target_rows, moved_rows, known) for known in (source_rows, pace))
    below = (target_rows - moved_rows[-1]) / frame.unit_px
    stretch += 3 * smoothstep(below, 3 * _LIP_EDGE_IOD, 0.08)
    unseen = 1 - smoothstep(source_bottom - source_top, 1.5 * _LIP_EDGE_IOD * frame.unit_px, 0.05 * frame.unit_px)
    wider = (target_bottom - target_top) - (source_bottom - source_top)
    unseen *= smoothstep(wider, 0, 0.03 * frame.unit_px)
    # A lifted lip shows more of the same teeth, in its own shadow.
    shadow = 0.8 * smoothstep((source_rows[0] - target_rows) / frame.unit_px, 0, _LIP_SHADOW_IOD)
    revealed = np.maximum(np.maximum(smoothstep(stretch, 1.2, 2.4), unseen), shadow)
    # Teeth are not cut out of paper: their edges are as soft as the picture.
    revealed = cv2.GaussianBlur(revealed, (0, 0), sigmaX=1.5, sigmaY=1.5)
    height_iod = (target_bottom - target_top) / frame.unit_px
    part_across = (columns - target.left_px) / max(target.right_px - target.left_px, 1e-3)
    return table, revealed, _lit(revealed, height_iod, wider / frame.unit_px, part_across)


def _lit(revealed: Floats, height_iod: Floats, wider_iod: Floats, part_across: Floats) -> Floats:
    """Return how much of the floor's light falls on what is hidden, (rows, columns), 0 in the depth to 1.

    The tongue lies low in the mouth: a mound, lit from the front, that falls off into the depth above it and aside.
    """
    # In what gave way, from its top (0) to its bottom (1).
    low = np.cumsum(revealed, axis=0)
    gap_iod = low[-1] * height_iod / len(revealed)
    low /= np.maximum(low[-1], 1e-6)
    aside = np.minimum(np.abs(2 * part_across - 1), 1)
    lit = smoothstep(low, 0.2 + 0.5 * aside**2, 1.05) * (1 - 0.5 * smoothstep(aside, 0.4, 1.0))
    lit *= smoothstep(gap_iod, *_LIT_IOD)
    # A gap that is new and narrow shows what lies just behind it, not the depth: black there would be an outline.
    return np.asarray(np.maximum(lit, _JUST_BEHIND * (0.5 + low) * (1 - smoothstep(wider_iod, *_SHALLOW_IOD))))


def _interp_columns(rows: Floats, known_rows: Floats, known: Floats) -> Floats:
    """Return `np.interp(rows, known_rows, known)` column by column, in one call: the columns lie behind each other."""
    rows = np.clip(rows, known_rows[0], known_rows[-1])
    apart = np.arange(rows.shape[1]) * (np.ptp(known_rows) + 1)
    found = np.interp((rows + apart).T.ravel(), (known_rows + apart).T.ravel(), known.T.ravel())
    return found.reshape(rows.shape[::-1]).T
