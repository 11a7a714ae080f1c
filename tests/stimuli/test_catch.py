"""The picture of a catch clip is out of place, and as long as the speech that it stands beside."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imageio_ffmpeg import get_ffmpeg_exe

from lipstudy.face import MEDIAPIPE_478, LandmarkTrack, lip_aperture, neutral_of
from lipstudy.media import read_frames, read_sound
from lipstudy.models import viseme_track
from lipstudy.records import read_manifest
from lipstudy.speech import synthesise
from lipstudy.stimuli import BuildResult, build_set
from lipstudy.stimuli._catch import shown_part, with_lips_of


def spoken(text: str) -> LandmarkTrack:
    utterance = synthesise(text)
    return viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=25)


@pytest.fixture(scope="module")
def short() -> LandmarkTrack:
    return spoken("My poem.")


@pytest.fixture(scope="module")
def long() -> LandmarkTrack:
    return spoken("Both brown boats came back empty.")


@given(
    fault=st.sampled_from([None, "swapped_speech", "frozen_mouth", "desynchronised"]),
    num_frames=st.integers(1, 120),
    source_frames=st.integers(1, 120),
    fps=st.sampled_from([24.0, 25.0, 30000 / 1001, 30.0, 50.0]),
)
def test_a_clip_has_as_many_frames_as_its_speech_whatever_it_shows(
    fault: str | None, num_frames: int, source_frames: int, fps: float
) -> None:
    part = shown_part(fault, num_frames=num_frames, source_frames=source_frames, fps=fps)
    shown = list(part.of_frames(iter(range(source_frames))))
    assert len(shown) == num_frames
    assert shown == [min(max(0, index - part.before_frames), source_frames - 1) for index in range(num_frames)]


@pytest.mark.parametrize(("fps", "frames"), [(24.0, 8), (25.0, 8), (30.0, 9), (50.0, 15)])
def test_a_desynchronised_picture_is_late_by_300_ms_to_the_next_frame(fps: float, frames: int) -> None:
    assert shown_part("desynchronised", num_frames=100, source_frames=100, fps=fps).before_frames == frames


def test_a_late_track_starts_from_the_neutral_and_loses_its_end(long: LandmarkTrack) -> None:
    count = long.num_frames
    late = shown_part("desynchronised", num_frames=count, source_frames=count, fps=25).of_track(long, held=False)
    np.testing.assert_array_equal(late.points[8:], long.points[:-8])
    np.testing.assert_allclose(late.points[0], neutral_of(long), atol=1e-6)


def test_lips_of_a_shorter_sentence_go_to_the_neutral_and_of_a_longer_one_are_cut(
    short: LandmarkTrack, long: LandmarkTrack
) -> None:
    def swapped(own: LandmarkTrack, other: LandmarkTrack) -> LandmarkTrack:
        part = shown_part("swapped_speech", num_frames=own.num_frames, source_frames=other.num_frames, fps=25)
        return with_lips_of(part.of_track(other, held=False), own)

    aperture = lip_aperture(short.points, MEDIAPIPE_478)
    ended = swapped(long, short)
    assert ended.num_frames == long.num_frames
    np.testing.assert_allclose(lip_aperture(ended.points, MEDIAPIPE_478)[: len(aperture)], aperture, atol=0.01)
    np.testing.assert_allclose(ended.points[-1], neutral_of(long), atol=1e-5)
    cut = swapped(short, long)
    assert cut.num_frames == short.num_frames
    whole = lip_aperture(long.points, MEDIAPIPE_478)
    np.testing.assert_allclose(lip_aperture(cut.points, MEDIAPIPE_478), whole[: cut.num_frames], atol=0.01)


def test_another_speakers_lips_move_this_face(short: LandmarkTrack, long: LandmarkTrack) -> None:
    wider = long.with_points(long.points * np.float32(1.1), neutral=(neutral_of(long) * 1.1).astype(np.float32))
    part = shown_part("swapped_speech", num_frames=short.num_frames, source_frames=wider.num_frames, fps=25)
    moved = with_lips_of(part.of_track(wider, held=False), short)
    still = moved.points[:, list(MEDIAPIPE_478.outer_eye_corners)]
    np.testing.assert_allclose(still - neutral_of(short)[list(MEDIAPIPE_478.outer_eye_corners)], 0, atol=0.02)


CATCH = """\
speakers: [{name: astronaut, photograph: astronaut}]
sentences: [{name: boats, text: Both boats.}, {name: poem, text: My poem.}]
articulations: [0.5, 1]
embodiments: [landmarks]
catch: [swapped_speech, frozen_mouth, desynchronised]
lead_in_s: 0.2
lead_out_s: 0.4
size_px: 64
"""


@pytest.fixture(scope="module")
def caught(declared, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    folder = tmp_path_factory.mktemp("caught")
    return build_set(declared(folder, CATCH), folder / "set", workers=2)


def motion_in(clip: Path) -> float:
    """Return the largest mean difference of a frame from the first, in levels of 255."""
    pictures = [frame.astype(int) for frame in read_frames(clip)]
    return max(float(np.abs(picture - pictures[0]).mean()) for picture in pictures)


def test_catch_clips_are_wrong_in_the_way_that_they_say(caught: BuildResult) -> None:
    folder = caught.manifest.parent
    clips = {(clip.sentence, clip.fault or clip.articulation): clip for clip in read_manifest(caught.manifest)}
    assert len(clips) == len(caught.clips) == 10
    original = clips["boats", 1.0]
    assert (original.lead_in_s, original.lead_out_s) == (0.2, 0.4)

    frozen = clips["boats", "frozen_mouth"]
    assert frozen.effective_articulation is None
    assert motion_in(folder / frozen.path) < 0.1 * motion_in(folder / original.path), "something moves"

    late = clips["boats", "desynchronised"]
    assert late.av_offset_ms == pytest.approx(-320, abs=1), "300 ms, to the next of 25 frames a second"
    shown, whole = (pictures_of(folder / clip.path) for clip in (late, original))
    delayed = np.abs(shown[5 + 8 : 5 + 28] - whole[5 : 5 + 20]).mean()
    assert delayed < 0.4 * np.abs(shown[5 + 8 : 5 + 28] - whole[5 + 8 : 5 + 28]).mean()
    assert np.abs(shown[5:13] - shown[0]).mean(axis=(1, 2, 3)).max() < 0.2 * motion_in(folder / original.path)

    swapped = clips["boats", "swapped_speech"]
    assert abs(swapped.av_offset_ms) < 1
    other = pictures_of(folder / clips["poem", 1.0].path)
    shown, middle = pictures_of(folder / swapped.path), slice(6, 25)
    assert np.abs(shown[middle] - other[middle]).mean() < 0.3 * np.abs(shown[middle] - whole[middle]).mean()


def pictures_of(path: Path) -> np.ndarray:
    return np.stack([frame.astype(int) for frame in read_frames(path)])


def test_catch_clips_sound_and_last_as_the_original(caught: BuildResult) -> None:
    folder = caught.manifest.parent
    originals = {clip.sentence: clip for clip in caught.clips if clip.fault is None and clip.articulation == 1}
    faulty = [clip for clip in caught.clips if clip.fault is not None]
    assert len(faulty) == 6
    for clip in faulty:
        original = originals[clip.sentence]
        assert (clip.frames, clip.duration_s, clip.fps) == (original.frames, original.duration_s, original.fps)
        heard, whole = (read_sound(folder / one.path).samples for one in (clip, original))
        np.testing.assert_array_equal(heard, whole)


@pytest.mark.needs_shared_data
@pytest.mark.slow
def test_catch_clips_of_film_show_another_film_or_their_own_late(declared, grid: Path, tmp_path: Path) -> None:
    for name in ("sbwe5n", "bbaf2n"):
        start = [get_ffmpeg_exe(), "-loglevel", "error", "-i", grid / f"{name}.mpg", "-t", "1.8", "-crf", "12"]
        subprocess.run([*start, tmp_path / f"{name}.mp4"], check=True)
    films = ", ".join(f"{{speaker: s, sentence: {name}, film: {name}.mp4}}" for name in ("sbwe5n", "bbaf2n"))
    text = f"films: [{films}]\narticulations: [1]\ncatch: [swapped_speech, desynchronised]\nlead_in_s: 0.2\n"
    built = build_set(declared(tmp_path, text), tmp_path / "set", workers=2)
    assert built.failed == ()
    folder = built.manifest.parent
    clips = {(clip.embodiment, clip.sentence, clip.fault): clip for clip in built.clips}
    for embodiment in ("landmarks", "photo"):
        own, other = (clips[embodiment, name, None] for name in ("sbwe5n", "bbaf2n"))
        swapped, late = (clips[embodiment, "sbwe5n", fault] for fault in ("swapped_speech", "desynchronised"))
        for clip in (swapped, late):
            assert clip.frames == own.frames
            np.testing.assert_array_equal(read_sound(folder / clip.path).samples, read_sound(folder / own.path).samples)
        shown = {clip.clip_id: pictures_of(folder / clip.path) for clip in (own, other, swapped, late)}
        assert late.av_offset_ms == pytest.approx(-320, abs=1)
        np.testing.assert_allclose(shown[late.clip_id][20:42].mean(), shown[own.clip_id][12:34].mean(), atol=0.2)
        moved = np.abs(shown[late.clip_id][20:42] - shown[own.clip_id][12:34]).mean()
        assert moved < 0.5 * np.abs(shown[late.clip_id][20:42] - shown[own.clip_id][20:42]).mean()
        if embodiment == "photo":
            moved = np.abs(shown[swapped.clip_id][20:42] - shown[other.clip_id][20:42]).mean()
            assert moved < 0.2 * np.abs(shown[swapped.clip_id][20:42] - shown[own.clip_id][20:42]).mean()
    page = built.page.read_text()
    assert "restaged film holds its first and last frame" in page


def test_frames_before_the_speech_show_the_neutral(caught: BuildResult) -> None:
    folder = caught.manifest.parent
    original = next(clip for clip in caught.clips if clip.clip_id == "astronaut_boats_landmarks_rest_a1.00")
    frozen = next(clip for clip in caught.clips if clip.clip_id.endswith("boats_landmarks_rest_a1.00_frozen_mouth"))
    first, rest = (next(iter(read_frames(folder / clip.path))).astype(int) for clip in (original, frozen))
    assert np.abs(first - rest).mean() < 0.2 * motion_in(folder / original.path)
