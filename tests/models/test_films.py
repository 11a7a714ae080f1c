"""Films to learn from: who speaks, what is said."""

from pathlib import Path

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, HeadPose, LandmarkTrack, generic_neutral
from lipstudy.media import Sound
from lipstudy.models import _films, films_in, phones_of_films, read_films
from lipstudy.records import provenance


@pytest.fixture
def films(tmp_path: Path) -> Path:
    folder = tmp_path / "anna"
    (folder / "bo").mkdir(parents=True)
    for name in ("hello.mp4", "bo/Bye.MOV", ".hidden.mp4", "notes.txt"):
        (folder / name).write_bytes(b"")
    (folder / "hello.txt").write_text("hello there\n")
    return folder


def test_a_sub_folder_is_a_speaker_and_a_text_file_says_what_is_said(films: Path) -> None:
    found = [(file.path.name, file.speaker, file.text) for file in films_in(films)]
    assert found == [("Bye.MOV", "bo", None), ("hello.mp4", "anna", "hello there")]


def test_a_table_says_it_otherwise(films: Path, tmp_path: Path) -> None:
    table = tmp_path / "films.csv"
    table.write_text("film,speaker,text\nBye,cleo,good bye\nhello,,\n")
    found = [(file.path.stem, file.speaker, file.text) for file in films_in(films, table=table)]
    assert found == [("Bye", "cleo", "good bye"), ("hello", "anna", "hello there")]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("film,text\nhallo,x\n", "names the film 'hallo', which is not there .did you mean 'hello'"),
        ("name,text\nhello,x\n", "has no column 'film'"),
        ("film,emotion\nhello,x\n", "a column 'emotion' that a table of films does not know"),
        ("", "has no column 'film': a table of films needs film, speaker, text"),
        ("film,text\nhello,r\xfcben\n", "is not text in UTF-8: .* save it as 'CSV UTF-8'"),
        ("film,text\nhello,x\nhello,y\n", "names the film 'hello' twice"),
    ],
)
def test_a_table_that_cannot_be_used_is_told(films: Path, tmp_path: Path, table: str, told: str) -> None:
    path = tmp_path / "films.csv"
    path.write_bytes(table.encode("latin-1"))
    with pytest.raises(InputError, match=told):
        films_in(films, table=path)


def test_films_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for speaker in ("anna", "bo"):
        (tmp_path / speaker).mkdir()
        (tmp_path / speaker / "01.mp4").write_bytes(b"")
    table = tmp_path / "films.csv"
    table.write_text("film,text\nbo/01,hello there\n")
    assert [(file.speaker, file.text) for file in films_in(tmp_path, table=table)] == [
        ("anna", None),
        ("bo", "hello there"),
    ]
    table.write_text("film,text\n01,hello there\n")
    with pytest.raises(
        InputError, match=r"the film '01', which may be anna.01\.mp4 and bo.01\.mp4: write the sub-folder"
    ):
        films_in(tmp_path, table=table)


def test_a_text_beside_a_film_that_is_not_utf8_is_told(films: Path) -> None:
    (films / "hello.txt").write_bytes("grüße".encode("latin-1"))
    with pytest.raises(InputError, match=r"hello\.txt is not text in UTF-8"):
        films_in(films)


def still_face(path: Path, *, frames: int = 5) -> LandmarkTrack:
    made = provenance(stage="track", arguments={}, inputs=[path])
    points, still = np.tile(generic_neutral(), (frames, 1, 1)), HeadPose.still(frames)
    return LandmarkTrack(points, 25.0, MEDIAPIPE_478, still, np.ones(frames, bool), generic_neutral(), provenance=made)


def test_words_that_are_not_those_of_a_film_are_told_with_its_name(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_films, "track_film", still_face)
    monkeypatch.setattr(_films, "read_sound", lambda path, sr: Sound(np.zeros(sr, np.float32), sr))
    told: list[str] = []
    found = phones_of_films(read_films(films_in(films), cache=tmp_path), tell=told.append)
    assert [phones is None for phones in found] == [True, False]
    (doubt,) = told  # nobody says "hello there"
    assert doubt.startswith(f"{films / 'hello.mp4'}: words that do not fit the speech: 'there' at")


@pytest.mark.parametrize(("sound_s", "doubts"), [(2.1, 0), (1.81, 0), (1.79, 1)])
def test_sound_that_ends_well_before_the_picture_is_a_doubt(
    films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound_s: float, doubts: int
) -> None:
    monkeypatch.setattr(_films, "track_film", lambda path: still_face(path, frames=50))
    monkeypatch.setattr(_films, "read_sound", lambda path, sr: Sound(np.zeros(round(sound_s * sr), np.float32), sr))
    film = read_films(films_in(films), cache=tmp_path)[0]
    assert len(film.doubts) == doubts
    assert all(doubt.startswith("its sound ends at 1.79 s and its picture at 2.00 s: cut it") for doubt in film.doubts)


def test_every_film_that_cannot_be_used_is_named_and_the_others_are_tracked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracked = []

    def track(path: Path) -> LandmarkTrack:
        if path.read_bytes() == b"broken":
            raise InputError(f"{path.name} is broken")
        tracked.append(path.name)
        return still_face(path)

    monkeypatch.setattr(_films, "track_film", track)
    monkeypatch.setattr(_films, "read_sound", lambda path, sr: Sound(np.zeros(sr, np.float32), sr))
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.mp4").write_bytes(b"broken" if name in "ac" else name.encode())
    with pytest.raises(InputError, match=r"2 of 4 films cannot be used.*: a\.mp4 is broken; c\.mp4 is broken"):
        read_films(films_in(tmp_path), cache=tmp_path / "cache")
    assert tracked == ["b.mp4", "d.mp4"]
    (tmp_path / "c.mp4").unlink()
    with pytest.raises(InputError, match=r"^a\.mp4 is broken$"):
        read_films(films_in(tmp_path), cache=tmp_path / "cache")
    (tmp_path / "a.mp4").write_bytes(b"mended")
    films = read_films(films_in(tmp_path), cache=tmp_path / "cache")
    assert [film.file.path.name for film in films] == ["a.mp4", "b.mp4", "d.mp4"]
    assert tracked == ["b.mp4", "d.mp4", "a.mp4"]


def test_a_folder_without_films_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no film"):
        films_in(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        films_in(tmp_path / "nothing")
