"""What an articulation study is asked besides its curve: exclusions, moderators, sensitivity, strengths, the family."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.inference import (
    Comparisons,
    CurveModel,
    Scale,
    asymmetry,
    choices_from_trials,
    compare_models,
    comparisons_from_table,
    curve_formula,
    curve_sensitivity,
    fit_penalised,
    fit_reduced,
    holm,
    last_rung,
    population_average,
    preferred_articulation,
)
from lipstudy.randomness import named_stream
from lipstudy.records import StudyLock, Trial
from lipstudy.report._claims import headline_p
from lipstudy.report._ranking import finite, ranking_results

__all__ = [
    "MIXEDLM_ROWS",
    "declared_family",
    "exclusions",
    "fair_asymmetry",
    "fitted_knots",
    "moderated",
    "moderators",
    "penalised",
    "population_check",
    "sensitivity",
    "strengths",
]

Tell = Callable[[str], None]
MODERATORS = ("embodiment", "speaker", "operator", "model")
MIXEDLM_ROWS = 5_000
"""Choices beyond which glmm and our own engine check the models beside the main one, without mixedlm: it would take
most of the time of a report."""


def fitted_knots(fit: CurveModel, knots: tuple[float, ...] | None) -> tuple[float, ...] | None:
    """Return the knots if the model has a spline: where too few scales were shown it is straight."""
    return knots if "spline1" in fit.terms else None


def fair_asymmetry(
    fit: CurveModel, *, tested: tuple[float, float], scale: Scale, knots: tuple[float, ...] | None, level: float
) -> dict[str, Any] | None:
    """Return over- against under-articulation as JSON can hold it, None if one side was not shown."""
    found = asymmetry(fit, tested=tested, scale=scale, knots=knots, level=level)
    return None if found is None else {key: finite(value) for key, value in asdict(found).items()}


def exclusions(
    trials: Sequence[Trial],
    verdicts: Mapping[str, str],
    *,
    scale: Scale,
    knots: tuple[float, ...] | None,
    level: float,
    tell: Tell,
) -> dict[str, Any] | None:
    """Return the main result with and without people whom the study's rules keep apart or reject.

    None without a participants table. The rules were fixed with the study; the result that counts is that of the people
    to use.
    """
    if not verdicts:
        return None
    counts = {name: sum(verdict == name for verdict in verdicts.values()) for name in ("use", "keep_apart", "reject")}
    sets = [("used", {"use"})]
    if counts["keep_apart"]:
        sets.append(("with those kept apart", {"use", "keep_apart"}))
    if counts["reject"]:
        sets.append(("with everyone", {"use", "keep_apart", "reject"}))
    rows = []
    for name, allowed in sets:
        tell(f"fitting the model of the people: {name}")
        own = [trial for trial in trials if verdicts.get(trial.participant, "use") in allowed]
        rows.append({"people": name, **_in_short(own, scale=scale, knots=knots, level=level)})
    return {"verdicts": counts, "rows": rows}


def _in_short(
    trials: Sequence[Trial], *, scale: Scale, knots: tuple[float, ...] | None, level: float
) -> dict[str, Any]:
    empty = dict.fromkeys(("difference", "low", "high", "p", "peak"))
    try:
        table = choices_from_trials(trials, scale=scale, knots=knots).table
        formula = curve_formula(table)
        mixed, _ = fit_reduced(formula, table, mixedlm_rows=MIXEDLM_ROWS)
        fit: CurveModel = last_rung(mixed, formula, table) or mixed
    except InputError as error:
        return {
            "participants": len({trial.participant for trial in trials}),
            "choices": 0,
            **empty,
            "refused": str(error),
        }
    counted = {"participants": int(table["participant"].nunique()), "choices": len(table)}
    if not fit.ok or "x" not in fit.terms:
        return {**counted, **empty, "refused": None if fit.ok else fit.verdict}
    tested = (min(1.0, table["articulation"].min()), max(1.0, table["articulation"].max()))
    shape = fitted_knots(fit, knots)
    found = fair_asymmetry(fit, tested=tested, scale=scale, knots=shape, level=level) or empty
    peak = None
    if shape is not None or "x2" in fit.terms:
        peak = preferred_articulation(fit, tested=tested, scale=scale, knots=shape, level=level).articulation
    short = {key: found[key] for key in ("difference", "low", "high", "p")}
    return {**counted, **short, "peak": peak, "refused": None}


def moderators(table: Any) -> list[str]:
    """Return the factors of several levels, which may change the curve."""
    return [factor for factor in MODERATORS if factor in table.columns and table[factor].dropna().nunique() > 1]


def penalised(formula: str, table: Any) -> dict[str, Any] | None:
    """Return penalised estimates where those of maximum likelihood do not exist; None if these do not either."""
    try:
        found = fit_penalised(formula, table)
    except InputError:
        return None
    return {"named": found.named, "effects": [asdict(effect) for effect in found.effects]}


def population_check(formula: str, table: Any) -> list[dict[str, Any]] | None:
    """Return the population-average effects, whose errors assume no distribution of people or sentences."""
    try:
        return [asdict(effect) for effect in population_average(formula, table).effects]
    except InputError:
        return None


def moderated(table: Any, factor: str) -> dict[str, Any]:
    """Return the model in which a factor moderates the curve, and the joint test that it does."""
    table = table.dropna(subset=[factor])
    formula = curve_formula(table, moderator=factor)
    result: dict[str, Any] = {"formula": formula, "model": None, "refused": None, "reduction": [], "test": None}
    try:
        fit, steps = fit_reduced(formula, table, mixedlm_rows=MIXEDLM_ROWS)
        result |= {"model": fit.as_json(), "reduction": list(steps), "refused": None if fit.ok else fit.verdict}
        if fit.ok and "x" in fit.terms:
            random = fit.formula[fit.formula.index("(") :]
            fixed = curve_formula(table, moderator=factor, interaction=False)
            smaller = f"{fixed[: fixed.index('(')]}{random}"
            test = compare_models(fit.formula, smaller, table)
            result["test"] = {"statistic": test.statistic, "df": test.df, "p": test.p, "smaller": test.smaller}
    except InputError as error:
        result["refused"] = result["refused"] or str(error)
    return result


def sensitivity(
    table: Any, *, seed: int, scale: Scale, level: float, draws: int, progress: Progress | None
) -> dict[str, Any] | None:
    """Return how the main contrast moves with people and sentences; None if it cannot be told."""
    tested = (min(1.0, float(table["articulation"].min())), max(1.0, float(table["articulation"].max())))
    try:
        found = curve_sensitivity(
            table, rng=named_stream(seed, "sensitivity"), tested=tested, scale=scale, draws=draws, level=level,
            progress=progress,
        )  # fmt: skip
    except InputError:
        return None
    if found is None:
        return None
    told = {key: finite(value) for key, value in asdict(found).items()}
    for key in ("participants", "items"):
        pairs = told.pop("without_participant" if key == "participants" else "without_item")
        told[key] = [{"without": name, "estimate": value} for name, value in pairs]
    told["odd_sentences"] = [
        {**entry, "reverses": sentence.reverses}
        for entry, sentence in zip(told["odd_sentences"], found.odd_sentences, strict=True)
    ]
    turning = [
        row["without"]
        for key in ("participants", "items")
        for row in told[key]
        if row["estimate"] is not None and row["estimate"] * found.difference < 0
    ]
    return {**told, "turning": turning}


def strengths(
    trials: Sequence[Trial], *, seed: int, draws: int, level: float, progress: Progress | None
) -> dict[str, Any] | None:
    """Return the articulation scales ranked in JOD, each person's consistency and the agreement between people.

    None where they cannot be ranked together.
    """
    try:
        return ranking_results(
            _scales_compared(trials), seed=seed, side=None, draws=draws, level=level, progress=progress
        )
    except InputError:
        return None


def _scales_compared(trials: Sequence[Trial]) -> Comparisons:
    import pandas

    rows = [
        (trial.articulation_left, trial.articulation_right, trial.response, trial.participant, trial.sentence)
        for trial in trials
        if trial.valid and trial.response is not None and trial.articulation_right is not None
        and (trial.kind == "2afc" or trial.clip_left == trial.clip_right)
    ]  # fmt: skip
    table = pandas.DataFrame(rows, columns=["left", "right", "answer", "participant", "item"])
    return comparisons_from_table(
        table, left="left", right="right", chosen="answer", participant="participant", item="item"
    )


def declared_family(results: Mapping[str, Any], lock: StudyLock | None) -> dict[str, Any] | None:
    """Return the tests that the study named before data were seen, with Holm's p-values; None if it named none.

    A test that could not be made counts as one with p = 1: the others are not the better for it.
    """
    names = list((lock.definition.get("family") or ()) if lock is not None else ())
    if not names:
        return None
    main = results["analyses"][0]["asymmetry"]
    known = {"asymmetry": None if main is None else headline_p(results)}
    for factor, entry in results["moderators"].items():
        known[factor] = None if entry["test"] is None else entry["test"]["p"]
    p_values = {name: 1.0 if known.get(name) is None else float(known[name] or 0.0) for name in names}
    corrected = holm(p_values, family=names)
    return {
        "rows": [
            {"test": name, "p": known.get(name), "p_holm": corrected[name] if known.get(name) is not None else None}
            for name in names
        ],
        "untested": [name for name in names if known.get(name) is None],
    }
