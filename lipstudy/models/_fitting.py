"""From films to a checkpoint: shapes, training, and gains calibrated on speech that was held out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.models._checkpoint import Checkpoint
from lipstudy.models._films import Film
from lipstudy.models._network import LipNetwork
from lipstudy.models._shape_basis import PARAMETERS, estimate_basis
from lipstudy.models._takes import Heard, Take, takes_of
from lipstudy.models._training import Course, Recipe, Trained, train_lips

__all__ = ["Calibration", "Sample", "calibrated", "fit_checkpoint", "speakers_of"]

Floats = NDArray[np.floating[Any]]

_GAINS = (0.7, 2.0)
_INNER_FOLDS = 2
_CLOSED_FROM = 0.2
"""Likelihood of /p b m/ at which the lips are half closed. The likelihood that the network gives for any contact closes
lips in vowels too, and costs 0.04 of the aperture's correlation on speakers left out."""


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


def calibrated(samples: Sequence[Sample], *, start: LipNetwork, recipe: Recipe, seed: int) -> Calibration:
    """Fit gains on speech held out: by speaker, or by film where there is one speaker."""
    by_speaker = len(speakers_of(samples)) > 1
    group = [s.film.file.speaker if by_speaker else s.film.file.path.stem for s in samples]
    names = sorted(set(group))
    if len(names) < 2:
        return Calibration(np.ones(len(PARAMETERS), np.float32))
    single = replace(recipe, size=replace(recipe.size, members=1))
    ratios = []
    for fold in range(min(_INNER_FOLDS, len(names))):
        left_out = set(names[fold::_INNER_FOLDS])
        inner = [sample for sample, name in zip(samples, group, strict=True) if name not in left_out]
        checkpoint, _ = fit_checkpoint(inner, start=start, recipe=single, seed=seed)
        for sample, name in zip(samples, group, strict=True):
            if name in left_out:
                take = takes_of(sample.film, sample.versions[:1], checkpoint.basis.astype(np.float64))[0]
                made = _made(checkpoint, take)
                seen = take.seen > 0
                ratios.append(take.parameters[seen].std(axis=0) / np.maximum(made[seen].std(axis=0), 1e-6))
    return Calibration(np.clip(np.median(ratios, axis=0), *_GAINS).astype(np.float32))


def _made(checkpoint: Checkpoint, take: Take) -> NDArray[np.float32]:
    network = checkpoint.network
    with torch.no_grad():
        values, _ = network(torch.tensor(take.features)[None], torch.zeros(1, network.size.embedding))
    parameters = values[0].numpy() * checkpoint.scale
    aperture = PARAMETERS.index("aperture")
    parameters[:, aperture] = np.maximum(parameters[:, aperture], 0)
    return np.asarray(parameters)


def _checkpoint(trained: Trained, basis: Floats, calibration: Calibration | None, card: dict[str, Any]) -> Checkpoint:
    gains = np.ones(len(PARAMETERS), np.float32) if calibration is None else calibration.gains
    card |= {"gains": dict(zip(PARAMETERS, np.round(gains, 3).tolist(), strict=True))}
    return Checkpoint(
        trained.network, basis.astype(np.float32), trained.scale * gains, _CLOSED_FROM, trained.speakers, card
    )
