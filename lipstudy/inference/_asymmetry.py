"""Over- against under-articulation by the likelihood ratio, with tables drawn from the model without a difference."""

from concurrent.futures import Executor
from typing import Any

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.inference._basis import SPLINE_TERM, Scale, curve_terms, from_scale, to_scale
from lipstudy.inference._bootstrap import ModelComparison, compare_models
from lipstudy.inference._curve import CurveModel

__all__ = ["compare_without_asymmetry"]


def compare_without_asymmetry(
    fit: CurveModel,
    table: Any,
    *,
    tested: tuple[float, float],
    scale: Scale = "log2",
    knots: tuple[float, ...] | None = None,
    simulations: int = 0,
    seed: int | None = None,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> ModelComparison:
    """Test by the likelihood ratio what `asymmetry` tests by t.

    The smaller model has the same bends and the same random effects, and as many log odds at matched distance over the
    original as under it. For the quadratic curve it lacks x; a bend of a spline gives up what it takes from x.

    Parameters
    ----------
    fit : MixedFit
        A sound fit of the default model, whose formula begins with the curve.
    table : pandas.DataFrame
        The choices it was fitted to.
    tested : tuple of (float, float)
        Lowest and highest articulation shown.
    scale, knots
        As for `asymmetry`.
    simulations, seed, workers, executor, progress
        As for `compare_models`.

    Raises
    ------
    InputError
        If the model has no x, one side was not shown, or a search does not converge.

    Source: Halekoh & Højsgaard 2014 (the parametric bootstrap of a likelihood ratio).
    """
    distance = min(to_scale(tested[1], scale), -to_scale(tested[0], scale))
    if "x" not in fit.terms or distance <= 0:
        raise InputError(f"there is no over- against under-articulation to test in '{fit.formula}'")
    sides = [curve_terms(from_scale(sign * distance, scale), scale=scale, knots=knots) for sign in (1, -1)]
    kept, level = [], {}
    for term in fit.terms[1:]:
        if term.startswith(SPLINE_TERM):
            taken = (sides[0][term] - sides[1][term]) / (2 * distance)
            level[f"even_{term}"] = table[term] - taken * table["x"]
            kept.append(f"even_{term}")
        elif term != "x":
            kept.append(term)
    random = fit.formula[fit.formula.index("(") :]
    return compare_models(
        fit.formula, f"chosen ~ {' + '.join([*(kept or ['1']), random])}", table.assign(**level),
        simulations=simulations, seed=seed, workers=workers, executor=executor, progress=progress,
    )  # fmt: skip
