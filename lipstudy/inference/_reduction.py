"""Random effects that the data cannot hold are taken out, one at a time, and it is said."""

from dataclasses import replace
from typing import Any

import numpy as np

from lipstudy.inference._design import INTERCEPT
from lipstudy.inference._formula import Formula, RandomTerm, parse_formula
from lipstudy.inference._mixed import (
    MOST_ROWS_OF_MIXEDLM,
    SINGULAR_CORRELATION,
    SINGULAR_SD,
    MixedFit,
    fit_mixed_logit,
)
from lipstudy.inference._population import PopulationFit, population_average

__all__ = ["fit_reduced", "last_rung"]


def fit_reduced(
    formula: str, table: Any, *, check: bool = True, mixedlm_rows: int = MOST_ROWS_OF_MIXEDLM
) -> tuple[MixedFit, tuple[str, ...]]:
    """Fit the largest model of a documented ladder whose random effects are not singular.

    As long as the fit is singular: (1) an effect whose standard deviation is estimated as zero goes, which leaves the
    likelihood as it was; (2) else the correlations of the term with a correlation at -1 or 1 go, its slopes stay.
    The last random effect is never taken out: if it is singular too, the verdict says so, and `last_rung` is left.

    Parameters
    ----------
    formula, table, check, mixedlm_rows
        As for `fit_mixed_logit`.

    Returns
    -------
    tuple of (MixedFit, tuple of str)
        The fit, and what was taken out, one sentence each, in order.

    Source: Matuschek et al. 2017, Balancing type I error and power in linear mixed models (which effects may go).
    """
    parsed = parse_formula(formula)
    steps: list[str] = []
    checked = False  # the second engine is the slow one: it sees only models that are sound by the first
    while True:
        fit = fit_mixed_logit(str(parsed), table, check=checked, mixedlm_rows=mixedlm_rows)
        smaller = _smaller(parsed, fit) if fit.singular else None
        if smaller is None and checked == check:
            return fit, tuple(steps)
        if smaller is None:
            checked = True
            continue
        parsed, step = smaller
        checked = False
        steps.append(step)


def last_rung(fit: MixedFit, formula: str, table: Any) -> PopulationFit | None:
    """Return the model that answers where `fit_reduced` ends with no random effect above zero.

    A logit model without random effects. Its errors are never less than its own, nor than those robust to clusters of
    people and of sentences, and its t has one degree of freedom less than there are of the fewer: a spread that was
    estimated as zero may still be there.

    Parameters
    ----------
    fit : MixedFit
        Where `fit_reduced` ended.
    formula : str
        What it was given: its first two grouping factors are the clusters.
    table : pandas.DataFrame

    Returns
    -------
    PopulationFit or None
        None if the fit is not singular.
    """
    return population_average(formula, table, at_least_own=True) if fit.singular else None


def _smaller(formula: Formula, fit: MixedFit) -> tuple[Formula, str] | None:
    for engine in fit.engines:
        for estimate in engine.random:
            for name, sd in zip(estimate.names, estimate.sds, strict=True):
                if sd < SINGULAR_SD:
                    return _without(formula, estimate.group, name)
    for engine in fit.engines:
        for estimate in engine.random:
            pairs = np.nan_to_num(estimate.correlations[np.tril_indices(len(estimate.names), -1)])
            if (np.abs(pairs) > SINGULAR_CORRELATION).any():
                place = next(k for k, t in enumerate(formula.random) if ":".join(t.group) == estimate.group)
                term = replace(formula.random[place], correlated=False)
                random = (*formula.random[:place], term, *formula.random[place + 1 :])
                worst = pairs[np.abs(pairs).argmax()]
                step = f"correlations by {estimate.group} were taken out: one was estimated as {worst:.2f}"
                return replace(formula, random=random), step
    return None


def _without(formula: Formula, group: str, name: str) -> tuple[Formula, str] | None:
    random: list[RandomTerm] = []
    for term in formula.random:
        effects = tuple(
            e for e in term.effects if ":".join(term.group) != group or (INTERCEPT if e == "1" else e) != name
        )
        if effects:
            random.append(replace(term, effects=effects, correlated=term.correlated or len(effects) == 1))
    if not random or tuple(random) == formula.random:
        return None
    step = f"{name} by {group} was taken out: its standard deviation was estimated as zero"
    return replace(formula, random=tuple(random)), step
