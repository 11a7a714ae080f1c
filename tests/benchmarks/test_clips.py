"""Drawing costs little beside encoding, and two workers make nearly twice as much as one."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lipstudy.clips import LandmarkStyle, render_landmarks
from lipstudy.face import LandmarkTrack
from lipstudy.media import encode_clip
from lipstudy.models import viseme_track
from lipstudy.speech import synthesise

pytestmark = pytest.mark.benchmark

SIZE_PX = 512
TRIES = 3
"""What else runs on the machine takes from two programs what it leaves to one, and spoils a ratio."""
TEXT = "We threw the blue umbrella up, and both brown boats came back empty with five more apple pies for my poor mum."


@pytest.fixture(scope="module")
def track() -> LandmarkTrack:
    utterance = synthesise(TEXT)
    return viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=50)


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def test_a_landmark_clip_is_made_at_nine_tenths_of_the_encoders_own_rate(track: LandmarkTrack, tmp_path: Path) -> None:
    style = LandmarkStyle()
    drawn = list(render_landmarks(track, style=style, size_px=SIZE_PX))

    def ratio() -> float:
        alone_s = seconds(lambda: encode_clip(tmp_path / "a.mp4", drawn, fps=track.fps, sound=None))
        both_s = seconds(
            lambda: encode_clip(
                tmp_path / "b.mp4", render_landmarks(track, style=style, size_px=SIZE_PX), fps=track.fps, sound=None
            )
        )
        return alone_s / both_s

    for _ in range(TRIES):
        ratios = [ratio() for _ in range(3)]
        print(f"{len(drawn)} frames, encoding alone over drawing and encoding: {np.round(ratios, 3)}")
        if np.median(ratios) > 0.9:
            return
    pytest.fail(f"in each of {TRIES} tries the median was under 0.9")


def test_lines_are_drawn_ten_times_as_fast_as_they_are_encoded(track: LandmarkTrack, tmp_path: Path) -> None:
    frames = render_landmarks(track, style=LandmarkStyle(), size_px=SIZE_PX)
    encoded_s = seconds(lambda: encode_clip(tmp_path / "a.mp4", frames, fps=track.fps, sound=None))
    drawn_s = seconds(lambda: [None for _ in render_landmarks(track, style=LandmarkStyle(), size_px=SIZE_PX)])
    print(f"drawing alone: {track.num_frames / drawn_s:.0f} frames/s")
    assert encoded_s > 10 * drawn_s


RECIPE = """\
speakers: [{name: astronaut, photograph: astronaut}]
sentences: [{name: boats, text: Both brown boats came back empty.}, {name: poem, text: Maybe Pam should read my poem.}]
articulations: [0.5, 0.75, 1, 1.5]
"""
BUILD = """
import json, os, sys, time
from lipstudy.stimuli import build_set, load_recipe
cores, recipe, folder = sys.argv[1:]
os.sched_setaffinity(0, map(int, cores.split(",")))
done_at_s = []
workers = len(cores.split(","))
build_set(load_recipe(recipe), folder, workers=workers, progress=lambda *_: done_at_s.append(time.perf_counter()))
print(json.dumps(done_at_s))
"""


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="two cores to choose are needed"
)
def test_two_workers_on_two_cores_are_nearly_twice_as_fast_as_one_on_one(tmp_path: Path, record_property) -> None:
    # With two cores one worker would use half of the second for FFmpeg. The rate is that of all clips but the first
    # two: beginning a worker costs two seconds of libraries, in a set of any size; the whole build tells of it.
    cores = sorted(map(str, os.sched_getaffinity(0)))
    (tmp_path / "recipe.yaml").write_text(RECIPE)

    def seconds_of_build(workers: int) -> tuple[float, float]:
        given = [",".join(cores[:workers]), str(tmp_path / "recipe.yaml"), str(tmp_path / str(time.monotonic_ns()))]
        began_s = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", BUILD, *given], check=True, stdout=subprocess.PIPE)
        done_at_s = json.loads(done.stdout)
        return done_at_s[-1] - done_at_s[2], time.perf_counter() - began_s

    best = whole = 0.0
    for _ in range(TRIES):
        alone, together = seconds_of_build(1), seconds_of_build(2)
        ratio, of_all = (one_s / two_s for one_s, two_s in zip(alone, together, strict=True))
        best, whole = max(best, ratio), max(whole, of_all)
        print(
            f"14 clips on one core {alone[0]:.1f} s, on two {together[0]:.1f} s: {ratio:.2f}; whole build {of_all:.2f}"
        )
        if best > 1.8 and whole > 1.4:
            break
    record_property("ratio", best)
    assert best > 1.8
    assert whole > 1.4
