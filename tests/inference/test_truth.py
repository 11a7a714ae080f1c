"""Whether the default analysis is right as often as it says: the committed table, and a smaller run against it."""

import csv
from pathlib import Path

import numpy as np
import pytest

from lipstudy.inference.truth import ANALYSES, SCENARIOS, as_markdown, simulated_studies, study_of, summary

TABLE = Path(__file__).parents[2] / "docs" / "truth.csv"


@pytest.fixture(scope="module")
def committed():
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {(row["scenario"], row["analysis"]): row for row in csv.DictReader(file)}


def test_committed_table_has_every_scenario_and_analysis(committed):
    assert set(committed) == {(scenario, analysis) for scenario in SCENARIOS for analysis in ANALYSES}


def test_table_for_readers_is_that_of_the_numbers(committed):
    def number(name, cell):
        return cell if name in ("scenario", "analysis") else float(cell) if cell else None

    rows = [{name: number(name, cell) for name, cell in row.items()} for row in committed.values()]
    rows = [row | {"studies": int(row["studies"])} for row in rows]
    assert TABLE.with_suffix(".md").read_text(encoding="utf-8") == as_markdown(rows)


def test_default_analysis_keeps_its_level_and_its_intervals_hold(committed):
    row = committed["no asymmetry", "default"]
    assert int(row["studies"]) >= 1000
    assert 3.5 <= float(row["rejected_percent"]) <= 6.5
    for scenario in ("no asymmetry", "preferred at 1.19"):
        row = committed[scenario, "default"]
        assert 92.5 <= float(row["covered_percent"]) <= 97.5
        assert abs(float(row["bias_of_preferred_percent"])) < 2


@pytest.mark.parametrize("people", [24, 8])
def test_with_few_people_and_sentences_the_level_is_not_told_apart_from_5_percent(committed, people):
    row = committed[f"no asymmetry, {people} people, 6 sentences", "default"]
    assert float(row["low_percent"]) < 5 < float(row["high_percent"])


def test_naive_analyses_claim_too_much(committed):
    for analysis in ("binomial", "logistic regression", "by item t"):
        assert float(committed["no asymmetry", analysis]["low_percent"]) > 6.5


def test_study_is_the_same_each_time():
    assert study_of("no asymmetry", 3) == study_of("no asymmetry", 3)


def test_studies_that_were_made_are_not_made_again(tmp_path, monkeypatch):
    work = tmp_path / "truth.work.jsonl"
    first = simulated_studies(1, work=work)
    with work.open("a") as file:
        file.write('[2023, "no asym')  # the process was killed here
    monkeypatch.setattr("lipstudy.inference.truth.study_of", lambda *_, **__: pytest.fail("made again"))
    assert simulated_studies(1, work=work) == first


def test_summary_counts_a_study_without_p_value_as_not_rejected():
    from dataclasses import replace

    study = study_of("no asymmetry", 0)
    rejecting = replace(study, p=dict.fromkeys(ANALYSES, 0.01))
    refusing = replace(study, p=dict.fromkeys(ANALYSES, None), slope=float("nan"), low=None, high=None)
    row = summary([study, rejecting, refusing, refusing])[0]
    assert (row["rejected_percent"], row["refused"], row["unbounded_percent"]) == (25.0, 2, 50.0)


@pytest.mark.slow
def test_smaller_run_agrees_with_the_committed_table(committed):
    for row in summary(simulated_studies(64, workers=2)):
        told = committed[row["scenario"], row["analysis"]]
        share = float(told["rejected_percent"]) / 100
        error = np.sqrt(share * (1 - share) / row["studies"]) + 0.01
        assert abs(row["rejected_percent"] / 100 - share) < 3.5 * error
        assert row["refused"] <= 3
