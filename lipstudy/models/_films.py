"""Films of speakers to learn from: found in a folder, tracked once, with what is said where that is known."""

from collections.abc import Callable, Sequence
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
from lipstudy.media import Sound, read_sound
from lipstudy.models._features import SR
from lipstudy.motion import articulation_weights
from lipstudy.records import Row, read_rows, sha256_of_file
from lipstudy.speech import Phone, Speech, align_speech

__all__ = ["Film", "FilmFile", "films_in", "phones_of_films", "read_films"]

Floats = NDArray[np.floating[Any]]

_ENDINGS = frozenset((".mp4", ".mov", ".mpg", ".mpeg", ".avi", ".mkv", ".webm", ".m4v", ".wmv", ".mts"))
_TOLD_FILMS = 5
_SOUND_SHORTER_S = 0.2
"""Recordings often carry a little less sound than picture; more than this is speech that is missing."""


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

    @property
    def sound_s(self) -> float:
        """Duration of the sound in seconds."""
        return len(self.samples) / SR

    @property
    def doubts(self) -> tuple[str, ...]:
        """What may spoil it as an example, a sentence each: sound that ends before the picture."""
        if self.sound_s >= self.track.duration_s - _SOUND_SHORTER_S:
            return ()
        return (
            f"its sound ends at {self.sound_s:.2f} s and its picture at {self.track.duration_s:.2f} s: cut it there, no"
            " model can hear what comes after",
        )


def films_in(folder: Path, *, table: Path | None = None) -> list[FilmFile]:
    """Find the films of a folder and of its sub-folders, in the order of their names.

    Who speaks is the name of the sub-folder; films that lie in `folder` itself are of one speaker, named as the folder.
    What is said stands in a text file beside the film (talk.txt for talk.mp4). A `table` says both otherwise.

    Parameters
    ----------
    folder : Path
        With films.
    table : Path, optional
        CSV with the columns film (its name without ending, with its sub-folders where others are called so: anna/talk),
        and speaker, text or both.

    Raises
    ------
    InputError
        If there is no film, a text or the table cannot be read, or the table names a film that is not there.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: name the folder that holds the films")
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _ENDINGS and not p.name.startswith("."))
    if not paths:
        raise InputError(f"{folder} holds no film ({', '.join(sorted(_ENDINGS))}): put the films in it")
    told = {} if table is None else _read_table(table, folder, paths)
    return [_film_file(path, folder, told.get(path)) for path in paths]


def read_films(
    files: Sequence[FilmFile], *, cache: Path, workers: int = 1, progress: Progress | None = None
) -> list[Film]:
    """Track every film, or take its track from `cache` where it was made of the same bytes; in the order given.

    Raises
    ------
    InputError
        If films cannot be used (no face, no sound), naming each; the tracks of all others are in `cache` then.
    """
    found: dict[int, Film | InputError] = {}
    for index, film in run_each(_film_or_reason, [(file, cache) for file in files], workers=workers):
        found[index] = film
        if progress is not None:
            progress(len(found), len(files))
    films = [found[index] for index in range(len(files))]
    reasons = [str(film) for film in films if isinstance(film, InputError)]
    if len(reasons) == 1:
        raise InputError(reasons[0])
    if reasons:
        named = "; ".join(reasons[:_TOLD_FILMS]) + "; and others" * (len(reasons) > _TOLD_FILMS)
        raise InputError(f"{len(reasons)} of {len(files)} films cannot be used, mend them or take them out: {named}")
    return [film for film in films if isinstance(film, Film)]


def phones_of_films(
    films: Sequence[Film], *, tell: Callable[[str], None] | None = None
) -> list[tuple[Phone, ...] | None]:
    """Return when the phones of each film were said, None where its text is not known.

    Parameters
    ----------
    films : sequence of Film
        With their texts.
    tell : callable, optional
        Given a sentence for each doubt about a text, naming the film.

    Raises
    ------
    InputError
        If a text cannot be what is said, naming the film.
    """
    found: list[tuple[Phone, ...] | None] = []
    for film in films:
        if film.file.text is None:
            found.append(None)
            continue
        try:
            alignment = align_speech(Speech.of_sound(Sound(film.samples, SR)), film.file.text)
        except InputError as error:
            raise InputError(f"{film.file.path}: {error}") from error
        found.append(alignment.phones)
        if tell is not None:
            for doubt in alignment.doubts():
                tell(f"{film.file.path}: {doubt}")
    return found


def _film_or_reason(job: tuple[FilmFile, Path]) -> Film | InputError:
    # Of a hundred films that take an hour, one that is broken shall not cost the others.
    try:
        return _read_film(job)
    except InputError as error:
        return error


def _read_film(job: tuple[FilmFile, Path]) -> Film:
    file, cache = job
    # Named by what is in it: films that come and go beside it change nothing.
    cached = cache / f"{file.path.stem}.{sha256_of_file(file.path)[:12]}.track.npz"
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


def _film_file(path: Path, folder: Path, told: "_FilmRow | None") -> FilmFile:
    inside = path.parent.relative_to(folder).parts
    speaker = (told and told.speaker) or (inside[0] if inside else folder.resolve().name)
    return FilmFile(path, speaker, (told and told.text) or _text_beside(path) or None)


def _text_beside(film: Path) -> str:
    words = film.with_suffix(".txt")
    try:
        return words.read_text("utf-8-sig").strip() if words.is_file() else ""
    except UnicodeDecodeError as error:
        raise InputError(f"{words} is not text in UTF-8: save it again in that encoding") from error


class _FilmRow(Row):
    """One film."""

    film: str
    """Its name without ending, with its sub-folders where others are called so."""
    speaker: str | None = None
    """Who speaks."""
    text: str | None = None
    """What is said."""


def _read_table(table: Path, folder: Path, paths: Sequence[Path]) -> dict[Path, _FilmRow]:
    places = [path.relative_to(folder).with_suffix("").as_posix() for path in paths]
    told: dict[Path, _FilmRow] = {}
    for row in read_rows(table, _FilmRow, what="a table of films"):
        meant = [path for path, place in zip(paths, places, strict=True) if row.film == place]
        meant = meant or [path for path in paths if row.film == path.stem]
        if not meant:
            near = nearest_name(row.film, {*places, *(path.stem for path in paths)})
            raise InputError(f"{table} names the film '{row.film}', which is not there{near}")
        if len(meant) > 1:
            both = " and ".join(str(path.relative_to(folder)) for path in meant[:2])
            raise InputError(
                f"{table} names the film '{row.film}', which may be {both}: write the sub-folder before it"
            )
        if meant[0] in told:
            raise InputError(f"{table} names the film '{row.film}' twice: keep one row")
        told[meant[0]] = row
    return told
