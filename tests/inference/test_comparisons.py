import numpy as np
import pandas
import pytest

from lipstudy.errors import InputError
from lipstudy.inference import comparisons_from_table


def read(rows, **more):
    table = pandas.DataFrame(rows, columns=["a", "b", "answer", *more.pop("extra", ())])
    return comparisons_from_table(table, left="a", right="b", chosen="answer", **more)


@pytest.mark.parametrize(
    "answers",
    [
        ("x", "y", "x"), ("left", "right", "Left "), ("A", "B", "a"), (1, 0, 1), ("1", "0", "1"), (True, False, True),
        (1, 2, 1), (1.0, 0.0, 1.0), (1, -1, 1), ("home", "away", "home"), ("first", "second", "first"),
    ],
)  # fmt: skip
def test_answers_are_read_in_any_of_the_usual_words(answers) -> None:
    found = read([("x", "y", answers[0]), ("x", "y", answers[1]), ("x", "z", answers[2])])
    assert found.counts[:, :2].tolist() == [[1, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize("tie", ["tie", "no preference", "no_preference", "Draw", "0.5", "none"])
def test_no_preference_is_an_answer_of_its_own(tie) -> None:
    assert read([("x", "y", "left"), ("x", "y", tie), ("x", "z", "right")]).counts[1].tolist() == [0, 0, 1]


def test_zero_between_one_and_minus_one_is_a_tie_and_it_is_said() -> None:
    found = read([("x", "y", 1), ("x", "y", 0), ("x", "z", -1)])
    assert found.counts.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert "0 as no preference" in found.notes[0]


def test_names_that_are_answers_come_first() -> None:
    found = read([("b", "a", "a"), ("a", "b", "a")])
    assert found.counts[:, :2].tolist() == [[0, 1], [1, 0]]


def test_numbers_as_names_are_one_condition_however_they_are_written() -> None:
    assert read([(0.5, 1, 1), (1.0, 1.5, 0), (1.5, 0.5, 1), (10.0, 1, 0)]).conditions == ("0.5", "1", "1.5", "10")


def test_rows_without_an_answer_are_left_out_and_counted() -> None:
    found = read([("x", "y", "left"), ("x", "y", None), ("x", None, "left"), ("y", "x", " ")])
    assert len(found.left) == 1
    assert found.notes == ("3 of 4 rows were left out because a cell is empty",)


@pytest.mark.parametrize(
    ("rows", "more", "message"),
    [
        ([("x", "y", "maybe")], {}, "the answer 'maybe' in column 'answer' cannot be read"),
        ([("x", "x", 1)], {}, "'x' is the only condition"),
        ([("x", "y", None)], {}, "no row has a value in each of the columns a, b, answer"),
        ([("x", "y", 1)], {"participant": "who"}, "the table has no column 'who': it has a, b, answer"),
        ([("x", "y", 1)], {"item": "anser"}, r"no column 'anser' \(did you mean 'answer'\?\)"),
        ([("x", "y", 1)], {"covariates": ["size"]}, "no column 'size_left'"),
    ],
)
def test_what_cannot_be_read_is_told(rows, more, message) -> None:
    with pytest.raises(InputError, match=message):
        read(rows, **more)


def test_answers_and_counts_exclude_each_other() -> None:
    table = pandas.DataFrame([("x", "y", 1, 2)], columns=["a", "b", "won", "lost"])
    with pytest.raises(InputError, match="one of the two"):
        comparisons_from_table(table, left="a", right="b")
    with pytest.raises(InputError, match="must hold counts"):
        comparisons_from_table(table.assign(won="many"), left="a", right="b", wins=("won", "lost"))


def test_a_person_who_is_there_twice_is_named() -> None:
    rng = np.random.default_rng(1)
    rows = [(*rng.choice(list("xyz"), 2, replace=False), int(rng.integers(2))) for _ in range(30)]
    table = [(*row, who) for who in ("P1", "P2") for row in rows]
    with pytest.raises(InputError, match="'P2' and 'P1' gave the same 30 answers, trial by trial in the same order"):
        read(table, extra=["who"], participant="who")
    other = [*table[:59], (*table[59][:2], 1 - table[59][2], "P2")]
    assert read(other, extra=["who"], participant="who").participants == ("P1", "P2")


def test_people_who_agree_in_a_survey_of_one_order_are_told_and_kept() -> None:
    rng = np.random.default_rng(1)
    asked = [tuple(rng.choice(list("xyz"), 2, replace=False)) for _ in range(12)]
    answers = {who: rng.integers(2, size=12) for who in ("P1", "P2", "P3")} | {"P4": np.ones(12, int)}
    answers["P2"] = answers["P1"]
    table = [
        (*pair, int(answer), who) for who, given in answers.items() for pair, answer in zip(asked, given, strict=True)
    ]
    found = read(table, extra=["who"], participant="who")
    assert len(found.participants) == 4
    assert "'P2' and 'P1' gave the same answers" in found.notes[0]
