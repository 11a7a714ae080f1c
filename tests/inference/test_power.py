from dataclasses import replace

import numpy as np
import pandas
import pytest

from lipstudy.errors import InputError
from lipstudy.inference import Assumptions, fit_mixed_logit, proportion, simulate_choices, simulated_power
from lipstudy.randomness import named_stream

STUDY = "chosen ~ x + x2 + side + (1 + x | participant) + (1 | item)"
TINY = Assumptions(participants=12, sentences=4, sd_participant=0.8, sd_slope=0.5)


def test_same_seed_gives_the_same_answer_on_one_process_and_on_two():
    one = simulated_power(TINY, simulations=2, seed=5)
    assert one == simulated_power(TINY, simulations=2, seed=5, workers=2)


def test_large_effects_are_found_and_null_effects_mostly_not():
    strong = replace(TINY, sentences=8, effect=2.0)
    assert simulated_power(strong, simulations=6, seed=1).found.share == 1.0
    assert simulated_power(replace(TINY, effect=0.0), simulations=6, seed=1).found.share < 0.5


def test_progress_reaches_the_number_of_simulations():
    seen = []
    simulated_power(TINY, simulations=2, seed=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"participants": 1}, "participants must be at least 2, got 1"),
        ({"sd_slope": -1.0}, "sd_slope must be from 0 to 10"),
        ({"articulations": (0.5, 1.0, 1.5)}, "three different scales other than 1"),
    ],
)
def test_impossible_assumptions_are_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Assumptions(**wrong)


def test_no_simulation_is_refused():
    with pytest.raises(InputError, match="simulations must be at least 1, got 0"):
        simulated_power(TINY, simulations=0, seed=1)


def test_simulated_sides_are_balanced():
    table = simulate_choices(Assumptions(), named_stream(1, "sides"))
    assert table["side"].sum() == 0


def test_wilson_interval_is_that_of_the_textbook():
    # 81 of 263: 0.2553 to 0.3662 (Newcombe 1998, table I, method 3).
    found = proportion(81, 263)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_planted_effects_come_back():
    truth = Assumptions(participants=120, sentences=24, effect=0.6, bend=-1.0, side=0.3, offset=0.2)
    fit = fit_mixed_logit(STUDY, simulate_choices(truth, named_stream(11, "recovery")), check=False)
    for term, value in (("(Intercept)", 0.2), ("x", 0.6), ("x2", -1.0), ("side", 0.3)):
        assert abs(fit[term].estimate - value) < 3 * fit[term].se
    assert fit["x"].se < 0.1


@pytest.mark.slow
def test_intervals_of_x_cover_the_truth():
    truth = Assumptions(effect=0.5)
    covered = []
    for number in range(150):
        fit = fit_mixed_logit(STUDY, simulate_choices(truth, named_stream(4, number)), check=False)
        if fit.ok:
            covered.append(abs(fit["x"].estimate - truth.effect) < 1.96 * fit["x"].se)
    assert np.mean(covered) > 0.88
    assert isinstance(simulate_choices(truth, named_stream(4, 0)), pandas.DataFrame)
