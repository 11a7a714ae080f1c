"""The verb speak: a track and its sound, and mistakes told."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lipstudy.cli._main import lipstudy
from lipstudy.errors import InputError, LipstudyError
from lipstudy.face import generic_neutral, load_track, save_track
from lipstudy.media import read_sound
from lipstudy.models import viseme_track
from lipstudy.speech import Phone


def speak(*arguments: str) -> Result:
    return CliRunner().invoke(lipstudy, ["speak", *arguments], catch_exceptions=True)


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_text_gives_track_and_sound_of_one_length(tmp_path: Path) -> None:
    done = speak("--text", "Bob bought five more blue pots.")
    assert done.exit_code == 0, done.output
    track = load_track(tmp_path / "bob-bought-five-more-blue-pots.track.npz")
    sound = read_sound(tmp_path / "bob-bought-five-more-blue-pots.wav")
    assert 0 <= track.duration_s - sound.duration_s < 1 / 25
    assert track.neutral is not None
    assert track.provenance["arguments"]["text"] == "Bob bought five more blue pots."
    assert len(list(tmp_path.iterdir())) == 2


def test_json_tells_files_and_phones(tmp_path: Path) -> None:
    done = speak("--text", "Hello", "--fps", "50", "-o", "out/hi.track.npz", "--json")
    told = json.loads(done.stdout)
    assert Path(told["track"]).is_file()
    assert Path(told["sound"]) == Path("out/hi.wav")
    assert told["phones"][-1]["end_s"] == pytest.approx(told["duration_s"], abs=1e-3)
    assert told["frames"] == load_track(told["track"]).num_frames


def test_the_same_text_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert speak("--text", "Hello", "-o", f"{name}.track.npz").exit_code == 0
    for suffix in ("track.npz", "wav"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


@pytest.mark.parametrize(
    ("text", "name"),
    [("../../Etc/passwd", "etc-passwd"), ("Ça va? It's é", "ca-va-its-e"), ("你好", "speech"), ("word " * 30, None)],
)
def test_file_names_from_texts_are_safe(tmp_path: Path, text: str, name: str | None) -> None:
    done = speak("--text", text, "--voice", "cmn" if name == "speech" else "en-us")
    assert done.exit_code == 0, done.output
    (found,) = tmp_path.glob("*.wav")
    assert found.stem == name or (name is None and len(found.stem) <= 40)


def test_the_face_of_a_track_is_moved(tmp_path: Path) -> None:
    tall = generic_neutral() * np.float32((1, 1.1, 1))
    save_track(tmp_path / "face.track.npz", viseme_track([Phone("a", 0, 1)], duration_s=1, fps=25, neutral=tall))
    done = speak("--text", "Hello", "--neutral", "face.track.npz")
    assert done.exit_code == 0, done.output
    np.testing.assert_allclose(load_track("hello.track.npz").neutral, tall, atol=1e-6)


def test_the_face_of_a_photograph_is_moved_with_its_lips_closed(tmp_path: Path) -> None:
    import skimage
    import skimage.io

    from lipstudy.face import MEDIAPIPE_478, lips_in_contact

    skimage.io.imsave(tmp_path / "face.png", skimage.data.astronaut())
    done = speak("--text", "Hello", "--neutral", "face.png")
    assert done.exit_code == 0, done.output
    neutral = load_track("hello.track.npz").neutral
    assert neutral is not None
    assert lips_in_contact(neutral, MEDIAPIPE_478)
    assert np.abs(neutral - generic_neutral()).max() > 0.02


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--text", ""], "the text is empty"),
        (["--text", "hi", "--voice", "en-uk"], "is unknown"),
        (["--text", "hi", "--rate", "5"], "80 to 400"),
        (["--text", "hi", "--fps", "0"], "0 frames per second"),
        (["--text", "hi", "-o", "hi.mp4"], r"must end in \.npz"),
        (["--text", "hi", "--neutral", "nobody.jpg"], "there is no file nobody.jpg"),
        (["--text", "hi", "--neutral", "nobody.npz"], "there is no file nobody.npz"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(tmp_path: Path, arguments: list[str], message: str) -> None:
    done = speak(*arguments)
    assert isinstance(done.exception, LipstudyError)
    with pytest.raises(InputError, match=message):
        raise done.exception
    assert not list(tmp_path.iterdir())
