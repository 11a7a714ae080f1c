"""Head-normalised landmarks do not depend on where the head is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, HeadPose, cuts_in, lip_aperture, normalise_head

RIGHT, LEFT = MEDIAPIPE_478.outer_eye_corners


def talking(face: np.ndarray, frames: int = 12) -> np.ndarray:
    """Return a face whose lower lip and chin go down and up, (frames, 478, 3)."""
    points = np.repeat(face[None], frames, axis=0)
    points[:, [14, 17, 152], 1] += 0.1 * np.sin(np.arange(frames))[:, None]
    return points


def placed(points: np.ndarray, rng: np.random.Generator, *, turn_deg: float) -> np.ndarray:
    """Return the points under a random head pose in each frame."""
    frames = len(points)
    pose = HeadPose(
        rng.uniform(40, 90, frames),
        Rotation.from_rotvec(np.radians(turn_deg) * rng.normal(size=(frames, 3)) / 2).as_matrix(),
        rng.uniform(100, 200, (frames, 3)),
    )
    return pose.to_pixels(points)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_pose_gives_the_pixels_back(face: np.ndarray, seed: int) -> None:
    pixels = placed(talking(face), np.random.default_rng(seed), turn_deg=20)
    points, pose = normalise_head(pixels, MEDIAPIPE_478)
    assert np.abs(pose.to_pixels(points) - pixels).max() < 1e-9
    assert pose.rotation @ pose.rotation.transpose(0, 2, 1) == pytest.approx(np.tile(np.eye(3), (12, 1, 1)), abs=1e-12)
    assert np.linalg.det(pose.rotation) == pytest.approx(1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_lip_motion_survives_any_motion_of_the_head(face: np.ndarray, seed: int) -> None:
    still = talking(face)
    points, _ = normalise_head(placed(still, np.random.default_rng(seed), turn_deg=20), MEDIAPIPE_478)
    assert lip_aperture(points, MEDIAPIPE_478) == pytest.approx(lip_aperture(still, MEDIAPIPE_478), rel=1e-9)
    assert np.ptp(points[:, MEDIAPIPE_478.rigid], axis=0).max() < 1e-9


def test_size_and_place_in_the_picture_do_not_matter(face: np.ndarray) -> None:
    pixels = 70 * talking(face) + [180, 140, 0]
    points, _ = normalise_head(pixels, MEDIAPIPE_478)
    again, _ = normalise_head(3 * pixels + [500, 20, 7], MEDIAPIPE_478)
    assert again == pytest.approx(points, abs=1e-9)


def test_frame_of_reference_is_the_eyes(face_px: np.ndarray) -> None:
    noise = np.random.default_rng(4).normal(0, 0.5, (20, *face_px.shape))
    points, _ = normalise_head(face_px + noise, MEDIAPIPE_478)
    mean = points.mean(axis=0)
    assert mean[RIGHT] == pytest.approx([-0.5, 0, 0], abs=1e-9)
    assert mean[LEFT] == pytest.approx([0.5, 0, 0], abs=1e-9)
    assert mean[MEDIAPIPE_478.chin, 1] > 1
    assert mean[4, 2] < mean[168, 2] < 0  # the tip of the nose is nearest to the viewer


@pytest.mark.parametrize("pitch_deg", [-25, 25])
def test_head_that_looks_up_or_down_is_brought_near_the_front(face: np.ndarray, pitch_deg: float) -> None:
    def bridge_deg(points: np.ndarray) -> float:
        down = points[195] - points[168]
        return float(np.degrees(np.arctan2(-down[2], down[1])))

    turned = Rotation.from_euler("x", pitch_deg, degrees=True).apply(face)[None]
    points, _ = normalise_head(turned * 80, MEDIAPIPE_478)
    assert abs(bridge_deg(turned[0])) > 50 or bridge_deg(turned[0]) < 15
    assert 25 < bridge_deg(points[0]) < 45


@pytest.mark.parametrize("collapse", [lambda rigid: rigid * 0, lambda rigid: rigid * [1, 0, 0]])
def test_head_without_extent_is_refused_with_its_frame(face: np.ndarray, collapse) -> None:
    pixels = 70 * talking(face)
    pixels[5, MEDIAPIPE_478.rigid] = collapse(pixels[5, MEDIAPIPE_478.rigid])
    with pytest.raises(InputError, match="nose bridge of frame 5 lie on one point or line"):
        normalise_head(pixels, MEDIAPIPE_478)


def test_gaps_are_not_taken_for_a_pose(face: np.ndarray) -> None:
    pixels = 70 * talking(face)
    pixels[3, 33] = np.nan
    with pytest.raises(ValueError, match="must be finite"):
        normalise_head(pixels, MEDIAPIPE_478)


@pytest.mark.parametrize("broken", ["scale_px", "rotation", "translation_px"])
def test_pose_checks_its_shapes(broken: str) -> None:
    parts = {"scale_px": np.ones(4), "rotation": np.tile(np.eye(3), (4, 1, 1)), "translation_px": np.zeros((4, 3))}
    parts[broken] = np.ones((4, 7))
    with pytest.raises(ValueError, match="must be of shape"):
        HeadPose(**parts)


@pytest.mark.parametrize(("moved_px", "size", "is_cut"), [(0, 1, False), (5, 1, False), (30, 1, True), (0, 1.2, True)])
def test_a_head_that_jumps_or_grows_was_filmed_anew(moved_px: float, size: float, is_cut: bool) -> None:
    still = HeadPose.still(8)
    scale_px, place_px = np.full(8, 100.0), np.array(still.translation_px)
    scale_px[5:] *= size
    place_px[5:, 0] += moved_px
    pose = HeadPose(scale_px=scale_px, rotation=still.rotation, translation_px=place_px)
    assert np.flatnonzero(cuts_in(pose)).tolist() == ([5] if is_cut else [])
