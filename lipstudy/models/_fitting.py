"""From films to a checkpoint: shapes, training, and gains calibrated on speech that was held out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.models._checkpoint import Checkpoint
from lipstudy.models._closing import USUAL_CLOSED_AT, closed_lips, fitted_closed_at, reached_near
from lipstudy.models._films import Film
from lipstudy.models._network import LipNetwork, lip_times_s
from lipstudy.models._shape_basis import PARAMETERS, estimate_basis
from lipstudy.models._takes import Heard, Take, takes_of
from lipstudy.models._training import Course, Recipe, Trained, train_lips
from lipstudy.models._visemes import segments_of
from lipstudy.speech import Phone

__all__ = ["INNER_FOLDS", "Calibration", "Sample", "calibrated", "fit_checkpoint", "part_of", "speakers_of"]

Floats = NDArray[np.floating[Any]]

_APERTURE = PARAMETERS.index("aperture")
_GAINS = (0.7, 2.0)
INNER_FOLDS = 2
"""In which `calibrated` trains anew."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A film with all versions of its sound."""

    film: Film
    """What it shows."""
    versions: tuple[Heard, ...]
    """What it lets hear; the original first."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was fitted on held-out speech."""

    gains: NDArray[np.float32]
    """(P,) by which the network's motion is too small: median over films of the ratio of standard deviations."""
    closed_at: float
    """Level at which nine of ten known /p b m/ close."""


def part_of(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Return what tells the steps of one part of a work to `progress`, after `before` steps and of `total` in all."""
    return None if progress is None else lambda done, _: progress(before + done, total)


def speakers_of(samples: Sequence[Sample]) -> list[str]:
    """Return the speakers, sorted."""
    return sorted({sample.film.file.speaker for sample in samples})


def fit_checkpoint(
    samples: Sequence[Sample],
    *,
    start: LipNetwork,
    recipe: Recipe,
    seed: int,
    calibration: Calibration | None = None,
    keep_lips: bool = False,
    validation: Sequence[Sample] = (),
    basis: Floats | None = None,
    folder: Path | None = None,
    card: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> tuple[Checkpoint, Course]:
    """Train on `samples` and return a checkpoint; without a `calibration` its gains are 1.

    `basis` is that of a checkpoint whose lips are trained on; by default it is estimated on the films.
    """
    if not samples:
        raise InputError("there is no film to train on")
    if basis is None:
        basis, _ = estimate_basis(np.concatenate([sample.film.displacement for sample in samples]))
    trained = train_lips(
        [take for sample in samples for take in takes_of(sample.film, sample.versions, basis)],
        start=start,
        recipe=recipe,
        seed=seed,
        keep_lips=keep_lips,
        validation=[takes_of(sample.film, sample.versions[:1], basis)[0] for sample in validation],
        folder=folder,
        progress=progress,
    )
    return _checkpoint(trained, basis, calibration, dict(card or {})), trained.course


def calibrated(
    samples: Sequence[Sample],
    phones: Sequence[tuple[Phone, ...] | None],
    *,
    start: LipNetwork,
    recipe: Recipe,
    seed: int,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Calibration:
    """Fit gains and closures on speech held out: by speaker, or by film where there is one speaker.

    `phones` are those of each sample, None where they are not known; `folder` keeps the state of each fold, `progress`
    is told the epochs of all folds.
    """
    held_out = list(_held_out(samples, start=start, recipe=recipe, seed=seed, folder=folder, progress=progress))
    reached = [
        value
        for number, _, made in held_out
        for value in reached_near(made.closing, lip_times_s(len(made.closing)), _bilabials_s(phones[number]))
    ]
    closed_at = fitted_closed_at(reached)
    ratios = []
    for _, take, made in held_out:
        parameters, seen = made.parameters.copy(), take.seen > 0
        parameters[:, _APERTURE] *= 1 - closed_lips(made.closing, made.resting, closed_at=closed_at)
        ratios.append(take.parameters[seen].std(axis=0) / np.maximum(parameters[seen].std(axis=0), 1e-6))
    gains = np.clip(np.median(ratios, axis=0), *_GAINS) if ratios else np.ones(len(PARAMETERS))
    return Calibration(gains.astype(np.float32), closed_at)


@dataclass(frozen=True, slots=True)
class _Made:
    parameters: NDArray[np.float32]
    closing: NDArray[np.float32]
    resting: NDArray[np.float32]


def _held_out(
    samples: Sequence[Sample],
    *,
    start: LipNetwork,
    recipe: Recipe,
    seed: int,
    folder: Path | None,
    progress: Progress | None,
) -> Iterator[tuple[int, Take, _Made]]:
    # Number of each sample, its take, and what lips make of it that were trained without it.
    by_speaker = len(speakers_of(samples)) > 1
    group = [s.film.file.speaker if by_speaker else s.film.file.path.stem for s in samples]
    names = sorted(set(group))
    if len(names) < 2:
        return
    single = replace(recipe, size=replace(recipe.size, members=1))
    for fold in range(INNER_FOLDS):
        left_out = set(names[fold::INNER_FOLDS])
        inner = [sample for sample, name in zip(samples, group, strict=True) if name not in left_out]
        checkpoint, _ = fit_checkpoint(
            inner,
            start=start,
            recipe=single,
            seed=seed,
            folder=folder and folder / f"fold {fold + 1}",
            progress=part_of(progress, fold * recipe.epochs, INNER_FOLDS * recipe.epochs),
        )
        for number, (sample, name) in enumerate(zip(samples, group, strict=True)):
            if name in left_out:
                take = takes_of(sample.film, sample.versions[:1], checkpoint.basis.astype(np.float64))[0]
                yield number, take, _made(checkpoint, take)


def _made(checkpoint: Checkpoint, take: Take) -> _Made:
    network = checkpoint.network
    with torch.no_grad():
        values, closing, resting = network(torch.tensor(take.features)[None], torch.zeros(1, network.size.embedding))
    parameters = values[0].numpy() * checkpoint.scale
    parameters[:, _APERTURE] = np.maximum(parameters[:, _APERTURE], 0)
    return _Made(parameters, closing[0].numpy(), resting[0].numpy())


def _bilabials_s(phones: Sequence[Phone] | None) -> list[float]:
    said = segments_of(phones or ())
    return [(segment.start_s + segment.end_s) / 2 for segment in said if segment.viseme == "bilabial"]


def _checkpoint(trained: Trained, basis: Floats, calibration: Calibration | None, card: dict[str, Any]) -> Checkpoint:
    fitted = calibration or Calibration(np.ones(len(PARAMETERS), np.float32), USUAL_CLOSED_AT)
    gains = fitted.gains
    card |= {"gains": dict(zip(PARAMETERS, np.round(gains, 3).tolist(), strict=True))}
    return Checkpoint(
        trained.network, basis.astype(np.float32), trained.scale * gains, fitted.closed_at, trained.speakers, card
    )
