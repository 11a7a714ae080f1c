"""From trials to results: every number that the page will show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lipstudy.errors import InputError
from lipstudy.inference import (
    Choices,
    MixedFit,
    Scale,
    asymmetry,
    choices_from_trials,
    fit_reduced,
    preference_curve,
    preferred_articulation,
    proportion,
    refuse_lone_levels,
)
from lipstudy.records import Trial

__all__ = ["ALL", "LEVEL", "analyse_trials"]

LEVEL = 0.95
ALL = "all"
"""Name of the analysis over every embodiment."""

_CURVE_POINTS = 61


def analyse_trials(
    trials: Sequence[Trial], *, scale: Scale = "log2", tell: Callable[[str], None] = lambda message: None
) -> dict[str, Any]:
    """Return the results of a study, ready for JSON.

    One analysis over all embodiments, one for each if there are several, and one with the embodiment as moderator of
    slope and bend. Each is fitted with random intercepts of participants and sentences and random slopes of
    participants, reduced if singular.

    Parameters
    ----------
    trials : sequence of Trial
        The whole trial table, catch trials and trials that do not count included.
    scale : {"log2", "linear"}
        How articulation enters the model; to be chosen before the data are seen.
    tell : callable
        Called with a sentence before each step.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If no choice is left to analyse, an articulation or an embodiment has one participant, or the table does not
        carry the model over all answers.
    """
    choices = choices_from_trials(trials, scale=scale)
    table = choices.table
    refuse_lone_levels(table)
    tell("fitting the model over all answers")
    analyses = [_analysis(ALL, table, scale)]
    embodiments = sorted(table["embodiment"].unique())
    if len(embodiments) > 1:
        for embodiment in embodiments:
            tell(f"fitting the model of embodiment {embodiment}")
            analyses.append(_analysis(embodiment, table[table["embodiment"] == embodiment], scale))
        tell("fitting the model with the embodiment as moderator")
    return {
        "level": LEVEL,
        "scale": scale,
        "simulated": any(trial.simulated for trial in trials),
        "data": _data(trials, choices),
        "analyses": analyses,
        "moderator": _moderator(table) if len(embodiments) > 1 else None,
        "side_bias": _side_bias(trials),
    }


def _data(trials: Sequence[Trial], choices: Choices) -> dict[str, Any]:
    table = choices.table
    return {
        "trials": len(trials),
        "simulated_trials": sum(trial.simulated for trial in trials),
        "analysed": len(table),
        "left_out": choices.left_out,
        "participants": int(table["participant"].nunique()),
        "participants_with_any_trial": len({trial.participant for trial in trials}),
        "sentences": int(table["sentence"].nunique()),
        "speakers": int(table["speaker"].nunique()),
        "embodiments": sorted(map(str, table["embodiment"].unique())),
        "articulations": sorted(map(float, {*table["articulation"], *table["reference"]})),
    }


def _formula(table: Any, *, moderator: str | None = None) -> str:
    # A bend needs three scales besides the original, a slope two.
    curve = [name for name, least in (("x", 2), ("x2", 3)) if table["articulation"].nunique() >= least]
    random = ["(1 + x | participant)" if curve else "(1 | participant)"]
    random += ["(1 | item)"] if table["item"].nunique() > 1 else []
    fixed = curve if moderator is None else [f"{name} * {moderator}" for name in curve] or [moderator]
    fixed = [*fixed, *(["side"] if table["side"].nunique() > 1 else [])]
    return f"chosen ~ {' + '.join([*(fixed or ['1']), *random])}"


def _analysis(name: str, table: Any, scale: Scale) -> dict[str, Any]:
    formula = _formula(table)
    articulations = sorted(map(float, table["articulation"].unique()))
    result: dict[str, Any] = {
        "name": name,
        "formula": formula,
        "articulations": articulations,
        "observed": _observed(table),
        "model": None,
        "refused": None,
        "reduction": [],
        "curve": [],
        "preferred": None,
        "asymmetry": None,
    }
    try:
        fit, steps = fit_reduced(formula, table)
    except InputError as error:
        if name == ALL:  # without the main analysis there is nothing to report
            raise
        return result | {"refused": str(error)}
    result |= {"model": fit.as_json(), "reduction": list(steps)}
    if not fit.ok:
        return result | {"refused": fit.verdict}
    return result | _curve(fit, articulations, scale)


def _curve(fit: MixedFit, articulations: Sequence[float], scale: Scale) -> dict[str, Any]:
    terms = {effect.term for effect in fit.fixed}
    if "x" not in terms:
        return {}
    low, high = min(articulations[0], 1.0), max(articulations[-1], 1.0)
    step = (high - low) / (_CURVE_POINTS - 1)
    grid = sorted({round(low + step * place, 4) for place in range(_CURVE_POINTS)} | {*articulations, 1.0})
    contrast = asymmetry(fit, tested=(low, high), scale=scale, level=LEVEL)
    preferred = preferred_articulation(fit, tested=(low, high), scale=scale, level=LEVEL) if "x2" in terms else None
    return {
        "curve": [asdict(point) for point in preference_curve(fit, grid, scale=scale, level=LEVEL)],
        "preferred": asdict(preferred) if preferred is not None else None,
        "asymmetry": asdict(contrast) if contrast is not None else None,
    }


def _observed(table: Any) -> list[dict[str, Any]]:
    rows = []
    for articulation, group in table[table["reference"] == 1].groupby("articulation"):
        share = proportion(int(group["chosen"].sum()), len(group), level=LEVEL)
        rows.append({"articulation": float(articulation), **asdict(share)})
    return rows


def _moderator(table: Any) -> dict[str, Any]:
    formula = _formula(table, moderator="embodiment")
    try:
        fit, steps = fit_reduced(formula, table)
    except InputError as error:
        return {"formula": formula, "model": None, "refused": str(error), "reduction": []}
    return {
        "formula": formula,
        "model": fit.as_json(),
        "refused": None if fit.ok else fit.verdict,
        "reduction": list(steps),
    }


def _side_bias(trials: Sequence[Trial]) -> dict[str, Any]:
    answered = [trial for trial in trials if trial.valid and trial.response is not None]
    identical = [trial for trial in answered if trial.clip_left == trial.clip_right]

    def left(chosen: Sequence[Trial]) -> Mapping[str, Any] | None:
        if not chosen:
            return None
        return asdict(proportion(sum(trial.response == "left" for trial in chosen), len(chosen), level=LEVEL))

    return {"identical_clips": left(identical), "all": left(answered)}
