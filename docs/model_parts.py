"""Make the table of docs/models.md on what each part of the network adds, and those on microphones and own films.

python docs/model_parts.py ../shared/data/grid --table lipstudy/models/grid_films.csv --facegood ../shared/data/facegood

Two networks where three are shipped, one seed, one speaker left out at a time; about ten minutes on one core.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path

import librosa
import numpy as np
import torch
from scipy.signal import fftconvolve

from lipstudy.media import read_sound
from lipstudy.models import (
    Film,
    NeuralLipMotion,
    Recipe,
    Sample,
    Take,
    default_checkpoint,
    evaluate_model,
    features,
    films_in,
    heard_versions,
    read_films,
    train_lips,
    viseme_track,
)
from lipstudy.models._fitting import fit_checkpoint, speakers_of
from lipstudy.models._network import LipNetwork, NetworkSize, lip_times_s
from lipstudy.models._shape_basis import PARAMETERS, estimate_basis, parameters_of
from lipstudy.speech import Speech, synthesise

SR = 16000
SEED = 1
RECIPE = Recipe(size=NetworkSize(members=2))
APERTURE, JAW = PARAMETERS.index("aperture"), PARAMETERS.index("jaw")
TAKE_FRAMES = 100
SENTENCES = (
    "Bob bought five more blue pots and a pan.",
    "We threw the blue umbrella up, and both brown boats came back empty.",
    "Maybe Pam should read my poem about the sea.",
    "Why do you always wear those warm shoes in the house?",
    "Put the white box over there, between the two red chairs.",
    "Few people knew how far the old road goes.",
    "My father and mother live near a small farm.",
)
VOICES = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-gb-x-gbclan")
FirstTakes = Callable[[Sequence[Sample], np.ndarray], list[Take]]


@dataclass(frozen=True)
class Variant:
    """The shipped model with one thing changed."""

    linear: tuple[float, ...] = RECIPE.size.linear
    """Share of the linear model in each parameter."""
    updates: int = RECIPE.epochs * RECIPE.steps
    """Of the networks' weights."""
    versions: int | None = None
    """How many versions of each sound are heard; all by default."""
    start: LipNetwork = field(default_factory=lambda: default_checkpoint().network)
    """Gives the hearing."""
    first: FirstTakes | None = None
    """What the networks are trained on before the films."""


