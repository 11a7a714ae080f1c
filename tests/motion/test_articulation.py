"""The articulation scale: what stays, what grows, what is counted."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.face import (
    CONTACT_GAP_IOD,
    MEDIAPIPE_478,
    HeadPose,
    LandmarkTrack,
    generic_neutral,
    inner_lip_gaps,
    lip_aperture,
    lips_in_contact,
    uncross_lips,
)
from lipstudy.motion import Articulated, articulation_weights, scale_articulation

TOPOLOGY = MEDIAPIPE_478
LIPS = list(TOPOLOGY.subsets["lips-40"])
BETWEEN = {(13, 14): ((12, 15), (11, 16)), (82, 87): ((38, 86), (72, 85))}
"""Landmarks between the contours, for two of the inner-lip pairs."""
SCALES = st.floats(0, 3)
OPERATORS = st.sampled_from(
    ["rest", "mean", "gated", "jaw", "spread", "protrusion", "jaw+spread=0.5", "time-locked", "speed"]
)
ABOUT_REST = st.sampled_from(["rest", "gated", "jaw", "spread", "protrusion", "jaw+protrusion=0.5"])
FEW = settings(max_examples=40, deadline=None)


def closed_face() -> np.ndarray:
    face = generic_neutral().astype(np.float64)
    for upper, lower in TOPOLOGY.inner_lip_pairs:
        face[[upper, lower]] = face[[upper, lower]].mean(axis=0)
    return face


def track_of(points: np.ndarray, *, neutral: np.ndarray | None = None) -> LandmarkTrack:
    frames = len(points)
    return LandmarkTrack(
        points=points.astype(np.float32),
        fps=25,
        topology=TOPOLOGY,
        pose=HeadPose.still(frames),
        valid=np.ones(frames, bool),
        neutral=(closed_face() if neutral is None else neutral).astype(np.float32),
    )


def opened(gaps_iod: np.ndarray) -> np.ndarray:
    """Faces whose inner lips are open by these gaps in the middle: the lower lip and jaw go down, the upper lip up."""
    face = closed_face()
    points = np.repeat(face[None], len(gaps_iod), axis=0)
    for inner, outer in zip(TOPOLOGY.inner_lip_pairs, TOPOLOGY.outer_lip_pairs, strict=True):
        share = 1 - (np.abs(face[inner[0], 0]) / 0.3) ** 2
        for upper, lower in (inner, outer, *BETWEEN.get(inner, ())):
            points[:, upper, 1] -= 0.3 * share * gaps_iod
            points[:, lower, 1] += 0.7 * share * gaps_iod
    points[:, list(TOPOLOGY.lines["jaw"]), 1] += 0.6 * gaps_iod[:, None]
    return points


@st.composite
def raw_tracks(draw: Callable[..., int]) -> LandmarkTrack:
    """Talking faces with noise in every landmark, as a tracker gives them: lips may cross."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    gaps = rng.choice([0.0, 0.01, 0.03, 0.2], size=8) * rng.uniform(0.5, 1.5, size=8)
    points = opened(gaps) + rng.normal(0, draw(st.sampled_from([1e-4, 2e-3, 2e-2])), (8, 478, 3))
    neutral = closed_face() + rng.normal(0, 5e-3, (478, 3))
    return track_of(points, neutral=neutral)


def scaled_by(track: LandmarkTrack, scale: float, operator: str) -> Articulated:
    if operator == "speed":
        scale = max(scale, 0.25)
    again = [track_of(opened(np.array([0.0, 0.1, 0.2, 0.0, 0.3, 0.1])))] if operator == "time-locked" else []
    return scale_articulation(track, scale, operator=operator, repetitions=again)


def uncrossed(track: LandmarkTrack) -> LandmarkTrack:
    return track.with_points(uncross_lips(track.points, TOPOLOGY))


@FEW
@given(track=raw_tracks(), operator=OPERATORS)
def test_scale_of_one_is_the_track_itself(track: LandmarkTrack, operator: str) -> None:
    articulated = scaled_by(track, 1, operator)
    assert np.array_equal(articulated.track.points, track.points)
    assert articulated.crossings_repaired == articulated.contact_frames_lost == 0
    assert articulated.effective_articulation == 1


@FEW
@given(track=raw_tracks(), operator=OPERATORS)
def test_scale_beside_one_gives_nearly_the_track(track: LandmarkTrack, operator: str) -> None:
    track = uncrossed(track)
    for scale in (1 - 1e-5, 1 + 1e-5):
        scaled = scaled_by(track, scale, operator).track.points
        assert np.abs(scaled - track.points).max() < 1e-4


@FEW
@given(track=raw_tracks(), scale=SCALES.filter(lambda a: a != 1), operator=OPERATORS)
def test_inner_lips_never_cross(track: LandmarkTrack, scale: float, operator: str) -> None:
    scaled = scaled_by(track, scale, operator).track.points
    assert np.isfinite(scaled).all()
    assert inner_lip_gaps(scaled, TOPOLOGY).min() >= 0


