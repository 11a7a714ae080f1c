"""From trials to choices: which answers enter the model, and in which variables."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from lipstudy.errors import InputError
from lipstudy.records import Trial

__all__ = ["Choices", "Scale", "choices_from_trials", "from_scale", "to_scale"]

Scale = Literal["log2", "linear"]
"""How articulation enters the model: log2(a), doublings; or linear, a - 1. Both are 0 at the original."""


@dataclass(frozen=True, slots=True)
class Choices:
    """The answers that enter a model."""

    table: Any
    """pandas.DataFrame: the columns of the trial table and those that `choices_from_trials` adds."""
    scale: Scale
    left_out: dict[str, int]
    """Reason -> number of trials that are not in the table."""


def to_scale(articulation: float, scale: Scale) -> float:
    """Return an articulation scale in the model's units, 0 at the original. Raises InputError for log2 of 0."""
    if scale == "linear":
        return articulation - 1.0
    if articulation <= 0:
        raise InputError(f"articulation {articulation:g} has no logarithm: choose the linear scale")
    return float(np.log2(articulation))


def from_scale(x: float, scale: Scale) -> float:
    """Return the articulation scale of a value in the model's units; infinite beyond the largest number."""
    if scale == "linear":
        return float(x + 1.0)
    return 2.0 ** float(x) if x < 1024 else math.inf


def choices_from_trials(trials: Sequence[Trial], *, scale: Scale = "log2") -> Choices:
    """Return the choices between two articulation scales, one row a trial.

    In each pair the test clip is the one whose articulation differs from 1, the reference the other; of two that both
    differ, the test clip is the more strongly articulated. Added columns:

    - ``chosen``: 1 if the test clip was preferred, else 0;
    - ``x``: articulation of test less reference on the model's scale; against the original, log2(a) or a - 1;
    - ``x2``: the same for the square, so that a quadratic utility of each clip is modelled; against the original, x^2;
    - ``articulation``: articulation of the test clip;
    - ``reference``: articulation of the reference;
    - ``side``: +0.5 if the test clip was on the left, -0.5 if on the right;
    - ``item``: the sentence.

    Parameters
    ----------
    trials : sequence of Trial
    scale : {"log2", "linear"}

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
            rows.append(_choice(trial, scale))
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


def _choice(trial: Trial, scale: Scale) -> dict[str, Any]:
    left, right = trial.articulations
    # Of two changed clips the stronger is the test clip; against the original, the changed one.
    strength = {"left": -math.inf if left == 1 else left, "right": -math.inf if right == 1 else right}
    side = max(strength, key=lambda name: strength[name])
    test, reference = (left, right) if side == "left" else (right, left)
    x, origin = to_scale(test, scale), to_scale(reference, scale)
    return trial.model_dump() | {
        "chosen": int(trial.response == side),
        "x": x - origin,
        "x2": x**2 - origin**2,
        "articulation": test,
        "reference": reference,
        "side": 0.5 if side == "left" else -0.5,
        "item": trial.sentence,
    }
