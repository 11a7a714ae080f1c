import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lipstudy.clips import FaceWarp, WarpMap
from lipstudy.clips._warp import ABOVE, BELOW, BOTH
from lipstudy.face import MEDIAPIPE_478, HeadPose, generic_neutral

SIZE_PX = 360
UNIT_PX = 80.0
CENTRE_PX = np.array([180.0, 120.0, 0.0])
LOWER_LIP = sorted({pair[1] for pair in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs)})
UPPER_LIP = sorted({pair[0] for pair in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs)})
BELOW_MOUTH = [17, 18, 200, 199, 152, 148, 377, 176, 400, 149, 378]


def face_px(*, open_iod: float = 0.0, unit_px: float = UNIT_PX) -> NDArray[np.float64]:
    """Return a face in the picture, its lower lip and chin let down by `open_iod`, the cheeks a part of that."""
    face = np.asarray(generic_neutral(), np.float64)
    mouth = face[list(MEDIAPIPE_478.inner_lip_centres), 1].mean()
    share = np.exp(-((face[:, 0] / 0.55) ** 2)) / (1 + np.exp(-(face[:, 1] - mouth) / 0.08))
    share[UPPER_LIP] = 0
    share[LOWER_LIP] = np.exp(-((face[LOWER_LIP, 0] / 0.3) ** 2))
    face[:, 1] += open_iod * share
    pose = HeadPose(np.array([unit_px]), np.eye(3)[None], CENTRE_PX[None] * unit_px / UNIT_PX)
    return np.asarray(pose.to_pixels(face[None])[0])


def warp_frame(*, unit_px: float = UNIT_PX) -> FaceWarp:
    size = round(SIZE_PX * unit_px / UNIT_PX)
    return FaceWarp.of(face_px(unit_px=unit_px), unit_px=unit_px, size_px=(size, size))


def both_maps(warp: WarpMap) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how far each pixel's source is from it, if it lies above the mouth line and if below."""
    at = np.array([warp.left_px, warp.top_px], np.float32)
    return warp.moved(ABOVE, warp.whole) - at, warp.moved(BELOW, warp.whole) - at


def test_the_map_of_a_face_onto_itself_is_the_identity() -> None:
    warp = warp_frame().map_between(face_px(), face_px())
    for moves in both_maps(warp):
        np.testing.assert_allclose(moves, 0, atol=1e-4)  # pixels are looked up to 1/32
    assert warp.folds == 0


@pytest.mark.parametrize(("lip", "side"), [(UPPER_LIP, 0), (LOWER_LIP, 1)])
def test_each_lip_lands_on_its_target(lip: list[int], side: int) -> None:
    source, target = face_px(), face_px(open_iod=0.15)
    warp = warp_frame().map_between(source, target)
    moves = both_maps(warp)[side]
    for point in lip:
        x, y = np.rint(target[point, :2]).astype(int)
        found = moves[y - warp.top_px, x - warp.left_px]
        assert np.linalg.norm(found - (source - target)[point, :2]) < 1.0, point


def test_nothing_moves_at_the_rim_of_the_warped_rectangle() -> None:
    warp = warp_frame().map_between(face_px(), face_px(open_iod=0.25))
    for moved in both_maps(warp):
        for rim in (moved[0], moved[-1], moved[:, 0], moved[:, -1]):
            assert np.abs(rim).max() < 1 / 32  # less is not seen: pixels are looked up to that


def test_eyes_and_nose_bridge_stay() -> None:
    source = face_px()
    warp = warp_frame().map_between(source, face_px(open_iod=0.25))
    moved, _ = both_maps(warp)
    for point in MEDIAPIPE_478.rigid:
        x, y = np.rint(source[point, :2]).astype(int) - [warp.left_px, warp.top_px]
        if y >= 0:  # what lies above the rectangle is not touched at all
            assert np.linalg.norm(moved[y, x]) < 0.1, point


