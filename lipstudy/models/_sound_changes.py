"""The same speech as other microphones, rooms and mouths would give it, for training."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.models._features import SR

__all__ = ["SPEEDS", "heard_elsewhere", "sped_up"]

Floats = NDArray[np.floating[Any]]

SPEEDS = (0.88, 0.94, 1.06, 1.13)
"""Factors of tempo, pitch and size of the mouth, together."""
_TELEPHONE_HZ = 3600.0
_SNR_DB = (10.0, 22.0)
_REVERBERATION_S = (0.15, 0.4)


def sped_up(samples: Floats, *, factor: float) -> NDArray[np.float32]:
    """Return `samples` played faster by `factor`: pitch and formants rise with it."""
    import librosa

    return np.asarray(
        librosa.resample(np.asarray(samples, np.float32), orig_sr=round(SR * factor), target_sr=SR), np.float32
    )


def heard_elsewhere(samples: Floats, rng: np.random.Generator) -> Iterator[NDArray[np.float32]]:
    """Yield `samples` with coloured noise, from a room, and through a telephone; each at another gain."""
    yield from (_at_gain(each, rng) for each in (_noisy(samples, rng), _in_room(samples, rng), _telephone(samples)))


def _at_gain(samples: Floats, rng: np.random.Generator) -> NDArray[np.float32]:
    return np.asarray(samples * 10 ** rng.uniform(-1.0, 0.3), np.float32)


def _noisy(samples: Floats, rng: np.random.Generator) -> Floats:
    spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
    frequency = np.maximum(np.arange(len(spectrum)), 1)
    noise = np.fft.irfft(spectrum * frequency ** -rng.uniform(0, 0.7), len(samples))
    wanted = np.sqrt(np.mean(np.square(samples))) * 10 ** (-rng.uniform(*_SNR_DB) / 20)
    return np.asarray(samples + noise * wanted / max(float(np.sqrt(np.mean(noise**2))), 1e-12))


def _in_room(samples: Floats, rng: np.random.Generator) -> Floats:
    from scipy.signal import fftconvolve

    times = np.arange(round(0.4 * SR)) / SR
    decay = 10 ** (-3 * times / rng.uniform(*_REVERBERATION_S))
    response = rng.standard_normal(len(times)) * decay * 0.04
    response[0] = 1.0
    return np.asarray(fftconvolve(samples, response)[: len(samples)])


def _telephone(samples: Floats) -> Floats:
    from scipy.signal import butter, sosfiltfilt

    if len(samples) < 100:
        return samples
    return np.asarray(sosfiltfilt(butter(6, [200.0, _TELEPHONE_HZ], "bandpass", fs=SR, output="sos"), samples))
