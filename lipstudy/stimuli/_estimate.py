"""How long a recipe will take and how large its clips will be, before anything is made."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lipstudy.clips import steps_for
from lipstudy.face import load_track
from lipstudy.media import open_film, read_sound
from lipstudy.records import Fault
from lipstudy.stimuli._making import clip_name
from lipstudy.stimuli._recipe import Recipe, Sentence
from lipstudy.stimuli._refining import refined_speakers
from lipstudy.stimuli._set_folder import SetFolder
from lipstudy.stimuli._takes import PhotoSource, models_of, take_name

__all__ = ["Estimate", "estimate_build"]

# Measured with the portrait of the demo and with GRID film, 512 x 512 at 25 frames/s, one process of its own: the whole
# of drawing, encoding and checking. Time and bytes grow with the area of the picture, but for a part that does not.
_MS_A_FRAME = {"landmarks": 9.0, "photograph": 31.0, "film": 31.0, "restaged": 33.0}
_BYTES_A_FRAME = {"landmarks": 1200.0, "photograph": 1500.0, "film": 1400.0, "restaged": 5000.0}
_FIXED_SHARE = 0.4
_MEASURED_PX = 512 * 512
_MEASURED_FILM_PX = 360 * 288
_SOUND_BYTES_A_S = 8000.0
_S_BESIDE_WORDS = 0.3
_TRACKING_S_A_S = 0.5
_READ_BACK_S = 3.0
"""Of finding how a tracker reads the lips of a film when they are moved, in any film."""
_FIRST_TOLD_S = 10.0
_S_A_STEP = 0.1
"""Of teaching a network, on a processor."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a build is going to make."""

    clips: int
    """Number of clips to make."""
    work_s: float
    """Time that one process needs for all of them, seconds."""
    size_bytes: float
    """Size of all of them, bytes."""
    tracking_s: float = 0.0
    """The part of `work_s` that goes into tracking films, before the first clip is made."""
    teaching_s: float = 0.0
    """The part that then goes into teaching networks; less where there is a GPU."""

    @property
    def is_huge(self) -> bool:
        """Whether somebody should have meant it: over a thousand clips, four hours of work, or 10 GB."""
        return self.clips > 1000 or self.work_s > 4 * 3600 or self.size_bytes > 10e9

    def sentence(self, *, workers: int) -> str:
        """Return what a person wants to know before it starts."""
        count = "1 clip" if self.clips == 1 else f"{self.clips} clips"
        time = _duration(self.work_s / workers)
        with_workers = "1 worker" if workers == 1 else f"{workers} workers"
        told = f"{count} to make: about {time} with {with_workers}, and {_size(self.size_bytes)}"
        first_s = self.tracking_s + self.teaching_s
        if first_s < _FIRST_TOLD_S:
            return told
        what = [what for what, s in (("tracking films", self.tracking_s), ("teaching networks", self.teaching_s)) if s]
        return f"{told}; the first {_duration(first_s / workers)} of it go into {' and '.join(what)}"


def estimate_build(recipe: Recipe, folder: str | Path) -> Estimate:
    """Estimate what is left to make of a recipe, from its texts and files, without making any.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    folder : str or Path
        Where. A clip of the recipe that is there counts as made, though it may have to be made again.

    Raises
    ------
    InputError
        If a film, a sound, a track or a model that the recipe names cannot be read.
    """
    place = SetFolder(Path(folder))
    there = place.clips_there()
    tracking_s = _s_of_tracking(recipe, place)
    teaching_s = _s_of_teaching(recipe, place)
    count, work_s, size_bytes = 0, tracking_s + teaching_s, 0.0
    for take in _takes(recipe):
        for embodiment in recipe.embodiments:
            kind = "landmarks" if embodiment == "landmarks" else take.photo
            area = take.film_px / _MEASURED_FILM_PX if kind == "restaged" else recipe.size_px**2 / _MEASURED_PX
            grown = _FIXED_SHARE + (1 - _FIXED_SHARE) * area
            clips = len({clip_name(take.name, embodiment, *variant) for variant in _variants(recipe)} - there)
            count += clips
            work_s += clips * take.frames * grown * _MS_A_FRAME[kind] / 1000
            size_bytes += clips * (take.frames * grown * _BYTES_A_FRAME[kind] + take.duration_s * _SOUND_BYTES_A_S)
    return Estimate(clips=count, work_s=work_s, size_bytes=size_bytes, tracking_s=tracking_s, teaching_s=teaching_s)


@dataclass(frozen=True, slots=True)
class _Expected:
    """A take that is not made yet."""

    name: str
    photo: PhotoSource
    duration_s: float
    frames: int
    film_px: int = 0


def _takes(recipe: Recipe) -> Iterator[_Expected]:
    around_s = recipe.lead_in_s + recipe.lead_out_s
    models = models_of(recipe)
    for sentence in recipe.sentences:
        duration_s = _duration_s(sentence, recipe) + around_s
        frames = math.ceil(duration_s * recipe.fps)
        for speaker in recipe.speakers:
            photo: PhotoSource = "photograph" if speaker.film is None else "film"
            for index in range(1 if sentence.track is not None else len(models)):
                name = take_name(speaker.name, sentence.name, models[index].name if index else None)
                yield _Expected(name, photo, duration_s, frames)
    for filmed in recipe.films:
        film = open_film(filmed.film)
        duration_s = film.duration_s + around_s
        name = take_name(filmed.speaker, filmed.sentence)
        yield _Expected(name, "restaged", duration_s, round(duration_s * film.fps), film.width_px * film.height_px)


def _variants(recipe: Recipe) -> Iterator[tuple[str, float, Fault | None]]:
    for operator in recipe.operators:
        for articulation in recipe.articulations:
            yield operator, articulation, None
    for fault in recipe.catch:
        yield recipe.operators[0], 1.0, fault


def _s_of_tracking(recipe: Recipe, place: SetFolder) -> float:
    """Return how long the films take that have no track yet, or are restaged and were not looked at."""
    faces = [(speaker.film, place.film_track(speaker.name)) for speaker in recipe.speakers if speaker.film is not None]
    takes = [(film.film, place.track(take_name(film.speaker, film.sentence))) for film in recipe.films]
    tracked_s = sum(open_film(film).duration_s for film, track in faces + takes if not track.exists())
    names = [take_name(film.speaker, film.sentence) for film in recipe.films if "photo" in recipe.embodiments]
    return _TRACKING_S_A_S * tracked_s + _READ_BACK_S * sum(not place.read_back(name).exists() for name in names)


def _s_of_teaching(recipe: Recipe, place: SetFolder) -> float:
    """Return how long the networks take that are not taught yet."""
    films = [
        open_film(speaker.film)
        for speaker in refined_speakers(recipe)
        if speaker.film is not None and not place.verdict(speaker.name).exists()
    ]
    return _S_A_STEP * sum(steps_for(film.num_frames) for film in films)


def _duration_s(sentence: Sentence, recipe: Recipe) -> float:
    if sentence.track is not None:
        return load_track(sentence.track).duration_s
    if sentence.sound is not None:
        return read_sound(sentence.sound).duration_s
    assert sentence.text is not None
    return _S_BESIDE_WORDS + 60 * len(sentence.text.split()) / recipe.rate_wpm


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"


def _size(size_bytes: float) -> str:
    if size_bytes < 10e6:
        return f"{size_bytes / 1e6:.1f} MB"
    return f"{size_bytes / 1e6:.0f} MB" if size_bytes < 1e9 else f"{size_bytes / 1e9:.1f} GB"
