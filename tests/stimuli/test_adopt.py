"""Clips made elsewhere are measured as ours are, and what is wrong with them is told."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.media import Sound, encode_clip, read_frames, read_sound
from lipstudy.records import read_manifest
from lipstudy.stimuli import Recipe, Sentence, Speaker, adopt_clips, build_set

PATTERN = "{speaker}/{sentence}_a{articulation}.mp4"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build photo clips, and lay them out as another program might."""
    folder = tmp_path_factory.mktemp("made")
    recipe = Recipe(
        speakers=(Speaker(name="astronaut", photograph=Path("astronaut")),),
        sentences=(Sentence(name="bob", text="Bob, my poem."),),
        articulations=(0.5, 1.0, 1.5),
        embodiments=("photo",),
        size_px=192,
    )
    build_set(recipe, folder / "set", workers=1)
    (folder / "theirs" / "eileen").mkdir(parents=True)
    for clip in sorted((folder / "set" / "clips").iterdir()):
        scale = float(clip.stem.rpartition("_a")[2])
        shutil.copy(clip, folder / "theirs" / "eileen" / f"bob_a{scale:g}.mp4")
    return folder / "theirs"


@pytest.fixture
def theirs(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "theirs"))


def test_the_effective_articulation_is_tracked_against_the_clip_at_1(theirs: Path) -> None:
    before = {path: path.read_bytes() for path in theirs.rglob("*.mp4")}
    adopted = adopt_clips(theirs, pattern=PATTERN, operator="rest", model="mine", workers=1)
    assert {path: path.read_bytes() for path in theirs.rglob("*.mp4")} == before
    assert adopted.failed == adopted.passed_over == adopted.untracked == ()
    clips = {clip.articulation: clip for clip in read_manifest(adopted.manifest, verify=True)}
    assert clips[1.0].effective_articulation == pytest.approx(1)
    assert clips[0.5].effective_articulation == pytest.approx(0.5, abs=0.2)
    assert clips[1.5].effective_articulation == pytest.approx(1.4, abs=0.25)
    for clip in clips.values():
        assert clip.face_share == 1
        assert clip.loudness_lufs == pytest.approx(-23, abs=0.2)
        assert clip.contact_frames is not None
        assert clip.contact_frames > 3
        assert clip.contact_frames_lost <= 0.1 * clip.contact_frames, "more than a tracker's reading of lips that touch"
    assert list(clips) == [0.5, 1.0, 1.5]
    assert (theirs / "index.html").is_file()


def test_a_clip_that_is_late_cut_or_silent_is_kept_out_of_the_manifest(theirs: Path) -> None:
    frames = list(read_frames(theirs / "eileen" / "bob_a1.mp4"))
    sound = read_sound(theirs / "eileen" / "bob_a1.mp4", sr=48000)
    encode_clip(theirs / "eileen" / "bob_a0.5.mp4", frames, fps=25, sound=None)
    shorter = Sound(sound.samples[: -round(0.2 * 48000)], 48000)
    encode_clip(theirs / "eileen" / "bob_a1.5.mp4", frames[:-5], fps=25, sound=shorter)
    (theirs / "eileen" / "bob_a2.mp4").write_bytes((theirs / "eileen" / "bob_a1.mp4").read_bytes()[:2000])
    adopted = adopt_clips(theirs, pattern=PATTERN, workers=1)
    assert [clip.articulation for clip in adopted.clips] == [1.0]
    said = dict(adopted.failed)
    assert said["eileen/bob_a0.5.mp4"] == "it has no sound"
    assert said["eileen/bob_a1.5.mp4"] == f"it has {len(frames) - 5} frames, the clip at articulation 1 {len(frames)}"
    assert "cut off" in said["eileen/bob_a2.mp4"]
    page = (theirs / "index.html").read_text()
    assert all(f'data-failed="{path}"' in page for path in said)


