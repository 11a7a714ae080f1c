from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator
from skimage.data import astronaut

from lipstudy.clips import LandmarkStyle, PhotoFace, open_photograph, render_landmarks, render_photograph
from lipstudy.errors import InputError
from lipstudy.face import (
    MEDIAPIPE_478,
    HeadPose,
    LandmarkTrack,
    close_lips,
    detect_face,
    generic_neutral,
    mouth_width,
    normalise_head,
    topology_named,
)
from lipstudy.motion import articulation_weights

Image = NDArray[np.uint8]
SIZE_PX = 384


@pytest.fixture(scope="module")
def face() -> PhotoFace:
    return PhotoFace.of(astronaut())


def opening_track(gaps_iod: list[float]) -> LandmarkTrack:
    """Return a track of a mouth that opens by the jaw: a gap in each frame, from a closed neutral."""
    neutral = np.asarray(close_lips(generic_neutral(), MEDIAPIPE_478), np.float64)
    upper_centre, lower_centre = MEDIAPIPE_478.inner_lip_centres
    mouth = neutral[[upper_centre, lower_centre], 1].mean()
    share = articulation_weights(MEDIAPIPE_478) / (1 + np.exp(-(neutral[:, 1] - mouth) / 0.05))
    for inner, outer in zip(MEDIAPIPE_478.inner_lip_pairs, MEDIAPIPE_478.outer_lip_pairs, strict=True):
        share[[inner[0], outer[0]]] = 0
        share[[inner[1], outer[1]]] = np.cos(np.clip(neutral[inner[1], 0] / 0.32, -1, 1) * np.pi / 2)
    points = neutral + np.multiply.outer(np.asarray(gaps_iod), np.stack([0 * share, share, 0 * share], axis=1))
    return LandmarkTrack(
        points=points.astype(np.float32),
        fps=25,
        topology=MEDIAPIPE_478,
        pose=HeadPose.still(len(points)),
        valid=np.ones(len(points), bool),
        neutral=neutral.astype(np.float32),
    )


@pytest.fixture(scope="module")
def opening(face: PhotoFace) -> list[Image]:
    return list(render_photograph(face, opening_track([0, 0.1, 0.2]), size_px=SIZE_PX))


def gap_iod(image: Image) -> float:
    points, _ = normalise_head(detect_face(image)[None].astype(np.float64), MEDIAPIPE_478)
    upper, lower = MEDIAPIPE_478.inner_lip_centres
    return float(np.linalg.norm(points[0, lower] - points[0, upper]))


def mouth_box(image: Image) -> tuple[slice, slice]:
    inner = detect_face(image)[list(MEDIAPIPE_478.loops["lips inner"]), :2]
    (left, top), (right, bottom) = np.floor(inner.min(0)).astype(int), np.ceil(inner.max(0)).astype(int)
    return slice(top, bottom + 1), slice(left, right + 1)


def test_the_opening_seen_is_the_opening_asked_for(opening: list[Image]) -> None:
    # The tracker reads the wider of two open mouths a fifth larger, with or without the smile.
    assert [gap_iod(frame) for frame in opening] == pytest.approx([0, 0.1, 0.2], abs=0.045)


def test_a_still_track_does_not_flicker(face: PhotoFace) -> None:
    first, *others = render_photograph(face, opening_track([0.12] * 3), size_px=SIZE_PX)
    for frame in others:
        np.testing.assert_array_equal(frame, first)


def whiteness(part: Image) -> float:
    # Teeth are nearly as bright in blue as in red; lips are not, even where they gleam.
    return float(part.min(axis=-1).mean() / part.max(axis=-1).mean())


