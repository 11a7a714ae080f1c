"""A ranking whose intervals treat people, and sentences or scenes, as samples."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipstudy.execution import Progress
from lipstudy.inference._comparisons import Comparisons
from lipstudy.inference._pair_design import PairDesign, pair_design, strongly_connected, won_against
from lipstudy.inference._pair_likelihood import Link, choice_estimates, davidson_estimates
from lipstudy.inference._resampling import Cells, drawn_again, left_out, satterthwaite
from lipstudy.inference._strengths import PairedModel, Ties, fit_strengths, jod_unit, two_answers

__all__ = ["PairDifference", "Ranked", "Ranking", "rank_conditions"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One condition of a ranking."""

    condition: str
    jod: float
    """Strength in just-objectionable differences from the mean of all conditions."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end."""
    estimate: float
    """Strength on the scale of the link, from the mean of all."""
    se: float
    """Its standard error with answers as independent."""
    answers: int
    """Comparisons with another condition."""
    preferred: float
    """How many it won; a tie is half."""


@dataclass(frozen=True, slots=True)
class PairDifference:
    """Two conditions, the one that ranks higher first."""

    first: str
    second: str
    jod: float
    """Difference of their strengths."""
    low: float
    high: float
    p: float
    """Two-sided, of no difference between people and items like these."""
    p_holm: float
    """Adjusted for all pairs of the ranking (Holm)."""
    answers: int
    """Direct comparisons of the two."""
    preferred: float
    """How many the first won; a tie is half."""
    binomial_p: float | None
    """What a binomial test of the direct comparisons claims, which takes answers as independent; None without any."""
    binomial_p_holm: float | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """Conditions in order of strength, the best first."""

    model: PairedModel
    ranked: tuple[Ranked, ...]
    pairs: tuple[PairDifference, ...]
    """Every two conditions, in the order of the ranking."""
    level: float
    sampled: tuple[str, ...]
    """What the intervals treat as a sample: "participants", "items", or "answers" if neither is named."""
    draws: int
    """Bootstrap draws that were used, of people and of items; 0 if answers are taken as independent."""
    penalised_draws: int
    """Of these, draws in which some condition won or lost everything: Firth's estimates."""
    lost_draws: int
    """Draws in which the conditions did not hang together; they are not used."""
    without_participant: Array
    """(participants, conditions): JOD, in the order of `model.conditions`, without each person; empty if none."""
    without_item: Array
    """(items, conditions): the same without each item."""


def rank_conditions(
    comparisons: Comparisons,
    *,
    rng: np.random.Generator,
    link: Link = "logit",
    side: bool = True,
    ties: Ties = "davidson",
    bias_reduced: bool = False,
    draws: int = 1000,
    level: float = 0.95,
    progress: Progress | None = None,
) -> Ranking:
    """Rank conditions that were compared in pairs, with intervals over people and items.

    Intervals and p-values take the variance over people drawn again, plus that over items drawn again, less that of
    single answers, which both of them hold; and Student's t with Satterthwaite's degrees of freedom from the estimates
    without each person and each item: with five scenes the interval is wide, as it should be. Without named people it
    is the model's own error.

    Parameters
    ----------
    comparisons : Comparisons
    rng : numpy.random.Generator
        For the bootstrap.
    link, side, ties, bias_reduced
        As for `fit_strengths`.
    draws : int >= 100
    level : float in (0, 1)
    progress : Progress, optional

    Returns
    -------
    Ranking

    Raises
    ------
    InputError
        As `fit_strengths`.

    Source: Cameron, Gelbach & Miller 2011, Robust inference with multiway clustering (the sum of variances);
    Perez-Ortiz & Mantiuk 2017, A practical guide and software for analysing pairwise comparison experiments (the JOD
    scale).
    """
    model = fit_strengths(comparisons, link=link, side=side, ties=ties, bias_reduced=bias_reduced)
    design = pair_design(comparisons, side=side)
    people, items = len(comparisons.participants), len(comparisons.items)
    cells = Cells(
        design.row, comparisons.participant, comparisons.item, comparisons.counts,
        rows=len(design.signed), participants=people, items=items,
    )  # fmt: skip
    again = _Again(comparisons, design, model)
    sampled = tuple(name for name, levels in (("participants", people), ("items", items)) if levels > 1)
    dropped = {name: again.jod(left_out(cells, name))[0] for name in sampled}
    drawn = {name: _Drawn(again, cells, name, draws, rng, progress) for name in sampled}
    spread = _Spread(
        model.covariance / jod_unit(link) ** 2,
        {name: (entry.covariance, dropped[name]) for name, entry in drawn.items()},
    )
    empty = np.zeros((0, len(model.conditions)))
    return Ranking(
        model,
        _ranked(model, comparisons, spread, level),
        _pairs(model, comparisons, spread, level),
        level,
        sampled or ("answers",),
        sum(entry.used for entry in drawn.values()),
        sum(entry.penalised for entry in drawn.values()),
        sum(entry.lost for entry in drawn.values()),
        dropped.get("participants", empty),
        dropped.get("items", empty),
    )


