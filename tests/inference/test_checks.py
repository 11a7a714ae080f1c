"""What a careless table gets: one clear sentence."""

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.inference import fit_mixed_logit

FORMULA = "chosen ~ x + (1 | participant)"


def test_missing_column_is_named_with_the_nearest(small):
    with pytest.raises(InputError, match=r"no column 'participent' \(did you mean 'participant'\?\)"):
        fit_mixed_logit("chosen ~ x + (1 | participent)", small)


def test_grouping_factor_with_one_level_is_refused(small):
    with pytest.raises(InputError, match=r"'participant' has one level \(P0\)"):
        fit_mixed_logit(FORMULA, small[small.participant == "P0"])


def test_level_of_one_participant_is_refused(small):
    small.loc[small.participant == "P3", "group"] = "c"
    with pytest.raises(InputError, match=r"the level 'c' of 'group' has one participant \(P3\)"):
        fit_mixed_logit("chosen ~ x + group + (1 | participant)", small)


def test_duplicated_trial_is_named_with_its_rows(small):
    small["trial"] = small.groupby("participant").cumcount() + 1
    small.loc[11, "trial"] = 1
    with pytest.raises(InputError, match="participant P1, trial 1 is there twice, in rows 12 and 13"):
        fit_mixed_logit(FORMULA, small)


def test_response_other_than_0_and_1_is_refused(small):
    small.loc[7, "chosen"] = 2
    with pytest.raises(InputError, match="the response 'chosen' must be 0 or 1 in every row, got 2"):
        fit_mixed_logit(FORMULA, small)


def test_response_of_two_words_counts_the_later_as_success(small):
    words = small.assign(chosen=np.where(small.chosen == 1, "yes", "no"))
    fit = fit_mixed_logit(FORMULA, words, check=False)
    assert fit["x"].estimate == fit_mixed_logit(FORMULA, small, check=False)["x"].estimate
    assert fit.notes == ("'yes' in column 'chosen' counts as 1 and 'no' as 0",)


def test_constant_column_is_refused(small):
    with pytest.raises(InputError, match=r"column 'x' is constant \(0\.5\)"):
        fit_mixed_logit(FORMULA, small.assign(x=0.5))


def test_redundant_term_is_named(small):
    with pytest.raises(InputError, match="the term 'twice' is a combination of the terms before it"):
        fit_mixed_logit("chosen ~ x + twice + (1 | participant)", small.assign(twice=2 * small.x))


def test_rows_with_missing_values_are_left_out_and_counted(small):
    small.loc[[3, 9], "x"] = np.nan
    fit = fit_mixed_logit(FORMULA, small, check=False)
    assert fit.nobs == 58
    assert fit.notes == ("2 of 60 rows were left out because a value is missing",)


def test_table_without_a_whole_row_is_refused(small):
    with pytest.raises(InputError, match="no row of the table has a value in every column"):
        fit_mixed_logit(FORMULA, small.assign(x=np.nan))


def test_infinite_value_is_refused(small):
    small.loc[3, "x"] = np.inf
    with pytest.raises(InputError, match="'x' holds an infinite value"):
        fit_mixed_logit(FORMULA, small)


def test_more_successes_than_trials_are_refused(cbpp):
    with pytest.raises(InputError, match="more successes than trials"):
        fit_mixed_logit("cbind(incidence, size - incidence) ~ period + (1 | herd)", cbpp.assign(size=1))


def test_unreadable_fixed_term_is_told(small):
    with pytest.raises(InputError, match=r"'ns\(x, 2\)' cannot be read"):
        fit_mixed_logit("chosen ~ ns(x, 2) + (1 | participant)", small)


def test_polynomial_beyond_the_values_is_told(small):
    with pytest.raises(
        InputError, match=r"'poly\(half, 2\)' must be poly\(column, degree\), with a degree from 1 to 1"
    ):
        fit_mixed_logit("chosen ~ poly(half, 2) + (1 | participant)", small.assign(half=np.resize([0, 1], 60)))


def test_polynomial_of_words_is_told(small):
    with pytest.raises(InputError, match=r"'poly\(group, 2\)' needs numbers, and column 'group' holds words"):
        fit_mixed_logit("chosen ~ poly(group, 2) + (1 | participant)", small)


@pytest.mark.parametrize("nagq", [2, 27])
def test_quadrature_takes_odd_numbers_of_points(small, nagq):
    with pytest.raises(InputError, match=f"nagq {nagq} must be 1 or odd from 3 to 25"):
        fit_mixed_logit(FORMULA, small, nagq=nagq)


def test_quadrature_needs_one_random_intercept(small):
    with pytest.raises(InputError, match="only with one random intercept"):
        fit_mixed_logit("chosen ~ x + (1 | participant) + (1 | item)", small, nagq=9)


def test_number_that_may_be_a_factor_is_noted(cbpp):
    numbers = cbpp.assign(period=cbpp.period.astype(int))
    as_number = fit_mixed_logit("incidence / size ~ period + (1 | herd)", numbers, check=False)
    assert any("write factor(period)" in note for note in as_number.notes)
    as_factor = fit_mixed_logit("incidence / size ~ factor(period) + (1 | herd)", numbers, check=False)
    as_text = fit_mixed_logit("incidence / size ~ period + (1 | herd)", cbpp, check=False)
    assert not as_factor.notes
    assert [e.term for e in as_factor.fixed][1:] == ["factor(period)2", "factor(period)3", "factor(period)4"]
    np.testing.assert_allclose(as_factor.beta, as_text.beta)


def test_decimal_commas_are_told_with_the_cell(small):
    commas = small.assign(x=small.x.map(lambda value: f"{value:.2f}".replace(".", ",")))
    with pytest.raises(InputError, match=r"column 'x' has decimal commas \('-0,80'\): write -0.80"):
        fit_mixed_logit(FORMULA, commas)


def test_stray_word_among_numbers_is_told(small):
    words = small.x.astype(str)
    words[7] = "n.a. (see notes)"
    with pytest.raises(InputError, match=r"column 'x' holds numbers and 'n.a. \(see notes\)'"):
        fit_mixed_logit(FORMULA, small.assign(x=words))


def test_few_levels_are_noted(small):
    fit = fit_mixed_logit("chosen ~ x + (1 | group) + (1 | participant)", small, check=False)
    assert "'group' has 2 levels: a spread between so few is hardly an estimate" in fit.notes
