"""Teeth are rigid: the upper ones keep to the skull, the lower ones go with the jaw, at their own size."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lipstudy.clips._interior import InteriorLook, _lit, compose_mouth, mouth_insides
from lipstudy.clips._mouth_opening import mouth_opening
from lipstudy.clips._warp import FaceWarp
from lipstudy.face import MEDIAPIPE_478, HeadPose, generic_neutral

UNIT_PX = 400.0
SIZE_PX = 1200
ROWS = 24
UPPER, LOWER = MEDIAPIPE_478.inner_lip_centres


def face_px(open_iod: float) -> NDArray[np.float64]:
    face = np.asarray(generic_neutral(), np.float64)
    mouth = face[[UPPER, LOWER], 1].mean()
    share = np.exp(-((face[:, 0] / 0.55) ** 2)) / (1 + np.exp(-(face[:, 1] - mouth) / 0.08))
    for inner, outer in zip(MEDIAPIPE_478.inner_lip_pairs, MEDIAPIPE_478.outer_lip_pairs, strict=True):
        share[[inner[0], outer[0]]] = 0
        share[[inner[1], outer[1]]] = np.exp(-((face[[inner[1], outer[1]], 0] / 0.3) ** 2))
    face[:, 1] += open_iod * share
    pose = HeadPose(np.array([UNIT_PX]), np.eye(3)[None], np.array([[600.0, 500.0, 0.0]]))
    return np.asarray(pose.to_pixels(face[None])[0])


@pytest.fixture(scope="module", params=[0.2, 0.26, 0.32])
def column(request: pytest.FixtureRequest) -> tuple[NDArray[np.float64], NDArray[np.float64], int, int]:
    """Return the middle column of a mouth opened from 0.2 IOD: the source row seen in each row, both heights."""
    source_px, target_px = face_px(0.2), face_px(request.param)
    top, bottom = int(source_px[UPPER, 1]), int(source_px[LOWER, 1])
    image = np.zeros((SIZE_PX, SIZE_PX, 3), np.float32)
    # Every row inside the mouth carries its own number; the lips are white.
    rows = np.arange(SIZE_PX)
    image[:] = np.where((rows >= top) & (rows <= bottom), rows - top + 60, 255)[:, None, None]
    frame = FaceWarp.of(source_px, unit_px=UNIT_PX, size_px=(SIZE_PX, SIZE_PX))
    warp = frame.map_between(source_px, target_px)
    giving = (np.linspace(0, 1, ROWS) > 0.5).astype(float)
    look = InteriorLook(dark=np.zeros(3), floor=np.zeros(3), giving=giving, depth=1.0)
    openings = [[mouth_opening(points, frame)] for points in (source_px, target_px)]
    (inside,) = mouth_insides(*openings, [look], unit_px=UNIT_PX)
    part = compose_mouth(image, warp, inside, frame)
    x = int(source_px[UPPER, 0]) - warp.left_px
    first, last = int(target_px[UPPER, 1]), int(target_px[LOWER, 1])
    inside = part[first - warp.top_px : last - warp.top_px, x, 0].astype(float)
    return inside - 60, np.arange(first, last) - top, bottom - top, last - first


def test_upper_teeth_keep_their_place_and_size(column: tuple) -> None:
    number, row, height, _ = column
    upper = (row > 0.15 * height) & (row < 0.25 * height)
    np.testing.assert_allclose(number[upper], row[upper], atol=1.5)
    assert np.polyfit(row[upper], number[upper], 1)[0] == pytest.approx(1, abs=0.05)


def test_lower_teeth_go_down_with_the_jaw_at_their_size(column: tuple) -> None:
    number, row, height, opened = column
    from_below = opened - (row - row[0])
    lower = (from_below > 0.14 * height) & (from_below < 0.27 * height)
    assert np.polyfit(row[lower], number[lower], 1)[0] == pytest.approx(1, abs=0.06)
    np.testing.assert_allclose(height - number[lower], from_below[lower], atol=6)


def test_what_opens_between_them_is_dark(column: tuple) -> None:
    number, row, height, opened = column
    between = (row - row[0] > 0.62 * height) & (opened - (row - row[0]) > 0.62 * height)
    if between.any():
        assert (number[between] + 60).max() < 25


def composed(source_iod: float, target_iod: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return a grey face whose mouth, with white teeth, is moved, from the warp's first row on, and its landmarks."""
    source_px, target_px = face_px(source_iod), face_px(target_iod)
    frame = FaceWarp.of(source_px, unit_px=UNIT_PX, size_px=(SIZE_PX, SIZE_PX))
    image = np.full((SIZE_PX, SIZE_PX, 3), 150, np.float32)
    image[int(source_px[UPPER, 1]) : int(source_px[LOWER, 1])] = 240
    look = InteriorLook(dark=np.zeros(3), floor=np.zeros(3), giving=np.linspace(0, 1, ROWS), depth=1.0)
    warp = frame.map_between(source_px, target_px)
    openings = [[mouth_opening(points, frame)] for points in (source_px, target_px)]
    (inside,) = mouth_insides(*openings, [look], unit_px=UNIT_PX)
    part = compose_mouth(image, warp, inside, frame)
    return part, target_px - [warp.left_px, warp.top_px, 0]


def test_lips_that_close_over_teeth_meet_in_a_dark_line_and_lips_that_were_closed_do_not() -> None:
    for source_iod, low, high in ((0.2, 90, 135), (0.0, 149, 151)):
        part, points = composed(source_iod, 0.0)
        x, y = (round(float(value)) for value in points[UPPER, :2])
        assert low <= part[y - 8 : y + 9, x, 0].min() <= high
        # A lip's width away it is the lip's own grey.
        assert part[y - 20, x, 0] == pytest.approx(150, abs=1)


def test_teeth_lie_in_the_shade_of_lips_that_have_come_nearer_and_keep_their_light_where_they_are() -> None:
    whites = {}
    for target_iod in (0.03, 0.2):
        part, points = composed(0.2, target_iod)
        first, last = int(points[UPPER, 1]), int(points[LOWER, 1])
        whites[target_iod] = part[first:last, int(points[UPPER, 0]), 0].max()
    assert whites[0.2] == pytest.approx(240, abs=2)
    assert whites[0.03] < 200


def test_the_edge_of_an_opening_has_no_steps() -> None:
    points = face_px(0.2)
    points[MEDIAPIPE_478.inner_lip_pairs[1][1], 1] -= 40
    opening = mouth_opening(points, FaceWarp.of(points, unit_px=UNIT_PX, size_px=(SIZE_PX, SIZE_PX)))
    bends = np.abs(np.diff(opening.bottom_px, 2))
    assert bends.max() < 2.0


def test_light_in_what_opens_lies_low_and_in_the_middle_and_is_little_in_a_narrow_gap() -> None:
    revealed = np.ones((48, 41))
    gap_iod = np.full(41, 0.2)
    lit = _lit(revealed, gap_iod, gap_iod, np.linspace(0, 1, 41))
    assert (np.diff(lit, axis=0) >= 0).all()
    assert lit[:10].max() < 0.05 < 0.8 < lit[-1, 20]
    assert (np.diff(lit[40, :21]) >= 0).all()
    np.testing.assert_allclose(lit, lit[:, ::-1], atol=1e-9)
    narrow = _lit(revealed, gap_iod / 10, gap_iod / 10, np.linspace(0, 1, 41))
    assert 0.2 < narrow.min() < narrow.max() < 0.7
