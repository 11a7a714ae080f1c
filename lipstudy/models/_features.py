"""What a neural model hears: log-mel bands at 100 frames per second, without the loudness and colour of the recording.

Everything is computed in blocks that begin at fixed places, whatever the pieces in which the sound arrives: one pass
over a short clip and a stream of an hour give the same numbers, bit for bit, and memory does not grow.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError

__all__ = ["BANDS", "FEATURES_PER_S", "SR", "feature_blocks", "features"]

Floats = NDArray[np.floating[Any]]

SR = 16000
"""Samples per second of the sound that is heard."""
FEATURES_PER_S = 100
"""Frames of features per second; frame i is centred on the time i / 100 s."""
BANDS = 25
"""Mel bands, 130 to 6800 Hz: those of the acoustic model of PocketSphinx, which teaches what the phones are."""

_HOP = SR // FEATURES_PER_S
_N_FFT = 512
_WINDOW = 410
_RANGE_HZ = (130, 6800)
_LEAST_POWER = 1e-10
_GROUP = 500
_BLOCK = 1000

_AROUND = 300
"""Half the window, in frames, in which a recording's own speech and background are looked for."""
_REACH = 2 * _AROUND
_QUIETEST = -4.0
"""Log power of the quietest voice that is taken for speech, about -60 dB of full scale."""
_RANGE = 16.0
"""A band that is softer than the speech by more than this (70 dB) is silent, digitally or not."""
_PRE_EMPHASIS = 0.97
_SPEECH_FROM = 3.0
_SPEECH_SOFTNESS = 0.7
_SPEECH_SHARE = 0.4
"""Share of speech in the mean that is taken away: so much of it was in most sentences here, with their pauses."""
_USUAL_SPEECH, _USUAL_SPEECH_FRAMES = -3.5, 5.0
_USUAL_BACKGROUND, _USUAL_BACKGROUND_FRAMES = -5.5, 30.0


def features(samples: Floats) -> NDArray[np.float32]:
    """Return the features of all `samples` (N,) at 16 kHz: (1 + N // 160, BANDS). Raises InputError as below."""
    return np.concatenate(list(feature_blocks([np.asarray(samples, np.float32)])))


def feature_blocks(blocks: Iterable[Floats]) -> Iterator[NDArray[np.float32]]:
    """Yield features, ten seconds at a time, of samples that arrive in pieces.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n,)
        16 kHz samples in pieces of any length.

    Yields
    ------
    ndarray of shape (n, BANDS)
        Natural logarithm of the power in each band, less the mean of the recording around it (`_normalised`); the same
        numbers for any way in which the samples are cut.

    Raises
    ------
    InputError
        If a sample is not a number.
    """
    waiting = np.empty((0, BANDS), np.float32)
    before = 0  # how many of the waiting frames were given already
    for group in _log_mel_blocks(blocks):
        waiting = np.concatenate([waiting, group])
        while len(waiting) - before >= _BLOCK + _REACH:
            yield _normalised(waiting[: before + _BLOCK + _REACH])[before : before + _BLOCK]
            given = before + _BLOCK
            kept_from = max(0, given - _REACH)
            waiting, before = waiting[kept_from:], given - kept_from
    while len(waiting) > before:
        yield _normalised(waiting[: before + _BLOCK + _REACH])[before : before + _BLOCK]
        given = min(before + _BLOCK, len(waiting))
        kept_from = max(0, given - _REACH)
        waiting, before = waiting[kept_from:], given - kept_from


def _log_mel_blocks(blocks: Iterable[Floats]) -> Iterator[NDArray[np.float32]]:
    """Yield log-mel frames (n, BANDS), five seconds at a time, of samples that arrive in pieces."""
    heard = np.zeros(_N_FFT // 2, np.float32)
    num_samples = num_given = 0
    span = (_GROUP - 1) * _HOP + _N_FFT
    for block in blocks:
        if not np.isfinite(block).all():
            raise InputError("the speech holds samples that are not numbers: export the sound again")
        heard = np.concatenate([heard, np.asarray(block, np.float32)])
        num_samples += len(block)
        while len(heard) >= span:
            yield _log_mel(heard[:span])
            heard = heard[_GROUP * _HOP :]
            num_given += _GROUP
    left = 1 + num_samples // _HOP - num_given
    if left > 0:
        needed = (left - 1) * _HOP + _N_FFT
        yield _log_mel(np.pad(heard, (0, max(0, needed - len(heard))))[:needed])


def _normalised(log_mel: Floats) -> NDArray[np.float32]:
    """Take away what belongs to the recording: its loudness, the colour of room and microphone, its silence.

    Around each frame (3 s both ways) speech and background are told apart by power; the mean that is taken away holds
    them in a fixed share, so that a clip with long pauses and one without look alike. Far below the speech everything
    is equally silent; sound under -60 dB of full scale is no speech.

    Parameters
    ----------
    log_mel : ndarray of shape (T, BANDS)
        Natural logarithm of the power.

    Returns
    -------
    ndarray of shape (T, BANDS)
    """
    power = np.exp(log_mel.astype(np.float64)).sum(axis=1)
    frames = _sums_around(np.ones((len(power), 1)))
    loudness = np.maximum(np.log(_sums_around(power[:, None]) / frames), _QUIETEST)
    values = np.maximum(log_mel, loudness - _RANGE)
    likeness = (np.log(power)[:, None] - loudness + _SPEECH_FROM) / _SPEECH_SOFTNESS
    is_speech = 1 / (1 + np.exp(-np.clip(likeness, -50, 50)))
    speech = _mean_around(values, is_speech, usual=loudness + _USUAL_SPEECH, frames=_USUAL_SPEECH_FRAMES)
    background = _mean_around(values, 1 - is_speech, usual=speech + _USUAL_BACKGROUND, frames=_USUAL_BACKGROUND_FRAMES)
    mean = _SPEECH_SHARE * speech + (1 - _SPEECH_SHARE) * background
    return np.asarray(values - mean, np.float32)


def _log_mel(samples: Floats) -> NDArray[np.float32]:
    import librosa

    power = librosa.feature.melspectrogram(
        y=samples,
        sr=SR,
        n_fft=_N_FFT,
        win_length=_WINDOW,
        hop_length=_HOP,
        window="hamming",
        center=False,
        n_mels=BANDS,
        fmin=_RANGE_HZ[0],
        fmax=_RANGE_HZ[1],
        htk=True,
    )
    return np.asarray(np.log(np.maximum(power, _LEAST_POWER)).T + _emphasis(), np.float32)


@cache
def _emphasis() -> NDArray[np.float64]:
    """Return what a pre-emphasis filter adds to each band: speech falls by 6 dB an octave, its level should not."""
    import librosa

    centres_hz = librosa.mel_frequencies(BANDS + 2, fmin=_RANGE_HZ[0], fmax=_RANGE_HZ[1], htk=True)[1:-1]
    response = 1 - _PRE_EMPHASIS * np.exp(-2j * np.pi * centres_hz / SR)
    return np.asarray(np.log(np.abs(response) ** 2))


def _sums_around(values: Floats) -> NDArray[np.float64]:
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    place = np.arange(len(values))
    return np.asarray(total[np.minimum(place + _AROUND + 1, len(values))] - total[np.maximum(place - _AROUND, 0)])


def _mean_around(values: Floats, weights: Floats, *, usual: Floats, frames: float) -> NDArray[np.float64]:
    return np.asarray((_sums_around(values * weights) + frames * usual) / (_sums_around(weights) + frames))
