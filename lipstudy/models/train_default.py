"""Train the model that this package carries, and measure its recipe on speakers left out.

::

    python -m lipstudy.models.train_default ../shared/data/grid --table lipstudy/models/grid_films.csv \
        --speech ../shared/data/facegood -o lipstudy/models

writes ``tcn.safetensors`` and its card ``tcn.json``. It needs about a quarter of an hour on one core, and no GPU; what
was done is kept in the folder given with --work, and a run that was stopped goes on from there.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from lipstudy.errors import LipstudyError
from lipstudy.execution import Progress
from lipstudy.media import read_sound
from lipstudy.models._checkpoint import save_checkpoint
from lipstudy.models._features import SR
from lipstudy.models._films import films_in, phones_of_films, read_films
from lipstudy.models._fitting import Sample, calibrated, fit_checkpoint
from lipstudy.models._hearing import HEARING_RECIPE, synthetic_speech, train_hearing
from lipstudy.models._leave_one_out import leave_one_speaker_out
from lipstudy.models._model_files import DEFAULT_FILES
from lipstudy.models._network import LipNetwork, NetworkSize
from lipstudy.models._takes import heard_versions
from lipstudy.models._training import Recipe
from lipstudy.records import atomic_path, provenance

__all__ = ["main"]

_NUM_SYNTHETIC = 60


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m lipstudy.models.train_default", description=__doc__)
    parser.add_argument("films", type=Path, help="folder of films")
    parser.add_argument("--table", type=Path, help="CSV: film, speaker, text")
    parser.add_argument("--speech", type=Path, help="folder of more speech (*.flac), without labels, for the hearing")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for tcn.safetensors and tcn.json")
    parser.add_argument(
        "--work", type=Path, default=Path("train_default_work"), help="folder for what can be used again"
    )
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    try:
        _make(given)
    except LipstudyError as error:
        sys.exit(f"Error: {error}")


def _make(given: argparse.Namespace) -> None:
    seed, recipe = given.seed, Recipe()
    films = read_films(films_in(given.films, table=given.table), cache=given.work / "tracks", progress=_told("tracked"))
    phones = phones_of_films(films)
    samples = [Sample(film, tuple(heard_versions(film, seed=seed))) for film in films]
    speech = sorted(given.speech.glob("*.flac")) if given.speech else []
    start, heard = _start(given.work / "hearing.pt", speech, recipe.size, seed)
    left_out = leave_one_speaker_out(
        samples, phones, start=start, recipe=recipe, seed=seed, progress=_told("speakers left out")
    )
    calibration = calibrated(samples, phones, start=start, recipe=recipe, seed=seed)
    inputs = [film.file.path for film in films] + speech
    card = _DESCRIPTION | {
        "films": len(films),
        "film_seconds": round(sum(film.track.duration_s for film in films), 1),
        "recipe": asdict(recipe),
        "hearing": HEARING_RECIPE | heard,
        "left_one_speaker_out": left_out.to_json(),
        "provenance": provenance(stage="train the default model", arguments={}, inputs=inputs, seed=seed)
        | {"torch": torch.__version__},
    }
    checkpoint, _ = fit_checkpoint(
        samples, start=start, recipe=recipe, seed=seed, calibration=calibration, card=card, progress=_told("epochs")
    )
    save_checkpoint(given.output, checkpoint, names=DEFAULT_FILES)


_DESCRIPTION: dict[str, Any] = {
    "what": "Speech to lip motion: log-mel -> phones -> parameters of the lips, by small temporal convolutional "
    "networks and a linear model of the phones, averaged.",
    "command": "python -m lipstudy.models.train_default FILMS --table TABLE --speech SPEECH -o FOLDER",
    "data": "GRID audiovisual sentence corpus, twelve clips (36 s) of ten speakers: Cooke, M., Barker, J., "
    "Cunningham, S., & Shao, X. (2006). An audio-visual corpus for speech perception and automatic speech "
    "recognition. JASA, 120(5). The phones are learned from the acoustic model that PocketSphinx carries (BSD licence, "
    "Alpha Cephei 2015), from synthetic speech of espeak-ng, and from the sound of the FACEGOOD-Audio2Face samples "
    "(MIT licence).",
    "licence_of_data": "CC BY 4.0 (GRID). No clip, picture or landmark of a single speaker is stored here.",
    "caution": "36 seconds of film of ten young British speakers, one frontal camera, one kind of sentence: very "
    "little. Other accents, ages, emotions and languages were not seen. left_one_speaker_out says how it does on "
    "speakers that it was not trained on: shapes, weights, gains and the level at which lips close are fitted without "
    "them; the recipe itself was found on these same films (docs/models.md).",
}


def _start(kept: Path, speech: Sequence[Path], size: NetworkSize, seed: int) -> tuple[LipNetwork, dict[str, float]]:
    start = LipNetwork(size)
    if kept.is_file():
        state = torch.load(kept, weights_only=True)
        start.hearing.load_state_dict(state["weights"])
        return start, dict(state["measured"])
    sounds = [read_sound(path, sr=SR).samples for path in speech]
    hearing, measured = train_hearing(
        [*synthetic_speech(_NUM_SYNTHETIC, seed=seed), *sounds],
        hidden=size.hearing,
        seed=seed,
        progress=_told("updates"),
    )
    with atomic_path(kept) as temporary:
        torch.save({"weights": hearing.state_dict(), "measured": measured}, temporary)
    start.hearing.load_state_dict(hearing.state_dict())
    return start, measured


def _told(what: str) -> Progress:
    def tell(done: int, total: int) -> None:
        print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    main()
