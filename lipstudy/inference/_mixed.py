"""A mixed logit model, fitted twice; no p-value unless both fits are sound and agree."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.inference._design import Design, aggregated, build_design
from lipstudy.inference._engine_fit import EngineFit, RandomEstimate
from lipstudy.inference._engine_glmm import can_fit_with_glmm, fit_with_glmm
from lipstudy.inference._engine_laplace import laplace_fit
from lipstudy.inference._engine_mixedlm import fit_with_mixedlm
from lipstudy.inference._formula import parse_formula
from lipstudy.inference._laplace import Laplace
from lipstudy.inference._satterthwaite import Satterthwaite, two_sided
from lipstudy.inference._separation import separation

__all__ = ["FixedEffect", "MixedFit", "fit_mixed_logit"]

LOGLIK_TOLERANCE = 0.01
"""Beyond this difference one of the two searches did not reach the optimum."""
SLOPE_TOLERANCE = 1e-3
"""Of the larger of the estimate's size and its standard error: an effect of zero has no relative difference."""
SE_TOLERANCE = 0.05
"""Relative."""
SINGULAR_SD = 1e-4
"""Log odds. lme4's isSingular has the same number, for relative standard deviations."""
SINGULAR_CORRELATION = 0.99
"""Beyond it a slope is a multiple of its intercept, one random effect and not two."""
MOST_ROWS_OF_MIXEDLM = 50_000
"""Beyond it mixedlm would take many minutes; glmm and our own engine check each other."""
IMPOSSIBLE_SD = 20.0
"""Log odds. Groups that differ by so much each give one answer only."""


@dataclass(frozen=True, slots=True)
class FixedEffect:
    """One fixed term of a fitted model."""

    term: str
    estimate: float
    """Log odds; NaN if not fitted."""
    se: float
    """Standard error."""
    z: float
    """Estimate over standard error."""
    p: float | None
    """Two-sided Wald p-value; None unless the verdict is "ok"."""
    df: float = math.inf
    """Satterthwaite's degrees of freedom: few where the standard error rests on few people or sentences."""
    p_t: float | None = None
    """Two-sided p-value with `df` degrees of freedom: the one to report when people or sentences are few."""


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A mixed logit model fitted by two engines."""

    formula: str
    fixed: tuple[FixedEffect, ...]
    covariance: NDArray[np.float64]
    """(terms, terms): covariance of the fixed effects."""
    random: tuple[RandomEstimate, ...]
    loglik: float
    """Log-likelihood; NaN if not fitted."""
    nobs: int
    """Rows that were fitted."""
    groups: Mapping[str, int]
    """Grouping factor -> number of levels."""
    engines: tuple[EngineFit, ...]
    """Every engine's fit, the reported one first; empty if the data are separated."""
    verdict: str
    """ "ok", or one sentence: why no p-value is given."""
    notes: tuple[str, ...]
    """What was done to the table before fitting."""
    small_sample: Satterthwaite | None = None
    """Gives the degrees of freedom of any contrast; None if there is no sound fit."""
    nagq: int = 1
    """Quadrature points for each random effect; 1 is the Laplace approximation."""
    saturated_loglik: float = 0.0
    """Log-likelihood if each row had a chance of its own. lme4 leaves it out of logLik where nAGQ > 1."""

    @property
    def ok(self) -> bool:
        """Whether the fit may be interpreted."""
        return self.verdict == "ok"

    @property
    def singular(self) -> bool:
        """Whether a random effect is estimated as zero, or two as the same."""
        return self.verdict.startswith("singular")

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the fixed effects."""
        return tuple(effect.term for effect in self.fixed)

    @property
    def beta(self) -> NDArray[np.float64]:
        """(terms,): estimates of the fixed effects."""
        return np.array([effect.estimate for effect in self.fixed])

    def df(self, contrast: NDArray[np.float64]) -> float:
        """Return Satterthwaite's degrees of freedom of a contrast of the fixed effects, (terms,)."""
        return math.inf if self.small_sample is None else self.small_sample.df(contrast)

    def __getitem__(self, term: str) -> FixedEffect:
        return next(effect for effect in self.fixed if effect.term == term)

    def as_json(self) -> dict[str, Any]:
        """Return the fit as ``lipstudy fit --json`` prints it; what is undefined is null."""
        random: dict[str, Any] = {}
        for estimate in self.random:
            entry = random.setdefault(
                estimate.group, {"levels": self.groups[estimate.group], "sd": {}, "correlation": {}}
            )
            entry["sd"] |= {name: _finite(sd) for name, sd in zip(estimate.names, estimate.sds, strict=True)}
            for later, name in enumerate(estimate.names):
                for earlier in range(later):
                    pair = f"{estimate.names[earlier]}, {name}"
                    entry["correlation"][pair] = _finite(estimate.correlations[later, earlier])
        return {
            "formula": self.formula,
            "fixed": {
                effect.term: {
                    "estimate": _finite(effect.estimate),
                    "se": _finite(effect.se),
                    "z": _finite(effect.z),
                    "p": effect.p,
                    "df": _finite(effect.df),
                    "p_t": effect.p_t,
                }
                for effect in self.fixed
            },
            "random": random,
            "loglik": _finite(self.loglik),
            "nagq": self.nagq,
            "loglik_lme4": _finite(self.loglik - (self.saturated_loglik if self.nagq > 1 else 0)),
            "nobs": self.nobs,
            "engines": {
                fit.engine: {
                    "version": fit.version,
                    "loglik": _finite(fit.loglik),
                    "estimate": {
                        effect.term: _finite(value) for effect, value in zip(self.fixed, fit.beta, strict=True)
                    },
                    "se": {effect.term: _finite(value) for effect, value in zip(self.fixed, fit.se, strict=True)},
                    "converged": fit.converged,
                }
                for fit in self.engines
            },
            "verdict": self.verdict,
            "notes": list(self.notes),
        }


