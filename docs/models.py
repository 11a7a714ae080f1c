"""Make the tables of docs/models.md: models that run here, side by side on speakers they were not estimated on.

python docs/models.py ../shared/data/grid --table lipstudy/models/grid_films.csv [--headaudio FOLDER_OF_THE_NPM_PACKAGE]

With --words only what knowing the words adds to the network, with --noise only how well the tracker agrees with itself.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import librosa
import numpy as np

from lipstudy.face import LandmarkTrack, generic_neutral, lip_aperture, mouth_width, track_film
from lipstudy.media import Sound
from lipstudy.models import (
    Film,
    NeuralLipMotion,
    Recipe,
    Sample,
    VisemeLipMotion,
    VisemeModel,
    WordsAndSoundLipMotion,
    default_checkpoint,
    evaluate_model,
    feature_blocks,
    films_in,
    heard_versions,
    phones_of_films,
    read_films,
    segments_of,
)
from lipstudy.models._evaluation import courses
from lipstudy.models._leave_one_out import _folds
from lipstudy.models._viseme_film import Recording
from lipstudy.models.estimate_visemes import estimate_model
from lipstudy.speech import Speech

SR = 16000
HEAD = """\
| model | hears | aperture r | lowest | width r | SD ratio | lag | closed /p b m/ | chance | d' |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"""


