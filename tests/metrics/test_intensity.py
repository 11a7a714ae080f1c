import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lipstudy.metrics import effective_articulation, lip_intensity, log_lip_intensity_ratio


def test_intensity_is_the_root_mean_square_distance_from_the_mean(talk) -> None:
    track = talk(frames=4)
    points = np.repeat(track.points[:1], 4, axis=0)
    points[:, 61, 0] += np.float32([0.03, -0.03, 0.03, -0.03])
    points[:, 61, 1] += np.float32([0.04, -0.04, 0.04, -0.04])
    lips = track.topology.subsets["lips-40"]
    intensity = lip_intensity(track.with_points(points))
    assert intensity.shape == (40,)
    assert intensity[lips.index(61)] == pytest.approx(0.05, rel=1e-4)
    assert intensity.sum() == pytest.approx(0.05, rel=1e-4)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scale=st.floats(0.01, 3), place=st.floats(-1, 1))
def test_scale_about_any_pose_is_the_effective_articulation(talk, scale: float, place: float) -> None:
    track = talk()
    scaled = track.with_points(place + scale * (track.points.astype(np.float64) - place))
    assert effective_articulation(scaled, track) == pytest.approx(scale, rel=1e-3)
    assert log_lip_intensity_ratio(track, scaled) == pytest.approx(-np.log(scale), abs=1e-3)


def test_order_of_frames_does_not_matter(talk) -> None:
    track = talk()
    assert effective_articulation(track.with_points(track.points[::-1]), track) == pytest.approx(1)


def test_landmark_that_is_still_in_both_is_left_out(talk) -> None:
    track = talk()
    points = track.points.copy()
    points[:, 0] = points[0, 0]
    held = track.with_points(points)
    mean = points.mean(axis=0)
    halved = track.with_points(mean + 0.5 * (points - mean))
    assert effective_articulation(halved, held) == pytest.approx(0.5, rel=1e-4)


def test_landmark_that_is_still_in_one_leaves_no_ratio(talk) -> None:
    track = talk()
    points = track.points.copy()
    points[:, 0] = points[0, 0]
    with pytest.warns(UserWarning, match="no ratio of lip intensity is defined"):
        assert np.isnan(effective_articulation(track.with_points(points), track))
