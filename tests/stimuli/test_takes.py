"""Speech, faces and motion of a set come from texts, recordings, tracks, photographs and films."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from lipstudy.clips._read_back import read_opening_px
from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, inner_lip_gaps, lip_aperture, load_track, save_track
from lipstudy.media import Sound, measure_clip, read_frames, read_sound, write_sound
from lipstudy.models import viseme_track
from lipstudy.motion import scale_articulation, speaker_limits
from lipstudy.records import read_manifest
from lipstudy.speech import synthesise
from lipstudy.stimuli import FilmedSentence, build_set, load_recipe
from lipstudy.stimuli._set_folder import SetFolder
from lipstudy.stimuli._takes import cuts_told

RECIPE = """\
speakers: [{name: astronaut, photograph: astronaut}]
sentences: [{name: boats, text: Both boats.}]
articulations: [1]
size_px: 128
"""
LINES_ONLY = RECIPE + "embodiments: [landmarks]\n"


def test_a_model_that_is_not_there_is_told_with_the_nearest(declared, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no model 'visem' \(did you mean 'viseme'\?\)"):
        build_set(declared(tmp_path, LINES_ONLY + "models: [visem]\n"), tmp_path / "set")
    assert not (tmp_path / "set").exists()


@pytest.mark.needs_shared_data
def test_recorded_speech_moves_the_lips_by_its_words(declared, grid: Path, tmp_path: Path) -> None:
    shutil.copy(grid / "sbwe5n.mpg", tmp_path / "own.mpg")
    text = LINES_ONLY.replace("text: Both boats.", "text: set blue with e five now, sound: own.mpg")
    built = build_set(declared(tmp_path, text), tmp_path / "set", workers=1)
    assert built.clips[0].model == "viseme"
    phones = json.loads((tmp_path / "set" / "speech" / "boats.phones.json").read_text())["phones"]
    blue = next(phone for phone in phones if phone["symbol"] == "b")
    track = load_track(tmp_path / "set" / "tracks" / "astronaut_boats.track.npz")
    shut = lip_aperture(track.points, MEDIAPIPE_478)[round(25 * (blue["start_s"] + blue["end_s"]) / 2)]
    assert shut < 0.02
    assert built.doubts == ()


@pytest.mark.needs_shared_data
def test_words_that_are_not_those_of_the_recording_are_told_everywhere(declared, grid: Path, tmp_path: Path) -> None:
    shutil.copy(grid / "sbwe5n.mpg", tmp_path / "own.mpg")
    text = LINES_ONLY.replace("text: Both boats.", "text: set blue with e zero now, sound: own.mpg")
    built = build_set(declared(tmp_path, text), tmp_path / "set", workers=1)
    assert len(built.doubts) == 1
    assert built.doubts[0].startswith("the sentence boats: words that do not fit the speech: 'zero' at ")
    row = read_manifest(built.manifest)[0]
    assert row.text_doubts is not None
    assert built.doubts[0].endswith(row.text_doubts)
    assert "that do not fit the speech: &#39;zero&#39; at" in built.page.read_text()
    assert build_set(load_recipe(tmp_path / "recipe.yaml"), tmp_path / "set", workers=1).doubts == built.doubts


@pytest.fixture
def own_motion(tmp_path: Path) -> Path:
    """Write a track of a generic face at 25 frames a second, and its sound."""
    utterance = synthesise("My poem.")
    write_sound(tmp_path / "own.wav", utterance.sound)
    track = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=25)
    save_track(tmp_path / "own.track.npz", track)
    return tmp_path


OWN = LINES_ONLY.replace("text: Both boats.", "track: own.track.npz, sound: own.wav, model: mine")


def test_the_motion_of_another_model_moves_the_face_of_the_photograph(declared, own_motion: Path) -> None:
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


def test_a_track_of_another_frame_rate_is_told(declared, own_motion: Path) -> None:
    with pytest.raises(InputError, match=r"own\.track\.npz has 25 frames per second .* set 'fps: 25' in the recipe"):
        build_set(declared(own_motion, OWN + "fps: 30\n"), own_motion / "set")


def test_a_sound_that_does_not_belong_to_its_track_is_told(declared, own_motion: Path) -> None:
    write_sound(own_motion / "own.wav", Sound(np.zeros(22050 * 9, np.float32), 22050))
    with pytest.raises(InputError, match=r"own\.wav 9\.000 s: they must agree to within one frame"):
        build_set(declared(own_motion, OWN), own_motion / "set")


@pytest.mark.needs_shared_data
@pytest.mark.slow
def test_a_film_of_the_speaker_shows_sentences_with_her_own_mouths(declared, grid: Path, tmp_path: Path) -> None:
    shutil.copy(grid / "bbaf2n.mpg", tmp_path / "film.mpg")
    text = RECIPE.replace("photograph: astronaut", "film: film.mpg")
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
def test_a_film_of_odd_size_loses_a_row_and_a_column_or_gains_one(declared, grid: Path, tmp_path: Path) -> None:
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
def test_a_film_is_shown_in_both_embodiments_at_its_own_size(declared, grid: Path, tmp_path: Path) -> None:
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


@pytest.mark.needs_shared_data
def test_a_film_is_looked_at_once_for_all_scales_and_builds(
    declared, grid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(grid / "sbwe5n.mpg", tmp_path / "film.mpg")
    text = "films: [{speaker: s32, sentence: sbwe5n, film: film.mpg}]\nembodiments: [photo]\n"
    looks = []

    def seen(image: np.ndarray) -> float | None:
        looks.append(image)
        return read_opening_px(image)

    monkeypatch.setattr("lipstudy.clips._footage.read_opening_px", seen)
    build_set(declared(tmp_path, text + "articulations: [0.5, 1.5]\n"), tmp_path / "set", workers=1)
    assert 0 < len(looks) <= 180
    looks.clear()
    built = build_set(declared(tmp_path, text + "articulations: [0.5, 1.25, 1.5]\n"), tmp_path / "set", workers=1)
    assert (built.rendered, built.reused) == (1, 2)
    assert looks == []


@pytest.mark.needs_shared_data
def test_a_restaged_film_is_held_to_its_own_range_as_the_verb_restage_does(
    declared, grid: Path, tmp_path: Path
) -> None:
    shutil.copy(grid / "sbwe5n.mpg", tmp_path / "film.mpg")
    text = "films: [{speaker: s32, sentence: sbwe5n, film: film.mpg}]\narticulations: [1.5]\nembodiments: [landmarks]\n"
    (clip,) = build_set(declared(tmp_path, text + "size_px: 128\n"), tmp_path / "set", workers=1).clips
    track = load_track(SetFolder(tmp_path / "set").track("s32_sbwe5n"))
    moved = scale_articulation(track, 1.5, limits=speaker_limits([track]))
    assert moved.clipped_frames > 0
    assert clip.clipped_share == pytest.approx(moved.clipped_frames / moved.num_frames)
    assert clip.effective_articulation == pytest.approx(moved.effective_articulation, abs=1e-6)


def test_a_film_to_restage_that_cuts_is_told(tmp_path: Path) -> None:
    utterance = synthesise("My poem.")
    track = viseme_track(utterance.phones, duration_s=1.0, fps=25)
    place_px = np.array(track.pose.translation_px)
    place_px[12:] += 100 * track.pose.scale_px[0]
    jumping = replace(track, pose=replace(track.pose, translation_px=place_px))
    films = [FilmedSentence(speaker="anna", sentence=name, film=Path("a.mp4")) for name in ("cut", "whole")]
    folder = SetFolder(tmp_path)
    save_track(folder.track("anna_cut"), jumping)
    save_track(folder.track("anna_whole"), track)
    assert cuts_told(films, folder) == (
        "the film of anna, cut: it cuts at 0.48 s, and one resting face stands for all of it: better name a film of one"
        " shot",
    )
