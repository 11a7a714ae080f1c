"""How soon `lipstudy --help` answers."""

import subprocess
import sys
import time

import pytest


def quickest_s(*arguments: str) -> float:
    durations = []
    for _ in range(7):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        durations.append(time.perf_counter() - began)
    return min(durations)


@pytest.mark.benchmark
def test_help_costs_less_than_six_bare_interpreters(record_property) -> None:
    # A bare interpreter starts in 0.04 to 0.06 s, so six of them are the 0.3 s that a person does not notice.
    bare_s, help_s = quickest_s("-c", "pass"), quickest_s("-m", "lipstudy", "--help")
    record_property("ratio", help_s / bare_s)
    assert help_s - bare_s < 6 * bare_s
