"""The default analysis of choices between articulation scales: its formula, in one place."""

from collections.abc import Collection
from typing import Any

from lipstudy.errors import InputError
from lipstudy.inference._basis import SPLINE_TERM

__all__ = ["LEAST_SPEAKERS", "curve_formula", "curve_knots"]

LEAST_SPEAKERS = 5
"""With fewer, a spread over speakers cannot be estimated: they are moderators, and the study speaks of them alone."""


def curve_formula(table: Any, *, moderator: str | None = None, interaction: bool = True) -> str:
    """Return the formula of the default analysis of a table of choices.

    Fixed: the curve (a slope needs two scales besides the original, a bend three, a spline its columns), and the side.
    Random, the largest structure for the planned contrast, which is the slope: intercept and slope of people, of
    sentences, and of speakers if there are five or more. `fit_reduced` takes out what the data cannot hold.

    Parameters
    ----------
    table : pandas.DataFrame
        As `choices_from_trials` makes it.
    moderator : str, optional
        A column that may change the curve, ``"embodiment"`` for instance.
    interaction : bool
        Whether it may change slope and bend, or the level alone; without it the null model of a moderator's test.

    Source: Barr et al. 2013, Random effects structure for confirmatory hypothesis testing: keep it maximal (the slope
    of the tested effect for every unit within which it varies).
    """
    articulations = table["articulation"].nunique()
    splines = [str(name) for name in table.columns if str(name).startswith(SPLINE_TERM)]
    bends = splines if splines and articulations > len(splines) + 1 else ["x2"] if articulations >= 3 else []
    curve = [*(["x"] if articulations >= 2 else []), *(name for name in bends if name in table.columns)]
    effects = "1 + x" if curve else "1"
    groups = ["participant", *(["item"] if table["item"].nunique() > 1 else [])]
    if "speaker" in table.columns and table["speaker"].nunique() >= LEAST_SPEAKERS:
        groups.append("speaker")
    fixed = curve
    if moderator is not None:
        fixed = [f"{name} * {moderator}" for name in curve] if interaction else [*curve, moderator]
        fixed = fixed or [moderator]
    fixed = [*fixed, *(["side"] if table["side"].nunique() > 1 else [])]
    return f"chosen ~ {' + '.join([*(fixed or ['1']), *(f'({effects} | {group})' for group in groups)])}"


def curve_knots(articulations: Collection[float]) -> tuple[float, float, float]:
    """Return the knots of the spline of a study: the lowest articulation shown, the original, and the highest.

    They follow from the design and not from the answers: nobody can move them after seeing the data.

    Raises
    ------
    InputError
        If only one side of the original was shown.
    """
    low, high = min(articulations), max(articulations)
    if not low < 1 < high:
        raise InputError(
            f"a spline needs articulation scales below and above 1, got {low:g} to {high:g}: choose the quadratic curve"
        )
    return (low, 1.0, high)
