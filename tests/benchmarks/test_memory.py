"""Long speech and long clips need no more memory than short ones."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipstudy.face import load_track
from lipstudy.speech import synthesise

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from Linux's /proc"),
]

MOST = 1.15
LISTENING = """
import numpy as np

class Listening:
    def displacements(self, speech, *, fps, neutral):
        for block in speech.blocks(sr=16000, block_s=1):
            moved = np.zeros((round(len(block) / 16000 * fps), 478, 3))
            moved[:, 17, 1] = np.abs(block).mean()
            yield moved
"""
# Not getrusage: it counts what the process that began this one had in memory.
MEASURED = """
from pathlib import Path
from lipstudy.cli import main
main()
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(peak.split()[1])
"""


SPOKEN = "Bob bought five more blue pots and a pan, but Pam thought of music."
FRAMES_HELD = 0.05
"""Part of a clip's frames that may be in memory; its track and its sound, which are, are a fiftieth of them."""
FRAME_KIB = 512 * 512 * 3 / 1024


def peak_of(folder: Path, *words: str) -> float:
    """Return the most memory, KiB, that a command of lipstudy had."""
    command = [sys.executable, "-c", MEASURED, *words, "-q"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def speech(folder: Path, *, repeats: int) -> Path:
    spoken = synthesise(SPOKEN).sound
    path = folder / f"talk{repeats}.wav"
    soundfile.write(path, np.tile(spoken.samples, repeats), spoken.sr)
    return path


def test_memory_is_flat_from_a_minute_to_a_quarter_of_an_hour(tmp_path: Path) -> None:
    (tmp_path / "listening.py").write_text(LISTENING)
    short, long = (
        peak_of(tmp_path, "speak", speech(tmp_path, repeats=count).name, "--model", "listening.py:Listening")
        for count in (12, 180)
    )
    print(f"\nspeak: {long / short:.2f} of the memory for 15 times the speech, at most {MOST}")
    assert long < MOST * short


@pytest.mark.parametrize("shown", [(), ("--photograph", "astronaut")], ids=["landmarks", "photograph"])
def test_the_frames_of_a_long_clip_are_never_in_memory_together(shown: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "listening.py").write_text(LISTENING)
    peaks_kib, frames = [], []
    for repeats in (1, 4):
        sound = speech(tmp_path, repeats=repeats)
        peak_of(tmp_path, "speak", sound.name, "--model", "listening.py:Listening")
        track = sound.with_suffix(".track.npz")
        frames.append(load_track(track).num_frames)
        peaks_kib.append(peak_of(tmp_path, "render", track.name, "--sound", sound.name, *shown, "-o", "clip.mp4"))
    held = (peaks_kib[1] - peaks_kib[0]) / (FRAME_KIB * (frames[1] - frames[0]))
    print(f"\nrender: {peaks_kib[1] / peaks_kib[0]:.2f} of the memory, {held:.3f} of the frames more")
    assert held < FRAMES_HELD
