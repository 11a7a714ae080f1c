"""The mean of several tracks of one sentence, in the time of one of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import LandmarkTrack, lip_aperture, mouth_width, neutral_of

__all__ = ["time_locked_mean"]

Floats = NDArray[np.floating[Any]]

_SLOPE_WEIGHT_S = 0.05
"""Seconds of change that count like the value itself: rising and falling lips are not taken for each other."""
_BAND_S = 0.6
"""How much earlier or later than in proportion a part of the sentence may be."""


def time_locked_mean(
    track: LandmarkTrack, repetitions: Sequence[LandmarkTrack], *, neutral: Floats | None = None
) -> Floats:
    """Return the mean lip motion of several tracks of one sentence, in the time and on the face of `track`.

    Each repetition is brought into the time of `track` by dynamic time warping of aperture, mouth width and jaw, with
    their slopes; what is averaged, with `track` itself among them, is the displacement from each one's own neutral.

    Parameters
    ----------
    track : LandmarkTrack
        Whose time and face count.
    repetitions : sequence of LandmarkTrack, at least one
        The same sentence again, by this speaker or others, at any frame rate.
    neutral : ndarray of shape (K, 3), optional
        Closed rest pose of `track`'s face; by default its own.

    Returns
    -------
    ndarray of shape (T, K, 3)

    Raises
    ------
    InputError
        If a repetition is of another topology.

    Notes
    -----
    Source: exaggeration about a time-locked mean, Hill, Troje & Johnston (2005), who aligned by hand-marked segments.
    """
    rest = neutral_of(track) if neutral is None else neutral
    total = track.points.astype(np.float64) - rest
    features = _features(track)
    for repetition in repetitions:
        if repetition.topology.name != track.topology.name:
            raise InputError(
                f"a repetition is of topology '{repetition.topology.name}' and the track of '{track.topology.name}'"
            )
        moved = repetition.points.astype(np.float64) - neutral_of(repetition)
        total = total + moved[_matched(features, _features(repetition), fps=track.fps)]
    return np.asarray(rest + total / (len(repetitions) + 1))


def _features(track: LandmarkTrack) -> Floats:
    """Return (T, 6): aperture, width and chin in units of their own spread, and their slopes."""
    points = track.points.astype(np.float64)
    values = np.stack(
        [
            lip_aperture(points, track.topology),
            mouth_width(points, track.topology),
            points[:, track.topology.chin, 1],
        ],
        axis=-1,
    )
    values = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-6)
    slopes = np.gradient(values, axis=0) * track.fps if len(values) > 1 else np.zeros_like(values)
    return np.hstack([values, _SLOPE_WEIGHT_S * slopes])


def _matched(features: Floats, other: Floats, *, fps: float) -> NDArray[np.int_]:
    """Return for each frame of `features` the frame of `other` that dynamic time warping puts beside it."""
    rows, columns = len(features), len(other)
    distance = np.linalg.norm(features[:, None] - other[None], axis=-1)
    expected = np.arange(rows)[:, None] * (max(columns - 1, 1) / max(rows - 1, 1))
    distance[np.abs(np.arange(columns)[None] - expected) > max(_BAND_S * fps * columns / rows, 2)] = np.inf
    cost = np.full((rows + 1, columns + 1), np.inf)
    cost[0, 0] = 0
    for row in range(1, rows + 1):
        for column in np.flatnonzero(np.isfinite(distance[row - 1])) + 1:
            before = min(cost[row - 1, column - 1], cost[row - 1, column], cost[row, column - 1])
            cost[row, column] = distance[row - 1, column - 1] + before
    pairs: list[list[int]] = [[] for _ in range(rows)]
    row, column = rows, columns
    while row and column:
        pairs[row - 1].append(column - 1)
        steps = ((row - 1, column - 1), (row - 1, column), (row, column - 1))
        row, column = min(steps, key=lambda step: cost[step])
    return np.array([round(sum(beside) / len(beside)) for beside in pairs])
