"""A stimulus set is made once, checked, and goes on where it stopped."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from filelock import FileLock

from lipstudy.errors import InputError, OutputError
from lipstudy.face import MEDIAPIPE_478, lips_in_contact, load_track
from lipstudy.media import ClipMeasures, Sound, loudness_lufs, measure_clip, read_sound
from lipstudy.records import read_manifest
from lipstudy.stimuli import BuildResult, build_set, load_recipe

RECIPE = """\
speakers: [{name: astronaut, photograph: astronaut}]
sentences: [{name: boats, text: Both boats.}]
articulations: [0.5, 1, 1.5]
size_px: 192
"""
LINES_ONLY = RECIPE + "embodiments: [landmarks]\n"


def clip_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "clips").glob("*"))}


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.startswith(".")]


@pytest.fixture(scope="module")
def first(declared, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    """Build a small set once."""
    folder = tmp_path_factory.mktemp("first")
    return build_set(declared(folder, RECIPE), folder / "set", workers=2)


@pytest.fixture
def copied(first: BuildResult, tmp_path: Path) -> Path:
    """Return a copy of the small set to change."""
    shutil.copytree(first.manifest.parent, tmp_path / "set")
    return tmp_path / "set"


def test_every_clip_of_the_crossed_design_is_in_the_manifest(first: BuildResult) -> None:
    clips = read_manifest(first.manifest, verify=True)
    assert [clip.clip_id for clip in clips] == [
        f"astronaut_boats_{embodiment}_rest_a{articulation}"
        for embodiment in ("landmarks", "photo")
        for articulation in ("0.50", "1.00", "1.50")
    ]
    assert tuple(clips) == first.clips
    assert (first.rendered, first.reused, first.failed) == (6, 0, ())
    assert {(clip.embodiment, clip.source) for clip in clips} == {("landmarks", "landmarks"), ("photo", "photograph")}


def test_clips_hold_what_the_manifest_says(first: BuildResult) -> None:
    sound = read_sound(first.manifest.parent / "speech" / "boats.wav")
    for clip in first.clips:
        measured = measure_clip(first.manifest.parent / clip.path, sound=sound)
        assert (measured.frames, measured.fps, measured.duration_s) == (clip.frames, clip.fps, clip.duration_s)
        assert abs(measured.av_offset_ms) < 0.05
        assert measured.av_offset_ms == clip.av_offset_ms
        assert 0 <= clip.duration_s - sound.duration_s < 1 / clip.fps


def test_the_effective_articulation_follows_the_scale_and_closures_stay(first: BuildResult) -> None:
    for clip in first.clips:
        assert clip.effective_articulation == pytest.approx(clip.articulation, rel=0.05)
        assert clip.contact_frames is not None
        assert clip.contact_frames > 2
        assert clip.contact_frames_lost == 0


def test_speech_and_track_are_kept_beside_the_clips(first: BuildResult) -> None:
    folder = first.manifest.parent
    track = load_track(folder / "tracks" / "astronaut_boats.track.npz")
    assert track.num_frames == first.clips[0].frames
    assert track.neutral is not None
    assert lips_in_contact(track.neutral, MEDIAPIPE_478)
    phones = json.loads((folder / "speech" / "boats.phones.json").read_text())["phones"]
    assert [phone["symbol"].strip("ˈˌː") for phone in phones].count("b") == 2


def test_provenance_names_files_but_no_folder_of_this_machine(first: BuildResult) -> None:
    text = (first.manifest.parent / "build.json").read_text()
    assert json.loads(text)["arguments"]["articulations"] == [0.5, 1.0, 1.5]
    assert str(first.manifest.parent) not in text


def test_same_recipe_gives_the_same_bytes_with_any_number_of_workers(
    declared, first: BuildResult, tmp_path: Path
) -> None:
    again = build_set(declared(tmp_path, RECIPE), tmp_path / "set", workers=1)
    assert clip_bytes(tmp_path / "set") == clip_bytes(first.manifest.parent)
    assert again.manifest.read_bytes() == first.manifest.read_bytes()


def test_a_second_build_makes_nothing_and_says_so(declared, copied: Path, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (copied / "clips").iterdir()}
    told: list[tuple[int, int]] = []
    again = build_set(declared(tmp_path, RECIPE), copied, progress=lambda done, total: told.append((done, total)))
    assert (again.rendered, again.reused) == (0, 6)
    assert told == [(6, 6)]
    assert {path: path.stat().st_mtime_ns for path in (copied / "clips").iterdir()} == before


@pytest.mark.parametrize(
    ("changed", "rendered"),
    [
        (RECIPE.replace("1.5", "1.4"), 2),
        (RECIPE.replace("[0.5, 1, 1.5]", "[1.5, 0.5]"), 0),
        (RECIPE + "style: {lip_colour: '#a03040'}\n", 3),
        (RECIPE + "embodiments: [photo]\noperators: [rest, mean]\n", 3),
        (RECIPE + "fps: 50\nembodiments: [landmarks]\n", 3),
    ],
)
def test_only_what_changed_is_made(declared, copied: Path, tmp_path: Path, changed: str, rendered: int) -> None:
    again = build_set(declared(tmp_path, changed), copied, workers=1)
    assert again.rendered == rendered
    read_manifest(again.manifest, verify=True)


def test_the_words_of_the_voice_decide_all_clips_of_their_sentence(declared, copied: Path, tmp_path: Path) -> None:
    text = LINES_ONLY.replace("}]\nart", "}, {name: poem, text: My poem.}]\nart").replace(
        "Both boats", "Both big boats"
    )
    again = build_set(declared(tmp_path, text), copied, workers=1)
    assert (again.rendered, again.reused) == (6, 0)
    assert {clip.text for clip in again.clips} == {"Both big boats.", "My poem."}


def test_an_altered_and_a_missing_clip_are_made_again(
    declared, copied: Path, tmp_path: Path, first: BuildResult
) -> None:
    with open(copied / first.clips[0].path, "ab") as file:
        file.write(b"altered")
    (copied / first.clips[4].path).unlink()
    again = build_set(declared(tmp_path, RECIPE), copied, workers=1)
    assert (again.rendered, again.reused) == (2, 4)
    assert clip_bytes(copied) == clip_bytes(first.manifest.parent)


def test_mean_loses_closures_and_the_manifest_says_how_many(declared, copied: Path, tmp_path: Path) -> None:
    again = build_set(declared(tmp_path, LINES_ONLY + "operators: [mean]\n"), copied, workers=1)
    lost = {clip.articulation: clip.contact_frames_lost for clip in again.clips}
    assert lost[1.0] == 0
    assert (lost[0.5] or 0) > 0


MANY_LINES = LINES_ONLY.replace("[0.5, 1, 1.5]", "[0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]").replace("192", "384")


@pytest.fixture(scope="module")
def whole(declared, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    """Build the set that is stopped, without stopping."""
    folder = tmp_path_factory.mktemp("whole")
    return build_set(declared(folder, MANY_LINES), folder / "set", workers=2)


@pytest.fixture
def building(declared, tmp_path: Path):
    """Start a build of its own process group; give it once the first clip is there."""
    declared(tmp_path, MANY_LINES)
    command = subprocess.Popen(
        [sys.executable, "-m", "lipstudy", "build", str(tmp_path / "recipe.yaml"), "-o", str(tmp_path / "set"), "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    deadline = time.monotonic() + 120
    while not list((tmp_path / "set").glob("records/clips/[!.]*.json")):
        assert command.poll() is None, command.communicate()
        assert time.monotonic() < deadline, "no clip was made"
        time.sleep(0.01)
    yield command
    command.kill()
    command.communicate()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_build_goes_on_and_ends_with_the_same_bytes(
    building: "subprocess.Popen[str]", whole: BuildResult, tmp_path: Path, stop: signal.Signals
) -> None:
    if stop == signal.SIGKILL:
        os.kill(building.pid, stop)
    else:
        os.killpg(building.pid, stop)
    _, said = building.communicate()
    if stop == signal.SIGINT:
        assert building.returncode == 2
        assert (
            said.strip() == "Error: stopped by Ctrl-C: what was finished is kept, run the same command again to go on"
        )
    assert not (tmp_path / "set" / "clips.csv").exists()
    for path in (tmp_path / "set" / "clips").glob("[!.]*.mp4"):  # one that was being made is hidden, and cleared away
        assert measure_clip(path).frames > 0, "a half clip took a place in the set"
    (tmp_path / "set" / "clips" / ".half.mp4.0f_g7h1i.mp4").write_bytes(b"left by a power cut")

    finished = build_set(load_recipe(tmp_path / "recipe.yaml"), tmp_path / "set", workers=2)
    assert finished.reused >= 1
    assert finished.rendered >= 1
    assert leftovers(tmp_path / "set") == []
    assert clip_bytes(tmp_path / "set") == clip_bytes(whole.manifest.parent)
    assert finished.manifest.read_bytes() == whole.manifest.read_bytes()


WRONG = "astronaut_boats_landmarks_rest_a0.50"


@pytest.fixture
def failing(declared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BuildResult:
    """Build a set one clip of which fails its checks."""

    def late(path: Path, *, sound: Sound | None = None) -> ClipMeasures:
        measured = measure_clip(path, sound=sound)
        return replace(measured, av_offset_ms=21.3) if "a0.50" in path.name else measured

    with monkeypatch.context() as patched:
        patched.setattr("lipstudy.stimuli._making.measure_clip", late)
        return build_set(declared(tmp_path, LINES_ONLY.replace(", 1.5]", "]")), tmp_path / "set", workers=1)


def test_a_clip_that_fails_its_checks_is_kept_apart_with_its_reason(failing: BuildResult) -> None:
    assert failing.failed == ((WRONG, "its sound starts +21.30 ms after its picture"),)
    assert [clip.articulation for clip in read_manifest(failing.manifest, verify=True)] == [1.0]
    apart = failing.manifest.parent / "failed"
    assert sorted(path.name for path in apart.iterdir()) == [f"{WRONG}.mp4", f"{WRONG}.txt"]
    page = failing.page.read_text()
    assert f'data-failed="{WRONG}"' in page
    assert "its sound starts +21.30 ms after its picture" in page


def test_a_clip_that_failed_is_made_again_only_when_asked_for_or_changed(declared, failing: BuildResult) -> None:
    folder = failing.manifest.parent
    recipe = load_recipe(folder.with_name("recipe.yaml"))
    again = build_set(recipe, folder, workers=1)
    assert (again.rendered, again.reused, again.failed) == (0, 2, failing.failed)
    assert again.manifest.read_bytes() == failing.manifest.read_bytes()

    mended = build_set(recipe, folder, workers=1, retry_failed=True)
    assert (mended.rendered, mended.reused, mended.failed) == (1, 1, ())
    assert not (folder / "failed").exists()


@pytest.mark.parametrize(
    "changed",
    [
        LINES_ONLY.replace(", 1.5]", "]").replace("192", "96"),
        LINES_ONLY.replace("[0.5, 1, 1.5]", "[1]"),
    ],
)
def test_what_failed_is_forgotten_with_the_recipe_that_it_failed_by(declared, failing: BuildResult, changed) -> None:
    folder = failing.manifest.parent
    built = build_set(declared(folder.parent, changed), folder, workers=1)
    assert built.failed == ()
    assert not list(folder.glob("**/failed/*"))


def test_a_second_build_in_the_same_folder_is_refused(declared, tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    recipe = declared(tmp_path, LINES_ONLY)
    with FileLock(tmp_path / "set" / "build.lock"):
        with pytest.raises(OutputError, match=r"another build is at work in .*set: wait until it ends"):
            build_set(recipe, tmp_path / "set")
        assert [path.name for path in (tmp_path / "set").iterdir()] == ["build.lock"]


OWN_MODEL = """\
import numpy as np

