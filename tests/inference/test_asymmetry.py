import pytest

from lipstudy.errors import InputError
from lipstudy.inference import (
    Assumptions,
    asymmetry,
    compare_models,
    compare_without_asymmetry,
    curve_knots,
    fit_mixed_logit,
    simulate_choices,
)
from lipstudy.inference._basis import curve_terms
from lipstudy.randomness import named_stream

RANDOM = "(1 | participant)"
TESTED = (0.5, 2.0)


@pytest.fixture(scope="module")
def table():
    study = Assumptions(participants=10, sentences=6, articulations=(0.5, 0.75, 4 / 3, 2.0), effect=0.5)
    made = simulate_choices(study, named_stream(5, "asymmetry"))
    knots = curve_knots(TESTED)
    return made.assign(spline1=[curve_terms(a, scale="log2", knots=knots)["spline1"] for a in made["articulation"]])


def test_of_a_quadratic_curve_it_is_the_test_of_the_slope(table):
    formula = f"chosen ~ x + x2 + side + {RANDOM}"
    fit = fit_mixed_logit(formula, table, check=False)
    found = compare_without_asymmetry(fit, table, tested=TESTED)
    assert found.statistic == pytest.approx(compare_models(formula, f"chosen ~ x2 + side + {RANDOM}", table).statistic)
    assert found.df == 1


def test_of_a_spline_it_tests_the_contrast_that_is_told(table):
    fit = fit_mixed_logit(f"chosen ~ x + spline1 + side + {RANDOM}", table, check=False)
    knots = curve_knots(TESTED)
    found = compare_without_asymmetry(fit, table, tested=TESTED, knots=knots)
    # Wald's statistic and the likelihood ratio of one contrast agree to a few per cent with so many answers.
    assert found.statistic == pytest.approx(asymmetry(fit, tested=TESTED, knots=knots).z ** 2, rel=0.1)
    slope_alone = compare_models(fit.formula, f"chosen ~ spline1 + side + {RANDOM}", table)
    assert abs(found.statistic - slope_alone.statistic) > 0.5


def test_drawn_tables_give_a_p_value_of_their_own(table):
    fit = fit_mixed_logit(f"chosen ~ x + x2 + {RANDOM}", table, check=False)
    found = compare_without_asymmetry(fit, table, tested=TESTED, simulations=20, seed=1)
    assert found.simulations == 20
    assert found.p_bootstrap is not None
    assert found.p_bootstrap >= 1 / 21


def test_one_side_has_no_asymmetry_to_test(table):
    fit = fit_mixed_logit(f"chosen ~ x + x2 + {RANDOM}", table, check=False)
    with pytest.raises(InputError, match="there is no over- against under-articulation to test"):
        compare_without_asymmetry(fit, table, tested=(1.0, 2.0))


def test_knots_follow_from_the_design():
    assert curve_knots([0.75, 2.0, 0.5, 1.0]) == (0.5, 1.0, 2.0)
    with pytest.raises(InputError, match="needs articulation scales below and above 1, got 1 to 2"):
        curve_knots([1.0, 2.0])
