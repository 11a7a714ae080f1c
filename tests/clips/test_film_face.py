from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lipstudy.clips import FilmFace, _film_frames, open_film_face, render_film_face
from lipstudy.clips._film_frames import Stage
from lipstudy.errors import InputError
from lipstudy.face import (
    MEDIAPIPE_478,
    LandmarkTrack,
    detect_face,
    lip_aperture,
    neutral_of,
    normalise_head,
    topology_named,
    track_film,
)
from lipstudy.media import encode_clip, read_frames
from lipstudy.motion import scale_articulation

pytestmark = pytest.mark.needs_shared_data

Image = NDArray[np.uint8]
SIZE_PX = 256


@pytest.fixture(scope="module")
def film(grid: Path) -> Path:
    return grid / "bbas1s.mpg"


@pytest.fixture(scope="module")
def track(film: Path) -> LandmarkTrack:
    return track_film(film)


@pytest.fixture(scope="module")
def face(film: Path, track: LandmarkTrack) -> FilmFace:
    return open_film_face(film, track)


def part_of(track: LandmarkTrack, frames: NDArray[np.intp] | slice) -> LandmarkTrack:
    pose = replace(
        track.pose,
        scale_px=track.pose.scale_px[frames],
        rotation=track.pose.rotation[frames],
        translation_px=track.pose.translation_px[frames],
    )
    return track.with_points(track.points[frames], pose=pose, valid=track.valid[frames])


def widest(track: LandmarkTrack) -> int:
    return int(lip_aperture(track.points, track.topology).argmax())


def opening_iod(image: Image) -> float:
    points, _ = normalise_head(detect_face(image)[None].astype(np.float64), MEDIAPIPE_478)
    return float(lip_aperture(points, MEDIAPIPE_478)[0])


def test_a_track_that_stands_still_gives_one_frame_again_and_again(face: FilmFace, track: LandmarkTrack) -> None:
    still = part_of(track, np.full(4, widest(track)))
    first, *others = render_film_face(face, still, size_px=SIZE_PX)
    for frame in others:
        np.testing.assert_array_equal(frame, first)


