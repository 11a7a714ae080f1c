"""Films to learn from: who speaks, what is said."""

from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.models import films_in


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
        ("name,text\nhello,x\n", "film is needed"),
        ("film,emotion\nhello,x\n", "speaker and text are allowed"),
        ("", "the columns none"),
    ],
)
def test_a_table_that_cannot_be_used_is_told(films: Path, tmp_path: Path, table: str, told: str) -> None:
    path = tmp_path / "films.csv"
    path.write_text(table)
    with pytest.raises(InputError, match=told):
        films_in(films, table=path)


def test_a_folder_without_films_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no film"):
        films_in(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        films_in(tmp_path / "nothing")
