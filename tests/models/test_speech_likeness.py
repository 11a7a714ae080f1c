"""Speech and other sounds told apart by how fast phones change."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lipstudy.media import Sound
from lipstudy.models import NeuralLipMotion, _neural
from lipstudy.speech import Speech, synthesise

SR = 16000
TIMES_S = np.arange(6 * SR) / SR


def is_doubtful(samples: NDArray[np.floating]) -> bool:
    return NeuralLipMotion().likeness(Speech.of_sound(Sound(samples.astype(np.float32), SR))).is_doubtful


def chords() -> NDArray[np.float64]:
    """Return two chords a second, as of a piano."""
    rng, sound = np.random.default_rng(1), np.zeros(len(TIMES_S))
    for begin in np.arange(0, 6, 0.5):
        after_s = np.maximum(TIMES_S - begin, 0)
        for step in rng.choice([0, 2, 4, 5, 7, 9, 11], 3, replace=False):
            for harmonic in range(1, 9):
                wave = np.sin(2 * np.pi * 220 * 2 ** (step / 12) * harmonic * after_s) / harmonic**1.5
                sound += (begin <= TIMES_S) * np.exp(-3 * after_s) * wave
    return 0.05 * sound


@pytest.mark.parametrize(
    "samples",
    [
        0.05 * np.random.default_rng(1).standard_normal(len(TIMES_S)),
        0.3 * np.sin(2 * np.pi * 440 * TIMES_S),
        chords(),
        np.zeros(len(TIMES_S)),
    ],
    ids=["noise", "tone", "chords", "silence"],
)
def test_what_is_no_speech_is_doubted(samples: NDArray[np.floating]) -> None:
    assert is_doubtful(samples)


@pytest.mark.parametrize(("voice", "rate_wpm"), [("en-us", 100), ("en-gb", 240), ("de", 160)])
def test_synthetic_speech_is_speech_even_with_noise(voice: str, rate_wpm: int) -> None:
    said = synthesise("Bob bought five more blue pots and a pan for the garden", voice=voice, rate_wpm=rate_wpm)
    samples = np.concatenate(list(Speech.of_sound(said.sound).blocks(sr=SR)))
    noise = np.random.default_rng(2).standard_normal(len(samples)) * samples.std()
    assert not is_doubtful(samples)
    assert not is_doubtful(samples + 0.3 * noise)


class _Hour:
    """An hour of sound that counts what is heard of it."""

    heard_s = 0.0

    def blocks(self, *, sr: int, block_s: float) -> Iterator[NDArray[np.float32]]:
        for _ in range(round(3600 / block_s)):
            self.heard_s += block_s
            yield np.zeros(round(block_s * sr), np.float32)


def test_a_long_recording_is_judged_by_its_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_neural, "_JUDGED_S", 20.0)
    hour = _Hour()
    assert NeuralLipMotion().likeness(hour).duration_s == pytest.approx(20, abs=0.1)  # type: ignore[arg-type]
    assert hour.heard_s == 20


@pytest.mark.needs_shared_data
def test_no_recording_of_speech_is_doubted(grid: Path) -> None:
    films = sorted(grid.glob("*.mpg"))
    assert len(films) == 12
    assert not [film.name for film in films if NeuralLipMotion().likeness(Speech.of_file(film)).is_doubtful]


def test_less_than_a_second_is_not_judged() -> None:
    assert not is_doubtful(np.zeros(SR // 2))


def test_the_measure_is_told_of_all_that_was_said() -> None:
    said = Speech.of_sound(synthesise("Bob bought five more blue pots. " * 9).sound)
    whole = NeuralLipMotion().likeness(said)
    assert whole.duration_s == pytest.approx(said.duration_s, abs=0.02)
    assert 0 < whole.sounding_s < whole.duration_s
    assert 0.7 < whole.change < 1
