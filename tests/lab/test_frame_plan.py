"""Which refresh shows which frame, and what counts as dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipstudy.lab import FrameCount, FramePlan

RATES = st.sampled_from([10.0, 24.0, 25.0, 29.97, 30.0, 50.0, 60.0])
SCREENS = st.one_of(st.sampled_from([59.94, 60.0, 75.0, 100.0, 120.0, 144.0, 240.0]), st.floats(59.4, 60.6))


def test_25_frames_on_60_hz_stay_two_or_three_refreshes() -> None:
    # 60 / 25 = 2.4 refreshes a frame: 0, 2.4, 4.8, 7.2, 9.6, 12 are nearest to 0, 2, 5, 7, 10, 12.
    plan = FramePlan(6, 25.0, 60.0)
    assert plan.due == (0, 2, 5, 7, 10, 12)
    assert [plan.frame_at(refresh) for refresh in range(plan.num_refreshes)] == [
        0,
        0,
        1,
        1,
        1,
        2,
        2,
        3,
        3,
        3,
        4,
        4,
        5,
        5,
    ]


def test_a_screen_a_hair_too_slow_does_not_shift_30_frames() -> None:
    assert FramePlan(90, 30.0, 59.97).due == tuple(range(0, 180, 2))
    assert FramePlan(90, 30.0, 60.03).due == tuple(range(0, 180, 2))


@given(st.integers(1, 400), RATES, SCREENS)
def test_no_frame_is_more_than_half_a_refresh_from_its_time(frames: int, fps: float, hz: float) -> None:
    if fps > hz * 1.01:
        return
    plan = FramePlan(frames, fps, hz)
    assert all(abs(due / hz - frame / fps) <= 0.5 / hz + 1e-9 for frame, due in enumerate(plan.due))
    assert abs(plan.num_refreshes / hz - frames / fps) <= 1 / hz


@given(st.integers(1, 200), st.sampled_from([24.0, 25.0, 30.0]), SCREENS)
def test_shown_as_planned_nothing_is_dropped(frames: int, fps: float, hz: float) -> None:
    count = FrameCount(FramePlan(frames, fps, hz))
    for refresh in range(count.plan.num_refreshes):
        count.note(count.plan.frame_at(refresh), refresh=refresh)
    assert (count.shown_frames, count.dropped_frames) == (frames, 0)


def test_a_frame_that_comes_a_refresh_late_is_dropped_though_it_was_shown() -> None:
    count = FrameCount(FramePlan(3, 30.0, 60.0))
    for frame, refresh in ((0, 0), (0, 1), (1, 3), (2, 4), (2, 5)):
        count.note(frame, refresh=refresh)
    assert (count.shown_frames, count.dropped_frames) == (3, 1)


def test_a_frame_that_never_came_is_dropped() -> None:
    count = FrameCount(FramePlan(3, 30.0, 60.0))
    for frame, refresh in ((0, 0), (2, 4)):
        count.note(frame, refresh=refresh)
    assert (count.shown_frames, count.dropped_frames) == (2, 1)


@pytest.mark.parametrize("fps", [0.0, 61.0])
def test_a_rate_that_the_screen_cannot_show_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="not above the screen's 60 Hz"):
        FramePlan(3, fps, 60.0)
