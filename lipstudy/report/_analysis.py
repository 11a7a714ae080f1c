"""From trials to results: every number that the page will show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lipstudy.errors import InputError
from lipstudy.execution import Progress, run_each
from lipstudy.inference import (
    Choices,
    CurveModel,
    Scale,
    choices_from_trials,
    curve_formula,
    curve_knots,
    fit_reduced,
    last_rung,
    preference_curve,
    preferred_articulation,
    proportion,
    refuse_lone_levels,
)
from lipstudy.records import Clip, StudyLock, Trial
from lipstudy.report._around_the_curve import (
    MIXEDLM_ROWS,
    declared_family,
    exclusions,
    fair_asymmetry,
    fitted_knots,
    moderated,
    moderators,
    penalised,
    population_check,
    sensitivity,
    strengths,
)
from lipstudy.report._chosen import AnalysisChoice, Curve, analysis_choice
from lipstudy.report._claims import equivalence_claim, few_units, simulated_tables
from lipstudy.report._faults import checked_trials

__all__ = ["ALL", "LEVEL", "analyse_trials"]

LEVEL = 0.95
ALL = "all"
"""Name of the analysis over every embodiment."""

_CURVE_POINTS = 61
_WORTH_PROCESSES = 3000
"""Choices from which on models are fitted by several processes."""


def analyse_trials(
    trials: Sequence[Trial],
    *,
    scale: Scale | None = None,
    curve: Curve | None = None,
    equivalence_log_odds: float | None = None,
    seed: int = 1,
    draws: int = 1000,
    simulations: int = 0,
    verdicts: Mapping[str, str] | None = None,
    lock: StudyLock | None = None,
    clips: Sequence[Clip] | None = None,
    workers: int = 1,
    tell: Callable[[str], None] = lambda message: None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return the results of a study, ready for JSON.

    One analysis over all embodiments, one for each if there are several, and one with each factor of several levels
    (embodiment, speaker, operator, model) as moderator of slope and bend. Each is fitted with random intercepts of
    participants and sentences and random slopes of participants, reduced if singular. Around them: exclusions,
    strengths in JOD, agreement, odd people and sentences, how the main contrast moves without each, and the declared
    family.

    Parameters
    ----------
    trials : sequence of Trial
        The whole trial table, catch trials and trials that do not count included.
    scale : {"log2", "linear"}
        How articulation enters the model. This, the curve and the bound are to be chosen before the data are seen:
        left out, they are those of the study's `lock`, else log2, quadratic, and no equivalence test.
    curve : {"quadratic", "spline"}
        The spline is restricted cubic, its knots at the lowest scale shown, the original and the highest.
    equivalence_log_odds : float > 0, optional
        The smallest difference that matters: two one-sided tests then ask whether the difference is less.
    seed : int >= 0
        Of the bootstraps.
    draws : int >= 100
        Of each bootstrap.
    simulations : int >= 0
        Tables to draw from the main model, for a parametric bootstrap of the main test and of the preferred scale.
    verdicts : mapping, optional
        Participant -> use, keep_apart or reject, from participants.csv; only those to use enter the main analysis.
    lock : StudyLock, optional
        What was fixed beforehand: the design's hash is compared with that of the trials; analysis and family are
        its own.
    clips : sequence of Clip, optional
        The manifest, with which labels are compared.
    workers : int >= 1
        Processes that fit models.
    tell : callable
        Called with a sentence before each step.
    progress : Progress, optional
        Of each bootstrap.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        If no choice is left to analyse, an articulation or an embodiment has one participant, the table does not carry
        the model over all answers, a session is there twice, or labels or design are not those of manifest and lock.
    """
    everyone, found = checked_trials(trials, clips)
    verdicts = verdicts or {}
    used = [trial for trial in everyone if verdicts.get(trial.participant, "use") == "use"]
    if not used:
        raise InputError("the study's rules leave no participant to use: see the verdicts in participants.csv")
    choice = analysis_choice(lock, scale=scale, curve=curve, equivalence_log_odds=equivalence_log_odds)
    scale, knots = choice.scale, _knots(choice, used)
    choices = choices_from_trials(used, scale=scale, knots=knots)
    table = choices.table
    refuse_lone_levels(table)
    tasks = _tasks(table, choice, knots)
    tell(f"fitting {len(tasks)} models: {', '.join(task.told for task in tasks)}")
    fitted: dict[int, dict[str, Any]] = {}
    # Processes take seconds to begin: a small study is done before that.
    several = workers if len(table) >= _WORTH_PROCESSES else 1
    for place, result in run_each(_fitted, tasks, workers=several):
        fitted[place] = result
        tell(f"fitted: {tasks[place].told}")
    made = [(task, fitted[place]) for place, task in enumerate(tasks)]
    results: dict[str, Any] = {
        "level": LEVEL,
        "scale": scale,
        "design": "articulation",
        "choice": {**choice.as_json(), "knots": None if knots is None else list(knots)},
        "simulated": any(trial.simulated for trial in trials),
        "data": _data(everyone, choices, verdicts),
        "checks": found,
        "preregistration": _preregistration(trials, lock),
        "exclusions": exclusions(everyone, verdicts, scale=scale, knots=knots, level=LEVEL, tell=tell),
        "analyses": [result for task, result in made if task.moderator is None],
        "moderators": {task.moderator: result for task, result in made if task.moderator is not None},
        "side_bias": _side_bias(used),
    }
    main = results["analyses"][0]
    results["few"] = few_units(results["data"])
    results["equivalence"] = equivalence_claim(main, choice.equivalence_log_odds)
    if simulations:
        tell(f"drawing {simulations} tables from the model of all answers, with and without a difference")
    results["simulated_tables"] = simulated_tables(
        main, table, scale=scale, knots=knots, level=LEVEL, simulations=simulations, seed=seed, workers=workers,
        progress=progress,
    )  # fmt: skip
    tell(f"drawing people and sentences again, {draws} times")
    results["sensitivity"] = sensitivity(table, seed=seed, scale=scale, level=LEVEL, draws=draws, progress=progress)
    results["strengths"] = strengths(used, seed=seed, draws=draws, level=LEVEL, progress=progress)
    results["family"] = declared_family(results, lock)
    return results


