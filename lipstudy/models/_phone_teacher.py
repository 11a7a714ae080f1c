"""The teacher of phones: the acoustic model that PocketSphinx carries, read from the installed package.

It is a Gaussian mixture for each of 42 phones, trained by its authors on many hours of English. It tells how likely
each phone is in each moment; a small network learns to say the same far faster (module `_hearing`).
"""

import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CEPSTRA", "PHONES", "PhoneTeacher", "cepstral_basis", "load_phone_teacher", "with_differences"]

Floats = NDArray[np.floating[Any]]

PHONES = (
    *("noise", "unintelligible", "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G"),
    *("HH", "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "silence", "T", "TH", "UH"),
    *("UW", "V", "W", "Y", "Z", "ZH"),
)
"""The acoustic model's phones in its order: those of the CMU dictionary, silence and two kinds of noise."""

CEPSTRA = 13
_LIFTER = 22
_STATES = 3
_STREAMS = 3  # cepstra, their first and their second differences
_DENSITIES = 128
_LEAST_VARIANCE = 1e-4
_LOG_BASE = 1.0001
_SHIFT = 10


@dataclass(frozen=True, slots=True)
class PhoneTeacher:
    """Gaussian mixtures of the phones; each state of a phone weighs the densities of that phone."""

    means: NDArray[np.float32]
    """(phones, streams, densities, CEPSTRA)."""
    variances: NDArray[np.float32]
    """(phones, streams, densities, CEPSTRA)."""
    weights: NDArray[np.float32]
    """(phones, streams, densities, states); over the densities they sum to 1."""

    def posteriors(self, cepstra: Floats) -> NDArray[np.float32]:
        """Return how likely each phone is, given `cepstra` and differences (T, 3 CEPSTRA): (T, phones), rows sum to 1.

        Every phone is as likely as every other before anything is heard.
        """
        from scipy.special import logsumexp, softmax

        streams = np.asarray(cepstra, np.float32).reshape(len(cepstra), _STREAMS, CEPSTRA)
        scores = np.zeros((len(cepstra), len(PHONES), _STATES), np.float32)
        for phone in range(len(PHONES)):
            for stream in range(_STREAMS):
                heard, variance = streams[:, stream], self.variances[phone, stream]
                scaled = self.means[phone, stream] / variance
                distance = heard**2 @ (1 / variance).T - 2 * heard @ scaled.T
                constant = (self.means[phone, stream] * scaled + np.log(2 * np.pi * variance)).sum(axis=1)
                density = -(distance + constant) / 2
                largest = density.max(axis=1, keepdims=True)
                mixed = np.exp(density - largest) @ self.weights[phone, stream]
                scores[:, phone] += largest + np.log(np.maximum(mixed, 1e-30))
        return np.asarray(softmax(logsumexp(scores, axis=2), axis=1), np.float32)

    def sampled(self, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
        """Draw `count` frames (count, 3 CEPSTRA) as the model believes speech to be, every phone as often."""
        phones = rng.integers(len(PHONES), size=count)
        states = rng.integers(_STATES, size=count)
        frames = np.empty((count, _STREAMS, CEPSTRA), np.float32)
        for stream in range(_STREAMS):
            chances = np.cumsum(self.weights[phones, stream, :, states], axis=1)
            chosen = (chances < rng.random((count, 1)) * chances[:, -1:]).sum(axis=1)
            spread = np.sqrt(self.variances[phones, stream, chosen])
            frames[:, stream] = self.means[phones, stream, chosen] + spread * rng.standard_normal((count, CEPSTRA))
        return frames.reshape(count, -1)


@cache
def load_phone_teacher() -> PhoneTeacher:
    """Read the acoustic model from the installed package."""
    import pocketsphinx

    folder = Path(pocketsphinx.get_model_path()) / "en-us" / "en-us"
    return PhoneTeacher(
        means=_gaussians(folder / "means"),
        variances=np.maximum(_gaussians(folder / "variances"), _LEAST_VARIANCE),
        weights=_mixture_weights(folder / "sendump"),
    )


def cepstral_basis(bands: int) -> NDArray[np.float64]:
    """Return the matrix (bands, CEPSTRA) that makes the acoustic model's liftered cepstra of log-mel bands."""
    from scipy.fft import dct

    lift = 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(CEPSTRA) / _LIFTER)
    return np.asarray(dct(np.eye(bands), type=2, norm="ortho", axis=1)[:, :CEPSTRA] * lift)


def with_differences(cepstra: Floats) -> Floats:
    """Return `cepstra` (T, CEPSTRA) with their first and second differences beside them: (T, 3 CEPSTRA)."""
    padded = np.pad(cepstra, ((3, 3), (0, 0)), "edge")
    frames = len(cepstra)

    def at(offset: int) -> Floats:
        return padded[3 + offset : 3 + offset + frames]

    first = at(2) - at(-2)
    second = (at(3) - at(-1)) - (at(1) - at(-3))
    return np.concatenate([cepstra, first, second], axis=1)


def _gaussians(path: Path) -> NDArray[np.float32]:
    data = path.read_bytes()
    body = data.index(b"endhdr\n") + len(b"endhdr\n")
    _, phones, streams, densities = np.frombuffer(data, "<i4", 4, body)
    numbers = np.frombuffer(data, "<f4", offset=body + 4 * (5 + streams))
    shape = (len(PHONES), _STREAMS, _DENSITIES, CEPSTRA)
    if (phones, streams, densities) != shape[:3]:
        raise ValueError(f"{path.name} holds {phones} x {streams} x {densities} Gaussians, {shape[:3]} are expected")
    return np.array(numbers[: np.prod(shape)].reshape(shape))


def _mixture_weights(path: Path) -> NDArray[np.float32]:
    data, place = path.read_bytes(), 0
    while length := struct.unpack_from("<i", data, place)[0]:  # texts, ended by an empty one
        place += 4 + length
    densities, states = struct.unpack_from("<ii", data, place + 4)
    quantised = np.frombuffer(data, np.uint8, _STREAMS * densities * states, place + 12)
    own = quantised.reshape(_STREAMS, densities, states)[:, :, : len(PHONES) * _STATES]  # then follow triphones
    logs = -(own.astype(np.float64) * (1 << _SHIFT)) * np.log(_LOG_BASE)
    weights = np.exp(logs).reshape(_STREAMS, densities, len(PHONES), _STATES).transpose(2, 0, 1, 3)
    return np.asarray(weights / weights.sum(axis=2, keepdims=True), np.float32)
