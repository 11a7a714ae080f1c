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

import av
import cv2
import numpy as np
import pytest
from filelock import FileLock

from lipstudy.clips import BuildResult, Recipe, build_set, clip_faults, load_recipe
from lipstudy.errors import InputError, OutputError
from lipstudy.face import MEDIAPIPE_478, inner_lip_gaps, lip_aperture, lips_in_contact, load_track, save_track
from lipstudy.media import ClipMeasures, Sound, loudness_lufs, measure_clip, read_frames, read_sound, write_sound
from lipstudy.models import viseme_track
from lipstudy.records import read_manifest
from lipstudy.speech import synthesise

RECIPE = """\
speakers: [{name: astronaut, photograph: astronaut}]
sentences: [{name: boats, text: Both boats.}]
articulations: [0.5, 1, 1.5]
size_px: 128
"""
LINES_ONLY = RECIPE + "embodiments: [landmarks]\n"


def declared(folder: Path, text: str) -> Recipe:
    (folder / "recipe.yaml").write_text(text)
    return load_recipe(folder / "recipe.yaml")


def clip_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "clips").glob("*"))}


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.startswith(".") or "unchecked" in path.parts]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
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


def test_same_recipe_gives_the_same_bytes_with_any_number_of_workers(first: BuildResult, tmp_path: Path) -> None:
    again = build_set(declared(tmp_path, RECIPE), tmp_path / "set", workers=1)
    assert clip_bytes(tmp_path / "set") == clip_bytes(first.manifest.parent)
    assert again.manifest.read_bytes() == first.manifest.read_bytes()


def test_a_second_build_makes_nothing_and_says_so(copied: Path, tmp_path: Path) -> None:
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
def test_only_what_changed_is_made(copied: Path, tmp_path: Path, changed: str, rendered: int) -> None:
    again = build_set(declared(tmp_path, changed), copied, workers=1)
    assert again.rendered == rendered
    read_manifest(again.manifest, verify=True)


def test_the_words_of_the_voice_decide_all_clips_of_their_sentence(copied: Path, tmp_path: Path) -> None:
    text = LINES_ONLY.replace("}]\nart", "}, {name: poem, text: My poem.}]\nart").replace(
        "Both boats", "Both big boats"
    )
    again = build_set(declared(tmp_path, text), copied, workers=1)
    assert (again.rendered, again.reused) == (6, 0)
    assert {clip.text for clip in again.clips} == {"Both big boats.", "My poem."}


def test_an_altered_and_a_missing_clip_are_made_again(copied: Path, tmp_path: Path, first: BuildResult) -> None:
    with open(copied / first.clips[0].path, "ab") as file:
        file.write(b"altered")
    (copied / first.clips[4].path).unlink()
    again = build_set(declared(tmp_path, RECIPE), copied, workers=1)
    assert (again.rendered, again.reused) == (2, 4)
    assert clip_bytes(copied) == clip_bytes(first.manifest.parent)


def test_mean_loses_closures_and_the_manifest_says_how_many(copied: Path, tmp_path: Path) -> None:
    again = build_set(declared(tmp_path, LINES_ONLY + "operators: [mean]\n"), copied, workers=1)
    lost = {clip.articulation: clip.contact_frames_lost for clip in again.clips}
    assert lost[1.0] == 0
    assert (lost[0.5] or 0) > 0


@pytest.fixture
def building(tmp_path: Path):
    """Start a build of its own process group; give it once the first clip is there."""
    text = LINES_ONLY.replace("[0.5, 1, 1.5]", "[0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]")
    declared(tmp_path, text.replace("size_px: 128", "size_px: 384"))
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
    building: "subprocess.Popen[str]", tmp_path: Path, stop: signal.Signals
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
    for path in (tmp_path / "set" / "clips").glob("*.mp4"):
        assert measure_clip(path).frames > 0, "a half clip took a place in the set"
    (tmp_path / "set" / "clips" / ".half.mp4").write_bytes(b"left by a power cut")

    recipe = load_recipe(tmp_path / "recipe.yaml")
    finished = build_set(recipe, tmp_path / "set", workers=2)
    assert finished.reused >= 1
    assert finished.rendered >= 1
    assert leftovers(tmp_path / "set") == []
    whole = build_set(recipe, tmp_path / "whole", workers=2)
    assert clip_bytes(tmp_path / "set") == clip_bytes(tmp_path / "whole")
    assert finished.manifest.read_bytes() == whole.manifest.read_bytes()


