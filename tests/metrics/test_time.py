import numpy as np
import pytest

from lipstudy.face import HeadPose, LandmarkTrack, lip_aperture
from lipstudy.metrics import aperture_correlation, aperture_dtw_cost, lag_frames, lag_ms, width_correlation


def with_apertures(track: LandmarkTrack, apertures: list[float]) -> LandmarkTrack:
    frames = len(apertures)
    points = np.repeat(track.points[:1], frames, axis=0)
    points[:, 14] = points[:, 13]
    points[:, 14, 1] += np.float32(apertures)
    return track.with_points(points, pose=HeadPose.still(frames), valid=np.ones(frames, bool))


def warping_cost_cell_by_cell(first: np.ndarray, second: np.ndarray) -> float:
    cost = np.full((len(first) + 1, len(second) + 1), np.inf)
    cost[0, 0] = 0
    for i, x in enumerate(first, start=1):
        for j, y in enumerate(second, start=1):
            local = abs(x - y)
            cost[i, j] = min(cost[i - 1, j] + local, cost[i, j - 1] + local, cost[i - 1, j - 1] + 2 * local)
    return cost[-1, -1] / (len(first) + len(second))


def test_warping_takes_a_held_opening_for_the_same(talk) -> None:
    a = with_apertures(talk(), [0.1, 0.1, 0.3, 0.1])
    b = with_apertures(talk(), [0.1, 0.3, 0.3, 0.1])
    assert aperture_dtw_cost(a, b) == pytest.approx(0, abs=1e-6)


def test_warping_cost_by_hand(talk) -> None:
    # The best path is the diagonal: (2 x 0.1 + 2 x 0 + 2 x 0.1) / 6.
    a, b = with_apertures(talk(), [0.1, 0.5, 0.1]), with_apertures(talk(), [0.2, 0.5, 0.2])
    assert aperture_dtw_cost(a, b) == pytest.approx(0.4 / 6, rel=1e-4)


def test_warping_by_diagonals_is_warping_cell_by_cell(talk) -> None:
    a, b = talk(seed=1, frames=40), talk(seed=2, frames=40)
    expected = warping_cost_cell_by_cell(*(lip_aperture(each.points, each.topology) for each in (a, b)))
    assert aperture_dtw_cost(a, b) == pytest.approx(expected, rel=1e-5)


def test_correlation_by_hand(talk) -> None:
    a, b = with_apertures(talk(), [0.1, 0.2, 0.3]), with_apertures(talk(), [0.1, 0.3, 0.2])
    assert aperture_correlation(a, b) == pytest.approx(0.5, abs=1e-4)


def test_width_is_that_of_the_corners_whatever_the_opening(talk) -> None:
    a = talk(frames=3)
    points = np.repeat(a.points[:1], 3, axis=0)
    right, left = a.topology.mouth_corners
    points[:, left, 0] += np.float32([0.0, 0.01, 0.02])
    points[:, right, 0] -= np.float32([0.0, 0.01, 0.02])
    points[:, 14, 1] += np.float32([0.0, 0.2, 0.1])
    b = a.with_points(points)
    points = np.array(points)
    points[:, left, 0] += np.float32([0.0, 0.02, 0.0])  # 0, 4, 4 against 0, 2, 4: correlation sqrt(3) / 2
    assert width_correlation(b.with_points(points), b) == pytest.approx(np.sqrt(3) / 2, abs=1e-4)


def test_lag_in_time_follows_the_frame_rate(talk) -> None:
    a = talk(frames=60, fps=50)
    b = a.with_points(np.roll(a.points, 3, axis=0))
    assert lag_frames(b, a) == 3
    assert lag_ms(b, a) == pytest.approx(60)


def test_positive_lag_says_that_the_first_track_is_late(talk) -> None:
    early = [0.1, 0.1, 0.1, 0.4, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    late = [0.1, *early[:-1]]
    assert lag_frames(with_apertures(talk(), late), with_apertures(talk(), early)) == 1
    assert lag_frames(with_apertures(talk(), early), with_apertures(talk(), late)) == -1


def test_lag_beyond_the_limit_is_not_found(talk) -> None:
    bump = np.exp(-((np.arange(60) - 20) ** 2) / 8)
    a, b = (with_apertures(talk(), list(0.1 + 0.2 * np.roll(bump, shift))) for shift in (25, 0))
    assert abs(lag_frames(a, b)) <= 10


def test_still_aperture_has_no_lag(talk) -> None:
    still = with_apertures(talk(), [0.1] * 10)
    with pytest.warns(UserWarning, match="the aperture of one of the tracks does not change"):
        assert np.isnan(lag_frames(still, still))
