import json
import math
from pathlib import Path

import numpy as np
import pandas
import pytest

from lipstudy.inference import fit_mixed_logit
from lipstudy.inference._design import build_design
from lipstudy.inference._engine_glmm import fit_with_glmm
from lipstudy.inference._engine_laplace import fit_with_laplace
from lipstudy.inference._engine_mixedlm import fit_with_mixedlm
from lipstudy.inference._formula import parse_formula

R = json.loads((Path(__file__).parent / "oracle" / "r_numbers.json").read_text())
STUDY = "chosen ~ x + x2 + side + (1 + x | participant) + (1 | item)"


@pytest.mark.parametrize("name", ["cbpp", "VerbAgg"])
def test_estimates_are_those_of_r(name, cbpp, verbagg):
    told = R[name]
    fit = fit_mixed_logit(told["formula"], {"cbpp": cbpp, "VerbAgg": verbagg}[name])
    assert fit.verdict == "ok"
    assert fit.loglik == pytest.approx(told["loglik"], abs=1e-4)
    for term, estimate in told["estimate"].items():
        assert fit[term].estimate == pytest.approx(estimate, rel=5e-5)
        assert fit[term].se == pytest.approx(told["se"][term], rel=1e-3)
    sds = {estimate.group: estimate.sds[0] for estimate in fit.random}
    assert sds == pytest.approx(told["sd"], rel=5e-5)


def test_quadrature_is_that_of_r(cbpp):
    told = R["cbpp_agq9"]
    fit = fit_mixed_logit(told["formula"], cbpp, nagq=9)
    assert fit.verdict == "ok"
    assert fit.as_json()["loglik_lme4"] == pytest.approx(told["loglik_lme4"], abs=1e-3)
    for term, estimate in told["estimate"].items():
        assert fit[term].estimate == pytest.approx(estimate, rel=5e-5)
        assert fit[term].se == pytest.approx(told["se"][term], rel=1e-3)
    assert fit.random[0].sds[0] == pytest.approx(told["sd"]["herd"], rel=5e-5)


def test_offset_of_one_shifts_the_intercept_alone(choices):
    plain = fit_mixed_logit("chosen ~ x + (1 | participant)", choices)
    shifted = fit_mixed_logit("chosen ~ x + offset(one) + (1 | participant)", choices.assign(one=1.0))
    assert shifted.verdict == "ok"
    np.testing.assert_allclose(shifted.beta, plain.beta - [1, 0], atol=1e-4)


def test_orthogonal_polynomial_spans_what_powers_span(choices):
    powers = fit_mixed_logit("chosen ~ x + x2 + (1 | participant)", choices, check=False)
    poly = fit_mixed_logit("chosen ~ poly(x, 2) + (1 | participant)", choices, check=False)
    assert [effect.term for effect in poly.fixed] == ["(Intercept)", "poly(x, 2)1", "poly(x, 2)2"]
    assert poly.loglik == pytest.approx(powers.loglik, abs=1e-6)
    assert poly["poly(x, 2)2"].z == pytest.approx(powers["x2"].z, abs=1e-3)


def test_rows_counted_together_give_the_same_fit(choices):
    many = pandas.concat([choices[["participant", "x", "chosen"]]] * 27, ignore_index=True)
    fit = fit_mixed_logit("chosen ~ x + (1 | participant)", many, check=False)
    counts = many.groupby(["participant", "x"], as_index=False)["chosen"].agg(["sum", "count"])
    together = fit_mixed_logit("sum / count ~ x + (1 | participant)", counts, check=False)
    assert fit.nobs == len(many)
    np.testing.assert_allclose(fit.beta, together.beta, atol=1e-5)
    assert fit.loglik < together.loglik - 1000  # single answers have no binomial coefficients


@pytest.mark.parametrize("formula", [STUDY, "chosen ~ 0 + x + (1 + x | participant)"])
def test_three_engines_agree_in_estimates_standard_errors_and_likelihood(choices, formula):
    design = build_design(parse_formula(formula), choices)
    glmm, mixedlm, laplace = fit_with_glmm(design), fit_with_mixedlm(design), fit_with_laplace(design)
    for other in (mixedlm, laplace):
        assert other.loglik == pytest.approx(glmm.loglik, abs=1e-4)
        np.testing.assert_allclose(other.beta, glmm.beta, atol=1e-3 * glmm.se.min())
        np.testing.assert_allclose(other.se, glmm.se, rtol=2e-3)


def test_uncorrelated_slopes_are_fitted_by_two_engines(choices):
    fit = fit_mixed_logit("chosen ~ x + x2 + (1 + x || participant)", choices)
    assert [engine.engine for engine in fit.engines] == ["mixedlm", "laplace"]
    assert fit.verdict == "ok"


def test_json_has_the_fixed_shape(choices):
    result = json.loads(json.dumps(fit_mixed_logit(STUDY, choices).as_json(), allow_nan=False))
    assert set(result["fixed"]["x"]) == {"estimate", "se", "z", "p", "df", "p_t"}
    assert set(result["random"]["participant"]["sd"]) == {"(Intercept)", "x"}
    assert list(result["random"]["participant"]["correlation"]) == ["(Intercept), x"]
    assert list(result["engines"]) == ["glmm", "mixedlm", "laplace"]
    assert result["verdict"] == "ok"
    assert result["nobs"] == len(choices)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t: (t.x > 0).astype(int), "separated: x and x2 predict some answers without error"),
        (lambda t: 1, "separated: every answer is 1"),
        (lambda t: np.where(t.item == "S001", 1, t.chosen), None),
    ],
)
def test_separated_answers_are_refused_before_fitting(choices, change, reason):
    fit = fit_mixed_logit(STUDY, choices.assign(chosen=change(choices)), check=False)
    if reason is None:  # a unanimous sentence is a random effect, not a separation
        assert fit.verdict == "ok"
        return
    assert fit.verdict.startswith(reason)
    assert all(effect.p is None and math.isnan(effect.estimate) for effect in fit.fixed)
    assert json.loads(json.dumps(fit.as_json(), allow_nan=False))["fixed"]["x"]["p"] is None


