"""The verbs plan and simulate, through the command line."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lipstudy.cli import main
from lipstudy.records import read_plan, read_trials
from lipstudy.study import EventLog, load_study

STUDY = (
    "name: small\nclips: clips/clips.csv\nparticipants: 3\ncatch_trials: 1\nquestions:\n  - {name: q, prompt: Why}\n"
)
COMMAND = [sys.executable, "-c", "from lipstudy.cli import main; main()"]


@pytest.fixture
def lab(tmp_path: Path, make_clips, write_clips, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with a study and its clips."""
    write_clips(tmp_path / "clips", make_clips(sentences=["s1", "s2"]))
    (tmp_path / "study.yaml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(lab: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Return a caller of the command line: exit code, stdout, stderr."""

    def running(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lipstudy", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        told = capsys.readouterr()
        return code, told.out, told.err

    return running


SIMULATE = ("simulate", "study.plan.csv", "--study", "study.yaml", "-q")


def error_of(result: tuple[int, str, str]) -> str:
    code, out, err = result
    assert code == 2
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    return err


def test_plan_writes_beside_the_study_and_shows_the_balance(run, lab: Path) -> None:
    code, out, _ = run("plan", "study.yaml", "--seed", "4")
    plan = read_plan(lab / "study.plan.csv")
    assert code == 0
    assert len(plan) == 3 * 17
    assert {trial.seed for trial in plan} == {4}
    assert (lab / "study.plan.json").exists()
    lines = out.splitlines()
    assert lines[0].split() == ["embodiment", "compared", "trials", "first", "left", "first", "right"]
    assert len(lines) == 1 + 8 + 1
    assert lines[-1] == "study.plan.csv: 51 trials of 3 participants, seed 4"


def test_plan_tells_other_programs(run) -> None:
    code, out, _ = run("plan", "study.yaml", "-o", "elsewhere/plan.csv", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["plan"] == str(Path("elsewhere/plan.csv"))
    assert told["catch_trials"] == 3
    assert sum(row["trials"] for row in told["balance"]) == 48
    assert {row["embodiment"] for row in told["balance"]} == {"landmarks", "photo"}


def test_simulate_writes_the_tables(run, lab: Path) -> None:
    run("plan", "study.yaml")
    code, out, err = run(*SIMULATE)
    trials = read_trials(lab / "study.simulated" / "trials.csv")
    assert (code, err) == (0, "")
    assert out == f"{Path('study.simulated/trials.csv')}: 51 trials of 3 simulated viewers, seed 1\n"
    assert len(trials) == 51
    assert all(trial.simulated for trial in trials)
    assert (lab / "study.simulated" / "trials.json").exists()
    assert len((lab / "study.simulated" / "answers.csv").read_text().splitlines()) == 4


def test_simulate_runs_single_slots(run, lab: Path) -> None:
    run("plan", "study.yaml")
    code, out, _ = run(*SIMULATE, "--participant", "P02", "--participant", "P02", "--json")
    assert code == 0
    assert json.loads(out) | {"trials_csv": ""} == {
        "trials_csv": "",
        "sessions": 1,
        "trials": 17,
        "simulated": True,
        "seed": 1,
    }
    assert [path.name for path in (lab / "study.simulated" / "sessions").iterdir()] == ["P02"]


def test_an_unknown_key_is_told(run, lab: Path) -> None:
    (lab / "study.yaml").write_text(STUDY.replace("catch_trials", "catch_trial"))
    assert "study.yaml, line 4: a study definition does not know the key 'catch_trial'" in error_of(
        run("plan", "study.yaml")
    )


def test_an_empty_design_is_told(run, lab: Path) -> None:
    (lab / "study.yaml").write_text(STUDY + "factors:\n  articulations: [1]\n")
    assert "no pair of clips to compare" in error_of(run("plan", "study.yaml"))
    assert not (lab / "study.plan.csv").exists()


def test_a_clip_that_was_changed_after_its_manifest_is_told(run, lab: Path) -> None:
    (lab / "clips" / "photo_anna_s2_rest_1.5.mp4").write_bytes(b"other")
    error = error_of(run("plan", "study.yaml"))
    assert "the clip photo_anna_s2_rest_1.5.mp4 was changed after the manifest was written" in error


def test_a_missing_manifest_is_told(run, lab: Path) -> None:
    shutil.rmtree(lab / "clips")
    assert "there is no file clips/clips.csv: a clip manifest is needed there" in error_of(run("plan", "study.yaml"))


def test_a_study_that_was_changed_after_its_plan_is_told(run, lab: Path) -> None:
    run("plan", "study.yaml")
    (lab / "study.yaml").write_text(STUDY + "instructions: Choose.\n")
    assert "the study 'small' or its clips were changed after the plan was written" in error_of(run(*SIMULATE))


def test_an_unknown_participant_is_told(run, lab: Path) -> None:
    run("plan", "study.yaml")
    error = error_of(run(*SIMULATE, "--participant", "P4"))
    assert "the plan has no participant 'P4'" in error
    assert "its slots are P01 to P03" in error
    assert not (lab / "study.simulated").exists()


def test_another_seed_does_not_go_on_with_sessions(run) -> None:
    run("plan", "study.yaml")
    run(*SIMULATE)
    assert "was simulated with another seed or other viewers" in error_of(run(*SIMULATE, "--seed", "2"))


def test_a_session_that_is_open_elsewhere_is_told(run, lab: Path) -> None:
    run("plan", "study.yaml")
    with EventLog.of(lab / "study.simulated", load_study("study.yaml"), read_plan("study.plan.csv"), "P02"):
        done = subprocess.run([*COMMAND, *SIMULATE], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: the session of P02 in ")
    assert done.stderr.endswith("is open in another process: close it first\n")


@pytest.mark.skipif(os.name != "posix", reason="permissions of Windows are others")
def test_a_folder_that_may_not_be_written_is_told(run, lab: Path) -> None:
    run("plan", "study.yaml")
    locked = lab / "locked"
    locked.mkdir(mode=0o555)
    # root may write anywhere, unless it gives up that right
    weaker = ["setpriv", "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"]
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root without setpriv")
    prefix = weaker if os.geteuid() == 0 else []
    for arguments in ([*SIMULATE, "-o", "locked/data"], ["plan", "study.yaml", "-o", "locked/plan.csv"]):
        done = subprocess.run([*prefix, *COMMAND, *arguments], capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stderr.startswith("Error: cannot write ")
        assert "permission denied" in done.stderr
        assert done.stderr.count("\n") == 1
    assert list(locked.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="Windows has no limit of file sizes")
def test_a_full_disk_is_told_and_costs_no_answer(run, lab: Path) -> None:
    run("plan", "study.yaml")
    run(*SIMULATE, "--participant", "P03")
    (lab / "study.simulated" / "trials.csv").unlink()
    limited = ["bash", "-c", 'ulimit -f 4; exec "$@"', "bash"]  # 4 KiB
    done = subprocess.run([*limited, *COMMAND, *SIMULATE], capture_output=True, text=True)
    assert done.returncode == 2
    assert "Error: cannot write to " in done.stderr
    assert "is kept, make room and run the same command again to go on" in done.stderr
    assert not (lab / "study.simulated" / "trials.csv").exists()
    assert run(*SIMULATE)[0] == 0
    interrupted = read_trials(lab / "study.simulated" / "trials.csv")
    run(*SIMULATE, "-o", "calm")
    assert _answers(interrupted) == _answers(read_trials(lab / "calm" / "trials.csv"))


@pytest.mark.skipif(os.name != "posix", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_keeps_what_was_answered(run, lab: Path) -> None:
    (lab / "study.yaml").write_text(STUDY.replace("participants: 3", "participants: 40\nrepetitions: 4"))
    run("plan", "study.yaml")
    process = subprocess.Popen([*COMMAND, *SIMULATE], stderr=subprocess.PIPE, text=True)
    while not list(lab.glob("study.simulated/sessions/P03/events.jsonl")):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=30)[1]
    assert process.returncode == 2
    assert told.lstrip() == "Error: stopped by Ctrl-C: what was finished is kept, run the same command again to go on\n"
    assert not (lab / "study.simulated" / "trials.csv").exists()
    kept = {path: path.read_bytes() for path in lab.glob("study.simulated/sessions/*/events.jsonl")}
    assert 0 < len(kept) < 40
    assert run(*SIMULATE)[0] == 0
    assert all(path.read_bytes().startswith(data) for path, data in kept.items())
    assert len(read_trials(lab / "study.simulated" / "trials.csv")) == len(read_plan("study.plan.csv"))


def _answers(trials) -> list[tuple[str, int, str, float]]:
    return [(trial.participant, trial.trial, trial.response, trial.rt_s) for trial in trials]