@FEW
@given(track=raw_tracks(), scale=SCALES, operator=ABOUT_REST)
def test_operators_about_the_rest_keep_every_contact(track: LandmarkTrack, scale: float, operator: str) -> None:
    articulated = scale_articulation(track, scale, operator=operator)
    contact = lips_in_contact(track.points, TOPOLOGY)
    assert lips_in_contact(articulated.track.points, TOPOLOGY)[contact].all()
    assert articulated.contact_frames == contact.sum()
    assert articulated.contact_frames_lost == 0


@FEW
@given(track=raw_tracks(), scale=SCALES)
def test_rest_needs_no_repair_where_lips_do_not_cross(track: LandmarkTrack, scale: float) -> None:
    assert scale_articulation(uncrossed(track), scale).crossings_repaired == 0


@FEW
@given(track=raw_tracks(), scale=SCALES, operator=OPERATORS)
def test_eyes_brows_nose_and_forehead_do_not_move(track: LandmarkTrack, scale: float, operator: str) -> None:
    still = [*TOPOLOGY.rigid, *TOPOLOGY.lines["nose bridge"], *TOPOLOGY.lines["nose base"], 48, 278, 10, 9, 8, 151]
    for name in ("right eye", "left eye", "right brow", "left brow"):
        still += TOPOLOGY.loops[name]
    scaled = scaled_by(track, scale, operator).track.points
    assert np.array_equal(scaled[:, still], track.points[:, still])


@FEW
@given(scale=SCALES, seed=st.integers(0, 1000))
def test_motion_away_from_contact_is_linear_in_the_scale(scale: float, seed: int) -> None:
    gaps = np.random.default_rng(seed).uniform(2 * CONTACT_GAP_IOD + 1e-4, 0.3, size=6)
    points = opened(gaps)
    scaled = scale_articulation(track_of(points), scale).track.points
    moved = [*LIPS, *TOPOLOGY.lines["jaw"][5:-5]]
    rest = closed_face()
    assert np.abs(scaled - (rest + scale * (points - rest)))[:, moved].max() < 1e-5


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.25, 1.5, 2, 3])
def test_aperture_grows_without_a_jump_from_contact_to_the_full_scale(scale: float) -> None:
    step = 0.0002
    gaps = np.arange(0, 0.08, step)
    aperture = lip_aperture(scale_articulation(track_of(opened(gaps)), scale).track.points, TOPOLOGY)
    growth = np.diff(aperture) / step
    assert growth.min() > 0.9 * min(scale, 1)
    assert growth.max() < 1 + 3 * abs(scale - 1)
    assert aperture[-1] == pytest.approx(scale * gaps[-1], abs=1e-5)


@pytest.mark.parametrize("scale", [0.5, 2.0])
@pytest.mark.parametrize("operator", ["rest", "mean"])
def test_lips_keep_the_thickness_that_the_scale_gives_them(scale: float, operator: str) -> None:
    gaps = np.array([0.0, 0.01, 0.015, 0.03, 0.1, 0.2])
    scaled = scale_articulation(track_of(opened(gaps)), scale, operator=operator).track.points
    # In these faces both contours move together, so a scale must not change what lies between them.
    rest = closed_face()
    pairs = list(zip(TOPOLOGY.inner_lip_pairs, TOPOLOGY.outer_lip_pairs, strict=True))
    pairs += [(inner, ring) for inner, rings in BETWEEN.items() for ring in rings]
    for inner, outer in pairs:
        for side in (0, 1):
            expected = rest[outer[side], 1] - rest[inner[side], 1]
            assert scaled[:, outer[side], 1] - scaled[:, inner[side], 1] == pytest.approx(expected, abs=1e-5)


def test_chin_goes_with_the_lower_lip() -> None:
    gaps = np.array([0.05, 0.1, 0.2])
    points = opened(gaps)
    scaled = scale_articulation(track_of(points), 2.0).track.points
    assert scaled[:, TOPOLOGY.chin, 1] - points[:, TOPOLOGY.chin, 1] == pytest.approx(0.6 * gaps, abs=1e-5)


@FEW
@given(scale=st.floats(0.05, 3), seed=st.integers(0, 1000))
def test_mean_gives_exactly_the_scale_as_effective_articulation(scale: float, seed: int) -> None:
    gaps = 0.2 + np.random.default_rng(seed).uniform(-0.04, 0.04, size=10)
    articulated = scale_articulation(track_of(opened(gaps)), scale, operator="mean")
    assert articulated.effective_articulation == pytest.approx(scale, rel=1e-4)
    assert articulated.crossings_repaired == 0


def test_mean_scales_about_the_mean_over_the_frames_and_not_about_a_typical_one() -> None:
    gaps = np.array([0.2, 0.2, 0.2, 0.4])
    scaled = scale_articulation(track_of(opened(gaps)), 0.5, operator="mean").track
    assert lip_aperture(scaled.points, TOPOLOGY) == pytest.approx([0.225, 0.225, 0.225, 0.325], abs=1e-4)


