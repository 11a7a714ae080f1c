"""When the sound really comes, by a clock that is not the program's: the recorded monitor of a sound card."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

pytestmark = [pytest.mark.needs_display, pytest.mark.needs_sound]

SR = 48000

# Plays clicks while the monitor is recorded; tells when, by the device's own account, each began.
PLAYER = """
import json, sys, time
import numpy as np
from psychtoolbox import GetSecs
from lipstudy.lab import open_speaker, SPEAKER_SR
click = np.zeros(SPEAKER_SR // 2, np.float32)
click[:240] = 0.8
with open_speaker() as speaker:
    print("ready", flush=True)
    for number in range(5):
        speaker.load(click)
        due = GetSecs() + 0.25
        speaker.start_at(due)
        time.sleep(0.9 + 0.1 * number)
        print(json.dumps([due, speaker.started_s]), flush=True)
        speaker.stop()
"""


def test_sound_is_heard_when_the_device_says_so(display, sound, tmp_path) -> None:
    environment = {**os.environ, **sound, "DISPLAY": display}
    recording = tmp_path / "monitor.raw"
    with open(recording, "wb") as file:
        recorder = subprocess.Popen(
            ["parec", "--device=null.monitor", "--format=s16le", "--channels=1", f"--rate={SR}", "--latency-msec=10"],
            stdout=file,
            env=environment,
        )
        try:
            done = subprocess.run(
                [sys.executable, "-c", PLAYER], capture_output=True, text=True, check=True, env=environment
            )
        finally:
            recorder.terminate()
            recorder.wait()
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    samples = np.frombuffer(recording.read_bytes(), np.int16)
    loud = np.flatnonzero(np.abs(samples.astype(int)) > 8000)
    heard_s = loud[np.diff(loud, prepend=-SR) > SR // 10] / SR
    started = np.array([start for due, start in told])
    due = np.array([due for due, start in told])
    assert len(heard_s) == len(told) == 5
    assert np.abs(started - due).max() < 0.005
    # The recording has a clock of its own and no common zero, so the distances between clicks are held together.
    assert np.abs(np.diff(heard_s) - np.diff(started)).max() < 0.030


def test_a_device_that_is_gone_fails_the_clip_and_not_the_session(display, sound) -> None:
    program = (
        "import numpy as np\n"
        "from lipstudy.lab import open_speaker\n"
        "from lipstudy.study import ClipFailedError\n"
        "with open_speaker() as speaker:\n"
        "    speaker._stream.close()\n"
        "    try:\n"
        "        speaker.load(np.zeros(480, np.float32))\n"
        "    except ClipFailedError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **sound, "DISPLAY": display},
    )
    assert "the sound device 'default' plays no more: is it still plugged in?" in done.stdout
