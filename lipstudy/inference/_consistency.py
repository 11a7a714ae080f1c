"""How each person's answers fit those of the others, and who is odd."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipstudy.inference._comparisons import LEFT, RIGHT, Comparisons
from lipstudy.inference._pair_design import pair_design
from lipstudy.inference._pair_likelihood import choice_estimates, log_probabilities
from lipstudy.inference._proportion import proportion
from lipstudy.inference._resampling import Cells, left_out
from lipstudy.inference._strengths import two_answers

__all__ = ["PersonConsistency", "consistency", "consistency_of_comparisons"]

Array = NDArray[np.float64]

_ODD_P = 0.01
"""Two-sided, shared out over the people (Bonferroni)."""
_FENCE = 1.5
"""Interquartile ranges below the lower quartile (Tukey)."""
_UNLIKE_Z = 2.0
"""Beyond the fence alone lies someone in every second group of twenty."""
_LEAST_PEOPLE = 5
"""For quartiles that mean anything."""
_ANSWERS_A_TERM = 25
"""From which on each item gets strengths of its own."""


@dataclass(frozen=True, slots=True)
class PersonConsistency:
    """One person against a model of all the others."""

    participant: str
    answers: int
    agreement: float
    """Share of answers that the others' model holds for the likelier; NaN if it holds none."""
    loglik: float
    """Mean log-likelihood of an answer under the others' model; log(1/2) = -0.69 is guessing."""
    z: float
    """How far it is from what the others' model expects of such a person, in standard deviations."""
    left: float
    """Share of answers for the left."""
    left_expected: float
    """What the others' model expects of it."""
    odd: tuple[str, ...]
    """Why the person stands out, one clause each; empty if not."""


def consistency(
    design: Array,
    row: NDArray[np.intp],
    counts: Array,
    participant: NDArray[np.intp],
    participants: Sequence[str],
    *,
    left_is_first: NDArray[np.bool_] | None = None,
) -> tuple[PersonConsistency, ...]:
    """Return each person's answers under a logit model that was fitted to all the others.

    Parameters
    ----------
    design : (rows, terms)
    row : (answers,)
        Row of the design of each answer.
    counts : (answers, 2)
        Weight of the first and of the second choice.
    participant : (answers,)
        Place in `participants`.
    participants : sequence of str
    left_is_first : (answers,), optional
        Whether the first choice stood on the left; always if not given.

    Returns
    -------
    tuple of PersonConsistency
        In the order of `participants`; empty for fewer than three people.

    Source: Perez-Ortiz & Mantiuk 2017, A practical guide and software for analysing pairwise comparison experiments
    (leave-one-out log-likelihood of each observer, judged by its distance from the quartile).
    """
    people = len(participants)
    if people < 3:
        return ()
    first = np.ones(len(row), bool) if left_is_first is None else left_is_first
    log_p = _by_the_others(design, row, counts, participant, people)
    return _all_judged(log_p, counts, participant, participants, first)


def _by_the_others(
    design: Array, row: NDArray[np.intp], counts: Array, participant: NDArray[np.intp], people: int
) -> Array:
    """Return (answers, 2): log probabilities of each answer by a model of everybody but its person."""
    used, row = np.unique(row, return_inverse=True)
    row, design = row.reshape(-1), design[used]
    none = np.zeros(len(row), np.intp)
    cells = Cells(row, participant, none, counts, rows=len(design), participants=people, items=0)
    # Firth's estimates, because without one person the rest may be unanimous about something.
    beta, _ = choice_estimates(design, left_out(cells, "participants"), bias_reduced=True)
    # Where the others have not compared enough, they say nothing.
    return log_probabilities(design, np.nan_to_num(beta))[participant, row]


