"""The preference curve of a fitted model, where it peaks, and its asymmetry."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.inference._choices import Scale, from_scale, to_scale
from lipstudy.inference._design import INTERCEPT
from lipstudy.inference._mixed import MixedFit

__all__ = [
    "Asymmetry",
    "CurvePoint",
    "PreferredArticulation",
    "asymmetry",
    "preference_curve",
    "preferred_articulation",
]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The preference curve at one articulation scale."""

    articulation: float
    probability: float
    """That a clip of this articulation is preferred to the original."""
    low: float
    """Lower end of the interval."""
    high: float
    """Upper end."""


@dataclass(frozen=True, slots=True)
class PreferredArticulation:
    """Where the preference curve is highest."""

    articulation: float | None
    """The peak; None if the curve has none: it does not bend down, or is so nearly straight that no number holds it."""
    delta: tuple[float, float] | None
    """Interval by the delta method; None if no number holds its upper end."""
    fieller: tuple[float, float] | None
    """Fieller's interval; None if it is unbounded: the data do not tell where the peak is."""
    within_tested: bool
    """Whether the peak lies within the articulation scales that were shown."""
    level: float
    """Level of the intervals."""


@dataclass(frozen=True, slots=True)
class Asymmetry:
    """Over- against under-articulation at the same distance from the original."""

    over: float
    """The articulation compared, above 1."""
    under: float
    """The articulation compared, below 1."""
    p_over: float
    """Probability that the clip at `over` is preferred to the original."""
    p_under: float
    """The same at `under`."""
    difference: float
    """p_over - p_under."""
    low: float
    high: float
    z: float
    """Of the slope x, on which alone the difference of log odds depends."""
    p: float | None
    """Two-sided; None unless the verdict is "ok"."""
    level: float


def preference_curve(
    fit: MixedFit, grid: Sequence[float], *, scale: Scale = "log2", level: float = 0.95
) -> list[CurvePoint]:
    """Return the probability that a clip is preferred to the original, over articulation.

    For the average person and sentence (random effects zero), and no side (side zero). Interval: the covariance of
    the fixed effects carried to the log odds, its ends turned into probabilities.

    Parameters
    ----------
    fit : MixedFit
        With the fixed terms (Intercept), x and optionally x2.
    grid : sequence of float
        Articulation scales.
    scale : {"log2", "linear"}
        The scale of x in the model.
    level : float in (0, 1)
        Level of the interval.

    Returns
    -------
    list of CurvePoint

    Raises
    ------
    InputError
        If the fit lacks x, or was refused before fitting.
    """
    _check(fit)
    points = []
    for articulation in grid:
        weights = _weights(fit, to_scale(articulation, scale))
        middle = float(weights @ fit.beta)
        half = _quantile(level) * math.sqrt(float(weights @ fit.covariance @ weights))
        points.append(CurvePoint(articulation, _expit(middle), _expit(middle - half), _expit(middle + half)))
    return points


def preferred_articulation(
    fit: MixedFit, *, tested: tuple[float, float], scale: Scale = "log2", level: float = 0.95
) -> PreferredArticulation:
    """Return the articulation at which the preference curve peaks, with its intervals.

    The peak is -b1 / (2 b2) on the model's scale. The delta interval is symmetric there and always bounded; Fieller's
    holds its level when the bend is uncertain, and is unbounded when b2 may be zero.

    Parameters
    ----------
    fit : MixedFit
        With the fixed terms x and x2.
    tested : tuple of (float, float)
        Lowest and highest articulation shown.
    scale : {"log2", "linear"}
    level : float in (0, 1)

    Raises
    ------
    InputError
        If the fit lacks x or x2, or was refused before fitting.

    Source: Fieller 1954, Some problems in interval estimation.
    """
    _check(fit, "x2")
    names = [effect.term for effect in fit.fixed]
    first, second = names.index("x"), names.index("x2")
    b1, b2 = fit.beta[first], fit.beta[second]
    v11, v22, v12 = fit.covariance[first, first], fit.covariance[second, second], fit.covariance[first, second]
    if b2 >= 0 or not math.isfinite(from_scale(-b1 / (2 * b2), scale)):
        return PreferredArticulation(None, None, None, False, level)
    peak = -b1 / (2 * b2)
    gradient = np.array([-1 / (2 * b2), b1 / (2 * b2**2)])
    spread = math.sqrt(float(gradient @ np.array([[v11, v12], [v12, v22]]) @ gradient))
    q = _quantile(level)
    # Values v with (b1 + 2 b2 v)^2 <= q^2 Var(b1 + 2 b2 v): a quadratic in v, an interval where it opens upwards.
    a, b, c = 4 * (b2**2 - q**2 * v22), 4 * (b1 * b2 - q**2 * v12), b1**2 - q**2 * v11
    fieller = None
    if a > 0:
        root = math.sqrt(b**2 - 4 * a * c)
        low, high = (from_scale((-b + sign * root) / (2 * a), scale) for sign in (-1, 1))
        fieller = (low, high) if math.isfinite(high) else None
    articulation = from_scale(peak, scale)
    delta = (from_scale(peak - q * spread, scale), from_scale(peak + q * spread, scale))
    bounded = delta if math.isfinite(delta[1]) else None
    return PreferredArticulation(articulation, bounded, fieller, bool(tested[0] <= articulation <= tested[1]), level)


def asymmetry(
    fit: MixedFit, *, tested: tuple[float, float], scale: Scale = "log2", level: float = 0.95
) -> Asymmetry | None:
    """Return p(over) - p(under) at the largest distance from the original that was shown on both sides.

    The interval is by the delta method; the test is that of the slope x. None if one side was not shown.

    Parameters
    ----------
    fit : MixedFit
        With the fixed term x.
    tested : tuple of (float, float)
        Lowest and highest articulation shown.
    scale : {"log2", "linear"}
    level : float in (0, 1)
    """
    _check(fit)
    distance = min(to_scale(tested[1], scale), -to_scale(tested[0], scale))
    if distance <= 0:
        return None
    over, under = _weights(fit, distance), _weights(fit, -distance)
    p_over, p_under = _expit(float(over @ fit.beta)), _expit(float(under @ fit.beta))
    gradient = p_over * (1 - p_over) * over - p_under * (1 - p_under) * under
    half = _quantile(level) * math.sqrt(float(gradient @ fit.covariance @ gradient))
    difference = p_over - p_under
    return Asymmetry(
        from_scale(distance, scale), from_scale(-distance, scale), p_over, p_under,
        difference, difference - half, difference + half, fit["x"].z, fit["x"].p, level,
    )  # fmt: skip


def _check(fit: MixedFit, *more: str) -> None:
    terms = {effect.term for effect in fit.fixed}
    for term in ("x", *more):
        if term not in terms:
            raise InputError(f"a preference curve needs the term '{term}' in the model, got '{fit.formula}'")
    if not np.isfinite(fit.covariance).all():
        raise InputError(f"there is no preference curve: {fit.verdict}")


def _weights(fit: MixedFit, x: float) -> NDArray[np.float64]:
    known = {INTERCEPT: 1.0, "x": x, "x2": x**2}
    return np.array([known.get(effect.term, 0.0) for effect in fit.fixed])


def _quantile(level: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(0.5 + level / 2)


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
