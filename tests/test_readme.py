"""What the README says works as it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from lipstudy.cli import VERBS

ROOT = Path(__file__).parents[1]


ELSEWHERE = {
    "calibrate": "needs a screen: tests/lab",
    "rehearse": "needs a screen: tests/lab",
    "run": "needs a screen: tests/lab",
    "train": "needs a folder of films: tests/cli/test_models.py",
    "evaluate": "needs a folder of films: tests/cli/test_models.py",
}
"""Verbs whose commands need more than a film, and where they are run."""


def commands(text: str) -> list[str]:
    return re.findall(r"^    ((?:lipstudy|cd) .*)$", text, flags=re.MULTILINE)


def test_the_readme_shows_every_verb() -> None:
    shown = {words[1] for words in map(str.split, commands((ROOT / "README.md").read_text())) if words[0] == "lipstudy"}
    assert shown | {"demo"} == set(VERBS)


@pytest.mark.slow
@pytest.mark.needs_shared_data
@pytest.mark.skipif(os.name == "nt", reason="the commands are run by a POSIX shell")
def test_the_readme_commands_work_one_after_the_other(grid: Path, tmp_path: Path) -> None:
    film = tmp_path / "talk.mp4"
    subprocess.run([get_ffmpeg_exe(), "-loglevel", "error", "-i", grid / "bbaf2n.mpg", "-crf", "12", film], check=True)
    subprocess.run(
        [get_ffmpeg_exe(), "-loglevel", "error", "-i", film, "-t", "1", tmp_path / "ada_bin_0.50.mp4"], check=True
    )
    script = "\n".join(
        command.replace("rendered/", "..")
        for command in commands((ROOT / "README.md").read_text())
        if command.split()[1] not in ELSEWHERE and "my-speaker/" not in command
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    made = {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*")}
    assert {"talk.track.npz", "talk.a0.50.mp4", "talk.a1.50.mp4", "my-study/report/report.html"} <= made


def test_the_commands_of_a_new_study_are_those_of_the_readme() -> None:
    readme = commands((ROOT / "README.md").read_text())
    for command in commands((ROOT / "lipstudy" / "templates" / "README.md").read_text()):
        assert command in readme


@pytest.mark.skipif(shutil.which("make") is None, reason="no make")
def test_the_readme_names_the_targets_of_the_makefile() -> None:
    named = set(re.findall(r"^    make (\w+)", (ROOT / "README.md").read_text(), flags=re.MULTILINE))
    assert named == {"demo", "test"}
    done = subprocess.run(["make", "--dry-run", *named], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
