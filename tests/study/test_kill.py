"""A session that is killed at random moments: no answered trial is lost, none is doubled."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lipstudy.records import write_plan
from lipstudy.study import (
    answer_table,
    collect_trials,
    event_log_path,
    load_study,
    plan_study,
    read_events,
    simulate_study,
)

KILLS = 50

# Loads the study core once, then runs each session in a process of its own, which can be killed and starts at once.
# After an answer is on disk, and not before, the process says so.
NURSERY = """
import os, sys
from lipstudy.records import read_manifest, read_plan
from lipstudy.study import EventLog, load_study, simulate_session

study, plan = load_study("study.yaml"), read_plan("plan.csv")
clips = {clip.clip_id: clip for clip in read_manifest("clips.csv")}

def tell(event):
    if event.type == "response_given":
        os.write(1, f"answer {event.trial} {event.response} {event.rt_s!r}\\n".encode())

for folder in sys.stdin:
    child = os.fork()
    if child == 0:
        simulate_session(EventLog.of(folder.strip(), study, plan, "P01"), clips, seed=1, tell=tell)
        os._exit(0)
    os.write(1, f"process {child}\\n".encode())
    os.write(1, f"ended {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\\n".encode())
"""


STUDY = """
name: a
clips: clips.csv
participants: 1
repetitions: 5
practice_trials: 2
catch_trials: 2
catch_faults: {frozen_mouth: 2}
break_every_trials: 10
checks: [sound, vision]
consent: {version: "1", text: I agree.}
instructions: Choose.
attention_questions:
  - {name: colour, prompt: Choose red., choices: [red, blue], correct: red}
questions:
  - {name: age, prompt: Your age, kind: number}
"""


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()


def run_and_kill(nursery: subprocess.Popen[str], folder: str, after_s: float | None) -> tuple[int, list[str]]:
    """Return how the session's process ended and the answers that it said were on disk."""
    nursery.stdin.write(f"{folder}\n")
    nursery.stdin.flush()
    answers = []
    for line in nursery.stdout:
        word, _, rest = line.strip().partition(" ")
        if word == "process" and after_s is not None:
            time.sleep(after_s)
            with suppress(ProcessLookupError):  # the session ended by itself before its time
                os.kill(int(rest), signal.SIGKILL)
        elif word == "answer":
            answers.append(rest)
        elif word == "ended":
            return int(rest), answers
    raise AssertionError("the nursery died")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no SIGKILL")
def test_no_answer_is_lost_or_doubled_by_kills(nursery, make_clips, write_clips, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(STUDY)
    clips = make_clips(sentences=["s1", "s2"], faults=["frozen_mouth"])
    write_clips(tmp_path, clips)
    study = load_study(tmp_path / "study.yaml")
    plan = plan_study(study, clips, seed=1)
    write_plan(tmp_path / "plan.csv", plan)
    undisturbed = [(t.trial, t.response, t.rt_s) for t in simulate_study(study, plan, clips, tmp_path / "calm", seed=1)]
    asked = answer_table(read_events(event_log_path(tmp_path / "calm", plan, "P01")), study)
    moments = random.Random(7)
    kills = killed_in_a_trial = 0
    for number in range(KILLS):
        if kills >= KILLS:
            break
        folder, told, status = f"session{number}", [], -9
        while status == -9:
            due = kills < KILLS
            status, answers = run_and_kill(nursery, folder, moments.uniform(0.0, 0.12) if due else None)
            kills += status == -9
            told += answers
        assert status == 0
        # Every answer was on disk when it was told: none is told twice, and none but a last one was told by nobody.
        numbers = [int(answer.split()[0]) for answer in told]
        assert len(set(numbers)) == len(numbers)
        trials = collect_trials(tmp_path / folder, plan)
        assert [(t.trial, t.response, t.rt_s) for t in trials] == undisturbed
        assert {f"{t.trial} {t.response} {t.rt_s!r}" for t in trials} >= set(told)
        assert answer_table(read_events(event_log_path(tmp_path / folder, plan, "P01")), study) == asked
        killed_in_a_trial += sum(trial.offered > 1 for trial in trials)
    assert kills == KILLS
    assert killed_in_a_trial > 2
