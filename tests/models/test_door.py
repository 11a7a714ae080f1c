"""The door for models: ours, a class of one's own, a folder of tracks, and what is wrong with them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, generic_neutral, inner_lip_gaps, lip_aperture, save_track
from lipstudy.media import Sound, write_sound
from lipstudy.models import VisemeLipMotion, lip_points, load_model, move_lips, viseme_track
from lipstudy.speech import PAUSE, Phone, Speech, synthesise

NEUTRAL = generic_neutral()
LOWER_LIP = [lower for _, lower in (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs)]


def speech_of(duration_s: float, *, name: str = "speech") -> Speech:
    rng = np.random.default_rng(1)
    return Speech.of_sound(Sound(rng.normal(0, 0.1, round(duration_s * 16000)).astype(np.float32), 16000), name=name)


def opened(num_frames: int, gap_iod: float = 0.1) -> np.ndarray:
    moved = np.zeros((num_frames, 478, 3))
    moved[:, LOWER_LIP, 1] = gap_iod
    return moved


class Opening:
    """A model that opens the lips by the loudness of the speech."""

    def displacements(self, speech: Speech, *, fps: float, neutral: np.ndarray) -> np.ndarray:
        sound = speech.sound(sr=16000)
        parts = np.array_split(np.abs(sound.samples), int(np.ceil(speech.duration_s * fps)))
        return np.concatenate([opened(1, float(part.mean())) for part in parts])


class Frames:
    """A model that gives so many frames, in these chunks."""

    def __init__(self, *counts: int) -> None:
        self._counts = counts

    def displacements(self, speech: Speech, *, fps: float, neutral: np.ndarray) -> Iterator[np.ndarray]:
        return (opened(count, 0.01 * number) for number, count in enumerate(self._counts, start=1))


def test_a_class_with_one_method_moves_the_lips() -> None:
    track = move_lips(Opening(), speech_of(2.0), fps=25)
    assert track.num_frames == 50
    assert lip_aperture(track.points, track.topology) == pytest.approx(0.08, abs=0.02)
    assert np.array_equal(track.neutral, NEUTRAL)


def test_viseme_is_the_viseme_model() -> None:
    utterance = synthesise("Bob bought a pot.")
    speech = Speech.of_sound(utterance.sound, phones=utterance.phones)
    loaded = load_model("viseme")
    assert (loaded.name, loaded.files) == ("viseme", ())
    expected = viseme_track(utterance.phones, duration_s=speech.duration_s, fps=25)
    assert np.array_equal(move_lips(loaded.model, speech, fps=25).points, expected.points)


def test_viseme_without_phones_is_refused() -> None:
    with pytest.raises(InputError, match=r"needs to know what is said: give the words with --transcript"):
        move_lips(VisemeLipMotion(), speech_of(1), fps=25)


def test_blocks_of_a_long_speech_join_without_a_seam() -> None:
    utterance = synthesise("Bob bought five more blue pots. " * 8)
    chunks = list(
        VisemeLipMotion().displacements(
            Speech.of_sound(utterance.sound, phones=utterance.phones), fps=25, neutral=NEUTRAL
        )
    )
    assert len(chunks) > 1
    later_s = 3.8  # then the seams are elsewhere
    later = [Phone(phone.symbol, phone.start_s + later_s, phone.end_s + later_s) for phone in utterance.phones]
    first = Phone(PAUSE, 0, later_s)
    moved = viseme_track([first, *later], duration_s=utterance.sound.duration_s + later_s, fps=25)
    whole = np.concatenate(chunks)
    assert np.abs(NEUTRAL + whole - moved.points[95 : 95 + len(whole)]).max() < 1e-5


@pytest.mark.parametrize("counts", [(75,), (50, 25), (1, 74), (74,), (73,), (76,), (40, 37)])
def test_frames_are_counted_and_two_are_forgiven(counts: tuple[int, ...]) -> None:
    track = move_lips(Frames(*counts), speech_of(3.0), fps=25)
    assert track.num_frames == 75
    assert lip_aperture(track.points[-1], track.topology) == pytest.approx(0.01 * len(counts), abs=1e-3)


@pytest.mark.parametrize(("counts", "told"), [((72,), "72 frames"), ((75, 75), "150 or more frames"), ((), "0 frames")])
def test_another_number_of_frames_is_refused(counts: tuple[int, ...], told: str) -> None:
    with pytest.raises(InputError, match=rf"gave {told} for 3\.00 s at 25 frames per second, where 75 are needed"):
        move_lips(Frames(*counts), speech_of(3.0), fps=25)


@given(duration_s=st.floats(0.001, 5), fps=st.floats(1, 120), shift=st.integers(-1, 1))
@settings(max_examples=30, deadline=None)
def test_every_duration_and_rate_gives_its_frames(duration_s: float, fps: float, shift: int) -> None:
    wanted = int(np.ceil(duration_s * fps - 1e-6))
    given_frames = max(1, wanted + shift)
    chunks = list(lip_points(opened(given_frames), duration_s=duration_s, fps=fps, neutral=NEUTRAL))
    assert sum(map(len, chunks)) == wanted


def test_lips_of_any_model_never_cross() -> None:
    points = np.concatenate(list(lip_points(opened(5, -0.05), duration_s=0.2, fps=25, neutral=NEUTRAL)))
    assert inner_lip_gaps(points, MEDIAPIPE_478).min() >= 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (np.zeros((75, 68, 3)), r"of shape \(75, 68, 3\): \(frames, 478, 3\) are needed"),
        (np.full((75, 478, 3), np.nan), "that are not numbers"),
    ],
)
def test_what_is_no_displacement_is_refused(wrong: np.ndarray, told: str) -> None:
    with pytest.raises(InputError, match=told):
        list(lip_points(wrong, duration_s=3, fps=25, neutral=NEUTRAL))


def test_a_class_in_a_file_is_a_model(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\n\n\nclass Still:\n    def displacements(self, speech, *, fps, neutral):\n"
        "        return np.zeros((int(np.ceil(speech.duration_s * fps)), 478, 3))\n\n\nclass Other:\n    pass\n"
    )
    loaded = load_model(f"{path}:Still")
    assert (loaded.name, loaded.files) == ("mine.py:Still", (path,))
    assert np.allclose(move_lips(loaded.model, speech_of(0.4), fps=25).points, NEUTRAL)
    with pytest.raises(InputError, match=r"has no class 'Stil' \(did you mean 'Still'\?\)"):
        load_model(f"{path}:Stil")
    with pytest.raises(InputError, match=r"the class Other in .* needs the method 'displacements\(self, speech"):
        load_model(f"{path}:Other")
    with pytest.raises(InputError, match=r"say which class in it is the model, .*mine\.py:ClassName"):
        load_model(path)


def test_a_class_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "gap_of_mine.py").write_text("GAP = 0.1\n")
    (tmp_path / "open_mouth.py").write_text(
        "import numpy as np\nfrom gap_of_mine import GAP\n\n\nclass Open:\n"
        "    def displacements(self, speech, *, fps, neutral):\n        return np.full((10, 478, 3), GAP)\n"
    )
    loaded = load_model(f"{tmp_path / 'open_mouth.py'}:Open")
    assert np.allclose(move_lips(loaded.model, speech_of(0.4), fps=25).points, NEUTRAL + 0.1, atol=1e-6)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("def __init__(self, path): ...", "must be made without arguments: give each one a default"),
        ("def displacements(self, speech): ...", r"needs the method 'displacements\(self, speech, \*, fps, neutral"),
        (
            "def displacements(self, speech, *, fps, neutral): ...",
            r"gave NoneType instead of displacements: an array of shape \(frames, 478, 3\)",
        ),
    ],
)
def test_a_class_that_does_not_keep_to_the_interface_is_told(tmp_path: Path, lines: str, told: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(f"class Mine:\n    {lines}\n")
    with pytest.raises(InputError, match=told):
        move_lips(load_model(f"{path}:Mine").model, speech_of(0.4), fps=25)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("visme", r"no model 'visme' \(did you mean 'viseme'\?\)"),
        ("nowhere.py:Mine", r"there is no file nowhere\.py"),
        ("nowhere/", r"no model 'nowhere/'"),
    ],
)
def test_what_is_no_model_is_refused(name: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        load_model(name)


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no landmark track"):
        load_model(tmp_path)


def test_a_folder_of_tracks_gives_the_motion_of_the_same_name_to_another_face(tmp_path: Path) -> None:
    utterance = synthesise("Bob bought a pot.")
    made = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=50)
    save_track(tmp_path / "talk.track.npz", made)
    folder = load_model(tmp_path)
    assert folder.files == (tmp_path / "talk.track.npz",)
    wide = NEUTRAL * np.array([1.1, 1, 1], np.float32)
    speech = Speech.of_sound(utterance.sound, name="talk")
    at_50 = move_lips(folder.model, speech, fps=50, neutral=wide)
    assert np.abs((at_50.points - wide) - (made.points - NEUTRAL)).max() < 1e-5
    at_25 = move_lips(folder.model, speech, fps=25, neutral=wide)
    assert np.abs(at_25.points - at_50.points[::2]).max() < 1e-5
    with pytest.raises(InputError, match=r"holds no tale\.track\.npz \(did you mean 'talk'\?\)"):
        move_lips(folder.model, Speech.of_sound(utterance.sound, name="tale"), fps=25)
    with pytest.raises(InputError, match=r"talk\.track\.npz lasts .* they must agree"):
        move_lips(folder.model, speech_of(9, name="talk"), fps=25)


def test_speech_of_a_file_is_its_sound_in_blocks(tmp_path: Path) -> None:
    sound = speech_of(3.3).source
    assert isinstance(sound, Sound)
    write_sound(tmp_path / "talk.wav", sound)
    speech = Speech.of_file(tmp_path / "talk.wav")
    assert (speech.name, speech.duration_s) == ("talk", pytest.approx(3.3))
    for sr in (16000, 8000, 22050):
        blocks = list(speech.blocks(sr=sr, block_s=1))
        assert [len(block) for block in blocks[:-1]] == [sr] * 3
        assert np.array_equal(np.concatenate(blocks), speech.sound(sr=sr).samples)
        in_memory = Speech.of_sound(sound).sound(sr=sr).samples
        assert len(in_memory) == pytest.approx(3.3 * sr, abs=2)
        count = min(len(in_memory), sum(map(len, blocks)))
        assert np.abs(in_memory[:count] - np.concatenate(blocks)[:count]).max() < 1e-4  # 16 bits in the file


def test_speech_without_sound_is_refused() -> None:
    with pytest.raises(InputError, match=r"must last longer than 0 s"):
        Speech.of_sound(Sound(np.empty(0, np.float32), 16000))