def main() -> None:
    """Measure, and print rows in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--facegood", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("models_work"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    films = read_films(films_in(given.films, table=given.table), cache=given.work)
    samples = [Sample(film, tuple(heard_versions(film, seed=SEED))) for film in films]
    sentences = synthetic_sentences()
    none, all_of_it = (0.0,) * len(PARAMETERS), (1.0,) * len(PARAMETERS)
    shipped = without_each_speaker(samples, Variant())
    print("| | aperture r, mean | median | lowest | width r, median |\n| --- | --- | --- | --- | --- |")
    row("as shipped, with two networks", shipped, films)
    for name, variant in {
        "no changed sounds (speeds, noise, rooms, telephone)": Variant(versions=1),
        "no linear model": Variant(linear=none),
        "no linear model and no phones": Variant(linear=none, start=deaf_to_phones()),
        "linear model only": Variant(linear=all_of_it, updates=1),
        "networks trained first on the FACEGOOD jaw opening": Variant(
            first=lambda others, basis: facegood_takes(given.facegood, others, basis)
        ),
        "networks trained first on synthetic sentences and the viseme model's lips": Variant(
            first=lambda _, basis: synthetic_takes(sentences, basis)
        ),
    }.items():
        row(name, without_each_speaker(samples, variant), films)
    print("\n| microphone | aperture r, mean | median | lowest | width r, median |\n| --- | --- | --- | --- | --- |")
    for name, change in MICROPHONES.items():
        row(name, shipped, [replace(film, samples=change(film.samples).astype(np.float32)) for film in films])
    own_films(samples)


def without_each_speaker(samples: Sequence[Sample], variant: Variant) -> dict[str, NeuralLipMotion]:
    """Return, for each speaker, the model that never met that one. Its gains are 1, which no correlation sees."""
    found = {}
    steps = min(RECIPE.steps, variant.updates)
    recipe = replace(
        RECIPE, size=replace(RECIPE.size, linear=variant.linear), steps=steps, epochs=variant.updates // steps
    )
    for speaker in speakers_of(samples):
        others = [s for s in samples if s.film.file.speaker != speaker]
        learned = [replace(s, versions=s.versions[: variant.versions]) for s in others]
        basis, _ = estimate_basis(np.concatenate([s.film.displacement for s in others]))
        start = variant.start
        if variant.first is not None:
            start = train_lips(variant.first(others, basis), start=start, recipe=recipe, seed=SEED).network
        keep = variant.first is not None
        checkpoint, _ = fit_checkpoint(learned, start=start, recipe=recipe, seed=SEED, keep_lips=keep, basis=basis)
        found[speaker] = NeuralLipMotion(checkpoint)
    return found


class BeforeClosing:
    """What a model does before its lips are closed for /p b m/."""

    def __init__(self, model: NeuralLipMotion) -> None:
        self.model = model

    def displacements(self, speech: Speech, *, fps: float, neutral: np.ndarray) -> Iterator[np.ndarray]:
        """Yield displacements (n, 478, 3)."""
        for values, _ in self.model.parameters_before_closing(speech, fps=fps):
            yield np.einsum("tp,pkj->tkj", values, self.model.basis)


def row(name: str, models: dict[str, NeuralLipMotion], films: list[Film]) -> None:
    """Evaluate and print."""
    scores = evaluate_model(lambda film: BeforeClosing(models[film.file.speaker]), films, [None] * len(films)).scores
    aperture, width = [s.aperture_r for s in scores], [s.width_r for s in scores]
    numbers = (np.mean(aperture), np.median(aperture), np.min(aperture), np.median(width))
    print(f"| {name} | {' | '.join(f'{number:.2f}' for number in numbers)} |", flush=True)


def deaf_to_phones() -> LipNetwork:
    """Return a network to which all phones are equally likely, always."""
    network = deepcopy(default_checkpoint().network)
    network.hearing.layers[-1].weight.zero_()
    network.hearing.layers[-1].bias.zero_()
    return network


def facegood_takes(folder: Path, others: Sequence[Sample], basis: np.ndarray) -> list[Take]:
    """Return speech with the jaw of the FACEGOOD samples; the rest of the lips follows it as in the films."""
    shown = np.concatenate([parameters_of(s.film.displacement, basis) for s in others])
    jaw = shown[:, JAW]
    follows = np.polyfit(jaw, shown, 1)
    found = []
    for path in sorted(folder.glob("*.npz")):
        stored = np.load(path)
        opening = stored["weights"][:, stored["names"].tolist().index("mouth_stretch_c")]
        heard = features(read_sound(path.with_suffix(".flac"), sr=SR).samples)
        at_s = lip_times_s(len(heard) // 2) + 1 / 30  # the weights are a frame late
        opening = np.interp(at_s, np.arange(len(opening)) / 30, opening)
        opening = jaw.mean() + (opening - opening.mean()) / opening.std() * jaw.std()
        found += cut_up("facegood", heard, opening[:, None] * follows[0] + follows[1])
    return found


def synthetic_sentences() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return what is heard and displacements (T, 478, 3), 100 a second, of sentences by the viseme model."""
    found = []
    rng = np.random.default_rng(SEED)
    for number in range(len(SENTENCES) * len(VOICES)):
        rate_wpm = int(rng.integers(130, 230))
        said = synthesise(SENTENCES[number % len(SENTENCES)], voice=VOICES[number % len(VOICES)], rate_wpm=rate_wpm)
        track = viseme_track(said.phones, duration_s=said.sound.duration_s, fps=100)
        heard = features(librosa.resample(said.sound.samples, orig_sr=said.sound.sr, target_sr=SR))
        found.append((heard, (track.points - track.neutral).astype(np.float64)))
    return found


