"""`lipstudy new`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lipstudy import LipstudyError
from lipstudy.cli._start import new
from lipstudy.templates import create_study_folder


def test_a_new_study_has_the_three_folders_and_a_readme(tmp_path: Path) -> None:
    shown = CliRunner().invoke(new, [str(tmp_path / "my-study"), "--json"], catch_exceptions=False)
    files = {Path(name).relative_to(tmp_path / "my-study").as_posix() for name in json.loads(shown.stdout)["files"]}
    assert {
        "README.md",
        "stimuli/articulation.yaml",
        "experiments/articulation.yaml",
        "analysis/articulation.py",
    } <= files
    assert all((tmp_path / "my-study" / name).is_file() for name in files)


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(LipstudyError, match="is not empty"):
        create_study_folder(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
