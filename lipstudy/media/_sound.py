"""Sound: samples in and out of files."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.media._container import opened
from lipstudy.media._whole_sound import check_decoded_whole, check_wav_whole
from lipstudy.records import existing_file, write_bytes

__all__ = [
    "Sound",
    "SoundCheck",
    "check_sound",
    "read_sound",
    "resampled_blocks",
    "sound_beside_picture",
    "sound_blocks",
    "write_sound",
]

Samples = NDArray[np.float32]

_FULL_SCALE = 0.999
_FLAT_SAMPLES = 3
"""So many samples in a row at full scale are a peak that was cut off, not one that just fits."""
_CANCELLED_SHARE = 0.01
"""Of the power of the channels. What is left of one recording in opposite phases; of different ones a half is left."""


@dataclass(frozen=True, slots=True)
class Sound:
    """One channel of sound."""

    samples: Samples
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


@dataclass(frozen=True, slots=True)
class SoundCheck:
    """What is known of a sound file after hearing it once."""

    sr: int
    """Samples per second in the file."""
    duration_s: float
    """Duration in seconds, from the first frame of the film where there is one."""
    clipped_share: float
    """Share of the samples that were cut off at full scale, 0 to 1."""


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
        If there is no file, it cannot be read or was cut off, it has no sound, samples in it are not numbers, or its
        channels are in opposite phase, so that nothing is left of them in one.
    """
    path = existing_file(path, what="a film or sound file")
    sr = sr or _sr_of(path)
    return Sound(np.concatenate([np.empty(0, np.float32), *_decoded(path, sr=sr)]), sr)


def sound_blocks(path: str | Path, *, sr: int, block_s: float = 10.0) -> Iterator[Samples]:
    """Read the sound of a film or of a sound file block by block, in memory that does not grow with its length.

    Parameters
    ----------
    path : str or Path
        As for `read_sound`.
    sr : int > 0
        Samples per second wanted.
    block_s : float > 0
        Duration of a block; the last may be shorter.

    Yields
    ------
    ndarray of shape (n,)
        float32; all blocks joined are the samples of ``read_sound(path, sr=sr)``, bit for bit.

    Raises
    ------
    InputError
        As `read_sound`.
    """
    path = existing_file(path, what="a film or sound file")
    yield from _blocks_of(_decoded(path, sr=sr), max(1, round(block_s * sr)))


def resampled_blocks(sound: Sound, *, sr: int, block_s: float = 10.0) -> Iterator[Samples]:
    """Yield the samples of `sound` at `sr` block by block, as `sound_blocks` does those of a file."""
    block = max(1, round(block_s * sr))
    if sr == sound.sr:
        yield from _blocks_of([sound.samples], block)
        return
    yield from _blocks_of(_resampled(sound, sr=sr), block)


def check_sound(path: str | Path) -> SoundCheck:
    """Hear a film or a sound file once, in constant memory: how long it is and whether it was clipped.

    Raises
    ------
    InputError
        As `read_sound`.
    """
    path = existing_file(path, what="a film or sound file")
    sr, samples, clipped = _sr_of(path), 0, 0
    holds_more = _holds_more_than_full_scale(path)
    for part in _decoded(path, sr=sr):
        samples += len(part)
        clipped += _clipped(part, only_flat=holds_more)
    return SoundCheck(sr, samples / sr, clipped / samples)


def sound_beside_picture(sound: Sound, *, duration_s: float) -> Sound:
    """Return a sound that ends with a picture of `duration_s`: recordings often carry a little more or less of it.

    What is longer is cut, what is shorter ends in silence; nothing is moved in time.
    """
    wanted = round(duration_s * sound.sr)
    padding = max(0, wanted - len(sound.samples))
    return Sound(np.pad(sound.samples[:wanted], (0, padding)), sound.sr)


