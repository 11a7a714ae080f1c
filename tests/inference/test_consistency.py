"""Odd people, planted among ordinary ones."""

import numpy as np
import pandas
import pytest

from lipstudy.inference import comparisons_from_table, consistency_of_comparisons

STRENGTH = {"a": 1.2, "b": 0.4, "c": -0.4, "d": -1.2}


def study(change=lambda who, row: row, people: int = 16, seed: int = 5):
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(people):
        who = f"P{number + 1:02d}"
        for _ in range(48):
            left, right = rng.choice(list("abcd"), 2, replace=False)
            first = rng.random() < 1 / (1 + np.exp(STRENGTH[right] - STRENGTH[left]))
            rows.append(change(who, [who, f"S{rng.integers(6)}", left, right, int(first)]))
    table = pandas.DataFrame(rows, columns=["who", "scene", "left", "right", "first"])
    comparisons = comparisons_from_table(
        table, left="left", right="right", chosen="first", participant="who", item="scene"
    )
    return {person.participant: person for person in consistency_of_comparisons(comparisons)}


def odd(found) -> dict[str, str]:
    return {name: "; ".join(person.odd) for name, person in found.items() if person.odd}


@pytest.mark.parametrize("seed", range(5))
def test_ordinary_people_are_not_odd(seed) -> None:
    assert len(odd(study(seed=seed))) <= 1


def test_a_side_biased_person_is_named() -> None:
    def left_mostly(who, row):
        return [*row[:4], 1] if who == "P03" else row

    assert "chose the left in 100 % of answers" in odd(study(left_mostly))["P03"]


def test_a_random_responder_is_named() -> None:
    rng = np.random.default_rng(8)

    def guess(who, row):
        return [*row[:4], int(rng.integers(2))] if who == "P07" else row

    found = odd(study(guess))
    assert "as if by chance" in found.pop("P07")
    assert len(found) <= 1


def test_swapped_answers_of_one_person_are_named() -> None:
    def swap(who, row):
        return [*row[:4], 1 - row[4]] if who == "P11" else row

    assert "are labels or keys swapped?" in odd(study(swap))["P11"]


def test_two_people_cannot_be_compared_with_the_others() -> None:
    assert study(people=2) == {}


@pytest.mark.needs_shared_data
def test_odd_observers_of_the_tone_mapping_votes(grid) -> None:
    table = pandas.read_csv(grid.parent / "votes" / "tone_mapping.csv")
    comparisons = comparisons_from_table(
        table, left="condition_A", right="condition_B", chosen="is_A_selected", participant="observer", item="scene"
    )
    found = {person.participant: person for person in consistency_of_comparisons(comparisons)}
    assert set(odd(found)) == {"bab", "M02"}
