"""A withdrawal code deletes a person's session and nothing else, also when it is interrupted."""

import json
from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.records import read_participants, read_trials
from lipstudy.study import EventLog, _withdraw, plan_study, simulate_study, withdraw_session, write_tables


@pytest.fixture
def clips(make_clips):
    return make_clips(embodiments=["photo"], sentences=["s1"])


@pytest.fixture
def plan(study, clips):
    return plan_study(study, clips, seed=1)


@pytest.fixture
def data(study, plan, clips, tmp_path: Path) -> Path:
    simulate_study(study, plan, clips, tmp_path / "data", seed=1)
    return tmp_path / "data"


def people(data: Path) -> list[str]:
    return [row.participant for row in read_participants(data / "participants.csv")]


def test_log_and_rows_are_gone_and_a_note_without_a_name_stays(study, plan, data: Path) -> None:
    before = read_trials(data / "trials.csv")
    done = withdraw_session(data, "simulated p02")
    assert done.rows == sum(trial.participant == "P02" for trial in before) + 1 + len(study.questions)
    assert not (data / "sessions" / "P02").exists()
    assert read_trials(data / "trials.csv") == [trial for trial in before if trial.participant != "P02"]
    assert people(data) == ["P01", "P03", "P04"]
    texts = [path.read_text() for path in data.rglob("*") if path.is_file() and path.name != "plan.csv"]
    assert not any("P02-simulated" in text for text in texts)
    assert set(json.loads(done.note.read_text())) == {"withdrawn", "code_sha256"}
    assert "P02" not in done.note.read_text()
    # Derived again from the logs, the tables are the same.
    assert write_tables(data, study, plan) == read_trials(data / "trials.csv")


def test_a_code_that_is_not_known_deletes_nothing(data: Path) -> None:
    with pytest.raises(InputError, match=r"no session in .* has this withdrawal code: check its letters"):
        withdraw_session(data, "SIMULATED-P99")
    assert len(people(data)) == 4


def test_a_code_that_was_used_is_told(data: Path) -> None:
    withdraw_session(data, "SIMULATED-P02")
    again = withdraw_session(data, "SIMULATED-P02")
    assert (again.before, again.rows) == (True, 0)


def test_a_session_that_is_open_is_not_deleted(study, plan, data: Path) -> None:
    with (
        EventLog.of(data, study, plan, "P02"),
        pytest.raises(InputError, match=r"P02 is open in another process"),
    ):
        withdraw_session(data, "SIMULATED-P02")
    assert people(data) == ["P01", "P02", "P03", "P04"]


@pytest.mark.parametrize("step", ["_write", "_delete", "_without", "_without 2", "_without 3", "_write 2"])
def test_interrupted_anywhere_it_is_finished_by_the_same_call(data: Path, monkeypatch, step: str) -> None:
    name, _, turn = step.partition(" ")
    whole, calls = getattr(_withdraw, name), []

    def stopped(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == int(turn or 1):
            raise KeyboardInterrupt
        return whole(*arguments)

    monkeypatch.setattr(_withdraw, name, stopped)
    with pytest.raises(KeyboardInterrupt):
        withdraw_session(data, "SIMULATED-P02")
    monkeypatch.setattr(_withdraw, name, whole)
    withdraw_session(data, "SIMULATED-P02")
    assert people(data) == ["P01", "P03", "P04"]
    assert {trial.participant for trial in read_trials(data / "trials.csv")} == {"P01", "P03", "P04"}
    assert "session" not in json.loads(next(data.glob("withdrawn/*.json")).read_text())
    assert [path.name for path in (data / "withdrawn").iterdir() if path.suffix != ".json"] == []
