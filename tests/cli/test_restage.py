"""The verb restage, as a user calls it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

from lipstudy.face import load_track
from lipstudy.media import Sound, encode_clip, measure_clip, read_sound

Told = tuple[int, str, str]
FRAMES = 5


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    """Return a short film, with sound, of a face that does not move."""
    film = tmp_path / "talk.mp4"
    samples = np.sin(np.arange(FRAMES * 16000 // 25) / 5).astype(np.float32) / 3
    frames = [np.ascontiguousarray(astronaut()[0:256, 96:352])] * FRAMES
    encode_clip(film, frames, fps=25, sound=Sound(samples, 16000), preset="veryfast")
    return film


def test_a_film_that_cuts_is_told(tmp_path: Path, call: Callable[..., Told]) -> None:
    film, picture = tmp_path / "cut.mp4", astronaut()
    frames = [np.ascontiguousarray(picture[0:256, left : left + 256]) for left in (96, 150) for _ in range(FRAMES)]
    encode_clip(film, frames, fps=25, sound=Sound(np.ones(16000 * 2 * FRAMES // 25, np.float32) / 9, 16000))
    code, _, said = call("restage", film, "--articulation", "1.5")
    assert code == 0
    assert "cut.mp4 cuts at 0.20 s, and one resting face stands for all of it: better give a film of one shot" in said


def test_clips_and_their_provenance_land_beside_the_film(talk: Path, call: Callable[..., Told]) -> None:
    code, out, _ = call("restage", talk, "--articulation", "0.5", "1.5", "--json")
    assert code == 0
    told = json.loads(out)
    assert [Path(clip["path"]).name for clip in told["clips"]] == ["talk.a0.50.mp4", "talk.a1.50.mp4"]
    for clip in told["clips"]:
        measured = measure_clip(clip["path"], sound=read_sound(talk))
        assert (measured.frames, measured.fps) == (FRAMES, 25)
        assert abs(measured.av_offset_ms) < 1
        record = json.loads(Path(clip["path"]).with_suffix(".json").read_text())
        assert record["articulation"] == clip["articulation"]
        assert set(record["provenance"]["inputs"]) == {"talk.mp4", "talk.track.npz"}
    assert load_track(talk.with_name("talk.track.npz")).num_frames == FRAMES


def test_a_track_of_the_same_film_is_not_made_again(talk: Path, call: Callable[..., Told]) -> None:
    call("restage", talk, "--articulation", "1", "-q")
    track = talk.with_name("talk.track.npz")
    before = track.stat().st_mtime_ns
    assert call("restage", talk, "--articulation", "1.5", "-q")[0] == 0
    assert track.stat().st_mtime_ns == before


def test_two_processes_give_the_same_bytes_as_one(talk: Path, tmp_path: Path, call: Callable[..., Told]) -> None:
    for workers in ("1", "2"):
        assert (
            call("restage", talk, "--articulation", "0.5", "2", "--workers", workers, "-o", tmp_path / workers, "-q")[0]
            == 0
        )
    for name in ("talk.a0.50.mp4", "talk.a2.00.mp4"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_another_operator_is_in_the_name(talk: Path, call: Callable[..., Told]) -> None:
    assert call("restage", talk, "--articulation", "0.5", "--operator", "mean", "-q")[0] == 0
    assert talk.with_name("talk.a0.50.mean.mp4").is_file()


@pytest.mark.slow
@pytest.mark.needs_shared_data
def test_exaggeration_held_within_the_speakers_range_is_told(
    grid: Path, tmp_path: Path, call: Callable[..., Told]
) -> None:
    arguments = ("restage", grid / "lrwp9a.mpg", "--articulation", "2", "-o", tmp_path)
    code, out, _ = call(*arguments)
    assert code == 0
    assert "held back by the speaker's range in" in out
    limited = json.loads((tmp_path / "lrwp9a.a2.00.json").read_text())
    assert call(*arguments, "--limits", "none", "-q")[0] == 0
    free = json.loads((tmp_path / "lrwp9a.a2.00.json").read_text())
    assert limited["clipped_frames"] > free["clipped_frames"] == 0
    assert 1.3 < limited["effective_articulation"] < free["effective_articulation"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--articulation", "-1"), "must be between 0 and 3, got -1"),
        (("--articulation", "nan"), "must be between 0 and 3, got nan"),
        (("--articulation", "50"), "must be between 0 and 3, got 50"),
        (("--articulation", "1", "--operator", "rset"), "did you mean 'rest'"),
        (("--articulation", "1", "--limits", "person"), "'person' is not one of 'speaker', 'none'"),
    ],
)
def test_what_cannot_be_asked_for_is_told_before_the_film_is_tracked(
    talk: Path, call: Callable[..., Told], words: tuple[str, ...], message: str
) -> None:
    code, out, err = call("restage", talk, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert sorted(path.name for path in talk.parent.iterdir()) == ["talk.mp4"]


def test_a_film_without_sound_is_refused(tmp_path: Path, call: Callable[..., Told]) -> None:
    film = tmp_path / "mute.mp4"
    encode_clip(film, [np.ascontiguousarray(astronaut()[0:256, 96:352])] * 3, fps=25, sound=None)
    code, _, err = call("restage", film, "--articulation", "0.5")
    assert code == 2
    assert "mute.mp4 has no sound" in err


def test_a_track_of_another_film_leaves_no_half_clip(talk: Path, tmp_path: Path, call: Callable[..., Told]) -> None:
    other = tmp_path / "other.mp4"
    frames = [np.ascontiguousarray(astronaut()[0:256, 96:352])] * (FRAMES + 2)
    encode_clip(other, frames, fps=25, sound=None, preset="veryfast")
    call("track", other, "-q")
    code, _, err = call("restage", talk, "--track", tmp_path / "other.track.npz", "--articulation", "0.5", "-q")
    assert code == 2
    assert f"does not have the {FRAMES + 2} frames of its track" in err
    assert not list(tmp_path.glob("talk.a*"))


def test_a_clip_that_is_there_is_made_again_only_if_it_was_changed(
    talk: Path, call: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lipstudy.records._provenance._git_revision", lambda: "1.0")  # an installed lipstudy
    arguments = ("restage", talk, "--articulation", "0.5", "-q")
    assert call(*arguments)[0] == 0
    clip = talk.with_name("talk.a0.50.mp4")
    data, made_ns = clip.read_bytes(), clip.stat().st_mtime_ns
    assert call(*arguments)[0] == 0
    assert clip.stat().st_mtime_ns == made_ns
    clip.write_bytes(data[:-1])
    assert call(*arguments)[0] == 0
    assert clip.read_bytes() == data