def main() -> None:
    """Measure, and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("films", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--headaudio", type=Path, help="unpacked npm package @met4citizen/headaudio")
    parser.add_argument(
        "--words", action="store_true", help="compare words, sound and both on the films with a text only"
    )
    parser.add_argument("--noise", action="store_true", help="measure the tracker's own noise only")
    parser.add_argument("--work", type=Path, default=Path("models_work"))
    given = parser.parse_args()
    films = read_films(films_in(given.films, table=given.table), cache=given.work)
    if given.noise:
        noise(films, given.work)
        return
    phones = phones_of_films(films)
    if given.words:
        words(films, phones)
        return

    print(HEAD)
    row("ridge on 400 ms of log-mel", "sound", regression(films, log_mel), films, phones)
    if given.headaudio:
        row(
            "headaudio 0.1, then ridge",
            "sound",
            regression(films, lambda f: headaudio(f, given.headaudio)),
            films,
            phones,
        )
    known = [n for n, said in enumerate(phones) if said]
    visemes = viseme_models(films, phones)
    row(
        "viseme model",
        "words",
        lambda film: VisemeLipMotion(visemes(film)),
        [films[n] for n in known],
        [phones[n] for n in known],
    )
    card = json.loads(resources.files("lipstudy.models").joinpath("tcn.json").read_text())
    print(cells("tcn (this package)", "sound", card["left_one_speaker_out"]["summary"]))
    noise(films, given.work)
    speed(films)


def words(films: list[Film], phones: list) -> None:
    """Train the networks without each speaker, and print them beside and together with the viseme model."""
    samples = [Sample(film, tuple(heard_versions(film, seed=1))) for film in films]
    known = [n for n, said in enumerate(phones) if said]
    speakers = sorted({films[n].file.speaker for n in known})
    start = default_checkpoint().network
    folds = _folds(samples, phones, speakers, start=start, recipe=Recipe(), seed=1, progress=None)
    without = {fold.speaker: NeuralLipMotion(fold.checkpoint) for fold in folds}
    viseme_model = viseme_models(films, phones)
    for line, last in zip(HEAD.splitlines(), ("protrusion r |", "--- |"), strict=True):
        print(line, last)
    for name, hears, model_for in (
        ("viseme", "words", lambda film: VisemeLipMotion(viseme_model(film))),
        ("tcn", "sound", lambda film: without[film.file.speaker]),
        (
            "viseme+tcn",
            "both",
            lambda film: WordsAndSoundLipMotion(without[film.file.speaker], viseme_model(film)),
        ),
    ):
        found = evaluate_model(model_for, [films[n] for n in known], [phones[n] for n in known]).summary
        print(f"{cells(name, hears, found)} {found['protrusion_r_median']:.2f} |", flush=True)


def row(name: str, hears: str, model_for: Callable[[Film], object], films: list[Film], phones: list) -> None:
    """Evaluate and print one model."""
    print(cells(name, hears, evaluate_model(model_for, films, phones).summary), flush=True)


def cells(name: str, hears: str, told: dict) -> str:
    """Return one row."""
    names = ("aperture_r_median", "aperture_r_lowest", "width_r_median", "deviation_ratio_median", "lag_frames_median")
    numbers = " | ".join(f"{told[key]:.2f}" for key in names)
    closed = f"{told['closed_share']:.0%} of {told['bilabials']:.0f} | {told['closed_by_chance']:.0%}"
    return f"| {name} | {hears} | {numbers} | {closed} | {told['closed_d_prime']:.2f} |"


class Course:
    """A model whose aperture and width are given, on a plain mouth."""

    def __init__(self, aperture: np.ndarray, width: np.ndarray) -> None:
        self.aperture, self.width = aperture, width

    def displacements(self, speech: Speech, *, fps: float, neutral: np.ndarray) -> Iterator[np.ndarray]:
        """Move the lower lip by the aperture and the corners by the width."""
        from lipstudy.face import MEDIAPIPE_478 as TOPOLOGY

        moved = np.zeros((len(self.aperture), *generic_neutral().shape))
        for pairs in (TOPOLOGY.inner_lip_pairs, TOPOLOGY.outer_lip_pairs):
            moved[:, [lower for _, lower in pairs], 1] = np.maximum(self.aperture, 0)[:, None]
        moved[:, list(TOPOLOGY.mouth_corners), 0] = self.width[:, None] * np.array([-0.5, 0.5])
        yield moved


def regression(films: list[Film], hear: Callable[[Film], np.ndarray]) -> Callable[[Film], Course]:
    """Return what predicts a film from all films of other speakers, by ridge regression on what is heard."""
    heard = {id(film): hear(film) for film in films}
    shown = {id(film): truth(film) for film in films}

    def model_for(film: Film) -> Course:
        others = [other for other in films if other.file.speaker != film.file.speaker]
        x = np.concatenate([heard[id(other)] for other in others])
        y = np.concatenate([shown[id(other)] for other in others])
        mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
        x = (x - mean) / deviation
        weights = np.linalg.solve(x.T @ x + 300 * np.eye(x.shape[1]), x.T @ (y - y.mean(axis=0)))
        made = (heard[id(film)] - mean) / deviation @ weights + y.mean(axis=0)
        return Course(made[:, 0], made[:, 1])

    return model_for


def truth(film: Film) -> np.ndarray:
    """Return (T, 2) aperture, and width from the neutral."""
    topology, points = film.track.topology, film.track.points.astype(float)
    rest = mouth_width(film.track.neutral.astype(float), topology)
    return np.column_stack([lip_aperture(points, topology), mouth_width(points, topology) - rest])


def log_mel(film: Film) -> np.ndarray:
    """Return 400 ms of 40 log-mel bands around each frame of film."""
    power = librosa.feature.melspectrogram(y=film.samples, sr=SR, n_fft=512, hop_length=160, n_mels=40)
    bands = np.log(power + 1e-7).T
    centres = np.round(np.arange(film.track.num_frames) / film.fps * 100).astype(int)
    around = np.clip(centres[:, None] + np.arange(-20, 21, 4), 0, len(bands) - 1)
    return bands[around].reshape(len(centres), -1)


def headaudio(film: Film, package: Path) -> np.ndarray:
    """Return 400 ms of the viseme values that headaudio gives an avatar, around each frame of film."""
    driver = Path(__file__).with_name("headaudio_driver.mjs")
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.f32"
        film.samples.tofile(sound)
        done = subprocess.run(
            ["node", str(driver), str(package.resolve()), str(sound), str(film.fps)],
            capture_output=True, check=True, text=True,
        )  # fmt: skip
    values = np.array(json.loads(done.stdout)["frames"])
    around = np.clip(np.arange(film.track.num_frames)[:, None] + np.arange(-5, 6), 0, len(values) - 1)
    return values[around].reshape(film.track.num_frames, -1)


def viseme_models(films: list[Film], phones: list) -> Callable[[Film], VisemeModel]:
    """Return the viseme model estimated without a film's speaker."""
    recordings = [
        Recording(f.file.path.stem, f.displacement, f.track.neutral.astype(float), f.fps, p and segments_of(p))
        for f, p in zip(films, phones, strict=True)
    ]

    @cache
    def estimated(speaker: str) -> VisemeModel:
        others = [r for r, f in zip(recordings, films, strict=True) if f.file.speaker != speaker]
        return estimate_model(others)[0]

    return lambda film: estimated(film.file.speaker)


