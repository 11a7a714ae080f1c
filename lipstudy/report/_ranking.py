"""From comparisons in pairs to results: strengths, what is told apart, who and what the order hangs on."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.inference import (
    Comparisons,
    Link,
    PairedModel,
    Ranking,
    Ties,
    consistency_of_comparisons,
    krippendorff_alpha,
    rank_conditions,
    unanimous_pairs,
)
from lipstudy.randomness import named_stream

__all__ = ["agreement_of", "finite", "people_rows", "ranking_results"]

ALPHA = 0.05


def ranking_results(
    comparisons: Comparisons,
    *,
    seed: int,
    link: Link = "logit",
    side: bool | None = True,
    ties: Ties = "davidson",
    bias_reduced: bool = False,
    reference: str | None = None,
    draws: int = 1000,
    level: float = 0.95,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return a ranking, ready for JSON.

    Parameters
    ----------
    comparisons : Comparisons
    seed : int
        Of the bootstrap.
    link, ties, bias_reduced, draws, level, progress
        As for `rank_conditions`.
    side : bool, optional
        None: the left may have an advantage if the data can tell it.
    reference : str, optional
        The condition whose strength is 0 in the model's own estimates; the first by name if not given.

    Raises
    ------
    InputError
        As `rank_conditions`; or an unknown reference.
    """
    options: dict[str, Any] = {
        "link": link, "ties": ties, "bias_reduced": bias_reduced, "draws": draws, "level": level, "progress": progress,
    }  # fmt: skip
    notes: list[str] = []
    if side is None:
        try:
            ranking = rank_conditions(comparisons, rng=named_stream(seed, "bootstrap"), side=True, **options)
        except InputError as error:
            if "the effect of side" not in str(error):
                raise
            ranking = rank_conditions(comparisons, rng=named_stream(seed, "bootstrap"), side=False, **options)
            notes.append("a side bias cannot be told from these data, the model has none")
    else:
        ranking = rank_conditions(comparisons, rng=named_stream(seed, "bootstrap"), side=side, **options)
    people = people_rows(consistency_of_comparisons(comparisons, side=ranking.model.side))
    return {
        "level": level,
        "data": _data(comparisons),
        "ranking": [asdict(row) for row in ranking.ranked],
        "pairs": [{key: finite(value) for key, value in asdict(pair).items()} for pair in ranking.pairs],
        "told_apart": [[pair.first, pair.second] for pair in ranking.pairs if pair.p_holm < ALPHA],
        "binomial_claims": [
            [pair.first, pair.second] if pair.preferred * 2 > pair.answers else [pair.second, pair.first]
            for pair in ranking.pairs
            if pair.binomial_p_holm is not None and pair.binomial_p_holm < ALPHA
        ],
        "alpha": ALPHA,
        "model": _model(ranking.model, reference or comparisons.conditions[0]),
        "bootstrap": {
            "sampled": list(ranking.sampled),
            "draws": ranking.draws,
            "penalised_draws": ranking.penalised_draws,
            "lost_draws": ranking.lost_draws,
        },
        "unanimous": [{"first": a, "second": b, "answers": n} for a, b, n in unanimous_pairs(comparisons)],
        "people": people,
        "odd": [row["participant"] for row in people if row["odd"]],
        "drop_one": _drop_one(ranking, comparisons),
        "agreement": agreement_of(comparisons, seed=seed),
        "notes": [*ranking.model.notes, *notes],
    }


def finite(value: Any) -> Any:
    """Return None for a number that JSON cannot hold."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def people_rows(people: Any) -> list[dict[str, Any]]:
    """Return each person's consistency for JSON."""
    return [{key: finite(value) for key, value in asdict(person).items()} for person in people]


def _data(comparisons: Comparisons) -> dict[str, Any]:
    same = comparisons.left == comparisons.right
    counts = comparisons.counts.sum(axis=0)
    return {
        "answers": round(float(counts.sum())),
        "left_preferred": round(float(counts[0])),
        "right_preferred": round(float(counts[1])),
        "no_preference": round(float(counts[2])),
        "same_on_both_sides": round(float(comparisons.counts[same].sum())),
        "conditions": len(comparisons.conditions),
        "participants": len(comparisons.participants),
        "items": len(comparisons.items),
        "pairs_compared": len(
            {tuple(sorted(pair)) for pair in zip(comparisons.left.tolist(), comparisons.right.tolist(), strict=True)}
            - {(place, place) for place in range(len(comparisons.conditions))}
        ),
    }


def _model(model: PairedModel, reference: str) -> dict[str, Any]:
    estimates, errors = model.relative_to(reference)
    quasi = model.quasi_se()
    return {
        "name": {"logit": "Bradley-Terry", "probit": "Thurstone, case V"}[model.link],
        "link": model.link,
        "ties": model.ties,
        "side": model.side,
        "penalised": model.bias_reduced,
        "reference": reference,
        "strengths": {
            name: {
                "estimate": float(estimates[place]),
                "se": float(errors[place]),
                "quasi_se": None if quasi is None else finite(float(quasi[place])),
            }
            for place, name in enumerate(model.conditions)
        },
        "terms": {term.term: {"estimate": term.estimate, "se": term.se} for term in model.terms},
        "left_between_equals": model.left_share,
        "loglik": model.loglik,
        "deviance": model.deviance,
        "df_residual": model.df_residual,
        "aic": model.aic,
    }


def _drop_one(ranking: Ranking, comparisons: Comparisons) -> dict[str, Any]:
    names = ranking.model.conditions
    order = np.argsort(-ranking.model.strengths, kind="stable")
    first, second = (order[index] for index in np.triu_indices(len(order), 1))
    result: dict[str, Any] = {}
    for key, levels, moved in (
        ("participants", comparisons.participants, ranking.without_participant),
        ("items", comparisons.items, ranking.without_item),
    ):
        rows = []
        for level, jod in zip(levels if len(moved) else (), moved, strict=True):
            whole = bool(np.isfinite(jod).all())
            turned = [[names[a], names[b]] for a, b in zip(first, second, strict=True) if whole and jod[a] < jod[b]]
            rows.append(
                {
                    "without": level,
                    "jod": {name: finite(float(value)) for name, value in zip(names, jod, strict=True)},
                    "largest_move_jod": float(np.abs(jod - ranking.model.jod).max()) if whole else None,
                    "first": names[int(np.argmax(jod))] if whole else None,
                    "turned": turned,
                }
            )
        result[key] = rows
    return result


def agreement_of(comparisons: Comparisons, *, seed: int) -> dict[str, Any] | None:
    """Return Krippendorff's alpha of the answers to the same pair about the same item; None if it is not defined."""
    if not comparisons.participants:
        return None
    low, high = np.minimum(comparisons.left, comparisons.right), np.maximum(comparisons.left, comparisons.right)
    differ = low != high
    size = len(comparisons.conditions)
    unit = (comparisons.item * size + low) * size + high
    # 0, 1: the lower or the higher in the list of conditions; 2: neither.
    value = comparisons.counts.argmax(axis=1)
    value = np.where(value == 2, 2, np.where(comparisons.left == low, value, 1 - value))
    try:
        found = krippendorff_alpha(unit[differ], value[differ], rng=named_stream(seed, "agreement"))
    except InputError:
        return None
    return {key: finite(entry) for key, entry in asdict(found).items()}
