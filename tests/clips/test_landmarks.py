"""The landmark embodiment: clean contours in a layout that is the same in every clip."""

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from lipstudy.clips import LANDMARK_STYLES, LandmarkStyle, render_landmarks
from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, HeadPose, LandmarkTrack, close_lips, detect_face, normalise_head


def track_of(points: np.ndarray) -> LandmarkTrack:
    return LandmarkTrack(
        np.asarray(points, np.float32),
        fps=25.0,
        topology=MEDIAPIPE_478,
        pose=HeadPose.still(len(points)),
        valid=np.ones(len(points), bool),
    )


def rendered(points: np.ndarray, style: LandmarkStyle = LANDMARK_STYLES["face"], size_px: int = 512) -> np.ndarray:
    return np.stack(list(render_landmarks(track_of(points), style=style, size_px=size_px)))


def areas(frame: np.ndarray) -> int:
    """Return into how many areas the lines part the white ground."""
    count, _, statistics, _ = cv2.connectedComponentsWithStats((frame.min(-1) > 200).astype(np.uint8), connectivity=4)
    return int((statistics[1:count, cv2.CC_STAT_AREA] > 8).sum())


@pytest.fixture(scope="module")
def smiling() -> np.ndarray:
    """Return a real face (478, 3) with the lips apart, head-normalised."""
    from skimage.data import astronaut

    points, _ = normalise_head(detect_face(astronaut())[None], MEDIAPIPE_478)
    return np.asarray(points[0], np.float64)


@pytest.fixture(scope="module")
def closed(smiling: np.ndarray) -> np.ndarray:
    return np.asarray(close_lips(smiling, MEDIAPIPE_478), np.float64)


@pytest.mark.parametrize("name", LANDMARK_STYLES)
def test_every_style_gives_one_square_rgb_frame_a_track_frame(smiling: np.ndarray, name: str) -> None:
    frames = rendered(np.stack([smiling] * 3), LANDMARK_STYLES[name], 256)
    assert frames.shape == (3, 256, 256, 3)
    assert frames.dtype == np.uint8
    assert len(np.unique(frames.reshape(-1, 3), axis=0)) > 4, "nothing is drawn, or without shades at the edges"


def test_closed_lips_show_no_opening_and_open_lips_do(smiling: np.ndarray, closed: np.ndarray) -> None:
    # The ground, the upper lip, the lower lip; and the opening.
    assert areas(rendered(closed[None], LANDMARK_STYLES["lips"])[0]) == 3
    assert areas(rendered(smiling[None], LANDMARK_STYLES["lips"])[0]) == 4


def test_a_frame_depends_on_its_own_points_only(smiling: np.ndarray, closed: np.ndarray) -> None:
    # Contours that do not move are drawn once for the whole clip: that must not be seen.
    moved = smiling.copy()
    moved[list(MEDIAPIPE_478.loops["left brow"]), 1] -= 0.1
    together = rendered(np.stack([smiling, closed, moved]))
    for frame, points in zip(together, (smiling, closed, moved), strict=True):
        alone = rendered(points[None])[0]
        # Where two contours touch, their order may change a shade.
        assert np.mean(frame != alone) < 1e-3
    np.testing.assert_array_equal(together[0], rendered(np.stack([smiling, closed, moved, moved]))[0])


def test_motion_far_under_a_pixel_is_seen(smiling: np.ndarray) -> None:
    eighth_px = 0.125 / (0.32 * 512)
    lowered = smiling.copy()
    lowered[list(MEDIAPIPE_478.loops["lips inner"]), 1] += eighth_px
    first, second = rendered(np.stack([smiling, lowered]))
    assert np.any(first != second)
    assert np.abs(first.astype(int) - second).max() < 128


