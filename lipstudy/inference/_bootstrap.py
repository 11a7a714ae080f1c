"""Parametric bootstrap: choices drawn again from a fitted model, and fitted again."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.execution import Progress, run_each
from lipstudy.inference._design import Design, aggregated, build_design
from lipstudy.inference._engine_laplace import LaplaceOptimum, laplace_optimum
from lipstudy.inference._formula import Formula, parse_formula
from lipstudy.inference._laplace import Laplace
from lipstudy.inference._separation import separation
from lipstudy.randomness import named_stream

__all__ = ["Bootstrap", "ModelComparison", "compare_models", "parametric_bootstrap"]

_AT_ONCE = 10
"""Simulated tables that a process draws and fits before it reports."""
_GRADIENT = 0.02
"""Where a search ends: estimates then miss the optimum by a hundredth of a standard error, deviances by 1e-4."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Fixed effects of a model fitted to choices drawn from it."""

    formula: str
    terms: tuple[str, ...]
    draws: NDArray[np.float64]
    """(simulations that were fitted, terms)."""
    failed: int
    """Simulations whose search did not converge; they are not among the draws."""
    seed: int

    def interval(self, weights: NDArray[np.float64], *, level: float = 0.95) -> tuple[float, float]:
        """Return the percentile interval of a weighted sum of the fixed effects, (terms,)."""
        low, high = np.quantile(self.draws @ weights, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """A likelihood ratio test of two nested models."""

    larger: str
    smaller: str
    statistic: float
    """Twice the difference of the log-likelihoods."""
    df: int
    """Fixed terms that the smaller model lacks."""
    p: float
    """By the chi-squared distribution, right for many people and sentences."""
    p_bootstrap: float | None
    """By choices drawn from the smaller model; None without simulations. The one to report if people are few."""
    simulations: int
    """Simulated tables that both models could be fitted to."""
    seed: int | None


def parametric_bootstrap(
    formula: str,
    table: Any,
    *,
    simulations: int = 1000,
    seed: int,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Bootstrap:
    """Return the fixed effects of a model over choices drawn from its own fit.

    New random effects and new answers are drawn for every row of the table, then the model is fitted again, by our own
    engine from the optimum at hand.

    Parameters
    ----------
    formula, table
        As for `fit_mixed_logit`; a model without separation.
    simulations : int >= 1
    seed : int >= 0
        Simulation i is drawn from the stream ("bootstrap", i).
    workers : int >= 1
        Processes.
    executor : concurrent.futures.Executor, optional
    progress : Progress, optional

    Returns
    -------
    Bootstrap

    Raises
    ------
    InputError
        If the formula and the table do not fit, the answers are separated, or there is no simulation to do.

    Source: Davison & Hinkley 1997, Bootstrap Methods and their Application.
    """
    parsed = parse_formula(formula)
    design = aggregated(build_design(parsed, table))
    optimum = _optimum(design)
    rows = _refitted(design, optimum, (), simulations, seed, workers, executor, progress)
    terms = len(design.names)
    fitted = [row[1 : 1 + terms] for row in rows if np.isfinite(row[0])]
    if not fitted:
        raise InputError(f"none of {simulations} simulated tables could be fitted with '{parsed}': fit a smaller model")
    return Bootstrap(str(parsed), design.names, np.array(fitted), len(rows) - len(fitted), seed)


def compare_models(
    larger: str,
    smaller: str,
    table: Any,
    *,
    simulations: int = 0,
    seed: int | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> ModelComparison:
    """Test by the likelihood ratio whether the fixed terms that a smaller model lacks are needed.

    Parameters
    ----------
    larger, smaller : str
        Formulas with the same response and random terms; the fixed terms of the second are among those of the first.
    table : pandas.DataFrame
        Rows with a missing value in a column of the larger model enter neither.
    simulations : int >= 0
        Tables to draw from the smaller model, for the p-value by parametric bootstrap.
    seed : int >= 0, optional
        Needed with simulations; simulation i is drawn from the stream ("bootstrap", i).
    workers, executor, progress
        As for `parametric_bootstrap`.

    Raises
    ------
    InputError
        If the models are not nested in their fixed terms, the answers are separated, or a search does not converge.

    Source: Halekoh & Højsgaard 2014, A Kenward-Roger approximation and parametric bootstrap methods for tests in
    linear mixed models.
    """
    from scipy.stats import chi2

    one, other = parse_formula(larger), parse_formula(smaller)
    whole = table.dropna(subset=[name for name in one.columns if name in table.columns])
    full, part = build_design(one, whole), build_design(other, whole)
    _refuse_unless_nested(one, other, full, part)
    full_rows = aggregated(full)
    columns = _combination(full, part)
    part_rows = replace(full_rows, fixed=full_rows.fixed @ columns, names=part.names)
    best, restricted = _optimum(full_rows), _optimum(part_rows)
    statistic = max(0.0, restricted.deviance - best.deviance)
    df = full.fixed.shape[1] - part.fixed.shape[1]
    p_bootstrap, fitted = None, 0
    if simulations:
        if seed is None:
            raise InputError("a bootstrap needs a seed: give one, so that it can be made again")
        rows = _refitted(part_rows, restricted, (full_rows, best), simulations, seed, workers, executor, progress)
        statistics = np.array([row[-1] for row in rows])
        statistics = statistics[np.isfinite(statistics)]
        fitted = len(statistics)
        p_bootstrap = float((1 + (statistics >= statistic - 1e-8).sum()) / (1 + fitted))
    return ModelComparison(
        str(one), str(other), statistic, df, float(chi2.sf(statistic, df)), p_bootstrap, fitted, seed
    )


def _optimum(design: Design) -> LaplaceOptimum:
    separated = separation(design)
    if separated is not None:
        raise InputError(f"the model has no likelihood to compare or draw from: {separated}")
    found = laplace_optimum(Laplace.of(design))
    if not found.converged:
        raise InputError(
            "the search for the maximum of the likelihood did not converge: centred columns of like size, or fewer"
            " random effects, may help"
        )
    return found


def _refuse_unless_nested(one: Formula, other: Formula, full: Design, part: Design) -> None:
    if (one.response, one.random, one.offsets) != (other.response, other.random, other.offsets):
        raise InputError(
            f"'{other}' must have the response, the offset and the random terms of '{one}': only fixed terms are tested"
        )
    outside = part.fixed - full.fixed @ _combination(full, part)
    if np.abs(outside).max() > 1e-6 * np.abs(part.fixed).max() or len(part.names) >= len(full.names):
        raise InputError(f"the fixed terms of '{other}' must be some of those of '{one}'")


def _combination(full: Design, part: Design) -> NDArray[np.float64]:
    """Return how the columns of the smaller model are made of those of the larger, (larger, smaller)."""
    return np.asarray(np.linalg.lstsq(full.fixed, part.fixed, rcond=None)[0])


def _refitted(
    design: Design,
    optimum: LaplaceOptimum,
    larger: tuple[Design, LaplaceOptimum] | tuple[()],
    simulations: int,
    seed: int,
    workers: int,
    executor: Executor | None,
    progress: Progress | None,
) -> list[NDArray[np.float64]]:
    """Return for each simulation its deviance, fixed effects, and the fall of the deviance in the larger model."""
    if simulations < 1:
        raise InputError(f"simulations must be at least 1, got {simulations}")
    parts: Sequence[range] = [
        range(first, min(first + _AT_ONCE, simulations)) for first in range(0, simulations, _AT_ONCE)
    ]
    work: Any = partial(_refit_some, design, optimum, larger, seed)
    rows: dict[int, list[NDArray[np.float64]]] = {}
    for index, result in run_each(work, parts, workers=workers, executor=executor):
        rows[index] = result
        if progress is not None:
            progress(sum(map(len, rows.values())), simulations)
    return [row for index in sorted(rows) for row in rows[index]]


def _refit_some(
    design: Design,
    optimum: LaplaceOptimum,
    larger: tuple[Design, LaplaceOptimum] | tuple[()],
    seed: int,
    numbers: range,
) -> list[NDArray[np.float64]]:
    return list(_refits(design, optimum, larger, seed, numbers))


def _refits(
    design: Design,
    optimum: LaplaceOptimum,
    larger: tuple[Design, LaplaceOptimum] | tuple[()],
    seed: int,
    numbers: range,
) -> Iterator[NDArray[np.float64]]:
    model = Laplace.of(design)
    beside = Laplace.of(larger[0]) if larger else None
    modes = np.zeros(len(model.modes))
    for number in numbers:
        rng = named_stream(seed, "bootstrap", number)
        chances = model.chances(optimum.point, rng.standard_normal(len(modes)))
        model.successes = rng.binomial(model.trials.astype(int), chances).astype(float)
        model.modes = modes  # a search must not depend on which simulation came before
        found = laplace_optimum(model, start=optimum, gradient=_GRADIENT)
        fall = np.nan
        if beside is not None and larger:
            beside.successes, beside.modes = model.successes, modes
            better = laplace_optimum(beside, start=larger[1], gradient=_GRADIENT)
            fall = found.deviance - better.deviance if found.converged and better.converged else np.nan
        deviance = found.deviance if found.converged else np.nan
        yield np.concatenate([[deviance], found.point[len(model.parameters) :], [fall]])