def test_a_clip_whose_face_goes_away_or_that_is_louder_is_kept_out(theirs: Path) -> None:
    frames = list(read_frames(theirs / "eileen" / "bob_a1.mp4"))
    sound = read_sound(theirs / "eileen" / "bob_a1.mp4", sr=48000)
    louder = Sound(sound.samples * np.float32(1.2), sound.sr)
    encode_clip(theirs / "eileen" / "bob_a0.5.mp4", frames, fps=25, sound=louder)
    for gone, scale in ((2, "1.5"), (9, "2")):
        hidden = [np.full_like(frame, 128) if 10 <= index < 10 + gone else frame for index, frame in enumerate(frames)]
        encode_clip(theirs / "eileen" / f"bob_a{scale}.mp4", hidden, fps=25, sound=sound)
    adopted = adopt_clips(theirs, pattern=PATTERN, workers=1)
    assert [clip.articulation for clip in adopted.clips] == [1.0]
    said = dict(adopted.failed)
    assert said["eileen/bob_a0.5.mp4"] == "its loudness is -21.4 LUFS, not -23"
    assert said["eileen/bob_a1.5.mp4"] == f"no face is found in 2 of {len(frames)} frames"
    assert "bob_a2.mp4 shows no face in frames 10 to 18: gaps of up to 0.2 s" in said["eileen/bob_a2.mp4"]


def test_a_clip_whose_speech_is_late_within_its_sound_is_kept_out(theirs: Path) -> None:
    path = theirs / "eileen" / "bob_a0.5.mp4"
    sound, frames = read_sound(path), list(read_frames(path))
    late = round(0.08 * sound.sr)
    samples = np.concatenate([np.zeros(late, np.float32), sound.samples])[: len(sound.samples)]
    encode_clip(path, frames, fps=25, sound=Sound(samples, sound.sr))
    adopted = adopt_clips(theirs, pattern=PATTERN, workers=1)
    assert adopted.failed == (
        ("eileen/bob_a0.5.mp4", "its speech comes 80 ms later than in the clip at articulation 1"),
    )


def test_names_may_hold_spaces_and_a_clip_without_an_original_is_told(theirs: Path) -> None:
    clip = theirs / "eileen" / "bob_a1.5.mp4"
    (theirs / "Miss One").mkdir()
    for path in [*theirs.glob("eileen/*")]:
        path.unlink() if path != clip else path.rename(theirs / "Miss One" / "the boats, 100 %_a1.5.mp4")
    (theirs / "Miss One" / "._the boats, 100 %_a1.5.mp4").write_bytes(b"left by a Mac")
    adopted = adopt_clips(theirs, pattern=PATTERN, workers=1)
    assert adopted.failed == ()
    (row,) = read_manifest(adopted.manifest, verify=True)
    assert (row.speaker, row.sentence) == ("Miss One", "the boats, 100 %")
    assert adopted.without_original == (row.clip_id,) == ("Miss-One_the-boats--100--_photo_unknown_a1.50",)
    assert row.effective_articulation is None
    assert 'src="Miss%20One/the%20boats%2C%20100%20%25_a1.5.mp4"' in (theirs / "index.html").read_text()

    assert adopted.altered == ()
    with open(theirs / row.path, "ab") as file:
        file.write(b"altered")
    assert adopt_clips(theirs, pattern=PATTERN, workers=1).altered == (row.path,)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{speaker}_{articulation}.mp4", r"has no field \{sentence\}"),
        ("{speaker}_{sentence}_{scale}.mp4", r"has the field \{scale\}: it may have \{speaker\}"),
        ("{speaker}_{sentence}_{articulation}", r"has no ending"),
        (
            "x{speaker}_{sentence}_{articulation}.mp4",
            r"no clip in .* fits the pattern .*: there are eileen/bob_a0\.5\.mp4",
        ),
        ("{speaker}_{sentence}_{articulation}.webm", r"there is no file that ends in \.webm"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_told(theirs: Path, pattern: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        adopt_clips(theirs, pattern=pattern)
    assert not (theirs / "clips.csv").exists()


def test_two_clips_of_the_same_scale_are_told(theirs: Path) -> None:
    shutil.copy(theirs / "eileen" / "bob_a1.mp4", theirs / "eileen" / "bob_a1.0.mp4")
    with pytest.raises(InputError, match=r"bob_a1\.0\.mp4 and .*bob_a1\.mp4 are both sentence 'bob'"):
        adopt_clips(theirs, pattern=PATTERN)


def test_a_set_of_ones_own_is_not_adopted(made: Path) -> None:
    with pytest.raises(InputError, match="is a stimulus set of 'lipstudy build'"):
        adopt_clips(made.parent / "set", pattern=PATTERN)
    with pytest.raises(InputError, match="there is no folder"):
        adopt_clips(made / "nowhere", pattern=PATTERN)
