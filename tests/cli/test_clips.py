"""The verbs render and build, as a person and as a program calls them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lipstudy.face import save_track
from lipstudy.media import measure_clip, read_frames, write_sound
from lipstudy.models import viseme_track
from lipstudy.records import read_manifest
from lipstudy.speech import synthesise
from lipstudy.stimuli import load_recipe

RECIPE = """\
speakers: [{name: astronaut, photograph: astronaut}]
sentences: [{name: boats, text: Both boats.}]
articulations: [1]
embodiments: [landmarks]
size_px: 96
"""


STUDY = """\
name: small
clips: faces/clips.csv
participants: 2
catch_trials: 0
"""


def lipstudy(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lipstudy", *map(str, arguments)], capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a track and its sound; return the track."""
    folder = tmp_path_factory.mktemp("talk")
    utterance = synthesise("My poem.")
    write_sound(folder / "talk.wav", utterance.sound)
    track = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=25)
    save_track(folder / "talk.track.npz", track)
    return folder / "talk.track.npz"


def test_example_is_a_recipe(tmp_path: Path) -> None:
    done = lipstudy("build", "--example")
    (tmp_path / "recipe.yaml").write_text(done.stdout)
    assert len(load_recipe(tmp_path / "recipe.yaml").sentences) == 4


