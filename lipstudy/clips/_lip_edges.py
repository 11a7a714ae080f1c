"""Where the lips of a picture really part: the tracker's inner contour, corrected by what the picture shows.

A tracker knows the shapes that lips take, not these lips. Of a rounded mouth it says that it is open from corner to
corner, and its lower edge lies a little too low on one face and too high on another. Drawn with it, flesh would be
taken for the mouth's inside and torn apart from its lip, or a dark gap for lip. In a picture the inside tells itself
by its colour: it is not that of the lip above or below it. A tongue or a gum may be as red; then a dark line parts it
from the lower lip.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._warp import smoothstep
from lipstudy.face import MEDIAPIPE_478

__all__ = ["seen_edges", "steadied_edges", "tracked_gaps", "with_edges"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

_UPPER, _LOWER = np.transpose(MEDIAPIPE_478.inner_lip_pairs)
_ABOVE, _BELOW = np.transpose(MEDIAPIPE_478.outer_lip_pairs)
_MIDDLE = slice(2, 7)
_LIP_PARTS = np.array([0.35, 0.5, 0.65])[:, None, None]
"""Where a lip tells its colour, as parts of the way from its inner to its outer edge."""
_SAMPLES = 48
_BEYOND_IOD = 0.05
"""How far above and below the tracked gap a column is looked at."""
_MOST_OUTSIDE_IOD = 0.03
"""How far outside of the tracked gap an edge may be found."""
_MOST_INSIDE = np.array([[0.12], [0.35]])
"""How far inside of it the upper and the lower one in the middle of the mouth, as parts of the gap: gums are as red as
lips."""
_BLUR_IOD = 0.006
_NOT_LIP = 7.0
"""What is darker or paler than the lip by this (CIE Lab) is not the lip."""
_LIP_AGAIN = 3.5
_LEFT_OF_INSIDE = 0.25
"""The lower lip begins where it differs by less than the first, or than this part of how the inside before it does."""
_TELLS_INSIDE = 10.0
"""A mouth that nowhere shows more than this tells nothing: it may be closed, or full of tongue."""
_SEAM = 2.0
"""A line between tongue and lip is darker than both by this (CIE L)."""
_LIP_BEGINS = 0.25
"""The lip begins where it has lost so much of its dark."""
_RISE_IOD = 0.03
"""The upper edge lies where the colour has gone half of its way within this; the lower one is sought within it."""
_OPEN_IOD = (0.008, 0.02)
"""A tracked gap below the first is closed lips, which stay closed."""
_STEADY_FRAMES = 0.5


def tracked_gaps(points_px: Floats) -> Floats:
    """Return the distances of facing inner-lip points (..., K, >= 2), (..., P), in pixels."""
    apart = points_px[..., _LOWER, :2] - points_px[..., _UPPER, :2]
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]))


def seen_edges(image: Image, points_px: Floats, *, unit_px: float) -> Floats:
    """Return how far the upper and the lower lip reach into the gap that is tracked between them.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3) uint8
        RGB.
    points_px : ndarray of shape (K, >= 2)
        Tracked landmarks, pixels.
    unit_px : float > 0
        Pixels to one inter-ocular distance.

    Returns
    -------
    ndarray of shape (2, P)
        For each facing pair, from the right corner to the left, how far its upper and its lower edge lie inside of the
        tracked one, pixels: 0 where the tracker is right, together the whole gap where the lips touch, negative where
        the gap goes beyond what is tracked. All 0 where the picture does not tell.
    """
    gaps_px = tracked_gaps(points_px)
    known = smoothstep(gaps_px.max() / unit_px, *_OPEN_IOD)
    if not known:
        return np.zeros((2, len(_UPPER)))
    points = points_px[:, :2]
    lab, shift = _lab_around_lips(image, points, unit_px)
    upper, lower, above, below = (points[each] - shift for each in (_UPPER, _LOWER, _ABOVE, _BELOW))
    lips = [_colours(lab, *edges) for edges in ((upper, above), (lower, below))]
    # (samples, pairs): pixels down from the middle of each gap.
    half = gaps_px / 2
    places = np.linspace(-1, 1, _SAMPLES)[:, None] * (half + _BEYOND_IOD * unit_px)
    seen = _looked_up(lab, (upper + lower) / 2 + _down(points) * places[..., None])
    away = np.minimum(*(_unlike(seen, lip) for lip in lips))
    inside = np.abs(places) <= half
    middle = away[:, _MIDDLE][inside[:, _MIDDLE]]
    if len(middle) == 0 or np.percentile(middle, 90) < _TELLS_INSIDE:
        return np.zeros((2, len(_UPPER)))
    light = seen[..., 0]
    edges = [_edges_in(*column, unit_px=unit_px) for column in zip(away.T, light.T, places.T, half, strict=True)]
    if not any(edges):
        return np.zeros((2, len(_UPPER)))
    dark = np.where(inside, light, np.inf).argmin(0)
    top, bottom = _in_every_column(edges, places[dark, np.arange(len(half))]).T
    inward = np.maximum(np.stack([top + half, half - bottom]), -_MOST_OUTSIDE_IOD * unit_px)
    inward[:, _MIDDLE] = np.minimum(inward[:, _MIDDLE], _MOST_INSIDE * gaps_px[_MIDDLE])
    return np.asarray(known * inward * np.minimum(1, gaps_px / np.maximum(inward.sum(0), 1e-6)))


def steadied_edges(inward_px: Floats, runs: Sequence[NDArray[np.intp]]) -> Floats:
    """Return edges (T, 2, P) smoothed in time, a little, within each run of frames that follow one another."""
    from scipy.ndimage import gaussian_filter1d

    steady = np.array(inward_px)
    for run in runs:
        steady[run] = gaussian_filter1d(inward_px[run], _STEADY_FRAMES, axis=0, mode="nearest")
    return steady


def with_edges(points_px: Floats, inward_px: Floats, gaps_px: Floats) -> Floats:
    """Return landmarks whose inner lips have the edges that a picture shows.

    Where its lips touch they touch here too, however far the tracker says they part. Elsewhere the correction is as
    large as in the picture: an edge that was tracked too low by two pixels is so in a wider mouth too. In a narrower
    one it is less, so that lips can close.

    Parameters
    ----------
    points_px : ndarray of shape (..., K, >= 2)
        Landmarks of the picture, or those that it is to be warped to, pixels.
    inward_px : ndarray of shape (..., 2, P)
        From `seen_edges`.
    gaps_px : ndarray of shape (..., P)
        The gaps tracked in the picture (`tracked_gaps`), in the same pixels.

    Returns
    -------
    ndarray of shape (..., K, >= 2)
    """
    own_px = tracked_gaps(points_px)
    touching = smoothstep(inward_px.sum(-2) / np.maximum(gaps_px, 1e-6), 0.6, 1.0)
    wider = own_px / (gaps_px + 1e-6)
    part = (np.minimum(1, wider) + np.maximum(0, wider - 1) * touching)[..., None, :] * inward_px
    part += _rounded(own_px - part.sum(-2) - (gaps_px - inward_px.sum(-2)), touching)[..., None, :] / 2
    down = _down(points_px)
    corrected = np.array(points_px, np.float64)
    corrected[..., _UPPER, :2] += part[..., 0, :, None] * down
    corrected[..., _LOWER, :2] -= part[..., 1, :, None] * down
    return corrected


def _rounded(grown_px: Floats, touching: Floats) -> Floats:
    """Return by how much the gaps (..., P) shall grow less: beside lips that stay closed they open little by little."""
    grown_px = np.maximum(grown_px, 0)
    # The corners, which do not part, lie before the first and behind the last.
    no_gap = np.zeros_like(grown_px[..., :1])
    grown, touch = (np.concatenate([no_gap, each, no_gap], axis=-1) for each in (grown_px, touching))
    beside_px = (grown[..., :-2] + 2 * grown_px + grown[..., 2:]) / 4
    near = np.maximum(np.maximum(touch[..., :-2], touch[..., 2:]), touching)
    return np.asarray(np.maximum(grown_px - beside_px, 0) * near)


def _down(points_px: Floats) -> Floats:
    """Return the way from the upper lip to the lower at each pair (..., P, 2), of length 1."""
    down = points_px[..., _BELOW, :2] - points_px[..., _ABOVE, :2]
    return np.asarray(down / np.maximum(np.linalg.norm(down, axis=-1, keepdims=True), 1e-6))


def _unlike(seen: Floats, lip: Floats) -> Floats:
    """Return by how much colours (samples, P, 3) in CIE Lab are darker or paler than the lip's (P, 3).

    Not lighter: that is the wet rim of a lip as well as a tooth, which is paler too.
    """
    darker = lip[..., 0] - seen[..., 0]
    paler = np.hypot(lip[..., 1], lip[..., 2]) - np.hypot(seen[..., 1], seen[..., 2])
    return np.asarray(np.hypot(np.maximum(darker, 0), np.maximum(paler, 0)))


def _lab_around_lips(image: Image, points: Floats, unit_px: float) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return the picture around the lips in CIE Lab, a little blurred, and the place of its first pixel."""
    lips = points[list(MEDIAPIPE_478.subsets["lips-40"])]
    room_px = 2 * _BEYOND_IOD * unit_px + 2
    height, width = image.shape[:2]
    left, top = np.floor(lips.min(0) - room_px).astype(int).clip(0, (width - 1, height - 1)).tolist()
    right, bottom = np.ceil(lips.max(0) + room_px).astype(int).clip((left + 1, top + 1), (width, height)).tolist()
    part = cv2.GaussianBlur(image[top:bottom, left:right], (0, 0), max(0.5, _BLUR_IOD * unit_px))
    lab = cv2.cvtColor(part.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    return np.asarray(lab, np.float32), np.array([left, top])


def _colours(lab: NDArray[np.float32], inner: Floats, outer: Floats) -> Floats:
    """Return the colour of a lip in each column, (P, 3): half its own there, half that of the whole lip."""
    own = _looked_up(lab, inner + (outer - inner) * _LIP_PARTS).mean(0)
    return _steady((own + np.median(own, axis=0)) / 2)


def _looked_up(lab: NDArray[np.float32], where: Floats) -> NDArray[np.float32]:
    places = where.astype(np.float32)
    return np.asarray(cv2.remap(lab, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _steady(columns: Floats) -> Floats:
    """Return values (P, N) of neighbouring columns, averaged with weights 1, 4, 1."""
    padded = np.pad(columns, ((1, 1), (0, 0)), mode="edge")
    return np.asarray((padded[:-2] + 4 * padded[1:-1] + padded[2:]) / 6)


def _without_notches(edges: Floats) -> Floats:
    """Return edges (P, 2), where one reaches into the mouth farther than both its neighbours, no farther than one."""
    top, bottom = edges.T
    filled = np.array(edges)
    filled[1:-1, 0] = np.minimum(top[1:-1], np.maximum(top[:-2], top[2:]))
    filled[1:-1, 1] = np.maximum(bottom[1:-1], np.minimum(bottom[:-2], bottom[2:]))
    return filled


def _edges_in(
    away: Floats, light: Floats, places: Floats, half_px: float, *, unit_px: float
) -> tuple[float, float] | None:
    """Return where the inside begins and ends in one column, or None where it shows nothing but lip."""
    near = np.abs(places) <= half_px + _MOST_OUTSIDE_IOD * unit_px
    other = np.flatnonzero((away > _NOT_LIP) & near)
    if not (np.abs(places[other]) <= half_px).any():
        return None
    reach = max(1, round(_RISE_IOD * unit_px / (places[1] - places[0])))
    end = int(np.flatnonzero(near)[-1])

    def rise(inward: Floats) -> int:
        return int((inward >= max(_NOT_LIP, inward[: reach + 1].max() / 2)).argmax())

    first, last = other[0] + rise(away[other[0] :]), int(other[-1])
    # Teeth and tongue pass into the lower lip little by little: drawn out with the lip they would be a grey one.
    left = max(_LIP_AGAIN, _LEFT_OF_INSIDE * away[max(0, last - reach) : last + 1].max())
    last -= int((away[last::-1] > left).argmax())
    last = min(end, last + int((away[last : last + reach] <= left).argmax()))
    last = _seam_below(light, last, end, reach)
    return (float(places[first]), float(places[last])) if last > first else None


def _seam_below(light: Floats, edge: int, end: int, reach: int) -> int:
    """Return where a lower lip begins below the dark line that parts it from the tongue, else `edge`."""
    own = light[edge : end + 1]
    beyond = np.array([light[at : at + reach + 1].max() for at in range(edge, end + 1)])
    darker = np.minimum(np.maximum.accumulate(own), beyond) - own
    seam = int(darker.argmax())
    if darker[seam] < _SEAM:
        return edge
    lip = own[seam] + _LIP_BEGINS * (beyond[seam] - own[seam])
    return edge + seam + int((light[edge + seam :] >= lip).argmax())


def _in_every_column(edges: Sequence[tuple[float, float] | None], seams: Floats) -> Floats:
    """Return the edges of every column (P, 2): towards the corners lips touch in a seam where nothing else is seen."""
    found = [column for column, each in enumerate(edges) if each is not None]
    known = np.array([each for each in edges if each is not None])
    columns = np.arange(len(edges))
    filled = _steady(_without_notches(np.stack([np.interp(columns, found, known[:, side]) for side in (0, 1)], axis=1)))
    outer = (columns < found[0]) | (columns > found[-1])
    filled[outer] = seams[outer, None]
    return filled
