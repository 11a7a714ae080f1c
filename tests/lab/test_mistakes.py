"""What can be wrong in a lab, told in one sentence before a participant is there, or without losing anything."""

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from lipstudy import LipstudyError
from lipstudy.lab import check_for_window, open_study, open_window
from lipstudy.study import EventLog, read_events

LIPSTUDY = [sys.executable, "-m", "lipstudy"]


def refused(arguments: list[object], environment: Mapping[str, str] | None = None) -> str:
    """Return the one sentence with which a command is refused."""
    done = subprocess.run(
        [*LIPSTUDY, *map(str, arguments)], capture_output=True, text=True, check=False, env=environment
    )
    assert (done.returncode, done.stdout) == (2, ""), done
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_study_without_a_plan(make_study) -> None:
    study = make_study()
    study.with_suffix(".plan.csv").unlink()
    with pytest.raises(LipstudyError, match=r"has no plan study\.plan\.csv: write it with 'lipstudy plan"):
        open_study(study)


def test_a_missing_and_an_altered_clip(make_study) -> None:
    study = make_study()
    clip = study.parent / "one_1.mp4"
    data = clip.read_bytes()
    clip.write_bytes(data + b"x")
    with pytest.raises(LipstudyError, match=r"one_1\.mp4 was changed after the manifest was written"):
        open_study(study)
    clip.unlink()
    with pytest.raises(LipstudyError, match=r"one_1\.mp4 is missing"):
        open_study(study)


def test_a_text_that_the_font_cannot_write(make_study) -> None:
    with pytest.raises(LipstudyError, match="cannot write '同'"):
        open_study(make_study("instructions: 同意\n"))


@pytest.mark.needs_display
def test_no_display(make_study) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    told = refused(["run", make_study(), "--no-sound-needed", "--no-vsync-needed"], environment)
    assert told.startswith("Error: there is no display")


@pytest.mark.needs_display
def test_no_sound_device(make_study, display, tmp_path: Path) -> None:
    nothing = tmp_path / "asound.conf"
    nothing.write_text("")
    environment = {**os.environ, "DISPLAY": display, "ALSA_CONFIG_PATH": str(nothing), "PULSE_SERVER": "none"}
    study = make_study()
    told = refused(["run", study, "--no-vsync-needed"], environment)
    assert told.startswith("Error: this computer has no sound device: plug in headphones")
    assert not study.with_suffix(".data").exists()


@pytest.mark.slow
@pytest.mark.needs_display
def test_a_screen_that_pictures_do_not_wait_for(make_study, display) -> None:
    told = refused(["run", make_study(), "--no-sound-needed"], {**os.environ, "DISPLAY": display})
    assert "do not wait for the refresh of this screen" in told
    assert "--no-vsync-needed" in told


@pytest.mark.needs_display
@pytest.mark.parametrize(
    ("making", "sentence"),
    [
        ({"side_px": 642, "scales": (0.5, 1.0), "sentences": ("one",)}, r"screen is too small: it has 1280 x 1024"),
        ({"fps": 100.0}, r"_0\.5 has 100 frames/s and the screen shows 60"),
    ],
)
def test_clips_that_the_screen_cannot_show(make_study, display, making, sentence) -> None:
    lab = open_study(make_study(**making))
    with open_window(virtual_hz=60.0) as window, pytest.raises(LipstudyError, match=sentence):
        check_for_window(lab, window)


@pytest.mark.needs_display
def test_clips_longer_than_memory(make_study, display, monkeypatch) -> None:
    import psutil

    lab = open_study(make_study())
    memory = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory._replace(available=200_000))
    with (
        open_window(virtual_hz=60.0) as window,
        pytest.raises(LipstudyError, match=r"need 0\.0 GB of memory, and 0\.0 GB may be used: build them shorter"),
    ):
        check_for_window(lab, window)


@pytest.mark.slow
@pytest.mark.needs_display
def test_a_participant_who_is_running_elsewhere(make_study, display) -> None:
    study = make_study()
    lab = open_study(study)
    with EventLog.of(lab.folder, lab.study, lab.plan, "P01"):
        process = subprocess.Popen(
            [*LIPSTUDY, "run", study, "--participant", "1", "--no-sound-needed", "--no-vsync-needed"],
            env={**os.environ, "DISPLAY": display},
            stderr=subprocess.PIPE,
            text=True,
        )
        told = _closed_by_return(process, display)
    assert process.returncode == 2
    assert "the session of P01 in" in told
    assert "is open in another process" in told


@pytest.mark.slow
@pytest.mark.needs_display
def test_a_disk_that_fills_up_in_a_session_loses_nothing(make_study, display) -> None:
    study = make_study("repetitions: 4\n", frames=4, participants=1)
    process = subprocess.Popen(
        [*LIPSTUDY, "run", study, "--participant", "1", "--no-sound-needed", "--no-vsync-needed"],
        env={**os.environ, "DISPLAY": display},
        stderr=subprocess.PIPE,
        text=True,
        # No file may grow beyond this: the log is full within the first trials. Plan and lock are there before.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6144, 6144)),
    )
    log = study.with_suffix(".data") / "sessions" / "P01" / "events.jsonl"
    log.parent.mkdir(parents=True)
    told = _closed_by_return(process, display, "Left")
    assert process.returncode == 2
    assert "everything up to event" in told
    answers = [event for event in read_events(log) if event.type == "response_given"]
    assert answers
    assert f"up to event {len(read_events(log))} is kept" in told


def _closed_by_return(process: subprocess.Popen[str], display: str, *keys: str) -> str:
    """Press Return, and `keys`, until a program ends; return what it told."""
    while process.poll() is None:
        subprocess.run(
            ["xdotool", "key", "--delay", "60", "Return", *keys], env={**os.environ, "DISPLAY": display}, check=True
        )
    return process.communicate()[1]
