"""The preference curve of a fitted model, where it peaks, and its asymmetry."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.inference._basis import SPLINE_TERM, Scale, curve_terms, from_scale, to_scale
from lipstudy.inference._bootstrap import Bootstrap
from lipstudy.inference._design import INTERCEPT
from lipstudy.inference._satterthwaite import small_sample_quantile, two_sided

__all__ = [
    "Asymmetry",
    "CurveModel",
    "CurvePoint",
    "PreferredArticulation",
    "asymmetry",
    "preference_curve",
    "preferred_articulation",
]


class CurveModel(Protocol):
    """A fitted model of choices that has a curve: mixed or population-average."""

    @property
    def formula(self) -> str:
        """What was fitted."""

    @property
    def verdict(self) -> str:
        """Why no p-value is given, else "ok"."""

    @property
    def ok(self) -> bool:
        """Whether the fit may be interpreted."""

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the fixed terms."""

    @property
    def beta(self) -> NDArray[np.float64]:
        """(terms,)."""

    @property
    def covariance(self) -> NDArray[np.float64]:
        """(terms, terms)."""

    def df(self, contrast: NDArray[np.float64]) -> float:
        """Return the degrees of freedom of a contrast of the fixed terms, (terms,)."""


_GRID = 1001
"""Places at which the highest point of a spline is looked for."""


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
    """Interval by the delta method; None if no number holds its upper end, and for a spline."""
    fieller: tuple[float, float] | None
    """Fieller's interval; None if it is unbounded: the data do not tell where the peak is."""
    within_tested: bool
    """Whether the peak lies within the articulation scales that were shown."""
    level: float
    """Level of the intervals."""
    bootstrap: tuple[float, float] | None = None
    """Percentile interval of the peaks of simulated curves; None without simulations, or if it is unbounded."""
    without_peak: float | None = None
    """Share of simulated curves without a peak; None without simulations."""


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
    """Difference of the two log odds over its standard error."""
    p: float | None
    """Two-sided, with `df` degrees of freedom; None unless the verdict is "ok"."""
    level: float
    log_odds: float = math.nan
    """The difference of the two log odds, on which the test and an equivalence test rest."""
    se: float = math.nan
    """Its standard error."""
    df: float = math.inf
    """Its degrees of freedom (Satterthwaite)."""