def test_a_clip_that_fails_its_checks_is_kept_apart_until_it_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = declared(tmp_path, LINES_ONLY.replace("[0.5, 1, 1.5]", "[0.5, 1]"))

    def late(path: Path, *, sound: Sound | None = None) -> ClipMeasures:
        measured = measure_clip(path, sound=sound)
        return replace(measured, av_offset_ms=21.3) if "a0.50" in path.name else measured

    with monkeypatch.context() as patched:
        patched.setattr("lipstudy.clips._making.measure_clip", late)
        built = build_set(recipe, tmp_path / "set", workers=1)
    wrong = "astronaut_boats_landmarks_rest_a0.50"
    assert built.failed == ((wrong, "its sound starts +21.30 ms after its picture"),)
    assert [clip.articulation for clip in read_manifest(built.manifest, verify=True)] == [1.0]
    assert sorted(path.name for path in (tmp_path / "set" / "failed").iterdir()) == [f"{wrong}.mp4", f"{wrong}.txt"]

    page = built.page.read_text()
    assert f'data-failed="{wrong}"' in page
    assert "its sound starts +21.30 ms after its picture" in page

    mended = build_set(recipe, tmp_path / "set", workers=1)
    assert (mended.rendered, mended.reused, mended.failed) == (1, 1, ())
    assert not (tmp_path / "set" / "failed").exists()


def test_a_second_build_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    recipe = declared(tmp_path, LINES_ONLY)
    with FileLock(tmp_path / "set" / "build.lock"):
        with pytest.raises(OutputError, match=r"another build is at work in .*set: wait until it ends"):
            build_set(recipe, tmp_path / "set")
        assert [path.name for path in (tmp_path / "set").iterdir()] == ["build.lock"]


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
def caught(tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
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
def test_catch_clips_of_film_show_another_film_or_their_own_late(grid: Path, tmp_path: Path) -> None:
    for name in ("sbwe5n", "bbaf2n"):
        shutil.copy(grid / f"{name}.mpg", tmp_path / f"{name}.mpg")
    films = ", ".join(f"{{speaker: s, sentence: {name}, film: {name}.mpg}}" for name in ("sbwe5n", "bbaf2n"))
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
        np.testing.assert_allclose(shown[late.clip_id][20:60].mean(), shown[own.clip_id][12:52].mean(), atol=0.2)
        moved = np.abs(shown[late.clip_id][20:60] - shown[own.clip_id][12:52]).mean()
        assert moved < 0.5 * np.abs(shown[late.clip_id][20:60] - shown[own.clip_id][20:60]).mean()
        if embodiment == "photo":
            moved = np.abs(shown[swapped.clip_id][20:60] - shown[other.clip_id][20:60]).mean()
            assert moved < 0.2 * np.abs(shown[swapped.clip_id][20:60] - shown[own.clip_id][20:60]).mean()
    page = built.page.read_text()
    assert "restaged film holds its first and last frame" in page


def test_all_clips_are_equally_loud_unless_told_otherwise(caught: BuildResult, tmp_path: Path) -> None:
    for clip in caught.clips:
        assert clip.loudness_lufs == pytest.approx(-23, abs=0.2)
        assert loudness_lufs(read_sound(caught.manifest.parent / clip.path)) == pytest.approx(-23, abs=0.2)
    text = LINES_ONLY.replace("[0.5, 1, 1.5]", "[1]") + "loudness_lufs: as_recorded\n"
    built = build_set(declared(tmp_path, text), tmp_path / "set", workers=1)
    spoken = loudness_lufs(read_sound(tmp_path / "set" / "speech" / "boats.wav"))
    assert abs(spoken + 23) > 0.3
    assert built.clips[0].loudness_lufs == pytest.approx(spoken, abs=0.3)


def test_frames_before_the_speech_show_the_neutral(caught: BuildResult) -> None:
    folder = caught.manifest.parent
    original = next(clip for clip in caught.clips if clip.clip_id == "astronaut_boats_landmarks_rest_a1.00")
    frozen = next(clip for clip in caught.clips if clip.clip_id.endswith("boats_landmarks_rest_a1.00_frozen_mouth"))
    first, rest = (next(iter(read_frames(folder / clip.path))).astype(int) for clip in (original, frozen))
    assert np.abs(first - rest).mean() < 0.2 * motion_in(folder / original.path)


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
    copied: Path, tmp_path: Path
) -> None:
    (tmp_path / "yawn.py").write_text(OWN_MODEL)
    built = build_set(declared(tmp_path, LINES_ONLY + "models: [viseme, 'yawn.py:Yawn']\n"), copied, workers=1)
    assert (built.rendered, built.reused) == (3, 3)
    assert [(clip.clip_id, clip.model) for clip in built.clips if clip.articulation == 1] == [
        ("astronaut_boats_landmarks_rest_a1.00", "viseme"),
        ("astronaut_boats_yawn.py-Yawn_landmarks_rest_a1.00", "yawn.py:Yawn"),
    ]
    assert "yawn.py" in json.loads((copied / "build.json").read_text())["inputs"]


