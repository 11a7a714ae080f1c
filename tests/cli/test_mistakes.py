"""What a person can get wrong, on the verbs it can reach: one sentence, exit code 2, nothing left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skimage.data import astronaut

from lipstudy.cli import main
from lipstudy.face import generic_neutral
from lipstudy.media import Sound, encode_clip
from lipstudy.records import Trial, write_trials

COMMAND = [sys.executable, "-m", "lipstudy"]
PORTRAIT = np.ascontiguousarray(astronaut()[0:256, 96:352])
NOISE = np.random.default_rng(1).integers(0, 256, (96, 128, 3), np.uint8)
RECIPE = "speakers:\n  - {name: anna, photograph: astronaut}\nsentences:\n  - {name: hi, text: Hi Bob.}\nsize_px: 64\n"
FILMED = "films:\n  - {speaker: anna, sentence: hi, film: NAME}\narticulations: [1]\nembodiments: [landmarks]\n"
STUDY = "name: small\nclips: clips.csv\nparticipants: 2\n"
FORMULA = "chosen ~ x + side + (1 | participant)"
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)

Make = Callable[[Path], object]


def film_of(frames: Sequence[np.ndarray], *, with_sound: bool = True) -> Make:
    sound = Sound(np.zeros(len(frames) * 640, np.float32), 16000) if with_sound else None
    return lambda path: encode_clip(path, frames, fps=25, sound=sound, preset="ultrafast")


def cut_film(path: Path) -> None:
    film_of([np.roll(PORTRAIT, number, axis=0) for number in range(8)])(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def track_of(**changes: Any) -> Make:
    arrays: dict[str, Any] = {"points": np.tile(generic_neutral(), (5, 1, 1)), "fps": 25.0} | changes
    return lambda path: np.savez(path, **{name: value for name, value in arrays.items() if value is not None})


def trials_of(change: Callable[[dict[str, Any]], object] = lambda row: None, *, twice: bool = False) -> Make:
    def make(path: Path) -> None:
        rows = [
            {
                **{"participant": f"P{person}", "session": f"s{person}", "trial": number, "block": 1, "kind": "2afc"},
                **{"embodiment": "photo", "speaker": "anna", "sentence": f"s{number % 3}"},
                **{"clip_left": "a", "clip_right": "b", "articulation_left": 1.0},
                **{"articulation_right": (0.5, 1.5, 2.0)[number % 3], "response": "left", "rt_s": 1.0},
                **{"plays_left": 1, "plays_right": 1, "watched_left": 1.0, "watched_right": 1.0},
                **{"dropped_frames": 0, "av_offset_ms": 0.0, "valid": True, "reason": None},
            }
            for person in range(1, 5)
            for number in range(1, 7)
        ]
        for row in rows:
            change(row)
        write_trials(path, [Trial(**row) for row in rows])
        path.with_suffix(".json").unlink()
        if twice:
            lines = path.read_text().splitlines()
            path.write_text("\n".join([*lines, lines[3]]) + "\n")

    return make


def only(participant: str, **values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda row: row.update(values) if row["participant"] == participant else None


def without_responses(path: Path) -> None:
    trials_of()(path)
    path.write_text(path.read_text().replace("response", "answer"))


def text(content: str) -> Make:
    return lambda path: path.write_text(content)


MAKERS: dict[str, Make] = {
    "text.mp4": text("a letter about a film\n" * 30),
    "faceless.mp4": film_of([NOISE] * 4),
    "pair.mp4": film_of([np.hstack([PORTRAIT, PORTRAIT])] * 4),
    "mute.mp4": film_of([PORTRAIT] * 4, with_sound=False),
    "short.mp4": film_of([PORTRAIT] * 2),
    "cut.mp4": cut_film,
    "talk.mp4": film_of([PORTRAIT] * 4),
    "good.npz": track_of(),
    "four.npz": track_of(points=np.tile(generic_neutral(), (4, 1, 1))),
    "points68.npz": track_of(points=np.ones((5, 68, 3))),
    "frameless.npz": track_of(points=np.zeros((0, 478, 3))),
    "nan.npz": track_of(points=np.full((5, 478, 3), np.nan)),
    "pixels.npz": track_of(points=300 * np.tile(generic_neutral(), (5, 1, 1))),
    "flat.npz": track_of(points=np.zeros((5, 478))),
    "complex.npz": track_of(points=np.ones((5, 478, 3), complex)),
    "pickled.npz": track_of(points=np.array([{}, {}], object)),
    "speedless.npz": track_of(fps=None),
    "twice-as-fast.npz": track_of(fps=[25.0, 50.0]),
    "half-posed.npz": track_of(pose_scale_px=np.ones(5)),
    "odd-origin.npz": track_of(provenance="[1]"),
    "odd-size.npz": track_of(frame_size_px=3),
    "letter.png": text("not a picture"),
    "tagged.yaml": text("name: !!python/object/apply:os.mkdir [pwned]\n"),
    "bomb.yaml": text(BOMB),
    "path.yaml": text(RECIPE.replace("name: hi", "name: ../hi")),
    "scale.yaml": text(RECIPE + "articulations: [1, 50]\n"),
    "no-clip.yaml": text(STUDY + "factors:\n  articulations: []\n"),
    "unknown.yaml": text(STUDY + "repetition: 2\n"),
    "columns.csv": without_responses,
    "twice.csv": trials_of(twice=True),
    "alone.csv": trials_of(lambda row: row.update(participant="P1", trial=int(row["session"][1]) * 10 + row["trial"])),
    "lone-scale.csv": trials_of(lambda row: only("P2", articulation_right=0.75)(row) if row["trial"] == 1 else None),
    "lone-face.csv": trials_of(only("P3", embodiment="landmarks")),
    "semicolons.csv": lambda path: (trials_of()(path), path.write_text(path.read_text().replace(",", ";"))),
    "binary.csv": lambda path: path.write_bytes(b"\xff\xfe\0\1" * 99),
    "empty.csv": text(""),
    **{
        f"{kind}.yaml": text(FILMED.replace("NAME", f"{kind}.mp4"))
        for kind in ("gone", "text", "faceless", "mute", "short", "cut")
    },
}
"""File name -> what writes it. A name in the words of a case is made before."""

RESTAGE = ("--articulation", "0.5", "-q")
CASES = [
    (("restage", "gone.mp4", *RESTAGE), "there is no file gone.mp4: a film is needed there"),
    (("restage", "text.mp4", *RESTAGE), "text.mp4 is not a film or sound that can be read"),
    (("restage", "faceless.mp4", *RESTAGE), "faceless.mp4: no face is found in the film"),
    (("restage", "pair.mp4", *RESTAGE), "pair.mp4 shows more than one face in frame 0"),
    (("restage", "short.mp4", *RESTAGE), "short.mp4 is a film of 2 frames"),
    (("restage", "cut.mp4", *RESTAGE), "cut.mp4 is cut off after"),
    (("restage", "talk.mp4", "--track", "four.npz", *RESTAGE), "four.npz does not say where the face is in the film"),
    (("restage", "talk.mp4", "--track", "points68.npz", *RESTAGE), "topology 'mediapipe-68' is unknown"),
    (("track", "f" * 300 + ".mp4"), "cannot be opened, a film is needed: file name too long"),
    (("build", "gone.yaml", "gone.mp4"), "Got unexpected extra argument (gone.mp4); see 'lipstudy build --help'"),
    (("build", "mute.yaml", "-q"), "mute.mp4 has no sound: a film with speech is needed"),
    (("build", "text.yaml", "-q"), "text.mp4 is not a film or sound that can be read"),
    (("build", "tagged.yaml", "-q"), "could not determine a constructor for the tag"),
    (("build", "bomb.yaml", "-q"), "does not know the key 'a'"),
    (("build", "path.yaml", "-q"), "line 4, sentences.1.name: '../hi' cannot be part of file names"),
    (("build", "scale.yaml", "-q"), "50 does not fit, input should be less than or equal to 3"),
    (("plan", "gone.yml"), "there is no file gone.yml: a study definition is needed there"),
    (("plan", "tagged.yaml"), "could not determine a constructor for the tag"),
    (("plan", "unknown.yaml"), "does not know the key 'repetition' (did you mean 'repetitions'?)"),
    (("plan", "no-clip.yaml"), "an empty list leaves no clip"),
    (("simulate", "empty.csv", "--study", "no-clip.yaml"), "an empty list leaves no clip"),
    *((("articulate", name, *RESTAGE), said) for name, said in [
        ("frameless.npz", "points must be numbers of shape (frames, points, 3), got float64 of (0, 478, 3)"),
        ("nan.npz", "points must be finite"),
        ("pixels.npz", "not head-normalised: the outer eye corners lie 300 apart"),
        ("flat.npz", "points must be numbers of shape (frames, points, 3), got float64 of (5, 478)"),
        ("complex.npz", "points must be numbers of shape (frames, points, 3), got complex128"),
        ("pickled.npz", "pickled.npz is not a landmark track"),
        ("speedless.npz", "it holds no 'fps'"),
        ("twice-as-fast.npz", "fps must be one number"),
        ("half-posed.npz", "it holds no 'pose_rotation'"),
        ("odd-origin.npz", "provenance must be the text of a JSON object"),
        ("odd-size.npz", "frame_size_px must be of shape (2,), got ()"),
    ]),
    (("articulate", "good.npz", "--articulation", "0,5"), "'0,5' is not a valid float; see 'lipstudy articul"),
    (("articulate", "good.npz"), "Missing option '--articulation'; see 'lipstudy articulate --help'"),
    (("measure", "good.npz", "points68.npz"), "topology 'mediapipe-68' is unknown"),
    (("speak", "--text", "hi", "--neutral", "letter.png"), "letter.png is not a picture that can be read"),
    (("render", "frameless.npz", "-q"), "points must be numbers of shape"),
    (("render", "good.npz", "--sound", "mute.mp4", "-q"), "mute.mp4 has no sound"),
    (("render", "good.npz", "--photograph", "letter.png", "-q"), "letter.png is not a picture that can be read"),
    (("render", "good.npz", "-o", "good.npz", "-q"), "good.npz must end in .mp4: a clip is written there"),
    (("analyze", "columns.csv", "-o", "report"), "columns.csv has no column 'response'"),
    (("analyze", "twice.csv", "-o", "report"), "row 26: trial 3 of session s1 is already in row 4"),
    (("analyze", "alone.csv", "-o", "report"), "are of one participant (P1): a model of people needs two or more"),
    (("analyze", "lone-scale.csv", "-o", "report"), "the level '0.75' of 'articulation' has one participant (P2)"),
    (("analyze", "lone-face.csv", "-o", "report"), "the level 'landmarks' of 'embodiment' has one participant (P3)"),
    (("analyze", "binary.csv", "-o", "report"), "binary.csv is not text in UTF-8"),
    (("analyze", "empty.csv", "--clip-mb", "nan"), "must be a number over 0, got nan"),
    (("fit", FORMULA, "twice.csv"), "row 26: trial 3 of session s1 is already in row 4"),
    (("fit", FORMULA, "lone-face.csv"), "the level 'landmarks' of 'embodiment' has one participant (P3)"),
    (("fit", FORMULA, "semicolons.csv"), "semicolons.csv is separated by semicolons"),
    (("fit", FORMULA, "empty.csv"), "empty.csv is not a table in CSV"),
    (("power", "--effect", "nan"), "effect must be a number of log odds from -100 to 100, got nan"),
    (("power", "--articulation", "nan", "0.5", "1.5", "2"), "an articulation must be a number from 0, got nan"),
    (("power", "--workers", "0"), "Invalid value for '--workers'"),
    (("new", "good.npz"), "good.npz is there already and is not empty"),
    (("tarck",), "there is no verb 'tarck' (did you mean 'track'?)"),
]  # fmt: skip


def made_for(words: Sequence[str]) -> None:
    for word in words:
        if word in MAKERS:
            MAKERS[word](Path(word))
        film = word.replace(".yaml", ".mp4")
        if film != word and film in MAKERS:
            MAKERS[film](Path(film))


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Return what runs the command line in an empty folder; it gives (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def called(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lipstudy", *words])
        code = 0
        try:
            main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return code, *capsys.readouterr()

    return called


@pytest.mark.parametrize(("words", "said"), [pytest.param(*case, id=" ".join(case[0])[:60]) for case in CASES])
def test_a_mistake_is_told_in_one_sentence_and_leaves_nothing(
    call: Callable[..., tuple[int, str, str]], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    made_for(words)
    before = contents(tmp_path)
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert said in err
    assert contents(tmp_path) == before


def test_a_track_in_other_hands_is_json_without_nan(call: Callable[..., tuple[int, str, str]]) -> None:
    made_for(["good.npz"])  # lips that do not move
    code, out, err = call("measure", "good.npz", "good.npz", "--json", "-q")
    assert (code, err) == (0, "")
    assert json.loads(out)["effective_articulation"] is None
    assert "NaN" not in out


def test_a_console_of_a_small_alphabet_does_not_end_a_verb(tmp_path: Path) -> None:
    narrow = os.environ | {"PYTHONIOENCODING": "cp1252"}
    words = ("speak", "--text", "Hi Bob.", "-o", "\u65e5.npz", "-q")
    done = subprocess.run([*COMMAND, *words], capture_output=True, cwd=tmp_path, env=narrow)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"?.npz: ")


WRITERS = {
    "track": ("track", "talk.mp4", "-o", "out"),
    "restage": ("restage", "talk.mp4", "--articulation", "0.5", "-o", "out"),
    "articulate": ("articulate", "good.npz", "--articulation", "0.5", "-o", "out"),
    "render": ("render", "good.npz", "-o", "out/clip.mp4"),
    "speak": ("speak", "--text", "Hello there, Bob.", "-o", "out/hello.npz"),
    "build": ("build", "anna.yaml", "-o", "out"),
    "new": ("new", "out/study"),
    "demo": ("demo", "out/study"),
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return what mounts a small disk at out/ in the folder; it is taken away at the end."""
    place = tmp_path / "out"
    place.mkdir()
    mounted = []

    def mount(options: str) -> Path:
        if sys.platform != "linux" or os.geteuid() != 0:
            pytest.skip("only root on Linux can mount a small disk")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no small disk can be mounted: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize("verb", WRITERS)