def noise(films: list[Film], work: Path) -> None:
    """Encode each film again in several ways, track it again, and print how well the tracker agrees with itself."""
    print("\n| tracked again | aperture r | lowest | width r | lowest | protrusion r | lowest |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, how in ENCODED_AGAIN.items():
        agreed = [agreement(film.track, tracked_again(film.file.path, work, name, how)) for film in films]
        median, lowest = np.median(agreed, axis=0), np.min(agreed, axis=0)
        numbers = " | ".join(f"{m:.3f} | {low:.3f}" for m, low in zip(median, lowest, strict=True))
        print(f"| {name} | {numbers} |", flush=True)


ENCODED_AGAIN = {
    "half the bits": lambda film: ["-c:v", "mpeg1video", "-b:v", str(bits_per_s(film) // 2)],
    "3 % smaller": lambda _: ["-vf", "scale=trunc(iw*0.485)*2:trunc(ih*0.485)*2", "-c:v", "libx264", "-crf", "23"],
    "mirrored": lambda _: ["-vf", "hflip", "-c:v", "libx264", "-crf", "23"],
}
"""Name -> what FFmpeg does to a film."""


def tracked_again(film: Path, work: Path, name: str, how: Callable[[Path], list[str]]) -> LandmarkTrack:
    """Return the track of a film that was encoded again."""
    import imageio_ffmpeg

    again = work / f"{film.stem}.{name.replace(' ', '_').replace('%', 'percent')}.mkv"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-i", str(film), *how(film), "-an", str(again)]
    subprocess.run(command, check=True)
    return track_film(again)


def bits_per_s(film: Path) -> int:
    """Return the bits a second of a film's picture."""
    import av

    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        sizes = [packet.size for packet in container.demux(stream)]
        return round(8 * sum(sizes) / len(sizes) * float(stream.average_rate))


def agreement(one: LandmarkTrack, other: LandmarkTrack) -> list[float]:
    """Return how aperture, width and protrusion of two trackings of one film correlate."""
    length = min(one.num_frames, other.num_frames)
    return [
        float(np.corrcoef(first[:length], second[:length])[0, 1])
        for first, second in zip(courses(one).values(), courses(other).values(), strict=True)
    ]


def speed(films: list[Film]) -> None:
    """Print how fast the features and the network are."""
    speech = Speech.of_sound(Sound(np.concatenate([film.samples for film in films] * 4), SR))
    model = NeuralLipMotion()
    for name, work in (
        ("features", lambda: list(feature_blocks(speech.blocks(sr=SR)))),
        ("features and network", lambda: list(model.parameters(speech, fps=25))),
    ):
        work()
        begin = time.process_time()
        work()
        print(f"{name}: {speech.duration_s / (time.process_time() - begin):.0f} times real time (CPU)")


if __name__ == "__main__":
    main()
