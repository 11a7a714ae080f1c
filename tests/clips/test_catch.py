"""The picture of a catch clip is out of place, and as long as the speech that it stands beside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipstudy.clips._catch import shown_part, with_lips_of
from lipstudy.face import MEDIAPIPE_478, LandmarkTrack, lip_aperture, neutral_of
from lipstudy.models import viseme_track
from lipstudy.speech import synthesise


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
