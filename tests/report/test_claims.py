"""Spline, equivalence, drawn tables, few people, and the last rung: in results.json and as a sentence on the page."""

import contextlib
import json
import sys
from collections.abc import Sequence

import pytest

from lipstudy.cli import main
from lipstudy.errors import InputError
from lipstudy.inference import Assumptions, simulate_choices
from lipstudy.randomness import named_stream
from lipstudy.records import StudyLock, Trial, write_trials
from lipstudy.report import analyse_trials, write_report

SMALL = Assumptions(participants=12, sentences=5, effect=1.8, sd_participant=0.8, sd_slope=0.0, sd_sentence=0.0,
                    sd_sentence_slope=0.0)  # fmt: skip
NO_SPREAD = Assumptions(participants=6, sentences=4, effect=1.2, sd_participant=0.0, sd_slope=0.0, sd_sentence=0.0,
                        sd_sentence_slope=0.0)  # fmt: skip


@pytest.fixture(scope="session")
def make(photo_trials):
    def made(study: Assumptions, name: str) -> list[Trial]:
        rows = simulate_choices(study, named_stream(8, name)).to_dict("records")
        return [_trial(photo_trials[0], number, row) for number, row in enumerate(rows, start=1)]

    return made


def _trial(like: Trial, number: int, row: dict) -> Trial:
    shown = [(f"{row['item']}-{row['articulation']}", row["articulation"]), (f"{row['item']}-1", 1.0)]
    (left, a_left), (right, a_right) = shown if row["side"] > 0 else shown[::-1]
    return like.model_copy(
        update={
            "participant": row["participant"], "session": row["participant"], "trial": number, "sentence": row["item"],
            "clip_left": left, "clip_right": right, "articulation_left": a_left, "articulation_right": a_right,
            "response": "left" if bool(row["chosen"]) == (row["side"] > 0) else "right",
        }
    )  # fmt: skip


def _lock(**analysis: object) -> StudyLock:
    return StudyLock(
        name="s", design_sha256="ab" * 32, plan_sha256="cd" * 32, participants=12, lipstudy="0",
        definition={"analysis": {"scale": "log2", "curve": "quadratic", "equivalence_log_odds": None} | analysis},
    )  # fmt: skip


@pytest.fixture(scope="session")
def small(make) -> Sequence[Trial]:
    return make(SMALL, "claims")


@pytest.fixture(scope="session")
def asked(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("asked")
    write_trials(folder / "trials.csv", small)
    report = write_report(
        folder, folder, curve="spline", equivalence_log_odds=0.4, simulations=20, draws=100, workers=1
    )
    return report.results, report.page.read_text("utf-8")


def test_a_spline_that_is_asked_for_is_fitted_drawn_and_told(asked, small):
    results, page = asked
    main = results["analyses"][0]
    assert "x + spline1" in main["formula"]
    assert results["choice"]["knots"] == [0.5, 1.0, 1.5]
    assert "restricted cubic spline with knots at 0.5, 1, 1.5" in page
    quadratic = analyse_trials(small, draws=100)["analyses"][0]
    assert (
        max(abs(a["probability"] - b["probability"]) for a, b in zip(main["curve"], quadratic["curve"], strict=True))
        > 1e-3
    )
    assert results["sensitivity"] is not None


def test_a_bound_is_tested_and_a_large_difference_is_not_called_alike(asked, small):
    results, page = asked
    found, contrast = results["equivalence"], results["analyses"][0]["asymmetry"]
    assert found["low"] < contrast["log_odds"] < found["high"]
    assert not found["equivalent"]
    assert "alike within the bound was not shown (two one-sided tests against 0.40 log odds" in page
    wide = analyse_trials(small, draws=100, equivalence_log_odds=50)["equivalence"]
    assert wide["equivalent"]


def test_drawn_tables_decide_the_headline(asked):
    results, page = asked
    drawn = results["simulated_tables"]
    assert drawn["refused"] is None
    assert 1 / 21 <= drawn["p"] <= 1
    assert f"by {drawn['simulations']} drawn tables" in results["headline"]
    assert "tables drawn from the model without one p" in page
    # The least p of 20 tables is 0.048; t gives far less, and is no longer what the headline tells.
    assert results["analyses"][0]["asymmetry"]["p"] < 0.01
    assert "p < 0.0001" not in results["headline"]


def test_few_sentences_are_told_with_the_test_that_is_used(small, tmp_path):
    write_trials(tmp_path / "trials.csv", small)
    results = write_report(tmp_path, tmp_path, draws=100).results
    assert results["few"] == {"sentences": 5}
    assert results["simulated_tables"] is None
    told = next(sentence for sentence in results["claims"] if sentence.startswith("With 5 sentences the test is"))
    assert "Student's t with Satterthwaite's degrees of freedom, which was not tried with fewer than 8 people" in told


def test_choices_come_from_the_lock_and_a_departure_is_told(small, tmp_path):
    declared = analyse_trials(small, draws=100, lock=_lock(curve="spline", equivalence_log_odds=0.4))
    assert (declared["choice"]["curve"], declared["choice"]["departures"]) == ("spline", [])
    assert declared["equivalence"]["bound"] == 0.4
    other = analyse_trials(small, draws=100, lock=_lock(), scale="linear")
    assert other["scale"] == "linear"
    assert other["choice"]["departures"] == ["the study declared the scale log2, this analysis uses linear"]


def test_choices_that_there_are_not_are_refused(small):
    with pytest.raises(InputError, match="the curve must be quadratic or spline, got 'cubic'"):
        analyse_trials(small, curve="cubic")
    with pytest.raises(InputError, match="the bound of an equivalence test must be positive and finite, got -1"):
        analyse_trials(small, equivalence_log_odds=-1)


def test_a_study_without_spread_is_answered_by_the_population_average(make, tmp_path):
    write_trials(tmp_path / "trials.csv", make(NO_SPREAD, "singular"))
    report = write_report(tmp_path, tmp_path, draws=100, simulations=5)
    main, page = report.results["analyses"][0], report.page.read_text("utf-8")
    assert main["model"]["verdict"].startswith("singular")
    assert main["refused"] is None
    assert main["population_instead"]["clusters"] == 4
    assert main["asymmetry"]["df"] == 3
    two_way = next(effect for effect in main["population"] if effect["term"] == "x")
    assert main["asymmetry"]["log_odds"] / main["asymmetry"]["se"] == pytest.approx(main["asymmetry"]["z"])
    assert two_way["p_two_way"] <= main["asymmetry"]["p"] + 1e-9
    assert (
        "By a population-average model, because every random effect was estimated as zero" in report.results["headline"]
    )
    assert "at least those robust to clusters of people and of sentences" in page
    assert report.results["simulated_tables"] is None


def test_the_verb_hands_on_what_it_is_asked(small, tmp_path, monkeypatch, capsys):
    write_trials(tmp_path / "trials.csv", small)
    words = ["analyze", tmp_path, "--curve", "spline", "--equivalence", "0.7", "--simulations", "3", "--draws", "100"]
    monkeypatch.setattr(sys, "argv", ["lipstudy", *map(str, words), "--workers", "1", "-q"])
    with contextlib.suppress(SystemExit):
        main()
    capsys.readouterr()
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert (results["choice"]["curve"], results["choice"]["equivalence_log_odds"]) == ("spline", 0.7)
    assert results["simulated_tables"]["simulations"] == 3
