"""What each operator scales, and what it leaves alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.face import (
    MEDIAPIPE_478,
    HeadPose,
    LandmarkTrack,
    generic_neutral,
    lip_aperture,
    lips_in_contact,
    mouth_width,
    uncross_lips,
)
from lipstudy.models import viseme_track
from lipstudy.motion import ARTICULATORS, articulators_of, match_articulation, scale_articulation
from lipstudy.speech import synthesise

LIPS = list(MEDIAPIPE_478.subsets["lips-40"])
NEUTRAL = generic_neutral()


@pytest.fixture(scope="module")
def said() -> LandmarkTrack:
    utterance = synthesise("Bob bought five more blue pots.")
    return viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=50)


def channels(track: LandmarkTrack) -> dict[str, np.ndarray]:
    points = track.points.astype(np.float64)
    return {
        "jaw": points[:, MEDIAPIPE_478.chin, 1] - NEUTRAL[MEDIAPIPE_478.chin, 1],
        "spread": mouth_width(points, MEDIAPIPE_478) - mouth_width(NEUTRAL, MEDIAPIPE_478),
        "protrusion": points[:, [0, 17], 2].mean(axis=1) - NEUTRAL[[0, 17], 2].mean(),
    }


def gain(scaled: LandmarkTrack, track: LandmarkTrack, name: str) -> float:
    """Return the slope of a channel of `scaled` on that of `track`."""
    given_channel = channels(track)[name]
    return float(channels(scaled)[name] @ given_channel / (given_channel @ given_channel))


def test_articulators_add_up_to_the_displacement(said: LandmarkTrack) -> None:
    moved = said.points.astype(np.float64) - NEUTRAL
    parts = articulators_of(moved, MEDIAPIPE_478)
    assert tuple(parts) == ARTICULATORS
    assert np.abs(sum(parts.values()) - moved).max() < 1e-12


@pytest.mark.parametrize("scale", [0.5, 1.5])
@pytest.mark.parametrize("name", ARTICULATORS)
def test_one_articulator_is_scaled_and_the_others_stay(said: LandmarkTrack, name: str, scale: float) -> None:
    scaled = scale_articulation(said, scale, operator=name).track
    for other in ARTICULATORS:
        assert gain(scaled, said, other) == pytest.approx(scale if other == name else 1, abs=0.06), other


def test_articulators_have_shares_of_their_own(said: LandmarkTrack) -> None:
    scaled = scale_articulation(said, 1.5, operator="jaw+spread=-1+protrusion=0.5").track
    gains = [gain(scaled, said, name) for name in ARTICULATORS]
    assert gains == pytest.approx([1.5, 0.5, 1.25], abs=0.06)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_all_articulators_together_are_the_operator_rest(said: LandmarkTrack, scale: float) -> None:
    together = scale_articulation(said, scale, operator="jaw+spread+protrusion").track
    assert together.points == pytest.approx(scale_articulation(said, scale).track.points, abs=1e-6)


@pytest.mark.parametrize(
    ("operator", "scale", "told"),
    [
        ("jaw+jaw", 0.5, "operator 'jaw\\+jaw' is unknown"),
        ("jaw=", 0.5, "operator 'jaw=' is unknown"),
        ("chin", 0.5, "known is rest, mean, gated, time-locked, speed, jaw, spread, protrusion"),
        ("jaw=9", 2, r"the jaw would be scaled by 10: it must be between 0 and 3"),
        ("spread=-2", 2, r"the spread would be scaled by -1"),
        ("speed", 0.2, r"'speed' goes down to 0\.25, got 0\.2"),
        ("time-locked", 0.5, "give the others to .* with --repetitions"),
    ],
)
def test_what_cannot_be_scaled_is_told(said: LandmarkTrack, operator: str, scale: float, told: str) -> None:
    with pytest.raises(InputError, match=told):
        scale_articulation(said, scale, operator=operator)


@pytest.mark.parametrize("scale", [0.4, 1.6])
def test_gated_changes_wide_openings_and_hardly_small_ones(said: LandmarkTrack, scale: float) -> None:
    scaled = scale_articulation(said, scale, operator="gated").track
    before, after = (lip_aperture(each.points, MEDIAPIPE_478) for each in (said, scaled))
    wide, small = before > 0.95 * np.quantile(before, 0.95), (before > 0.02) & (before < 0.04)
    assert np.median(after[wide] / before[wide]) == pytest.approx(scale, abs=0.05)
    assert np.median(after[small] / before[small]) == pytest.approx(1, abs=0.1)
    ratio = (after / np.maximum(before, 1e-9))[before > 0.02][np.argsort(before[before > 0.02])]
    assert (np.diff(ratio) * np.sign(scale - 1) > -0.02).all()  # the scale grows with the gap


def moved_in_time(track: LandmarkTrack, *, slower: float, size: float) -> LandmarkTrack:
    """The same sentence again: spoken more slowly, and larger or smaller."""
    frames = np.arange(0, track.num_frames - 1, 1 / slower)
    first = frames.astype(int)
    share = (frames - first)[:, None, None]
    points = (1 - share) * track.points[first] + share * track.points[first + 1]
    points = (NEUTRAL + size * (points - NEUTRAL)).astype(np.float32)
    return LandmarkTrack(
        points=points,
        fps=track.fps,
        topology=MEDIAPIPE_478,
        pose=HeadPose.still(len(points)),
        valid=np.ones(len(points), bool),
        neutral=NEUTRAL,
    )


def test_time_locked_scales_what_differs_from_the_repetitions_at_each_moment(said: LandmarkTrack) -> None:
    # Two repetitions half and one and a half as large, of other speed: their mean with the track is the track itself.
    again = [moved_in_time(said, slower=1.2, size=0.5), moved_in_time(said, slower=0.9, size=1.5)]
    scaled = scale_articulation(said, 2, operator="time-locked", repetitions=again).track
    moved = np.linalg.norm(said.points[:, LIPS] - NEUTRAL[LIPS], axis=-1).mean()
    assert np.linalg.norm(scaled.points[:, LIPS] - said.points[:, LIPS], axis=-1).mean() < 0.2 * moved
    # A track that is larger than its repetitions becomes larger still.
    small = [moved_in_time(said, slower=1.1, size=0.5)] * 3
    larger = scale_articulation(said, 2, operator="time-locked", repetitions=small)
    assert larger.effective_articulation == pytest.approx(1 + (1 - (0.5 * 3 + 1) / 4), abs=0.08)


@pytest.mark.parametrize("scale", [0.3, 0.5, 2.0, 3.0])
def test_speed_keeps_turning_points_and_size(said: LandmarkTrack, scale: float) -> None:
    articulated = scale_articulation(said, scale, operator="speed")
    before, after = (lip_aperture(each.points, MEDIAPIPE_478) for each in (said, articulated.track))
    assert after.max() == pytest.approx(before.max(), abs=2e-3)
    assert abs(int(after.argmax()) - int(before.argmax())) <= 1
    assert lips_in_contact(articulated.track.points, MEDIAPIPE_478).any()
    assert articulated.effective_articulation == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("scale", [0.3, 0.5, 1.5, 3.0])
def test_speed_is_changed_half_way_between_turning_points(said: LandmarkTrack, scale: float) -> None:
    gaps = 0.1 * (1 - np.cos(2 * np.pi * np.arange(101) / 50))
    points = np.repeat(NEUTRAL[None].astype(np.float64), len(gaps), axis=0)
    for _, lower in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs):
        points[:, lower, 1] += gaps
    track = said.with_points(points, pose=HeadPose.still(101), valid=np.ones(101, bool))
    scaled = scale_articulation(track, scale, operator="speed").track
    opening = np.diff(lip_aperture(scaled.points, MEDIAPIPE_478))[12]
    assert opening / np.diff(gaps)[12] == pytest.approx(scale, rel=0.1)


@settings(max_examples=10, deadline=None)
@given(scale=st.floats(0.25, 3))
def test_speed_shows_no_pose_that_was_not_there(said: LandmarkTrack, scale: float) -> None:
    scaled = scale_articulation(said, scale, operator="speed").track.points[:, LIPS].reshape(said.num_frames, -1)
    path = said.points[:, LIPS].reshape(said.num_frames, -1)
    nearest = np.linalg.norm(scaled[:, None] - path[None], axis=-1).min(axis=1)
    assert nearest.max() <= np.linalg.norm(np.diff(path, axis=0), axis=-1).max() / 2 + 1e-3


def test_matched_track_moves_as_strongly_as_its_reference(said: LandmarkTrack) -> None:
    weak = scale_articulation(scale_articulation(said, 0.6).track, 0.7, operator="spread").track
    matched = match_articulation(weak, said)
    assert matched.effective_articulation == pytest.approx(1, abs=0.05)
    assert matched.effective_articulation_before < 0.7
    assert list(matched.gains.values()) == pytest.approx([1 / 0.6, 1 / 0.42, 1 / 0.6], rel=0.1)
    assert matched.track.provenance["matched"]["gains"] == pytest.approx(matched.gains, abs=1e-5)


@settings(max_examples=10, deadline=None)
@given(jaw=st.floats(0.5, 1.6), spread=st.floats(0.5, 1.6), protrusion=st.floats(0.5, 1.6), upper=st.floats(0.5, 1.5))
def test_a_matched_track_of_another_face_has_an_effective_articulation_of_1(
    said: LandmarkTrack, jaw: float, spread: float, protrusion: float, upper: float
) -> None:
    # Another face: its upper lip has another share in the motion.
    assert said.neutral is not None
    points = said.points.astype(np.float64)
    lip = sorted({pair[0] for pair in (*said.topology.inner_lip_pairs, *said.topology.outer_lip_pairs)})
    points[:, lip] = said.neutral[lip] + upper * (points[:, lip] - said.neutral[lip])
    other = said.with_points(uncross_lips(points, said.topology).astype(np.float32))
    for name, scale in {"jaw": jaw, "spread": spread, "protrusion": protrusion}.items():
        other = scale_articulation(other, scale, operator=name).track
    assert match_articulation(other, said).effective_articulation == pytest.approx(1, abs=0.01)


def test_a_track_matched_to_itself_is_itself(said: LandmarkTrack) -> None:
    matched = match_articulation(said, said)
    assert list(matched.gains.values()) == pytest.approx([1, 1, 1], abs=1e-3)
    assert matched.track.points == pytest.approx(said.points, abs=1e-4)


def test_an_articulator_that_is_still_is_left_and_its_gain_undefined(said: LandmarkTrack) -> None:
    flat = scale_articulation(said, 0, operator="protrusion").track
    matched = match_articulation(flat, said)
    assert np.isnan(matched.gains["protrusion"])
    assert matched.gains["jaw"] == pytest.approx(1, abs=0.05)
    assert matched.track.provenance["matched"]["gains"]["protrusion"] is None


def test_what_cannot_be_matched_is_told(said: LandmarkTrack) -> None:
    still = scale_articulation(said, 0).track
    with pytest.raises(InputError, match="the lips do not move in one of the tracks"):
        match_articulation(said, still)
    with pytest.raises(InputError, match=r"the jaw would have to move 5\.0 times as far .* choose another reference"):
        match_articulation(scale_articulation(said, 0.2).track, said)
