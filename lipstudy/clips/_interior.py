"""What is seen between the lips: rigid teeth, and dark between them. Never stretched, never invented.

The upper teeth belong to the skull and stay where they are; the lower ones go with the jaw. When a mouth opens further
than in the source picture, the room that appears between them is dark, with a little light on what lies low in it; when
it opens less, the lips cover them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._mouth_opening import EVENLY, LIP_EDGE_IOD, STRIP_ROWS, MouthOpening, over_places
from lipstudy.clips._warp import ABOVE, BELOW, BOTH, FaceWarp, WarpMap, look_up, lower_share, repeated, smoothstep

__all__ = [
    "InteriorLook",
    "MouthInside",
    "compose_mouth",
    "mouth_insides",
]

Floats = NDArray[np.floating[Any]]

_COLUMNS = 40
_TABLE_ROWS = 48

_BOX_IOD = 0.15
"""Room around the inner lips in which each half of the face is looked up on its own: beyond it the map of both, worked
out on a coarser grid, is as good."""
_BESIDE_IOD = 0.06
_FEATHER_IOD = 0.018
_CORNER_IOD = 0.01
_LIP_SHADOW_IOD = 0.04
_LIGHT_SIGMA_IOD = 0.09
_SHALLOW_IOD = (0.03, 0.13)
_LIT_IOD = (0.02, 0.08)
_JUST_BEHIND = 0.45
_CONTACT_IOD, _PARTED_IOD = (0.0, 0.02), (0.02, 0.07)
_CONTACT_WIDTH_IOD = 0.009
_LEAST_WIDTH_PX = 0.9
_CONTACT_SHADE = 0.25
_LEAST_SHADE = 0.02
_EDGE_FADE = 8.0
"""Towards a corner, whose own shade is in the picture, the line fades: over this part of the width, inverse."""
_SLIT_IOD = (0.01, 0.06)
_SLIT_SHADE = 0.5
_NARROW_SIGMA_PX = 2.0
_NARROW_PX = (2.2, 5.0)
"""In a slit of so few pixels single teeth would be a dotted line: they fade into each other."""


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


@dataclass(frozen=True, slots=True)
class MouthInside:
    """What is seen between the lips of a mouth that is moved."""

    source: MouthOpening
    """The inner lips in the source picture."""
    target: MouthOpening
    """The inner lips in the result."""
    look: InteriorLook
    """How the mouth looks inside."""
    start_px: float
    """Where the table's first column lies along the head's right axis."""
    pitch_px: float
    """From one column to the next."""
    limits: Floats
    """(3, N) how far down the upper lip may be looked up, how far up the lower, and how strictly, 0 to 1; evenly across
    the source's mouth and _BESIDE_IOD beside it."""
    table: NDArray[np.float32]
    """(rows, columns, 3) for each row from the target's upper lip to its lower: how far down the source is looked up,
    pixels; the part that is not looked up but hidden; how much of the light of the mouth's floor falls on that."""


