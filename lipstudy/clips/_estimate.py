"""How long a recipe will take and how large its clips will be, before anything is made."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from lipstudy.clips._recipe import Recipe, Sentence
from lipstudy.clips._takes import PhotoSource
from lipstudy.face import load_track
from lipstudy.media import open_film, read_sound

__all__ = ["Estimate", "estimate_build"]

# Measured with the portrait of the demo and with GRID film, 512 x 512 at 25 frames/s, one process of its own: the whole
# of drawing, encoding and checking. Time and bytes grow with the area of the picture, but for a part that does not.
_MS_A_FRAME = {"landmarks": 13.0, "photograph": 56.0, "film": 87.0, "restaged": 58.0}
_BYTES_A_FRAME = {"landmarks": 1700.0, "photograph": 2100.0, "film": 2000.0, "restaged": 4500.0}
_FIXED_SHARE = 0.4
_MEASURED_PX = 512 * 512
_MEASURED_FILM_PX = 360 * 288
_SOUND_BYTES_A_S = 8000.0
_S_BESIDE_WORDS = 0.3
_TRACKING_S_A_S = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a build is going to make."""

    clips: int
    """Number of clips to make."""
    work_s: float
    """Time that one process needs for all of them, seconds."""
    size_bytes: float
    """Size of all of them, bytes."""

    @property
    def is_huge(self) -> bool:
        """Whether somebody should have meant it: over a thousand clips, four hours of work, or 10 GB."""
        return self.clips > 1000 or self.work_s > 4 * 3600 or self.size_bytes > 10e9

    def sentence(self, *, workers: int) -> str:
        """Return what a person wants to know before it starts."""
        time = _duration(self.work_s / workers)
        return f"{self.clips} clips to make: about {time} with {workers} workers, and {_size(self.size_bytes)}"


def estimate_build(recipe: Recipe, folder: str | Path) -> Estimate:
    """Estimate what is left to make of a recipe, from its texts and files, without making any.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    folder : str or Path
        Where. A clip that is there counts as made, though it may have to be made again.

    Raises
    ------
    InputError
        If a film, a sound or a track that the recipe names cannot be read.
    """
    variants = len(recipe.operators) * len(recipe.articulations) + len(recipe.catch)
    speech_s: defaultdict[PhotoSource, float] = defaultdict(float)
    frames: Counter[PhotoSource] = Counter()
    takes: Counter[PhotoSource] = Counter()
    restaged_px = float(_MEASURED_FILM_PX)
    for sentence in recipe.sentences:
        duration_s = _duration_s(sentence, recipe) + recipe.lead_in_s + recipe.lead_out_s
        models = 1 if sentence.track is not None else len(recipe.models)
        for speaker in recipe.speakers:
            photo: PhotoSource = "photograph" if speaker.film is None else "film"
            speech_s[photo] += models * duration_s
            frames[photo] += models * math.ceil(duration_s * recipe.fps)
            takes[photo] += models
    for filmed in recipe.films:
        film = open_film(filmed.film)
        restaged_px = max(restaged_px, film.width_px * film.height_px)
        speech_s["restaged"] += film.duration_s + recipe.lead_in_s + recipe.lead_out_s
        frames["restaged"] += film.num_frames
        takes["restaged"] += 1
    work_s, size_bytes = _TRACKING_S_A_S * speech_s["restaged"], 0.0
    for photo in frames:
        for embodiment in recipe.embodiments:
            kind = "landmarks" if embodiment == "landmarks" else photo
            area = restaged_px / _MEASURED_FILM_PX if kind == "restaged" else recipe.size_px**2 / _MEASURED_PX
            grown = _FIXED_SHARE + (1 - _FIXED_SHARE) * area
            work_s += variants * frames[photo] * grown * _MS_A_FRAME[kind] / 1000
            size_bytes += variants * frames[photo] * grown * _BYTES_A_FRAME[kind]
            size_bytes += variants * speech_s[photo] * _SOUND_BYTES_A_S
    clips = variants * len(recipe.embodiments) * sum(takes.values())
    left = max(0, clips - sum(1 for _ in Path(folder).glob("clips/*.mp4")))
    return Estimate(clips=left, work_s=work_s * left / clips, size_bytes=size_bytes * left / clips)


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
    return f"{size_bytes / 1e6:.0f} MB" if size_bytes < 1e9 else f"{size_bytes / 1e9:.1f} GB"
