"""A way out of separation: a penalised likelihood, which has a finite optimum, named as what it is."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lipstudy.errors import InputError
from lipstudy.inference._design import INTERCEPT, aggregated, build_design
from lipstudy.inference._engine_fit import RandomEstimate
from lipstudy.inference._engine_laplace import laplace_fit
from lipstudy.inference._formula import parse_formula
from lipstudy.inference._laplace import Laplace
from lipstudy.inference._satterthwaite import small_sample_quantile
from lipstudy.inference._separation import separation

__all__ = ["PenalisedEffect", "PenalisedFit", "fit_penalised"]

_INTERCEPT_SD = 10.0


@dataclass(frozen=True, slots=True)
class PenalisedEffect:
    """One fixed term under its prior."""

    term: str
    estimate: float
    """Mode of the posterior, log odds: drawn towards zero."""
    se: float
    """From the curvature at the mode."""
    low: float
    """Lower end of the interval."""
    high: float
    prior_sd: float
    """Standard deviation of the normal prior about zero, log odds by unit of the term."""


@dataclass(frozen=True, slots=True)
class PenalisedFit:
    """A mixed logit model under weakly informative priors on its fixed effects. It has no p-values."""

    formula: str
    effects: tuple[PenalisedEffect, ...]
    random: tuple[RandomEstimate, ...]
    separated: str | None
    """Why maximum likelihood has no estimate; None if it has one."""
    level: float
    """Level of the intervals."""

    @property
    def named(self) -> str:
        """What this is, for a report."""
        return (
            "penalised estimates (mode of the posterior under normal priors about no effect, 2.5 log odds by standard"
            " deviation of each term), not maximum likelihood: without p-values"
        )

    def __getitem__(self, term: str) -> PenalisedEffect:
        return next(effect for effect in self.effects if effect.term == term)


def fit_penalised(formula: str, table: Any, *, prior_sd: float = 2.5, level: float = 0.95) -> PenalisedFit:
    """Fit a mixed logit model under weakly informative priors, for answers that a term predicts without error.

    Each fixed effect has a normal prior about zero with a standard deviation of `prior_sd` by standard deviation of
    its column, the intercept one of 10: an odds ratio of 12 for a common difference is plausible, one of 1e9 is not.

    Parameters
    ----------
    formula, table
        As for `fit_mixed_logit`.
    prior_sd : float > 0
        Log odds.
    level : float in (0, 1)
        Of the intervals.

    Returns
    -------
    PenalisedFit

    Raises
    ------
    InputError
        If formula and table do not fit, the prior is not positive, or no optimum was found: groups that each give one
        answer only are separated by their random effect, which has no prior.

    Source: Gelman et al. 2008, A weakly informative default prior distribution for logistic and other regression
    models (here normal instead of Cauchy).
    """
    if not 0 < prior_sd < np.inf:
        raise InputError(f"the prior's standard deviation must be positive, got {prior_sd:g}")
    parsed = parse_formula(formula)
    design = aggregated(build_design(parsed, table))
    model = Laplace.of(design)
    spreads = np.sqrt(np.average((design.fixed - design.fixed.mean(axis=0)) ** 2, axis=0))
    constant = spreads == 0
    priors = np.where(constant, _INTERCEPT_SD, prior_sd / np.where(constant, 1.0, spreads))
    model.precision = 1 / priors**2
    fit, small = laplace_fit(design, model)
    if not fit.converged or not np.isfinite(fit.se).all():
        raise InputError(
            f"'{parsed}' has no optimum under these priors either: fit fewer random effects, or look for groups that"
            " each give one answer only"
        )
    effects = []
    for place, (name, contrast) in enumerate(zip(design.names, np.eye(len(design.names)), strict=True)):
        df = small.df(contrast) if small is not None and name != INTERCEPT else float("inf")
        half = small_sample_quantile(level, df) * fit.se[place]
        estimate, se = float(fit.beta[place]), float(fit.se[place])
        effects.append(PenalisedEffect(name, estimate, se, estimate - half, estimate + half, float(priors[place])))
    return PenalisedFit(str(parsed), tuple(effects), fit.random, separation(design), level)