@pytest.mark.parametrize(("options", "reason"), [("size=4k", "no space left on device"), ("ro", "read-only file")])
def test_a_full_or_locked_disk_is_told_and_left_as_it_was(
    call: Callable[..., tuple[int, str, str]], disk: Callable[[str], Path], verb: str, options: str, reason: str
) -> None:
    made_for(WRITERS[verb])
    Path("anna.yaml").write_text(RECIPE)
    place = disk(options)
    code, out, err = call(*WRITERS[verb], "-q")
    assert (code, out) == (2, "")
    if (verb, options) == ("build", "size=4k"):  # a build looks before it starts
        assert "MB are free in" in err
    else:
        assert err.startswith("Error: cannot write ")
        assert reason in err.lower()
    assert err.count("\n") == 1
    assert [path for path in place.rglob("*") if path.is_file()] == []


@pytest.mark.skipif(os.name != "posix", reason="Windows sends Ctrl-C to a whole console")
@pytest.mark.parametrize(
    ("words", "begun"),
    [
        (("track", "long.mp4", "other.mp4", "--workers", "2"), "frames"),
        (("restage", "long.mp4", "--articulation", "0.5"), "restaging"),
        (("build", "anna.yaml"), "0/20"),
    ],
)
def test_ctrl_c_is_told_in_one_sentence_and_leaves_no_half_file(
    tmp_path: Path, words: tuple[str, ...], begun: str
) -> None:
    if "long.mp4" in words:
        film_of([PORTRAIT] * 60)(tmp_path / "long.mp4")
        shutil.copy(tmp_path / "long.mp4", tmp_path / "other.mp4")
    (tmp_path / "anna.yaml").write_text(RECIPE + "articulations: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]\n")
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stderr is not None
    told = b""
    while begun.encode() not in told:
        read = os.read(process.stderr.fileno(), 4096)
        assert read, told.decode()
        told += read
    time.sleep(0.3)  # its workers begin, or import
    os.killpg(process.pid, signal.SIGINT)
    out, rest = process.communicate(timeout=60)
    *_, bar, last = (told + rest).decode().strip().rsplit("\n", 2)
    assert (process.returncode, out) == (2, b"")
    assert last == "Error: stopped by Ctrl-C: what was finished is kept, run the same command again to go on"
    assert "Traceback" not in bar
    assert "KeyboardInterrupt" not in (told + rest).decode()
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert not [name for name in left if name.startswith(".") or name.endswith(".f32")]
    assert not {"clips.csv", "long.a0.50.mp4", "long.a0.50.json"} & set(left)
