"""How many people and sentences a study needs: simulated studies, each analysed as the real one will be."""

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from lipstudy.errors import InputError
from lipstudy.execution import Progress, run_each
from lipstudy.inference._basis import Scale, to_scale
from lipstudy.inference._default import curve_formula
from lipstudy.inference._proportion import Proportion, proportion
from lipstudy.inference._reduction import fit_reduced
from lipstudy.randomness import named_stream

__all__ = ["Assumptions", "Power", "simulate_choices", "simulated_power"]


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What a simulated study is made of. Effects and standard deviations are log odds."""

    participants: int = 24
    sentences: int = 8
    articulations: tuple[float, ...] = (0.5, 0.75, 1.25, 1.5)
    """Articulation scales compared with the original."""
    repetitions: int = 1
    """Times each pair is seen by each participant."""
    effect: float = 0.5
    """Slope of x: positive if over-articulation is preferred to under-articulation."""
    bend: float = -1.0
    """Slope of x2: negative if preference falls off on both sides."""
    offset: float = 0.0
    """Intercept: preference for any changed clip, whatever its articulation."""
    side: float = 0.1
    """Side bias: positive if the left is preferred."""
    sd_participant: float = 0.4
    """Spread of the intercept between participants."""
    sd_slope: float = 0.5
    """Spread of the slope of x between participants."""
    sd_sentence: float = 0.3
    """Spread of the intercept between sentences."""
    sd_sentence_slope: float = 0.2
    """Spread of the slope of x between sentences."""
    scale: Scale = "log2"

    def __post_init__(self) -> None:
        for name, least in (("participants", 2), ("sentences", 2), ("repetitions", 1)):
            if getattr(self, name) < least:
                raise InputError(f"{name} must be at least {least}, got {getattr(self, name)}")
        for name in ("effect", "bend", "offset", "side"):
            if not -100 < getattr(self, name) < 100:
                raise InputError(f"{name} must be a number of log odds from -100 to 100, got {getattr(self, name)}")
        for articulation in self.articulations:
            if not 0 <= articulation < math.inf:
                raise InputError(f"an articulation must be a number from 0, got {articulation:g}")
        for name in ("sd_participant", "sd_slope", "sd_sentence", "sd_sentence_slope"):
            if not 0 <= getattr(self, name) < 10:
                raise InputError(f"{name} must be from 0 to 10, got {getattr(self, name)}")
        if len(set(self.articulations) - {1.0}) < 3:
            raise InputError(
                "articulations must be at least three different scales other than 1 (a bend needs them), got "
                + ", ".join(f"{a:g}" for a in self.articulations)
            )


@dataclass(frozen=True, slots=True)
class Power:
    """What simulated studies found."""

    assumptions: Assumptions
    found: Proportion
    """Studies whose model finds the difference in its direction, with the Monte Carlo interval."""
    refused: int
    """Studies whose model gave no p-value; they count as not found."""
    reduced: int
    """Studies in which random effects were taken out."""
    mean_estimate: float
    """Mean estimate of the effect over the studies that were fitted; NaN if none was."""
    alpha: float
    seed: int


def simulate_choices(assumptions: Assumptions, rng: np.random.Generator) -> Any:
    """Return the choices of one simulated study.

    Parameters
    ----------
    assumptions : Assumptions
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Columns ``participant, item, articulation, x, x2, side, chosen``.
    """
    import pandas

    a = assumptions
    scales = np.array([to_scale(articulation, a.scale) for articulation in a.articulations])
    person, item, scale, _ = (
        part.ravel()
        for part in np.meshgrid(
            np.arange(a.participants), np.arange(a.sentences), np.arange(len(scales)), np.arange(a.repetitions),
            indexing="ij",
        )
    )  # fmt: skip
    x = scales[scale]
    side = rng.permutation(np.where(np.arange(len(x)) % 2 == 0, 0.5, -0.5))
    odds = (
        a.offset + a.effect * x + a.bend * x**2 + a.side * side
        + a.sd_participant * rng.standard_normal(a.participants)[person]
        + a.sd_slope * rng.standard_normal(a.participants)[person] * x
        + a.sd_sentence * rng.standard_normal(a.sentences)[item]
    )  # fmt: skip
    chance = rng.random(len(x))
    odds = odds + a.sd_sentence_slope * rng.standard_normal(a.sentences)[item] * x
    return pandas.DataFrame(
        {
            "participant": [f"P{number + 1:03d}" for number in person],
            "item": [f"S{number + 1:03d}" for number in item],
            "articulation": np.array(a.articulations)[scale],
            "x": x,
            "x2": x**2,
            "side": side,
            "chosen": (chance < 1 / (1 + np.exp(-odds))).astype(int),
        }
    )


def simulated_power(
    assumptions: Assumptions,
    *,
    simulations: int,
    seed: int,
    alpha: float = 0.05,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Power:
    """Return the share of simulated studies whose model finds over- against under-articulation.

    Each study is fitted as `lipstudy analyze` fits (the same formula, the same reduction of singular random effects),
    by our own engine alone: the others check the arithmetic of one fit, and would cost fifty times the time here.
    Found means that the p-value of x (t distribution) is below `alpha` and its sign that of the effect. With an effect
    of 0, it is the rate of false positives (either sign).

    Parameters
    ----------
    assumptions : Assumptions
    simulations : int >= 1
    seed : int >= 0
        Study i is drawn from the stream ("power", i).
    alpha : float in (0, 1)
    workers : int >= 1
        Processes.
    executor : concurrent.futures.Executor, optional
    progress : Progress, optional

    Returns
    -------
    Power
    """
    if simulations < 1:
        raise InputError(f"simulations must be at least 1, got {simulations}")
    study: Any = partial(_simulated_study, assumptions, seed)
    results: list[tuple[float, float | None, bool]] = []
    numbers: Sequence[int] = range(simulations)
    for _, result in run_each(study, numbers, workers=workers, executor=executor):
        results.append(result)
        if progress is not None:
            progress(len(results), simulations)
    sign = np.sign(assumptions.effect)
    found = sum(p is not None and p < alpha and (sign == 0 or np.sign(b) == sign) for b, p, _ in results)
    estimates = [b for b, _, _ in results if np.isfinite(b)]
    return Power(
        assumptions,
        proportion(int(found), simulations),
        sum(p is None for _, p, _ in results),
        sum(reduced for _, _, reduced in results),
        float(np.mean(sorted(estimates))) if estimates else float("nan"),
        alpha,
        seed,
    )


def _simulated_study(assumptions: Assumptions, seed: int, number: int) -> tuple[float, float | None, bool]:
    table = simulate_choices(assumptions, named_stream(seed, "power", number))
    try:
        fit, steps = fit_reduced(curve_formula(table), table, check=False)
    except InputError:  # a simulated study may be too small for its own model
        return float("nan"), None, False
    return fit["x"].estimate, fit["x"].p_t, bool(steps)
