"""Coarticulation: every viseme dominates its time and yields smoothly to its neighbours.

After the dominance model of Cohen & Massaro (1993): each articulatory parameter is, at each moment, the average of the
targets of all segments, weighted by how much each dominates. Four departures. Their dominance falls as exp(-|t|) from
a segment's centre, ours is the segment's own time blurred by a Gaussian: long segments hold their target, and the
motion has no corner. Theirs has a magnitude, a rate before and a rate after for each segment and parameter; ours has
one blur for each parameter, one strength for consonants made with the tongue and one for all others: our film is too
short to tell more. Closing the lips does not take part in the averaging, which would leave them open in fast speech: it
is a gate of its own, for /p b m/ always complete. And targets are estimated on film, not set by hand.

Speaking rate: segments come with their durations and the blur is a time, not a share of them. Slow speech reaches its
targets and holds them; in fast speech neighbours overlap more and vowels undershoot (Lindblom 1963), while closures are
still made, with steeper ways in and out.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.models._visemes import VISEMES, Segment, Viseme

__all__ = ["constriction", "dominance"]

Floats = NDArray[np.floating[Any]]

_TONGUE: frozenset[Viseme] = frozenset({"dental", "alveolar", "sibilant", "postalveolar", "dorsal"})
_HELD_AT_LEAST_S = 0.04
_HELD_SHARE = 0.7
_RAMPS_S = (0.055, 0.08)
_RAMP_SHARE = 0.75


def dominance(
    segments: Sequence[Segment], times_s: Floats, *, spread_s: float, lead_s: float, tongue: float
) -> NDArray[np.float64]:
    """Return how much each viseme dominates at each moment.

    Parameters
    ----------
    segments : sequence of Segment
        What is said; before the first and after the last the lips rest.
    times_s : ndarray of shape (T,)
        Moments in seconds.
    spread_s : float > 0
        Width of the blur: about the time in which one viseme gives way to the next.
    lead_s : float
        How far the lips are ahead of the sound.
    tongue : float > 0
        Dominance of consonants made with the tongue; that of all others is 1.

    Returns
    -------
    ndarray of shape (T, len(VISEMES))
        Weights >= 0; each row sums to 1.

    References
    ----------
    Cohen, M. M., & Massaro, D. W. (1993). Modeling coarticulation in synthetic visual speech. In Models and Techniques
    in Computer Animation. Springer.
    """
    from scipy.special import ndtr

    first_s, last_s = (segments[0].start_s, segments[-1].end_s) if segments else (0.0, 0.0)
    silences = (Segment("rest", -np.inf, first_s), Segment("rest", last_s, np.inf))
    weights = np.zeros((len(times_s), len(VISEMES)))
    for segment in (*segments, *silences):
        begun = ndtr((times_s - (segment.start_s - lead_s)) / spread_s)
        ended = ndtr((times_s - (segment.end_s - lead_s)) / spread_s)
        strength = tongue if segment.viseme in _TONGUE else 1.0
        weights[:, VISEMES.index(segment.viseme)] += strength * (begun - ended)
    # Far from every segment (sounds without a viseme) all weights vanish: there the lips rest.
    weights[:, VISEMES.index("rest")] += 1e-9
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def constriction(segments: Sequence[Segment], times_s: Floats, viseme: Viseme, *, lead_s: float) -> NDArray[np.float64]:
    """Return how far each moment belongs to a closing of the lips: 0 not at all, 1 fully; smooth in time.

    Each segment of `viseme` is held for at least 40 ms, so that a film of 25 or more frames per second shows it however
    fast the speech. Closing and opening take 80 ms, or down to 55 ms where the sound before or after is short: a vowel
    between two closures must still open the lips.

    Parameters
    ----------
    segments : sequence of Segment
        What is said.
    times_s : ndarray of shape (T,)
        Moments in seconds.
    viseme : Viseme
        The class that closes.
    lead_s : float
        How far the lips are ahead of the sound.

    Returns
    -------
    ndarray of shape (T,)
        Between 0 and 1, with a continuous slope.
    """
    open_share = np.ones(len(times_s))
    durations_s = [np.inf, *(segment.end_s - segment.start_s for segment in segments), np.inf]
    for number, segment in enumerate(segments, start=1):
        if segment.viseme != viseme:
            continue
        offset_s = times_s - ((segment.start_s + segment.end_s) / 2 - lead_s)
        held_s = max(_HELD_AT_LEAST_S, _HELD_SHARE * durations_s[number])
        closing_s, opening_s = (
            float(np.clip(_RAMP_SHARE * durations_s[neighbour], *_RAMPS_S)) for neighbour in (number - 1, number + 1)
        )
        ramp_s = np.where(offset_s < 0, closing_s, opening_s)
        away = np.clip((np.abs(offset_s) - held_s / 2) / ramp_s, 0, 1)
        open_share *= away**2 * (3 - 2 * away)
    return 1 - open_share