@dataclass(frozen=True, slots=True)
class _Task:
    """One model of the report."""

    name: str
    table: Any
    scale: Scale
    knots: tuple[float, ...] | None = None
    moderator: str | None = None

    @property
    def told(self) -> str:
        if self.moderator is not None:
            return f"{self.moderator} as moderator"
        return "all answers" if self.name == ALL else f"embodiment {self.name}"


def _knots(choice: AnalysisChoice, trials: Sequence[Trial]) -> tuple[float, ...] | None:
    if choice.curve == "quadratic":
        return None
    return curve_knots({a for trial in trials if trial.kind == "2afc" for a in trial.articulations})


def _tasks(table: Any, choice: AnalysisChoice, knots: tuple[float, ...] | None) -> list[_Task]:
    embodiments = sorted(table["embodiment"].unique())
    tasks = [_Task(ALL, table, choice.scale, knots)]
    if len(embodiments) > 1:
        tasks += [_Task(str(name), table[table["embodiment"] == name], choice.scale, knots) for name in embodiments]
    return tasks + [_Task(ALL, table, choice.scale, knots, moderator=factor) for factor in moderators(table)]


def _fitted(task: _Task) -> dict[str, Any]:
    if task.moderator is not None:
        return moderated(task.table, task.moderator)
    return _analysis(task.name, task.table, task.scale, task.knots)


def _preregistration(trials: Sequence[Trial], lock: StudyLock | None) -> dict[str, Any] | None:
    if lock is None:
        return None
    designs = {trial.design_sha256 for trial in trials} - {None}
    others = designs - {lock.design_sha256}
    if others:
        raise InputError(
            f"the trials follow the design {min(map(str, others))[:12]}, but the study was locked as"
            f" {lock.design_sha256[:12]}: it was changed after it was locked, or this is the lock of another study"
        )
    return {
        "study": lock.name,
        "design_sha256": lock.design_sha256,
        "locked_at": lock.locked_at,
        "trials_checked": sum(trial.design_sha256 == lock.design_sha256 for trial in trials),
    }


