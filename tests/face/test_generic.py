"""The generic face, and the mirror of the topology."""

import numpy as np
import pytest

from lipstudy.face import MEDIAPIPE_478, generic_neutral, inner_lip_gaps, symmetric_face
from lipstudy.face.estimate_generic_face import estimate_generic_face


def test_the_mirror_of_the_mirror_is_the_landmark_itself() -> None:
    mirror = np.array(MEDIAPIPE_478.mirror)
    assert np.array_equal(mirror[mirror], np.arange(MEDIAPIPE_478.num_points))


@pytest.mark.parametrize("name", ["lips outer", "lips inner", "face oval"])
def test_the_mirror_maps_a_contour_in_the_middle_to_itself(name: str) -> None:
    contour = MEDIAPIPE_478.loops[name]
    assert {MEDIAPIPE_478.mirror[point] for point in contour} == set(contour)


@pytest.mark.parametrize("part", ["eye", "brow"])
def test_the_mirror_maps_right_to_left(part: str) -> None:
    right, left = MEDIAPIPE_478.loops[f"right {part}"], MEDIAPIPE_478.loops[f"left {part}"]
    assert {MEDIAPIPE_478.mirror[point] for point in right} == set(left)


def test_the_generic_face_is_symmetric_with_closed_lips() -> None:
    face = generic_neutral()
    np.testing.assert_allclose(symmetric_face(face, MEDIAPIPE_478), face, atol=1e-6)
    np.testing.assert_allclose(inner_lip_gaps(face, MEDIAPIPE_478), 0, atol=1e-6)


def test_a_caller_cannot_change_the_generic_face() -> None:
    generic_neutral()[:] = 0
    assert np.abs(generic_neutral()).max() > 1


@pytest.mark.slow
@pytest.mark.needs_shared_data
def test_the_command_makes_the_generic_face_again(grid, tracked) -> None:
    neutrals = [tracked(film.stem).neutral for film in sorted(grid.glob("*.mpg"))]
    np.testing.assert_allclose(estimate_generic_face(neutrals), generic_neutral(), atol=0.005)