def test_level_with_one_response_value_is_separated(choices):
    level = np.where(choices.articulation == 1.5, "strong", "other")
    table = choices.assign(level=level, chosen=np.where(level == "strong", 1, choices.chosen))
    fit = fit_mixed_logit("chosen ~ level + side + (1 | participant)", table)
    assert fit.verdict.startswith("separated: levelstrong predicts some answers")


def test_singular_fit_gives_no_p_value(choices):
    # A grouping factor that alternates within every cell has nothing to vary.
    table = choices.assign(coin=np.resize(["heads", "tails", "edge"], len(choices)))
    fit = fit_mixed_logit("chosen ~ x + (1 | coin)", table)
    assert fit.verdict.startswith("singular: the standard deviation of (Intercept) by coin is estimated as zero")
    assert fit["x"].p is None
    assert math.isfinite(fit["x"].estimate)


def test_disagreeing_engines_give_no_p_value(choices):
    from dataclasses import replace

    from lipstudy.inference._mixed import _verdict

    design = build_design(parse_formula(STUDY), choices)
    good = fit_with_glmm(design)
    assert _verdict((good, good), design.names) == "ok"
    assert "log-likelihoods" in _verdict((good, replace(good, loglik=good.loglik - 0.02)), design.names)
    moved = replace(good, beta=good.beta * np.array([1, 1.002, 1, 1]))
    assert "estimates of x " in _verdict((good, moved), design.names)
    assert "standard errors" in _verdict((good, replace(good, covariance=good.covariance * 1.2)), design.names)
    assert "not converged" in _verdict((good, replace(good, converged=False)), design.names)


def test_renaming_participants_changes_nothing(choices):
    names = {name: f"person {rank}" for rank, name in enumerate(sorted(choices.participant.unique())[::-1])}
    renamed = choices.assign(participant=choices.participant.map(names)).sample(frac=1, random_state=1)
    before, after = fit_mixed_logit(STUDY, choices), fit_mixed_logit(STUDY, renamed)
    np.testing.assert_allclose(after.beta, before.beta, atol=1e-6)
    np.testing.assert_allclose([e.se for e in after.fixed], [e.se for e in before.fixed], rtol=1e-5)


def test_swapping_left_and_right_flips_the_sign_of_side_alone(choices):
    before, after = fit_mixed_logit(STUDY, choices), fit_mixed_logit(STUDY, choices.assign(side=-choices.side))
    np.testing.assert_allclose(after.beta, before.beta * [1, 1, 1, -1], atol=1e-6)


def test_unused_levels_of_a_factor_are_no_terms(choices):
    kind = pandas.Categorical(np.resize(["a", "b"], len(choices)), categories=["a", "b", "never"])
    fit = fit_mixed_logit("chosen ~ kind + (1 | participant)", choices.assign(kind=kind), check=False)
    assert [effect.term for effect in fit.fixed] == ["(Intercept)", "kindb"]


def test_columns_that_an_engine_cannot_search_in_are_refused_with_advice(choices):
    fit = fit_mixed_logit("chosen ~ large + (1 | participant)", choices.assign(large=1e6 * choices.x + 1e9))
    assert fit.verdict.startswith("not converged: mixedlm found no optimum")
    assert "centred columns of like size may help" in fit.verdict
    assert fit["large"].p is None


@pytest.mark.parametrize(
    ("sds", "correlation", "verdict"),
    [
        ((0.5, 2e-4), 0.98, "ok"),
        ((0.5, 2e-4), -0.98, "ok"),
        ((0.5, 9e-5), 0.0, "singular: the standard deviation of x by participant"),
        ((0.5, 0.5), 0.995, "singular: the correlation of (Intercept) and x by participant"),
        ((0.5, 0.5), -0.995, "singular: the correlation of (Intercept) and x by participant"),
        ((21.0, 0.5), 0.0, "separated: each participant gives one answer only"),
    ],
)
def test_random_effects_at_a_boundary_are_refused(choices, sds, correlation, verdict):
    from dataclasses import replace

    from lipstudy.inference._engine_fit import RandomEstimate
    from lipstudy.inference._mixed import _verdict

    design = build_design(parse_formula("chosen ~ x + (1 + x | participant)"), choices)
    correlations = np.array([[1, correlation], [correlation, 1]])
    estimate = RandomEstimate("participant", ("(Intercept)", "x"), np.array(sds), correlations)
    assert _verdict((replace(fit_with_glmm(design), random=(estimate,)),), design.names).startswith(verdict)


def test_p_is_that_of_the_normal_distribution_on_both_sides(choices):
    from statistics import NormalDist

    fit = fit_mixed_logit("chosen ~ x + side + (1 | participant)", choices, check=False)
    for effect in fit.fixed:
        assert effect.p == pytest.approx(2 * (1 - NormalDist().cdf(abs(effect.z))), abs=1e-12)