def _data(trials: Sequence[Trial], choices: Choices, verdicts: Mapping[str, str]) -> dict[str, Any]:
    table = choices.table
    left_out = dict(choices.left_out)
    for verdict, told in (("keep_apart", "of people kept apart"), ("reject", "of people rejected")):
        count = sum(verdicts.get(trial.participant) == verdict for trial in trials)
        if count:
            left_out[told] = count
    return {
        "trials": len(trials),
        "simulated_trials": sum(trial.simulated for trial in trials),
        "analysed": len(table),
        "left_out": left_out,
        "participants": int(table["participant"].nunique()),
        "participants_with_any_trial": len({trial.participant for trial in trials}),
        "sentences": int(table["sentence"].nunique()),
        "speakers": int(table["speaker"].nunique()),
        "embodiments": sorted(map(str, table["embodiment"].unique())),
        "articulations": sorted(map(float, {*table["articulation"], *table["reference"]})),
    }


def _analysis(name: str, table: Any, scale: Scale, knots: tuple[float, ...] | None) -> dict[str, Any]:
    formula = curve_formula(table)
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
        "penalised": None,
        "population": None,
        "population_instead": None,
    }
    try:
        fit, steps = (
            fit_reduced(formula, table) if name == ALL else fit_reduced(formula, table, mixedlm_rows=MIXEDLM_ROWS)
        )
        instead = last_rung(fit, formula, table)
    except InputError as error:
        if name == ALL:  # without the main analysis there is nothing to report
            raise
        return result | {"refused": str(error)}
    result |= {"model": fit.as_json(), "reduction": list(steps)}
    population = population_check(formula, table) if name == ALL else None
    if instead is not None and instead.ok:
        told = {"verdict": fit.verdict, "clusters": instead.clusters}
        result |= {"population_instead": told, "population": population}
        return result | _curve(instead, articulations, scale, knots)
    if not fit.ok:
        separated = fit.verdict.startswith("separated")
        return result | {
            "refused": fit.verdict,
            "penalised": penalised(formula, table) if separated else None,
            "population": None if separated else population,
        }
    return result | _curve(fit, articulations, scale, knots) | {"population": population}


def _curve(
    fit: CurveModel, articulations: Sequence[float], scale: Scale, knots: tuple[float, ...] | None
) -> dict[str, Any]:
    if "x" not in fit.terms:
        return {}
    low, high = min(articulations[0], 1.0), max(articulations[-1], 1.0)
    step = (high - low) / (_CURVE_POINTS - 1)
    grid = sorted({round(low + step * place, 4) for place in range(_CURVE_POINTS)} | {*articulations, 1.0})
    shape = fitted_knots(fit, knots)
    told: dict[str, Any] = {"tested": (low, high), "scale": scale, "knots": shape, "level": LEVEL}
    bends = shape is not None or "x2" in fit.terms
    preferred = preferred_articulation(fit, **told) if bends else None
    return {
        "curve": [asdict(point) for point in preference_curve(fit, grid, scale=scale, knots=shape, level=LEVEL)],
        "preferred": asdict(preferred) if preferred is not None else None,
        "asymmetry": fair_asymmetry(fit, **told),
    }


def _observed(table: Any) -> list[dict[str, Any]]:
    rows = []
    for articulation, group in table[table["reference"] == 1].groupby("articulation"):
        share = proportion(int(group["chosen"].sum()), len(group), level=LEVEL)
        rows.append({"articulation": float(articulation), **asdict(share)})
    return rows


def _side_bias(trials: Sequence[Trial]) -> dict[str, Any]:
    answered = [trial for trial in trials if trial.valid and trial.response is not None]
    identical = [trial for trial in answered if trial.clip_left == trial.clip_right]

    def left(chosen: Sequence[Trial]) -> Mapping[str, Any] | None:
        if not chosen:
            return None
        return asdict(proportion(sum(trial.response == "left" for trial in chosen), len(chosen), level=LEVEL))

    return {"identical_clips": left(identical), "all": left(answered)}
