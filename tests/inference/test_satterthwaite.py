import math

import numpy as np
import pandas
import pytest
from scipy.stats import norm, t

from lipstudy.inference import Assumptions, fit_mixed_logit, simulate_choices
from lipstudy.inference._satterthwaite import small_sample_quantile, two_sided
from lipstudy.randomness import named_stream


def test_mean_of_many_answers_by_few_people_has_one_degree_of_freedom_less_than_people():
    # With 4,000 answers each, a person's share is all but known, and the model is that of 12 normal means.
    rng = np.random.default_rng(3)
    chance = 1 / (1 + np.exp(-rng.normal(0, 1, 12)))
    table = pandas.DataFrame({"won": rng.binomial(4000, chance), "of": 4000, "g": range(12)})
    fit = fit_mixed_logit("won / of ~ 1 + (1 | g)", table, check=False)
    assert fit["(Intercept)"].df == pytest.approx(12, rel=0.1)  # 2 V^2 / Var(V) of a maximum likelihood variance: n
    by_hand = np.log(table.won / (4000 - table.won))
    ratio = by_hand.mean() / (by_hand.std(ddof=0) / math.sqrt(12))
    assert fit["(Intercept)"].z == pytest.approx(ratio, rel=0.01)


def test_effect_that_varies_between_few_has_fewer_degrees_than_one_that_does_not():
    study = simulate_choices(
        Assumptions(participants=12, sentences=12, sd_participant=1.0, sd_slope=1.0), named_stream(5, "df")
    )
    fit = fit_mixed_logit("chosen ~ x + side + (1 + x | participant)", study, check=False)
    assert fit["x"].df < 30 < fit["side"].df
    assert fit["x"].p_t > fit["x"].p


@pytest.mark.parametrize("df", [3.0, 14.5, math.inf])
def test_interval_leaves_out_what_the_test_rejects(df):
    edge = small_sample_quantile(0.95, df)
    assert two_sided(edge, df) == pytest.approx(0.05, abs=1e-9)
    assert two_sided(edge * 1.01, df) < 0.05


def test_many_degrees_of_freedom_are_the_normal_distribution():
    assert two_sided(1.5, 1e9) == pytest.approx(2 * norm.sf(1.5), rel=1e-6)
    assert small_sample_quantile(0.95, 10.0) == pytest.approx(t.ppf(0.975, 10) * math.sqrt(1.1))
