"""From trials to choices: which answers enter the model, and in which variables."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lipstudy.errors import InputError
from lipstudy.inference._basis import Scale, curve_terms
from lipstudy.records import Trial

__all__ = ["Choices", "choices_from_trials"]


@dataclass(frozen=True, slots=True)
class Choices:
    """The answers that enter a model."""

    table: Any
    """pandas.DataFrame: the columns of the trial table and those that `choices_from_trials` adds."""
    scale: Scale
    left_out: dict[str, int]
    """Reason -> number of trials that are not in the table."""


def choices_from_trials(
    trials: Sequence[Trial], *, scale: Scale = "log2", knots: Sequence[float] | None = None
) -> Choices:
    """Return the choices between two articulation scales, one row a trial.

    In each pair the test clip is the one whose articulation differs from 1, the reference the other; of two that both
    differ, the test clip is the more strongly articulated. Added columns:

    - ``chosen``: 1 if the test clip was preferred, else 0;
    - ``x``: articulation of test less reference on the model's scale; against the original, log2(a) or a - 1;
    - ``x2``: the same for the square, so that a quadratic utility of each clip is modelled; against the original, x^2;
      with `knots`, ``spline1``, ``spline2``, ... besides, the other terms of a restricted cubic spline;
    - ``articulation``: articulation of the test clip;
    - ``reference``: articulation of the reference;
    - ``side``: +0.5 if the test clip was on the left, -0.5 if on the right;
    - ``item``: the sentence.

    Parameters
    ----------
    trials : sequence of Trial
    scale : {"log2", "linear"}
    knots : sequence of float, optional
        Articulation scales of the knots of a spline, three or more; chosen before the data are seen.

    Returns
    -------
    Choices
        Trials that are not valid, without an answer, of another kind than 2afc, or with the same articulation on both
        sides are left out, and counted by reason.

    Raises
    ------
    InputError
        If no choice is left.
    """
    import pandas

    left_out: Counter[str] = Counter()
    rows = []
    # In one order, whatever that of the table: the last digits of a fit depend on it.
    for trial in sorted(trials, key=lambda trial: (trial.participant, trial.session, trial.block, trial.trial)):
        reason = _why_left_out(trial)
        if reason is None:
            rows.append(_choice(trial, scale, knots))
        else:
            left_out[reason] += 1
    if not rows:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items()) or "no trial at all"
        raise InputError(f"no choice is left to analyse among {len(trials)} trials: {reasons}")
    return Choices(pandas.DataFrame(rows), scale, dict(sorted(left_out.items())))


def _why_left_out(trial: Trial) -> str | None:
    if not trial.valid:
        return f"not valid: {trial.reason or 'no reason given'}"
    if trial.kind != "2afc":
        return f"catch trial ({trial.kind})" if trial.kind.startswith("catch") else trial.kind
    if trial.response == "no_preference":
        return "no preference"
    if trial.response is None:
        return f"not answered: {trial.reason or 'no reason given'}"
    if trial.articulation_left == trial.articulation_right:
        return "same articulation on both sides"
    return None


def _choice(trial: Trial, scale: Scale, knots: Sequence[float] | None) -> dict[str, Any]:
    left, right = trial.articulations
    # Of two changed clips the stronger is the test clip; against the original, the changed one.
    strength = {"left": -math.inf if left == 1 else left, "right": -math.inf if right == 1 else right}
    side = max(strength, key=lambda name: strength[name])
    test, reference = (left, right) if side == "left" else (right, left)
    terms: dict[str, float] = {}
    for of_spline in (None, knots) if knots else (None,):
        origin = curve_terms(reference, scale=scale, knots=of_spline)
        changed = curve_terms(test, scale=scale, knots=of_spline)
        terms |= {name: value - origin[name] for name, value in changed.items()}
    return trial.model_dump() | {
        "chosen": int(trial.response == side),
        **terms,
        "articulation": test,
        "reference": reference,
        "side": 0.5 if side == "left" else -0.5,
        "item": trial.sentence,
    }
