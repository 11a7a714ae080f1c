"""A model of one's own: films in, a folder with a trained model out, in minutes."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.models._checkpoint import Checkpoint, default_checkpoint, load_checkpoint, save_checkpoint
from lipstudy.models._evaluation import Evaluation, evaluate_model
from lipstudy.models._films import Film, FilmFile
from lipstudy.models._fitting import INNER_FOLDS, Sample, calibrated, fit_checkpoint, part_of
from lipstudy.models._model_files import WORK_FOLDER
from lipstudy.models._neural import NeuralLipMotion
from lipstudy.models._pictures import learning_curve_png
from lipstudy.models._takes import heard_versions
from lipstudy.models._training import Recipe
from lipstudy.randomness import named_stream
from lipstudy.records import provenance, write_bytes
from lipstudy.speech import Phone

__all__ = ["TrainedModel", "check_trainable", "train_model"]

_LEAST_FILMS = 3
_EPOCHS_ON, _LEARNING_RATE_ON = 16, 1.5e-3
"""Where the lips of the package's model are trained on."""
_CURVE_FILE = "learning_curve.png"


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A finished training."""

    checkpoint: Checkpoint
    """The model, with its card."""
    held_out: Evaluation
    """How it does on the films that were left out of training."""
    packaged: Evaluation
    """How the package's own model does on the same films."""


def check_trainable(files: Sequence[FilmFile]) -> None:
    """Raise InputError unless these films are enough to train on: to be told before they are tracked."""
    if len(files) < _LEAST_FILMS:
        raise InputError(f"{len(files)} films are too few to train on: at least {_LEAST_FILMS} are needed")
    if len(set(_groups(files))) < 2:
        raise InputError("all films say the same sentence: at least two different sentences are needed")


def train_model(
    films: Sequence[Film],
    phones: Sequence[tuple[Phone, ...] | None],
    folder: Path,
    *,
    seed: int,
    from_scratch: bool = False,
    progress: Progress | None = None,
) -> TrainedModel:
    """Train a model on films of one speaker or of several, and write it into `folder`.

    The package's model is trained on (or its hearing alone kept: `from_scratch`). A part of the films is left out:
    with three or more speakers one of four speakers, else one of four sentences. They decide when training stops and
    say in the card how good the model is. The state is kept after every epoch: the same command goes on where it
    stopped.

    Parameters
    ----------
    films : sequence of Film
        At least three.
    phones : sequence
        For each film its phones, or None (`phones_of_films`).
    folder : Path
        For ``model.safetensors``, ``card.json`` and ``learning_curve.png``.
    seed : int
        Of split, weights and order.
    from_scratch : bool
        Begin with lips that know nothing.
    progress : Progress, optional
        Told the epochs, those of calibrating included.

    Raises
    ------
    InputError
        If there are too few films, or all say the same.
    OutputError
        If the folder cannot be written.
    """
    check_trainable([film.file for film in films])
    samples = [Sample(film, tuple(heard_versions(film, seed=seed))) for film in films]
    left_out = _left_out([film.file for film in films], seed)
    learned = [s for s, out in zip(samples, left_out, strict=True) if not out]
    tested = [s for s, out in zip(samples, left_out, strict=True) if out]
    packaged = default_checkpoint()
    recipe = Recipe(size=replace(packaged.network.size, speakers=0))
    if not from_scratch:
        recipe = replace(recipe, epochs=_EPOCHS_ON, learning_rate=_LEARNING_RATE_ON)
    start = packaged.network
    basis = None if from_scratch else packaged.basis.astype(np.float64)
    said = [phones[n] for n, out in enumerate(left_out) if not out]
    inner = replace(recipe, epochs=Recipe().epochs)
    before = INNER_FOLDS * inner.epochs
    total = before + recipe.epochs
    calibration = calibrated(
        learned,
        said,
        start=start,
        recipe=inner,
        seed=seed,
        folder=folder / WORK_FOLDER,
        progress=part_of(progress, 0, total),
    )
    card = _card(films, tested, recipe, seed, from_scratch)
    checkpoint, course = fit_checkpoint(
        learned,
        start=start,
        recipe=recipe,
        seed=seed,
        calibration=calibration,
        keep_lips=not from_scratch,
        validation=tested,
        basis=basis,
        folder=folder / WORK_FOLDER,
        card=card,
        progress=part_of(progress, before, total),
    )
    films_out = [sample.film for sample in tested]
    phones_out = [said for said, out in zip(phones, left_out, strict=True) if out]
    known = set(checkpoint.speakers)
    held_out = evaluate_model(
        lambda film: NeuralLipMotion(checkpoint, speaker=film.file.speaker if film.file.speaker in known else None),
        films_out,
        phones_out,
    )
    of_package = evaluate_model(NeuralLipMotion(), films_out, phones_out)
    told = dict(checkpoint.card) | {"course": asdict(course), "held_out": held_out.to_json()}
    told |= {"package_model_on_the_same_films": of_package.to_json()["summary"]}
    checkpoint = replace(checkpoint, card=told)
    save_checkpoint(folder, checkpoint)
    write_bytes(folder / _CURVE_FILE, learning_curve_png(course))
    return TrainedModel(load_checkpoint(folder), held_out, of_package)


def _left_out(files: Sequence[FilmFile], seed: int) -> list[bool]:
    groups = _groups(files)
    names = sorted(set(groups))
    count = max(1, len(names) // 4)
    out = set(named_stream(seed, "left out").permutation(names)[:count].tolist())
    return [group in out for group in groups]


def _groups(files: Sequence[FilmFile]) -> list[str]:
    # What is left out together. Never frames: neighbouring ones are nearly the same.
    by_speaker = len({file.speaker for file in files}) > 2
    return [file.speaker if by_speaker else file.text or file.path.stem for file in files]


def _card(
    films: Sequence[Film], tested: Sequence[Sample], recipe: Recipe, seed: int, from_scratch: bool
) -> dict[str, Any]:
    return {
        "what": "Speech to lip motion, trained by 'lipstudy train'.",
        "begun_from": "the hearing of the package's model" if from_scratch else "the package's model",
        "films": len(films),
        "film_seconds": round(sum(film.track.duration_s for film in films), 1),
        "left_out": [sample.film.file.path.name for sample in tested],
        "left_out_is": "What decided when to stop; it flatters a little.",
        "recipe": asdict(recipe),
        "provenance": provenance(
            stage="train", arguments={"from_scratch": from_scratch}, inputs=[f.file.path for f in films], seed=seed
        ),
    }
