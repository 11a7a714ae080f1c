"""Long speech needs no more memory than a minute of it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

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


def peak_of(folder: Path, *, repeats: int) -> float:
    spoken = synthesise("Bob bought five more blue pots and a pan, but Pam thought of music.").sound
    soundfile.write(folder / f"talk{repeats}.wav", np.tile(spoken.samples, repeats), spoken.sr)
    words = ("speak", f"talk{repeats}.wav", "--model", "listening.py:Listening", "-q")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return float(done.stdout.splitlines()[-1])


def test_memory_is_flat_from_a_minute_to_a_quarter_of_an_hour(tmp_path: Path) -> None:
    (tmp_path / "listening.py").write_text(LISTENING)
    short, long = peak_of(tmp_path, repeats=12), peak_of(tmp_path, repeats=180)
    print(f"\nspeak: {long / short:.2f} of the memory for 15 times the speech, at most {MOST}")
    assert long < MOST * short
