"""What a clip really holds, read back from the file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.media._container import opened
from lipstudy.media._sound import Sound
from lipstudy.records import existing_file

__all__ = ["ClipMeasures", "measure_clip"]

_COMPARED_S = 5
"""How much of the sound is looked for in what was decoded; more would cost memory and find the same."""


@dataclass(frozen=True, slots=True)
class ClipMeasures:
    """What was found in a clip by decoding all of it."""

    frames: int
    """Number of frames that decode."""
    fps: float
    """Frames per second: the mean over the time stamps."""
    duration_s: float
    """Duration of the picture in seconds: frames / fps."""
    sound_duration_s: float
    """Duration of the sound in seconds, priming and padding of the codec left out; 0 for a silent clip."""
    av_offset_ms: float
    """Start of sound after start of picture, ms. NaN for a silent clip."""
    width_px: int
    """Width of the picture."""
    height_px: int
    """Height of the picture."""
    constant_frame_rate: bool
    """Whether all frames are equally far apart in time."""


def measure_clip(path: str | Path, *, sound: Sound | None = None) -> ClipMeasures:
    """Decode a clip and measure it.

    Parameters
    ----------
    path : str or Path
        A film with one picture stream.
    sound : Sound, optional
        The sound that was given for it. With it `av_offset_ms` is where this sound is found in the decoded one (peak of
        the cross-correlation), so a codec's delay shows; without, or where it is digital silence, the offset is that of
        the time stamps.

    Returns
    -------
    ClipMeasures

    Raises
    ------
    InputError
        If there is no such file, or it cannot be decoded to its end.
    """
    path = existing_file(path, what="a clip")
    with opened(path) as container:
        if not container.streams.video:
            raise InputError(f"{path} has no picture: a clip is needed")
        picture = container.streams.video[0]
        times_s = np.asarray([float(frame.time or 0.0) for frame in container.decode(picture)])
        if len(times_s) == 0:
            raise InputError(f"{path} has no frame that decodes: build the clip again")
        fps, is_constant = _frame_rate(times_s, picture)
        width_px, height_px = picture.width, picture.height
    speech = _decoded_sound(path)
    return ClipMeasures(
        frames=len(times_s),
        fps=fps,
        duration_s=len(times_s) / fps,
        sound_duration_s=0.0 if speech is None else speech.duration_s,
        av_offset_ms=float("nan") if speech is None else _offset_ms(speech, sound, begin_of_picture_s=times_s[0]),
        width_px=width_px,
        height_px=height_px,
        constant_frame_rate=is_constant,
    )


@dataclass(frozen=True, slots=True)
class _DecodedSound:
    samples: NDArray[np.float32]
    sr: int
    begin_s: float
    duration_s: float


def _decoded_sound(path: Path) -> _DecodedSound | None:
    with opened(path) as container:
        if not container.streams.audio:
            return None
        stream = container.streams.audio[0]
        heard = [(float(frame.time or 0.0), _mono(frame)) for frame in container.decode(stream)]
        if not heard:
            return None
        samples = np.concatenate([block for _, block in heard])
        # AAC decodes in blocks of 1024 samples; the file's index says how many of the last block are sound.
        decoded_s = len(samples) / stream.rate
        indexed_s = decoded_s if stream.duration is None else float(stream.duration * stream.time_base)
        return _DecodedSound(samples, stream.rate, heard[0][0], min(decoded_s, indexed_s))


def _offset_ms(speech: _DecodedSound, sound: Sound | None, *, begin_of_picture_s: float) -> float:
    offset_s = speech.begin_s - begin_of_picture_s
    if sound is not None and np.any(sound.samples):
        offset_s += _delay_s(speech, sound)
    return round(1000 * float(offset_s), 3) + 0.0  # a thousandth of a ms is far under one sample; no -0.0


def _frame_rate(times_s: NDArray[np.float64], picture: Any) -> tuple[float, bool]:
    if len(times_s) == 1:
        return float(picture.average_rate), True
    steps_s = np.diff(times_s)
    fps = (len(times_s) - 1) / (times_s[-1] - times_s[0])
    # Time stamps are whole ticks: a step may differ from its neighbour by one.
    tick_s = float(picture.time_base)
    nominal = float(picture.average_rate)
    is_constant = bool(np.ptp(steps_s) <= 1.001 * tick_s)
    # Whole ticks also blur the mean a little; the declared rate is exact where it agrees.
    return (nominal if is_constant and abs(nominal - fps) < fps * 1e-3 else float(fps)), is_constant


def _mono(frame: Any) -> NDArray[np.float32]:
    samples = np.asarray(frame.to_ndarray(), np.float32)
    channels = len(frame.layout.channels)
    return np.asarray(samples.reshape(-1, channels).mean(axis=1) if frame.format.is_packed else samples.mean(axis=0))


def _delay_s(heard: _DecodedSound, given: Sound) -> float:
    """Return how much later `given` stands in `heard`: the peak of their cross-correlation, to a part of a sample.

    It is taken where `given` begins to sound.
    """
    first_s = int(np.flatnonzero(given.samples)[0] // given.sr)
    played, meant = (
        samples[first_s * sr : (first_s + _COMPARED_S) * sr].astype(np.float64)
        for samples, sr in ((heard.samples, heard.sr), (given.samples, given.sr))
    )
    # Over a whole number of seconds the spectra of both rates have the same frequencies: no resampling is needed.
    span_s = int(np.ceil(len(played) / heard.sr + len(meant) / given.sr)) + 1
    length = span_s * heard.sr
    spectra = np.fft.rfft(played, length), np.fft.rfft(meant, span_s * given.sr)
    shared = min(map(len, spectra))
    agreement = np.fft.irfft(spectra[0][:shared] * np.conj(spectra[1][:shared]), length)
    peak = int(np.argmax(agreement))
    before, at, after = agreement[[peak - 1, peak, (peak + 1) % length]]
    bend = before - 2 * at + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return float(peak + shift - (length if peak > length / 2 else 0)) / heard.sr
