"""The smoother removes noise, and neither delays nor flattens nor smears."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.face import CONTACT_GAP_IOD, MEDIAPIPE_478, inner_lip_gaps, lips_in_contact
from lipstudy.face._smoothing import keep_fast_lips, seal_closures, smooth_over_time

LOWER = MEDIAPIPE_478.inner_lip_centres[1]


def with_gaps(face: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Return a face whose lips stand `gaps` (T,) apart at every pair, (T, 478, 3)."""
    points = np.repeat(face[None], len(gaps), axis=0)
    for upper, lower in MEDIAPIPE_478.inner_lip_pairs:
        points[:, lower] = points[:, upper]
        points[:, lower, 1] += gaps
    return points


@pytest.mark.parametrize("fps", [24, 25, 29.97, 50, 60])
def test_parabola_passes_unchanged(fps: float) -> None:
    time = np.arange(40)[:, None, None]
    points = 0.01 * time**2 - 0.3 * time + np.ones((1, 478, 3))
    assert smooth_over_time(points, fps=fps) == pytest.approx(points, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), fps=st.sampled_from([25.0, 60.0]))
def test_time_reversed_gives_the_same_reversed(seed: int, fps: float) -> None:
    points = np.random.default_rng(seed).normal(size=(30, 4, 3))
    assert smooth_over_time(points[::-1], fps=fps)[::-1] == pytest.approx(smooth_over_time(points, fps=fps), abs=1e-9)


def test_noise_shrinks_as_the_window_promises() -> None:
    noise = np.random.default_rng(5).normal(size=(4000, 2, 3))
    # Central weight of the five-point parabola: 17 / 35, which is also the variance that is left.
    assert smooth_over_time(noise, fps=25).var() == pytest.approx(17 / 35, rel=0.05)
    assert smooth_over_time(noise, fps=60).var() < 0.3


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_too_few_frames_stay_as_they_are(frames: int) -> None:
    points = np.random.default_rng(6).normal(size=(frames, 478, 3))
    assert np.array_equal(smooth_over_time(points, fps=25), points)


def test_fast_opening_is_given_back_and_noise_is_not(face: np.ndarray) -> None:
    rng = np.random.default_rng(7)
    gaps = np.full(75, 0.05)
    gaps[40] = 0.3
    clean = with_gaps(face, gaps)
    seen = clean + rng.normal(0, 0.002, clean.shape)
    smoothed = smooth_over_time(seen, fps=25)
    kept = keep_fast_lips(smoothed, seen, MEDIAPIPE_478)
    opening = inner_lip_gaps(kept, MEDIAPIPE_478)[40].mean()
    assert inner_lip_gaps(smoothed, MEDIAPIPE_478)[40].mean() < 0.2
    assert opening == pytest.approx(0.3, rel=0.05)
    quiet = np.r_[5:35, 46:70]
    lips = list(MEDIAPIPE_478.subsets["lips-40"])
    left = (kept - clean)[quiet][:, lips].std() / (seen - clean)[quiet][:, lips].std()
    assert left < 0.85


def test_face_without_noise_is_left_as_smoothed(face: np.ndarray) -> None:
    still = np.repeat(face[None], 20, axis=0)
    assert np.array_equal(keep_fast_lips(still, still, MEDIAPIPE_478), still)


@settings(max_examples=20, deadline=None)
@given(at=st.integers(3, 25), length=st.integers(1, 3))
def test_short_closure_between_openings_stays_closed(face: np.ndarray, at: int, length: int) -> None:
    gaps = np.full(30, 0.15)
    gaps[at : at + length] = 0.005
    seen = with_gaps(face, gaps)
    smoothed = smooth_over_time(seen, fps=25)
    sealed = seal_closures(smoothed, seen, MEDIAPIPE_478)
    assert np.array_equal(lips_in_contact(sealed, MEDIAPIPE_478), gaps < CONTACT_GAP_IOD)
    assert inner_lip_gaps(sealed, MEDIAPIPE_478)[at] == pytest.approx(0.005, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_sealed_lips_never_cross(face: np.ndarray, seed: int) -> None:
    gaps = np.random.default_rng(seed).normal(0.02, 0.05, 30)
    seen = with_gaps(face, gaps)
    sealed = seal_closures(smooth_over_time(seen, fps=25), seen, MEDIAPIPE_478)
    assert inner_lip_gaps(sealed, MEDIAPIPE_478).min() >= 0


def test_sealing_moves_lips_only(face: np.ndarray) -> None:
    seen = with_gaps(face, np.where(np.arange(30) == 15, 0.0, 0.2))
    smoothed = smooth_over_time(seen, fps=25)
    moved = (seal_closures(smoothed, seen, MEDIAPIPE_478) != smoothed).any(axis=(0, 2))
    assert set(np.flatnonzero(moved)) <= set(MEDIAPIPE_478.subsets["lips-40"])
    assert moved[LOWER]
