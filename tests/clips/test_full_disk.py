"""A disk that fills up in the middle of a build loses nothing that was finished."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lipstudy.clips import Recipe, Sentence, Speaker, build_set
from lipstudy.errors import OutputError

RECIPE = Recipe(
    speakers=(Speaker(name="astronaut", photograph=Path("astronaut")),),
    sentences=(Sentence(name="boats", text="Both boats."),),
    articulations=(0.5, 0.75, 1.0, 1.25, 1.5),
    embodiments=("landmarks",),
    size_px=256,
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("a small disk can be mounted by root only")
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_told_and_the_build_goes_on_when_there_is_room(small_disk: Path) -> None:
    filler = small_disk / "filler"

    def fill(done: int, total: int) -> None:
        if done == 2 and not filler.exists():
            free = os.statvfs(small_disk)
            filler.write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - 20_000)))

    with pytest.raises(OutputError, match=r"cannot write .*: no space left on device; nothing there was changed"):
        build_set(RECIPE, small_disk / "set", workers=1, progress=fill)
    finished = {path.name: path.read_bytes() for path in (small_disk / "set" / "clips").glob("*.mp4")}
    assert len(finished) == 2
    filler.unlink()
    built = build_set(RECIPE, small_disk / "set", workers=1)
    assert (built.rendered, built.reused, built.failed) == (3, 2, ())
    assert {name: (small_disk / "set" / "clips" / name).read_bytes() for name in finished} == finished
