import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.inference import asymmetry, choices_from_trials, fit_mixed_logit, preference_curve, preferred_articulation
from lipstudy.inference._basis import curve_terms

KNOTS = (0.5, 1.0, 2.0)


def test_terms_are_zero_at_the_original():
    assert curve_terms(1.0, scale="log2", knots=(0.5, 0.8, 1.5)) == {"x": 0.0, "spline1": 0.0}
    assert curve_terms(1.0, scale="linear") == {"x": 0.0, "x2": 0.0}


def test_spline_by_hand():
    # Knots -1, 0, 1 in doublings; at 1: (2^3 - 1^3 * 2) / 4 = 1.5; at 0, subtracted: 1 / 4.
    assert curve_terms(2.0, scale="log2", knots=KNOTS)["spline1"] == pytest.approx(1.25)


@given(st.floats(2.0, 6.0), st.floats(0.01, 1.0))
def test_spline_is_straight_beyond_its_knots(articulation, step):
    def at(value):
        return curve_terms(value, scale="linear", knots=KNOTS)["spline1"]

    first = at(articulation + step) - at(articulation)
    second = at(articulation + 2 * step) - at(articulation + step)
    assert second == pytest.approx(first, abs=1e-9)


@pytest.mark.parametrize("knots", [(0.5, 1.5), (0.5, 1.5, 1.0)])
def test_knots_that_make_no_spline_are_refused(knots):
    with pytest.raises(InputError, match="three or more ascending knots"):
        curve_terms(1.2, scale="log2", knots=knots)


@pytest.fixture(scope="module")
def spline(choices, as_trials):
    table = choices_from_trials(as_trials(choices), knots=KNOTS).table
    return fit_mixed_logit("chosen ~ x + spline1 + side + (1 + x | participant)", table, check=False)


@pytest.fixture(scope="module")
def quadratic(choices):
    return fit_mixed_logit("chosen ~ x + x2 + side + (1 + x | participant)", choices, check=False)


def test_spline_and_quadratic_tell_the_same_of_quadratic_truth(spline, quadratic):
    grid = [0.5, 0.75, 1.0, 1.25, 1.5]
    for one, other in zip(
        preference_curve(spline, grid, knots=KNOTS), preference_curve(quadratic, grid), strict=True
    ):  # fmt: skip
        assert one.probability == pytest.approx(other.probability, abs=0.05)
    one = preferred_articulation(spline, tested=(0.5, 1.5), knots=KNOTS)
    other = preferred_articulation(quadratic, tested=(0.5, 1.5))
    assert one.articulation == pytest.approx(other.articulation, abs=0.12)


def test_asymmetry_of_a_spline_is_that_of_its_curve(spline):
    found = asymmetry(spline, tested=(0.5, 1.5), knots=KNOTS)
    over, under = (
        preference_curve(spline, [articulation], knots=KNOTS)[0].probability
        for articulation in (found.over, found.under)
    )
    assert found.difference == pytest.approx(over - under)
    assert found.df > 5


def test_slope_of_a_quadratic_is_its_asymmetry(quadratic):
    found = asymmetry(quadratic, tested=(0.5, 1.5))
    assert found.z == pytest.approx(quadratic["x"].z)
    assert found.p == pytest.approx(quadratic["x"].p_t)
    assert found.log_odds == pytest.approx(2 * np.log2(1.5) * quadratic["x"].estimate)


def test_spline_that_only_rises_has_no_peak(choices, as_trials):
    rising = choices.assign(chosen=(np.random.default_rng(1).random(len(choices)) < 1 / (1 + np.exp(-2 * choices.x))))
    table = choices_from_trials(as_trials(rising.assign(chosen=rising.chosen.astype(int))), knots=KNOTS).table
    fit = fit_mixed_logit("chosen ~ x + spline1 + (1 | participant)", table, check=False)
    assert preferred_articulation(fit, tested=(0.5, 1.5), knots=KNOTS).articulation is None
