"""Work on several processes ends with the command that began it."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lipstudy.execution import run_each

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")

SCRIPT = """
import os, time
from lipstudy.execution import run_each
def slow(number):
    os.write(1, f"{os.getpid()}\\n".encode())  # in one piece, lest two workers mix their lines
    time.sleep(600)
if __name__ == "__main__":
    list(run_each(slow, range(4), workers=2))
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def ends(pids: set[int], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while any(map(is_running, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.fixture
def working(tmp_path: Path):
    """Start a command with two workers that sleep; give it and their process numbers."""
    script = tmp_path / "command.py"
    script.write_text(SCRIPT)
    command = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )
    assert command.stdout is not None
    workers = {int(command.stdout.readline()) for _ in range(2)}
    yield command, workers
    for pid in (command.pid, *workers):
        if is_running(pid):
            os.kill(pid, signal.SIGKILL)
    command.communicate()


@pytest.mark.parametrize("workers", [1, 2])
def test_each_item_is_worked_on_once_and_told_with_its_index(workers: int) -> None:
    assert dict(run_each(math.sqrt, [9, 1, 4], workers=workers)) == {0: 3, 1: 1, 2: 2}


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_error_is_raised_as_it_is(workers: int) -> None:
    with pytest.raises(ValueError, match="math domain error"):
        list(run_each(math.sqrt, [1, -1], workers=workers))


@needs_proc
def test_workers_of_a_killed_command_end_by_themselves(working) -> None:
    command, workers = working
    assert len(workers) == 2
    os.kill(command.pid, signal.SIGKILL)
    command.wait()
    assert ends(workers, within_s=10)


@needs_proc
def test_ctrl_c_stops_items_that_are_being_worked_on(working) -> None:
    command, workers = working
    os.killpg(command.pid, signal.SIGINT)
    assert ends(workers | {command.pid}, within_s=10)
    assert command.wait() == -signal.SIGINT
