"""The network: what is heard becomes phones, and phones and sound become the parameters of the lips.

Every frame is made from a fixed stretch of sound around it (a temporal convolutional network), none from other frames
that were made: it is fast, and a clip and a stream give the same.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lipstudy.models._features import BANDS, FEATURES_PER_S
from lipstudy.models._phone_teacher import CEPSTRA, PHONES, cepstral_basis
from lipstudy.models._shape_basis import PARAMETERS

__all__ = ["LIPS_PER_S", "REACH_FRAMES", "Hearing", "LipNetwork", "NetworkSize", "lip_times_s"]

_STRIDE = 2
LIPS_PER_S = FEATURES_PER_S // _STRIDE
"""Frames of lip parameters per second; a film's frames are interpolated between them."""

_KERNEL = 3
_BAND_SCALE = 3.0
_BILABIALS = tuple(PHONES.index(phone) for phone in ("P", "B", "M"))
_SILENCES = tuple(PHONES.index(phone) for phone in ("silence", "noise"))
_PAUSE = 25
"""Half a second of lip frames: longer than the silence of a plosive."""
_PAUSE_SHARE = 0.75
"""Likelihood of silence, over that time, from which the lips begin to rest."""
_PHONE_SCALE = 3.0


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """What decides the shapes of all weights."""

    hearing: int = 256
    """Units of each hidden layer that tells phones."""
    hidden: int = 48
    """Channels of the layers that move the lips."""
    dilations: tuple[int, ...] = (1, 2, 4, 8)
    """Of the temporal layers, in frames of 20 ms."""
    members: int = 3
    """Networks for the lips that are averaged: one alone depends on its seed."""
    speakers: int = 0
    """Speakers trained on; each has an embedding. Another speaker has the embedding 0."""
    embedding: int = 4
    """Numbers of a speaker's embedding."""
    dropout: float = 0.3
    """Share of channels silenced in training."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return asdict(self)


class Hearing(nn.Module):
    """Features -> how likely each phone is, frame by frame."""

    basis: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.register_buffer("basis", torch.tensor(cepstral_basis(BANDS), dtype=torch.float32))
        self.register_buffer("mean", torch.zeros(3 * CEPSTRA))
        self.register_buffer("scale", torch.ones(3 * CEPSTRA))
        self.layers = nn.Sequential(
            nn.Linear(3 * CEPSTRA, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, len(PHONES)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the likelihoods (B, T, phones) of `features` (B, T, BANDS)."""
        cepstra = features @ self.basis
        frames = cepstra.shape[1]
        padded = torch.cat([cepstra[:, :1].expand(-1, 3, -1), cepstra, cepstra[:, -1:].expand(-1, 3, -1)], dim=1)

        def at(offset: int) -> Tensor:
            return padded[:, 3 + offset : 3 + offset + frames]

        both = torch.cat([cepstra, at(2) - at(-2), (at(3) - at(-1)) - (at(1) - at(-3))], dim=2)
        return torch.softmax(self.scores(both), dim=2)

    def scores(self, cepstra: Tensor) -> Tensor:
        """Return the scores before the softmax of cepstra with differences (..., 3 CEPSTRA)."""
        scores: Tensor = self.layers((cepstra - self.mean) / self.scale)
        return scores


class _Member(nn.Module):
    def __init__(self, size: NetworkSize) -> None:
        super().__init__()
        self.enter = nn.Conv1d(len(PHONES) + BANDS, size.hidden, 1)
        self.layers = nn.ModuleList(
            nn.Conv1d(size.hidden, size.hidden, _KERNEL, padding=dilation, dilation=dilation)
            for dilation in size.dilations
        )
        self.drop = nn.Dropout1d(size.dropout)
        self.style = nn.Linear(size.embedding, 2 * size.hidden, bias=False)
        self.leave = nn.Conv1d(size.hidden, len(PARAMETERS) + 1, 1)

    def forward(self, heard: Tensor, speaker: Tensor) -> Tensor:
        scale, shift = self.style(speaker)[:, :, None].chunk(2, dim=1)
        hidden = self.enter(heard)
        for layer in self.layers:
            hidden = hidden + self.drop(torch.relu(layer(hidden)))
        out: Tensor = self.leave(hidden * (1 + scale) + shift)
        return out


class LipNetwork(nn.Module):
    """Features -> lip parameters and how likely the lips touch, 50 times a second."""

    mean: Tensor

    def __init__(self, size: NetworkSize) -> None:
        super().__init__()
        self.size = size
        self.hearing = Hearing(size.hearing)
        self.members = nn.ModuleList(_Member(size) for _ in range(size.members))
        self.speakers = nn.Parameter(torch.zeros(size.speakers, size.embedding))
        self.register_buffer("mean", torch.zeros(len(PHONES) + BANDS))

    def heard(self, features: Tensor) -> Tensor:
        """Return what the lips hear of `features` (B, T, BANDS): (B, phones + BANDS, T // 2)."""
        both = torch.cat([_PHONE_SCALE * self.hearing(features), features / _BAND_SCALE], dim=2)
        batch, frames, channels = both.shape
        pairs = both[:, : frames - frames % _STRIDE].reshape(batch, frames // _STRIDE, _STRIDE, channels)
        return pairs.mean(dim=2).transpose(1, 2)

    def each(self, heard: Tensor, speaker: Tensor) -> Tensor:
        """Return what each member says of `heard`: (members, B, P + 1, T), parameters in units of their deviation."""
        heard = heard - self.mean[:, None]
        return torch.stack([member(heard, speaker) for member in self.members])

    def forward(self, features: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor]:
        """Return lip parameters (B, T // 2, P) in units of their deviation, and how far the lips close (B, T // 2).

        They close for /p b m/, as likely as one is heard, and rest in pauses.

        `speaker` is an embedding (B, E): a row of `speakers`, or zeros for somebody else.
        """
        heard = self.heard(features)
        out = self.each(heard, speaker).mean(dim=0).transpose(1, 2)
        phones = heard[:, : len(PHONES)] / _PHONE_SCALE
        bilabial = phones[:, list(_BILABIALS)].sum(dim=1)
        padded = torch.cat([bilabial[:, :1], bilabial, bilabial[:, -1:]], dim=1)
        bilabial = padded[:, :-2] / 4 + padded[:, 1:-1] / 2 + padded[:, 2:] / 4
        silence = nn.functional.avg_pool1d(
            phones[:, list(_SILENCES)].sum(dim=1, keepdim=True), _PAUSE, 1, _PAUSE // 2, count_include_pad=False
        )
        return out[..., : len(PARAMETERS)], torch.maximum(bilabial, 2 * torch.relu(silence[:, 0] - _PAUSE_SHARE))


REACH_FRAMES = 64
"""Frames of features on either side that a lip frame may depend on, at most: a whole number of lip frames."""


def lip_times_s(num_frames: int) -> NDArray[np.float64]:
    """Return the time in seconds of each of `num_frames` frames of lip parameters, the mean of the two under it."""
    return (np.arange(num_frames) * _STRIDE + (_STRIDE - 1) / 2) / FEATURES_PER_S
