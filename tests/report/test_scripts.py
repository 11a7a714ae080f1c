"""The scripts in analysis/ find what the verbs find."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lipstudy.records import read_trials, write_trials
from lipstudy.report import PairColumns, write_ranking

ANALYSIS = Path(__file__).parents[2] / "analysis"


def run(script: str, table: Path) -> str:
    done = subprocess.run([sys.executable, ANALYSIS / script, table], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", ["articulation.py", "compare_systems.py"])
def test_a_researcher_reads_it_in_one_go(script) -> None:
    assert len((ANALYSIS / script).read_text().splitlines()) < 80


def test_articulation_prints_the_numbers_of_the_report(photo_data, tmp_path) -> None:
    from lipstudy.report import write_report

    report = write_report(photo_data, tmp_path, draws=100)
    main = json.loads(report.results_path.read_text())["analyses"][0]
    told = run("articulation.py", photo_data / "trials.csv")
    assert main["model"]["formula"] in told
    assert f"{main['model']['fixed']['x']['estimate']:.3f}" in told
    assert "SIMULATED" in told


def test_compare_systems_prints_the_ranking(photo_data, tmp_path) -> None:
    trials = [
        trial.model_copy(
            update={"system_left": f"s{trial.articulation_left:g}", "system_right": f"s{trial.articulation_right:g}"}
        )
        for trial in read_trials(photo_data / "trials.csv")
    ]
    write_trials(tmp_path / "trials.csv", trials)
    told = run("compare_systems.py", tmp_path / "trials.csv")
    ranked = write_ranking(tmp_path / "trials.csv", columns=PairColumns(), seed=1).results["ranking"]
    for row in ranked:
        assert f"{row['condition']:24} {row['jod']:6.2f} {row['low']:6.2f} {row['high']:6.2f}" in told


def test_a_mistake_is_one_sentence(tmp_path) -> None:
    for script in ("articulation.py", "compare_systems.py"):
        done = subprocess.run([sys.executable, ANALYSIS / script, tmp_path / "no.csv"], capture_output=True, text=True)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert "there is no file" in done.stderr
