"""From what the network says of closing lips to how far they are closed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["USUAL_CLOSED_AT", "closed_lips", "fitted_closed_at", "reached_near"]

Floats = NDArray[np.floating[Any]]

_BEGINS_AT = 0.5
USUAL_CLOSED_AT = 0.12
"""Where too few /p b m/ are known to fit it."""
_LEAST_BILABIALS = 8
_MISSED = 0.1
_WITHIN_S = 0.08


def closed_lips(closing: Floats, resting: Floats, *, closed_at: float) -> NDArray[np.float64]:
    """Return how far the lips are closed, 0 to 1: wholly where `closing` reaches `closed_at`, or in a pause.

    They begin to close at half of `closed_at`.
    """
    begun = np.clip((closing / closed_at - _BEGINS_AT) / (1 - _BEGINS_AT), 0, 1)
    closed = np.maximum(begun, resting)
    return np.asarray(closed**2 * (3 - 2 * closed))


def fitted_closed_at(reached: Sequence[float]) -> float:
    """Return the level at which nine of ten /p b m/ close.

    Parameters
    ----------
    reached : sequence of float
        The highest `closing` near each known /p b m/, of speech that the lips were not trained on.
    """
    return float(np.quantile(reached, _MISSED)) if len(reached) >= _LEAST_BILABIALS else USUAL_CLOSED_AT


def reached_near(closing: Floats, times_s: Floats, moments_s: Sequence[float]) -> list[float]:
    """Return the highest `closing` within 80 ms of each moment."""
    return [float(closing[np.abs(times_s - moment) <= _WITHIN_S].max()) for moment in moments_s]