def preference_curve(
    fit: CurveModel,
    grid: Sequence[float],
    *,
    scale: Scale = "log2",
    knots: Sequence[float] | None = None,
    level: float = 0.95,
) -> list[CurvePoint]:
    """Return the probability that a clip is preferred to the original, over articulation.

    For the average person and sentence (random effects zero), and no side (side zero). Interval: the covariance of
    the fixed effects carried to the log odds, its ends turned into probabilities.

    Parameters
    ----------
    fit : MixedFit or PopulationFit
        With the fixed terms (Intercept), x and optionally x2, or those of a spline.
    grid : sequence of float
        Articulation scales.
    scale : {"log2", "linear"}
        The scale of x in the model.
    knots : sequence of float, optional
        Articulation scales of the knots, where the model has a spline: those given to `choices_from_trials`.
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
        weights = _weights(fit, articulation, scale, knots)
        middle = float(weights @ fit.beta)
        quantile = small_sample_quantile(level, fit.df(weights))
        half = quantile * math.sqrt(float(weights @ fit.covariance @ weights))
        points.append(CurvePoint(articulation, _expit(middle), _expit(middle - half), _expit(middle + half)))
    return points


def preferred_articulation(
    fit: CurveModel,
    *,
    tested: tuple[float, float],
    scale: Scale = "log2",
    knots: Sequence[float] | None = None,
    level: float = 0.95,
    bootstrap: Bootstrap | None = None,
) -> PreferredArticulation:
    """Return the articulation at which the preference curve peaks, with its intervals.

    The peak of the quadratic is -b1 / (2 b2) on the model's scale, wherever it lies; that of a spline is the highest
    point within the scales shown. The delta interval is symmetric and always bounded. Fieller's holds the places whose
    slope is not different from zero; it keeps its level when the bend is uncertain, and is unbounded when the bend may
    be zero, or, for a spline, when it reaches the end of the scales shown.

    Parameters
    ----------
    fit : MixedFit or PopulationFit
        With the fixed terms x and x2, or those of a spline.
    tested : tuple of (float, float)
        Lowest and highest articulation shown.
    scale : {"log2", "linear"}
    knots : sequence of float, optional
        Articulation scales of the knots, where the model has a spline.
    level : float in (0, 1)
    bootstrap : Bootstrap, optional
        Draws of the same model, for the percentile interval.

    Raises
    ------
    InputError
        If the fit lacks x or x2 (or the spline), or was refused before fitting.

    Source: Fieller 1954, Some problems in interval estimation.
    """
    _check(fit, *([f"{SPLINE_TERM}1"] if knots else ["x2"]))
    if bootstrap is not None and bootstrap.terms != fit.terms:
        raise InputError(f"the bootstrap is of the model '{bootstrap.formula}', not of '{fit.formula}'")
    found = _spline_peak if knots else _quadratic_peak
    articulation, delta, fieller = found(fit, tested, scale, knots or (), level)
    peaks = None if bootstrap is None else _peaks(fit, bootstrap.draws, tested, scale, knots)
    between = None
    if peaks is not None and articulation is not None:
        # A curve without a peak has it nowhere: it may lie beyond either end.
        outside = np.isnan(peaks).mean()
        if outside < (1 - level) / 2:
            ends = np.quantile(peaks[~np.isnan(peaks)], [(1 - level) / 2, (1 + level) / 2])
            between = (float(ends[0]), float(ends[1]))
    return PreferredArticulation(
        articulation,
        delta,
        fieller,
        articulation is not None and bool(tested[0] <= articulation <= tested[1]),
        level,
        between,
        None if peaks is None else float(np.isnan(peaks).mean()),
    )


_Interval = tuple[float, float] | None


def _quadratic_peak(
    fit: CurveModel, tested: tuple[float, float], scale: Scale, knots: Sequence[float], level: float
) -> tuple[float | None, _Interval, _Interval]:
    names = fit.terms
    first, second = names.index("x"), names.index("x2")
    b1, b2 = fit.beta[first], fit.beta[second]
    v11, v22, v12 = fit.covariance[first, first], fit.covariance[second, second], fit.covariance[first, second]
    if b2 >= 0 or not math.isfinite(from_scale(-b1 / (2 * b2), scale)):
        return None, None, None
    peak = -b1 / (2 * b2)
    gradient = np.array([-1 / (2 * b2), b1 / (2 * b2**2)])
    spread = math.sqrt(float(gradient @ np.array([[v11, v12], [v12, v22]]) @ gradient))
    slope = np.zeros(len(names))
    slope[first], slope[second] = 1, 2 * peak
    q = small_sample_quantile(level, fit.df(slope))
    # Values v with (b1 + 2 b2 v)^2 <= q^2 Var(b1 + 2 b2 v): a quadratic in v, an interval where it opens upwards.
    a, b, c = 4 * (b2**2 - q**2 * v22), 4 * (b1 * b2 - q**2 * v12), b1**2 - q**2 * v11
    fieller = None
    if a > 0:
        root = math.sqrt(b**2 - 4 * a * c)
        low, high = (from_scale((-b + sign * root) / (2 * a), scale) for sign in (-1, 1))
        fieller = (low, high) if math.isfinite(high) else None
    delta = (from_scale(peak - q * spread, scale), from_scale(peak + q * spread, scale))
    return from_scale(peak, scale), delta if math.isfinite(delta[1]) else None, fieller


def _spline_peak(
    fit: CurveModel, tested: tuple[float, float], scale: Scale, knots: Sequence[float], level: float
) -> tuple[float | None, _Interval, _Interval]:
    grid = _grid(tested, scale)
    curve = np.array([_weights(fit, articulation, scale, knots) for articulation in grid])
    height = curve @ fit.beta
    top = int(height.argmax())
    if top in (0, len(grid) - 1):
        return None, None, None
    slopes = np.gradient(curve, axis=0)
    quantile = small_sample_quantile(level, fit.df(slopes[top]))
    spread = np.sqrt(np.einsum("gi,ij,gj->g", slopes, fit.covariance, slopes))
    flat = np.abs(slopes @ fit.beta) <= quantile * spread
    low, high = top, top
    while low > 0 and flat[low - 1]:
        low -= 1
    while high < len(grid) - 1 and flat[high + 1]:
        high += 1
    bounded = low > 0 and high < len(grid) - 1
    return grid[top], None, (grid[low], grid[high]) if bounded else None


def _peaks(
    fit: CurveModel,
    draws: NDArray[np.float64],
    tested: tuple[float, float],
    scale: Scale,
    knots: Sequence[float] | None,
) -> NDArray[np.float64]:
    """Return the peak of each drawn curve, (draws,), as an articulation; NaN where there is none."""
    if knots:
        grid = _grid(tested, scale)
        curve = np.array([_weights(fit, articulation, scale, knots) for articulation in grid])
        tops = (draws @ curve.T).argmax(axis=1)
        return np.where((tops > 0) & (tops < len(grid) - 1), np.array(grid)[tops], np.nan)
    names = fit.terms
    b1, b2 = draws[:, names.index("x")], draws[:, names.index("x2")]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        peaks = [from_scale(v, scale) if b < 0 else math.nan for v, b in zip(-b1 / (2 * b2), b2, strict=True)]
    return np.where(np.isfinite(peaks), peaks, np.nan)


def _grid(tested: tuple[float, float], scale: Scale) -> list[float]:
    ends = (to_scale(tested[0], scale), to_scale(tested[1], scale))
    return [from_scale(float(x), scale) for x in np.linspace(*ends, _GRID)]


def asymmetry(
    fit: CurveModel,
    *,
    tested: tuple[float, float],
    scale: Scale = "log2",
    knots: Sequence[float] | None = None,
    level: float = 0.95,
) -> Asymmetry | None:
    """Return p(over) - p(under) at the largest distance from the original that was shown on both sides.

    The interval of the difference is by the delta method; the test is of the difference of the two log odds, which in
    a quadratic curve is that of the slope x. None if one side was not shown.

    Parameters
    ----------
    fit : MixedFit or PopulationFit
        With the fixed term x.
    tested : tuple of (float, float)
        Lowest and highest articulation shown.
    scale : {"log2", "linear"}
    knots : sequence of float, optional
        Articulation scales of the knots, where the model has a spline.
    level : float in (0, 1)
    """
    _check(fit)
    distance = min(to_scale(tested[1], scale), -to_scale(tested[0], scale))
    if distance <= 0:
        return None
    sides = from_scale(distance, scale), from_scale(-distance, scale)
    over, under = (_weights(fit, articulation, scale, knots) for articulation in sides)
    p_over, p_under = _expit(float(over @ fit.beta)), _expit(float(under @ fit.beta))
    gradient = p_over * (1 - p_over) * over - p_under * (1 - p_under) * under
    contrast = over - under
    log_odds, se = float(contrast @ fit.beta), math.sqrt(float(contrast @ fit.covariance @ contrast))
    df = fit.df(contrast)
    half = small_sample_quantile(level, df) * math.sqrt(float(gradient @ fit.covariance @ gradient))
    difference, z = p_over - p_under, log_odds / se
    return Asymmetry(
        *sides, p_over, p_under, difference, difference - half, difference + half,
        z, two_sided(z, df) if fit.ok else None, level, log_odds, se, df,
    )  # fmt: skip


def _check(fit: CurveModel, *more: str) -> None:
    for term in ("x", *more):
        if term not in fit.terms:
            raise InputError(f"a preference curve needs the term '{term}' in the model, got '{fit.formula}'")
    if not np.isfinite(fit.covariance).all():
        raise InputError(f"there is no preference curve: {fit.verdict}")


def _weights(fit: CurveModel, articulation: float, scale: Scale, knots: Sequence[float] | None) -> NDArray[np.float64]:
    known: dict[str, Any] = {INTERCEPT: 1.0, **curve_terms(articulation, scale=scale, knots=knots)}
    return np.array([known.get(term, 0.0) for term in fit.terms])


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))
