"""What each metric sees and is blind to: scale, delay, another clip's lips, place, pixels."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.face import HeadPose, LandmarkTrack
from lipstudy.metrics import METRICS, measure

DISTANCES = ("lmd_iod", "lve_iod2", "velocity_error_iod_per_s", "aperture_dtw_iod")


def scaled(track: LandmarkTrack, scale: float) -> LandmarkTrack:
    mean = track.points.mean(axis=0)
    return track.with_points(mean + scale * (track.points - mean))


def part(track: LandmarkTrack, first: int, last: int) -> LandmarkTrack:
    frames = last - first
    return track.with_points(track.points[first:last], pose=HeadPose.still(frames), valid=track.valid[first:last])


def quietly(a: LandmarkTrack, b: LandmarkTrack) -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return measure(a, b)


def test_a_track_measured_against_itself_is_perfect(talk) -> None:
    track = talk()
    values = quietly(track, track)
    assert list(values) == list(METRICS)
    for name in (*DISTANCES, "lag_frames", "lag_ms", "log_lip_intensity_ratio"):
        assert values[name] == 0, name
    assert values["effective_articulation"] == 1
    assert values["aperture_correlation"] == pytest.approx(1)
    assert values["width_correlation"] == pytest.approx(1)


def test_only_the_intensity_ratio_tells_under_from_over_articulation(talk) -> None:
    track = talk()
    under, over = (quietly(scaled(track, scale), track) for scale in (0.5, 1.5))
    for name in DISTANCES:
        assert under[name] == pytest.approx(over[name], rel=0.2), name
        assert under[name] > 0, name
    for values in (under, over):
        assert values["aperture_correlation"] == pytest.approx(1, abs=1e-5)
        assert values["width_correlation"] == pytest.approx(1, abs=1e-5)
        assert values["lag_frames"] == 0
    assert under["log_lip_intensity_ratio"] == pytest.approx(np.log(0.5), abs=1e-4)
    assert over["log_lip_intensity_ratio"] == pytest.approx(np.log(1.5), abs=1e-4)
    assert (under["effective_articulation"], over["effective_articulation"]) == pytest.approx((0.5, 1.5), rel=1e-4)


@pytest.mark.parametrize("delay", [-4, -1, 2, 7])
def test_a_delay_is_seen_by_the_lag_and_not_by_warping_or_intensity(talk, delay: int) -> None:
    track = talk(frames=120)
    late, early = part(track, 10 - delay, 100 - delay), part(track, 10, 100)
    values = quietly(late, early)
    assert values["lag_frames"] == delay
    assert values["lag_ms"] == pytest.approx(40 * delay)
    assert values["aperture_correlation"] < 0.99
    assert values["lmd_iod"] > 10 * values["aperture_dtw_iod"]
    assert values["log_lip_intensity_ratio"] == pytest.approx(0, abs=0.05)


def test_another_clips_lips_are_farther_away_than_scaled_ones(talk) -> None:
    track, other = talk(seed=1), talk(seed=2)
    swapped, halved = quietly(other, track), quietly(scaled(track, 0.5), track)
    for name in DISTANCES:
        assert swapped[name] > halved[name], name
    assert swapped["aperture_correlation"] < 0.8


def test_swapping_the_tracks_turns_signs_and_keeps_distances(talk) -> None:
    a, b = scaled(part(talk(), 0, 70), 0.7), part(talk(), 2, 72)
    there, back = quietly(a, b), quietly(b, a)
    for name in (*DISTANCES, "aperture_correlation", "width_correlation"):
        assert there[name] == pytest.approx(back[name]), name
    for name in ("lag_frames", "lag_ms", "log_lip_intensity_ratio"):
        assert there[name] == pytest.approx(-back[name]), name
    assert there["effective_articulation"] == pytest.approx(1 / back["effective_articulation"])


def test_size_and_place_of_the_head_in_the_picture_change_nothing(talk) -> None:
    a, b = talk(seed=1), talk(seed=2)
    pose = HeadPose(np.full(75, 80.0), np.tile(np.eye(3)[[1, 0, 2]], (75, 1, 1)), np.full((75, 3), 100.0))
    assert quietly(replace(a, pose=pose), b) == pytest.approx(quietly(a, b), nan_ok=True)


def test_lips_that_do_not_move_are_told_and_not_called_zero(talk) -> None:
    track = talk()
    still = track.with_points(np.repeat(track.points[:1], 75, axis=0))
    with pytest.warns(UserWarning, match="does not change") as told:
        values = measure(still, track)
    for name in ("effective_articulation", "log_lip_intensity_ratio", "aperture_correlation", "lag_frames"):
        assert np.isnan(values[name]), name
    messages = " ".join(str(warning.message) for warning in told)
    assert "lips do not move in one of the tracks" in messages
    assert "the aperture of one of the tracks does not change" in messages
    assert "the mouth width of one of the tracks does not change" in messages
    assert "lips are never in contact in both tracks" in messages


@pytest.mark.parametrize(("cut", "told"), [(1, "the last frame was left out"), (2, "the last 2 frames were left out")])
def test_a_small_difference_in_length_is_cut_off_and_told(talk, cut: int, told: str) -> None:
    track = talk()
    with pytest.warns(UserWarning, match=told), pytest.warns(UserWarning, match="never in contact"):
        values = measure(track, part(track, 0, 75 - cut))
    assert values["lmd_iod"] == 0


def test_a_large_difference_in_length_is_refused(talk) -> None:
    with pytest.raises(InputError, match="different lengths cannot be compared: 75 and 72 frames"):
        measure(talk(), part(talk(), 0, 72))


def test_different_frame_rates_are_refused(talk) -> None:
    with pytest.raises(InputError, match="different frame rates cannot be compared: 25 and 30 fps"):
        measure(talk(), talk(fps=30))


def test_different_topologies_are_refused(talk) -> None:
    track = talk()
    other = replace(track, topology=replace(track.topology, name="mine-478"))
    with pytest.raises(InputError, match="different topologies cannot be compared: 'mediapipe-478' and 'mine-478'"):
        measure(track, other)


def test_two_frames_are_too_few(talk) -> None:
    with pytest.raises(InputError, match="tracks of 2 frames cannot be compared: at least 3"):
        measure(talk(frames=2), talk(frames=2))


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_tells_its_unit_range_and_source(name: str) -> None:
    text = METRICS[name].__doc__ or ""
    for word in ("Unit:", "Range:", "Source:"):
        assert word in text, word


@pytest.mark.needs_shared_data
def test_metrics_of_filmed_speech_see_what_was_measured_on_grid(filmed: list[LandmarkTrack]) -> None:
    for track, other in zip(filmed, filmed[1:] + filmed[:1], strict=True):
        under, over = quietly(scaled(track, 0.5), track), quietly(scaled(track, 1.5), track)
        late = quietly(part(track, 0, 73), part(track, 2, 75))
        swapped = quietly(other, track)
        assert under["log_lip_intensity_ratio"] == pytest.approx(-0.693, abs=0.001)
        assert over["log_lip_intensity_ratio"] == pytest.approx(0.405, abs=0.001)
        assert under["lmd_iod"] == pytest.approx(over["lmd_iod"], rel=0.001)
        assert under["aperture_correlation"] > 0.98
        assert late["lag_frames"] == 2
        assert late["lag_ms"] == 80
        assert late["aperture_correlation"] < under["aperture_correlation"]
        assert late["velocity_error_iod_per_s"] > under["velocity_error_iod_per_s"]
        assert swapped["lmd_iod"] > 2 * under["lmd_iod"]
