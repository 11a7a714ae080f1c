"""Sound: samples in and out of files."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.media._container import opened
from lipstudy.records import existing_file, write_bytes

__all__ = ["Sound", "read_sound", "write_sound"]


@dataclass(frozen=True, slots=True)
class Sound:
    """One channel of sound."""

    samples: NDArray[np.float32]
    """(N,) samples, full scale at -1 and 1."""
    sr: int
    """Samples per second."""

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise ValueError(
                f"Sound.samples must be float32 of shape (N,), got {self.samples.dtype} of shape {self.samples.shape}"
            )
        if self.sr <= 0:
            raise ValueError(f"Sound.sr must be positive, got {self.sr}")

    @property
    def duration_s(self) -> float:
        """Duration in seconds: N / sr."""
        return len(self.samples) / self.sr


def read_sound(path: str | Path, *, sr: int | None = None) -> Sound:
    """Read the sound of a film or of a sound file, mixed to one channel.

    Parameters
    ----------
    path : str or Path
        A film or a sound file of any format that FFmpeg reads.
    sr : int > 0, optional
        Samples per second wanted; the file's own if not given.

    Returns
    -------
    Sound
        In a film, sample 0 belongs to the time of the first frame: sound that begins later is padded with silence,
        sound that begins earlier is trimmed.

    Raises
    ------
    InputError
        If there is no file, it cannot be read, or it has no sound.
    """
    import av

    path = existing_file(path, what="a film or sound file")
    with opened(path) as container:
        if not container.streams.audio:
            raise InputError(f"{path} has no sound: a film with speech is needed")
        stream = container.streams.audio[0]
        sr = sr or stream.rate
        resampler = av.AudioResampler(format="fltp", rate=sr)
        parts: list[NDArray[np.float32]] = []
        begin_s = 0.0
        for frame in container.decode(stream):
            if not parts:
                begin_s = float(frame.time or 0.0)
            # Several sound formats give no or uneven time stamps, which the resampler would refuse.
            frame.pts = None
            parts += [_mixed(part) for part in resampler.resample(frame)]
        parts += [_mixed(part) for part in resampler.resample(None)]
        late_s = begin_s - _begin_of_picture_s(container, otherwise=begin_s)
    if not parts:
        raise InputError(f"{path} has no sound: a film with speech is needed")
    return Sound(_shifted(np.concatenate(parts), round(late_s * sr)), sr)


def write_sound(path: str | Path, sound: Sound) -> None:
    """Write `sound` as a WAV file of 16 bits, atomically; samples beyond full scale are clipped.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import soundfile

    buffer = io.BytesIO()  # on a full disk libsndfile would say no more than "System error"
    soundfile.write(buffer, np.clip(sound.samples, -1, 1), sound.sr, format="WAV", subtype="PCM_16")
    write_bytes(path, buffer.getvalue())


def _mixed(part: Any) -> NDArray[np.float32]:
    # FFmpeg's own mix to mono adds 3 dB and overshoots full scale where the channels are the same.
    return np.asarray(part.to_ndarray().mean(axis=0), np.float32)


def _begin_of_picture_s(container: Any, *, otherwise: float) -> float:
    stream = container.streams.best("video")
    return otherwise if stream is None or stream.start_time is None else float(stream.start_time * stream.time_base)


def _shifted(samples: NDArray[np.float32], late: int) -> NDArray[np.float32]:
    if late >= 0:
        return np.concatenate([np.zeros(late, np.float32), samples])
    return samples[-late:]
