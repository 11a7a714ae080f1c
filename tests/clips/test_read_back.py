"""What a tracker does not read back is made up for: tried on trackers whose faults are known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipstudy.clips._read_back import (
    LOOKED_AT_SCALES,
    ReadBack,
    frames_to_look_at,
    load_read_back,
    save_read_back,
    with_opening_corrected,
)
from lipstudy.face import MEDIAPIPE_478, close_lips, generic_neutral

UPPER, LOWER = MEDIAPIPE_478.inner_lip_centres
UNIT_PX = 80.0
FPS = 25
AT_S = np.arange(75) / FPS
OPENINGS = np.maximum(0, 0.11 * np.sin(2 * np.pi * 2.3 * AT_S) * (0.5 + 0.5 * np.sin(2 * np.pi * 0.4 * AT_S)))
"""Of a mouth that speaks, IOD."""

Believed = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""What is read, of the opening shown, the one in the film, and the time."""
TRACKERS: dict[str, Believed] = {
    "reads 70 % of a change": lambda shown, was, at_s: was + 0.7 * (shown - was),
    "takes lips that nearly meet for closed": lambda shown, was, at_s: shown - 0.015 * np.exp(-((shown / 0.03) ** 2)),
    "reads 60 % of wide openings": lambda shown, was, at_s: (
        was + (shown - was) * (0.6 + 0.4 * np.exp(-((shown / 0.15) ** 2)))
    ),
    "reads more in some seconds": lambda shown, was, at_s: was + (shown - was) * (0.85 + 0.15 * np.sin(4 * at_s)),
}


def faces_px(openings_iod: np.ndarray) -> np.ndarray:
    closed = np.asarray(close_lips(generic_neutral(), MEDIAPIPE_478), np.float64) * UNIT_PX
    points = np.repeat(closed[None], len(openings_iod), axis=0)
    for _, lower in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs):
        points[:, lower, 1] += openings_iod * UNIT_PX
    return points


def opening_iod(points_px: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points_px[..., LOWER, :] - points_px[..., UPPER, :], axis=-1) / UNIT_PX


def looked_at_by(believed: Believed) -> ReadBack:
    shown = np.stack([OPENINGS * scale for scale in LOOKED_AT_SCALES])
    frames = frames_to_look_at(OPENINGS, shown)
    return ReadBack.of(
        [
            (AT_S[index], OPENINGS[index], each[index], believed(each, OPENINGS, AT_S)[index] - OPENINGS[index])
            for index in frames
            for each in shown
        ]
    )


@pytest.mark.parametrize("articulation", [0.25, 0.5, 0.75, 1.25, 1.5, 2])
@pytest.mark.parametrize("believed", TRACKERS.values(), ids=TRACKERS.keys())
def test_a_tracker_reads_the_opening_asked_for(believed: Believed, articulation: float) -> None:
    wanted = OPENINGS * articulation
    shares = looked_at_by(believed).shares(AT_S, OPENINGS, wanted)
    corrected = with_opening_corrected(faces_px(OPENINGS), faces_px(wanted), shares)
    missed, before = (
        believed(shown, OPENINGS, AT_S) - wanted for shown in (opening_iod(corrected), OPENINGS * articulation)
    )
    moved = np.abs(wanted - OPENINGS) > 0.02
    assert np.sqrt(np.mean(missed[moved] ** 2)) < max(0.4 * np.sqrt(np.mean(before[moved] ** 2)), 2e-3)


@pytest.mark.parametrize("believed", TRACKERS.values(), ids=TRACKERS.keys())
def test_a_larger_scale_never_shows_a_smaller_opening(believed: Believed) -> None:
    found = looked_at_by(believed)
    shown = []
    for articulation in np.arange(0, 2.01, 0.125):
        shares = found.shares(AT_S, OPENINGS, OPENINGS * articulation)
        shown.append(opening_iod(with_opening_corrected(faces_px(OPENINGS), faces_px(OPENINGS * articulation), shares)))
    assert np.diff(shown, axis=0).min() > -1e-3


def test_a_film_that_was_not_looked_at_gets_the_usual_share() -> None:
    assert ReadBack.of([]).shares(AT_S, OPENINGS, OPENINGS * 1.5) == pytest.approx(0.9)


def test_frames_like_none_looked_at_get_the_usual_share() -> None:
    found = looked_at_by(TRACKERS["reads 70 % of a change"])
    wide = np.full(3, 0.6)
    assert found.shares(np.full(3, 100.0), wide, wide * 1.2) == pytest.approx(0.9, abs=1e-3)


@given(st.lists(st.tuples(*[st.floats(0, 0.3)] * 3, st.floats(-0.5, 0.5)), max_size=20), st.floats(0, 0.6))
def test_whatever_is_read_shares_stay_within_half_and_one_and_a_half(
    looks: list[tuple[float, float, float, float]], wanted: float
) -> None:
    shares = ReadBack.of(looks).shares(AT_S, OPENINGS, np.full(len(AT_S), wanted))
    assert (shares >= 0.55).all()
    assert (shares <= 1.5).all()


def test_lips_that_shall_close_meet_and_do_not_pass_through_each_other() -> None:
    source, target = faces_px(OPENINGS), faces_px(np.zeros(len(OPENINGS)))
    corrected = with_opening_corrected(source, target, np.full(len(OPENINGS), 0.7))
    for upper, lower in MEDIAPIPE_478.inner_lip_pairs:
        np.testing.assert_allclose(corrected[:, lower, 1] - corrected[:, upper, 1], 0, atol=1e-9)


def test_lips_that_need_not_move_do_not_whatever_the_tracker_reads() -> None:
    source = faces_px(OPENINGS)
    np.testing.assert_array_equal(with_opening_corrected(source, source, np.full(len(OPENINGS), 0.7)), source)


def test_frames_looked_at_are_spread_over_those_with_open_lips() -> None:
    looked_at = frames_to_look_at(OPENINGS, np.stack([OPENINGS * 0, OPENINGS * 2]))
    changed = np.flatnonzero(OPENINGS > 0.012)
    assert set(looked_at) <= set(changed)
    assert len(looked_at) == min(36, len(changed))
    assert np.diff(np.searchsorted(changed, looked_at)).max() <= 2


def test_what_was_found_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    found = looked_at_by(TRACKERS["reads 70 % of a change"])
    save_read_back(tmp_path / "found.npz", found)
    wanted = OPENINGS * 0.5
    again = load_read_back(tmp_path / "found.npz")
    np.testing.assert_array_equal(again.shares(AT_S, OPENINGS, wanted), found.shares(AT_S, OPENINGS, wanted))