def test_a_smile_closes_to_lips_without_a_light_slit(opening: list[Image]) -> None:
    closed, smiling = opening[0], opening[1]
    lips, smile = detect_face(closed), detect_face(smiling)
    upper, _ = MEDIAPIPE_478.inner_lip_centres
    x, y = smile[upper, :2].astype(int)
    assert whiteness(smiling[y + 3 : y + 6, x - 3 : x + 4]) > 0.84  # teeth are there to be closed over
    for pair in MEDIAPIPE_478.inner_lip_pairs[1:-1]:
        x, y = lips[list(pair), :2].mean(axis=0).astype(int)
        assert whiteness(closed[y - 2 : y + 3, x - 1 : x + 2]) < 0.79


def test_a_smile_at_rest_is_no_smile(face: PhotoFace, opening: list[Image]) -> None:
    def width_and_rise(points_px: NDArray[np.float32]) -> tuple[float, float]:
        points, _ = normalise_head(points_px[None].astype(np.float64), MEDIAPIPE_478)
        corners, centre = list(MEDIAPIPE_478.mouth_corners), list(MEDIAPIPE_478.inner_lip_centres)
        return float(mouth_width(points[0], MEDIAPIPE_478)), float(
            np.diff([points[0, corners, 1].mean(), points[0, centre, 1].mean()])[0]
        )

    width, rise = width_and_rise(face.landmarks_px)
    width_at_rest, rise_at_rest = width_and_rise(detect_face(opening[0]))
    assert width_at_rest < 0.97 * width
    assert rise_at_rest < rise - 0.02


