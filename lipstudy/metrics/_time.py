"""Whether the mouth does the same at the same time."""

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face import LandmarkTrack, lip_aperture, mouth_width

__all__ = ["MAX_LAG_S", "aperture_correlation", "aperture_dtw_cost", "lag_frames", "lag_ms", "width_correlation"]

Floats = NDArray[np.floating[Any]]

MAX_LAG_S = 0.4
"""Lags are looked for up to this; a syllable lasts about half of it."""

_STILL_IOD = 1e-5
"""A course that deviates less than this does not change: single precision rounds at about 1e-7 IOD."""
_MIN_OVERLAP_FRAMES = 3


def aperture_correlation(a: LandmarkTrack, b: LandmarkTrack) -> float:
    """Return Pearson's correlation of the lip apertures over time.

    Unit: none. Range: -1 to 1; 1 for the same course. Blind to the articulation scale: lips at a = 0.5 correlate 1
    with their original. A delay lowers it. NaN with a warning if an aperture does not change. No published correlation
    with opinion is known.

    Source: Pearson (1895); the aperture is the distance of the inner-lip centres.
    """
    return _told_if_undefined(_correlation(_aperture(a), _aperture(b)), "aperture")


def width_correlation(a: LandmarkTrack, b: LandmarkTrack) -> float:
    """Return Pearson's correlation of the mouth widths over time.

    Unit: none. Range: -1 to 1. As `aperture_correlation`, for the distance of the mouth corners, which moves less and
    is noisier. NaN with a warning if a width does not change.

    Source: Pearson (1895).
    """
    widths = (mouth_width(each.points.astype(np.float64), each.topology) for each in (a, b))
    return _told_if_undefined(_correlation(*widths), "mouth width")


def aperture_dtw_cost(a: LandmarkTrack, b: LandmarkTrack) -> float:
    """Return the cost of the best dynamic time warping of the lip apertures, |difference| summed and divided by 2 T.

    The symmetric form of Sakoe and Chiba without slope constraint: a diagonal step counts twice, so the cost is a
    mean difference per frame.

    Unit: IOD. Range: >= 0. It does not see a delay, which is what it is for, nor which of the two moves more: it is
    symmetric. No published correlation with opinion is known.

    Source: Sakoe & Chiba (1978).
    """
    first, second = _aperture(a), _aperture(b)
    rows, columns = len(first), len(second)
    # Along an anti-diagonal i + j = d no cell needs another one: whole diagonals at once, indexed by i.
    before_last = np.full(rows, np.inf)
    last = np.full(rows, np.inf)
    for diagonal in range(rows + columns - 1):
        i = np.arange(max(0, diagonal - columns + 1), min(diagonal, rows - 1) + 1)
        local = np.abs(first[i] - second[diagonal - i])
        current = np.full(rows, np.inf)
        if diagonal == 0:
            current[0] = 2 * local[0]
        else:
            from_left = last[i]
            from_above = np.where(i > 0, last[i - 1], np.inf)
            from_corner = np.where(i > 0, before_last[i - 1], np.inf)
            current[i] = np.minimum(np.minimum(from_left, from_above) + local, from_corner + 2 * local)
        before_last, last = last, current
    return float(last[-1] / (rows + columns))


def lag_frames(a: LandmarkTrack, b: LandmarkTrack) -> float:
    """Return by how many frames the lips of `a` come after those of `b`.

    The whole number of frames, up to MAX_LAG_S both ways, at which the apertures correlate best over what overlaps;
    of equal ones the smallest. Positive: `a` is late.

    Unit: frames. Range: within MAX_LAG_S both ways. Blind to the articulation scale. For tracks of unlike motion it
    is a number without meaning: read it beside `aperture_correlation`. NaN with a warning if an aperture does not
    change.

    Source: the peak of the cross-correlation, Knapp & Carter (1976).
    """
    first, second = _aperture(a), _aperture(b)
    longest = min(round(MAX_LAG_S * a.fps), min(len(first), len(second)) - _MIN_OVERLAP_FRAMES)
    best, best_correlation = math.nan, -math.inf
    for lag in sorted(range(-longest, longest + 1), key=abs):
        late, early = first[max(lag, 0) :], second[max(-lag, 0) :]
        overlap = min(len(late), len(early))
        correlation = _correlation(late[:overlap], early[:overlap])
        if correlation > best_correlation + 1e-9:
            best, best_correlation = float(lag), correlation
    return _told_if_undefined(best, "aperture")


def lag_ms(a: LandmarkTrack, b: LandmarkTrack) -> float:
    """Return `lag_frames` as a time: 1000 lag / fps.

    Unit: milliseconds, in steps of one frame. Range: within MAX_LAG_S both ways. Positive: `a` is late. NaN with a
    warning if an aperture does not change.

    Source: as `lag_frames`.
    """
    return 1000 * lag_frames(a, b) / a.fps


def _aperture(track: LandmarkTrack) -> Floats:
    return lip_aperture(track.points.astype(np.float64), track.topology)


def _correlation(first: Floats, second: Floats) -> float:
    if min(np.std(first), np.std(second)) < _STILL_IOD:
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])


def _told_if_undefined(value: float, what: str) -> float:
    if math.isnan(value):
        warnings.warn(f"the {what} of one of the tracks does not change: no correlation is defined", stacklevel=3)
    return value
