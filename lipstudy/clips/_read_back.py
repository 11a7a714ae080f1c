"""How much of a change of the lips a tracker reads back from a restaged film, and the change made up for the rest.

A tracker knows faces: it believes half or less of what a warped upper lip does and all of what the lower lip and the
chin do, and it takes lips that nearly meet for closed. What it reads is a smooth curve of the opening asked for. So a
few frames are made and looked at, the curve is estimated, and the lower lip moved by what was missing or too much,
three times: a clip that is measured again then shows the articulation asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, detect_face

__all__ = ["USUAL_READ_BACK", "ReadBack", "frames_to_look_at", "read_back", "with_opening_corrected"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

USUAL_READ_BACK = 0.88
"""Taken where a film shows too little change to measure it: the mean over twelve GRID clips at a = 0.5 and 1.5."""

_LOOKS = 24
_LEAST_LOOKS = 6
_ROUNDS = 3
_LEAST_CHANGE_IOD = 0.012
_KNOTS = 7
_WIDTH = 0.16
"""Of the kernel that smooths the curve, as a part of the range of openings."""
_RANGE = (0.55, 1.5)
_ROUND_TO = 0.02
"""Shares are rounded, so that the last bits of a tracker on another machine do not change the pixels."""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The share of a change of opening that a tracker reads back, as a curve of the opening asked for."""

    opening_iod: Floats
    """(N,) openings asked for, rising."""
    share: Floats
    """(N,) the share at each; beyond the ends it stays what it is there."""

    def at(self, opening_iod: Floats) -> Floats:
        """Return the share at openings of any shape."""
        return np.interp(opening_iod, self.opening_iod, self.share)


def frames_to_look_at(source_px: Floats, target_px: Floats, unit_px: Floats) -> NDArray[np.intp]:
    """Return the frames in which a change of opening is measured, rising: spread over the size of the change.

    Parameters
    ----------
    source_px, target_px : ndarray of shape (T, K, 3)
        Landmarks in the film and in the result, pixels.
    unit_px : ndarray of shape (T,)
        Pixels to one inter-ocular distance.
    """
    change = np.abs(_opening(target_px) - _opening(source_px)) / unit_px
    order = np.argsort(-change, kind="stable")
    order = order[change[order] > _LEAST_CHANGE_IOD]
    return np.sort(order[np.unique(np.linspace(0, len(order) - 1, _LOOKS).astype(int))]) if len(order) else order


def read_back(
    images: Mapping[int, Image],
    make: Callable[[int, Image, Floats], Image],
    source_px: Floats,
    target_px: Floats,
    unit_px: Floats,
) -> ReadBack:
    """Return the curve by which the change of opening is to be divided, from the frames that `make` gives.

    Parameters
    ----------
    images : mapping of frame index to ndarray of shape (H, W, 3) uint8
        The film's own frames that are looked at.
    make : callable
        (index, image, landmarks (K, 3) of the result in pixels) -> the restaged frame.
    source_px, target_px : ndarray of shape (T, K, 3)
        Landmarks in the film and in the result, pixels.
    unit_px : ndarray of shape (T,)
        Pixels to one inter-ocular distance.

    Returns
    -------
    ReadBack
        Shares within 0.55 to 1.5; USUAL_READ_BACK where too few frames can be measured.
    """
    usual = ReadBack(np.zeros(1), np.full(1, USUAL_READ_BACK))
    before = {index: opening for index, image in images.items() if (opening := _seen(image)) is not None}
    if len(before) < _LEAST_LOOKS:
        return usual
    source, target = (_opening(points[sorted(before)]) / unit_px[sorted(before)] for points in (source_px, target_px))
    knots = np.linspace(target.min(), target.max(), _KNOTS)
    found = ReadBack(knots, np.ones(_KNOTS))
    for _ in range(_ROUNDS):
        asked, seen, at = [], [], []
        corrected_px = with_opening_corrected(source_px, target_px, unit_px, found)
        for index, was, shall in zip(sorted(before), source, target, strict=True):
            after = _seen(make(index, images[index], corrected_px[index]))
            if after is not None:
                asked.append(shall - was)
                seen.append((after - before[index]) / unit_px[index])
                at.append(shall)
        if len(asked) < _LEAST_LOOKS:
            return usual
        missing = 1 - _smooth_ratio(np.array(seen), np.array(asked), np.array(at), knots)
        share = np.round((found.share - missing) / _ROUND_TO) * _ROUND_TO
        found = ReadBack(knots, np.clip(share, *_RANGE))
    return found


def with_opening_corrected(source_px: Floats, target_px: Floats, unit_px: Floats, found: ReadBack) -> Floats:
    """Return the target with its change of opening enlarged by 1 - share, at the lower lip; closing lips may meet."""
    share = found.at(_opening(target_px) / unit_px)[:, None]
    corrected = np.array(target_px)
    for inner, outer in zip(MEDIAPIPE_478.inner_lip_pairs, MEDIAPIPE_478.outer_lip_pairs, strict=True):
        upper, lower = inner
        gap, was = (points[:, lower] - points[:, upper] for points in (target_px, source_px))
        more = (1 - share) * (gap - was)
        crosses = ((gap + more) * was).sum(-1) < 0
        more[crosses] = -gap[crosses]
        corrected[:, lower] += more
        corrected[:, outer[1]] += more
    return corrected


def _smooth_ratio(seen: Floats, asked: Floats, at: Floats, knots: Floats) -> Floats:
    # Least squares through the origin, in a window that moves along the openings.
    width = _WIDTH * max(float(np.ptp(knots)), 1e-6)
    weight = np.exp(-0.5 * ((knots[:, None] - at) / width) ** 2) + 1e-3
    return np.asarray((weight * seen * asked).sum(1) / (weight * asked**2).sum(1))


def _seen(image: Image) -> float | None:
    try:
        return float(_opening(detect_face(image)))
    except InputError:
        return None


def _opening(points_px: Floats) -> Floats:
    upper, lower = MEDIAPIPE_478.inner_lip_centres
    return np.asarray(np.linalg.norm(points_px[..., lower, :] - points_px[..., upper, :], axis=-1), np.float64)
