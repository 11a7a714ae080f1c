from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.records import StudyLock, read_lock, write_lock

LOCK = StudyLock(
    name="a",
    design_sha256="0" * 64,
    plan_sha256="1" * 64,
    participants=3,
    definition={"name": "a", "family": ["asymmetry"]},
    lipstudy="0.1.0",
)


def test_a_lock_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_lock(tmp_path / "study.lock.json", LOCK)
    assert read_lock(tmp_path / "study.lock.json") == LOCK


@pytest.mark.parametrize("text", ["", "{}", "[1", '{"name": "a", "design_sha256": "short"}'])
def test_a_file_that_is_no_lock_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "study.lock.json").write_text(text)
    with pytest.raises(InputError, match=r"study\.lock\.json is not the lock of a study: 'lipstudy lock' writes one"):
        read_lock(tmp_path / "study.lock.json")
