"""Measuring a recipe on speakers it was not trained on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lipstudy.execution import Progress
from lipstudy.models._checkpoint import Checkpoint
from lipstudy.models._evaluation import Evaluation, evaluate_model
from lipstudy.models._films import Film
from lipstudy.models._fitting import Sample, calibrated, fit_checkpoint, speakers_of
from lipstudy.models._network import LipNetwork
from lipstudy.models._neural import NeuralLipMotion
from lipstudy.models._training import Recipe
from lipstudy.speech import Phone

__all__ = ["leave_one_speaker_out"]


@dataclass(frozen=True, slots=True)
class _Fold:
    speaker: str
    checkpoint: Checkpoint


def leave_one_speaker_out(
    samples: Sequence[Sample],
    phones: Sequence[tuple[Phone, ...] | None],
    *,
    start: LipNetwork,
    recipe: Recipe,
    seed: int,
    speakers: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Train without each speaker in turn and evaluate on that speaker's films.

    Nothing of the speaker left out is used: not for shapes, weights or means, and gains and closures are fitted on
    speakers held out among the others. The number of epochs is fixed by the recipe.

    Parameters
    ----------
    samples, phones : sequence
        The films and, for each, its phones or None.
    start : LipNetwork
        Gives the hearing, which must not have learned from these films.
    recipe : Recipe
        How to train.
    seed : int
        Of everything random.
    speakers : sequence of str, optional
        To leave out; by default each.
    progress : Progress, optional
        Told the speakers.
    """
    chosen = list(speakers or speakers_of(samples))
    models = {
        fold.speaker: NeuralLipMotion(fold.checkpoint)
        for fold in _folds(samples, phones, chosen, start=start, recipe=recipe, seed=seed, progress=progress)
    }
    kept = [number for number, sample in enumerate(samples) if sample.film.file.speaker in models]

    def model_for(film: Film) -> NeuralLipMotion:
        return models[film.file.speaker]

    return evaluate_model(model_for, [samples[n].film for n in kept], [phones[n] for n in kept])


def _folds(
    samples: Sequence[Sample],
    phones: Sequence[tuple[Phone, ...] | None],
    speakers: Sequence[str],
    *,
    start: LipNetwork,
    recipe: Recipe,
    seed: int,
    progress: Progress | None,
) -> Iterator[_Fold]:
    for number, speaker in enumerate(speakers, start=1):
        kept = [n for n, sample in enumerate(samples) if sample.film.file.speaker != speaker]
        others = [samples[n] for n in kept]
        calibration = calibrated(others, [phones[n] for n in kept], start=start, recipe=recipe, seed=seed)
        checkpoint, _ = fit_checkpoint(others, start=start, recipe=recipe, seed=seed, calibration=calibration)
        yield _Fold(speaker, checkpoint)
        if progress is not None:
            progress(number, len(speakers))
