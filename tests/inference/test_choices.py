import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.inference import choices_from_trials


def test_columns_come_back_from_the_trial_table(choices, as_trials):
    made = choices_from_trials(as_trials(choices)).table
    for column in ("x", "x2", "side", "chosen", "articulation"):
        np.testing.assert_allclose(made[column], choices[column])
    assert (made["item"] == choices["item"].to_numpy()).all()


def test_trials_that_do_not_count_are_left_out_by_reason(choices, as_trials):
    trials = as_trials(choices.head(8))
    trials[0] = trials[0].model_copy(update={"valid": False, "reason": "frames dropped"})
    trials[1] = trials[1].model_copy(update={"kind": "catch_identical"})
    trials[2] = trials[2].model_copy(update={"response": None, "reason": "timeout"})
    trials[3] = trials[3].model_copy(update={"articulation_left": 1.0, "articulation_right": 1.0})
    made = choices_from_trials(trials)
    assert len(made.table) == 4
    assert made.left_out == {
        "not valid: frames dropped": 1,
        "catch trial (catch_identical)": 1,
        "not answered: timeout": 1,
        "same articulation on both sides": 1,
    }


def test_order_of_the_table_does_not_matter(choices, as_trials):
    trials = as_trials(choices.head(40))
    assert choices_from_trials(trials[::-1]).table.equals(choices_from_trials(trials).table)


def test_mirrored_display_keeps_the_choice_and_flips_the_side(choices, as_trials):
    trials = as_trials(choices.head(40))
    other = {"left": "right", "right": "left"}
    mirrored = [
        trial.model_copy(
            update={
                "articulation_left": trial.articulation_right,
                "articulation_right": trial.articulation_left,
                "response": other[trial.response],
            }
        )
        for trial in trials
    ]
    before, after = choices_from_trials(trials).table, choices_from_trials(mirrored).table
    assert (before["chosen"] == after["chosen"]).all()
    assert (before["x"] == after["x"]).all()
    assert (before["side"] == -after["side"]).all()


@pytest.mark.parametrize(
    ("left", "right", "side", "x", "x2"),
    [
        (0.5, 1.0, 0.5, -1.0, 1.0),
        (1.0, 2.0, -0.5, 1.0, 1.0),
        (2.0, 0.5, 0.5, 2.0, 0.0),  # neither is the original: the stronger is the test clip, 1 - (-1) and 1 - 1
        (0.5, 4.0, -0.5, 3.0, 3.0),  # 2 - (-1) and 4 - 1
    ],
)
def test_test_clip_and_its_variables(choices, as_trials, left, right, side, x, x2):
    trial = as_trials(choices.head(1))[0]
    trial = trial.model_copy(update={"articulation_left": left, "articulation_right": right})
    row = choices_from_trials([trial]).table.iloc[0]
    assert (row["side"], row["x"], row["x2"]) == (side, x, x2)


def test_no_choice_left_is_told_with_the_reasons(choices, as_trials):
    trials = [t.model_copy(update={"valid": False, "reason": "film"}) for t in as_trials(choices.head(3))]
    with pytest.raises(InputError, match="no choice is left to analyse among 3 trials: 3 not valid: film"):
        choices_from_trials(trials)
