"""Drawn mouths whose lips part elsewhere than a tracker says."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lipstudy.clips._lip_edges import seen_edges, steadied_edges, tracked_gaps, with_edges
from lipstudy.face import MEDIAPIPE_478, HeadPose, generic_neutral

UNIT_PX = 190.0
SIZE_PX = 512
SKIN, LIP, DARK, TOOTH = (200, 150, 120), (190, 90, 90), (40, 15, 15), (215, 205, 190)
UPPER, LOWER = map(list, np.transpose(MEDIAPIPE_478.inner_lip_pairs))
OUTER_LOWER = [lower for _, lower in MEDIAPIPE_478.outer_lip_pairs]
OUTER_LOOP, INNER_LOOP = (list(MEDIAPIPE_478.loops[name]) for name in ("lips outer", "lips inner"))
MIDDLE = slice(3, 6)


def face_px(gap_iod: float) -> NDArray[np.float64]:
    """Return landmarks of lips that part by this in the middle, and less towards the corners."""
    face = np.asarray(generic_neutral(), np.float64)
    share = 1 - np.linspace(-1, 1, len(LOWER)) ** 2 * 0.75
    for lower in (LOWER, OUTER_LOWER):
        face[lower, 1] += gap_iod * share
    pose = HeadPose(np.array([UNIT_PX]), np.eye(3)[None], np.array([[256.0, 190.0, 0.0]]))
    return np.asarray(pose.to_pixels(face[None])[0])


def drawn(points_px: NDArray[np.float64], hole: NDArray[np.float64], colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    image = np.full((SIZE_PX, SIZE_PX, 3), SKIN, np.uint8)
    for polygon, fill in ((points_px[OUTER_LOOP, :2], LIP), (hole, colour)):
        cv2.fillPoly(image, [np.rint(polygon * 16).astype(np.int32)], fill, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(image, (0, 0), 1.0)


def ellipse(points_px: NDArray[np.float64], *, width_px: float, height_px: float) -> NDArray[np.float64]:
    centre = points_px[[UPPER[4], LOWER[4]], :2].mean(0)
    turn = np.linspace(0, 2 * np.pi, 80)
    return centre + np.stack([np.cos(turn) * width_px / 2, np.sin(turn) * height_px / 2], axis=1)


@pytest.mark.parametrize("colour", [DARK, TOOTH])
def test_a_round_mouth_is_open_in_its_middle_only(colour: tuple[int, int, int]) -> None:
    points = face_px(0.16)
    gaps = tracked_gaps(points)
    seen = seen_edges(drawn(points, ellipse(points, width_px=44, height_px=gaps[4]), colour), points, unit_px=UNIT_PX)
    aside = (points[UPPER, 0] - points[UPPER[4], 0])[MIDDLE] / 22
    np.testing.assert_allclose((gaps - seen.sum(0))[MIDDLE], gaps[4] * np.sqrt(1 - aside**2), atol=3)
    np.testing.assert_allclose(seen[:, [0, -1]].sum(0), gaps[[0, -1]], atol=0.3)


def test_an_edge_tracked_too_low_is_raised_to_where_the_lip_ends() -> None:
    points = face_px(0.16)
    lower = points.copy()
    lower[LOWER, 1] -= 6
    seen = seen_edges(drawn(points, lower[INNER_LOOP, :2], DARK), points, unit_px=UNIT_PX)
    # The lip begins where the last of the dark is gone, and the drawing is blurred.
    np.testing.assert_allclose(seen[1, MIDDLE], 6, atol=2)
    np.testing.assert_allclose(seen[0, MIDDLE], 0, atol=1.5)


@pytest.mark.parametrize("line", [DARK, (165, 74, 74)], ids=["black line", "faint line"])
def test_a_tongue_as_red_as_the_lips_is_no_lip(line: tuple[int, int, int]) -> None:
    points = face_px(0.16)
    inside = points[INNER_LOOP, :2]
    image = drawn(points, inside, DARK)
    middle = points[[UPPER[4], LOWER[4]], :2].mean(0)
    tongue = np.array([[middle[0] - 60, middle[1]], [middle[0] + 60, middle[1]], *points[LOWER[7:1:-1], :2] - [0, 3]])
    cv2.fillPoly(image, [np.rint(tongue * 16).astype(np.int32)], LIP, cv2.LINE_AA, 4)
    edge = np.rint((points[LOWER[1:-1], :2] - [0, 2]) * 16).astype(np.int32)
    cv2.polylines(image, [edge], False, line, 3, cv2.LINE_AA, 4)
    seen = seen_edges(cv2.GaussianBlur(image, (0, 0), 1.0), points, unit_px=UNIT_PX)
    np.testing.assert_allclose(seen[1, MIDDLE], 0, atol=2.5)


def test_a_gap_beyond_the_tracked_edge_is_found() -> None:
    points = face_px(0.1)
    wider = points.copy()
    wider[UPPER, 1] -= 4
    seen = seen_edges(drawn(points, wider[INNER_LOOP, :2], DARK), points, unit_px=UNIT_PX)
    np.testing.assert_allclose(seen[0, MIDDLE], -4, atol=1.5)


def test_where_the_tracker_is_right_nothing_changes() -> None:
    points = face_px(0.16)
    seen = seen_edges(drawn(points, points[INNER_LOOP, :2], DARK), points, unit_px=UNIT_PX)
    np.testing.assert_allclose(seen[:, 1:-1], 0, atol=2)


def test_a_mouth_that_shows_nothing_but_lip_and_closed_lips_tell_nothing() -> None:
    points = face_px(0.16)
    assert not seen_edges(drawn(points, points[INNER_LOOP, :2], LIP), points, unit_px=UNIT_PX).any()
    closed = face_px(0.0)
    assert not seen_edges(drawn(points, points[INNER_LOOP, :2], DARK), closed, unit_px=UNIT_PX).any()


def test_the_picture_itself_gets_the_edges_that_were_seen() -> None:
    points = face_px(0.16)
    gaps = tracked_gaps(points)
    seen = seen_edges(drawn(points, ellipse(points, width_px=44, height_px=gaps[4]), DARK), points, unit_px=UNIT_PX)
    np.testing.assert_allclose(tracked_gaps(with_edges(points, seen, gaps)), gaps - seen.sum(0), atol=0.3)
    others = np.setdiff1d(np.arange(len(points)), [*UPPER, *LOWER])
    np.testing.assert_array_equal(with_edges(points, seen, gaps)[others], points[others])


@settings(max_examples=30, deadline=None)
@given(
    asked_iod=st.floats(0, 0.4),
    touching=st.integers(0, 3),
    inside=st.floats(0, 0.3),
    outside_px=st.floats(0, 5),
)
def test_lips_that_shall_close_close_and_none_cross(
    asked_iod: float, touching: int, inside: float, outside_px: float
) -> None:
    gaps = tracked_gaps(face_px(0.16))
    seen = np.stack([np.full_like(gaps, -outside_px), inside * gaps])
    seen[:, :touching] = gaps[:touching] / 2
    target = face_px(asked_iod)
    changed = with_edges(target, seen, gaps)
    gap = (changed[LOWER] - changed[UPPER])[:, 1]
    assert (gap >= -1e-6).all()
    if asked_iod == 0:
        np.testing.assert_allclose(gap, (target[LOWER] - target[UPPER])[:, 1], atol=0.5)


def test_lips_that_touch_beside_the_corner_still_do_in_a_wider_mouth_and_their_neighbours_open_less() -> None:
    gaps, target = tracked_gaps(face_px(0.1)), face_px(0.25)
    seen = np.zeros((2, len(gaps)))
    seen[:, 0] = gaps[0] / 2
    changed, asked = tracked_gaps(with_edges(target, seen, gaps)), tracked_gaps(target)
    assert changed[0] < 0.5
    assert changed[1] < asked[1] - 1
    np.testing.assert_allclose(changed[3:], asked[3:], atol=1e-6)


def test_edges_are_steadied_within_a_run_and_not_across_a_cut() -> None:
    seen = np.zeros((6, 2, 9))
    seen[3:] = 5
    apart = steadied_edges(seen, [np.arange(3), np.arange(3, 6)])
    np.testing.assert_allclose(apart, seen, atol=1e-9)
    together = steadied_edges(seen, [np.arange(6)])
    assert 0 < together[2, 0, 0] < together[3, 0, 0] < 5
