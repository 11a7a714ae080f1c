import numpy as np
import pytest

from lipstudy.metrics import lip_velocity_error, lip_vertex_error, mean_landmark_distance


def test_lips_elsewhere_are_as_far_as_they_are_moved(talk) -> None:
    track = talk()
    moved = track.with_points(track.points + np.float32([0.03, 0.04, 0.0]))
    assert mean_landmark_distance(moved, track) == pytest.approx(0.05, rel=1e-4)
    assert lip_vertex_error(moved, track) == pytest.approx(0.05**2, rel=1e-4)
    assert lip_velocity_error(moved, track) == pytest.approx(0, abs=1e-4)


def test_vertex_error_is_the_square_of_the_farthest_landmark(talk) -> None:
    track = talk(frames=4)
    points = track.points.copy()
    points[0, 13, 1] += 0.2
    points[0, 61, 0] += 0.1
    points[2, 14, 2] += 0.1
    # Farthest landmark of each frame: 0.2, 0, 0.1, 0; their squares on average: (0.04 + 0.01) / 4.
    assert lip_vertex_error(track.with_points(points), track) == pytest.approx(0.0125, rel=1e-4)
    # Distances 0.2 + 0.1 + 0.1 over 4 frames x 40 landmarks.
    assert mean_landmark_distance(track.with_points(points), track) == pytest.approx(0.4 / 160, rel=1e-4)


def test_velocity_error_is_per_second(talk) -> None:
    track = talk(frames=3, fps=50)
    points = track.points.copy()
    lips = list(track.topology.subsets["lips-40"])
    points[:, lips, 0] += np.float32([[0.0], [0.01], [0.02]])
    assert lip_velocity_error(track.with_points(points), track) == pytest.approx(0.01 * 50, rel=1e-3)


def test_landmarks_outside_the_lips_are_not_looked_at(talk) -> None:
    track = talk()
    points = track.points.copy()
    points[:, [152, 1, 33, 12]] += 1
    for metric in (mean_landmark_distance, lip_vertex_error, lip_velocity_error):
        assert metric(track.with_points(points), track) == 0
