"""What lips may do: gaps, contact, no crossing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.face import (
    CONTACT_GAP_IOD,
    MEDIAPIPE_478,
    inner_lip_gaps,
    lip_aperture,
    lips_in_contact,
    mouth_width,
    uncross_lips,
)

UPPER, LOWER = MEDIAPIPE_478.inner_lip_centres


def with_centre_gap(face: np.ndarray, gap: float) -> np.ndarray:
    moved = face.copy()
    moved[LOWER] = moved[UPPER] + [0, gap, 0]
    return moved


def test_aperture_and_width_are_distances_in_iod() -> None:
    points = np.zeros((2, 478, 3))
    points[1, LOWER] = [0, 0.3, 0.4]
    points[:, MEDIAPIPE_478.mouth_corners[0]] = [-0.25, 0.8, 0]
    points[:, MEDIAPIPE_478.mouth_corners[1]] = [0.35, 0.8, 0]
    assert lip_aperture(points, MEDIAPIPE_478) == pytest.approx([0, 0.5])
    assert mouth_width(points, MEDIAPIPE_478) == pytest.approx([0.6, 0.6])


def test_gaps_are_signed_and_in_order(face: np.ndarray) -> None:
    assert inner_lip_gaps(face, MEDIAPIPE_478).shape == (9,)
    assert inner_lip_gaps(with_centre_gap(face, -0.03), MEDIAPIPE_478)[4] == pytest.approx(-0.03)


@pytest.mark.parametrize(("gap", "touching"), [(0, True), (CONTACT_GAP_IOD * 0.99, True), (CONTACT_GAP_IOD, False)])
def test_contact_begins_under_the_named_gap(face: np.ndarray, gap: float, touching: bool) -> None:
    still = np.zeros_like(face)
    assert bool(lips_in_contact(with_centre_gap(still, gap), MEDIAPIPE_478)) is touching


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**31), strength=st.floats(0, 0.3))
def test_uncrossed_lips_never_cross_and_mending_twice_changes_nothing(face, seed: int, strength: float) -> None:
    shaken = face + strength * np.random.default_rng(seed).normal(size=(3, *face.shape))
    mended = uncross_lips(shaken, MEDIAPIPE_478)
    assert inner_lip_gaps(mended, MEDIAPIPE_478).min() >= 0
    assert np.array_equal(uncross_lips(mended, MEDIAPIPE_478), mended)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_open_lips_are_left_as_they_are_bit_for_bit(face: np.ndarray, dtype: type) -> None:
    points = face.astype(dtype)
    mended = uncross_lips(points, MEDIAPIPE_478)
    assert mended.dtype == dtype
    assert np.array_equal(mended, points)


def test_crossed_pair_meets_at_its_middle_and_the_lip_keeps_its_thickness(face: np.ndarray) -> None:
    crossed = with_centre_gap(face, -0.04)
    mended = uncross_lips(crossed, MEDIAPIPE_478)
    outer_upper, outer_lower = MEDIAPIPE_478.outer_lip_pairs[4]
    middle = (crossed[UPPER, 1] + crossed[LOWER, 1]) / 2
    assert mended[[UPPER, LOWER], 1] == pytest.approx(middle)
    assert mended[UPPER, 1] - mended[outer_upper, 1] == pytest.approx(crossed[UPPER, 1] - crossed[outer_upper, 1])
    assert mended[outer_lower, 1] - mended[LOWER, 1] == pytest.approx(crossed[outer_lower, 1] - crossed[LOWER, 1])
    moved = np.flatnonzero((mended != crossed).any(axis=1))
    assert set(moved) == {UPPER, LOWER, outer_upper, outer_lower}
