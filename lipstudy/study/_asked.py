"""What participants are shown and asked besides trials: consent, checks, questions, rating scales."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lipstudy.records import Declared

__all__ = ["AttentionQuestion", "Check", "Consent", "Question", "RatingScale"]

Text = Annotated[str, Field(min_length=1)]

Check = Literal["sound", "vision"]
"""sound: count the tones. vision: read the letters."""


class Consent(Declared):
    """What a participant agrees to."""

    version: str = Field(description="version of the text; it is recorded with the consent", min_length=1)
    text: str = Field(description="the text shown", min_length=1)


class Question(Declared):
    """One question after the last trial."""

    name: str = Field(description="name of the question in the data", pattern=r"^[A-Za-z]\w*$")
    prompt: str = Field(description="what is asked", min_length=1)
    kind: Literal["text", "number", "choice"] = Field(default="text", description="how it is answered")
    choices: tuple[Text, ...] = Field(default=(), description="the answers to choose from, for kind: choice")

    @model_validator(mode="after")
    def _choices_fit(self) -> Self:
        if self.kind == "choice" and len(set(self.choices)) < 2:
            raise ValueError(f"the question '{self.name}' needs two different choices or more")
        if self.kind != "choice" and self.choices:
            raise ValueError(f"the question '{self.name}' has choices: give it 'kind: choice'")
        return self


class AttentionQuestion(Question):
    """A question between trials that anyone who pays attention answers rightly."""

    kind: Literal["choice"] = Field(default="choice", description="how it is answered")
    correct: str = Field(description="the right answer, one of the choices", min_length=1)

    @model_validator(mode="after")
    def _correct_is_a_choice(self) -> Self:
        if self.correct not in self.choices:
            raise ValueError(f"the right answer '{self.correct}' of '{self.name}' is not among its choices")
        return self


_ENDS = {"slider": (0, 100), "acr": (1, 5), "likert": (1, 7)}
_LABELS = {"slider": ("bad", "excellent"), "acr": ("bad", "poor", "fair", "good", "excellent")}


class RatingScale(Declared):
    """On what a single clip is rated."""

    kind: Literal["slider", "acr", "likert"] = Field(
        description="slider: 0 to 100; acr: absolute category rating in 5 words, 1 to 5 (ITU-T P.910); likert: 1 to 7"
    )
    labels: tuple[Text, ...] = Field(
        default=(), description="words: both ends, or one for each step; acr has those of ITU-T P.910 by default"
    )

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        steps = int(self.highest - self.lowest) + 1
        if self.kind == "likert" and not self.labels:
            raise ValueError("a likert scale needs labels: the two ends of the agreement, or all seven steps")
        if self.labels and len(self.labels) not in ({2} if self.kind == "slider" else {2, steps}):
            allowed = "2" if self.kind == "slider" else f"2 or {steps}"
            raise ValueError(f"the labels of a scale of kind {self.kind} must be {allowed}, got {len(self.labels)}")
        return self

    @property
    def lowest(self) -> float:
        """The lowest rating."""
        return _ENDS[self.kind][0]

    @property
    def highest(self) -> float:
        """The highest rating."""
        return _ENDS[self.kind][1]

    @property
    def shown_labels(self) -> tuple[str, ...]:
        """The words at the scale: two, or one for each step."""
        return self.labels or _LABELS[self.kind]

    def holds(self, rating: float) -> bool:
        """Whether `rating` is one that the scale can give: whole numbers between its ends."""
        return self.lowest <= rating <= self.highest and rating == int(rating)