def fit_mixed_logit(
    formula: str, table: Any, *, check: bool = True, nagq: int = 1, mixedlm_rows: int = MOST_ROWS_OF_MIXEDLM
) -> MixedFit:
    """Fit a mixed logit model with several engines and say whether it may be believed.

    Parameters
    ----------
    formula : str
        In lme4's language, for instance ``"chosen ~ x + x2 + side + (1 + x | participant) + (1 | item)"``.
    table : pandas.DataFrame
        One row an answer, or one row a count of answers for ``cbind(successes, failures)``.
    check : bool
        Whether other engines check the fit. Without it the verdict rests on our own engine alone; for simulations of
        many studies, where the check would cost fifty times the fit.
    nagq : int from 1 to 25, odd
        Points of adaptive Gauss-Hermite quadrature, for a model with one random intercept and nothing else random;
        1 is the Laplace approximation.
    mixedlm_rows : int
        Rows beyond which mixedlm, the slow engine, is left out: glmm and our own engine then check each other.

    Returns
    -------
    MixedFit
        Estimates and standard errors are glmm's, whose second derivatives are exact; where glmm does not have the
        model (uncorrelated slopes), or would take minutes (three effects of a factor), mixedlm's. The verdict is "ok"
        or says that the answers are separated (found before fitting), that a fit is singular (a standard deviation
        under 1e-4, a correlation beyond 0.99), that fewer than two engines converged, or that they disagree:
        log-likelihoods by more than 0.01, an estimate by more than 1e-3 of the larger of its size and its standard
        error, a standard error by more than 5 %. Without "ok" no p-value is given.

    Raises
    ------
    InputError
        If the formula cannot be read, the table does not fit it, or it has no such quadrature.
    """
    parsed = parse_formula(formula)
    design = build_design(parsed, table)
    groups = {block.group: block.levels for block in design.blocks}
    if nagq != 1 and (len(design.blocks) > 1 or len(design.blocks[0].names) > 1 or nagq not in range(3, 26, 2)):
        raise InputError(
            f"nagq {nagq} must be 1 or odd from 3 to 25, and more than 1 only with one random intercept in the formula,"
            f" got '{parsed}'"
        )
    separated = separation(design)
    if separated is not None:
        nothing = np.full(len(design.names), np.nan)
        fixed = tuple(FixedEffect(name, math.nan, math.nan, math.nan, None) for name in design.names)
        return MixedFit(
            str(parsed), fixed, np.diag(nothing), (), math.nan, design.nobs, groups, (), separated, design.notes
        )
    engines, small = _fitted(design, check=check, nagq=nagq, mixedlm_rows=mixedlm_rows)
    verdict = _verdict(engines, design.names)
    best = engines[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        z = best.beta / best.se
    dfs = [small.df(contrast) if small else math.inf for contrast in np.eye(len(design.names))]
    ok = verdict == "ok"
    fixed = tuple(
        FixedEffect(
            name, float(b), float(se), float(ratio),
            two_sided(ratio, math.inf) if ok else None, df, two_sided(ratio, df) if ok else None,
        )
        for name, b, se, ratio, df in zip(design.names, best.beta, best.se, z, dfs, strict=True)
    )  # fmt: skip
    return MixedFit(
        str(parsed), fixed, best.covariance, best.random, best.loglik, design.nobs, groups, engines, verdict,
        design.notes, small, nagq, design.saturated_loglik,
    )  # fmt: skip


def _fitted(
    design: Design, *, check: bool, nagq: int, mixedlm_rows: int
) -> tuple[tuple[EngineFit, ...], Satterthwaite | None]:
    rows = aggregated(design)
    ours, small = laplace_fit(rows, Laplace.of(rows))
    if nagq > 1:
        engines: tuple[EngineFit, ...] = (fit_with_glmm(rows, nagq=nagq), fit_with_mixedlm(rows, nagq=nagq))
    elif not check:
        engines = (ours,)
    elif not can_fit_with_glmm(rows):
        engines = (fit_with_mixedlm(rows), ours)
    elif rows.nobs > mixedlm_rows:
        engines = (fit_with_glmm(rows), ours)
    else:
        engines = (fit_with_glmm(rows), fit_with_mixedlm(rows), ours)
    # The reported engine comes first; one that found no optimum stands last, and two sound ones must be left.
    engines = tuple(sorted(engines, key=lambda fit: not _sound(fit)))
    constant = design.log_ways - rows.log_ways
    return tuple(replace(fit, loglik=fit.loglik + constant) for fit in engines), small


def _sound(fit: EngineFit) -> bool:
    return fit.converged and bool(np.isfinite(fit.beta).all() and np.isfinite(fit.se).all() and np.isfinite(fit.loglik))


def _verdict(engines: tuple[EngineFit, ...], names: tuple[str, ...]) -> str:
    for fit in engines:
        for estimate in fit.random:
            reason = _boundary(estimate)
            if reason is not None:
                return reason
    sound = [fit for fit in engines if _sound(fit)]
    if len(sound) < min(2, len(engines)) or sound[0] is not engines[0]:
        failed = next(fit for fit in engines if not _sound(fit))
        reason = failed.message or "no finite estimate or standard error"
        return f"not converged: {failed.engine} found no optimum ({reason})"
    first = sound[0]
    for other in sound[1:]:
        both = f"{first.engine} and {other.engine} disagree"
        if abs(first.loglik - other.loglik) > LOGLIK_TOLERANCE:
            return f"{both}: log-likelihoods {first.loglik:.4f} and {other.loglik:.4f}"
        size = np.maximum(np.abs(first.beta), first.se)
        for place in np.flatnonzero(np.abs(first.beta - other.beta) > SLOPE_TOLERANCE * size):
            return f"{both}: estimates of {names[place]} {first.beta[place]:.6g} and {other.beta[place]:.6g}"
        for place in np.flatnonzero(np.abs(first.se / other.se - 1) > SE_TOLERANCE):
            return f"{both}: standard errors of {names[place]} {first.se[place]:.4g} and {other.se[place]:.4g}"
    return "ok"


def _boundary(estimate: RandomEstimate) -> str | None:
    for name, sd in zip(estimate.names, estimate.sds, strict=True):
        if sd < SINGULAR_SD:
            return f"singular: the standard deviation of {name} by {estimate.group} is estimated as zero"
        if sd > IMPOSSIBLE_SD:
            return f"separated: each {estimate.group} gives one answer only (standard deviation of {name} {sd:.0f})"
    for later, name in enumerate(estimate.names):
        for earlier in range(later):
            if abs(estimate.correlations[later, earlier]) > SINGULAR_CORRELATION:
                return (
                    f"singular: the correlation of {estimate.names[earlier]} and {name} by {estimate.group} is"
                    f" estimated as {estimate.correlations[later, earlier]:.2f}"
                )
    return None


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
