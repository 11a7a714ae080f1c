from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from lipstudy.clips import RESTAGED_CRF, Footage, open_footage, restage_frames
from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, LandmarkTrack, lip_aperture, topology_named, track_film
from lipstudy.media import encode_clip, read_frames
from lipstudy.motion import scale_articulation

pytestmark = pytest.mark.needs_shared_data

Image = NDArray[np.uint8]


@pytest.fixture(scope="session")
def footage_of(grid: Path) -> Callable[[str], Footage]:
    @cache
    def of(name: str) -> Footage:
        film = grid / f"{name}.mpg"
        return open_footage(film, track_film(film))

    return of


@pytest.fixture(scope="module")
def woman(footage_of: Callable[[str], Footage]) -> Footage:
    return footage_of("lrwp9a")


@pytest.fixture(scope="module")
def exaggerated(woman: Footage) -> list[Image]:
    return list(restage_frames(woman, scale_articulation(woman.track, 1.5).track))


def face_part(points_px: NDArray[np.float64]) -> tuple[slice, slice]:
    left, top = np.floor(points_px[:, :2].min(0)).astype(int).clip(0)
    right, bottom = np.ceil(points_px[:, :2].max(0)).astype(int)
    return slice(top, bottom), slice(left, right)


def face_psnr_db(frames: list[Image], source: list[Image], track: LandmarkTrack) -> float:
    squared = []
    for frame, own, points in zip(frames, source, track.pose.to_pixels(track.points), strict=True):
        part = face_part(points)
        squared.append(np.square(frame[part].astype(float) - own[part]).mean())
    return float(10 * np.log10(255**2 / np.mean(squared)))


def test_articulation_1_gives_the_film_itself(woman: Footage) -> None:
    film, track = woman.film_path, woman.track
    restaged = restage_frames(woman, scale_articulation(track, 1.0).track)
    for frame, own in zip(restaged, read_frames(film), strict=True):
        np.testing.assert_array_equal(frame, own)


def test_near_articulation_1_the_frames_are_near_those_of_1(woman: Footage) -> None:
    # The clip of 1 goes the way of all others: as the scale comes near 1, so do the frames.
    film, track = woman.film_path, woman.track
    some = slice(10, 30)
    nearly = restage_frames(woman, scale_articulation(track, 1.001).track)
    for frame, own in list(zip(nearly, read_frames(film), strict=True))[some]:
        assert np.abs(frame.astype(int) - own).mean() < 0.05


def test_articulation_1_is_near_the_film_after_encoding(woman: Footage, tmp_path: Path) -> None:
    film, track = woman.film_path, woman.track
    clip = tmp_path / "clip.mp4"
    encode_clip(clip, restage_frames(woman, track), fps=track.fps, sound=None, crf=RESTAGED_CRF)
    encoded, own = list(read_frames(clip)), list(read_frames(film))
    assert face_psnr_db(encoded, own, track) > 38
    faces = [face_part(points) for points in track.pose.to_pixels(track.points)]
    likeness = [
        structural_similarity(encoded[index][faces[index]], own[index][faces[index]], channel_axis=-1)
        for index in range(0, len(own), 5)
    ]
    assert np.mean(likeness) > 0.97


def test_outside_the_lower_face_no_pixel_changes(woman: Footage, exaggerated: list[Image]) -> None:
    film, track = woman.film_path, woman.track
    points_px = track.pose.to_pixels(track.points)
    changed = np.zeros(exaggerated[0].shape[:2], bool)
    for frame, own, points in zip(exaggerated, read_frames(film), points_px, strict=True):
        differs = (frame != own).any(axis=-1)
        changed |= differs
        eyes = points[[*MEDIAPIPE_478.loops["right eye"], *MEDIAPIPE_478.loops["left eye"]], 1].max()
        unit_px = np.linalg.norm(points[263] - points[33])
        low, high = points[:, 0].min() - 0.45 * unit_px, points[:, 0].max() + 0.45 * unit_px
        assert not differs[: int(eyes)].any()
        assert not differs[:, : max(0, int(low))].any()
        assert not differs[:, int(high) + 1 :].any()
    assert changed.any()


