"""What more is asked of the main result: equivalence, tables drawn from the model, few people or sentences."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.inference import (
    Scale,
    compare_without_asymmetry,
    equivalence,
    fit_mixed_logit,
    parametric_bootstrap,
    preferred_articulation,
)

__all__ = ["equivalence_claim", "few_units", "headline_p", "simulated_tables"]

FEW = 10
"""Fewer people, or sentences, are few: the page then says how far the test was tried with so few."""


def few_units(data: Mapping[str, Any]) -> dict[str, int]:
    """Return the sampled units of which there are few, with their number."""
    return {unit: int(data[unit]) for unit in ("participants", "sentences") if data[unit] < FEW}


def equivalence_claim(main: Mapping[str, Any], bound: float | None) -> dict[str, Any] | None:
    """Return the two one-sided tests of the main contrast; None without a bound or a contrast."""
    found = main["asymmetry"]
    if bound is None or found is None:
        return None
    df = float("inf") if found["df"] is None else found["df"]
    tested = equivalence(found["log_odds"], found["se"], bound=bound, df=df)
    return {**asdict(tested), "level": 1 - 2 * tested.alpha, "equivalent": tested.equivalent}


def simulated_tables(
    main: Mapping[str, Any],
    table: Any,
    *,
    scale: Scale,
    knots: tuple[float, ...] | None,
    level: float,
    simulations: int,
    seed: int,
    workers: int,
    progress: Progress | None,
) -> dict[str, Any] | None:
    """Return the main test and the interval of the peak by parametric bootstrap; None if not asked for, or no model.

    Tables are drawn from the model without a difference for the test, and from the model itself for the peak.
    """
    if not simulations or main["asymmetry"] is None or main["population_instead"] is not None:
        return None
    formula = main["model"]["formula"]
    tested = (min(1.0, main["articulations"][0]), max(1.0, main["articulations"][-1]))
    drawing: dict[str, Any] = {
        "simulations": simulations, "seed": seed, "workers": workers, "progress": progress,
    }  # fmt: skip
    try:
        fit = fit_mixed_logit(formula, table, check=False)
        shape = knots if "spline1" in fit.terms else None
        test = compare_without_asymmetry(fit, table, tested=tested, scale=scale, knots=shape, **drawing)
        peak = None
        if main["preferred"] is not None:
            drawn = parametric_bootstrap(formula, table, **drawing)
            peak = preferred_articulation(
                fit, tested=tested, scale=scale, knots=shape, level=level, bootstrap=drawn
            )  # fmt: skip
    except InputError as error:
        return {"refused": str(error), "p": None, "peak": None}
    return {
        "refused": None,
        "statistic": test.statistic,
        "p_likelihood_ratio": test.p,
        "p": test.p_bootstrap,
        "simulations": test.simulations,
        "smaller": test.smaller,
        "peak": None if peak is None or peak.bootstrap is None else list(peak.bootstrap),
        "without_peak": None if peak is None else peak.without_peak,
    }


def headline_p(results: Mapping[str, Any]) -> float | None:
    """Return the p-value of the main test: by drawn tables where they were asked for, else by t."""
    drawn = results["simulated_tables"]
    if drawn is not None and drawn["p"] is not None:
        return float(drawn["p"])
    p: float | None = results["analyses"][0]["asymmetry"]["p"]
    return p