def _all_judged(
    log_p: Array,
    counts: Array,
    participant: NDArray[np.intp],
    participants: Sequence[str],
    first: NDArray[np.bool_],
) -> tuple[PersonConsistency, ...]:
    people = len(participants)
    measured = [
        _measured(name, counts[own], log_p[own], first[own])
        for place, name in enumerate(participants)
        for own in [participant == place]
    ]
    fence, spread = -math.inf, 1.0
    if people >= _LEAST_PEOPLE:
        low, high = np.quantile([person.loglik for person in measured], (0.25, 0.75))
        fence = low - _FENCE * (high - low)
        # People differ in taste: z is judged by how it spreads among them, where that is wider than chance.
        z = np.array([person.z for person in measured])
        spread = max(1.0, 1.4826 * float(np.median(np.abs(z - np.median(z)))))
    return tuple(_judged(person, fence=fence, spread=spread, people=people) for person in measured)


def consistency_of_comparisons(comparisons: Comparisons, *, side: bool = True) -> tuple[PersonConsistency, ...]:
    """Return each person's answers under Bradley-Terry strengths that were fitted to all the others.

    With enough answers each item has strengths of its own: what is best in one scene may be worst in the next, and a
    person who follows that is not odd.
    """
    people = len(comparisons.participants)
    if people < 3:
        return ()
    design = pair_design(comparisons, side=side)
    answers = two_answers(comparisons.counts)
    items = len(comparisons.items)
    if items < 2 or answers.sum() < _ANSWERS_A_TERM * items * (len(comparisons.conditions) - 1):
        return consistency(design.signed, design.row, answers, comparisons.participant, comparisons.participants)
    log_p = np.zeros((len(answers), 2))
    for item in range(items):
        own = comparisons.item == item
        log_p[own] = _by_the_others(design.signed, design.row[own], answers[own], comparisons.participant[own], people)
    first = np.ones(len(answers), bool)
    return _all_judged(log_p, answers, comparisons.participant, comparisons.participants, first)


def _measured(name: str, counts: Array, log_p: Array, first: NDArray[np.bool_]) -> PersonConsistency:
    total = counts.sum(axis=1)
    answers = float(total.sum())
    share = np.exp(log_p)
    margin = log_p[:, LEFT] - log_p[:, RIGHT]
    told = np.abs(margin) > 1e-9
    loglik = float((counts * log_p).sum())
    expected = float((total[:, None] * share * log_p).sum())
    variance = float((total * share[:, LEFT] * share[:, RIGHT] * margin**2).sum())
    agreed = float(np.where(margin > 0, counts[:, LEFT], counts[:, RIGHT])[told].sum())
    left = float(np.where(first, counts[:, LEFT], counts[:, RIGHT]).sum())
    left_p = np.where(first, share[:, LEFT], share[:, RIGHT])
    return PersonConsistency(
        name,
        round(answers),
        agreed / float(total[told].sum()) if told.any() else math.nan,
        loglik / answers,
        (loglik - expected) / math.sqrt(variance) if variance > 0 else 0.0,
        left / answers,
        float((total * left_p).sum()) / answers,
        (),
    )


def _judged(person: PersonConsistency, *, fence: float, spread: float, people: int) -> PersonConsistency:
    from dataclasses import replace
    from statistics import NormalDist

    limit = NormalDist().inv_cdf(1 - _ODD_P / (2 * people))
    reasons = []
    told = person.answers if math.isfinite(person.agreement) else 0
    agreed = proportion(round(person.agreement * told), told) if told else None
    far = person.z / spread
    unlike = far < -limit or (person.loglik < fence and far < -_UNLIKE_Z)
    if agreed is not None and agreed.high < 0.5:
        reasons.append(f"answers against the others ({100 * agreed.share:.0f} % agree): are labels or keys swapped?")
    elif agreed is not None and agreed.low <= 0.5 <= agreed.high and unlike and person.loglik <= -math.log(2):
        reasons.append(f"answers as if by chance ({100 * agreed.share:.0f} % agree with the others)")
    elif unlike:
        reasons.append(f"answers less like the others than the rest do ({100 * person.agreement:.0f} % agree)")
    error = math.sqrt(max(person.left_expected * (1 - person.left_expected), 1e-12) / person.answers)
    if abs(person.left - person.left_expected) > limit * error:
        side, share = ("left", person.left) if person.left > person.left_expected else ("right", 1 - person.left)
        reasons.append(f"chose the {side} in {100 * share:.0f} % of answers")
    return replace(person, odd=tuple(reasons))
