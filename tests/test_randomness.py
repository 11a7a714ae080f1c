"""Streams of random numbers depend on seed and name, on nothing else."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipstudy.randomness import named_stream

names = st.lists(st.text(max_size=4) | st.integers(-3, 3), min_size=1, max_size=3).map(tuple)


def first_draws(seed: int, *name: str | int) -> list[int]:
    return named_stream(seed, *name).integers(0, 2**62, 8).tolist()


@given(seed=st.integers(0, 2**63), name=names)
def test_same_seed_and_name_give_the_same_numbers(seed: int, name: tuple) -> None:
    assert first_draws(seed, *name) == first_draws(seed, *name)


@given(seed=st.integers(0, 2**63), one=names, other=names)
def test_other_names_and_seeds_give_other_numbers(seed: int, one: tuple, other: tuple) -> None:
    if one != other:
        assert first_draws(seed, *one) != first_draws(seed, *other)
    assert first_draws(seed, *one) != first_draws(seed + 1, *one)


def test_numbers_are_the_same_in_another_process_and_on_every_machine() -> None:
    code = "from lipstudy.randomness import named_stream; print(*named_stream(1, 'plan', 'P01').integers(0, 1000, 5))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert [int(number) for number in printed.split()] == [3, 43, 120, 668, 565]


def test_streams_of_neighbouring_names_are_independent() -> None:
    draws = np.array([named_stream(3, "observer", number).normal(size=2000) for number in range(20)])
    correlation = np.corrcoef(draws)[~np.eye(20, dtype=bool)]
    assert np.abs(correlation).max() < 0.1


def test_number_and_its_text_are_different_names() -> None:
    assert first_draws(1, 1) != first_draws(1, "1")


def test_seed_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="non-negative"):
        named_stream(-1, "plan")
