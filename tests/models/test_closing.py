"""How far lips are closed, of what the network says of closing."""

import numpy as np
import pytest

from lipstudy.models._closing import USUAL_CLOSED_AT, closed_lips, fitted_closed_at, reached_near


def test_lips_begin_to_close_at_half_of_the_level_and_are_closed_at_it() -> None:
    closed = closed_lips(np.array([0, 0.1, 0.15, 0.2, 1]), np.zeros(5), closed_at=0.2)
    assert closed.tolist() == pytest.approx([0, 0, 0.5, 1, 1])


def test_lips_rest_in_a_pause_without_any_closure_heard() -> None:
    assert closed_lips(np.zeros(2), np.array([0.0, 1.0]), closed_at=0.2).tolist() == [0, 1]


def test_nine_of_ten_bilabials_reach_the_fitted_level() -> None:
    reached = np.random.default_rng(1).uniform(0.1, 0.6, 50).tolist()
    assert np.mean(np.array(reached) >= fitted_closed_at(reached)) == pytest.approx(0.9)


def test_too_few_bilabials_leave_the_usual_level() -> None:
    assert fitted_closed_at([0.9] * 3) == USUAL_CLOSED_AT


def test_the_highest_level_within_80_ms_is_taken() -> None:
    closing = np.array([9, 0, 1, 2, 0, 9.0])
    assert reached_near(closing, np.arange(6) * 0.05, [0.13]) == [2]