def compose_mouth(
    image: NDArray[np.float32], warp: WarpMap, inside: MouthInside, frame: FaceWarp
) -> NDArray[np.float32]:
    """Return the warped rectangle of `warp`, the mouth's inside composed behind the lips.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3) float32
        The source picture, 0 to 255.
    warp : WarpMap
        Where each pixel comes from. Its maps are kept outside the source's mouth opening.
    inside : MouthInside
        The mouth.
    frame : FaceWarp
        The head.

    Returns
    -------
    ndarray of shape (h, w, 3) float32
        A little below 0 and above 255 too, where the cubic overshoots.
    """
    target = inside.target
    around = _around(target, frame) - (warp.left_px, warp.top_px)
    box = rows, columns = _box(around, _BOX_IOD * frame.unit_px + 2, warp.whole)
    shown = _Shown.of(box, warp, target, frame)
    beyond = np.maximum(target.left_px - shown.across, shown.across - target.right_px)
    share = lower_share(shown.down - (shown.top + shown.bottom) / 2, beyond, unit_px=frame.unit_px)
    # Above `first` the upper half alone is seen, from `end` on the lower.
    first, end = int((share.max(1) > 0).argmax()), len(share) - int((share.min(1) < 1)[::-1].argmax())
    upper, lower = (warp.moved(side, box) for side in (ABOVE, BELOW))
    near_rows, near_columns = _box(around - (columns.start, rows.start), _BESIDE_IOD * frame.unit_px + 2, shown.whole)
    for half, half_rows, side in (
        (upper, slice(near_rows.start, end), ABOVE),
        (lower, slice(first, near_rows.stop), BELOW),
    ):
        near = half_rows, near_columns
        _keep_to_lips(half[near], shown.part(near), warp, inside, frame, side=side)
    where = warp.moved(BOTH, warp.whole)
    where[box][:end], where[box][end:] = upper[:end], lower[end:]
    skin = look_up(image, where)
    seen, lower = skin[box], lower[first:end] + np.array([columns.start, rows.start + first], np.float32)
    seen[first:end] += (look_up(image, lower) - seen[first:end]) * repeated(share[first:end], 3)
    feather = max(1.8, _FEATHER_IOD * frame.unit_px)
    cover = np.minimum(0.5 + (shown.down - shown.top) / feather, 1)
    cover = np.minimum(cover, cover - 0.5 + (shown.bottom - shown.down) / feather)
    cover *= smoothstep(-beyond, 0, _CORNER_IOD * frame.unit_px)
    open_rows, open_columns = np.flatnonzero(cover.max(1) > 0), np.flatnonzero(cover.max(0) > 0)
    if len(open_rows):
        opened = slice(open_rows[0], open_rows[-1] + 1), slice(open_columns[0], open_columns[-1] + 1)
        part = seen[opened]
        behind = _interior(image, shown.part(opened), inside, frame)
        behind -= part
        behind *= repeated(np.maximum(cover[opened], 0), 3)
        part += behind
    _shade_contact(seen, shown, inside, frame)
    return skin


def _shade_contact(seen: NDArray[np.float32], shown: "_Shown", inside: MouthInside, frame: FaceWarp) -> None:
    """Darken the line in which lips meet that are parted in the source: they press together, and no light gets in."""
    source, target = inside.source, inside.target
    closed = 1 - smoothstep((target.bottom_px - target.top_px) / frame.unit_px, *_CONTACT_IOD)
    strength = closed * smoothstep((source.bottom_px - source.top_px) / frame.unit_px, *_PARTED_IOD)
    if strength.max() < _LEAST_SHADE:
        return
    wanted_px = _CONTACT_WIDTH_IOD * frame.unit_px
    width_px = max(_LEAST_WIDTH_PX, wanted_px)
    # Thinner than a pixel it is fainter instead.
    strength *= wanted_px / width_px
    strength *= np.minimum(1, _EDGE_FADE * np.minimum(EVENLY, 1 - EVENLY))
    line = over_places(shown.across, target.left_px, target.right_px, strength)
    away = (shown.down - (shown.top + shown.bottom) / 2) / width_px
    seen *= repeated(1 - _CONTACT_SHADE * line * np.exp(-0.5 * away * away), 3)


def _around(opening: MouthOpening, frame: FaceWarp) -> Floats:
    """Return the first and the last x, y, (2, 2), of a mouth in the picture."""
    highest, lowest = np.argmin(opening.top_px), np.argmax(opening.bottom_px)
    edge = np.array(
        [
            (opening.left_px, opening.top_px[0]),
            (opening.right_px, opening.top_px[-1]),
            (opening.across_px[highest], opening.top_px[highest]),
            (opening.across_px[lowest], opening.bottom_px[lowest]),
        ]
    )
    edge_px = edge @ frame.axes + frame.origin_px
    return np.stack([edge_px.min(0), edge_px.max(0)])


def _box(around_px: Floats, room_px: float, whole: tuple[slice, slice]) -> tuple[slice, slice]:
    """Return the rows and columns of `whole` that lie in a rectangle, or so near it: one of each at least."""
    (left, top), (right, bottom) = (around_px[0] - room_px).tolist(), (around_px[1] + room_px).tolist()
    starts = [min(max(0, int(first)), side.stop - 1) for first, side in zip((top, left), whole, strict=True)]
    ends = [min(int(last), side.stop) for last, side in zip((bottom, right), whole, strict=True)]
    row, column = (slice(start, max(start + 1, end)) for start, end in zip(starts, ends, strict=True))
    return row, column


