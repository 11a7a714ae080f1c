"""The same set comes out of a Dask cluster in whose middle a worker is killed."""

import os
import signal
from pathlib import Path

import pytest

from lipstudy.execution import cluster_executor
from lipstudy.stimuli import Recipe, Sentence, Speaker, build_set

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")]

RECIPE = Recipe(
    speakers=(Speaker(name="astronaut", photograph=Path("astronaut")),),
    sentences=(Sentence(name="bob", text="Bob."),),
    articulations=(0.5, 0.75, 1.0, 1.5),
    size_px=192,
)


def test_a_killed_worker_leaves_no_trace_in_the_set(scheduler, tmp_path: Path) -> None:
    pids = [worker.process.pid for worker in scheduler.workers.values()]

    def kill_one(done: int, total: int) -> None:
        if done == 2 and pids:
            os.kill(pids.pop(), signal.SIGKILL)

    with cluster_executor(scheduler.scheduler_address) as executor:
        spread = build_set(RECIPE, tmp_path / "spread", executor=executor, progress=kill_one)
    assert len(pids) == 1, "no worker was killed"
    here = build_set(RECIPE, tmp_path / "here", workers=1)
    assert (spread.rendered, spread.failed) == (8, ())
    for clip in here.clips:
        assert (tmp_path / "spread" / clip.path).read_bytes() == (tmp_path / "here" / clip.path).read_bytes()
    assert spread.manifest.read_bytes() == here.manifest.read_bytes()
    assert [path.name for path in (tmp_path / "spread").rglob("*") if path.name.startswith(".")] == []