def test_upper_teeth_stay_in_the_skull_as_the_mouth_opens(opening: list[Image]) -> None:
    smiling, open_wide = opening[1:]
    rows, columns = mouth_box(smiling)
    middle = (columns.start + columns.stop) // 2
    width, height = (columns.stop - columns.start) // 5, rows.stop - rows.start
    teeth = (slice(rows.start + height // 4, rows.start + height // 2), slice(middle - width, middle + width))
    apart = np.abs(smiling[teeth].astype(int) - open_wide[teeth]).mean()
    assert apart < 6


def test_below_the_teeth_a_wide_mouth_is_dark(opening: list[Image]) -> None:
    rows, columns = mouth_box(opening[2])
    height, middle = rows.stop - rows.start, (columns.start + columns.stop) // 2
    below = opening[2][rows.start + height * 6 // 10 : rows.start + height * 8 // 10, middle - 8 : middle + 8]
    assert below.mean() < 80


def test_the_chin_goes_down_with_the_jaw_and_eyes_and_background_stay(face: PhotoFace, opening: list[Image]) -> None:
    closed, open_wide = opening[0], opening[2]
    chin, eye = MEDIAPIPE_478.chin, MEDIAPIPE_478.outer_eye_corners[0]
    before, after = detect_face(closed), detect_face(open_wide)
    unit_px = np.linalg.norm(before[263, :2] - before[33, :2])
    assert (after[chin, 1] - before[chin, 1]) / unit_px > 0.1
    eye_rows = int(before[eye, 1] + 0.08 * unit_px)
    np.testing.assert_array_equal(open_wide[:eye_rows], closed[:eye_rows])
    np.testing.assert_array_equal(open_wide[:, :40], closed[:, :40])


def test_natural_openings_do_not_fold(face: PhotoFace) -> None:
    folded: list[int] = []
    for _ in render_photograph(face, opening_track([0, 0.1, 0.2]), size_px=SIZE_PX, on_fold=folded.append):
        pass
    assert folded == []


def test_a_jaw_pushed_through_the_mouth_is_told_as_a_fold(face: PhotoFace) -> None:
    folded: list[int] = []
    list(render_photograph(face, opening_track([0, -0.9]), size_px=SIZE_PX, on_fold=folded.append))
    assert folded == [1]


@pytest.mark.parametrize("size_px", [128, 512])
def test_frames_have_the_size_asked_for(face: PhotoFace, size_px: int) -> None:
    (frame,) = render_photograph(face, opening_track([0.1]), size_px=size_px)
    assert frame.shape == (size_px, size_px, 3)
    assert frame.dtype == np.uint8


def test_a_photographed_face_lies_where_a_drawn_one_does(face: PhotoFace) -> None:
    (photograph,) = render_photograph(face, opening_track([0.1]), size_px=512)
    eyes = detect_face(photograph)[list(MEDIAPIPE_478.outer_eye_corners), :2]
    (drawn,) = render_landmarks(opening_track([0.1]), style=LandmarkStyle(), size_px=512)
    lines = np.argwhere(drawn.max(axis=-1) < 255)
    forehead_to_chin = lines[:, 0].max() - lines[:, 0].min()
    assert 0.5 < forehead_to_chin / 512 < 0.7
    found = detect_face(photograph)
    assert np.ptp(found[list(MEDIAPIPE_478.loops["face oval"]), 1]) / forehead_to_chin == pytest.approx(1, abs=0.2)
    assert eyes[:, 1].mean() / 512 == pytest.approx(0.42, abs=0.01)
    middle = (lines[:, 1].max() + lines[:, 1].min()) / 2
    assert eyes[:, 0].mean() == pytest.approx(middle, abs=6)


def test_nothing_beyond_the_edge_of_a_tight_photograph_is_made_up() -> None:
    tight = PhotoFace.of(np.ascontiguousarray(astronaut()[20:260, 120:330]))
    (frame,) = render_photograph(tight, opening_track([0]), size_px=256)
    for edge in (frame, frame[::-1], frame.swapaxes(0, 1), frame.swapaxes(0, 1)[::-1]):
        assert np.abs(np.diff(edge[:4].astype(int), axis=0)).mean() > 0.3  # no row shown again and again


def test_a_photograph_file_is_opened_upright_and_without_alpha(tmp_path: Path, face: PhotoFace) -> None:
    rgba = cv2.cvtColor(astronaut(), cv2.COLOR_RGB2BGRA)
    path = tmp_path / "face.png"
    cv2.imwrite(str(path), rgba)
    opened = open_photograph(path)
    np.testing.assert_array_equal(opened.image, face.image)
    np.testing.assert_allclose(opened.landmarks_px, face.landmarks_px, atol=1e-3)


def test_what_is_transparent_in_a_photograph_is_grey(tmp_path: Path) -> None:
    rgba = np.dstack([astronaut(), np.full((512, 512), 255, np.uint8)])
    rgba[:60, :60] = (255, 0, 255, 0)  # a colour that no program shows
    path = tmp_path / "cut-out.png"
    cv2.imwrite(str(path), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
    image = open_photograph(path).image
    assert (image[:60, :60] == 128).all()
    np.testing.assert_array_equal(image[100:], astronaut()[100:])


def test_a_photograph_for_print_has_its_colours(tmp_path: Path, face: PhotoFace) -> None:
    path = tmp_path / "cmyk.jpg"
    PIL.Image.fromarray(astronaut()).convert("CMYK").save(path, quality=95)
    assert np.abs(open_photograph(path).image.astype(int) - face.image).mean() < 3


def test_a_photograph_taken_sideways_is_turned_upright(tmp_path: Path, face: PhotoFace) -> None:
    mark = PIL.Image.Exif()
    mark[0x0112] = 6  # EXIF orientation: turn clockwise to see it upright
    path = tmp_path / "sideways.jpg"
    PIL.Image.fromarray(np.rot90(astronaut())).save(path, exif=mark, quality=95)
    opened = open_photograph(path)
    assert np.abs(opened.image.astype(int) - face.image).mean() < 3
    np.testing.assert_allclose(opened.landmarks_px[:, :2], face.landmarks_px[:, :2], atol=3)


@pytest.mark.slow
def test_a_photograph_of_8000_pixels_is_used(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    cv2.imwrite(str(path), cv2.resize(astronaut(), (8000, 8000), interpolation=cv2.INTER_LINEAR)[..., ::-1])
    (frame,) = render_photograph(open_photograph(path), opening_track([0.1]), size_px=128)
    assert gap_iod(cv2.resize(frame, (384, 384))) == pytest.approx(0.1, abs=0.05)


def test_two_faces_are_refused() -> None:
    two = np.ascontiguousarray(np.hstack([astronaut()[:, 100:400]] * 2))
    with pytest.raises(InputError, match="more than one face: crop it to the one to use"):
        PhotoFace.of(two)


@pytest.mark.parametrize("turned", [45, -45])
def test_a_profile_is_refused(face: PhotoFace, turned: float) -> None:
    with pytest.raises(InputError, match=r"turned \d\d degrees to the side, at most 25"):
        PhotoFace.of(turned_face(face, turned))


def turned_face(face: PhotoFace, degrees: float) -> Image:
    """Return the photograph with the head turned, by its own depths."""
    turn, some = np.radians(degrees), face.landmarks_px[:468:4].astype(np.float64)
    centre = face.landmarks_px.mean(0)
    x = (some[:, 0] - centre[0]) * np.cos(turn) + (some[:, 2] - centre[2]) * np.sin(turn) + centre[0]
    frame = np.array([(0, 0), (511, 0), (0, 511), (511, 511), (256, 511), (0, 256), (511, 256)], float)
    source = RBFInterpolator(
        np.vstack([np.column_stack([x, some[:, 1]]), frame]), np.vstack([some[:, :2], frame]), smoothing=1.0
    )
    nodes = np.stack(np.meshgrid(np.arange(0, 512, 8.0), np.arange(0, 512, 8.0)), axis=-1).reshape(-1, 2)
    where = cv2.resize(source(nodes).reshape(64, 64, 2).astype(np.float32), (512, 512))
    return np.asarray(cv2.remap(face.image, where, None, cv2.INTER_LINEAR), np.uint8)


def test_a_face_with_sunglasses_moves_its_lips_and_keeps_its_glasses(face: PhotoFace) -> None:
    image = face.image.copy()
    for name in ("right eye", "left eye"):
        x, y = face.landmarks_px[list(MEDIAPIPE_478.loops[name]), :2].mean(0).astype(int).tolist()
        cv2.ellipse(image, (x, y), (26, 18), 0, 0, 360, (15, 15, 18), -1, cv2.LINE_AA)
    closed, wide = render_photograph(PhotoFace.of(image), opening_track([0, 0.2]), size_px=SIZE_PX)
    eyes = slice(0, int(detect_face(closed)[[145, 374], 1].min()))
    np.testing.assert_array_equal(closed[eyes], wide[eyes])
    assert gap_iod(wide) == pytest.approx(0.2, abs=0.04)


def test_a_face_too_small_is_refused() -> None:
    for side_px in (160, 64):
        small = cv2.resize(astronaut(), (side_px, side_px), interpolation=cv2.INTER_AREA)
        with pytest.raises(InputError, match=r"too small: its eyes are \d+ pixels apart, at least 24"):
            PhotoFace.of(small)


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    path = tmp_path / "face.jpg"
    path.write_text("not a picture")
    with pytest.raises(InputError, match=r"face\.jpg is not a picture"):
        open_photograph(path)


def test_an_empty_file_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "face.jpg"
    path.touch()
    with pytest.raises(InputError, match=r"face\.jpg is not a picture"):
        open_photograph(path)


def test_a_picture_without_a_face_is_told_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "wall.png"
    cv2.imwrite(str(path), np.full((200, 200, 3), 128, np.uint8))
    with pytest.raises(InputError, match=r"wall\.png: no face"):
        open_photograph(path)


def test_a_track_of_another_topology_is_refused(face: PhotoFace) -> None:
    track = opening_track([0.1])
    other = replace(topology_named("mediapipe-478"), name="other")
    with pytest.raises(InputError, match="topology 'mediapipe-478', got 'other'"):
        next(iter(render_photograph(face, replace(track, topology=other))))
