"""Whether a sound holds speech: from one tenth of a second to the next speech is another phone, music mostly is not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lipstudy.models._network import LIPS_PER_S, Hearing
from lipstudy.models._phone_teacher import PHONES

__all__ = ["SpeechLikeness", "speech_likeness"]

Floats = NDArray[np.floating[Any]]

_APART = LIPS_PER_S // 10
_SOUNDING = 0.5
_NO_SPEECH = tuple(PHONES.index(name) for name in ("silence", "noise", "unintelligible"))
_LEAST_CHANGE = 0.6
"""Of 280 pieces of speech (56 recordings and synthetic voices in nine languages: as they are, by telephone, in a
room, clipped, with noise 10 dB softer) none has less, the least 0.63; of synthetic music with chords and melodies all
have, of music with drums a quarter (0.58 to 0.70)."""
_JUDGED_FROM_S = 1.0
_LEAST_SOUNDING_S = 0.2


@dataclass(frozen=True, slots=True)
class SpeechLikeness:
    """What tells speech from other sound."""

    duration_s: float
    """Of the sound."""
    sounding_s: float
    """Time in which phones are heard, and a tenth of a second later too."""
    change: float
    """How far what is heard differs from what is heard a tenth of a second later, 0 to 1, mean; NaN if nothing is."""

    @property
    def is_doubtful(self) -> bool:
        """Whether this is hardly speech. Less than a second is not judged."""
        if self.duration_s < _JUDGED_FROM_S:
            return False
        return self.sounding_s < _LEAST_SOUNDING_S or self.change < _LEAST_CHANGE


def speech_likeness(feature_blocks: Iterable[Floats], hearing: Hearing) -> SpeechLikeness:
    """Return how much a sound changes as speech does, in memory that does not grow with it.

    Parameters
    ----------
    feature_blocks : iterable of ndarray of shape (n, BANDS)
        As `feature_blocks` gives them.
    hearing : Hearing
        Tells the phones.
    """
    total, pairs, change = 0, 0, 0.0
    before = np.empty((0, len(PHONES)), np.float32)
    for block in feature_blocks:
        with torch.no_grad():
            device = hearing.mean.device
            heard = hearing(torch.as_tensor(block, dtype=torch.float32, device=device)[None])[0].cpu().numpy()
        total += len(heard)
        phones = np.concatenate([before, heard])
        sounding = 1 - phones[:, list(_NO_SPEECH)].sum(axis=1) > _SOUNDING
        both = sounding[_APART:] & sounding[:-_APART]
        pairs += int(both.sum())
        change += float(np.abs(phones[_APART:] - phones[:-_APART]).sum(axis=1)[both].sum() / 2)
        before = phones[-_APART:]
    return SpeechLikeness(total / LIPS_PER_S, pairs / LIPS_PER_S, change / pairs if pairs else np.nan)