def test_closing_lips_meet_in_a_cut_and_not_in_a_stretched_strip() -> None:
    source, target = face_px(open_iod=0.2), face_px()
    warp = warp_frame().map_between(source, target)
    upper, lower = MEDIAPIPE_478.inner_lip_centres
    x, y = np.rint(target[lower, :2]).astype(int) - [warp.left_px, warp.top_px]
    upper_map, lower_map = both_maps(warp)
    apart_px = lower_map[y, x, 1] - upper_map[y, x, 1]
    assert apart_px == pytest.approx(source[lower, 1] - source[upper, 1], abs=2)


def test_a_chin_pushed_through_the_mouth_is_counted_as_a_fold() -> None:
    target = face_px()
    target[BELOW_MOUTH, 1] -= 0.9 * UNIT_PX
    assert warp_frame().map_between(face_px(), target).folds > 0


def test_folds_are_counted_where_the_map_is_seen() -> None:
    source, target = face_px(), face_px()
    target[BELOW_MOUTH, 1] -= 0.9 * UNIT_PX
    frame = warp_frame()
    above_the_nose = slice(0, int(frame.origin_px[1])), slice(0, frame.size_px[0])
    ((whole, part),) = frame.maps_between([[source, source]], target[None], [[frame.whole, above_the_nose]])
    assert whole.folds > 0
    assert part.folds == 0


# From about 0.35 IOD on, one cell of the map of this drawn face folds; a clip tells of such frames.
@settings(max_examples=15, deadline=None)
@given(open_iod=st.floats(0, 0.32))
def test_an_opening_mouth_does_not_fold(open_iod: float) -> None:
    assert warp_frame().map_between(face_px(), face_px(open_iod=open_iod)).folds == 0


@settings(max_examples=8, deadline=None)
@given(open_iod=st.floats(0.02, 0.25))
def test_a_picture_twice_as_large_moves_twice_as_far(open_iod: float) -> None:
    chin = MEDIAPIPE_478.chin
    moved = []
    for unit_px in (UNIT_PX, 2 * UNIT_PX):
        target = face_px(open_iod=open_iod, unit_px=unit_px)
        warp = warp_frame(unit_px=unit_px).map_between(face_px(unit_px=unit_px), target)
        x, y = np.rint(target[chin, :2]).astype(int) - [warp.left_px, warp.top_px]
        moved.append(both_maps(warp)[1][y, x, 1] / unit_px)
    assert moved[1] == pytest.approx(moved[0], abs=0.01)


def test_a_part_of_a_map_is_that_part_of_the_whole_map() -> None:
    warp = warp_frame().map_between(face_px(), face_px(open_iod=0.25))
    for part in np.s_[0:70, 0:50], np.s_[33:34, 60:120], np.s_[91 : warp.height_px, 7 : warp.width_px]:
        for side in (ABOVE, BELOW, BOTH):
            np.testing.assert_allclose(warp.moved(side, part), warp.moved(side, warp.whole)[part], atol=1e-3)


@pytest.mark.parametrize("open_iod", [0.0, 0.25])
def test_above_and_below_the_mouth_the_map_of_both_halves_is_that_of_the_half(open_iod: float) -> None:
    # In a mouth that closes the two lie farthest apart.
    target = face_px(open_iod=open_iod)
    warp = warp_frame().map_between(face_px(open_iod=0.25), target)
    upper, lower, both = (warp.moved(side, warp.whole) for side in (ABOVE, BELOW, BOTH))
    inner_y = target[[point for pair in MEDIAPIPE_478.inner_lip_pairs for point in pair], 1] - warp.top_px
    first, last = int(inner_y.min() - 0.15 * UNIT_PX - 2), int(inner_y.max() + 0.15 * UNIT_PX + 2)
    mouth = slice(*(target[list(MEDIAPIPE_478.mouth_corners), 0] - warp.left_px).astype(int))
    np.testing.assert_allclose(both[:first, mouth], upper[:first, mouth], atol=0.02)
    np.testing.assert_allclose(both[last:, mouth], lower[last:, mouth], atol=0.02)