@pytest.mark.parametrize("together", [1, 7])
def test_a_frame_is_the_same_however_many_are_drawn_together(
    face: FilmFace, track: LandmarkTrack, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    few = part_of(track, slice(20, 36))
    expected = list(render_film_face(face, few, size_px=SIZE_PX))
    monkeypatch.setattr(_film_frames, "_TOGETHER_FRAMES", together)
    np.testing.assert_array_equal(list(render_film_face(face, few, size_px=SIZE_PX)), expected)


def test_a_clip_beside_its_original_shows_mouths_that_look_more_like_the_originals(
    face: FilmFace, track: LandmarkTrack
) -> None:
    asked = scale_articulation(track, 0.6).track
    with_original, alone = (list(render_film_face(face, asked, original=original)) for original in (track, None))
    own = list(render_film_face(face, track, original=track))
    plain = list(render_film_face(face, track))
    for frame, again in zip(own, plain, strict=True):
        np.testing.assert_array_equal(frame, again)
    apart = [
        np.mean([np.abs(a.astype(int) - b).mean() for a, b in zip(clip, own, strict=True)])
        for clip in (with_original, alone)
    ]
    assert apart[0] < apart[1]


def test_an_original_of_another_length_is_refused(face: FilmFace, track: LandmarkTrack) -> None:
    with pytest.raises(InputError, match=r"the track has 75 frames, the original 10"):
        next(render_film_face(face, track, original=part_of(track, slice(0, 10))))


def test_where_mouths_change_the_inside_is_that_of_the_second(face: FilmFace, track: LandmarkTrack) -> None:
    bank = face.bank
    order = np.argsort(-bank.gaps_px.max(1))[:12]
    # The two widest mouths that look the least alike.
    first, second = (
        int(order[each]) for each in np.unravel_index(bank.look_apart[np.ix_(order, order)].argmax(), (12, 12))
    )
    stage = Stage.of(face, 512)
    moved = track.points[bank.film_frames[[second]]].astype(np.float64) - neutral_of(track)
    targets_px = stage.targets_px(moved)
    (turned, _), (again, _), (other, _) = (
        next(stage.shown(targets_px, [shown])) for shown in ((first, second), (second, second), (first, first))
    )
    middle = targets_px[0, [*MEDIAPIPE_478.inner_lip_centres], :2].mean(0).astype(int)
    inside = (slice(middle[1] - 3, middle[1] + 4), slice(middle[0] - 12, middle[0] + 13))

    def apart(one: Image, two: Image) -> float:
        return float(np.abs(one[inside].astype(int) - two[inside]).mean())

    assert apart(turned, again) < 0.3 * apart(turned, other)


def test_the_opening_seen_is_the_opening_asked_for(face: FilmFace, track: LandmarkTrack) -> None:
    order = np.argsort(lip_aperture(track.points, track.topology))
    asked = part_of(track, order[[2, len(order) // 2, -8, -1]])
    seen = [opening_iod(frame) for frame in render_film_face(face, asked, size_px=SIZE_PX)]
    np.testing.assert_allclose(seen, lip_aperture(asked.points, asked.topology), atol=0.03)


def test_eyes_and_background_stay_and_the_chin_does_not(face: FilmFace, track: LandmarkTrack) -> None:
    order = np.argsort(lip_aperture(track.points, track.topology))
    closed, wide = render_film_face(face, part_of(track, order[[0, -1]]), size_px=SIZE_PX)
    before, after = detect_face(closed), detect_face(wide)
    lids = int(before[[145, 374], 1].max() + 4)
    np.testing.assert_array_equal(closed[:lids], wide[:lids])
    np.testing.assert_array_equal(closed[:, :16], wide[:, :16])
    unit_px = np.linalg.norm(before[263, :2] - before[33, :2])
    assert (after[MEDIAPIPE_478.chin, 1] - before[MEDIAPIPE_478.chin, 1]) / unit_px > 0.02


def test_within_the_range_of_the_film_nothing_is_extrapolated_and_beyond_it_that_is_told(
    face: FilmFace, track: LandmarkTrack
) -> None:
    few = part_of(track, slice(20, 40))
    beyond: list[int] = []
    folded: list[int] = []
    for _ in render_film_face(face, few, size_px=128, on_extrapolated=beyond.append, on_fold=folded.append):
        pass
    assert beyond == []
    assert folded == []
    wide = part_of(scale_articulation(track, 3.0).track, np.array([widest(track)]))
    list(render_film_face(face, wide, size_px=128, on_extrapolated=beyond.append))
    assert beyond == [0]


def test_the_same_film_gives_the_same_frames(film: Path, track: LandmarkTrack, face: FilmFace) -> None:
    few = part_of(track, slice(30, 34))
    again = open_film_face(film, track)
    for one, other in zip(
        render_film_face(face, few, size_px=128), render_film_face(again, few, size_px=128), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_short_film_works_and_says_what_it_lacks(face: FilmFace) -> None:
    assert face.duration_s == pytest.approx(3.0)
    assert any("3.0 s of it can be used: 30 s hold" in lack for lack in face.lacks)


def test_a_track_of_another_film_is_refused(film: Path, track: LandmarkTrack) -> None:
    with pytest.raises(InputError, match=r"bbas1s\.mpg has 75 frames, its track 60"):
        open_film_face(film, part_of(track, slice(0, 60)))


def test_tracks_of_another_topology_are_refused(film: Path, track: LandmarkTrack, face: FilmFace) -> None:
    other = replace(track, topology=replace(topology_named("mediapipe-478"), name="other"))
    with pytest.raises(InputError, match="needs a track of topology 'mediapipe-478', got 'other'"):
        open_film_face(film, other)
    with pytest.raises(InputError, match="moved by tracks of topology 'mediapipe-478', got 'other'"):
        next(render_film_face(face, other))


@pytest.fixture(scope="module")
def cut_film(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a maker of films of the speaker: each part shows some frames, shifted across the picture."""

    def make(name: str, *parts: tuple[slice, int]) -> Path:
        frames = list(read_frames(film))
        shown = [np.roll(frame, shift, axis=1) for part, shift in parts for frame in frames[part]]
        path = tmp_path_factory.mktemp("films") / name
        encode_clip(path, shown, fps=25, sound=None, preset="veryfast")
        return path

    return make


def test_of_a_film_with_a_cut_the_longest_stretch_is_used(cut_film: Callable[..., Path]) -> None:
    path = cut_film("cut.mp4", (slice(0, 60), 0), (slice(60, 75), 60))
    face = open_film_face(path, track_film(path))
    assert 54 <= len(face.bank) < 60  # beside the cut the track is a mixture of both heads
    assert any("s are left out, before or after a cut" in lack for lack in face.lacks)


def test_a_face_that_leaves_the_picture_is_refused_in_a_sentence(film: Path, track: LandmarkTrack) -> None:
    low = replace(track, frame_size_px=(360, int(track.pose.to_pixels(track.points)[:, 152, 1].mean()) - 5))
    with pytest.raises(InputError, match=r"shows the whole face in one piece for 0\.\d s only: at least 2 s"):
        open_film_face(film, low)


def test_a_profile_on_film_is_refused(film: Path, track: LandmarkTrack) -> None:
    turn = np.radians(50)
    turned = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    aside = replace(track, pose=replace(track.pose, rotation=turned @ track.pose.rotation))
    with pytest.raises(InputError, match=r"bbas1s\.mpg is turned \d\d degrees to the side, at most 25"):
        open_film_face(film, aside)


def test_a_film_of_varying_frame_rate_is_refused_before_it_is_used(
    film: Path, track: LandmarkTrack, tmp_path: Path
) -> None:
    import av

    path = tmp_path / "phone.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 360, 288, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for index, frame in enumerate(list(read_frames(film))[:40]):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            picture.pts, picture.time_base = 40 * index + (200 if index > 20 else 0), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    with pytest.raises(InputError, match=r"phone\.mp4 has a varying frame rate"):
        open_film_face(path, track)


def test_light_that_changes_in_the_film_does_not_show_in_the_clip(
    face: FilmFace, film: Path, track: LandmarkTrack, tmp_path: Path
) -> None:
    frames = list(read_frames(film))
    dimmer = [frame if index % 20 < 10 else np.uint8(0.85 * frame) for index, frame in enumerate(frames)]
    path = tmp_path / "flickering.mp4"
    encode_clip(path, dimmer, fps=25, sound=None, crf=4)
    flickering = open_film_face(path, track)
    # The plate of both is a bright frame or a dark one: the clip has the light of its plate, and no other.
    few = part_of(track, slice(20, 60))
    seen = [frame[150:230, 90:170].mean() for frame in render_film_face(flickering, few, size_px=SIZE_PX)]
    own = [frame[150:230, 90:170].mean() for frame in render_film_face(face, few, size_px=SIZE_PX)]
    ratio = np.array(seen) / own
    assert np.ptp(ratio) < 0.03
