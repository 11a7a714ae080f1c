"""The terms of which a preference curve is made: powers, or a restricted cubic spline."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

from lipstudy.errors import InputError

__all__ = ["SPLINE_TERM", "Scale", "curve_terms", "from_scale", "to_scale"]

Scale = Literal["log2", "linear"]
"""How articulation enters the model: log2(a), doublings; or linear, a - 1. Both are 0 at the original."""

SPLINE_TERM = "spline"
"""Start of the names of a spline's terms besides x."""


def to_scale(articulation: float, scale: Scale) -> float:
    """Return an articulation scale in the model's units, 0 at the original. Raises InputError for log2 of 0."""
    if scale == "linear":
        return articulation - 1.0
    if articulation <= 0:
        raise InputError(f"articulation {articulation:g} has no logarithm: choose the linear scale")
    return float(np.log2(articulation))


def from_scale(x: float, scale: Scale) -> float:
    """Return the articulation scale of a value in the model's units; infinite beyond the largest number."""
    if scale == "linear":
        return float(x + 1.0)
    return 2.0 ** float(x) if x < 1024 else math.inf


def curve_terms(articulation: float, *, scale: Scale, knots: Sequence[float] | None = None) -> dict[str, float]:
    """Return the terms of the curve at an articulation scale, all 0 at the original.

    Parameters
    ----------
    articulation : float >= 0
    scale : {"log2", "linear"}
    knots : sequence of float, optional
        Articulation scales, three or more and ascending, of a restricted cubic spline: cubic between its knots,
        straight beyond the outer two. Left out, the curve is quadratic.

    Returns
    -------
    dict
        ``x`` and ``x2``; or ``x`` and ``spline1``, ``spline2``, ..., one less than there are knots.

    Raises
    ------
    InputError
        If there are fewer than three knots, or they do not ascend.

    Source: Harrell 2015, Regression Modeling Strategies, section 2.4.5.
    """
    x = to_scale(articulation, scale)
    if knots is None:
        return {"x": x, "x2": x**2}
    places = [to_scale(knot, scale) for knot in knots]
    if len(places) < 3 or any(later <= earlier for earlier, later in pairwise(places)):
        raise InputError(f"a spline needs three or more ascending knots, got {', '.join(f'{k:g}' for k in knots)}")
    return {"x": x} | {
        f"{SPLINE_TERM}{k + 1}": _bent(x, places, k) - _bent(0.0, places, k) for k in range(len(places) - 2)
    }


def _bent(x: float, knots: Sequence[float], place: int) -> float:
    last, before = knots[-1], knots[-2]

    def cube(knot: float) -> float:
        return max(x - knot, 0.0) ** 3

    bent = (
        cube(knots[place])
        - cube(before) * (last - knots[place]) / (last - before)
        + cube(last) * (before - knots[place]) / (last - before)
    )
    return bent / (last - knots[0]) ** 2
