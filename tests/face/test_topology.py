"""The topology agrees with MediaPipe's own lists and with its mirror image."""

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, topology_named

LOOPS = MEDIAPIPE_478.loops


def edges_of(*loops: str) -> set[frozenset[int]]:
    return {
        frozenset(edge) for name in loops for edge in zip(LOOPS[name], LOOPS[name][1:] + LOOPS[name][:1], strict=True)
    }


def mediapipe_edges(name: str) -> set[frozenset[int]]:
    from mediapipe.tasks.python.vision import FaceLandmarksConnections

    return {frozenset((edge.start, edge.end)) for edge in getattr(FaceLandmarksConnections, name)}


@pytest.mark.parametrize(
    ("mediapipe_name", "ours"),
    [
        ("FACE_LANDMARKS_LIPS", ("lips outer", "lips inner")),
        ("FACE_LANDMARKS_FACE_OVAL", ("face oval",)),
        ("FACE_LANDMARKS_RIGHT_EYE", ("right eye",)),
        ("FACE_LANDMARKS_LEFT_EYE", ("left eye",)),
    ],
)
def test_loops_have_exactly_the_edges_of_mediapipe(mediapipe_name: str, ours: tuple[str, ...]) -> None:
    assert edges_of(*ours) == mediapipe_edges(mediapipe_name)


@pytest.mark.parametrize("side", ["right", "left"])
def test_brows_close_the_two_strands_of_mediapipe(side: str) -> None:
    strands = mediapipe_edges(f"FACE_LANDMARKS_{side.upper()}_EYEBROW")
    loop = edges_of(f"{side} brow")
    assert strands < loop
    assert len(loop - strands) == 2


def test_all_landmarks_are_within_range_and_loops_do_not_repeat() -> None:
    groups = [*LOOPS.values(), *MEDIAPIPE_478.lines.values(), *MEDIAPIPE_478.subsets.values(), MEDIAPIPE_478.rigid]
    for group in groups:
        assert len(set(group)) == len(group)
        assert 0 <= min(group) <= max(group) < MEDIAPIPE_478.num_points


def test_subsets_have_the_size_of_their_name() -> None:
    assert len(MEDIAPIPE_478.subsets["lips-40"]) == 40
    assert len(MEDIAPIPE_478.subsets["points-68"]) == 68
    assert set(MEDIAPIPE_478.subsets["lips-40"]) == set(LOOPS["lips outer"]) | set(LOOPS["lips inner"])


def test_right_and_left_are_the_speakers_own(face: np.ndarray) -> None:
    for right, left in (MEDIAPIPE_478.outer_eye_corners, MEDIAPIPE_478.mouth_corners):
        assert face[right, 0] < 0 < face[left, 0]
    for part in ("eye", "brow"):
        assert face[list(LOOPS[f"right {part}"]), 0].max() < 0 < face[list(LOOPS[f"left {part}"]), 0].min()


@pytest.mark.parametrize("pairs", [MEDIAPIPE_478.inner_lip_pairs, MEDIAPIPE_478.outer_lip_pairs])
def test_lip_pairs_run_from_right_to_left_upper_above_lower(pairs: tuple, face: np.ndarray) -> None:
    upper, lower = np.transpose(pairs)
    assert (np.diff(face[upper, 0]) > 0).all()
    assert (np.diff(face[lower, 0]) > 0).all()
    assert (face[upper, 1] < face[lower, 1]).all()
    assert np.abs(face[upper, 0] - face[lower, 0]).max() < 0.05


def test_centres_are_the_middle_pair_and_the_chin_is_lowest(face: np.ndarray) -> None:
    assert MEDIAPIPE_478.inner_lip_pairs[4] == MEDIAPIPE_478.inner_lip_centres
    assert face[list(LOOPS["face oval"]), 1].argmax() == LOOPS["face oval"].index(MEDIAPIPE_478.chin)


def test_jaw_runs_along_the_oval_from_ear_to_ear(face: np.ndarray) -> None:
    jaw = MEDIAPIPE_478.lines["jaw"]
    assert jaw[len(jaw) // 2] == MEDIAPIPE_478.chin
    assert abs(face[jaw[0], 1] - face[jaw[-1], 1]) < 0.15
    assert face[jaw[0], 0] * face[jaw[-1], 0] < 0


def test_points_68_are_laid_out_as_in_the_common_annotation(face: np.ndarray) -> None:
    points = face[list(MEDIAPIPE_478.subsets["points-68"])]
    assert (np.diff(points[1:16, 0]) > 0).all()  # jaw, from the speaker's right to left
    assert points[0:17, 1].argmax() == 8  # chin
    assert (np.diff(points[17:27, 0]) > 0).all()  # brows
    assert (np.diff(points[27:31, 1]) > 0).all()  # nose bridge, downwards
    assert points[36:48, 1].mean() < points[31:36, 1].mean() < points[48:68, 1].mean()  # eyes, nose, mouth
    assert points[48, 0] == points[48:60, 0].min()  # mouth corners
    assert points[54, 0] == points[48:60, 0].max()


def test_unknown_topology_is_named_with_the_nearest() -> None:
    assert topology_named("mediapipe-478") is MEDIAPIPE_478
    with pytest.raises(InputError, match=r"topology 'mediapipe-468' is unknown \(did you mean 'mediapipe-478'\?\)"):
        topology_named("mediapipe-468")
