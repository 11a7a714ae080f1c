"""Population-average effects: how all people's answers taken together depend on the terms, without random effects."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.inference._design import build_design
from lipstudy.inference._formula import parse_formula
from lipstudy.inference._separation import separation

__all__ = ["PopulationEffect", "PopulationFit", "population_average"]


@dataclass(frozen=True, slots=True)
class PopulationEffect:
    """One term, and how sure it is by each way of counting what belongs together."""

    term: str
    estimate: float
    """Log odds in the population, nearer to zero than those of the average person."""
    se_two_way: float
    """Standard error that lets answers of a person, and answers to a sentence, depend on each other."""
    p_two_way: float
    """Two-sided, on the t distribution with one degree of freedom less than the smaller of the two factors."""
    gee_estimate: float
    """Log odds by generalized estimating equations, people exchangeable within themselves."""
    gee_se: float
    """Its robust standard error, which takes sentences as given."""
    gee_p: float
    """Two-sided, on the t distribution with one degree of freedom less than there are people."""


@dataclass(frozen=True, slots=True)
class PopulationFit:
    """A population-average logit model."""

    formula: str
    people: str
    """The grouping factor that clusters are formed of first."""
    items: str | None
    """The second; None if the formula has one grouping factor."""
    effects: tuple[PopulationEffect, ...]
    covariance: NDArray[np.float64]
    """(terms, terms): robust to clusters of people and of items."""
    clusters: int
    """Levels of the smaller of the two factors."""

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the effects."""
        return tuple(effect.term for effect in self.effects)

    @property
    def beta(self) -> NDArray[np.float64]:
        """(terms,): estimates."""
        return np.array([effect.estimate for effect in self.effects])

    @property
    def ok(self) -> bool:
        """Whether every standard error exists."""
        return bool(np.isfinite(self.covariance).all() and (np.diag(self.covariance) > 0).all())

    @property
    def verdict(self) -> str:
        """One sentence: why no p-value is given; else "ok"."""
        return "ok" if self.ok else "the clusters are too few for a standard error"

    def df(self, contrast: NDArray[np.float64]) -> float:
        """Return the degrees of freedom of any contrast: one less than there are clusters."""
        return float(self.clusters - 1)

    def __getitem__(self, term: str) -> PopulationEffect:
        return next(effect for effect in self.effects if effect.term == term)


def population_average(formula: str, table: Any, *, at_least_own: bool = False) -> PopulationFit:
    """Fit the fixed terms of a formula without random effects, and let dependence widen the errors.

    A check of the mixed model that assumes no distribution of people or sentences: a logit model whose standard errors
    are robust to clusters of both (logistic regression, two-way), and generalized estimating equations by people.

    Parameters
    ----------
    formula : str
        As for `fit_mixed_logit`; its first two grouping factors are the clusters.
    table : pandas.DataFrame
    at_least_own : bool
        Whether no two-way error may be less than that of answers taken as independent: where clusters are few, the
        robust one is often too small.

    Returns
    -------
    PopulationFit

    Raises
    ------
    InputError
        If formula and table do not fit, or the answers are separated.

    Source: Cameron, Gelbach & Miller 2011, Robust inference with multiway clustering; Liang & Zeger 1986,
    Longitudinal data analysis using generalized linear models.
    """
    import statsmodels.api as sm

    parsed = parse_formula(formula)
    design = build_design(parsed, table)
    separated = separation(design)
    if separated is not None:
        raise InputError(f"there is no population average: {separated}")
    groups = list(dict.fromkeys(block.group for block in design.blocks))[:2]
    codes = [next(block.codes for block in design.blocks if block.group == group) for group in groups]
    counts = np.column_stack([design.trials * design.proportions, design.trials * (1 - design.proportions)])
    family = sm.families.Binomial()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logistic = sm.GLM(counts, design.fixed, family=family, offset=design.offset)
        independent = logistic.fit()
        estimates = np.asarray(independent.params, float)
        covariance = _two_way(logistic, codes)
        if at_least_own:
            covariance = _least_above(np.asarray(independent.cov_params(), float), covariance)
        gee = sm.GEE(
            design.proportions, design.fixed, groups=codes[0], family=family, offset=design.offset,
            weights=design.trials, cov_struct=sm.cov_struct.Exchangeable(),
        ).fit()  # fmt: skip
    levels = [len(np.unique(code)) for code in codes]
    rows = zip(design.names, estimates, np.sqrt(np.diag(covariance)), gee.params, gee.bse, strict=True)
    effects = tuple(
        PopulationEffect(
            term, float(b), float(se), _p(b / se, min(levels) - 1), float(g), float(gse), _p(g / gse, levels[0] - 1)
        )
        for term, b, se, g, gse in rows
    )
    return PopulationFit(
        str(parsed), groups[0], groups[1] if len(groups) > 1 else None, effects, covariance, min(levels)
    )


def _p(ratio: float, df: int) -> float:
    from scipy.special import stdtr

    return 2 * float(stdtr(df, -abs(ratio))) if math.isfinite(ratio) else math.nan


def _least_above(own: NDArray[np.float64], robust: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a covariance under which no contrast has a smaller variance than under either."""
    more, axes = np.linalg.eigh(robust - own)
    return np.asarray(own + (axes * np.maximum(more, 0)) @ axes.T)


def _two_way(model: Any, codes: list[NDArray[np.intp]]) -> NDArray[np.float64]:
    """Return the covariance that is robust to clusters of every factor; of the wider one where both give none."""

    def robust(groups: NDArray[np.intp]) -> NDArray[np.float64]:
        return np.asarray(model.fit(cov_type="cluster", cov_kwds={"groups": groups}).cov_params(), float)

    both = robust(np.column_stack(codes) if len(codes) > 1 else codes[0])
    # A sum and a difference of three matrices is not always a covariance.
    if np.isfinite(both).all() and np.linalg.eigvalsh(both)[0] > 0:
        return both
    return max((robust(code) for code in codes), key=lambda covariance: float(np.trace(covariance)))
