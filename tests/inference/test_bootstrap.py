import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.inference import Assumptions, compare_models, fit_mixed_logit, parametric_bootstrap, simulate_choices
from lipstudy.randomness import named_stream

FORMULA = "chosen ~ x + x2 + side + (1 + x | participant)"


def test_spread_of_the_draws_is_the_standard_error(choices):
    fit = fit_mixed_logit(FORMULA, choices, check=False)
    found = parametric_bootstrap(FORMULA, choices, simulations=120, seed=1)
    assert found.terms == tuple(effect.term for effect in fit.fixed)
    assert found.draws.shape == (120 - found.failed, 4)
    np.testing.assert_allclose(found.draws.std(axis=0), [effect.se for effect in fit.fixed], rtol=0.25)
    low, high = found.interval(np.array([0, 1, 0, 0]))
    assert low < fit["x"].estimate < high


def test_same_seed_gives_the_same_draws_on_one_process_and_on_two(choices):
    one = parametric_bootstrap(FORMULA, choices, simulations=12, seed=5)
    two = parametric_bootstrap(FORMULA, choices, simulations=12, seed=5, workers=2)
    np.testing.assert_array_equal(one.draws, two.draws)


def test_progress_reaches_the_number_of_simulations(choices):
    seen = []
    parametric_bootstrap(
        FORMULA, choices, simulations=12, seed=5, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(10, 12), (12, 12)]


def test_likelihood_ratio_is_twice_the_difference_of_the_likelihoods(choices):
    smaller = "chosen ~ x + side + (1 + x | participant)"
    found = compare_models(FORMULA, smaller, choices)
    by_hand = 2 * (
        fit_mixed_logit(FORMULA, choices, check=False).loglik - fit_mixed_logit(smaller, choices, check=False).loglik
    )
    assert found.statistic == pytest.approx(by_hand, abs=1e-4)
    assert found.df == 1
    assert found.p_bootstrap is None
    assert found.p < 0.002


def test_bootstrap_of_the_likelihood_ratio_finds_an_effect_and_no_other(choices):
    strong = compare_models(FORMULA, "chosen ~ x + side + (1 + x | participant)", choices, simulations=39, seed=2)
    assert strong.p_bootstrap <= 2 / 40
    none = simulate_choices(Assumptions(participants=8, sentences=4, effect=0), named_stream(1, "null"))
    weak = compare_models(FORMULA, "chosen ~ x2 + side + (1 + x | participant)", none, simulations=39, seed=2)
    assert weak.p_bootstrap > 0.05


@pytest.mark.parametrize(
    ("smaller", "message"),
    [
        ("chosen ~ x2 + item + (1 + x | participant)", "must be some of those"),
        (FORMULA, "must be some of those"),
        ("chosen ~ x2 + (1 | participant)", "only fixed terms are tested"),
    ],
)
def test_models_that_are_not_nested_are_refused(choices, smaller, message):
    with pytest.raises(InputError, match=message):
        compare_models(FORMULA, smaller, choices)


def test_separated_answers_have_no_bootstrap(choices):
    with pytest.raises(InputError, match="no likelihood to compare or draw from: separated"):
        parametric_bootstrap(FORMULA, choices.assign(chosen=1), simulations=3, seed=1)


def test_bootstrap_without_seed_or_simulation_is_refused(choices):
    with pytest.raises(InputError, match="needs a seed"):
        compare_models(FORMULA, "chosen ~ x + side + (1 + x | participant)", choices, simulations=3)
    with pytest.raises(InputError, match="simulations must be at least 1, got 0"):
        parametric_bootstrap(FORMULA, choices, simulations=0, seed=1)
