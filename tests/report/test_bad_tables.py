"""The tables of a careless lab: ranked rightly, or refused in one sentence."""

import numpy as np
import pandas
import pytest

from lipstudy.errors import InputError
from lipstudy.report import PairColumns, write_ranking

COLUMNS = PairColumns(left="a", right="b", chosen="won", participant="who", item="scene")


@pytest.fixture(scope="module")
def votes() -> pandas.DataFrame:
    rng = np.random.default_rng(2)
    rows = []
    for person in range(6):
        for trial in range(24):
            a, b = rng.choice(["new", "old", "rest"], 2, replace=False)
            rows.append((f"P {person}", f"S{trial % 4}", a, b, int(rng.random() < (0.7 if a == "new" else 0.45))))
    return pandas.DataFrame(rows, columns=["who", "scene", "a", "b", "won"])


def order(path, columns: PairColumns = COLUMNS):
    report = write_ranking(path, columns=columns, seed=1, draws=100)
    return [(row["condition"], row["preferred"], row["answers"]) for row in report.results["ranking"]], report


@pytest.fixture(scope="module")
def clean(votes, tmp_path_factory):
    path = tmp_path_factory.mktemp("clean") / "votes.csv"
    votes.to_csv(path, index=False)
    return order(path)[0]


def test_a_byte_order_mark_and_spaces_change_nothing(votes, clean, tmp_path) -> None:
    messy = votes.assign(a=votes["a"] + " ", who=" " + votes["who"])
    messy.to_csv(tmp_path / "votes.csv", index=False, encoding="utf-8-sig")
    assert order(tmp_path / "votes.csv")[0] == clean


def test_mixed_ways_of_writing_an_answer_change_nothing(votes, clean, tmp_path) -> None:
    words = [
        ("left", "Left", "1", "A")[n % 4] if won else ("right", "R", "0", "b")[n % 4]
        for n, won in enumerate(votes["won"])
    ]
    votes.assign(won=words).to_csv(tmp_path / "votes.csv", index=False)
    assert order(tmp_path / "votes.csv")[0] == clean


def test_missing_answers_are_left_out_and_counted(votes, tmp_path) -> None:
    holes = votes.astype({"won": object})
    holes.loc[:4, "won"] = None
    holes.loc[7, "a"] = None
    holes.to_csv(tmp_path / "votes.csv", index=False)
    ranked, report = order(tmp_path / "votes.csv")
    assert sum(answers for _, _, answers in ranked) == 2 * (len(votes) - 6)
    assert any("6 of 144 rows were left out" in note for note in report.results["notes"])


def test_one_person_and_one_scene_are_no_sample(votes, tmp_path) -> None:
    one = votes[(votes["who"] == "P 1")].assign(scene="only")
    one.to_csv(tmp_path / "votes.csv", index=False)
    _, report = order(tmp_path / "votes.csv")
    assert report.results["bootstrap"]["sampled"] == ["answers"]
    assert "among answers like these" in report.results["headline"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.assign(won="perhaps"), "the answer 'perhaps' in column 'won' cannot be read"),
        (lambda table: table.assign(a="new", b="new"), "'new' is the only condition"),
        (lambda table: table.drop(columns="who"), "the table has no column 'who'"),
        (lambda table: table.head(0), "has no row"),
        (
            lambda table: pandas.concat([table[table["a"].ne("rest") & table["b"].ne("rest")],
                                         table.head(20).assign(a="x", b="y")]),
            r"2 groups between which nothing was compared: \(new, old\) and \(x, y\)",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_ranked_is_refused(votes, tmp_path, change, message) -> None:
    change(votes).to_csv(tmp_path / "votes.csv", index=False)
    with pytest.raises(InputError, match=message):
        order(tmp_path / "votes.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["votes.csv"]
