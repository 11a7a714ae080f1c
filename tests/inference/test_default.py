import pytest

from lipstudy.inference import curve_formula


def test_slopes_of_people_and_of_sentences(choices):
    assert curve_formula(choices) == "chosen ~ x + x2 + side + (1 + x | participant) + (1 + x | item)"


@pytest.mark.parametrize(
    ("articulations", "fixed"), [([1.5], "side"), ([0.5, 1.5], "x + side"), ([0.5, 0.75, 1.5], "x + x2 + side")]
)
def test_bend_needs_three_scales_and_a_slope_two(choices, articulations, fixed):
    table = choices[choices.articulation.isin(articulations)]
    assert curve_formula(table).startswith(f"chosen ~ {fixed} + (1 ")


def test_speakers_are_random_from_five_on(choices):
    few = choices.assign(speaker=choices["item"].map({f"S{n:03d}": f"speaker {n % 4}" for n in range(1, 9)}))
    assert "speaker" not in curve_formula(few)
    many = choices.assign(speaker=choices["item"].map({f"S{n:03d}": f"speaker {n % 5}" for n in range(1, 9)}))
    assert curve_formula(many).endswith("(1 + x | item) + (1 + x | speaker)")


def test_moderator_changes_the_curve_or_the_level_alone(choices):
    table = choices.assign(embodiment="photo")
    assert curve_formula(table, moderator="embodiment").startswith("chosen ~ x * embodiment + x2 * embodiment + side")
    level = curve_formula(table, moderator="embodiment", interaction=False)
    assert level.startswith("chosen ~ x + x2 + embodiment + side")


def test_spline_terms_stand_for_the_square(choices):
    assert "~ x + spline1 + side" in curve_formula(choices.drop(columns="x2").assign(spline1=choices.x2))


def test_one_sentence_and_one_side_are_no_terms(choices):
    alone = choices[(choices["item"] == "S001")].assign(side=0.5)
    assert curve_formula(alone) == "chosen ~ x + x2 + (1 + x | participant)"