def test_a_model_that_is_not_there_is_told_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no model 'visem' \(did you mean 'viseme'\?\)"):
        build_set(declared(tmp_path, LINES_ONLY + "models: [visem]\n"), tmp_path / "set")
    assert not (tmp_path / "set").exists()


@pytest.mark.needs_shared_data
def test_recorded_speech_moves_the_lips_by_its_words(grid: Path, tmp_path: Path) -> None:
    shutil.copy(grid / "sbwe5n.mpg", tmp_path / "own.mpg")
    text = LINES_ONLY.replace("text: Both boats.", "text: set blue with e five now, sound: own.mpg")
    built = build_set(declared(tmp_path, text.replace("[0.5, 1, 1.5]", "[1]")), tmp_path / "set", workers=1)
    assert built.clips[0].model == "viseme"
    phones = json.loads((tmp_path / "set" / "speech" / "boats.phones.json").read_text())["phones"]
    blue = next(phone for phone in phones if phone["symbol"] == "b")
    track = load_track(tmp_path / "set" / "tracks" / "astronaut_boats.track.npz")
    shut = lip_aperture(track.points, MEDIAPIPE_478)[round(25 * (blue["start_s"] + blue["end_s"]) / 2)]
    assert shut < 0.02


GOOD = ClipMeasures(
    frames=25,
    fps=25.0,
    duration_s=1.0,
    sound_duration_s=0.99,
    av_offset_ms=0.1,
    width_px=128,
    height_px=128,
    constant_frame_rate=True,
)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, []),
        ({"frames": 24}, ["it holds 24 frames, 25 were drawn"]),
        ({"constant_frame_rate": False}, ["its frames are not equally far apart in time"]),
        ({"fps": 24.9}, ["it plays at 24.9000 frames per second, not 25.0000"]),
        ({"sound_duration_s": 0.95}, ["the sound given lasts 990.0 ms, its own 950.0 ms"]),
        ({"av_offset_ms": -1.0}, ["its sound starts -1.00 ms after its picture"]),
        ({"av_offset_ms": float("nan")}, ["its sound starts +nan ms after its picture"]),
    ],
)
def test_each_fault_of_a_clip_is_told(wrong: dict, said: list[str]) -> None:
    sound = Sound(np.zeros(990, np.float32), 1000)
    assert clip_faults(replace(GOOD, **wrong), frames=25, fps=25.0, sound=sound) == said


@pytest.fixture
def own_motion(tmp_path: Path) -> Path:
    """Write a track of a generic face at 25 frames a second, and its sound."""
    utterance = synthesise("My poem.")
    write_sound(tmp_path / "own.wav", utterance.sound)
    track = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=25)
    save_track(tmp_path / "own.track.npz", track)
    return tmp_path


OWN = LINES_ONLY.replace("text: Both boats.", "track: own.track.npz, sound: own.wav, model: mine")


def test_the_motion_of_another_model_moves_the_face_of_the_photograph(own_motion: Path) -> None:
    built = build_set(declared(own_motion, OWN), own_motion / "set", workers=1)
    given = load_track(own_motion / "own.track.npz")
    shown = load_track(own_motion / "set" / "tracks" / "astronaut_boats.track.npz")
    assert {clip.model for clip in built.clips} == {"mine"}
    assert given.neutral is not None
    assert shown.neutral is not None
    assert np.abs(shown.neutral - given.neutral).max() > 0.05, "the face is still that of the track"
    np.testing.assert_allclose(shown.points - shown.neutral, given.points - given.neutral, atol=0.01)
    assert (
        np.corrcoef(lip_aperture(shown.points, MEDIAPIPE_478), lip_aperture(given.points, MEDIAPIPE_478))[0, 1] > 0.99
    )
    assert inner_lip_gaps(shown.points, MEDIAPIPE_478).min() > -1e-6


def test_a_track_of_another_frame_rate_is_told(own_motion: Path) -> None:
    with pytest.raises(InputError, match=r"own\.track\.npz has 25 frames per second .* set 'fps: 25' in the recipe"):
        build_set(declared(own_motion, OWN + "fps: 30\n"), own_motion / "set")