def synthetic_takes(sentences: Sequence[tuple[np.ndarray, np.ndarray]], basis: np.ndarray) -> list[Take]:
    """Return the sentences as takes."""
    found = []
    for heard, displacement in sentences:
        values = parameters_of(displacement, basis)
        at_s = lip_times_s(len(heard) // 2)
        known_s = np.arange(len(values)) / 100
        found += cut_up("synthetic", heard, np.column_stack([np.interp(at_s, known_s, each) for each in values.T]))
    return found


def cut_up(speaker: str, heard: np.ndarray, values: np.ndarray) -> list[Take]:
    """Return pieces of two seconds."""
    ends = range(TAKE_FRAMES, len(values) + 1, TAKE_FRAMES)
    return [
        Take(
            name=f"{speaker} {end}",
            speaker=speaker,
            features=heard[2 * (end - TAKE_FRAMES) : 2 * end],
            parameters=values[end - TAKE_FRAMES : end].astype(np.float32),
            contact=(values[end - TAKE_FRAMES : end, APERTURE] < 0.02).astype(np.float32),
            seen=np.ones(TAKE_FRAMES, np.float32),
        )
        for end in ends
    ]


def by_telephone(samples: np.ndarray) -> np.ndarray:
    """Return the speech as sampled at 8 kHz."""
    low = librosa.resample(samples, orig_sr=SR, target_sr=SR // 2)
    return librosa.util.fix_length(librosa.resample(low, orig_sr=SR // 2, target_sr=SR), size=len(samples))


def in_a_room(samples: np.ndarray) -> np.ndarray:
    """Return the speech in a room that decays in 0.35 s."""
    times_s = np.arange(SR // 2) / SR
    response = np.random.default_rng(SEED).standard_normal(len(times_s)) * 10 ** (-3 * times_s / 0.35) * 0.03
    response[0] = 1
    return fftconvolve(samples, response)[: len(samples)]


def in_noise(samples: np.ndarray) -> np.ndarray:
    """Return the speech with white noise 20 dB softer."""
    noise = np.random.default_rng(SEED).standard_normal(len(samples))
    return samples + noise * np.sqrt(np.mean(samples**2)) / 10


MICROPHONES = {
    "as recorded": lambda samples: samples,
    "sampled at 8 kHz": by_telephone,
    "in a room that decays in 0.35 s": in_a_room,
    "30 dB softer": lambda samples: samples * 10 ** (-30 / 20),
    "white noise 20 dB softer": in_noise,
}
"""Name -> what it does to samples at 16 kHz."""


def own_films(samples: Sequence[Sample]) -> None:
    """Train on one film of a speaker and judge by the other, both ways, and print."""
    print("\n| judged by | model | aperture r | width r |\n| --- | --- | --- | --- |")
    shipped, less = default_checkpoint().network, replace(RECIPE, epochs=16, learning_rate=1.5e-3)
    for speaker in speakers_of(samples):
        own = [s for s in samples if s.film.file.speaker == speaker]
        if len(own) != 2:
            continue
        others = [s for s in samples if s.film.file.speaker != speaker]
        before, _ = fit_checkpoint(others, start=shipped, recipe=RECIPE, seed=SEED)
        basis = before.basis.astype(np.float64)
        for one, other in (own, own[::-1]):
            on, _ = fit_checkpoint([one], start=before.network, recipe=less, seed=SEED, keep_lips=True, basis=basis)
            afresh, _ = fit_checkpoint([one], start=shipped, recipe=RECIPE, seed=SEED)
            for name, model in {
                "of other speakers": NeuralLipMotion(before),
                "trained on": NeuralLipMotion(on, speaker=speaker),
                "from scratch": NeuralLipMotion(afresh),
            }.items():
                score = evaluate_model(model, [other.film], [None]).scores[0]
                print(f"| {score.film} | {name} | {score.aperture_r:.2f} | {score.width_r:.2f} |", flush=True)


if __name__ == "__main__":
    main()
