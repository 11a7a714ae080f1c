"""The verb track, as a person and as a program calls it."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from skimage.data import astronaut

from lipstudy.face import load_track
from lipstudy.media import Sound, encode_clip, write_sound

PORTRAIT = astronaut()[0:256, 96:352]


def lipstudy(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lipstudy", *map(str, arguments)], capture_output=True, text=True, timeout=120
    )


def film_at(path: Path, frames: list[np.ndarray]) -> Path:
    encode_clip(path, frames, fps=25, sound=None, preset="veryfast")
    return path


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return film_at(tmp_path / "talk.mp4", [PORTRAIT] * 4)


def test_track_lands_beside_the_film_and_is_told(film: Path) -> None:
    done = lipstudy("track", film, "-q")
    track = film.with_name("talk.track.npz")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{track}: 4 frames at 25 frames/s" in done.stdout
    assert load_track(track).num_frames == 4


def test_several_films_on_two_processes_give_json_in_their_order(tmp_path: Path) -> None:
    films = [film_at(tmp_path / f"{name}.mp4", [PORTRAIT] * 3) for name in "cab"]
    films.append(film_at(tmp_path / "gap.mp4", [PORTRAIT, np.zeros_like(PORTRAIT), PORTRAIT]))
    done = lipstudy("track", *films, "-o", tmp_path / "tracks", "--workers", "2", "--json")
    told = json.loads(done.stdout)["tracks"]
    assert done.returncode == 0
    assert [entry["film"] for entry in told] == [str(film) for film in films]
    assert [entry["invalid_frames"] for entry in told] == [[], [], [], [1]]
    for entry in told:
        assert Path(entry["track"]).parent == tmp_path / "tracks"
        assert entry["frames"] == load_track(entry["track"]).num_frames == 3
    assert "frames" in done.stderr


def test_finished_tracks_are_skipped_until_the_film_changes_or_force(film: Path) -> None:
    track = film.with_name("talk.track.npz")

    def when_tracked(*options: str) -> int:
        assert lipstudy("track", film, "-q", *options).returncode == 0
        return track.stat().st_mtime_ns

    first = when_tracked()
    assert when_tracked() == first
    forced = when_tracked("--force")
    assert forced > first
    film_at(film, [PORTRAIT] * 5)
    assert when_tracked() > forced
    assert load_track(track).num_frames == 5


def test_what_is_no_track_is_replaced(film: Path) -> None:
    track = film.with_name("talk.track.npz")
    track.write_text("left over")
    assert lipstudy("track", film, "-q").returncode == 0
    assert load_track(track).num_frames == 4


def test_file_name_can_be_chosen_for_one_film(tmp_path: Path, film: Path) -> None:
    assert lipstudy("track", film, "-q", "-o", tmp_path / "new" / "mine.track.npz").returncode == 0
    assert load_track(tmp_path / "new" / "mine.track.npz").num_frames == 4


def broken_films(folder: Path) -> dict[str, Path]:
    """Make one film of each kind that cannot be tracked."""
    noise = np.random.default_rng(1).integers(0, 256, (4, 96, 128, 3), np.uint8)
    films = {
        "missing": folder / "missing.mp4",
        "folder": folder / "folder.mp4",
        "text": folder / "text.mp4",
        "faceless": film_at(folder / "faceless.mp4", list(noise)),
        "pair": film_at(folder / "pair.mp4", [np.hstack([PORTRAIT, PORTRAIT])] * 4),
        "short": film_at(folder / "short.mp4", [PORTRAIT] * 2),
        "away": film_at(folder / "away.mp4", [PORTRAIT] * 3 + [np.zeros_like(PORTRAIT)] * 7),
        "cut": film_at(folder / "cut.mp4", [np.roll(PORTRAIT, number, axis=0) for number in range(8)]),
        "voice": folder / "voice.wav",
    }
    films["folder"].mkdir()
    films["text"].write_text("a letter about a film\n" * 30)
    films["cut"].write_bytes(films["cut"].read_bytes()[: films["cut"].stat().st_size // 2])
    write_sound(films["voice"], Sound(np.zeros(8000, np.float32), 16000))
    return films


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "there is no file"),
        ("folder", "is a folder, but a film is needed"),
        ("text", "is not a film or sound that can be read"),
        ("faceless", "no face is found in the film"),
        ("pair", "shows more than one face in frame 0"),
        ("short", "is a film of 2 frames: at least 3 are needed"),
        ("away", "shows no face in frames 3 to 9"),
        ("cut", "is cut off after"),
        ("voice", "has sound but no picture"),
    ],
)
def test_unusable_film_ends_with_one_sentence_and_nothing_written(tmp_path: Path, kind: str, said: str) -> None:
    film = broken_films(tmp_path)[kind]
    before = sorted(tmp_path.rglob("*"))
    done = lipstudy("track", film, "-q")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr
    assert film.name in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_broken_film_among_good_ones_is_found_before_any_work(tmp_path: Path, film: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    done = lipstudy("track", film, tmp_path / "text.mp4", "-q")
    assert done.returncode == 2
    assert "text.mp4 is not a film" in done.stderr
    assert not film.with_name("talk.track.npz").exists()


def test_error_in_a_worker_process_is_the_same_sentence(tmp_path: Path, film: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (4, 96, 128, 3), np.uint8)
    done = lipstudy("track", film, film_at(tmp_path / "noise.mp4", list(noise)), "-q", "--workers", "2")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "noise.mp4: no face is found in the film" in done.stderr
    assert done.stderr.count("\n") == 1


def test_outputs_that_would_meet_are_refused(tmp_path: Path, film: Path) -> None:
    other = film_at(tmp_path / "other.mp4", [PORTRAIT] * 3).rename(tmp_path / "talk.mov")
    done = lipstudy("track", film, other, "-q")
    assert done.returncode == 2
    assert "talk.mp4 and" in done.stderr
    assert "would both give" in done.stderr


def test_output_must_fit_the_number_of_films(tmp_path: Path, film: Path) -> None:
    done = lipstudy("track", film, film.with_name("b.mp4"), "-o", tmp_path / "one.track.npz")
    assert done.returncode == 2
    assert "is one file, but 2 films are given" in done.stderr
    (tmp_path / "notes.txt").touch()
    done = lipstudy("track", film, "-o", tmp_path / "notes.txt")
    assert done.returncode == 2
    assert "notes.txt is a file: name a folder" in done.stderr


def test_folder_that_cannot_be_made_is_told(tmp_path: Path, film: Path) -> None:
    (tmp_path / "file").touch()
    done = lipstudy("track", film, "-q", "-o", tmp_path / "file" / "tracks")
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    assert done.stderr.count("\n") == 1
