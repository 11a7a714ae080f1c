"""What the preference curve hangs on: people and sentences drawn again, and left out one at a time."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.inference._basis import Scale, from_scale, to_scale
from lipstudy.inference._pair_likelihood import choice_estimates
from lipstudy.inference._resampling import Cells, drawn_again, left_out

__all__ = ["CurveSensitivity", "OddSentence", "curve_sensitivity"]

Array = NDArray[np.float64]

_ODD_P = 0.01
"""Two-sided, shared out over the sentences (Bonferroni)."""


@dataclass(frozen=True, slots=True)
class OddSentence:
    """A sentence whose slope of articulation differs from that of the others."""

    sentence: str
    slope: float
    """Log odds by unit of x, of this sentence alone."""
    others: float
    """Of all the other sentences."""
    z: float
    """Of the difference."""

    @property
    def reverses(self) -> bool:
        """Whether it has the other sign."""
        return self.slope * self.others < 0


@dataclass(frozen=True, slots=True)
class CurveSensitivity:
    """The population-average curve, a logit model without random effects, under other people and sentences."""

    difference: float
    """p(over) - p(under) at matched distance from the original."""
    low: float
    """Lower end of its percentile interval over people and sentences drawn again, together."""
    high: float
    without_participant: tuple[tuple[str, float | None], ...]
    """Person -> difference without that person; None where it cannot be estimated."""
    without_item: tuple[tuple[str, float | None], ...]
    """Sentence -> the same without that sentence; empty for one sentence."""
    peak_low: float | None
    """Lower end of the percentile interval of the preferred articulation; None if it is unbounded."""
    peak_high: float | None
    peak_share: float
    """Share of draws in which the curve bends down and so has a peak; NaN if the model has no bend."""
    odd_sentences: tuple[OddSentence, ...]
    draws: int


def curve_sensitivity(
    choices: Any,
    *,
    rng: np.random.Generator,
    tested: tuple[float, float],
    scale: Scale = "log2",
    draws: int = 1000,
    level: float = 0.95,
    progress: Progress | None = None,
) -> CurveSensitivity | None:
    """Return how asymmetry and peak of the preference curve move with people and sentences.

    The model is the population-average one, so that a thousand fits take seconds: its differences of probabilities are
    those of people in the mean, its peak that of the mixed model as far as slopes and bends shrink alike.

    Parameters
    ----------
    choices : pandas.DataFrame
        The table of `choices_from_trials`: ``chosen, x, x2, side, participant, item, articulation``.
    rng : numpy.random.Generator
    tested : tuple of (float, float)
        Lowest and highest articulation shown.
    scale : {"log2", "linear"}
    draws : int
        With draws in which the answers are separated the estimates are Firth's.
    level : float in (0, 1)
    progress : Progress, optional

    Returns
    -------
    CurveSensitivity or None
        None if one side of the original was not shown.

    Source: Owen 2007, The pigeonhole bootstrap (people and sentences drawn independently; on the wide side).
    """
    distance = min(to_scale(tested[1], scale), -to_scale(tested[0], scale))
    if distance <= 0:
        return None
    bend = choices["articulation"].nunique() > 2
    names = ["x", *(["x2"] if bend else []), *(["side"] if choices["side"].nunique() > 1 else [])]
    unique, row = np.unique(choices[names].to_numpy(float), axis=0, return_inverse=True)
    row = row.reshape(-1)
    design = np.column_stack([np.ones(len(unique)), unique])
    people, person = np.unique(choices["participant"].astype(str), return_inverse=True)
    items, item = np.unique(choices["item"].astype(str), return_inverse=True)
    chosen = choices["chosen"].to_numpy(float)
    counts = np.column_stack([chosen, 1 - chosen])
    cells = Cells(row, person, item, counts, rows=len(design), participants=len(people), items=len(items))
    contrast = _Contrast(distance, bend, design)
    whole = contrast.fitted(cells.weighed(None, None)[None])
    if not np.isfinite(whole).all():
        raise InputError("the population-average curve has no estimate: the articulations shown do not tell its terms")
    found: list[Array] = []
    for block in drawn_again(cells, "both" if len(items) > 1 else "participants", draws, rng):
        found.append(contrast.fitted(block))
        if progress is not None:
            progress(sum(map(len, found)), draws)
    drawn = np.concatenate(found)
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    tails = [0.5 - level / 2, 0.5 + level / 2]
    low, high = map(float, np.quantile(contrast.difference(drawn), tails))
    peak_low, peak_high, peak_share = _peak(drawn, bend, tails, scale)
    return CurveSensitivity(
        float(contrast.difference(whole)[0]),
        low,
        high,
        _named(people, contrast.difference(contrast.fitted(left_out(cells, "participants")))),
        _named(items, contrast.difference(contrast.fitted(left_out(cells, "items")))) if len(items) > 1 else (),
        peak_low,
        peak_high,
        peak_share,
        _odd_sentences(design, row, counts, item, items),
        len(drawn),
    )


@dataclass(frozen=True, slots=True)
class _Contrast:
    distance: float
    bend: bool
    design: Array

    def fitted(self, counts: Array) -> Array:
        beta, done = choice_estimates(self.design, counts)
        if not done.all():
            beta[~done] = choice_estimates(self.design, counts[~done], bias_reduced=True)[0]
        # Where a draw lacks a scale, the search ends anywhere along a line of equals.
        beta[np.abs(beta).max(axis=1, initial=0) > 15] = np.nan
        return beta

    def difference(self, beta: Array) -> Array:
        from scipy.special import expit

        middle = beta[:, 0] + (beta[:, 2] * self.distance**2 if self.bend else 0.0)
        found: Array = expit(middle + beta[:, 1] * self.distance) - expit(middle - beta[:, 1] * self.distance)
        return found


def _named(names: Any, values: Array) -> tuple[tuple[str, float | None], ...]:
    return tuple(
        (str(name), float(value) if np.isfinite(value) else None) for name, value in zip(names, values, strict=True)
    )


def _peak(drawn: Array, bend: bool, tails: list[float], scale: Scale) -> tuple[float | None, float | None, float]:
    if not bend:
        return None, None, float("nan")
    bends_down = drawn[:, 2] < 0
    share = float(bends_down.mean())
    if share < tails[1]:
        return None, None, share
    # A draw without a peak prefers ever more, or ever less: it lies beyond every number.
    with np.errstate(divide="ignore", invalid="ignore"):
        peaks = np.where(bends_down, -drawn[:, 1] / (2 * drawn[:, 2]), np.sign(drawn[:, 1]) * np.inf)
    low, high = np.quantile(peaks, tails, method="inverted_cdf")
    ends = [from_scale(value, scale) if np.isfinite(value) else None for value in (low, high)]
    return ends[0], ends[1], share


def _odd_sentences(
    design: Array, row: NDArray[np.intp], counts: Array, item: NDArray[np.intp], items: Any
) -> tuple[OddSentence, ...]:
    from statistics import NormalDist

    if len(items) < 3:
        return ()
    limit = NormalDist().inv_cdf(1 - _ODD_P / (2 * len(items)))
    odd = []
    for place, name in enumerate(items):
        slopes, variances = [], []
        for own in (item == place, item != place):
            inside = np.zeros((len(design), 2))
            np.add.at(inside, row[own], counts[own])
            beta, _ = choice_estimates(design, inside[None], bias_reduced=True)
            share = 1 / (1 + np.exp(-design @ beta[0]))
            information = (design.T * (inside.sum(axis=1) * share * (1 - share))) @ design
            slopes.append(float(beta[0, 1]))
            variances.append(float(np.linalg.pinv(information)[1, 1]))
        z = (slopes[0] - slopes[1]) / np.sqrt(sum(variances))
        if np.isfinite(z) and abs(z) > limit:
            odd.append(OddSentence(str(name), slopes[0], slopes[1], float(z)))
    return tuple(odd)