def test_the_layout_holds_every_face_and_its_open_jaw(smiling: np.ndarray) -> None:
    jaw = smiling.copy()
    jaw[list(MEDIAPIPE_478.lines["jaw"]), 1] += 0.45
    for points in (smiling, jaw):
        frame = rendered(points[None])[0]
        border = np.concatenate([frame[:4].ravel(), frame[-4:].ravel(), frame[:, :4].ravel(), frame[:, -4:].ravel()])
        assert border.min() == 255


def test_the_head_stays_in_place_whatever_its_pose(smiling: np.ndarray) -> None:
    still = track_of(smiling[None])
    away = HeadPose(np.array([80.0]), np.eye(3)[None], np.array([[300.0, 20.0, 0.0]]))
    moved = LandmarkTrack(still.points, fps=25.0, topology=MEDIAPIPE_478, pose=away, valid=still.valid)
    frames = [next(iter(render_landmarks(t, style=LandmarkStyle(), size_px=256))) for t in (still, moved)]
    np.testing.assert_array_equal(*frames)


def test_all_sizes_look_the_same(smiling: np.ndarray) -> None:
    large = rendered(smiling[None], size_px=1024)[0]
    small = rendered(smiling[None], size_px=512)[0]
    reduced = cv2.resize(large, (512, 512), interpolation=cv2.INTER_AREA)
    assert np.abs(reduced.astype(float) - small).mean() < 0.8


def test_points_are_drawn_one_by_one(smiling: np.ndarray) -> None:
    style = LandmarkStyle(draws="points", point_width=0.004)
    frame = rendered(smiling[None], style, 1024)[0]
    count, _ = cv2.connectedComponents((frame.min(-1) < 160).astype(np.uint8))
    assert count - 1 == 68


def test_filled_lips_show_the_mouth_only_when_it_is_open(smiling: np.ndarray, closed: np.ndarray) -> None:
    style = LandmarkStyle(shows="lips", draws="filled", lip_colour="#ff0000", mouth_colour="#0000ff")
    mouths = [int(((frame == (0, 0, 255)).all(-1)).sum()) for frame in rendered(np.stack([closed, smiling]), style)]
    lips = [int(((frame == (255, 0, 0)).all(-1)).sum()) for frame in rendered(np.stack([closed, smiling]), style)]
    assert mouths[0] < 0.02 * lips[0]
    assert mouths[1] > 0.1 * lips[1]


def test_what_touches_in_the_track_touches_in_the_picture(closed: np.ndarray) -> None:
    # No ground shines through between closed filled lips.
    style = LandmarkStyle(
        shows="lips", draws="filled", background="#00ff00", lip_colour="#ff0000", mouth_colour="#000000"
    )
    (frame,) = rendered(closed[None], style)
    x, y = (512 * (closed[13, :2] * 0.95 + [0.5, 0.5 - 0.82 * 0.95])).round().astype(int)
    assert frame[y - 6 : y + 7, x, 1].max() < 10


def test_a_face_drawn_smaller_is_the_same_face(smiling: np.ndarray) -> None:
    small, usual = (rendered(smiling[None], LandmarkStyle(size=size))[0] for size in (0.5, 1.0))
    extent = [np.ptp(np.argwhere(frame.min(-1) < 200), axis=0) for frame in (small, usual)]
    np.testing.assert_allclose(extent[0] / extent[1], 0.5, atol=0.02)


@pytest.mark.parametrize("size_px", [31, 4097])
def test_a_size_out_of_range_is_refused_before_the_first_frame(smiling: np.ndarray, size_px: int) -> None:
    with pytest.raises(InputError, match=f"32 to 4096 pixels, got {size_px}"):
        render_landmarks(track_of(smiling[None]), style=LandmarkStyle(), size_px=size_px)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"colour": "red"}, "colour"),
        ({"line_width": 3}, "line_width"),
        ({"size": 2}, "size"),
        ({"show": "lips"}, "Extra inputs"),
    ],
)
def test_a_style_that_cannot_be_drawn_is_refused(wrong: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        LandmarkStyle(**wrong)