def test_mean_loses_closures_and_counts_them_where_rest_keeps_them() -> None:
    track = track_of(opened(np.array([0.0, 0.2, 0.3, 0.0, 0.25, 0.2, 0.01])))
    lost = {name: scale_articulation(track, 0.5, operator=name).contact_frames_lost for name in ("rest", "mean")}
    assert lost == {"rest": 0, "mean": 3}


def test_mean_above_one_crosses_lips_counts_the_repairs_and_keeps_those_contacts() -> None:
    points = opened(np.array([0.0, 0.2, 0.3, 0.0, 0.25, 0.2, 0.3]))
    points[:, 14, 2] += [0.015, 0, 0, 0.015, 0, 0, 0]  # depth differs while lips are closed
    articulated = scale_articulation(track_of(points), 3, operator="mean")
    assert articulated.crossings_repaired == articulated.contact_frames == 2
    assert articulated.contact_frames_lost == 0


def test_lips_that_cross_in_the_recording_are_kept_at_one_and_repaired_elsewhere() -> None:
    points = opened(np.array([0.1, 0.2, 0.3]))
    points[1, 13, 1], points[1, 14, 1] = points[1, 14, 1], points[1, 13, 1]
    track = track_of(points)
    counts = [scale_articulation(track, a).crossings_repaired for a in (0.5, 1, 2)]
    assert counts == [1, 0, 1]


def test_nothing_moves_at_scale_zero_and_its_effective_articulation_is_undefined() -> None:
    articulated = scale_articulation(track_of(opened(np.array([0.0, 0.1, 0.2]))), 0)
    lips = articulated.track.points[:, LIPS]
    assert np.ptp(lips, axis=0).max() == 0
    assert lips[0] == pytest.approx(closed_face()[LIPS], abs=1e-6)
    assert np.isnan(articulated.effective_articulation)
    assert articulated.track.provenance["articulated"]["effective_articulation"] is None


def test_given_neutral_is_what_the_lips_are_scaled_about() -> None:
    track = track_of(opened(np.array([0.1, 0.2])))
    lower = closed_face() + np.array([0, 0.05, 0])
    scaled = scale_articulation(track, 0, neutral=lower).track.points
    assert scaled[0, LIPS] == pytest.approx(lower[LIPS], abs=1e-6)


def test_open_lips_of_a_neutral_are_closed() -> None:
    track = track_of(opened(np.array([0.0, 0.1, 0.2])), neutral=opened(np.array([0.1]))[0])
    articulated = scale_articulation(track, 0)
    assert lips_in_contact(articulated.track.points, TOPOLOGY).all()


def test_track_without_neutral_is_scaled_about_an_estimated_one() -> None:
    gaps = np.tile([0.0, 0.005, 0.0, 0.1, 0.2, 0.1], 8)
    track = track_of(opened(gaps))
    bare = track.with_points(track.points, neutral=None)
    scaled = scale_articulation(bare, 0.5).track.points
    assert lip_aperture(scaled, TOPOLOGY)[gaps > 0.05] == pytest.approx(0.5 * gaps[gaps > 0.05], abs=0.01)


def test_what_was_given_is_not_changed() -> None:
    track = track_of(opened(np.array([0.0, 0.1, 0.2])))
    before = track.points.copy(), track.neutral.copy()
    articulated = scale_articulation(track, 2.0)
    assert np.array_equal(track.points, before[0])
    assert np.array_equal(track.neutral, before[1])
    assert articulated.track.fps == track.fps
    assert articulated.track.pose is track.pose


@pytest.mark.parametrize("scale", [-1, -0.001, 3.001, 50, float("nan"), float("inf")])
def test_scale_out_of_range_is_refused_with_its_value(scale: float) -> None:
    with pytest.raises(InputError, match=rf"must be between 0 and 3, got {scale:g}: "):
        scale_articulation(track_of(opened(np.array([0.0, 0.1]))), scale)


def test_unknown_operator_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match=r"operator 'means' is unknown \(did you mean 'mean'\?\)"):
        scale_articulation(track_of(opened(np.array([0.0, 0.1]))), 0.5, operator="means")


def test_neutral_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match=r"neutral must be 478 finite points .* shape \(68, 3\)"):
        scale_articulation(track_of(opened(np.array([0.0, 0.1]))), 0.5, neutral=np.zeros((68, 3)))


def test_empty_track_is_refused() -> None:
    with pytest.raises(InputError, match="has no frame"):
        scale_articulation(track_of(np.empty((0, 478, 3))), 0.5)


def test_weights_are_one_on_lips_and_chin_and_fall_smoothly_along_the_jaw() -> None:
    weights = articulation_weights(TOPOLOGY)
    jaw = weights[list(TOPOLOGY.lines["jaw"])]
    assert (weights[[*LIPS, TOPOLOGY.chin]] == 1).all()
    assert jaw[0] == jaw[-1] == 0
    assert np.abs(np.diff(jaw)).max() <= 0.5
    assert jaw == pytest.approx(jaw[::-1])
    assert weights.min() == 0
