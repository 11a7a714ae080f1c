"""What a tracker does not read back is made up for: tried on trackers whose faults are known."""

from collections.abc import Callable

import numpy as np
import pytest

from lipstudy.clips._read_back import USUAL_READ_BACK, ReadBack, frames_to_look_at, read_back, with_opening_corrected
from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, close_lips, generic_neutral

UPPER, LOWER = MEDIAPIPE_478.inner_lip_centres
UNIT_PX = 80.0
OPENINGS = np.concatenate([np.zeros(10), np.linspace(0.01, 0.2, 40)])


def faces_px(openings_iod: np.ndarray) -> np.ndarray:
    closed = np.asarray(close_lips(generic_neutral(), MEDIAPIPE_478), np.float64) * UNIT_PX
    points = np.repeat(closed[None], len(openings_iod), axis=0)
    for _, lower in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs):
        points[:, lower, 1] += openings_iod * UNIT_PX
    return points


def opening_iod(points_px: np.ndarray) -> np.ndarray:
    return np.linalg.norm(points_px[..., LOWER, :] - points_px[..., UPPER, :], axis=-1) / UNIT_PX


@pytest.mark.parametrize("articulation", [0.5, 1.5])
@pytest.mark.parametrize(
    "believed",
    [
        lambda shown, was: was + 0.7 * (shown - was),
        lambda shown, was: np.where(shown < was, shown - 0.02 * np.exp(-(((shown - 0.03) / 0.015) ** 2)), shown),
    ],
    ids=["believes 70 % of a change", "takes lips that nearly meet for closed"],
)
def test_a_tracker_reads_the_opening_asked_for(
    monkeypatch: pytest.MonkeyPatch, articulation: float, believed: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> None:
    # An "image" here is the landmarks in it; the film's own are read as they are.
    source, target = faces_px(OPENINGS), faces_px(OPENINGS * articulation)
    units = np.full(len(OPENINGS), UNIT_PX)

    def made(index: int, image: np.ndarray, points_px: np.ndarray) -> np.ndarray:
        read = believed(opening_iod(points_px), OPENINGS[index])
        return faces_px(np.atleast_1d(read))[0]

    monkeypatch.setattr("lipstudy.clips._read_back.detect_face", lambda image: image)
    looked_at = frames_to_look_at(source, target, units)
    found = read_back({int(index): source[index] for index in looked_at}, made, source, target, units)
    corrected = with_opening_corrected(source, target, units, found)
    read = np.array([opening_iod(made(index, source[index], points)) for index, points in enumerate(corrected)])
    before = np.array([opening_iod(made(index, source[index], points)) for index, points in enumerate(target)])
    wanted = OPENINGS * articulation
    assert np.ptp(read) / np.ptp(wanted) == pytest.approx(1, abs=0.05)
    assert np.abs(read - wanted).max() <= max(0.6 * np.abs(before - wanted).max(), 1e-3)


def test_lips_that_shall_close_meet_and_do_not_pass_through_each_other() -> None:
    source, target = faces_px(OPENINGS), faces_px(np.zeros(len(OPENINGS)))
    found = ReadBack(np.zeros(1), np.full(1, 0.7))
    corrected = with_opening_corrected(source, target, np.full(len(OPENINGS), UNIT_PX), found)
    for upper, lower in MEDIAPIPE_478.inner_lip_pairs:
        np.testing.assert_allclose(corrected[:, lower, 1] - corrected[:, upper, 1], 0, atol=1e-9)


def test_lips_in_contact_stay_in_contact_whatever_the_tracker_reads() -> None:
    source, target = faces_px(np.array([0.0])), faces_px(np.array([0.0]))
    units = np.full(1, UNIT_PX)
    corrected = with_opening_corrected(
        source, target, units, read_back({}, lambda *_: source[0], source, target, units)
    )
    np.testing.assert_array_equal(corrected, target)


def test_frames_looked_at_show_changes_of_every_size() -> None:
    source, target = faces_px(OPENINGS), faces_px(OPENINGS * 0.5)
    looked_at = frames_to_look_at(source, target, np.full(len(OPENINGS), UNIT_PX))
    change = OPENINGS[looked_at] / 2
    assert change.max() == pytest.approx(0.1)
    assert change.min() < 0.02
    assert np.diff(np.sort(change)).max() < 0.01


def test_a_film_whose_restaged_faces_are_not_found_gets_the_usual_share(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_face(image: np.ndarray) -> np.ndarray:
        raise InputError("no face")

    monkeypatch.setattr("lipstudy.clips._read_back.detect_face", no_face)
    source, target = faces_px(OPENINGS), faces_px(OPENINGS * 0.5)
    images = {index: source[index] for index in range(20, 40)}
    found = read_back(images, lambda *_: source[0], source, target, np.full(len(OPENINGS), UNIT_PX))
    assert found.at(np.array([0.0, 0.1])).tolist() == [USUAL_READ_BACK] * 2
