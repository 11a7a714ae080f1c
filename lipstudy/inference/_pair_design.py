"""The signed design of comparisons, and what can be ranked at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.inference._comparisons import LEFT, RIGHT, TIED, Comparisons

__all__ = ["PairDesign", "loose_groups", "pair_design", "strongly_connected", "unanimous_pairs", "won_against"]

SIDE = "side"
TIE = "no preference"


@dataclass(frozen=True, slots=True)
class PairDesign:
    """Comparisons with the same terms are one row."""

    signed: NDArray[np.float64]
    """(rows, terms): 1 for the left condition, -1 for the right one, then side and covariates. The first condition is
    the origin and has no column."""
    features: NDArray[np.float64]
    """(rows, 3, terms + 1): the log weights of the answers left, right and no preference; the last is that of ties."""
    names: tuple[str, ...]
    """Names of the terms of `signed`."""
    row: NDArray[np.intp]
    """(comparisons,): the row of each comparison."""
    counts: NDArray[np.float64]
    """(rows, 3): answers."""


def pair_design(comparisons: Comparisons, *, side: bool) -> PairDesign:
    """Return the signed design.

    Side stands as 1 in every row, so its coefficient is the log odds (or probit) of the left between equals: side bias,
    or home advantage. A trial with one clip on both sides is a row of side alone.

    Parameters
    ----------
    comparisons : Comparisons
    side : bool
        Whether the left may have an advantage.

    Raises
    ------
    InputError
        If the side or a covariate cannot be told from the conditions.
    """
    conditions = len(comparisons.conditions)
    keys = np.column_stack([comparisons.left, comparisons.right, *comparisons.covariates.values()])
    unique, row = np.unique(keys, axis=0, return_inverse=True)
    row = row.reshape(-1)
    left, right = unique[:, 0].astype(int), unique[:, 1].astype(int)
    one_hot = np.eye(conditions)
    signed = (one_hot[left] - one_hot[right])[:, 1:]
    half = ((one_hot[left] + one_hot[right]) / 2)[:, 1:]
    # Half of each difference on either answer, none on a tie: mirror-symmetric in left and right.
    more = np.column_stack([np.ones((len(unique), int(side))), unique[:, 2:]])
    names = (*comparisons.conditions[1:], *([SIDE] if side else []), *comparisons.covariates)
    design = np.concatenate([signed, more], axis=1)
    if np.linalg.matrix_rank(design) < design.shape[1] and np.linalg.matrix_rank(signed) == signed.shape[1]:
        what = " and ".join(names[conditions - 1 :])
        raise InputError(
            f"the effect of {what} cannot be told from the conditions, which never change place: leave it out"
        )
    features = np.zeros((len(unique), 3, design.shape[1] + 1))
    features[:, LEFT, : conditions - 1] = one_hot[left][:, 1:]
    features[:, RIGHT, : conditions - 1] = one_hot[right][:, 1:]
    features[:, TIED, : conditions - 1] = half
    features[:, LEFT, conditions - 1 : -1] = more / 2
    features[:, RIGHT, conditions - 1 : -1] = -more / 2
    features[:, TIED, -1] = 1
    counts = np.zeros((len(unique), 3))
    np.add.at(counts, row, comparisons.counts)
    return PairDesign(design, features, names, row, counts)


def won_against(comparisons: Comparisons) -> NDArray[np.float64]:
    """Return (conditions, conditions): how often the one of the row was preferred to that of the column; ties half."""
    won = np.zeros((len(comparisons.conditions),) * 2)
    tied = comparisons.counts[:, TIED] / 2
    np.add.at(won, (comparisons.left, comparisons.right), comparisons.counts[:, LEFT] + tied)
    np.add.at(won, (comparisons.right, comparisons.left), comparisons.counts[:, RIGHT] + tied)
    np.fill_diagonal(won, 0)
    return won


def loose_groups(comparisons: Comparisons) -> tuple[tuple[str, ...], ...]:
    """Return the groups of conditions between which nothing was compared; one group if all hang together."""
    from scipy.sparse.csgraph import connected_components

    count, group = connected_components(won_against(comparisons), directed=False)
    names = comparisons.conditions
    return tuple(tuple(name for name, own in zip(names, group, strict=True) if own == g) for g in range(count))


def strongly_connected(won: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether strengths are finite, for each of many sets of wins (sets, conditions, conditions).

    They are if from each condition a chain of wins leads to each other.

    Source: Ford 1957, Solution of a ranking problem from binary comparisons.
    """
    size = won.shape[-1]
    reached = (won > 0) | np.eye(size, dtype=bool)
    for _ in range(max(1, int(np.ceil(np.log2(max(2, size)))))):
        reached = (reached.astype(np.float32) @ reached.astype(np.float32)) > 0
    whole: NDArray[np.bool_] = reached.all(axis=(-2, -1))
    return whole


def unanimous_pairs(comparisons: Comparisons) -> tuple[tuple[str, str, int], ...]:
    """Return pairs of which the first was preferred in every answer, with the number of answers."""
    won = won_against(comparisons)
    names = comparisons.conditions
    return tuple(
        (names[first], names[second], int(won[first, second]))
        for first, second in zip(*np.nonzero((won > 0) & (won.T == 0)), strict=True)
    )
