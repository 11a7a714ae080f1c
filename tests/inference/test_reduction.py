import numpy as np

from lipstudy.inference import fit_reduced, last_rung, population_average


def test_sound_model_is_left_as_it_is(choices):
    fit, steps = fit_reduced("chosen ~ x + x2 + (1 + x | participant)", choices, check=False)
    assert steps == ()
    assert fit.verdict == "ok"


def test_effect_of_zero_spread_goes_and_is_named(choices):
    table = choices.assign(coin=np.resize(["heads", "tails", "edge"], len(choices)))
    fit, steps = fit_reduced("chosen ~ x + (1 | participant) + (1 | coin)", table, check=False)
    assert steps == ("(Intercept) by coin was taken out: its standard deviation was estimated as zero",)
    assert fit.formula == "chosen ~ x + (1 | participant)"
    assert fit.verdict == "ok"


def test_last_random_effect_stays_and_the_verdict_tells(choices):
    table = choices.assign(coin=np.resize(["heads", "tails", "edge"], len(choices)))
    fit, steps = fit_reduced("chosen ~ x + (1 | coin)", table, check=False)
    assert steps == ()
    assert fit.singular


def test_last_rung_has_no_error_less_than_either_of_its_two(choices):
    import statsmodels.api as sm

    formula = "chosen ~ x + side + (1 | coin) + (1 | item)"
    table = choices.assign(coin=np.resize(["heads", "tails", "edge"], len(choices)))
    fit, _ = fit_reduced("chosen ~ x + side + (1 | coin)", table, check=False)
    found = last_rung(fit, formula, table)
    design = sm.add_constant(table[["x", "side"]].to_numpy(float))
    own = sm.GLM(table["chosen"].to_numpy(float), design, family=sm.families.Binomial()).fit().bse
    robust = np.array([effect.se_two_way for effect in population_average(formula, table).effects])
    se = np.sqrt(np.diag(found.covariance))
    assert (se > np.maximum(own, robust) - 1e-9).all()
    assert (robust < own).any()  # else there would be nothing to guard against
    assert found.df(np.eye(3)[1]) == 2
    assert found.ok


def test_last_rung_is_for_singular_fits_alone(choices):
    formula = "chosen ~ x + x2 + (1 + x | participant)"
    fit, _ = fit_reduced(formula, choices, check=False)
    assert last_rung(fit, formula, choices) is None


def test_correlation_of_one_goes_and_the_slopes_stay(choices):
    rng = np.random.default_rng(2)
    people = {name: rng.normal() for name in sorted(choices.participant.unique())}
    lean = choices.participant.map(people)
    odds = 1.5 * lean + 1.5 * lean * choices.x
    table = choices.assign(chosen=(rng.random(len(choices)) < 1 / (1 + np.exp(-odds))).astype(int))
    fit, steps = fit_reduced("chosen ~ x + (1 + x | participant)", table, check=False)
    assert len(steps) == 1
    assert steps[0].startswith("correlations by participant were taken out")
    assert fit.formula == "chosen ~ x + (1 + x || participant)"
