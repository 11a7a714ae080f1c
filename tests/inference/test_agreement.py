"""Krippendorff's alpha against his own example, another package, and by what it must do."""

import json
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.inference import krippendorff_alpha

R = json.loads((Path(__file__).parent / "oracle" / "strengths.json").read_text())
MEASUREMENTS = ("nominal", "ordinal", "interval", "ratio")

# Four observers, twelve units (Krippendorff 2011); 0 is no value.
EXAMPLE = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
)


def long(table: np.ndarray) -> tuple[list[int], list[float]]:
    people, units = np.nonzero(table)
    return units.tolist(), table[people, units].tolist()


@pytest.mark.parametrize("measurement", MEASUREMENTS)
def test_krippendorffs_own_example(measurement) -> None:
    found = krippendorff_alpha(*long(EXAMPLE), measurement=measurement)
    assert found.alpha == pytest.approx(R["krippendorff_2011_4x12"][measurement], abs=5e-5)
    assert (found.units, found.values) == (11, 40)


@given(seed=st.integers(0, 2**16), measurement=st.sampled_from(MEASUREMENTS))
@settings(max_examples=30, deadline=None)
def test_alpha_is_that_of_another_package(seed, measurement) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 5, (rng.integers(3, 7), rng.integers(3, 12)))
    table[0], table[1, 0], table[1, 1] = rng.integers(1, 5, table.shape[1]), 1, 2
    expected = krippendorff.alpha(np.where(table == 0, np.nan, table), level_of_measurement=measurement)
    assert krippendorff_alpha(*long(table), measurement=measurement).alpha == pytest.approx(expected, abs=1e-9)


def test_interval_holds_alpha_and_narrows_with_more_units() -> None:
    rng = np.random.default_rng(1)

    def found(units: int):
        truth = rng.integers(0, 2, units)
        answers = np.where(rng.random((6, units)) < 0.8, truth, 1 - truth)
        return krippendorff_alpha(
            np.tile(np.arange(units), 6), answers.ravel(), rng=np.random.default_rng(2), draws=300
        )

    few, many = found(10), found(200)
    assert few.low <= few.alpha <= few.high
    assert many.high - many.low < (few.high - few.low) / 2


def test_answers_by_chance_have_an_interval_around_zero() -> None:
    rng = np.random.default_rng(4)
    found = krippendorff_alpha(np.repeat(np.arange(60), 5), rng.integers(0, 2, 300), rng=rng)
    assert found.low < 0 < found.high


def test_words_will_do_for_nominal_values() -> None:
    assert krippendorff_alpha(["u", "u", "v", "v"], ["a", "a", "b", "b"]).alpha == 1


def test_values_that_are_all_the_same_have_no_alpha() -> None:
    assert np.isnan(krippendorff_alpha([1, 1, 2, 2], [3, 3, 3, 3]).alpha)


def test_nothing_judged_twice_is_told() -> None:
    with pytest.raises(InputError, match="no unit has two values"):
        krippendorff_alpha([1, 2, 3], [0, 1, 0])
