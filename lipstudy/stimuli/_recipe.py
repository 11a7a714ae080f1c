"""The recipe of a stimulus set: what a lab declares in YAML, every clip follows from it."""

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field, PlainSerializer, ValidationInfo, field_validator, model_validator

from lipstudy.clips import LandmarkStyle
from lipstudy.errors import InputError
from lipstudy.models import MODELS
from lipstudy.motion import MAX_ARTICULATION, check_articulation
from lipstudy.records import Declared, Embodiment, Fault, read_declaration

__all__ = ["ASTRONAUT", "LEAST_LOUDNESS_LUFS", "FilmedSentence", "Recipe", "Sentence", "Speaker", "load_recipe"]

ASTRONAUT = Path("astronaut")
"""Stands for a photograph that needs no file: the portrait of Eileen Collins (NASA, public domain)."""

LEAST_LOUDNESS_LUFS = -40
"""The lowest loudness that a recipe can ask for."""

_LEAST_PHOTO_PX = 192
"""Below it good photo clips may fail: the tracker misses the aperture of the astronaut by 0.029 to 0.036 IOD at 128
pixels, by 0.014 to 0.025 at 192, by 0.013 to 0.017 at 512; enlarged pictures are read no better (0.032 to 0.038)."""

AnyEntry = TypeVar("AnyEntry", bound=Hashable)


def _for_files(name: str) -> str:
    # Names become file names on every system, and '_' joins them.
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}", name):
        raise ValueError(f"'{name}' cannot be part of file names: use up to 40 of a to z, digits and '-'")
    return name


Name = Annotated[str, AfterValidator(_for_files)]
Words = Annotated[str, Field(min_length=1, max_length=1000)]
# Where a file lies is a matter of one machine; what is recorded is its name, and elsewhere its hash.
File = Annotated[Path, PlainSerializer(lambda path: path.name, return_type=str)]
Scale = Annotated[float, Field(ge=0, le=MAX_ARTICULATION)]
Loudness = Annotated[float, Field(ge=LEAST_LOUDNESS_LUFS, le=-9)] | Literal["as_recorded"]
# A model is named, or lies in a file or folder: 'mine/net.py:Net'.
ModelName = Annotated[
    str, Field(min_length=1, max_length=400), PlainSerializer(lambda name: Path(name).name, return_type=str)
]


class Speaker(Declared):
    """A face that says every one of the sentences: that of a photograph, or of a film of the speaker."""

    name: Name = Field(description="letters, digits and -; part of each clip's name")
    photograph: File | None = Field(
        default=None, description="an image with one face looking at the camera, or 'astronaut'; makes a sketch"
    )
    film: File | None = Field(default=None, description="a film of the speaker, best 30 s or more: her own mouths")

    refine: bool = Field(
        default=False, description="teach a network on the film, and use it if it makes held-out film more alike"
    )

    @model_validator(mode="after")
    def _has_one_face(self) -> Self:
        if (self.photograph is None) == (self.film is None):
            raise ValueError(f"the speaker '{self.name}' needs a 'photograph' or a 'film': give one of the two")
        if self.refine and self.film is None:
            raise ValueError(f"the speaker '{self.name}' has no 'film', and 'refine' learns from one: leave it out")
        return self

    @property
    def file(self) -> Path | None:
        """The file that the face comes from; None for the portrait that needs none."""
        return None if self.photograph == ASTRONAUT else self.photograph or self.film


class Sentence(Declared):
    """Something said: a text for the synthetic voice, speech, or a track and its sound from elsewhere."""

    name: Name = Field(description="letters, digits and -; part of each clip's name")
    text: Words | None = Field(
        default=None, description="the words; spoken by the synthetic voice if there is no 'sound'"
    )
    sound: File | None = Field(default=None, description="speech: a sound file, or a film")
    track: File | None = Field(
        default=None, description="a landmark track (.track.npz) that belongs to the sound: no model is asked"
    )
    model: Words | None = Field(default=None, description="for a track: where its motion comes from")

    @model_validator(mode="after")
    def _has_motion_and_sound(self) -> Self:
        if self.track is not None and self.sound is None:
            raise ValueError(f"the sentence '{self.name}' needs the 'sound' that belongs to its 'track'")
        if self.sound is None and self.text is None:
            raise ValueError(f"the sentence '{self.name}' needs a 'text' to speak, or a 'sound'")
        if self.model is not None and self.track is None:
            raise ValueError(f"the sentence '{self.name}' has no 'track': 'model' says where a track comes from")
        return self


