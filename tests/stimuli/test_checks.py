"""What is wrong with a clip is told in words."""

from dataclasses import replace

import numpy as np
import pytest

from lipstudy.media import ClipMeasures, Sound
from lipstudy.stimuli import clip_faults

GOOD = ClipMeasures(
    frames=25,
    fps=25.0,
    duration_s=1.0,
    sound_duration_s=0.99,
    av_offset_ms=0.1,
    width_px=128,
    height_px=128,
    constant_frame_rate=True,
)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, []),
        ({"frames": 24}, ["it holds 24 frames, 25 were drawn"]),
        ({"constant_frame_rate": False}, ["its frames are not equally far apart in time"]),
        ({"fps": 24.9}, ["it plays at 24.9000 frames per second, not 25.0000"]),
        ({"sound_duration_s": 0.95}, ["the sound given lasts 990.0 ms, its own 950.0 ms"]),
        ({"av_offset_ms": -1.0}, ["its sound starts -1.00 ms after its picture"]),
        ({"av_offset_ms": float("nan")}, ["its sound starts +nan ms after its picture"]),
    ],
)
def test_each_fault_of_a_clip_is_told(wrong: dict, said: list[str]) -> None:
    sound = Sound(np.zeros(990, np.float32), 1000)
    assert clip_faults(replace(GOOD, **wrong), frames=25, fps=25.0, sound=sound) == said
