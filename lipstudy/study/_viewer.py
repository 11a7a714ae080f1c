"""Simulated viewers: known preferences, to try a study and its analysis before anyone is run."""

import math
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from pydantic import Field

from lipstudy.randomness import named_stream
from lipstudy.records import Declared, PlannedTrial, Response, read_declaration
from lipstudy.study._chance import draw_open
from lipstudy.study._study import Study

__all__ = ["Choice", "SimulatedViewer", "SimulatedViewers", "load_viewers"]

_NORMAL = NormalDist()


class SimulatedViewers(Declared):
    """How simulated viewers choose.

    A viewer's utility of articulation ``a`` is ``-((a - peak) / width)^2`` plus a slope of its own times ``a - 1``,
    plus the sentence's slope times ``a - 1``. The left clip is chosen with the logistic function of the difference in
    utility plus the viewer's side bias; in a lapse a side is taken at random.

    By default the viewers mildly prefer over-articulation, with a peak at 1.2. That is a planted answer which an
    analysis should find again. It is not a finding about people.
    """

    peak: float = Field(default=1.2, description="the articulation that the average viewer prefers", ge=0)
    width_below: float = Field(
        default=0.4, description="distance below the peak at which utility has fallen by 1 logit", gt=0
    )
    width_above: float = Field(
        default=0.4, description="distance above the peak at which utility has fallen by 1 logit", gt=0
    )
    slope_sd: float = Field(
        default=0.8,
        description="between viewers: standard deviation of the slope, logits per unit of articulation",
        ge=0,
    )
    sentence_sd: float = Field(
        default=0.3, description="between sentences: standard deviation of the slope, logits per unit", ge=0
    )
    side_bias: float = Field(default=0.1, description="logits in favour of the left side, mean over viewers")
    side_bias_sd: float = Field(default=0.2, description="between viewers: standard deviation of the side bias", ge=0)
    lapse_rate: float = Field(default=0.02, description="share of answers given at random", ge=0, le=1)
    decision_median_s: float = Field(
        default=1.1, description="median time from the end of the clips to the answer", gt=0
    )
    decision_log_sd: float = Field(default=0.4, description="standard deviation of the logarithm of that time", ge=0)
    replay_rate: float = Field(
        default=0.1,
        description="share of trials in which the clips are played twice, where the study allows",
        ge=0,
        le=1,
    )
    fault_seen: float = Field(
        default=0.95, description="share of catch trials in which the fault of a clip is seen", ge=0, le=1
    )
    tie_width: float = Field(
        default=0.4, description="logits within which two clips seem equal, where 'no preference' is allowed", ge=0
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What a simulated viewer does in one trial."""

    response: Response | None
    """For a comparison."""
    rating: float | None
    """For a single clip."""
    decision_s: float
    """From the end of the clips to the answer."""
    plays: int
    """Times that the clips are played."""


class SimulatedViewer:
    """One simulated viewer; what it does in a trial depends on the seed, its slot and the trial alone."""

    def __init__(self, viewers: SimulatedViewers, participant: str, *, seed: int) -> None:
        """Draw the viewer of `participant`."""
        rng = named_stream(seed, "simulation", "viewer", participant)
        self._viewers = viewers
        self._participant = participant
        self._seed = seed
        self._slope = viewers.slope_sd * _normal(rng)
        self._bias = viewers.side_bias + viewers.side_bias_sd * _normal(rng)

    def choose(self, trial: PlannedTrial, study: Study) -> Choice:
        """Return what the viewer does in `trial`."""
        viewers = self._viewers
        rng = named_stream(self._seed, "simulation", self._participant, trial.trial)
        slope = self._slope + viewers.sentence_sd * _normal(
            named_stream(self._seed, "simulation", "sentence", trial.sentence)
        )
        lapses = draw_open(rng) < viewers.lapse_rate
        judgement = draw_open(rng)
        plays = 2 if draw_open(rng) < viewers.replay_rate and study.max_plays > 1 else 1
        decision_s = viewers.decision_median_s * math.exp(viewers.decision_log_sd * _normal(rng))
        # A logistic variable: with it the response to a difference in utility has the logistic function.
        noise = math.log(judgement / (1 - judgement))
        if study.rating is not None:
            low, high = study.rating.lowest, study.rating.highest
            level = (
                draw_open(rng) if lapses else _logistic(1 + self._utility(trial.articulation_left, slope) + noise / 2)
            )
            if trial.kind.startswith("catch") and not lapses and draw_open(rng) < viewers.fault_seen:
                level /= 8
            return Choice(None, float(round(low + (high - low) * level)), decision_s, plays)
        advantage = self._bias + self._utility(trial.articulation_left, slope)
        advantage += noise - self._utility(trial.articulation_right or 0.0, slope)
        response: Response = "left" if (judgement < 0.5 if lapses else advantage > 0) else "right"
        if trial.correct is not None and not lapses and draw_open(rng) < viewers.fault_seen:
            response = trial.correct
        elif study.no_preference and not lapses and abs(advantage) < viewers.tie_width:
            response = "no_preference"
        return Choice(response, None, decision_s, plays)

    def _utility(self, articulation: float, slope: float) -> float:
        viewers = self._viewers
        width = viewers.width_below if articulation < viewers.peak else viewers.width_above
        return -(((articulation - viewers.peak) / width) ** 2) + slope * (articulation - 1)


def load_viewers(path: str | Path) -> SimulatedViewers:
    """Read simulated viewers from a YAML file. Raises InputError naming file, line and key of what is wrong."""
    return read_declaration(path, SimulatedViewers, what="a description of simulated viewers")


def _normal(rng: np.random.Generator) -> float:
    return _NORMAL.inv_cdf(draw_open(rng))


def _logistic(value: float) -> float:
    return (1 + math.tanh(value / 2)) / 2
