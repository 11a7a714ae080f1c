"""How strongly the lips move: the one family with a sign."""

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face import LandmarkTrack, lip_displacement_rms
from lipstudy.face import log_lip_intensity_ratio as log_ratio_of_points

__all__ = ["effective_articulation", "lip_intensity", "log_lip_intensity_ratio"]


def lip_intensity(track: LandmarkTrack) -> NDArray[np.floating[Any]]:
    """Return how far each landmark of the lips moves: sqrt(mean over t of ||x(t) - mean x||^2).

    Parameters
    ----------
    track : LandmarkTrack
        Head-normalised.

    Returns
    -------
    ndarray of shape (40,)
        IOD, >= 0, in the order of the topology's subset "lips-40". Tracker noise is in it: compare tracks that were
        smoothed alike.

    Notes
    -----
    Source: this toolkit; it is what the articulation scale of Aldeneh et al. (ICASSP 2023) multiplies.
    """
    return lip_displacement_rms(track.points, track.topology)


def log_lip_intensity_ratio(a: LandmarkTrack, b: LandmarkTrack) -> float:
    """Return the mean over the lips of log(lip intensity of `a` / lip intensity of `b`).

    Unit: none (natural logarithm). Range: any number; 0 where both move as much, log 0.5 = -0.69 where `a` moves half
    as much. Swapping the tracks turns the sign. It is blind to timing: a delay costs nothing, and another clip's lips
    may give 0. NaN with a warning if the lips do not move in one of them.

    Only a signed measure can agree with viewers who like over-articulation more than under-articulation. No published
    correlation with opinion is known.

    Source: this toolkit; the preference is that of Aldeneh et al. (ICASSP 2023).
    """
    ratio = log_ratio_of_points(a.points, b.points, a.topology)
    if math.isnan(ratio):
        warnings.warn("lips do not move in one of the tracks: no ratio of lip intensity is defined", stacklevel=2)
    return ratio


def effective_articulation(track: LandmarkTrack, reference: LandmarkTrack) -> float:
    """Return the articulation that `track` really shows, relative to `reference`, the speaker's own motion.

    exp of the mean over the lips of log(lip intensity of `track` / lip intensity of `reference`). Unit: none. Range:
    > 0; 1 where both move as much. It equals the articulation scale exactly if `track` is `reference` scaled about
    any fixed pose without repair; repaired crossings, held closures and smoothing make it differ. NaN with a warning,
    never 0, if the lips do not move in one of them.

    Source: this toolkit; the scale it estimates is that of Aldeneh et al. (ICASSP 2023).
    """
    return math.exp(log_lip_intensity_ratio(track, reference))
