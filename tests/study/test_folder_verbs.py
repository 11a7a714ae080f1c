"""The verbs lock, withdraw and export, through the command line, and a disk that is full or read-only."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lipstudy.cli import main
from lipstudy.errors import OutputError
from lipstudy.records import read_trials
from lipstudy.study import EventLog, Study, plan_study, simulate_session, trial_table

STUDY = "name: small\nclips: clips/clips.csv\nparticipants: 2\n"
SIMULATE = ("simulate", "study.plan.csv", "--study", "study.yaml", "-q")


@pytest.fixture
def run(tmp_path: Path, make_clips, write_clips, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Return a caller of the command line in a folder with a planned study: exit code, stdout, stderr."""
    write_clips(tmp_path / "clips", make_clips(embodiments=["photo"], sentences=["s1", "s2"]))
    (tmp_path / "study.yaml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)

    def running(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lipstudy", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    running("plan", "study.yaml")
    return running


def error_of(result: tuple[int, str, str]) -> str:
    code, out, err = result
    assert (code, out, err.count("\n")) == (2, "", 1)
    return err


def test_lock_fixes_a_study_and_later_says_that_nothing_was_changed(run, tmp_path: Path) -> None:
    code, out, _ = run("lock", "study.yaml")
    assert (code, "'small' is fixed, design " in out) == (0, True)
    lock = json.loads((tmp_path / "study.lock.json").read_text())
    assert lock["definition"]["max_plays"] == 3
    assert lock["locked_at"].startswith("20")
    told = json.loads(run("lock", "study.yaml", "--json")[1])
    assert (told["new"], told["design_sha256"]) == (False, lock["design_sha256"])
    assert json.loads((tmp_path / "study.lock.json").read_text()) == lock


@pytest.mark.parametrize("verb", [("plan", "study.yaml"), SIMULATE, ("lock", "study.yaml")])
def test_a_study_that_was_changed_after_its_lock_is_told(run, tmp_path: Path, verb) -> None:
    run("lock", "study.yaml")
    (tmp_path / "study.yaml").write_text(STUDY + "max_plays: 1\n")
    error = error_of(run(*verb))
    assert "changed after" in error
    assert verb[0] == "lock" or "('max_plays'): put back what was changed" in error
    # More people are the same study.
    (tmp_path / "study.yaml").write_text(STUDY.replace("2", "4"))
    assert run("plan", "study.yaml")[0] == 0
    assert run(*SIMULATE)[0] == 0


def test_a_changed_study_is_not_run_into_the_folder_of_the_old_one(run, tmp_path: Path) -> None:
    run(*SIMULATE)
    (tmp_path / "study.yaml").write_text(STUDY + "prompt: Which is better?\n")
    run("plan", "study.yaml")
    error = error_of(run(*SIMULATE))
    assert "was changed after it was locked in study.simulated ('prompt'): put back what was changed" in error
    assert run(*SIMULATE, "-o", "other")[0] == 0


def test_withdraw_tells_what_it_deleted_and_that_copies_stay(run, tmp_path: Path) -> None:
    run(*SIMULATE)
    code, out, _ = run("withdraw", "simulated-p01")
    assert (code, out.startswith("study.simulated: deleted: 9 rows. Write exports and reports again")) == (0, True)
    assert {trial.participant for trial in read_trials(tmp_path / "study.simulated" / "trials.csv")} == {"P02"}
    assert json.loads(run("withdraw", "SIMULATED-P01", "study.simulated", "--json")[1])["used_before"] is True
    assert "nothing was deleted" in error_of(run("withdraw", "SIMULATED-P77"))


def test_the_study_folder_need_not_be_named_where_there_is_one(run, tmp_path: Path) -> None:
    assert "there is no study folder here or in experiments: name it" in error_of(run("export"))
    run(*SIMULATE)
    (tmp_path / "experiments").mkdir()
    shutil.copytree(tmp_path / "study.simulated", tmp_path / "experiments" / "study.data")
    assert run("withdraw", "SIMULATED-P01")[1].startswith(f"{Path('experiments/study.data')}: deleted")
    assert "P01" in {trial.participant for trial in read_trials(tmp_path / "study.simulated" / "trials.csv")}
    shutil.copytree(tmp_path / "study.simulated", tmp_path / "data")
    error = error_of(run("withdraw", "SIMULATED-P02"))
    assert f"there are several study folders, data, {Path('experiments/study.data')}: name one" in error


def test_export_writes_beside_the_data(run, tmp_path: Path) -> None:
    run(*SIMULATE)
    (tmp_path / "study.simulated" / "trials.csv").unlink()
    told = json.loads(run("export", "--json")[1])
    assert told["folder"] == str(Path("study.simulated/psych-ds"))
    assert all(Path(file).is_file() for file in told["files"])
    assert (tmp_path / "study.simulated" / "trials.csv").exists()
    assert "is not a study folder" in error_of(run("export", "clips"))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of 16 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up_loses_no_answer_and_the_session_goes_on(make_clips, tiny_disk: Path) -> None:
    clips = make_clips(embodiments=["photo"])
    study = Study(name="a", clips="c", participants=1, repetitions=4)
    plan = plan_study(study, clips, seed=1)
    told = []

    def go_on() -> EventLog:
        log = EventLog.of(tiny_disk, study, plan, "P01")
        simulate_session(log, {clip.clip_id: clip for clip in clips}, seed=1, tell=told.append)
        return log

    with pytest.raises(OutputError, match=r"no space left on device; everything up to event \d+ is kept, make room"):
        go_on()
    answers = [event.trial for event in told if event.type == "response_given"]
    assert 3 < len(answers) < len(plan)
    path = tiny_disk / "sessions" / "P01" / "events.jsonl"
    assert path.read_bytes().endswith(b"}\n")
    subprocess.run(["mount", "-o", "remount,size=1m", str(tiny_disk)], check=True)
    trials = trial_table(go_on().events, plan)
    assert [trial.trial for trial in trials] == [trial.trial for trial in plan]
    answers = [event.trial for event in told if event.type == "response_given"]
    assert sorted(answers) == sorted(set(answers)) == [trial.trial for trial in plan]


@pytest.mark.skipif(os.name != "posix", reason="Windows cannot remount")
def test_a_log_on_a_read_only_disk_is_told_before_the_first_screen(make_clips, tiny_disk: Path) -> None:
    clips = make_clips(embodiments=["photo"], sentences=["s1"])
    study = Study(name="a", clips="c", participants=1)
    plan = plan_study(study, clips, seed=1)
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(OutputError, match=r"cannot write to .*P01: read-only file system"):
        simulate_session(EventLog.of(tiny_disk, study, plan, "P01"), {}, seed=1)
