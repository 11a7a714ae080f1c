"""The neutral is a closed, plausible face of the same person."""

import numpy as np
import pytest

from lipstudy.face import (
    MEDIAPIPE_478,
    close_lips,
    estimate_neutral,
    inner_lip_gaps,
    lip_aperture,
    lips_in_contact,
    mouth_width,
)

UPPER, LOWER = MEDIAPIPE_478.inner_lip_centres
CHIN = MEDIAPIPE_478.chin


@pytest.fixture(scope="module")
def closed(face: np.ndarray) -> np.ndarray:
    return close_lips(face, MEDIAPIPE_478)


def test_photograph_has_parted_lips_to_begin_with(face: np.ndarray) -> None:
    assert lip_aperture(face, MEDIAPIPE_478) > 0.1


def test_all_lip_pairs_meet_in_depth_too(closed: np.ndarray) -> None:
    upper, lower = np.transpose(MEDIAPIPE_478.inner_lip_pairs)
    assert np.array_equal(closed[upper], closed[lower])
    assert lips_in_contact(closed, MEDIAPIPE_478)


def test_lower_lip_and_chin_rise_and_the_upper_lip_comes_down(face: np.ndarray, closed: np.ndarray) -> None:
    risen = face[:, 1] - closed[:, 1]
    assert risen[UPPER] < 0 < risen[CHIN] < risen[LOWER]
    assert risen[LOWER] > 2 * -risen[UPPER]


def test_lips_keep_their_thickness_and_the_mouth_its_width(face: np.ndarray, closed: np.ndarray) -> None:
    for inner, outer in zip(MEDIAPIPE_478.inner_lip_pairs, MEDIAPIPE_478.outer_lip_pairs, strict=True):
        for pair in zip(inner, outer, strict=True):
            assert np.ptp(closed[list(pair)], axis=0) == pytest.approx(np.ptp(face[list(pair)], axis=0), abs=1e-9)
    assert mouth_width(closed, MEDIAPIPE_478) == pytest.approx(mouth_width(face, MEDIAPIPE_478))


def test_eyes_brows_and_nose_bridge_stay(face: np.ndarray, closed: np.ndarray) -> None:
    loops, lines = MEDIAPIPE_478.loops, MEDIAPIPE_478.lines
    still = [*loops["right eye"], *loops["left eye"], *loops["right brow"], *loops["left brow"], *lines["nose bridge"]]
    assert np.array_equal(closed[still], face[still])


def test_skin_between_follows_without_a_leap(face: np.ndarray, closed: np.ndarray) -> None:
    from mediapipe.tasks.python.vision import FaceLandmarksConnections

    edges = np.array([(e.start, e.end) for e in FaceLandmarksConnections.FACE_LANDMARKS_TESSELATION])
    inner_lips = MEDIAPIPE_478.loops["lips inner"]
    edges = edges[~np.isin(edges, inner_lips).all(axis=1)]
    risen = closed[:, 1] - face[:, 1]
    length = np.linalg.norm(face[edges[:, 0]] - face[edges[:, 1]], axis=1)
    leap = np.abs(risen[edges[:, 0]] - risen[edges[:, 1]])
    assert (leap < 0.7 * length).all()
    assert np.abs(risen).max() <= lip_aperture(face, MEDIAPIPE_478)


def test_closed_lips_stay_as_they_are(closed: np.ndarray) -> None:
    assert close_lips(closed, MEDIAPIPE_478) == pytest.approx(closed, abs=1e-12)


def test_crossed_lips_are_uncrossed(face: np.ndarray) -> None:
    crossed = face.copy()
    crossed[LOWER, 1] = crossed[UPPER, 1] - 0.05
    assert inner_lip_gaps(close_lips(crossed, MEDIAPIPE_478), MEDIAPIPE_478) == pytest.approx(0, abs=1e-12)


def opened(closed: np.ndarray, by: float) -> np.ndarray:
    moved = closed.copy()
    for (_, lower), (_, outer) in zip(MEDIAPIPE_478.inner_lip_pairs, MEDIAPIPE_478.outer_lip_pairs, strict=True):
        moved[[lower, outer], 1] += by
    moved[CHIN, 1] += by
    return moved


def test_neutral_is_the_rest_of_the_clip_not_its_mean(closed: np.ndarray) -> None:
    rng = np.random.default_rng(8)
    talking = [opened(closed, 0.15 + 0.1 * np.sin(frame)) for frame in range(60)]
    points = np.array([closed] * 15 + talking) + rng.normal(0, 0.002, (75, 478, 3))
    neutral = estimate_neutral(points, MEDIAPIPE_478)
    assert inner_lip_gaps(neutral, MEDIAPIPE_478) == pytest.approx(0, abs=1e-12)
    assert np.abs(neutral - closed).max() < 0.02


def test_passing_closure_counts_less_than_a_pause(closed: np.ndarray) -> None:
    pressed = closed.copy()
    pressed[[*MEDIAPIPE_478.mouth_corners], 0] *= 0.7
    pause, burst = [closed] * 8, [opened(closed, 0.2), pressed] * 30
    neutral = estimate_neutral(np.array(pause + burst), MEDIAPIPE_478)
    assert mouth_width(neutral, MEDIAPIPE_478) == pytest.approx(mouth_width(closed, MEDIAPIPE_478), rel=0.01)


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_speaker_who_never_closes_gets_a_closed_neutral(face: np.ndarray, frames: int) -> None:
    neutral = estimate_neutral(np.repeat(face[None], frames, axis=0), MEDIAPIPE_478)
    assert inner_lip_gaps(neutral, MEDIAPIPE_478) == pytest.approx(0, abs=1e-12)


@pytest.mark.needs_shared_data
def test_neutral_of_a_grid_speaker_lies_near_the_closed_frames(tracked) -> None:
    track = tracked("bbaf2n")
    assert track.neutral is not None
    assert np.abs(inner_lip_gaps(track.neutral, MEDIAPIPE_478)).max() < 1e-6
    quietest = track.points[lip_aperture(track.points, MEDIAPIPE_478).argsort()[:10]].mean(axis=0)
    lips = list(MEDIAPIPE_478.subsets["lips-40"])
    assert np.linalg.norm(track.neutral[lips] - quietest[lips], axis=1).mean() < 0.03
