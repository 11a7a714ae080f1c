"""A random order in which neighbours differ where that is possible."""

from collections import Counter
from collections.abc import Callable, Sequence, Set
from typing import TypeVar

import numpy as np

from lipstudy.study._chance import draw_below

__all__ = ["in_varied_order"]

Trial = TypeVar("Trial")

_DRAWS = 30
"""Orders drawn at most; the first in which no neighbours share a clip is taken at once."""


def in_varied_order(
    trials: Sequence[Trial],
    rng: np.random.Generator,
    *,
    sentence: Callable[[Trial], str],
    clips: Callable[[Trial], Set[str]],
    before: Trial | None = None,
) -> list[Trial]:
    """Return `trials` in a random order, no sentence and no clip twice in a row where that is possible.

    Parameters
    ----------
    trials : sequence
        The trials of a block.
    rng : numpy.random.Generator
        Where the order comes from.
    sentence, clips : callable
        The sentence of a trial, and the clips that it shows.
    before : trial, optional
        The last trial of the block before.

    Returns
    -------
    list
        The number of neighbours with the same sentence is the smallest possible. Of these orders, the best of 30
        drawn ones is taken, judged by the number of neighbours that share a clip.
    """
    best: list[Trial] = []
    fewest = len(trials) + 1
    for _ in range(_DRAWS):
        order = _drawn(trials, rng, sentence, clips, before)
        shared = sum(
            bool(clips(one) & clips(next_one)) for one, next_one in zip([before, *order], order, strict=False) if one
        )
        if shared < fewest:
            best, fewest = order, shared
        if fewest == 0:
            break
    return best


def _drawn(
    trials: Sequence[Trial],
    rng: np.random.Generator,
    sentence: Callable[[Trial], str],
    clips: Callable[[Trial], Set[str]],
    before: Trial | None,
) -> list[Trial]:
    waiting = list(trials)
    counts = Counter(map(sentence, waiting))
    order: list[Trial] = []
    last = before
    while waiting:
        allowed = _next_sentences(counts, None if last is None else sentence(last))
        candidates = [trial for trial in waiting if sentence(trial) in allowed]
        if last is not None:
            fresh = [trial for trial in candidates if not clips(trial) & clips(last)]
            candidates = fresh or candidates
        last = candidates[draw_below(len(candidates), rng)]
        waiting.remove(last)
        counts[sentence(last)] -= 1
        order.append(last)
    return order


def _next_sentences(counts: Counter[str], last: str | None) -> set[str]:
    """Return the sentences after which the rest can still be ordered with the fewest repeats."""
    left = {name: count for name, count in counts.items() if count}
    others = {name for name in left if name != last} or set(left)
    most = max(left.values())
    # A sentence that fills more than half of what is left must come now, or it will have to follow itself.
    urgent = {name for name in others if left[name] == most and 2 * most > sum(left.values())}
    return urgent or others