def test_a_sound_that_does_not_belong_to_its_track_is_told(own_motion: Path) -> None:
    write_sound(own_motion / "own.wav", Sound(np.zeros(22050 * 9, np.float32), 22050))
    with pytest.raises(InputError, match=r"own\.wav 9\.000 s: they must agree to within one frame"):
        build_set(declared(own_motion, OWN), own_motion / "set")


@pytest.mark.needs_shared_data
@pytest.mark.slow
def test_a_film_of_the_speaker_shows_sentences_with_her_own_mouths(grid: Path, tmp_path: Path) -> None:
    shutil.copy(grid / "bbaf2n.mpg", tmp_path / "film.mpg")
    text = RECIPE.replace("photograph: astronaut", "film: film.mpg").replace("[0.5, 1, 1.5]", "[1]")
    built = build_set(declared(tmp_path, text + "embodiments: [photo]\n"), tmp_path / "set", workers=1)
    assert [(clip.source, clip.model, clip.face_share) for clip in built.clips] == [("film", "viseme", 1.0)]
    assert built.clips[0].extrapolated_frames is not None
    page = built.page.read_text()
    assert "the mouths of a film of the speaker" in page
    assert any(sentence.startswith("the film of astronaut: ") and " 3" in sentence for sentence in built.lacks), (
        "3 s are not told"
    )


@pytest.mark.needs_shared_data
@pytest.mark.slow
def test_a_film_of_odd_size_loses_a_row_and_a_column_or_gains_one(grid: Path, tmp_path: Path) -> None:
    frames = [frame[:287, :359] for frame in read_frames(grid / "sbwe5n.mpg")][:25]
    with av.open(str(tmp_path / "odd.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25, width=359, height=287, pix_fmt="bgr0")
        sound = container.add_stream("pcm_s16le", rate=16000, layout="mono")
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="bgr0")))
        container.mux(stream.encode())
        noise = (3000 * np.random.default_rng(1).standard_normal((1, 16000))).astype(np.int16)
        part = av.AudioFrame.from_ndarray(noise, format="s16", layout="mono")
        part.rate = 16000
        container.mux(sound.encode(part))
        container.mux(sound.encode())
    text = "films: [{speaker: odd, sentence: one, film: odd.mkv}]\narticulations: [1]\n"
    built = build_set(declared(tmp_path, text), tmp_path / "set", workers=1)
    assert built.failed == ()
    assert {(clip.source, clip.width_px, clip.height_px) for clip in built.clips} == {
        ("landmarks", 512, 512),
        ("restaged", 360, 288),
    }


@pytest.mark.needs_shared_data
def test_a_film_is_shown_in_both_embodiments_at_its_own_size(grid: Path, tmp_path: Path) -> None:
    shutil.copy(grid / "sbwe5n.mpg", tmp_path / "film.mpg")
    text = "films: [{speaker: s32, sentence: sbwe5n, film: film.mpg}]\narticulations: [0.5]\nsize_px: 256\n"
    built = build_set(declared(tmp_path, text), tmp_path / "set", workers=1)
    sizes = {}
    for clip in built.clips:
        measured = measure_clip(tmp_path / "set" / clip.path, sound=read_sound(tmp_path / "set/speech/s32_sbwe5n.wav"))
        sizes[clip.source] = (measured.width_px, measured.height_px)
        assert (clip.frames, clip.model) == (75, "film")
        assert abs(measured.av_offset_ms) < 1
    assert sizes == {"landmarks": (256, 256), "restaged": (360, 288)}
    again = build_set(load_recipe(tmp_path / "recipe.yaml"), tmp_path / "set", workers=1)
    assert (again.rendered, again.reused) == (0, 2)


def test_a_photograph_that_is_missing_or_shows_no_face_is_told(tmp_path: Path) -> None:
    recipe = declared(tmp_path, RECIPE.replace("photograph: astronaut", "photograph: face.png"))
    with pytest.raises(InputError, match=r"there is no file .*face\.png"):
        build_set(recipe, tmp_path / "set")
    cv2.imwrite(str(tmp_path / "face.png"), np.full((256, 256, 3), 128, np.uint8))
    with pytest.raises(InputError, match=r"face\.png: .*no face"):
        build_set(recipe, tmp_path / "set")
    assert not (tmp_path / "set").exists(), "something was half written"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "set").write_text("a file in the way")
    with pytest.raises(OutputError, match=r"cannot write the folder .*set"):
        build_set(declared(tmp_path, RECIPE), tmp_path / "set")


def test_no_worker_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="number of workers must be 1 or more, got 0"):
        build_set(declared(tmp_path, RECIPE), tmp_path / "set", workers=0)
