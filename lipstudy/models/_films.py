"""Films of speakers to learn from: found in a folder, tracked once, with what is said where that is known."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError, nearest_name
from lipstudy.execution import Progress, run_each
from lipstudy.face import (
    MEDIAPIPE_478,
    LandmarkTrack,
    is_track_of,
    lips_in_contact,
    load_track,
    neutral_of,
    save_track,
    symmetric_face,
    track_film,
)
from lipstudy.media import read_sound
from lipstudy.models._features import SR
from lipstudy.motion import articulation_weights

__all__ = ["Film", "FilmFile", "films_in", "read_films"]

Floats = NDArray[np.floating[Any]]

_ENDINGS = frozenset((".mp4", ".mov", ".mpg", ".mpeg", ".avi", ".mkv", ".webm", ".m4v", ".wmv", ".mts"))
_COLUMNS = ("film", "speaker", "text")


@dataclass(frozen=True, slots=True)
class FilmFile:
    """A film to learn from."""

    path: Path
    """Where it is."""
    speaker: str
    """Who speaks."""
    text: str | None = None
    """What is said, if it is known."""


@dataclass(frozen=True, slots=True)
class Film:
    """What a film shows and lets hear. T frames of film, N samples."""

    file: FilmFile
    """The film."""
    track: LandmarkTrack
    """(T frames) the speaker's face."""
    displacement: NDArray[np.float64]
    """(T, K, 3) symmetric displacement from the neutral on the lower face, IOD."""
    contact: NDArray[np.bool_]
    """(T,) frames in which the lips touch."""
    samples: NDArray[np.float32]
    """(N,) the speech at 16 kHz; sample 0 belongs to frame 0."""

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.track.fps


def films_in(folder: Path, *, table: Path | None = None) -> list[FilmFile]:
    """Find the films of a folder and of its sub-folders, in the order of their names.

    Who speaks is the name of the sub-folder; films that lie in `folder` itself are of one speaker, named as the folder.
    What is said stands in a text file beside the film (talk.txt for talk.mp4). A `table` says both otherwise.

    Parameters
    ----------
    folder : Path
        With films.
    table : Path, optional
        CSV with the columns film (its name without ending), and speaker, text or both.

    Raises
    ------
    InputError
        If there is no film, or the table cannot be read or names a film that is not there.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: name the folder that holds the films")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _ENDINGS and not p.name.startswith("."))
    if not paths:
        raise InputError(f"{folder} holds no film ({', '.join(sorted(_ENDINGS))}): put the films in it")
    told = {} if table is None else _read_table(table, {path.stem for path in paths})
    return [_film_file(path, folder, told.get(path.stem, {})) for path in paths]


def read_films(
    files: Sequence[FilmFile], *, cache: Path, workers: int = 1, progress: Progress | None = None
) -> list[Film]:
    """Track every film, or take its track from `cache` where it was made of the same bytes; in the order given.

    Raises
    ------
    InputError
        If a film cannot be used: no face, no sound.
    """
    jobs = [(file, cache / f"{number:04d}.{file.path.stem}.track.npz") for number, file in enumerate(files)]
    found: dict[int, Film] = {}
    for index, film in run_each(_read_film, jobs, workers=workers):
        found[index] = film
        if progress is not None:
            progress(len(found), len(files))
    return [found[index] for index in range(len(files))]


def _read_film(job: tuple[FilmFile, Path]) -> Film:
    file, cached = job
    if is_track_of(cached, file.path):
        track = load_track(cached)
    else:
        track = track_film(file.path)
        save_track(cached, track)
    moved = articulation_weights(MEDIAPIPE_478)[:, None] * (track.points - np.asarray(neutral_of(track), np.float64))
    return Film(
        file=file,
        track=track,
        displacement=symmetric_face(moved, MEDIAPIPE_478),
        contact=lips_in_contact(track.points, MEDIAPIPE_478),
        samples=read_sound(file.path, sr=SR).samples,
    )


def _film_file(path: Path, folder: Path, told: dict[str, str]) -> FilmFile:
    inside = path.parent.relative_to(folder).parts
    words = path.with_suffix(".txt")
    text = told.get("text") or (words.read_text("utf-8").strip() if words.is_file() else "")
    speaker = told.get("speaker") or (inside[0] if inside else folder.resolve().name)
    return FilmFile(path, speaker, text or None)


def _read_table(table: Path, names: set[str]) -> dict[str, dict[str, str]]:
    from lipstudy.records import existing_file

    with existing_file(table, what="a table of films (CSV)").open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        columns = reader.fieldnames or []
        unknown = [column for column in columns if column not in _COLUMNS]
        if "film" not in columns or unknown:
            raise InputError(
                f"{table} has the columns {', '.join(columns) or 'none'}: film is needed, speaker and text are allowed"
            )
        rows = {str(row["film"]): {name: (row.get(name) or "").strip() for name in _COLUMNS} for row in reader}
    for name in rows:
        if name not in names:
            raise InputError(f"{table} names the film '{name}', which is not there{nearest_name(name, names)}")
    return rows
