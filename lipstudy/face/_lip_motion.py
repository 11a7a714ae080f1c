"""How much the lips move."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face._topology import Topology

__all__ = ["LipMotion", "lip_displacement_rms", "log_lip_intensity_ratio", "log_ratio_of_rms"]

Floats = NDArray[np.floating[Any]]

_STILL_IOD = 1e-5
"""A landmark that moves less than this does not move: single precision rounds at about 1e-7 IOD."""


class LipMotion:
    """How far the lips of a track move, for tracks that come in chunks.

    Parameters
    ----------
    topology : Topology
        Names the lips (the subset "lips-40").
    """

    def __init__(self, topology: Topology) -> None:
        self._lips = list(topology.subsets["lips-40"])
        self._num_frames = 0
        self._first = np.zeros((1, len(self._lips), 3))
        self._sum = np.zeros((len(self._lips), 3))
        self._sum_of_squares = np.zeros((len(self._lips), 3))

    def add(self, points: Floats) -> None:
        """Take the next landmarks, (n, K, 3) head-normalised."""
        lips = points[:, self._lips, :].astype(np.float64)
        if not self._num_frames and len(lips):
            self._first = lips[:1]
        from_first = lips - self._first  # so that the difference of two large numbers below is none
        self._num_frames += len(lips)
        self._sum += from_first.sum(axis=0)
        self._sum_of_squares += np.square(from_first).sum(axis=0)

    def displacement_rms(self) -> Floats:
        """Return what `lip_displacement_rms` gives for all chunks together; NaN without a frame."""
        frames = self._num_frames or np.nan
        variance = self._sum_of_squares / frames - np.square(self._sum / frames)
        return np.asarray(np.sqrt(np.maximum(variance, 0).sum(axis=-1)))


def lip_displacement_rms(points: Floats, topology: Topology) -> Floats:
    """Return how far each landmark of the lips moves: the root mean square distance from its mean over time.

    Parameters
    ----------
    points : ndarray of shape (T, K, 3)
        Head-normalised landmarks.
    topology : Topology
        Names the lips (the subset "lips-40").

    Returns
    -------
    ndarray of shape (L,)
        IOD, >= 0, in the order of the subset.
    """
    lips = points[:, list(topology.subsets["lips-40"]), :].astype(np.float64)
    squared_distance = np.square(lips - lips.mean(axis=0)).sum(axis=-1)
    return np.asarray(np.sqrt(squared_distance.mean(axis=0)))


def log_lip_intensity_ratio(points: Floats, reference: Floats, topology: Topology) -> float:
    """Return the mean over the lips of log(rms displacement / rms displacement in `reference`).

    Parameters
    ----------
    points, reference : ndarray of shape (T, K, 3)
        Head-normalised landmarks; they may differ in length.
    topology : Topology
        Names the lips.

    Returns
    -------
    float
        Negative where the lips of `points` move less. Landmarks that are still in both are left out; NaN if the lips
        are still in either, or one landmark is still in only one of them: no ratio is defined.
    """
    return log_ratio_of_rms(*(lip_displacement_rms(each, topology) for each in (points, reference)))


def log_ratio_of_rms(moved: Floats, moved_reference: Floats) -> float:
    """Return `log_lip_intensity_ratio` of two tracks from their `lip_displacement_rms`, each of shape (L,)."""
    still, still_reference = moved < _STILL_IOD, moved_reference < _STILL_IOD
    if still.all() or (still != still_reference).any():
        return float("nan")
    return float(np.mean(np.log(moved[~still] / moved_reference[~still])))
