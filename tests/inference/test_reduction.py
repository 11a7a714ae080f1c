import numpy as np

from lipstudy.inference import fit_reduced


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
