"""Drawing costs little beside encoding."""

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
    ratios = []
    for _ in range(5):
        alone_s = seconds(lambda: encode_clip(tmp_path / "a.mp4", drawn, fps=track.fps, sound=None))
        both_s = seconds(
            lambda: encode_clip(
                tmp_path / "b.mp4", render_landmarks(track, style=style, size_px=SIZE_PX), fps=track.fps, sound=None
            )
        )
        ratios.append(alone_s / both_s)
    print(f"{len(drawn)} frames, drawing and encoding over encoding alone: {np.round(ratios, 3)}")
    assert np.median(ratios) > 0.9


def test_lines_are_drawn_ten_times_as_fast_as_they_are_encoded(track: LandmarkTrack, tmp_path: Path) -> None:
    frames = render_landmarks(track, style=LandmarkStyle(), size_px=SIZE_PX)
    encoded_s = seconds(lambda: encode_clip(tmp_path / "a.mp4", frames, fps=track.fps, sound=None))
    drawn_s = seconds(lambda: [None for _ in render_landmarks(track, style=LandmarkStyle(), size_px=SIZE_PX)])
    print(f"drawing alone: {track.num_frames / drawn_s:.0f} frames/s")
    assert encoded_s > 10 * drawn_s
