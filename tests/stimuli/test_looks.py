"""A photo clip is looked at again, and each thing that can be wrong with its picture is found."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lipstudy.clips import PhotoFace, render_photograph
from lipstudy.face import LandmarkTrack
from lipstudy.media import encode_clip
from lipstudy.models import viseme_track
from lipstudy.motion import scale_articulation
from lipstudy.speech import synthesise
from lipstudy.stimuli import face_in, neutral_in
from lipstudy.stimuli._checks import look_faults, loudness_faults, motion_faults
from lipstudy.stimuli._looks import Looks, Shown, look_again

Image = np.ndarray


@pytest.fixture(scope="module")
def face() -> PhotoFace:
    return face_in(Path("astronaut"))


@pytest.fixture(scope="module")
def track(face: PhotoFace) -> LandmarkTrack:
    utterance = synthesise("Bob.")
    return viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=25, neutral=neutral_in(face))


@pytest.fixture(scope="module")
def frames(face: PhotoFace, track: LandmarkTrack) -> list[Image]:
    return list(render_photograph(face, track, size_px=256))


@pytest.fixture
def looked(tmp_path: Path, face: PhotoFace, track: LandmarkTrack) -> Callable[[Iterable[Image], LandmarkTrack], Looks]:
    def look(shown: Iterable[Image], asked: LandmarkTrack = track) -> Looks:
        encode_clip(tmp_path / "clip.mp4", shown, fps=25, sound=None)
        return look_again(tmp_path / "clip.mp4", Shown(asked, track, face, 0))

    return look


def faults(looks: Looks) -> str:
    return "; ".join(look_faults(looks, frames=looks.checked_frames, folded_frames=0))


def test_a_good_clip_has_no_fault(looked, frames: list[Image]) -> None:
    looks = looked(frames)
    assert (looks.checked_frames, looks.face_share) == (len(frames), 1)
    assert looks.retracked_articulation == pytest.approx(1, abs=0.25)
    assert looks.asked_articulation == pytest.approx(1)
    assert looks.retracked_contacts_kept_share == 1
    assert 0.8 < (looks.sharpness_ratio or 0) < 1.2
    assert 0 <= (looks.flicker_levels or 0) < 0.3
    assert faults(looks) == ""


def test_a_clip_of_another_articulation_than_asked_for_is_found(looked, face, track, frames: list[Image]) -> None:
    asked = scale_articulation(track, 2.5).track
    assert "is found in it, 2.5" in faults(looked(frames, asked))


def test_lips_that_do_not_close_are_found(looked, face: PhotoFace, track: LandmarkTrack) -> None:
    # One frame with an open mouth, shown for the whole sentence.
    widest = int(np.argmax(np.ptp(track.points[:, [13, 14], 1], axis=1)))
    opened = list(render_photograph(face, track, size_px=256))[widest]
    assert "lip contacts are found closed" in faults(looked([opened] * track.num_frames))


def test_a_blurred_face_is_found(looked, frames: list[Image]) -> None:
    assert "the lower face is blurred" in faults(looked([cv2.GaussianBlur(frame, (0, 0), 2.5) for frame in frames]))


def test_flicker_is_found(looked, frames: list[Image]) -> None:
    flickering = [cv2.convertScaleAbs(frame, alpha=1.0 if index % 2 else 1.03) for index, frame in enumerate(frames)]
    assert "it flickers by" in faults(looked(flickering))


def test_a_face_that_goes_is_found(looked, frames: list[Image]) -> None:
    gone = [*frames[:-2], *[np.full_like(frames[0], 90)] * 2]
    assert f"no face is found in 2 of {len(frames)} frames" in faults(looked(gone))


GOOD = Looks(
    checked_frames=40,
    face_share=1.0,
    retracked_articulation=1.0,
    asked_articulation=1.0,
    retracked_aperture_error_iod=0.01,
    contact_frames=10,
    retracked_contacts_kept_share=1.0,
    flicker_levels=0.1,
    sharpness_ratio=1.0,
)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, []),
        ({"retracked_aperture_error_iod": 0.06}, ["the opening of the mouth misses the one asked for by 0.060 IOD"]),
        ({"retracked_contacts_kept_share": 0.5, "contact_frames": 3}, []),
        ({"retracked_articulation": None, "flicker_levels": None, "sharpness_ratio": None}, []),
    ],
)
def test_only_what_can_be_told_is_judged(wrong: dict, said: list[str]) -> None:
    assert look_faults(replace(GOOD, **wrong), frames=40, folded_frames=0) == said


def test_folds_loudness_and_crossings_are_judged() -> None:
    assert look_faults(GOOD, frames=40, folded_frames=3) == ["the picture folds in 3 frames of 40"]
    assert loudness_faults(-24.0, wanted_lufs=-23.0) == ["its loudness is -24.0 LUFS, not -23"]
    assert loudness_faults(-24.0, wanted_lufs=None) == loudness_faults(None, wanted_lufs=-23.0) == []
    assert motion_faults(crossing_frames=3, original_crossing_frames=2) == ["its lips cross in 1 frame"]
    assert motion_faults(crossing_frames=2, original_crossing_frames=2) == []
