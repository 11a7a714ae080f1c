"""How long a full report takes."""

import time

import pytest

from lipstudy.inference import Assumptions, simulate_choices
from lipstudy.randomness import named_stream
from lipstudy.records import Trial, write_trials
from lipstudy.report import write_report

MOST_S = 60.0
"""For 100 people with 120 trials each and 1,000 draws of each bootstrap, on two cores."""


@pytest.mark.benchmark
def test_report_of_100_people_takes_less_than_a_minute(tmp_path) -> None:
    planted = Assumptions(participants=100, sentences=15, repetitions=2)
    table = simulate_choices(planted, named_stream(1, "benchmark"))
    numbers = table.groupby("participant").cumcount() + 1
    rows = table.to_dict("records")
    write_trials(tmp_path / "trials.csv", [_trial(int(n), row) for n, row in zip(numbers, rows, strict=True)])
    drawn: list[int] = []
    begun = time.perf_counter()
    report = write_report(tmp_path, tmp_path, draws=1000, workers=2, progress=lambda done, total: drawn.append(total))
    assert time.perf_counter() - begun < MOST_S
    assert report.results["data"]["analysed"] == 12_000
    assert set(drawn) == {1000}


def _trial(number: int, row: dict[str, object]) -> Trial:
    shown = [(f"{row['item']}-{row['articulation']}", row["articulation"]), (f"{row['item']}-1", 1.0)]
    (left, a_left), (right, a_right) = shown if row["side"] > 0 else shown[::-1]
    return Trial(
        participant=row["participant"], session=row["participant"], trial=number, block=1, kind="2afc",
        embodiment="photo" if number % 2 else "landmarks", speaker="ada", sentence=row["item"], clip_left=left,
        clip_right=right, articulation_left=a_left, articulation_right=a_right,
        response="left" if bool(row["chosen"]) == (row["side"] > 0) else "right", rt_s=1 + number / 100,
        plays_left=1, plays_right=1, watched_left=1.0, watched_right=1.0, dropped_frames=None, av_offset_ms=None,
        valid=True, reason=None, simulated=True,
    )  # fmt: skip