class Yawn:
    def displacements(self, speech, *, fps, neutral):
        frames = int(np.ceil(speech.duration_s * fps))
        moved = np.zeros((frames, 478, 3))
        moved[:, 14, 1] = 0.1 * np.sin(np.pi * np.arange(frames) / frames) ** 2
        return moved
"""


def test_every_sentence_is_moved_by_every_model_and_a_new_one_leaves_the_old_clips_alone(
    declared, copied: Path, tmp_path: Path
) -> None:
    (tmp_path / "yawn.py").write_text(OWN_MODEL)
    built = build_set(declared(tmp_path, LINES_ONLY + "models: [viseme, 'yawn.py:Yawn']\n"), copied, workers=1)
    assert (built.rendered, built.reused) == (3, 3)
    assert [(clip.clip_id, clip.model) for clip in built.clips if clip.articulation == 1] == [
        ("astronaut_boats_landmarks_rest_a1.00", "viseme"),
        ("astronaut_boats_yawn.py-Yawn_landmarks_rest_a1.00", "yawn.py:Yawn"),
    ]
    assert "yawn.py" in json.loads((copied / "build.json").read_text())["inputs"]


def test_a_photograph_that_is_missing_or_shows_no_face_is_told(declared, tmp_path: Path) -> None:
    recipe = declared(tmp_path, RECIPE.replace("photograph: astronaut", "photograph: face.png"))
    with pytest.raises(InputError, match=r"there is no file .*face\.png"):
        build_set(recipe, tmp_path / "set")
    cv2.imwrite(str(tmp_path / "face.png"), np.full((256, 256, 3), 128, np.uint8))
    with pytest.raises(InputError, match=r"face\.png: .*no face"):
        build_set(recipe, tmp_path / "set")
    assert not (tmp_path / "set").exists(), "something was half written"


def test_a_torn_photograph_is_told_in_one_sentence_alone(declared, tmp_path: Path, capfd) -> None:
    encoded = cv2.imencode(".png", np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8))[1].tobytes()
    (tmp_path / "face.png").write_bytes(encoded[: len(encoded) // 2])
    with pytest.raises(InputError, match=r"face\.png is not a picture that can be read"):
        build_set(declared(tmp_path, RECIPE.replace("photograph: astronaut", "photograph: face.png")), tmp_path / "set")
    assert capfd.readouterr().err == ""


def test_hidden_files_that_are_not_of_the_build_stay(declared, tmp_path: Path) -> None:
    kept = [tmp_path / name for name in ("notes/.gitignore", ".git/.hidden", "clips/.gitattributes")]
    for path in kept:
        path.parent.mkdir()
        path.write_text("mine")
    build_set(declared(tmp_path, LINES_ONLY.replace("[0.5, 1, 1.5]", "[1]")), tmp_path, workers=1)
    assert [path.read_text() for path in kept] == ["mine"] * 3


def test_a_folder_that_cannot_be_written_is_told(declared, tmp_path: Path) -> None:
    (tmp_path / "set").write_text("a file in the way")
    with pytest.raises(OutputError, match=r"cannot write the folder .*set"):
        build_set(declared(tmp_path, RECIPE), tmp_path / "set")


def test_no_worker_is_refused(declared, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="number of workers must be 1 or more, got 0"):
        build_set(declared(tmp_path, RECIPE), tmp_path / "set", workers=0)


def test_all_clips_are_equally_loud_unless_told_otherwise(declared, first: BuildResult, tmp_path: Path) -> None:
    for clip in first.clips:
        assert clip.loudness_lufs == pytest.approx(-23, abs=0.2)
        assert loudness_lufs(read_sound(first.manifest.parent / clip.path)) == pytest.approx(-23, abs=0.2)
    text = LINES_ONLY.replace("[0.5, 1, 1.5]", "[1]") + "loudness_lufs: as_recorded\n"
    built = build_set(declared(tmp_path, text), tmp_path / "set", workers=1)
    spoken = loudness_lufs(read_sound(tmp_path / "set" / "speech" / "boats.wav"))
    assert abs(spoken + 23) > 0.3
    assert built.clips[0].loudness_lufs == pytest.approx(spoken, abs=0.3)
