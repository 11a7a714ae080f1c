"""Draws that are the same with every version of NumPy, on every machine."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

__all__ = ["draw_below", "draw_open", "shuffled"]

Item = TypeVar("Item")

_WORDS = 1 << 64


def draw_below(limit: int, rng: np.random.Generator) -> int:
    """Return a whole number in [0, limit), each equally likely."""
    # NumPy keeps the words of a bit generator for ever, but may change how integers() and permutation() use them.
    usable = _WORDS - _WORDS % limit
    while True:
        word = int(rng.bit_generator.random_raw())
        if word < usable:
            return word % limit


def draw_open(rng: np.random.Generator) -> float:
    """Return a number in the open interval (0, 1), uniformly."""
    return ((int(rng.bit_generator.random_raw()) >> 12) + 0.5) / (1 << 52)


def shuffled(items: Sequence[Item], rng: np.random.Generator) -> list[Item]:
    """Return the items in a random order, each order equally likely (Fisher and Yates)."""
    result = list(items)
    for last in range(len(result) - 1, 0, -1):
        other = draw_below(last + 1, rng)
        result[last], result[other] = result[other], result[last]
    return result
