"""The same lip motion, faster or slower between its turning points: a control for the articulation scale."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import LandmarkTrack, lip_aperture

__all__ = ["changed_speed"]

Floats = NDArray[np.floating[Any]]

_LEAST = 0.25
"""Under it lips would stand still and jump."""
_TURN_IOD = 0.02
"""The aperture turns where it changes direction by more than this; less is noise."""
_DWELLING = 0.05
"""Part of a way, at each end, in which lips count as being at the turning point already."""


def changed_speed(track: LandmarkTrack, speed: float, *, weights: Floats) -> Floats:
    """Let lips go through the same poses at another speed, and be at every turning point when they were.

    Lips are widest, narrowest and closed at the same moments as before, so that picture and speech stay together, and
    no pose is larger or smaller. Between two turning points the middle of the way is passed `speed` times as fast:
    above 1 lips dwell at the ends and hurry between them, below 1 they leave the ends sooner and pass the middle more
    slowly. The mean speed from one turning point to the next stays what it was.

    Parameters
    ----------
    track : LandmarkTrack
        Head-normalised.
    speed : float
        Factor of the speed half way between two turning points, 0.25 to 3; 1 changes nothing.
    weights : ndarray of shape (K,)
        How far each landmark follows.

    Returns
    -------
    ndarray of shape (T, K, 3)

    Raises
    ------
    InputError
        If `speed` is under 0.25.
    """
    if speed < _LEAST:
        raise InputError(
            f"the operator 'speed' goes down to {_LEAST:g}, got {speed:g}: slower lips would stand and jump"
        )
    points = track.points.astype(np.float64)
    at = np.arange(len(points), dtype=np.float64)
    for begin, end in _moves(lip_aperture(points, track.topology)):
        inside = np.arange(begin, end + 1)
        at[inside] = begin + (end - begin) * _warped((inside - begin) / (end - begin), speed)
    before = np.minimum(at.astype(int), len(points) - 1)
    after = np.minimum(before + 1, len(points) - 1)
    share = (at - before)[:, None, None]
    moved = (1 - share) * points[before] + share * points[after]
    return np.asarray(points + weights[:, None] * (moved - points))


def _moves(aperture: Floats) -> list[tuple[int, int]]:
    """Return (first frame, last frame) of each opening and closing, without the dwelling at its ends."""
    from scipy.signal import find_peaks

    turns = [find_peaks(sign * aperture, prominence=_TURN_IOD)[0] for sign in (1, -1)]
    ends = np.unique(np.concatenate([[0, len(aperture) - 1], *turns]).astype(int))
    moves = []
    for begin, end in pairwise(ends.tolist()):
        way = aperture[begin : end + 1]
        left = np.flatnonzero(np.abs(way - way[0]) > _DWELLING * abs(way[-1] - way[0]))
        ahead = np.flatnonzero(np.abs(way - way[-1]) > _DWELLING * abs(way[-1] - way[0]))
        if len(left) and len(ahead) and abs(way[-1] - way[0]) > _TURN_IOD:
            first, last = begin + max(int(left[0]) - 1, 0), begin + min(int(ahead[-1]) + 1, end - begin)
            if last > first + 1:
                moves.append((first, last))
    return moves


def _warped(share: Floats, speed: float) -> Floats:
    """Map 0..1 to 0..1 with slope `speed` in the middle: a hyperbolic tangent, or for slow lips its inverse."""
    from scipy.optimize import brentq

    steep = max(speed, 1 / speed)
    if steep - 1 < 1e-9:
        return share
    bend = brentq(lambda k: k / np.tanh(k) - steep, 1e-6, 4 * steep)
    centred = 2 * share - 1
    curved = np.tanh(bend * centred) / np.tanh(bend) if speed > 1 else np.arctanh(np.tanh(bend) * centred) / bend
    return np.asarray((curved + 1) / 2)