@dataclass(frozen=True, slots=True)
class _Again:
    """Fits the model of a ranking to other counts over the same rows."""

    comparisons: Comparisons
    design: PairDesign
    model: PairedModel

    def jod(self, counts: Array) -> tuple[Array, int]:
        """Return (sets, conditions) strengths in JOD, NaN where they do not hang together, and how many are Firth's."""
        won = self._won(counts)
        whole = strongly_connected(won + np.swapaxes(won, 1, 2))
        finite = strongly_connected(won) & whole & (not self.model.bias_reduced)
        free = len(self.model.conditions) - 1
        beta = np.full((len(counts), free), np.nan)
        if finite.any():
            if self.model.ties == "davidson":
                found, _ = davidson_estimates(self.design.features, counts[finite])
            else:
                answers = two_answers(counts[finite])
                found, _ = choice_estimates(self.design.signed, answers, link=self.model.link)
            beta[finite] = found[:, :free]
        rest = whole & ~np.isfinite(beta).all(axis=1)
        if rest.any():
            answers = two_answers(counts[rest])
            found, _ = choice_estimates(self.design.signed, answers, link=self.model.link, bias_reduced=True)
            beta[rest] = found[:, :free]
        strengths = np.column_stack([np.zeros(len(counts)), beta])
        strengths -= strengths.mean(axis=1, keepdims=True)
        return strengths / jod_unit(self.model.link), int(rest.sum())

    def _won(self, counts: Array) -> Array:
        size = len(self.model.conditions)
        answers = two_answers(counts)
        signed = self.design.signed[:, : size - 1]
        signed = np.column_stack([-signed.sum(axis=1), signed])
        left, right = (signed > 0).astype(float), (signed < 0).astype(float)
        won: Array = (left.T * answers[:, None, :, 0]) @ right + (right.T * answers[:, None, :, 1]) @ left
        return won


class _Drawn:
    """A bootstrap over the levels of one factor."""

    __slots__ = ("covariance", "lost", "penalised", "used")

    def __init__(
        self, again: _Again, cells: Cells, what: str, draws: int, rng: np.random.Generator, progress: Progress | None
    ) -> None:
        found: list[Array] = []
        self.penalised = 0
        for block in drawn_again(cells, what, draws, rng):
            jod, firth = again.jod(block)
            found.append(jod)
            self.penalised += firth
            if progress is not None:
                progress(sum(map(len, found)), draws)
        drawn = np.concatenate(found)
        whole = np.isfinite(drawn).all(axis=1)
        self.used, self.lost = int(whole.sum()), int((~whole).sum())
        levels = getattr(cells, what)
        # Levels drawn with replacement vary less than levels of the world, by this factor.
        self.covariance: Array = np.asarray(np.cov(drawn[whole].T), float) * levels / (levels - 1)


@dataclass(frozen=True, slots=True)
class _Spread:
    """Errors of contrasts of strengths."""

    answers: Array
    """Covariance with answers as independent."""
    sources: dict[str, tuple[Array, Array]]
    """People and items: covariance over their bootstrap, and estimates without each of them."""

    def of(self, contrast: Array, level: float) -> tuple[Array, Array, Array]:
        """Return standard error, half width of the interval and degrees of freedom of (contrasts, conditions)."""
        from scipy.stats import t

        def variance(covariance: Array) -> Array:
            form: Array = np.einsum("ij,jk,ik->i", contrast, covariance, contrast)
            return np.clip(form, 0, None)

        within = variance(self.answers)
        parts = [variance(covariance) for covariance, _ in self.sources.values()]
        total = within if not parts else parts[0]
        df = np.full(len(contrast), np.inf)
        if len(parts) == 2:
            # Each of the two holds the spread of single answers: it is counted once.
            total = np.maximum(parts[0] + parts[1] - within, np.maximum(parts[0], parts[1]))
        if parts:
            df = satterthwaite(*(estimates @ contrast.T for _, estimates in self.sources.values()))
        se = np.sqrt(total)
        return se, t.ppf(0.5 + level / 2, df) * se, df


def _ranked(model: PairedModel, comparisons: Comparisons, spread: _Spread, level: float) -> tuple[Ranked, ...]:
    size = len(model.conditions)
    _, half, _ = spread.of(np.eye(size) - 1 / size, level)
    won = won_against(comparisons)
    se = np.sqrt(np.diag(model.covariance))
    return tuple(
        Ranked(
            model.conditions[place], float(model.jod[place]), float(model.jod[place] - half[place]),
            float(model.jod[place] + half[place]), float(model.strengths[place]), float(se[place]),
            round(float(won[place].sum() + won[:, place].sum())), float(won[place].sum()),
        )
        for place in np.argsort(-model.strengths, kind="stable")
    )  # fmt: skip


def _pairs(model: PairedModel, comparisons: Comparisons, spread: _Spread, level: float) -> tuple[PairDifference, ...]:
    from scipy.stats import binomtest, t
    from statsmodels.stats.multitest import multipletests

    order = np.argsort(-model.strengths, kind="stable")
    first, second = (order[index] for index in np.triu_indices(len(order), 1))
    contrast = np.eye(len(order))[first] - np.eye(len(order))[second]
    difference = contrast @ model.jod
    se, half, df = spread.of(contrast, level)
    p = 2 * t.sf(difference / np.maximum(se, 1e-300), df)
    won = won_against(comparisons)
    direct, times = won[first, second], won[first, second] + won[second, first]
    naive = np.array(
        [
            binomtest(round(float(count)), round(float(total))).pvalue if total else np.nan
            for count, total in zip(direct, times, strict=True)
        ]
    )
    naive_holm = np.full(len(naive), np.nan)
    compared = np.isfinite(naive)
    naive_holm[compared] = multipletests(naive[compared], method="holm")[1]
    holm = multipletests(p, method="holm")[1]
    return tuple(
        PairDifference(
            model.conditions[first[k]], model.conditions[second[k]], float(difference[k]),
            float(difference[k] - half[k]), float(difference[k] + half[k]), float(p[k]), float(holm[k]),
            round(float(times[k])), float(direct[k]),
            float(naive[k]) if compared[k] else None, float(naive_holm[k]) if compared[k] else None,
        )
        for k in range(len(first))
    )  # fmt: skip
