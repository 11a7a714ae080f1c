"""The verbs speak and align on recordings: tracks, TextGrids, models, bad sound, nothing lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipstudy.face import generic_neutral, lip_aperture, load_track
from lipstudy.speech import PAUSE, AlignedWord, Alignment, Phone, synthesise, textgrid_text

Call = Callable[..., tuple[int, str, str]]

STILL = """
import numpy as np

class Still:
    def displacements(self, speech, *, fps, neutral):
        for block in speech.blocks(sr=16000, block_s=1):
            yield np.zeros((round(len(block) / 16000 * fps), 478, 3))
"""


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "still.py").write_text(STILL)


def write(name: str, samples: np.ndarray, *, sr: int = 16000, subtype: str = "PCM_16") -> None:
    soundfile.write(name, samples, sr, subtype=subtype)


def voice(*, seconds: float = 3.0, sr: int = 16000) -> np.ndarray:
    spoken = synthesise("Bob bought five more blue pots and a pan.").sound
    count = round(seconds * sr)
    return np.resize(
        np.interp(np.arange(0, spoken.duration_s, 1 / sr) * spoken.sr, np.arange(len(spoken.samples)), spoken.samples),
        count,
    )


@pytest.mark.needs_shared_data
def test_a_film_and_its_transcript_give_track_and_textgrid(grid: Path, call: Call) -> None:
    (Path("talk.mpg")).write_bytes((grid / "lrwp9a.mpg").read_bytes())
    code, out, _ = call("speak", "talk.mpg", "--transcript", "lay red with p nine again", "-q", "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["track"], told["textgrid"]) == ("talk.track.npz", "talk.TextGrid")
    assert (told["model"], told["effective_articulation"], told["lip_intensity_iod"]) == (
        "viseme+tcn",
        1,
        pytest.approx(0.03, abs=0.02),
    )
    track = load_track("talk.track.npz")
    assert track.num_frames == told["frames"] == 75
    assert np.array_equal(track.neutral, generic_neutral())
    p = next(phone for phone in told["phones"] if phone["symbol"] == "p")
    closed = lip_aperture(track.points, track.topology)[round(p["start_s"] * 25) : round(p["end_s"] * 25) + 1]
    assert closed.min() < 0.02
    # Again from the TextGrid, on the face of a track, compared with that speaker's own motion.
    code, out, _ = call(
        "speak", "talk.mpg", "--textgrid", "talk.TextGrid", "--neutral", "talk.track.npz", "-q", "--json"
    )
    again = json.loads(out)
    assert (again["effective_articulation"], again["effective_articulation_of"]) == (1, "neutral")
    assert np.array_equal(load_track("talk.track.npz").points, track.points)


@pytest.mark.needs_shared_data
def test_words_that_were_not_said_are_named(grid: Path, call: Call) -> None:
    film = grid / "lrwp9a.mpg"
    code, out, err = call("align", film, "--transcript", "lay red with p nine music", "-o", "a.TextGrid", "--json")
    assert code == 0
    assert "words that do not fit the speech: 'music' at" in err
    assert json.loads(out)["misfits"] == ["music"]
    code, _, err = call("align", grid / "bbaf2n.mpg", "--transcript", "lay red with p nine again", "-o", "b.TextGrid")
    assert code == 0
    assert "the transcript is probably not what is said; words that do not fit the speech: 'lay' at" in err
    many = "lay red with p nine again " * 9
    code, _, err = call("align", grid / "bbaf2n.mpg", "--transcript", many, "-q", "-o", "c.TextGrid")
    assert (code, Path("c.TextGrid").exists()) == (2, False)
    assert "the transcript does not fit the speech: '" in err


def test_a_textgrid_with_odd_labels_or_of_a_part_of_the_speech_is_told(call: Call) -> None:
    write("a.wav", voice())
    phones = (Phone("ʌ", 0.0, 0.5), Phone("%%", 0.5, 1.0), Phone(PAUSE, 1.0, 1.5))
    Path("a.TextGrid").write_text(textgrid_text(Alignment((AlignedWord("up", 0.0, 1.0, 0.0),), phones)))
    code, _, err = call("speak", "a.wav", "--textgrid", "a.TextGrid", "--model", "viseme")
    assert code == 0
    assert (
        "a.TextGrid holds labels that are no phones of the IPA or the CMU dictionary, which move no lips: '%%'" in err
    )
    assert "a.TextGrid ends at 1.50 s and the speech at 3.00 s" in err


def test_a_corrected_transcript_replaces_the_textgrid_and_a_corrected_textgrid_stays(call: Call) -> None:
    write("a.wav", voice())
    wrong, right = "Bob bought nine more green pots", "Bob bought five more blue pots and a pan"
    for words in (wrong, right, right):
        code, _, err = call("speak", "a.wav", "--transcript", words, "--model", "viseme", "-q")
        assert code == 0, err
    assert "five" in Path("a.TextGrid").read_text()
    corrected = Path("a.TextGrid").read_text().replace("five", "six")
    Path("a.TextGrid").write_text(corrected)
    code, _, err = call("speak", "a.wav", "--transcript", right, "--model", "viseme", "-q")
    assert code == 2
    assert "a.TextGrid is there already and says something else" in err
    assert Path("a.TextGrid").read_text() == corrected


@pytest.mark.needs_shared_data
def test_what_a_person_made_is_not_overwritten(grid: Path, call: Call) -> None:
    Path("talk.mpg").write_bytes((grid / "lrwp9a.mpg").read_bytes())
    Path("words.txt").write_text("Lay red with P nine again.\n")
    Path("talk.TextGrid").write_text("corrected by hand")
    code, _, err = call("speak", "talk.mpg", "--transcript", "words.txt", "-q")
    assert code == 2
    assert "talk.TextGrid is there already and says something else" in err
    assert Path("talk.TextGrid").read_text() == "corrected by hand"
    np.savez("talk.track.npz", points=np.zeros(1), provenance='{"stage": "track"}')
    code, _, err = call("speak", "talk.mpg", "--transcript", "words.txt", "-q")
    assert code == 2
    assert "talk.track.npz is there already and was not made by 'lipstudy speak': name another with -o" in err


@pytest.mark.parametrize(
    ("sound", "frames", "told"),
    [
        (lambda: write("a.wav", np.zeros(32000)), 50, ""),
        (lambda: write("a.wav", voice(seconds=0.1)), 3, ""),
        (lambda: write("a.wav", voice(sr=8000), sr=8000), 75, "a.wav has 8000 samples a second: 16000 or more"),
        (lambda: write("a.wav", np.stack([voice()] * 2, axis=1)), 75, ""),
        (lambda: write("a.wav", np.clip(20 * voice(), -1, 1)), 75, "a.wav is clipped: "),
    ],
    ids=["silence", "0.1 s", "8 kHz", "stereo", "clipped"],
)
def test_odd_sound_gives_its_frames_and_a_message(
    sound: Callable[[], None], frames: int, told: str, call: Call
) -> None:
    sound()
    code, out, err = call("speak", "a.wav", "--model", "still.py:Still", "--json")
    assert code == 0, err
    assert load_track("a.track.npz").num_frames == json.loads(out)["frames"] == frames
    assert json.loads(out)["effective_articulation"] is None  # lips that do not move have none
    assert told in err


def test_music_for_speech_is_told_in_one_sentence(call: Call) -> None:
    times_s = np.arange(3 * 16000) / 16000
    write("a.wav", 0.1 * sum(np.sin(2 * np.pi * hz * times_s) for hz in (220, 277, 330)))
    code, _, err = call("speak", "a.wav", "--json")
    assert code == 0
    assert err.count("a.wav hardly sounds like speech (music, noise, silence?)") == 1
    write("a.wav", voice())
    _, _, err = call("speak", "a.wav", "--json")
    assert "hardly" not in err


def test_samples_that_are_no_numbers_are_refused(call: Call) -> None:
    samples = voice()
    samples[20000] = np.nan
    write("a.wav", samples, subtype="FLOAT")
    code, _, err = call("speak", "a.wav", "--model", "still.py:Still")
    assert code == 2
    assert "a.wav holds samples that are not numbers" in err
    assert not Path("a.track.npz").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "give either a film or sound file with speech, or --text"),
        (("a.wav", "--text", "hi"), "give either a film or sound file with speech, or --text"),
        (("--text", "hi", "--transcript", "hi"), "with --text leave them out"),
        (("a.wav", "--voice", "de"), "--voice and --rate are for a synthetic voice"),
        (("a.wav", "--transcript", "hi", "--textgrid", "b"), "give either --transcript or --textgrid"),
        (
            ("a.wav", "--model", "viseme"),
            "the viseme model needs to know what is said: give the words with --transcript",
        ),
        (("a.wav", "--model", "visem"), "there is no model 'visem' (did you mean 'viseme'?)"),
        (("a.wav", "--transcript", "no.txt"), "there is no file no.txt: a transcript is needed there"),
        (("a.wav", "--transcript", "?"), "the transcript '?' holds no word"),
        (("a.wav", "--transcript", "still.py"), "still.py is a file, and its name would be taken for the words"),
        (("a.wav", "--textgrid", "a.wav"), "a.wav is not a Praat TextGrid"),
        ((".",), ". is a folder, but a film or sound file is needed: name a file in it"),
    ],
)
def test_mistakes_are_one_sentence(words: tuple[str, ...], told: str, call: Call) -> None:
    write("a.wav", voice())
    code, _, err = call("speak", *words, "-q")
    assert code == 2
    assert told in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in Path().iterdir()) == ["a.wav", "still.py"]


SLOW = """
import time
import numpy as np

class Slow:
    def displacements(self, speech, *, fps, neutral):
        for _ in range(1000):
            time.sleep(0.05)
            yield np.zeros((25, 478, 3))
"""


def test_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    Path("slow.py").write_text(SLOW)
    write("a.wav", np.zeros(16000 * 1000))
    # -B: Python keeps no compiled copy of slow.py beside it.
    command = [sys.executable, "-B", "-m", "lipstudy", "speak", "a.wav", "--model", "slow.py:Slow"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".a.track*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "stopped by Ctrl-C" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.wav", "slow.py", "still.py"]
