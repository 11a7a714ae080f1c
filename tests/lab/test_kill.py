"""A session in a real window that is killed at random moments: nothing answered is lost or doubled, nothing skipped."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from lipstudy.records import read_plan
from lipstudy.study import collect_trials, read_events

KILLS = 50

# Loads PsychoPy once, then forks a process for each sitting, which opens its own window and can be killed. pyglet's
# hidden window is left out, as a connection to the screen must not be shared. An answer is told once it is on disk.
NURSERY = """
import os, sys
import pyglet
pyglet.options["shadow_window"] = False
from pathlib import Path
import psychopy.visual.window, psychopy.visual.image, psychtoolbox, PIL.Image, fontTools.ttLib, psutil
import av, cv2, scipy.signal
from lipstudy.lab import open_study, RehearsalPresenter, open_window
from lipstudy.study import EventLog, SimulatedViewer, SimulatedViewers, run_session

lab = open_study("study.yaml")

def tell(event):
    if event.type == "response_given":
        os.write(1, f"answer {event.trial} {event.response}\\n".encode())

for folder in sys.stdin:
    child = os.fork()
    if child == 0:
        with open_window(fullscreen=False, size_px=(800, 600), virtual_hz=25.0) as window:
            presenter = RehearsalPresenter(
                window, lab.clips_folder, SimulatedViewer(SimulatedViewers(), "P01", seed=1), font=None
            )
            log = EventLog.of(folder.strip(), lab.study, lab.plan, "P01")
            os.write(1, b"open\\n")
            run_session(log, presenter, lab.clips, session="P01-rehearsal-1", simulated=True,
                        clock=lambda: window.now_s, new_code=lambda: "REHEARSAL", tell=tell)
        os._exit(0)
    os.write(1, f"process {child}\\n".encode())
    os.write(1, f"ended {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\\n".encode())
"""


def sit(nursery: subprocess.Popen[str], folder: str, after_s: float | None) -> tuple[int, list[str]]:
    """Return how the sitting ended, and the answers that it told; it is killed `after_s` after its window is open."""
    nursery.stdin.write(f"{folder}\n")
    nursery.stdin.flush()
    child, answers = 0, []
    for line in nursery.stdout:
        word, _, rest = line.strip().partition(" ")
        if word == "process":
            child = int(rest)
        elif word == "answer":
            answers.append(rest)
        elif word == "ended":
            return int(rest), answers
        if word == "open" and after_s is not None:
            time.sleep(after_s)
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    raise AssertionError("the nursery died")


@pytest.mark.slow
@pytest.mark.needs_display
def test_no_answer_is_lost_doubled_or_skipped_by_50_kills(make_study, display, monkeypatch) -> None:
    study = make_study("repetitions: 3\n", frames=4, participants=1)
    monkeypatch.chdir(study.parent)
    plan = read_plan("study.plan.csv")
    moments = random.Random(5)
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:
        kills = interrupted = number = 0
        while kills < KILLS:
            number += 1
            folder, told, status = f"data{number}", [], -9
            while status == -9:
                status, answers = sit(nursery, folder, moments.uniform(0.0, 1.0) if kills < KILLS else None)
                kills += status == -9
                told += answers
            assert status == 0
            assert len({answer.split()[0] for answer in told}) == len(told)
            trials = collect_trials(folder, plan)
            assert [trial.trial for trial in trials] == [trial.trial for trial in plan]
            assert all(trial.valid for trial in trials)
            assert {f"{trial.trial} {trial.response}" for trial in trials} >= set(told)
            shown = read_events(Path(folder) / "sessions/P01/events.jsonl")
            assert [event.trial for event in shown if event.type == "response_given"] == list(range(1, len(plan) + 1))
            interrupted += sum(trial.offered > 1 for trial in trials)
        nursery.stdin.close()
    assert kills == KILLS
    assert interrupted > KILLS / 10
