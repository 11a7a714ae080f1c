"""The study definition: what a lab declares in YAML before anyone is run."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from lipstudy.records import Declared, read_declaration

__all__ = ["Consent", "Factors", "Question", "Study", "load_study"]

Level = Annotated[str, Field(min_length=1)]
Scale = Annotated[float, Field(ge=0)]


class Factors(Declared):
    """The levels of the manifest that the study uses; a factor that is left out uses all of them."""

    embodiments: tuple[Level, ...] | None = Field(default=None, description="how the face is shown: landmarks, photo")
    speakers: tuple[Level, ...] | None = Field(default=None, description="whose face and lip motion")
    sentences: tuple[Level, ...] | None = Field(default=None, description="names of sentences")
    articulations: tuple[Scale, ...] | None = Field(default=None, description="articulation scales")
    operators: tuple[Level, ...] | None = Field(default=None, description="what the scale is applied about: rest, mean")
    models: tuple[Level, ...] | None = Field(default=None, description="where the motion comes from")

    @field_validator("*")
    @classmethod
    def _levels_differ(cls, levels: tuple[str | float, ...] | None) -> tuple[str | float, ...] | None:
        if levels is not None and not levels:
            raise ValueError("an empty list leaves no clip: name levels, or leave the key out to use all")
        if levels is not None and len(set(levels)) < len(levels):
            doubled = next(level for level in levels if levels.count(level) > 1)
            raise ValueError(f"the level {doubled} is there twice: keep one")
        return levels


class Consent(Declared):
    """What a participant agrees to."""

    version: str = Field(description="version of the text; it is recorded with the consent", min_length=1)
    text: str = Field(description="the text shown", min_length=1)


class Question(Declared):
    """One question after the last trial."""

    name: str = Field(description="name of the question in the data", pattern=r"^[A-Za-z]\w*$")
    prompt: str = Field(description="what is asked", min_length=1)
    kind: Literal["text", "number", "choice"] = Field(default="text", description="how it is answered")
    choices: tuple[Level, ...] = Field(default=(), description="the answers to choose from, for kind: choice")

    @model_validator(mode="after")
    def _choices_fit(self) -> Self:
        if self.kind == "choice" and len(set(self.choices)) < 2:
            raise ValueError(f"the question '{self.name}' needs two different choices or more")
        if self.kind != "choice" and self.choices:
            raise ValueError(f"the question '{self.name}' has choices: give it 'kind: choice'")
        return self


class Study(Declared):
    """A study: which clips are compared, how often, by how many people, and what they are told and asked."""

    name: str = Field(description="name of the study", pattern=r"^[\w.+-]+$")
    clips: str = Field(description="the clip manifest, relative to the study file", min_length=1)
    participants: int = Field(description="number of participant slots", ge=1, le=9999)
    factors: Factors = Field(default=Factors(), description="the levels used; all by default")
    pairing: Literal["reference", "all_pairs"] = Field(
        default="reference", description="each scale against the reference articulation, or every pair of scales"
    )
    reference_articulation: Scale = Field(default=1.0, description="the scale that the others are compared with")
    repetitions: int = Field(default=1, description="times that a participant sees each pair", ge=1, le=100)
    sentences_per_participant: int | None = Field(
        default=None,
        description="sentences that each participant sees, rotated over participants; all if left out",
        ge=1,
    )
    catch_trials: int = Field(default=0, description="trials with the same clip on both sides", ge=0, le=1000)
    blocks: Literal["by_embodiment", "mixed"] = Field(
        default="by_embodiment", description="one block for each embodiment, or one block with all mixed"
    )
    consent: Consent | None = Field(default=None, description="what a participant agrees to before the first trial")
    instructions: str | None = Field(default=None, description="what a participant is told before the first trial")
    questions: tuple[Question, ...] = Field(default=(), description="asked after the last trial")

    @field_validator("questions")
    @classmethod
    def _questions_differ(cls, questions: tuple[Question, ...]) -> tuple[Question, ...]:
        names = [question.name for question in questions]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            raise ValueError(f"two questions are named '{doubled}': give one another name")
        return questions


def load_study(path: str | Path) -> Study:
    """Read a study definition.

    Parameters
    ----------
    path : str or Path
        A YAML file.

    Returns
    -------
    Study

    Raises
    ------
    InputError
        Naming file, line and key of what is wrong; for an unknown key with the nearest right one.
    """
    return read_declaration(path, Study, what="a study definition")
