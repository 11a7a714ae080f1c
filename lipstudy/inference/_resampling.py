"""People and items drawn again, and left out one at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "drawn_again", "left_out", "satterthwaite"]

_BLOCK = 50


class Cells:
    """Answers of one person to one row about one item, summed: what a bootstrap over people and items weighs."""

    __slots__ = ("_counts", "_item", "_person", "_row", "items", "participants", "rows")

    def __init__(
        self,
        row: NDArray[np.intp],
        person: NDArray[np.intp],
        item: NDArray[np.intp],
        counts: NDArray[np.float64],
        *,
        rows: int,
        participants: int,
        items: int,
    ) -> None:
        keys = np.ravel_multi_index((person, item, row), (max(1, participants), max(1, items), rows))
        unique, place = np.unique(keys, return_inverse=True)
        self._person, self._item, self._row = np.unravel_index(unique, (max(1, participants), max(1, items), rows))
        self._counts = np.column_stack(
            [np.bincount(place.reshape(-1), column, minlength=len(unique)) for column in counts.T]
        )
        self.rows, self.participants, self.items = rows, participants, items

    def weighed(self, people: NDArray[np.float64] | None, items: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Return (rows, answers): the counts with each person and each item weighed."""
        weight = np.ones(len(self._row))
        if people is not None:
            weight = weight * people[self._person]
        if items is not None:
            weight = weight * items[self._item]
        return np.column_stack(
            [np.bincount(self._row, weight * column, minlength=self.rows) for column in self._counts.T]
        )


def drawn_again(cells: Cells, what: str, draws: int, rng: np.random.Generator) -> Iterator[NDArray[np.float64]]:
    """Yield (draws in block, rows, answers): "participants", "items", or "both", drawn with replacement.

    Both are drawn independently of each other; an answer weighs as often as its person was drawn times as often as its
    item was.

    Source: Owen 2007, The pigeonhole bootstrap.
    """

    def weights(name: str) -> list[NDArray[np.float64]] | list[None]:
        levels: int = getattr(cells, name)
        if what not in (name, "both"):
            return [None] * size
        return list(rng.multinomial(levels, np.full(levels, 1 / levels), size=size).astype(float))

    for start in range(0, draws, _BLOCK):
        size = min(_BLOCK, draws - start)
        pairs = zip(weights("participants"), weights("items"), strict=True)
        yield np.stack([cells.weighed(people, items) for people, items in pairs])


def left_out(cells: Cells, what: str) -> NDArray[np.float64]:
    """Return (levels, rows, answers): the counts without each of the "participants", or of the "items"."""
    levels: int = getattr(cells, what)
    sets = []
    for level in range(levels):
        weights = np.ones(levels)
        weights[level] = 0
        sets.append(cells.weighed(*((weights, None) if what == "participants" else (None, weights))))
    return np.stack(sets)


def satterthwaite(*jackknifed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return degrees of freedom of a variance that has several sources, from estimates with each level left out.

    Parameters
    ----------
    *jackknifed : (levels, estimates)
        For each source (people, items) the estimates without each of its levels.

    Source: Satterthwaite 1946, An approximate distribution of estimates of variance components.
    """
    total, below = 0.0, 0.0
    for estimates in jackknifed:
        levels = len(estimates)
        variance = (levels - 1) / levels * np.nansum((estimates - np.nanmean(estimates, axis=0)) ** 2, axis=0)
        total, below = total + variance, below + variance**2 / (levels - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.asarray(below) > 0, total**2 / below, 1.0)
