"""Films for the viseme model: how the lips move in each, and what is said when."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.execution import Progress, run_each
from lipstudy.face import MEDIAPIPE_478, symmetric_face, track_film
from lipstudy.models._visemes import Segment, segments_of
from lipstudy.motion import articulation_weights
from lipstudy.speech import Speech, align_speech

__all__ = ["Recording", "read_recordings"]

Floats = NDArray[np.floating[Any]]

_GRID_SLOTS: tuple[dict[str, str], ...] = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"},
    {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"},
    {letter: f"{letter}." for letter in "abcdefghijklmnopqrstuvxyz"},
    dict(
        zip("z123456789", ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], strict=True)
    ),
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)

_AROUND_SPEECH_S = 0.15


@dataclass(frozen=True, slots=True)
class Recording:
    """One film: how its lips move, and what is said when."""

    name: str
    """Name of the film without suffix."""
    displacement: NDArray[np.float64]
    """(T, K, 3) symmetric displacement from the neutral on the lower face, IOD."""
    neutral: NDArray[np.float64]
    """(K, 3) the speaker's closed rest pose."""
    fps: float
    """Frames per second."""
    segments: tuple[Segment, ...] | None
    """Visemes in time; None if the transcript is not known."""

    @property
    def times_s(self) -> NDArray[np.float64]:
        """(T,) time of each frame."""
        return np.arange(len(self.displacement)) / self.fps

    @property
    def spoken(self) -> NDArray[np.bool_]:
        """(T,) frames with speech, and a little around it."""
        said = [segment for segment in self.segments or () if segment.viseme != "rest"]
        after = self.times_s >= said[0].start_s - _AROUND_SPEECH_S
        return np.asarray(after & (self.times_s <= said[-1].end_s + _AROUND_SPEECH_S))


def read_recordings(folder: Path, *, workers: int = 1, progress: Progress | None = None) -> list[Recording]:
    """Track and align every ``*.mpg`` of `folder`, in the order of their names.

    Raises
    ------
    InputError
        If there is none, or a film cannot be used.
    """
    films = sorted(folder.glob("*.mpg"))
    if not films:
        raise InputError(f"{folder} holds no film (*.mpg): name a folder of GRID clips")
    found: dict[int, Recording] = {}
    for index, recording in run_each(_recording_of, films, workers=workers):
        found[index] = recording
        if progress is not None:
            progress(len(found), len(films))
    return [found[index] for index in range(len(films))]


def _recording_of(path: Path) -> Recording:
    track = track_film(path)
    assert track.neutral is not None
    neutral = track.neutral.astype(np.float64)
    displacement = articulation_weights(MEDIAPIPE_478)[:, None] * (track.points - neutral)
    words = _words_of(path.stem)
    segments = segments_of(align_speech(Speech.of_file(path), words).phones) if words else None
    return Recording(path.stem, symmetric_face(displacement, MEDIAPIPE_478), neutral, track.fps, segments)


def _words_of(name: str) -> list[str] | None:
    if len(name) != len(_GRID_SLOTS) or any(x not in words for x, words in zip(name, _GRID_SLOTS, strict=True)):
        return None
    return [words[x] for x, words in zip(name, _GRID_SLOTS, strict=True)]
