"""Sessions in a real window, driven by real key events of the X server."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from lipstudy.records import read_manifest, read_plan, read_trials
from lipstudy.study import IN_SYNC_MS, read_events

pytestmark = pytest.mark.needs_display

LIPSTUDY = [sys.executable, "-m", "lipstudy"]
QUIET = ["--no-vsync-needed", "--no-sound-needed"]
PATIENCE_S = 180


def events_of(folder: Path, participant: str = "P01") -> list[Any]:
    path = folder / "sessions" / participant / "events.jsonl"
    return read_events(path) if path.exists() else []


def drive(
    process: subprocess.Popen[str],
    folder: Path,
    press: Callable[[str, str], None],
    display: str,
    wanted: Callable[[list[Any]], str | None],
    participant: str = "P01",
) -> tuple[int, str, str]:
    """Press the keys that `wanted` names for the events so far until the program ends; return how it ended."""
    end_s = time.monotonic() + PATIENCE_S
    while process.poll() is None:
        assert time.monotonic() < end_s, events_of(folder, participant)[-3:]
        key = wanted(events_of(folder, participant))
        if key is not None:
            press(display, key)
        time.sleep(0.1)
    out, err = process.communicate()
    return process.returncode, out, err


def answer_key(events: list[Any]) -> str:
    """Left in odd trials, right in even ones; Return on every other page."""
    last = events[-1] if events else None
    if last is not None and last.type in {"trial_started", "clip_played"}:
        return "Left" if last.trial % 2 else "Right"
    return "Return"


@pytest.fixture
def environment(display: str) -> Mapping[str, str]:
    return {**os.environ, "DISPLAY": display}


@pytest.mark.slow
@pytest.mark.needs_sound
def test_40_trials_by_keys_leave_40_whole_rows(make_study, started, press, display, environment, sound) -> None:
    study = make_study("repetitions: 10\nclip_retries: 10\n", frames=12, participants=1)
    folder = study.with_suffix(".data")
    process = started([*LIPSTUDY, "run", study, "--no-vsync-needed"], env={**environment, **sound})
    code, _, error = drive(process, folder, press, display, answer_key)
    assert (code, error) == (0, "")
    plan, rows = read_plan(study.with_suffix(".plan.csv")), read_trials(folder / "trials.csv")
    # A computer too busy to play the sound leaves a row with that reason, and the trial comes again.
    assert all("did not play the speech" in row.reason for row in rows if not row.valid)
    trials = sorted((row for row in rows if row.valid), key=lambda row: row.trial)
    assert len(trials) == 40
    frames = {clip.clip_id: clip.frames for clip in read_manifest(study.parent / "clips.csv")}
    for planned, trial in zip(plan, trials, strict=True):
        assert trial.trial == planned.trial
        assert (trial.clip_left, trial.clip_right) == (planned.clip_left, planned.clip_right)
        assert trial.response == ("left" if trial.trial % 2 else "right")
        assert (trial.plays_left, trial.plays_right, trial.watched_left, trial.watched_right) == (1, 1, 1.0, 1.0)
        assert (trial.frames_left, trial.frames_right) == (frames[trial.clip_left], frames[trial.clip_right])
        shown = trial.shown_frames_left + trial.shown_frames_right
        assert 0 < shown <= trial.frames_left + trial.frames_right
        assert trial.dropped_frames >= trial.frames_left + trial.frames_right - shown
        assert trial.rt_s > trial.rt_after_s > 0
        assert trial.screen_hz == 60.0
        assert trial.focus_lost_s is not None
        assert trial.in_sync == (abs(trial.av_offset_ms) <= IN_SYNC_MS)


def test_every_screen_of_a_session_takes_keys(make_study, started, press, display, environment) -> None:
    study = make_study(
        "catch_trials: 1\nno_preference: true\nchecks: [vision]\nbreak_every_trials: 3\ninstructions: Watch.\n"
        "consent: {version: '3', text: You may stop at any time.}\n"
        "questions:\n  - {name: age, prompt: 'Age?', kind: number}\n"
        "  - {name: glasses, prompt: 'Glasses?', kind: choice, choices: ['no', 'yes']}\n"
        "  - {name: noticed, prompt: 'What?'}\n",
        frames=5,
    )
    folder = study.with_suffix(".data")
    process = started([*LIPSTUDY, "run", study, "--participant", "2", *QUIET], env=environment)
    letters: list[str] = []

    def wanted(events: list[Any]) -> str | None:
        kinds = [event.type for event in events]
        answered = [event.question for event in events if event.type == "question_answered"]
        if "instructions_shown" not in kinds and "consent_given" in kinds:
            letters.append("x")  # the letters cannot be seen from here: three wrong answers, and the session goes on
            return "x" if len(letters) % 3 else "Return"
        if kinds and kinds[-1] in {"trial_started", "clip_played"}:
            return "Down"
        if answered == [] and "break_taken" in kinds and sum(kind == "response_given" for kind in kinds) == 5:
            letters.append("7")
            return "7" if len(letters) % 2 else "Return"
        return "2" if answered == ["age"] else "Return"

    code, out, error = drive(process, folder, press, display, wanted, "P02")
    assert (code, error) == (0, "")
    assert "P02: ended; 5 of 5 trials" in out
    events = events_of(folder, "P02")
    kinds = [event.type for event in events]
    assert kinds[:2] == ["session_started", "consent_given"]
    assert kinds[-2:] == ["withdrawal_code_given", "session_ended"]
    assert kinds.count("check_answered") == 3
    assert kinds.count("break_taken") == 1
    assert {event.response for event in events if event.type == "response_given"} == {"no_preference"}
    answers = {event.question: event.answer for event in events if event.type == "question_answered"}
    assert set(f"{answers['age']:.0f}") == {"7"}
    assert answers["glasses"] == "yes"
    sitting = json.loads((folder / "sessions" / "P02" / "sittings.jsonl").read_text())
    assert sitting["psychopy"].startswith("2026.2")
    assert sitting["screen_px"] == [1280, 1024]


@pytest.mark.slow
def test_esc_twice_pauses_and_the_same_command_goes_on(make_study, started, press, display, environment) -> None:
    study = make_study("", frames=5)
    folder = study.with_suffix(".data")
    command = [*LIPSTUDY, "run", study, "--participant", "P01", *QUIET]

    def until_two_are_done(events: list[Any]) -> str:
        if sum(event.type == "response_given" for event in events) < 2:
            return answer_key(events)
        return "c" if events[-1].type == "session_paused" else "Escape"

    code, out, error = drive(started(command, env=environment), folder, press, display, until_two_are_done)
    assert (code, error) == (0, "")
    assert "P01: paused, the same command goes on; 2 of 4 trials" in out
    before = events_of(folder)
    assert [event.type for event in before[-1:]] == ["session_paused"]
    code, out, error = drive(started(command, env=environment), folder, press, display, answer_key)
    assert (code, error) == (0, "")
    after = events_of(folder)
    assert after[: len(before)] == before
    assert [event.trial for event in after if event.type == "response_given"] == [1, 2, 3, 4]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert "the session of participant P01 has ended" in done.stderr


@pytest.mark.slow
def test_without_a_study_the_screen_offers_studies_and_the_next_slot(
    make_study, started, press, display, environment
) -> None:
    study = make_study("", frames=5)
    folder = study.with_suffix(".data")
    process = started([*LIPSTUDY, "run", *QUIET], env=environment, cwd=study.parent)

    def wanted(events: list[Any]) -> str:
        if not events:  # "1" chooses the study, Return the next participant
            wanted.presses += 1
            return "1" if wanted.presses % 2 else "Return"
        return "Escape" if events[-1].type == "session_ended" else answer_key(events)

    wanted.presses = 0
    code, out, error = drive(process, folder, press, display, wanted)
    assert (code, error) == (0, "")
    assert "1 sessions ended" in out
    assert len(read_trials(folder / "trials.csv")) == 4
