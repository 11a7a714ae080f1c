"""The study definition: what a lab declares in YAML before anyone is run."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from lipstudy.records import Declared, Fault, read_declaration
from lipstudy.study._asked import AttentionQuestion, Check, Consent, Question, RatingScale
from lipstudy.study._rules import QualityRule

__all__ = ["Analysis", "Factors", "FaultTrials", "Study", "load_study"]

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


class FaultTrials(Declared):
    """How many trials of a participant hold a clip with a fault that anyone who watches should see."""

    swapped_speech: int = Field(default=0, description="lips that speak another sentence", ge=0, le=100)
    frozen_mouth: int = Field(default=0, description="a mouth that stays shut under the speech", ge=0, le=100)
    desynchronised: int = Field(default=0, description="a picture that is late by 300 ms", ge=0, le=100)

    @property
    def counts(self) -> dict[Fault, int]:
        """The faults asked for and how often."""
        counts: dict[Fault, int] = {
            "swapped_speech": self.swapped_speech,
            "frozen_mouth": self.frozen_mouth,
            "desynchronised": self.desynchronised,
        }
        return {fault: count for fault, count in counts.items() if count}


class Analysis(Declared):
    """How the answers are to be analysed."""

    scale: Literal["log2", "linear"] = Field(
        default="log2", description="how articulation a enters the model: log2(a), or a - 1"
    )
    curve: Literal["quadratic", "spline"] = Field(
        default="quadratic",
        description="shape of the preference curve; the spline has its knots at the lowest scale, 1 and the highest",
    )
    equivalence_log_odds: float | None = Field(
        default=None,
        description="the smallest difference between over- and under-articulation that matters, for a claim of none",
        gt=0,
        allow_inf_nan=False,
    )


class Study(Declared):
    """A study: which clips are compared or rated, how often, by how many people, and what they are told and asked."""

    name: str = Field(description="name of the study", pattern=r"^[\w.+-]+$")
    clips: str = Field(description="the clip manifest, relative to the study file", min_length=1)
    participants: int = Field(description="number of participant slots", ge=1, le=9999)
    factors: Factors = Field(default=Factors(), description="the levels used; all by default")

    compare: Literal["articulation", "operator", "model"] = Field(
        default="articulation", description="in what the two clips of a pair differ; the systems that are ranked"
    )
    pairing: Literal["reference", "all_pairs", "adaptive"] = Field(
        default="reference",
        description="each scale against the reference articulation; every two levels; or every two levels offered in"
        " the order of what each answer would tell (for ranking many systems)",
    )
    reference_articulation: Scale = Field(default=1.0, description="the scale that the others are compared with")
    rating: RatingScale | None = Field(
        default=None, description="each clip is rated alone on this scale; left out, clips are compared in pairs"
    )
    presentation: Literal["side_by_side", "sequential"] = Field(
        default="side_by_side", description="the two clips beside each other, or one after the other"
    )
    prompt: str = Field(
        default="Which one do you prefer?", description="what is asked under the clips of every trial", min_length=1
    )
    no_preference: bool = Field(default=False, description="whether 'no preference' is a third answer")
    max_plays: int = Field(default=3, description="times that the clips of a trial may be played", ge=1, le=100)
    answer_before_end: bool = Field(default=False, description="whether an answer counts before the clips were seen")

    repetitions: int = Field(default=1, description="times that a participant sees each pair or clip", ge=1, le=100)
    sentences: Literal["crossed", "latin_square"] = Field(
        default="crossed",
        description="crossed: a participant sees each comparison with each sentence; latin_square: each sentence with"
        " one comparison, rotated over participants",
    )
    sentences_per_participant: int | None = Field(
        default=None,
        description="sentences that each participant sees, rotated over participants; all if left out",
        ge=1,
    )
    trials_per_participant: int | None = Field(
        default=None, description="with pairing: adaptive, the trials of one participant", ge=1, le=5000
    )
    catch_trials: int = Field(default=0, description="trials with the same clip on both sides", ge=0, le=1000)
    catch_faults: FaultTrials = Field(
        default=FaultTrials(), description="trials in which one clip has a fault, so that there is a right answer"
    )
    practice_trials: int = Field(
        default=0,
        description="trials before the first that counts, with feedback where an answer is right",
        ge=0,
        le=20,
    )
    blocks: Literal["by_embodiment", "mixed"] = Field(
        default="by_embodiment", description="one block for each embodiment, or one block with all mixed"
    )
    break_every_trials: int | None = Field(
        default=None, description="trials between two breaks; none if left out", ge=1
    )
    clip_retries: int = Field(
        default=2, description="times that a trial is offered again whose clip did not play", ge=0, le=10
    )
    reissue_after_h: float = Field(
        default=24, description="hours after which the slot of an unfinished session is given out again", gt=0
    )

    consent: Consent | None = Field(default=None, description="what a participant agrees to before the first trial")
    checks: tuple[Check, ...] = Field(default=(), description="sound, vision: checked before the instructions")
    instructions: str | None = Field(default=None, description="what a participant is told before the first trial")
    attention_questions: tuple[AttentionQuestion, ...] = Field(
        default=(), description="asked between trials, with a right answer"
    )
    questions: tuple[Question, ...] = Field(default=(), description="asked after the last trial")
    quality: tuple[QualityRule, ...] = Field(
        default=(), description="rules that decide which participants are used, kept apart or rejected"
    )
    analysis: Analysis = Field(
        default=Analysis(), description="scale, curve and bound of equivalence, named before data are seen"
    )
    family: tuple[Level, ...] = Field(
        default=(), description="the tests among which p-values are corrected (Holm), named before data are seen"
    )

    @field_validator("questions", "attention_questions")
    @classmethod
    def _questions_differ(cls, questions: tuple[Question, ...]) -> tuple[Question, ...]:
        names = [question.name for question in questions]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            raise ValueError(f"two questions are named '{doubled}': give one another name")
        return questions

    @field_validator("checks")
    @classmethod
    def _checks_differ(cls, checks: tuple[Check, ...]) -> tuple[Check, ...]:
        if len(set(checks)) < len(checks):
            raise ValueError(f"the check '{checks[0]}' is there twice: keep one")
        return checks

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        if self.rating is not None:
            pairs_only = {"catch_trials", "no_preference", "presentation", "pairing"}
            given = sorted(pairs_only & self.model_fields_set)
            if given:
                raise ValueError(f"'rating' shows one clip at a time, and '{given[0]}' is about two: leave one out")
        if (self.pairing == "adaptive") != (self.trials_per_participant is not None):
            raise ValueError("'pairing: adaptive' and 'trials_per_participant' need each other")
        if self.pairing == "adaptive" and (self.sentences != "crossed" or self.sentences_per_participant is not None):
            raise ValueError("'pairing: adaptive' draws its sentences itself: leave the keys about sentences out")
        if self.sentences == "latin_square" and self.sentences_per_participant is not None:
            raise ValueError("'sentences: latin_square' uses every sentence: leave 'sentences_per_participant' out")
        if self.compare != "articulation" and self.pairing == "reference":
            raise ValueError(
                f"'compare: {self.compare}' has no reference: write 'pairing: all_pairs' or 'pairing: adaptive'"
            )
        return self


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