def test_lips_in_contact_stay_the_films_own_or_nearly(woman: Footage, exaggerated: list[Image]) -> None:
    film, track = woman.film_path, woman.track
    aperture = lip_aperture(track.points, track.topology)
    closed = set(np.flatnonzero(aperture < np.quantile(aperture, 0.1)).tolist())
    frames = [frame for index, frame in enumerate(exaggerated) if index in closed]
    own = [frame for index, frame in enumerate(read_frames(film)) if index in closed]
    mouths = track.pose.to_pixels(track.points)[sorted(closed)][:, list(MEDIAPIPE_478.subsets["lips-40"]), :2]
    for frame, source, mouth in zip(frames, own, mouths, strict=True):
        (left, top), (right, bottom) = mouth.min(0).astype(int), mouth.max(0).astype(int)
        part = (slice(top, bottom), slice(left, right))
        assert frame[part].mean() == pytest.approx(source[part].mean(), abs=8)  # no slit, light or dark


def test_natural_speech_at_one_and_a_half_does_not_fold(woman: Footage) -> None:
    folded: list[int] = []
    for _ in restage_frames(woman, scale_articulation(woman.track, 1.5).track, on_fold=folded.append):
        pass
    assert folded == []


def aperture_range(track: LandmarkTrack) -> float:
    aperture = lip_aperture(track.points, track.topology)
    return float(np.quantile(aperture, 0.95) - np.quantile(aperture, 0.05))


@pytest.mark.slow
@pytest.mark.parametrize("articulation", [0.5, 1.5])
@pytest.mark.parametrize("name", ["lrwp9a", "pwij3p", "sbwe5n", "unknown_c", "bbaf2n"])
def test_tracked_again_the_aperture_has_the_range_intended(
    footage_of: Callable[[str], Footage], tmp_path: Path, name: str, articulation: float
) -> None:
    footage = footage_of(name)
    track = footage.track
    articulated = scale_articulation(track, articulation).track
    clip = tmp_path / "clip.mp4"
    encode_clip(clip, restage_frames(footage, articulated), fps=track.fps, sound=None, crf=RESTAGED_CRF)
    again = track_film(clip)
    # 0.012 IOD are a pixel of these films.
    assert aperture_range(again) == pytest.approx(aperture_range(articulated), rel=0.15, abs=0.012)
    whole, asked = (np.ptp(lip_aperture(each.points, each.topology)) for each in (again, articulated))
    assert whole == pytest.approx(asked, rel=0.15, abs=0.012)


def shortened(track: LandmarkTrack, frames: int) -> LandmarkTrack:
    pose = replace(
        track.pose,
        scale_px=track.pose.scale_px[:frames],
        rotation=track.pose.rotation[:frames],
        translation_px=track.pose.translation_px[:frames],
    )
    return track.with_points(track.points[:frames], pose=pose, valid=track.valid[:frames])


def test_a_film_with_more_frames_than_its_track_is_refused(woman: Footage) -> None:
    film, track = woman.film_path, woman.track
    short = shortened(track, 70)
    with pytest.raises(InputError, match="more than the 70 frames of its track"):
        list(restage_frames(open_footage(film, short, read_back=woman.read_back), short))


def test_a_film_with_fewer_frames_than_its_track_is_refused(woman: Footage, tmp_path: Path) -> None:
    film, track = woman.film_path, woman.track
    cut = tmp_path / "cut.mp4"
    encode_clip(cut, list(read_frames(film))[:60], fps=25, sound=None, preset="veryfast")
    with pytest.raises(InputError, match="does not have the 75 frames of its track"):
        open_footage(cut, track)


def test_an_articulated_track_of_another_film_is_refused(woman: Footage) -> None:
    with pytest.raises(InputError, match="has 70 frames, the film's track 75"):
        next(restage_frames(woman, shortened(woman.track, 70)))


def test_a_track_of_another_topology_is_refused(woman: Footage) -> None:
    film, track = woman.film_path, woman.track
    other = replace(track, topology=replace(topology_named("mediapipe-478"), name="other"))
    with pytest.raises(InputError, match="topology 'mediapipe-478', got 'other'"):
        open_footage(film, other)


def test_a_film_of_odd_size_becomes_even(woman: Footage, tmp_path: Path) -> None:
    import av

    film, track = woman.film_path, woman.track
    odd = tmp_path / "odd.mkv"
    with av.open(str(odd), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 359, 287, "bgr0"
        for frame in list(read_frames(film))[:5]:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame[:287, :359]), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    short = shortened(track, 5)
    frames = list(restage_frames(open_footage(odd, short), scale_articulation(short, 1.5).track))
    assert {frame.shape for frame in frames} == {(288, 360, 3)}
    np.testing.assert_array_equal(frames[0][:, 359], frames[0][:, 358])