def test_build_lands_beside_the_recipe_and_is_told_in_json(tmp_path: Path) -> None:
    (tmp_path / "faces.yaml").write_text(RECIPE)
    first = lipstudy("build", tmp_path / "faces.yaml", "--json")
    manifest = str(tmp_path / "faces" / "clips.csv")
    assert json.loads(first.stdout) == {
        "manifest": manifest,
        "page": str(tmp_path / "faces" / "index.html"),
        "clips": 1,
        "rendered": 1,
        "reused": 0,
        "altered": [],
        "lacks": [],
        "refinements": [],
        "doubts": [],
        "failed": {},
    }
    assert "1/1" in first.stderr, "no progress is told"
    second = lipstudy("build", tmp_path / "faces.yaml", "-q")
    assert second.stdout.startswith(f"{manifest}: 1 clip; 0 made now, 1 there already\n")
    assert second.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a recipe; 'lipstudy build --example' prints one"),
        (["nowhere.yaml"], "there is no file nowhere.yaml: a recipe is needed there"),
    ],
)
def test_build_tells_what_is_missing(arguments: list[str], said: str) -> None:
    done = lipstudy("build", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_huge_set_says_how_long_and_how_large_and_waits_for_a_yes(tmp_path: Path) -> None:
    scales = ", ".join(f"{number / 100:.2f}" for number in range(200))
    sentences = ", ".join(f"{{name: s{number}, text: Both boats.}}" for number in range(50))
    text = RECIPE.replace("articulations: [1]", f"articulations: [{scales}]")
    (tmp_path / "recipe.yaml").write_text(text.replace("{name: boats, text: Both boats.}", sentences))
    done = subprocess.run(
        [sys.executable, "-m", "lipstudy", "build", str(tmp_path / "recipe.yaml")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert re.search(
        r"10000 clips to make: about .* (minutes|hours) with 2 workers, and \d+.* [MG]B: say .* --yes", done.stderr
    )
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.yaml"]


def test_a_clip_that_was_altered_is_told_and_made_again_and_plan_tells_it_too(tmp_path: Path) -> None:
    (tmp_path / "faces.yaml").write_text(RECIPE.replace("articulations: [1]", "articulations: [0.5, 1]"))
    lipstudy("build", tmp_path / "faces.yaml", "-q")
    clip = tmp_path / "faces" / "clips" / "astronaut_boats_landmarks_rest_a0.50.mp4"
    clip.unlink()
    (tmp_path / "study.yaml").write_text(STUDY)
    planned = lipstudy("plan", tmp_path / "study.yaml")
    assert planned.returncode == 2
    assert "is missing; build or adopt the set again" in planned.stderr
    again = lipstudy("build", tmp_path / "faces.yaml")
    assert "1 clip had been changed or deleted since it was made: astronaut_boats_landmarks_rest_a0.50" in again.stderr
    assert clip.is_file()
    assert lipstudy("plan", tmp_path / "study.yaml", "-q").returncode == 0


@pytest.mark.parametrize("address", ["nowhere", "tcp://127.0.0.1:9", "tcp://127.0.0.1:port"])
def test_a_scheduler_that_does_not_answer_is_told(tmp_path: Path, address: str) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    done = lipstudy("build", tmp_path / "recipe.yaml", "--scheduler", address)
    assert done.returncode == 2
    assert f"no Dask scheduler answers at {address}: start one with" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def rendered(talk: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write three landmark clips as another program might name them, and a film that is none of them."""
    folder = tmp_path_factory.mktemp("rendered")
    for scale in ("0.5", "1", "1.5"):
        lipstudy("articulate", talk, "--articulation", scale, "-o", folder, "-q")
        track = folder / f"talk.a{float(scale):.2f}.track.npz"
        sound = talk.with_name("talk.wav")
        lipstudy("render", track, "--sound", sound, "--size", "96", "-o", folder / f"anna_poem_{scale}.mp4", "-q")
        track.unlink()
    (folder / "notes.mp4").write_bytes((folder / "anna_poem_1.mp4").read_bytes())
    return folder


def test_adopt_gives_clips_made_elsewhere_a_manifest(rendered: Path) -> None:
    done = lipstudy(
        *("adopt", rendered, "--pattern", "{speaker}_{sentence}_{articulation}.mp4", "--embodiment", "landmarks"),
        *("--model", "mine", "--json"),
    )
    told = json.loads(done.stdout)
    assert (told["clips"], told["failed"], told["passed_over"]) == (3, {}, ["notes.mp4"])
    assert "1 file does not fit the pattern: notes.mp4" in done.stderr
    clips = read_manifest(rendered / "clips.csv", verify=True)
    assert [(clip.speaker, clip.sentence, clip.articulation, clip.model) for clip in clips] == [
        ("anna", "poem", scale, "mine") for scale in (0.5, 1.0, 1.5)
    ]
    assert {(clip.source, clip.operator, clip.embodiment) for clip in clips} == {("elsewhere", "unknown", "landmarks")}
    assert all(abs(clip.av_offset_ms) < 1 for clip in clips)
    assert "anna_poem_0.5.mp4" in (rendered / "index.html").read_text()


def test_build_tells_the_line_of_an_unknown_key(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE + "embodiment: [photo]\n")
    done = lipstudy("build", tmp_path / "recipe.yaml")
    assert done.returncode == 2
    assert "line 6: a recipe does not know the key 'embodiment' (did you mean 'embodiments'?)" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["recipe.yaml"]


def test_render_draws_a_clip_beside_the_track_and_leaves_a_film_of_that_name_alone(talk: Path) -> None:
    film = talk.with_name("talk.mp4")
    film.write_bytes(b"the film")
    done = lipstudy("render", talk, "--sound", talk.with_name("talk.wav"), "--size", "128", "--json")
    told = json.loads(done.stdout)
    clip = talk.with_name("talk.landmarks.mp4")
    assert told["clip"] == str(clip)
    assert told["frames"] == measure_clip(clip).frames
    assert abs(told["av_offset_ms"]) < 0.05
    assert film.read_bytes() == b"the film"


def test_render_moves_a_photograph(talk: Path, tmp_path: Path) -> None:
    done = lipstudy("render", talk, "--photograph", "astronaut", "-o", tmp_path / "a.mp4", "--size", "128", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert "without sound" in done.stdout
    frame = next(iter(read_frames(tmp_path / "a.mp4")))
    assert frame.shape == (128, 128, 3)
    assert frame.std() > 30, "no photograph is seen"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--style", "lip"], r"there is no style 'lip' (did you mean 'lips'?)"),
        (["--size", "9"], "the size of a clip must be 32 to 4096 pixels, got 9"),
        (["--size", "129"], "choose an even size"),
        (["--sound", "nowhere.wav"], "there is no file nowhere.wav"),
        (["--photograph", "nowhere.png"], "there is no file nowhere.png"),
    ],
)
def test_render_tells_what_cannot_be_used(talk: Path, tmp_path: Path, options: list[str], said: str) -> None:
    done = lipstudy("render", talk, "-o", tmp_path / "clip.mp4", *options)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