class FilmedSentence(Declared):
    """A film of one speaker who says one sentence, restaged: picture, motion and sound come from it."""

    speaker: Name = Field(description="letters, digits and -; part of each clip's name")
    sentence: Name = Field(description="letters, digits and -; part of each clip's name")
    film: File = Field(description="a film with one face and sound")
    text: Words | None = Field(default=None, description="the words")


class Recipe(Declared):
    """A stimulus set: every speaker with every sentence, and every film, at every scale in every embodiment."""

    speakers: tuple[Speaker, ...] = Field(default=(), description="faces; each says every sentence")
    sentences: tuple[Sentence, ...] = Field(default=(), description="what the speakers say")
    films: tuple[FilmedSentence, ...] = Field(default=(), description="films, each of one speaker and one sentence")
    articulations: tuple[Scale, ...] = Field(
        default=(0.5, 0.75, 1.0, 1.25, 1.5), description="articulation scales; 1 is the original"
    )
    operators: tuple[str, ...] = Field(
        default=("rest",),
        description="what the scale is applied about, or to: rest, mean, gated, speed, jaw, spread, protrusion, or"
        " several as jaw+spread=0.5",
    )
    embodiments: tuple[Embodiment, ...] = Field(default=("landmarks", "photo"), description="how the face is shown")
    models: tuple[ModelName, ...] = Field(
        default=("viseme",),
        description="what moves the lips to the sentences: viseme (the words), tcn (the sound), viseme+tcn (both, best"
        " for recordings with their text), or the path of a model",
    )
    catch: tuple[Fault, ...] = Field(
        default=(),
        description="clips whose picture is wrong on purpose: swapped_speech (lips of another sentence, of the same"
        " speaker if there is one), frozen_mouth, desynchronised (picture 300 ms late)",
    )
    limits: Literal["speaker", "none"] = Field(
        default="speaker", description="whether exaggeration stays within the speaker's range"
    )
    voice: str = Field(default="en-us", description="language of the synthetic voice, as espeak-ng names it")
    rate_wpm: int = Field(default=160, description="speaking rate in words per minute", ge=80, le=400)
    fps: float = Field(default=25.0, description="frames per second", ge=10, le=120)
    size_px: int = Field(
        default=512, description="side of the square picture; for photo, 192 or more", ge=64, le=4096, multiple_of=2
    )
    loudness_lufs: Loudness = Field(
        default=-23.0, description="loudness of every clip (EBU R 128), or as_recorded", union_mode="left_to_right"
    )
    lead_in_s: float = Field(
        default=0.0,
        description="seconds of silence before, under a neutral face; restaged film holds its first frame",
        ge=0,
        le=5,
    )
    lead_out_s: float = Field(
        default=0.0,
        description="seconds of silence after, under a neutral face; restaged film holds its last frame",
        ge=0,
        le=5,
    )
    style: LandmarkStyle = Field(default=LandmarkStyle(), description="how landmarks are drawn")

    @field_validator("articulations", "operators", "embodiments", "models", "catch")
    @classmethod
    def _has_different_entries(cls, entries: tuple[float | str, ...], info: ValidationInfo) -> tuple[float | str, ...]:
        if not entries and info.field_name != "catch":
            raise ValueError("an empty list leaves no clip: give at least one")
        doubled = _first_doubled(f"{entry:.2f}" if isinstance(entry, float) else entry for entry in entries)
        if doubled is not None:
            raise ValueError(f"{doubled} is there twice (two decimals count): keep one")
        return entries

    @field_validator("operators")
    @classmethod
    def _are_known(cls, operators: tuple[str, ...]) -> tuple[str, ...]:
        for operator in operators:
            if operator == "time-locked":
                raise ValueError(
                    "the operator 'time-locked' needs tracks of repetitions, which a recipe does not have: make the"
                    " tracks with 'lipstudy articulate --repetitions' and name them as sentences"
                )
            try:
                check_articulation(1, operator=operator)
            except InputError as error:
                raise ValueError(str(error)) from error
        return operators

    @field_validator("speakers", "sentences")
    @classmethod
    def _have_different_names(
        cls, entries: tuple[Speaker, ...] | tuple[Sentence, ...]
    ) -> tuple[Speaker, ...] | tuple[Sentence, ...]:
        doubled = _first_doubled(entry.name.lower() for entry in entries)
        if doubled is not None:
            raise ValueError(f"the name '{doubled}' is there twice (capitals do not count): rename one")
        return entries

    @model_validator(mode="after")
    def _has_clips(self) -> Self:
        if bool(self.speakers) != bool(self.sentences):
            given, missing = ("speakers", "sentences") if self.speakers else ("sentences", "speakers")
            raise ValueError(
                f"the recipe has {given} but no {missing}: each speaker says each sentence, name at least one"
            )
        if not self.speakers and not self.films:
            raise ValueError("the recipe has no clip: name speakers and sentences, or films")
        spoken = [(speaker.name, sentence.name) for speaker in self.speakers for sentence in self.sentences]
        filmed = [(film.speaker, film.sentence) for film in self.films]
        doubled = _first_doubled((speaker.lower(), sentence.lower()) for speaker, sentence in (*spoken, *filmed))
        if doubled is not None:
            raise ValueError(f"speaker '{doubled[0]}' says sentence '{doubled[1]}' twice: rename one")
        if "swapped_speech" in self.catch and len(self.sentences) + len(self.films) < 2:
            raise ValueError("'swapped_speech' shows the lips of another sentence: the recipe needs two or more")
        # Another person's film would part the two clips of a pair by their faces, which is not what the trial asks.
        films_of = Counter(film.speaker for film in self.films)
        alone = next((speaker for speaker, count in films_of.items() if count == 1), None)
        if "swapped_speech" in self.catch and "photo" in self.embodiments and alone is not None:
            raise ValueError(
                f"'swapped_speech' shows another film of the speaker under the speech of a film, and '{alone}' has one"
                f" only: name a second film of '{alone}', or leave 'swapped_speech' out of 'catch'"
            )
        return self

    def with_files_in(self, folder: Path) -> Self:
        """Return this recipe with relative paths taken from `folder`."""

        def placed(path: Path | None) -> Path | None:
            return path if path is None or path == ASTRONAUT else folder / path

        return self.model_copy(
            update={
                "speakers": tuple(
                    speaker.model_copy(update={"photograph": placed(speaker.photograph), "film": placed(speaker.film)})
                    for speaker in self.speakers
                ),
                "sentences": tuple(
                    sentence.model_copy(update={"track": placed(sentence.track), "sound": placed(sentence.sound)})
                    for sentence in self.sentences
                ),
                "films": tuple(film.model_copy(update={"film": folder / film.film}) for film in self.films),
                "models": tuple(name if name in MODELS else _model_in(folder, name) for name in self.models),
            }
        )

    def files(self) -> tuple[Path, ...]:
        """Return the files that the recipe names; those of models not."""
        faces = [speaker.file for speaker in self.speakers if speaker.file is not None]
        given = [path for sentence in self.sentences for path in (sentence.track, sentence.sound) if path is not None]
        return (*faces, *given, *(film.film for film in self.films))

    @property
    def advice(self) -> tuple[str, ...]:
        """What somebody should know before the clips are made, a sentence each."""
        if not self.speakers or "photo" not in self.embodiments or self.size_px >= _LEAST_PHOTO_PX:
            return ()
        return (
            f"photo clips of {self.size_px} x {self.size_px} pixels: the mouths are so small in them that good clips"
            f" may fail their checks; 'size_px: {_LEAST_PHOTO_PX}' or more is better",
        )

    @property
    def asks_models(self) -> bool:
        """Whether a model moves the lips of some sentence."""
        return any(sentence.track is None for sentence in self.sentences)


def load_recipe(path: str | Path) -> Recipe:
    """Read a recipe. Paths in it are relative to its own folder.

    Parameters
    ----------
    path : str or Path
        A YAML file.

    Returns
    -------
    Recipe
        With paths that can be opened from here.

    Raises
    ------
    InputError
        Naming file, line and key of what is wrong; for an unknown key with the nearest right one.
    """
    recipe = read_declaration(path, Recipe, what="a recipe")
    return recipe.with_files_in(Path(path).parent)


def _model_in(folder: Path, name: str) -> str:
    file = folder / name.partition(".py:")[0]
    is_there = file.exists() or file.with_name(f"{file.name}.py").exists()
    return str(folder / name) if is_there else name


def _first_doubled(entries: Iterable[AnyEntry]) -> AnyEntry | None:
    return next((entry for entry, count in Counter(entries).items() if count > 1), None)