@dataclass(frozen=True, slots=True)
class _Shown:
    """Pixels around a mouth, (rows, columns) each."""

    across: NDArray[np.float32]
    """Along the head's right axis, pixels from between the eyes."""
    down: NDArray[np.float32]
    """The same, down."""
    top: NDArray[np.float32]
    """The upper lip's edge there."""
    bottom: NDArray[np.float32]
    """The lower lip's edge."""

    @classmethod
    def of(cls, box: tuple[slice, slice], warp: WarpMap, target: MouthOpening, frame: FaceWarp) -> "_Shown":
        rows, columns = box
        x = (np.arange(columns.start, columns.stop) + (warp.left_px - frame.origin_px[0])).astype(np.float32)
        y = (np.arange(rows.start, rows.stop)[:, None] + (warp.top_px - frame.origin_px[1])).astype(np.float32)
        (right_x, right_y), (down_x, down_y) = frame.axes.tolist()
        across, down = x * right_x + y * right_y, x * down_x + y * down_y
        return cls(across, down, *target.over(across))

    @property
    def whole(self) -> tuple[slice, slice]:
        return slice(0, self.down.shape[0]), slice(0, self.down.shape[1])

    def part(self, part: tuple[slice, slice]) -> "_Shown":
        return _Shown(self.across[part], self.down[part], self.top[part], self.bottom[part])


def _lip_limits(source: MouthOpening, unit_px: float) -> Floats:
    """Return `MouthInside.limits`."""
    beside = _BESIDE_IOD * unit_px
    across = source.left_px - beside + (source.right_px - source.left_px + 2 * beside) * EVENLY
    top, bottom = source.at(across)
    edge = LIP_EDGE_IOD * unit_px
    # Where the source's lips touch, the dark line between them is theirs and stays.
    margin = edge * (2 * smoothstep(bottom - top, edge, 3 * edge) - 1)
    beyond = np.maximum(source.left_px - across, across - source.right_px)
    return np.stack([top - margin, bottom + margin, 1 - smoothstep(beyond, 0, beside)])


def _keep_to_lips(
    moves: NDArray[np.float32], shown: _Shown, warp: WarpMap, inside: MouthInside, frame: FaceWarp, *, side: int
) -> None:
    """Replace what a lip would show of the mouth's inside by the lip's own edge, so that no tooth leaks into a lip."""
    shift = np.array([warp.left_px, warp.top_px])
    placed = cv2.transform(moves, np.column_stack([frame.axes, -frame.axes @ shift]))
    source, beside = inside.source, _BESIDE_IOD * frame.unit_px
    limit = (inside.limits[side], inside.limits[2])
    looked_up = over_places(shown.across + placed[..., 0], source.left_px - beside, source.right_px + beside, *limit)
    over = shown.down + placed[..., 1] - looked_up[..., 0]
    over = (np.maximum if side == ABOVE else np.minimum)(over, 0) * looked_up[..., 1]
    down_x, down_y = frame.axes[1].tolist()
    moves[..., 0] -= over * down_x
    moves[..., 1] -= over * down_y


