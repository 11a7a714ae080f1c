"""The ranking's page: its sentences, tables and figures, all from one file of results."""

import csv
import json
import re

import numpy as np
import pandas
import pytest

from lipstudy.errors import InputError
from lipstudy.report import PairColumns, write_ranking

COLUMNS = PairColumns(left="a", right="b", chosen="first", participant="who", item="scene")


def votes(seed: int = 1, odd: str | None = "P05") -> pandas.DataFrame:
    rng = np.random.default_rng(seed)
    strength = {"<b>new</b>": 1.6, "old_one": 0.2, "=cmd": -0.6, "rest": -1.2}
    rows = []
    for person in range(12):
        for item in range(6):
            for _ in range(6):
                a, b = rng.choice(list(strength), 2, replace=False)
                first = rng.random() < 1 / (1 + np.exp(strength[b] - strength[a]))
                who = f"P{person + 1:02d}"
                rows.append((who, f"S{item}", a, b, int(rng.integers(2) if who == odd else first)))
    return pandas.DataFrame(rows, columns=["who", "scene", "a", "b", "first"])


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranking")
    votes().to_csv(folder / "votes.csv", index=False)
    return write_ranking(folder / "votes.csv", columns=COLUMNS, seed=1, draws=200)


def test_results_stand_beside_the_table(report) -> None:
    assert report.page.name == "votes.ranking.html"
    made = {path.name for path in report.page.with_suffix("").iterdir()}
    assert {"ranking.csv", "ranking.tex", "pairs.csv", "people.csv", "ranking.svg", "people.svg"} <= made


def test_a_planted_order_is_found_and_the_guesser_named(report) -> None:
    results = report.results
    assert [row["condition"] for row in results["ranking"]] == ["<b>new</b>", "old_one", "=cmd", "rest"]
    assert "P05" in results["odd"]
    assert any(sentence.startswith("P05 stands out: answers as if by chance") for sentence in results["hangs_on"])
    assert "among people and scenes like these" in results["headline"]


def test_equal_conditions_are_not_told_apart(tmp_path) -> None:
    table = votes(odd=None)
    table["first"] = np.random.default_rng(5).integers(0, 2, len(table))
    table.to_csv(tmp_path / "votes.csv", index=False)
    results = write_ranking(tmp_path / "votes.csv", columns=COLUMNS, seed=1, draws=200).results
    assert results["headline"].startswith("No two of the 4 can be told apart among people and scenes like these")


def test_names_from_the_data_are_text_everywhere(report) -> None:
    html = report.page.read_text("utf-8")
    assert "<b>new" not in html
    assert "&lt;b&gt;new" in html
    folder = report.page.with_suffix("")
    assert r"old\_one" in (folder / "ranking.tex").read_text("utf-8")
    rows = list(csv.DictReader((folder / "ranking.csv").open()))
    assert rows[2]["condition"] == "'=cmd"


def test_tables_hold_the_results_in_full(report) -> None:
    results = json.loads(report.results_path.read_text("utf-8"))
    rows = list(csv.DictReader((report.page.with_suffix("") / "pairs.csv").open()))
    assert [float(row["p_holm"]) for row in rows] == [pair["p_holm"] for pair in results["pairs"]]
    drop_one = list(csv.DictReader((report.page.with_suffix("") / "drop_one.csv").open()))
    assert len(drop_one) == 12 + 6


def test_every_number_in_the_tables_of_the_page_is_in_the_results(report) -> None:
    known: set[str] = set()

    def note(value) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                note(inner)
        elif isinstance(value, list):
            for inner in value:
                note(inner)
        elif isinstance(value, int | float):
            known.update(f"{abs(value):.{digits}f}" for digits in range(5))
            known.update((f"{abs(value):.2g}", "0.0001"))

    note(report.results)
    html = report.page.read_text("utf-8")
    cells = re.findall(r"<td>([\u2212\d.]+)</td>", html.split("Where this comes from")[0])
    assert len(cells) > 80
    assert [cell for cell in cells if cell.lstrip("\N{MINUS SIGN}") not in known] == []


def test_same_seed_gives_the_same_bytes(report, tmp_path) -> None:
    votes().to_csv(tmp_path / "votes.csv", index=False)
    again = write_ranking(tmp_path / "votes.csv", columns=COLUMNS, seed=1, draws=200)
    assert again.page.read_bytes() == report.page.read_bytes()
    assert again.results_path.read_bytes() == report.results_path.read_bytes()


def test_our_trial_table_needs_no_names_and_simulated_viewers_are_marked(data) -> None:
    report = write_ranking(data / "trials.csv", data / "out", columns=PairColumns(), seed=1, draws=100)
    assert report.results["ranking"][0]["condition"] == "1.5"
    assert report.results["simulated"] is True
    assert report.results["headline"].startswith("Simulated viewers; no person took part.")
    assert r"\textbf{Simulated.}" in (report.page.with_suffix("") / "ranking.tex").read_text("utf-8")


def test_a_table_of_others_needs_names(tmp_path) -> None:
    votes().to_csv(tmp_path / "votes.csv", index=False)
    with pytest.raises(
        InputError, match=r"name the columns of this table: --left and --right .* it has who, scene, a, b"
    ):
        write_ranking(tmp_path / "votes.csv", columns=PairColumns(), seed=1)