def write_sound(path: str | Path, sound: Sound) -> None:
    """Write `sound` as a WAV file, atomically: of 16 bits, or of 32-bit float where samples go beyond full scale.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    import soundfile

    buffer = io.BytesIO()  # on a full disk libsndfile would say no more than "System error"
    fits = np.abs(sound.samples).max(initial=0.0) <= 1
    soundfile.write(buffer, sound.samples, sound.sr, format="WAV", subtype="PCM_16" if fits else "FLOAT")
    write_bytes(path, buffer.getvalue())


def _sr_of(path: Path) -> int:
    with opened(path) as container:
        return int(_sound_stream(container, path).rate)


def _holds_more_than_full_scale(path: Path) -> bool:
    with opened(path) as container:
        return str(_sound_stream(container, path).codec_context.name).startswith("pcm_f")


def _sound_stream(container: Any, path: Path) -> Any:
    if not container.streams.audio:
        raise InputError(f"{path} has no sound: a film with speech is needed")
    return container.streams.audio[0]


def _decoded(path: Path, *, sr: int) -> Iterator[Samples]:
    """Yield the samples of a file at `sr`, one channel, from the time of the first frame on; at least one sample."""
    import av

    check_wav_whole(path)
    with opened(path) as container:
        stream = _sound_stream(container, path)
        resampler = av.AudioResampler(format="fltp", rate=sr)
        begin_of_picture_s = _begin_of_picture_s(container)
        num_heard, num_given, trim = 0, 0, 0
        mixing = _Mixing()

        def given(frame: Any) -> Iterator[Samples]:
            nonlocal num_heard, num_given, trim
            for part in resampler.resample(frame):
                samples = mixing.mixed(part)
                _check_numbers(samples, path, at_s=num_heard / sr)
                num_heard += len(samples)
                kept, trim = samples[trim:], max(0, trim - len(samples))
                num_given += len(kept)
                if len(kept):
                    yield kept

        begun = False
        for frame in container.decode(stream):
            if not begun:
                begun, begin_s = True, float(frame.time or 0.0)
                late = 0 if begin_of_picture_s is None else round((begin_s - begin_of_picture_s) * sr)
                trim = max(0, -late)
                if late > 0:
                    yield np.zeros(late, np.float32)
            # Several sound formats give no or uneven time stamps, which the resampler would refuse.
            frame.pts = None
            yield from given(frame)
        yield from given(None)
        promised_s = None if stream.duration is None else float(stream.duration * stream.time_base)
        check_decoded_whole(path, container=container.format.name, seconds=num_heard / sr, promised_s=promised_s)
    if not num_given:
        raise InputError(f"{path} has no sound: a film with speech is needed")
    if mixing.cancels:
        raise InputError(
            f"the channels of {path} are in opposite phase, and nothing is left of them in one: turn the phase of one"
            " over, or export one alone"
        )


def _resampled(sound: Sound, *, sr: int) -> Iterator[Samples]:
    import av

    resampler = av.AudioResampler(format="fltp", layout="mono", rate=sr)
    for start in range(0, len(sound.samples), sound.sr):
        frame = av.AudioFrame.from_ndarray(sound.samples[None, start : start + sound.sr], "fltp", "mono")
        frame.sample_rate = sound.sr
        for part in resampler.resample(frame):
            yield part.to_ndarray()[0]
    for part in resampler.resample(None):
        yield part.to_ndarray()[0]


def _blocks_of(parts: Iterable[Samples], block: int) -> Iterator[Samples]:
    waiting: list[Samples] = []
    count = 0
    for part in parts:
        waiting.append(part)
        count += len(part)
        if count >= block:
            joined = np.concatenate(waiting)
            whole = count - count % block
            for start in range(0, whole, block):
                yield joined[start : start + block]
            waiting, count = [joined[whole:]], count - whole
    if count:
        yield np.concatenate(waiting)


def _check_numbers(samples: Samples, path: Path, *, at_s: float) -> None:
    if not np.isfinite(samples).all():
        raise InputError(
            f"{path} holds samples that are not numbers, the first {at_s:.1f} s after its begin: export the sound again"
        )


def _clipped(samples: Samples, *, only_flat: bool) -> int:
    """Count the samples cut off at full scale; `only_flat`: beyond it there may be more, and a cut peak is flat."""
    at_full_scale = np.abs(samples) >= _FULL_SCALE
    if only_flat:
        like_next = np.append(np.diff(samples) == 0, [False])
        at_full_scale &= like_next | np.roll(like_next, 1)
    edges = np.flatnonzero(np.diff(at_full_scale.astype(np.int8), prepend=0, append=0))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= _FLAT_SAMPLES].sum())


class _Mixing:
    """Channels mixed to one, with an eye on what is left of them."""

    def __init__(self) -> None:
        self._power = 0.0
        self._left = 0.0

    def mixed(self, part: Any) -> Samples:
        """Return the mean of the channels."""
        channels = part.to_ndarray()
        # FFmpeg's own mix to mono adds 3 dB and overshoots full scale where the channels are the same.
        samples = np.asarray(channels.mean(axis=0), np.float32)
        if len(channels) > 1:
            self._power += float(np.square(channels, dtype=np.float64).mean(axis=0).sum())
            self._left += float(np.square(samples, dtype=np.float64).sum())
        return samples

    @property
    def cancels(self) -> bool:
        """Whether hardly anything is left of the channels."""
        return self._left < _CANCELLED_SHARE * self._power


def _begin_of_picture_s(container: Any) -> float | None:
    stream = container.streams.best("video")
    return None if stream is None or stream.start_time is None else float(stream.start_time * stream.time_base)