def _interior(image: NDArray[np.float32], shown: _Shown, inside: MouthInside, frame: FaceWarp) -> NDArray[np.float32]:
    source, look, table = inside.source, inside.look, inside.table
    height = np.maximum(shown.bottom - shown.top, 1e-3)
    part_down = np.minimum(np.maximum((shown.down - shown.top) / height, 0), 1)
    found = cv2.remap(
        table,
        (shown.across - inside.start_px) / inside.pitch_px,
        part_down * (len(table) - 1),
        interpolation=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    from_across = np.minimum(np.maximum(shown.across, source.left_px), source.right_px)
    where = cv2.transform(cv2.merge([from_across, found[..., 0]]), np.column_stack([frame.axes.T, frame.origin_px]))
    seen = look_up(image, np.asarray(where, np.float32), relative=False)
    narrow = 1 - smoothstep(height, *_NARROW_PX)
    seen += (_blurred_along(seen, _NARROW_SIGMA_PX) - seen) * repeated(narrow, 3)
    seen *= repeated(_shade_of_lips(shown, inside, frame), 3)
    dark = look.dark.astype(np.float32) + (look.floor - look.dark).astype(np.float32) * found[..., 2:]
    # Light varies along the mouth; a tooth that was drawn out would be a streak.
    light = _blurred_along(seen, _LIGHT_SIGMA_IOD * frame.unit_px)
    hidden = light + (dark - light) * look.depth
    return np.asarray(seen + (hidden - seen) * repeated(found[..., 1], 3), np.float32)


def _shade_of_lips(shown: _Shown, inside: MouthInside, frame: FaceWarp) -> NDArray[np.float32]:
    """Return the light on teeth behind lips that are nearer to each other than in the source, (h, w), 1 for all of it.

    In a slit teeth lie in the shade of the lips; with the light of an open mouth they would be a white line.
    """
    top, bottom = inside.source.over(shown.across)
    height = shown.bottom - shown.top
    nearer = 1 - np.minimum(1, height / np.maximum(bottom - top, 1e-3))
    slit = 1 - smoothstep(height / frame.unit_px, *_SLIT_IOD)
    return np.asarray(1 - _SLIT_SHADE * nearer * slit, np.float32)


def _blurred_along(part: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    width = 2 * round(2 * sigma_px) + 1
    return np.asarray(cv2.GaussianBlur(part, (width, 1), sigmaX=sigma_px, borderType=cv2.BORDER_REPLICATE))


def mouth_insides(
    sources: Sequence[MouthOpening], targets: Sequence[MouthOpening], looks: Sequence[InteriorLook], *, unit_px: float
) -> list[MouthInside]:
    """Return what is seen between the lips of several mouths, for little more than the cost of one.

    Parameters
    ----------
    sources, targets : sequence of MouthOpening
        The inner lips of each, in the source picture and in the result.
    looks : sequence of InteriorLook
        How each looks inside.
    unit_px : float > 0
        Pixels to one inter-ocular distance.
    """
    pairs = list(zip(sources, targets, strict=True))
    starts = np.array([min(source.left_px, target.left_px) for source, target in pairs])
    ends = np.array([max(source.right_px, target.right_px) for source, target in pairs])
    pitches = (ends - starts) / (_COLUMNS - 1)
    columns = starts[:, None] + pitches[:, None] * np.arange(_COLUMNS)
    # (mouths, rows, columns) from here on.
    source_top, source_bottom = _edges_of(sources, columns)
    target_top, target_bottom = _edges_of(targets, columns)
    edge = np.minimum(LIP_EDGE_IOD * unit_px, (source_bottom - source_top) / 2)
    first, pitch = source_top + edge, (source_bottom - source_top - 2 * edge) / (STRIP_ROWS - 1)
    rows = np.arange(STRIP_ROWS)[:, None]
    target_rows = target_top + np.linspace(0, 1, _TABLE_ROWS)[:, None] * (target_bottom - target_top)
    jaw_px = np.array([target.centre_bottom_px - source.centre_bottom_px for source, target in pairs])[:, None, None]
    # A closing lip covers the teeth it rises over; an opening jaw takes its whole row along.
    lower_px = np.where(jaw_px > 0, jaw_px, np.minimum(target_bottom - source_bottom, 0))
    giving = np.stack([look.giving for look in looks])[:, :, None]
    # The upper row lies over the lower when the mouth closes.
    moved_rows = np.maximum.accumulate(first + rows * pitch + lower_px * giving, axis=1)
    moved_rows += rows * (1e-3 / (STRIP_ROWS - 1))
    row = np.stack([_rows_at(asked, known) for asked, known in zip(target_rows, moved_rows, strict=True)])
    stretch = _between_rows(np.gradient(moved_rows, axis=1) / np.maximum(pitch, 1e-3), row)
    stretch += 3 * smoothstep((target_rows - moved_rows[:, -1:]) / unit_px, 3 * LIP_EDGE_IOD, 0.08)
    parted = moved_rows[:, :1] - np.maximum(target_rows, first)
    stretch += 3 * smoothstep(parted / unit_px, 0.3 * LIP_EDGE_IOD, 2 * LIP_EDGE_IOD)
    unseen = 1 - smoothstep((source_bottom - source_top) / unit_px, 1.5 * LIP_EDGE_IOD, 0.05)
    wider_iod = (target_bottom - target_top - source_bottom + source_top) / unit_px
    unseen *= smoothstep(wider_iod, 0, 0.03)
    # A lifted lip shows more of the same teeth, in its own shadow.
    shadow = 0.8 * smoothstep((first - target_rows) / unit_px, 0, _LIP_SHADOW_IOD)
    revealed = np.maximum(np.maximum(smoothstep(stretch, 1.2, 2.4), unseen), shadow)
    # Teeth are not cut out of paper: their edges are as soft as the picture.
    revealed = np.stack([cv2.GaussianBlur(each, (0, 0), sigmaX=1.5, sigmaY=1.5) for each in revealed])
    left, right = (np.array([side]).T for side in zip(*((at.left_px, at.right_px) for at in targets), strict=True))
    part_across = ((columns - left) / np.maximum(right - left, 1e-3))[:, None]
    lit = _lit(revealed, (target_bottom - target_top) / unit_px, wider_iod, part_across)
    tables = np.stack([first + row * pitch, revealed, lit], axis=-1, dtype=np.float32)
    limits = [_lip_limits(source, unit_px) for source in sources]
    shown = zip(pairs, looks, starts.tolist(), pitches.tolist(), limits, tables, strict=True)
    return [MouthInside(*pair, *of_mouth) for pair, *of_mouth in shown]


def _edges_of(openings: Sequence[MouthOpening], columns: Floats) -> tuple[Floats, Floats]:
    """Return the upper and the lower edge of each at its own columns (mouths, columns), (mouths, 1, columns) each."""
    top, bottom = np.stack([opening.at(across) for opening, across in zip(openings, columns, strict=True)], axis=1)
    return top[:, None], bottom[:, None]


def _lit(revealed: Floats, height_iod: Floats, wider_iod: Floats, part_across: Floats) -> Floats:
    """Return how much of the floor's light falls on what is hidden, (..., rows, columns), 0 in the depth to 1.

    The tongue lies low in the mouth: a mound, lit from the front, that falls off into the depth above it and aside.
    """
    # In what gave way, from its top (0) to its bottom (1).
    low = np.cumsum(revealed, axis=-2)
    gap_iod = low[..., -1:, :] * height_iod / revealed.shape[-2]
    low /= np.maximum(low[..., -1:, :], 1e-6)
    aside = np.minimum(np.abs(2 * part_across - 1), 1)
    lit = smoothstep(low, 0.2 + 0.5 * aside**2, 1.05) * (1 - 0.5 * smoothstep(aside, 0.4, 1.0))
    lit *= smoothstep(gap_iod, *_LIT_IOD)
    # A gap that is new and narrow shows what lies just behind it, not the depth: black there would be an outline.
    return np.asarray(np.maximum(lit, _JUST_BEHIND * (0.5 + low) * (1 - smoothstep(wider_iod, *_SHALLOW_IOD))))


def _rows_at(places: Floats, known: Floats) -> Floats:
    """Return at which row of `known`, rising in each column, places (rows, columns) lie, held within it.

    In one call for all columns: they lie behind each other.
    """
    places = np.minimum(np.maximum(places, known[0]), known[-1])
    apart = np.arange(places.shape[1]) * (np.ptp(known) + 1)
    rows = np.tile(np.arange(len(known)), places.shape[1])
    found = np.interp((places + apart).T.ravel(), (known + apart).T.ravel(), rows)
    return found.reshape(places.shape[::-1]).T


def _between_rows(known: Floats, rows: Floats) -> Floats:
    """Return `known` (mouths, N, columns) between its rows, at `rows` (mouths, M, columns) of it."""
    before = np.minimum(rows.astype(np.intp), known.shape[1] - 2)
    start, end = (np.take_along_axis(known, row, 1) for row in (before, before + 1))
    return np.asarray(start + (rows - before) * (end - start))
