"""Speech as a model of lip motion gets it: sound, short or long, and what is said if that is known."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.media import Sound, check_sound, read_sound, resampled_blocks, sound_blocks
from lipstudy.speech._phones import Phone, check_tiling

__all__ = ["Speech"]


@dataclass(frozen=True, slots=True)
class Speech:
    """What somebody says: the sound, and phones where they are known."""

    source: Sound | Path
    """The samples, or the film or sound file that is read block by block."""
    duration_s: float
    """Duration in seconds."""
    name: str = "speech"
    """What it is called; of a file its name without ending."""
    phones: tuple[Phone, ...] | None = None
    """Phones and pauses in order, the first from 0 on, each from the end of the one before; None if not known."""

    def __post_init__(self) -> None:
        if not 0 < self.duration_s < np.inf:
            raise InputError(f"the speech '{self.name}' must last longer than 0 s, got {self.duration_s:g} s")
        if self.phones is not None:
            check_tiling(self.phones)

    @classmethod
    def of_sound(cls, sound: Sound, *, name: str = "speech", phones: tuple[Phone, ...] | None = None) -> "Speech":
        """Return speech that is in memory. Raises InputError if it has no sample."""
        return cls(sound, sound.duration_s, name, phones)

    @classmethod
    def of_file(cls, path: str | Path, *, phones: tuple[Phone, ...] | None = None) -> "Speech":
        """Return the speech of a film or sound file, which is heard once to know its duration.

        Raises
        ------
        InputError
            If there is no file, it cannot be read, it has no sound, or samples in it are not numbers.
        """
        path = Path(path)
        return cls(path, check_sound(path).duration_s, path.stem, phones)

    def blocks(self, *, sr: int, block_s: float = 10.0) -> Iterator[NDArray[np.float32]]:
        """Yield the samples at `sr` in blocks of `block_s` seconds; the last may be shorter.

        The samples do not depend on `block_s`. Of a file no more than a block is in memory.
        """
        if isinstance(self.source, Sound):
            return resampled_blocks(self.source, sr=sr, block_s=block_s)
        return sound_blocks(self.source, sr=sr, block_s=block_s)

    def sound(self, *, sr: int) -> Sound:
        """Return all samples at `sr`: for models that hear everything at once."""
        if isinstance(self.source, Path):
            return read_sound(self.source, sr=sr)
        blocks = list(self.blocks(sr=sr))
        return Sound(np.concatenate(blocks) if blocks else np.empty(0, np.float32), sr)
