import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.inference import fit_mixed_logit, fit_penalised


@pytest.fixture
def certain(choices):
    """Every clip at 1.5 was chosen."""
    level = np.where(choices.articulation == 1.5, "strong", "other")
    return choices.assign(level=level, chosen=np.where(level == "strong", 1, choices.chosen))


def test_separated_level_gets_a_finite_estimate_and_an_interval(certain):
    found = fit_penalised("chosen ~ level + side + (1 | participant)", certain)
    assert found.separated.startswith("separated: levelstrong predicts some answers")
    assert 2 < found["levelstrong"].low < found["levelstrong"].estimate < found["levelstrong"].high < 20
    assert "not maximum likelihood" in found.named


def test_narrower_prior_draws_nearer_to_zero(certain):
    formula = "chosen ~ level + side + (1 | participant)"
    narrow, wide = (fit_penalised(formula, certain, prior_sd=sd)["levelstrong"] for sd in (0.5, 2.5))
    assert 0 < narrow.estimate < wide.estimate


def test_wide_prior_is_maximum_likelihood(choices):
    formula = "chosen ~ x + x2 + side + (1 + x | participant)"
    penalised, plain = fit_penalised(formula, choices, prior_sd=1e6), fit_mixed_logit(formula, choices, check=False)
    assert penalised.separated is None
    np.testing.assert_allclose([e.estimate for e in penalised.effects], plain.beta, atol=2e-3)
    np.testing.assert_allclose([e.se for e in penalised.effects], [e.se for e in plain.fixed], rtol=2e-3)


def test_separated_reference_level_is_named_as_such(choices):
    level = np.select([choices.articulation == 0.5, choices.articulation == 1.5], ["a", "b"], "c")
    table = choices.assign(level=level, chosen=np.where(level == "a", 0, choices.chosen))
    fit = fit_mixed_logit("chosen ~ level + (1 | participant)", table)
    assert fit.verdict.startswith(
        "separated: the level with which levelb and levelc are compared predicts some answers"
    )


def test_prior_without_width_is_refused(choices):
    with pytest.raises(InputError, match="standard deviation must be positive, got 0"):
        fit_penalised("chosen ~ x + (1 | participant)", choices, prior_sd=0)
