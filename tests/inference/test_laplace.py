import numpy as np
import pytest

from lipstudy.inference._design import build_design
from lipstudy.inference._engine_glmm import fit_with_glmm
from lipstudy.inference._engine_laplace import fit_with_laplace, laplace_optimum
from lipstudy.inference._formula import parse_formula
from lipstudy.inference._laplace import Laplace


def _likelihood(formula, table):
    return Laplace.of(build_design(parse_formula(formula), table))


@pytest.mark.parametrize(
    "formula",
    [
        "chosen ~ x + (1 | participant)",
        "chosen ~ x + x2 + side + (1 + x | participant) + (1 + x | item)",
        "chosen ~ x + (1 + x + x2 || participant) + (0 + x | item)",
        "chosen ~ x + (1 + x | participant / item) + (1 | articulation)",
    ],
)
def test_gradient_is_that_of_differences(choices, formula):
    likelihood = _likelihood(formula, choices)
    rng = np.random.default_rng(4)
    thetas = len(likelihood.parameters)
    point = np.r_[rng.normal(0, 0.5, thetas), rng.normal(0, 0.3, likelihood.fixed.shape[1])]
    gradient = likelihood.deviance_and_gradient(point)[1]
    moves = np.eye(len(point)) * 1e-5
    differences = [(likelihood.deviance(point + m) - likelihood.deviance(point - m)) / 2e-5 for m in moves]
    np.testing.assert_allclose(gradient, differences, atol=1e-5 * np.abs(gradient).max())


def test_one_intercept_by_hand():
    # One person, one answer of 1 and chance 1/2 at the start: the mode solves u = s (1 - p), p = 1 / (1 + exp(-s u)),
    # which for s = 1 is u = 0.401058; D = -2 log p + u^2 + log(p (1 - p) + 1).
    import pandas

    table = pandas.DataFrame({"y": [1, 0], "g": ["a", "b"]})
    likelihood = _likelihood("y ~ 1 + (1 | g)", table)
    p = 1 / (1 + np.exp(-0.401058))
    by_hand = -2 * np.log(p) + 0.401058**2 + np.log(p * (1 - p) + 1)
    assert likelihood.deviance(np.array([1.0, 0.0])) == pytest.approx(2 * by_hand, abs=1e-5)


def test_search_from_an_optimum_nearby_ends_at_the_same_place(choices):
    likelihood = _likelihood("chosen ~ x + x2 + side + (1 + x | participant) + (1 | item)", choices)
    cold = laplace_optimum(likelihood)
    warm = laplace_optimum(likelihood, start=cold)
    assert cold.converged
    assert warm.deviance == pytest.approx(cold.deviance, abs=1e-6)


def test_effect_of_no_spread_is_exactly_zero(choices):
    table = choices.assign(coin=np.resize(["heads", "tails", "edge"], len(choices)))
    fit = fit_with_laplace(build_design(parse_formula("chosen ~ x + (1 | participant) + (1 | coin)"), table))
    assert fit.random[1].sds[0] == 0.0
    assert fit.random[0].sds[0] > 0.1


def test_counts_and_single_answers_have_the_same_optimum(choices):
    counts = choices.groupby(["participant", "x"], as_index=False)["chosen"].agg(["sum", "count"])
    single = fit_with_laplace(build_design(parse_formula("chosen ~ x + (1 | participant)"), choices))
    together = fit_with_laplace(build_design(parse_formula("sum / count ~ x + (1 | participant)"), counts))
    np.testing.assert_allclose(together.beta, single.beta, atol=1e-4)
    np.testing.assert_allclose(together.se, single.se, rtol=1e-4)


def test_nested_factors_agree_with_glmm(verbagg):
    design = build_design(parse_formula("r2 ~ Anger + btype + (1 | Gender / id) + (1 | item)"), verbagg.head(4000))
    ours, theirs = fit_with_laplace(design), fit_with_glmm(design)
    assert ours.loglik == pytest.approx(theirs.loglik, abs=1e-4)
