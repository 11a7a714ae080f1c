"""Exaggeration stays within the range of the speaker, and what lies within it is left alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import (
    MEDIAPIPE_478,
    HeadPose,
    LandmarkTrack,
    close_lips,
    generic_neutral,
    lip_aperture,
    lips_in_contact,
    mouth_width,
    topology_named,
)
from lipstudy.motion import SpeakerLimits, articulation_weights, scale_articulation, speaker_limits

FEW = settings(max_examples=25, deadline=None)
NEUTRAL = np.asarray(close_lips(generic_neutral(), MEDIAPIPE_478), np.float64)


def jaw_track(gaps_iod: NDArray[np.float64]) -> LandmarkTrack:
    """Return a mouth that opens by lower lip and jaw."""
    share = articulation_weights(MEDIAPIPE_478) / (1 + np.exp(-(NEUTRAL[:, 1] - NEUTRAL[13, 1]) / 0.05))
    for inner, outer in zip(MEDIAPIPE_478.inner_lip_pairs, MEDIAPIPE_478.outer_lip_pairs, strict=True):
        share[[inner[0], outer[0]]] = 0
        share[[inner[1], outer[1]]] = np.cos(np.clip(NEUTRAL[inner[1], 0] / 0.32, -1, 1) * np.pi / 2)
    share[list(MEDIAPIPE_478.lines["jaw"])] *= 0.5
    points = NEUTRAL + np.multiply.outer(gaps_iod, np.stack([0 * share, share, 0 * share], axis=1))
    return LandmarkTrack(
        points=points.astype(np.float32),
        fps=25,
        topology=MEDIAPIPE_478,
        pose=HeadPose.still(len(points)),
        valid=np.ones(len(points), bool),
        neutral=NEUTRAL.astype(np.float32),
    )


TALKING = jaw_track(0.1 - 0.1 * np.cos(np.linspace(0, 6 * np.pi, 60)))
LIMITS = speaker_limits([TALKING])


def gaps(track: LandmarkTrack) -> NDArray[np.floating]:
    return lip_aperture(track.points, track.topology)


def test_the_original_is_never_held_back() -> None:
    tight = replace(LIMITS, range_iod=LIMITS.range_iod / 10)
    same = scale_articulation(TALKING, 1.0, limits=tight)
    np.testing.assert_array_equal(same.track.points, TALKING.points)
    assert same.clipped_frames == 0


@FEW
@given(scale=st.floats(0, 1))
def test_under_articulation_is_never_held_back(scale: float) -> None:
    tight = replace(LIMITS, range_iod=LIMITS.range_iod / 10)
    limited = scale_articulation(TALKING, scale, limits=tight)
    np.testing.assert_array_equal(limited.track.points, scale_articulation(TALKING, scale).track.points)


@FEW
@given(scale=st.floats(1.01, 3))
def test_no_mouth_opens_beyond_the_range(scale: float) -> None:
    limited = scale_articulation(TALKING, scale, limits=LIMITS)
    assert gaps(limited.track).max() <= LIMITS.range_iod[0] + 1e-6
    chin = limited.track.points[:, MEDIAPIPE_478.chin, 1] - NEUTRAL[MEDIAPIPE_478.chin, 1]
    assert chin.max() <= LIMITS.range_iod[1] + 1e-6


@FEW
@given(scale=st.floats(1.01, 2.9))
def test_a_larger_scale_never_opens_the_mouth_less(scale: float) -> None:
    one, more = (gaps(scale_articulation(TALKING, a, limits=LIMITS).track) for a in (scale, scale + 0.1))
    assert (more >= one - 1e-5).all()
    assert (one >= gaps(TALKING) - 1e-5).all()


def test_well_within_the_range_nothing_changes() -> None:
    quiet = jaw_track(np.linspace(0, 0.08, 20))
    limited, free = scale_articulation(quiet, 1.5, limits=LIMITS), scale_articulation(quiet, 1.5)
    np.testing.assert_allclose(limited.track.points, free.track.points, atol=1e-6)
    assert limited.clipped_frames == 0


def test_clipped_frames_are_counted_and_told() -> None:
    counts = [scale_articulation(TALKING, a, limits=LIMITS).clipped_frames for a in (1.1, 1.5, 2, 3)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert 0 < counts[-1] < TALKING.num_frames
    told = scale_articulation(TALKING, 3, limits=LIMITS).track.provenance["articulated"]
    assert told["clipped_frames"] == counts[-1]


def test_the_range_is_the_largest_of_all_tracks_and_at_least_the_usual() -> None:
    silent, wide = jaw_track(np.zeros(10)), jaw_track(np.linspace(0, 0.4, 30))
    usual = speaker_limits([silent]).range_iod
    assert usual[0] == pytest.approx(1.4 * 0.18)
    both = speaker_limits([silent, wide]).range_iod
    assert both[0] > 1.4 * 0.35
    assert (both >= usual).all()


def test_no_track_and_mixed_topologies_are_refused() -> None:
    with pytest.raises(InputError, match="there is no track"):
        speaker_limits([])
    other = replace(TALKING, topology=replace(topology_named("mediapipe-478"), name="other"))
    with pytest.raises(InputError, match="of one topology, got mediapipe-478 and other"):
        speaker_limits([TALKING, other])


@pytest.fixture(scope="module")
def woman(tracked: Callable[[str], LandmarkTrack]) -> LandmarkTrack:
    return tracked("lrwp9a")


@pytest.mark.needs_shared_data
@pytest.mark.parametrize("scale", [1.5, 2.0])
def test_on_film_closures_stay_and_the_corners_keep_to_their_range(woman: LandmarkTrack, scale: float) -> None:
    limits: SpeakerLimits = speaker_limits([woman])
    limited = scale_articulation(woman, scale, limits=limits)
    assert limited.contact_frames_lost == 0
    wider = mouth_width(limited.track.points, woman.topology) - mouth_width(limits.neutral, woman.topology)
    assert wider.max() <= limits.range_iod[3] + 1e-3
    assert -wider.min() <= limits.range_iod[4] + 1e-3
    assert 1.2 < limited.effective_articulation < scale
    contact = lips_in_contact(woman.points, woman.topology)
    assert lips_in_contact(limited.track.points, woman.topology)[contact].all()
