"""A disk that fills up in the middle of a build loses nothing that was finished."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lipstudy.errors import OutputError
from lipstudy.execution import Progress, cluster_executor
from lipstudy.stimuli import Recipe, Sentence, Speaker, build_set

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


def fill_after_two(disk: Path) -> Progress:
    """Return a progress callback that fills `disk` once two clips are done."""

    def fill(done: int, total: int) -> None:
        if done == 2 and not (disk / "filler").exists():
            free = os.statvfs(disk)
            with suppress(OSError):  # workers of a cluster take their part meanwhile
                (disk / "filler").write_bytes(bytes(max(0, free.f_bavail * free.f_frsize - 20_000)))

    return fill


def finished_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "clips").glob("[!.]*.mp4")}


FULL = r"cannot write .*: no space left on device; nothing there was changed"


def test_a_full_disk_is_told_and_the_build_goes_on_when_there_is_room(small_disk: Path) -> None:
    with pytest.raises(OutputError, match=FULL):
        build_set(RECIPE, small_disk / "set", workers=1, progress=fill_after_two(small_disk))
    finished = finished_in(small_disk / "set")
    assert len(finished) == 2
    (small_disk / "filler").unlink()
    built = build_set(RECIPE, small_disk / "set", workers=1)
    assert (built.rendered, built.reused, built.failed) == (3, 2, ())
    assert finished.items() <= finished_in(small_disk / "set").items()


@pytest.mark.slow
def test_a_disk_that_fills_under_a_cluster_is_told_and_loses_nothing(small_disk: Path, scheduler) -> None:
    with cluster_executor(scheduler.scheduler_address) as executor:
        with pytest.raises(OutputError, match=FULL):
            build_set(RECIPE, small_disk / "set", executor=executor, progress=fill_after_two(small_disk))
        finished = finished_in(small_disk / "set")
        assert 2 <= len(finished) < 5
        (small_disk / "filler").unlink()
        built = build_set(RECIPE, small_disk / "set", executor=executor)
    assert (built.rendered + built.reused, built.failed) == (5, ())
    assert built.reused >= len(finished)
    assert finished.items() <= finished_in(small_disk / "set").items()
    assert [path.name for path in small_disk.rglob(".*")] == []
