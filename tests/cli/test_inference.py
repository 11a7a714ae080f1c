"""fit, analyze, power: what they print, and what they refuse."""

import json
import sys

import pytest

from lipstudy.cli import main
from lipstudy.inference import Assumptions, simulate_choices
from lipstudy.randomness import named_stream

STUDY = "chosen ~ x + x2 + side + (1 + x | participant) + (1 | item)"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "choices.csv"
    study = Assumptions(effect=1.0, sd_participant=0.8, sd_slope=0.7, sd_sentence=0.7)
    simulate_choices(study, named_stream(3, "test")).to_csv(path, index=False)
    return path


@pytest.fixture
def run(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["lipstudy", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_fit_prints_one_json_object_of_the_fixed_shape(run, table):
    code, out, _ = run("fit", STUDY, table, "--json")
    result = json.loads(out)
    assert code == 0
    assert {"fixed", "random", "loglik", "nobs", "engines", "verdict"} <= set(result)
    assert result["verdict"] == "ok"
    assert result["fixed"]["x"]["p"] < 0.05


def test_fit_tells_the_verdict_in_words(run, table):
    code, out, _ = run("fit", "chosen ~ x + (1 | participant)", table)
    assert code == 0
    assert "verdict: ok" in out
    assert "participant (24 levels): sd (Intercept)" in out


def test_fit_of_separated_answers_is_a_result_without_p_values(run, table):
    text = table.read_text().splitlines()
    table.write_text("\n".join([text[0], *(line[:-1] + "1" for line in text[1:])]))
    code, out, _ = run("fit", STUDY, table, "--json")
    assert code == 0
    assert json.loads(out)["verdict"].startswith("separated")
    assert json.loads(out)["fixed"]["x"]["p"] is None


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("chosen ~ y + (1 | participant)", "the table has no column 'y'"),
        ("chosen ~ x", "has no random term"),
    ],
)
def test_fit_refuses_with_one_sentence_and_exit_code_2(run, table, formula, message):
    code, out, err = run("fit", formula, table)
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1
    assert message in err


def test_fit_compares_with_a_smaller_model(run, table):
    words = ("fit", "chosen ~ x + x2 + (1 | participant)", table, "--against", "chosen ~ x2 + (1 | participant)")
    code, out, _ = run(*words, "--bootstrap", 12, "--json", "-q")
    assert code == 0
    found = json.loads(out)["comparison"]
    assert found["df"] == 1
    assert found["p"] < 0.01
    assert found["p_bootstrap"] <= 2 / 13
    assert "against chosen ~ x2 + (1 | participant): chi-squared" in run(*words, "-q")[1]


def test_fit_of_separated_answers_may_be_penalised(run, table, tmp_path):
    rows = table.read_text().splitlines()
    table.write_text("\n".join([rows[0], *(row[:-1] + "1" if ",1.5," in row else row for row in rows[1:])]))
    code, out, _ = run("fit", "chosen ~ articulation + (1 | participant)", table, "--factor", "articulation",
                       "--penalised", "--json")  # fmt: skip
    assert code == 0
    result = json.loads(out)
    assert result["verdict"].startswith("separated")
    assert 2 < result["penalised"]["fixed"]["articulation1.5"]["estimate"] < 20
    assert "not maximum likelihood" in result["penalised"]["what"]


def test_fit_gives_population_averages_beside(run, table):
    code, out, _ = run("fit", "chosen ~ x + (1 | participant) + (1 | item)", table, "--population")
    assert code == 0
    assert "population average: estimate, two-way" in out


def test_fit_without_a_table_says_so(run, tmp_path):
    code, _, err = run("fit", STUDY, tmp_path / "no.csv")
    assert code == 2
    assert "there is no file" in err


def test_power_says_that_it_is_simulated(run):
    words = ("--participants", 12, "--sentences", 4, "--simulations", 2, "--articulation", 0.5, 0.8, 1.2, 1.5)
    code, out, _ = run("power", *words, "--json", "-q")
    result = json.loads(out)
    assert code == 0
    assert result["simulated"] is True
    assert result["found"]["total"] == 2
    assert result["assumptions"]["articulations"] == [0.5, 0.8, 1.2, 1.5]


def test_power_refuses_a_study_of_one(run):
    code, _, err = run("power", "--participants", 1, "-q")
    assert code == 2
    assert "participants must be at least 2, got 1" in err


def test_analyze_of_a_missing_folder_is_told(run, tmp_path):
    code, _, err = run("analyze", tmp_path / "nothing")
    assert code == 2
    assert "there is no file" in err
