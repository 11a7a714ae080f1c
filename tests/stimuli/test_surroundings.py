"""What stands around the speech keeps picture and sound together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipstudy.face import LandmarkTrack, generic_neutral
from lipstudy.media import Sound, loudness_lufs
from lipstudy.models import viseme_track
from lipstudy.speech import synthesise
from lipstudy.stimuli._surroundings import Surroundings

SR = 16000


def around(before: int, after: int, *, fps: float = 25.0, lufs: float | None = None) -> Surroundings:
    return Surroundings(before, after, fps, lufs)


def speech(duration_s: float) -> Sound:
    samples = 0.1 * np.sin(2 * np.pi * 300 * np.arange(round(duration_s * SR)) / SR) + 0.01
    return Sound(samples.astype(np.float32), SR)


@pytest.fixture(scope="module")
def track() -> LandmarkTrack:
    utterance = synthesise("My poem.")
    return viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=25)


@given(
    before=st.integers(0, 50),
    after=st.integers(0, 50),
    fps=st.sampled_from([24.0, 25.0, 30000 / 1001, 50.0]),
)
def test_speech_starts_with_its_first_frame_to_the_sample_and_the_sound_is_as_long_as_the_picture(
    before: int, after: int, fps: float
) -> None:
    given_speech = speech(0.8)
    sound = around(before, after, fps=fps).around_sound(given_speech, what="speech")
    first = int(np.flatnonzero(sound.samples)[0])
    assert first == round(before / fps * SR)
    longer_s = sound.duration_s - given_speech.duration_s
    assert longer_s == pytest.approx((before + after) / fps, abs=1 / SR)
    np.testing.assert_array_equal(sound.samples[first : first + len(given_speech.samples)], given_speech.samples)


def test_nothing_around_changes_nothing(track: LandmarkTrack) -> None:
    nothing, given_speech = around(0, 0), speech(0.5)
    assert nothing.around_track(track) is track
    np.testing.assert_array_equal(nothing.around_sound(given_speech, what="speech").samples, given_speech.samples)
    assert list(nothing.around_frames(iter(["a", "b"]))) == ["a", "b"]


def test_the_face_rests_before_and_after_and_never_jumps(track: LandmarkTrack) -> None:
    surrounded = around(10, 12).around_track(track)
    assert surrounded.num_frames == track.num_frames + 22
    np.testing.assert_array_equal(surrounded.points[10:-12], track.points)
    neutral = track.neutral
    assert neutral is not None
    np.testing.assert_allclose(surrounded.points[0], neutral, atol=1e-6)
    np.testing.assert_allclose(surrounded.points[-1], neutral, atol=1e-6)
    steps = np.abs(np.diff(surrounded.points, axis=0)).max(axis=(1, 2))
    within = np.abs(np.diff(track.points, axis=0)).max()
    assert steps[[9, -12]].max() <= within


def test_film_holds_its_first_and_last_frame(track: LandmarkTrack) -> None:
    assert list(around(2, 3).around_frames(iter("abc"))) == list("aaabcccc")
    held = around(2, 3).around_track(track, held=True)
    np.testing.assert_allclose(held.points[:2], np.stack([track.points[0]] * 2), atol=1e-6)
    np.testing.assert_allclose(held.points[-3:], np.stack([track.points[-1]] * 3), atol=1e-6)


def test_the_whole_sound_has_the_loudness_wanted() -> None:
    sound = around(20, 20, lufs=-23).around_sound(speech(1.0), what="speech")
    assert loudness_lufs(sound) == pytest.approx(-23, abs=0.01)


def test_the_neutral_of_the_track_is_used_not_that_of_a_generic_face(track: LandmarkTrack) -> None:
    moved = LandmarkTrack(
        points=track.points + np.float32(0.1),
        fps=track.fps,
        topology=track.topology,
        pose=track.pose,
        valid=track.valid,
        neutral=np.asarray(generic_neutral() + 0.1, np.float32),
    )
    np.testing.assert_allclose(around(5, 0).around_track(moved).points[0], generic_neutral() + 0.1, atol=1e-5)
