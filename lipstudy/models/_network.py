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
from lipstudy.models._lip_layers import LinearLips, TemporalLips
from lipstudy.models._phone_teacher import CEPSTRA, PHONES, cepstral_basis
from lipstudy.models._shape_basis import PARAMETERS

__all__ = ["LIPS_PER_S", "REACH_FRAMES", "Hearing", "LipNetwork", "NetworkSize", "lip_times_s"]

_STRIDE = 2
LIPS_PER_S = FEATURES_PER_S // _STRIDE
"""Frames of lip parameters per second; a film's frames are interpolated between them."""

_BAND_SCALE = 3.0
_APERTURE = PARAMETERS.index("aperture")
_BILABIALS = tuple(PHONES.index(phone) for phone in ("P", "B", "M"))
_SILENCES = tuple(PHONES.index(phone) for phone in ("silence", "noise"))
_PAUSE = 25
"""Half a second of lip frames: longer than the silence of a plosive."""
_PAUSE_SHARES = (0.8, 0.9)
"""Likelihood of silence, over that time, at which the lips begin to rest, and at which they do."""
_PHONE_SCALE = 3.0


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """What decides the shapes of all weights."""

    hearing: int = 256
    """Units of each hidden layer that tells phones."""
    hidden: int = 32
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
    linear: tuple[float, ...] = (0.5, 1.0, 0.5, 0.5, 0.5, 0.5)
    """For each parameter what the linear model counts in the mean; the temporal networks have the rest."""

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        return asdict(self)


class Hearing(nn.Module):
    """Features -> how likely each phone is, once for two frames."""

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
        """Return the likelihoods (B, T // 2, phones) of `features` (B, T, BANDS)."""
        cepstra = torch.matmul(features, self.basis)
        frames = cepstra.shape[1]
        padded = torch.cat([cepstra[:, :1].expand(-1, 3, -1), cepstra, cepstra[:, -1:].expand(-1, 3, -1)], dim=1)

        def at(offset: int) -> Tensor:
            return padded[:, 3 + offset : 3 + offset + frames]

        both = torch.cat([cepstra, at(2) - at(-2), (at(3) - at(-1)) - (at(1) - at(-3))], dim=2)
        return torch.softmax(self.scores(_mean_of_pairs(both)), dim=2)

    def scores(self, cepstra: Tensor) -> Tensor:
        """Return the scores before the softmax of cepstra with differences (..., 3 CEPSTRA)."""
        scores: Tensor = self.layers((cepstra - self.mean) / self.scale)
        return scores


class LipNetwork(nn.Module):
    """Features -> lip parameters and how far the lips close, 50 times a second."""

    mean: Tensor
    share: Tensor

    def __init__(self, size: NetworkSize) -> None:
        super().__init__()
        self.size = size
        self.hearing = Hearing(size.hearing)
        self.temporal = TemporalLips(
            members=size.members,
            heard=len(PHONES) + BANDS,
            hidden=size.hidden,
            out=len(PARAMETERS) + 1,
            dilations=size.dilations,
            embedding=size.embedding,
            drop=size.dropout,
        )
        self.linear = LinearLips(len(PHONES), len(PARAMETERS))
        self.speakers = nn.Parameter(torch.zeros(size.speakers, size.embedding))
        self.register_buffer("mean", torch.zeros(len(PHONES) + BANDS))
        self.register_buffer("share", torch.tensor(size.linear), persistent=False)

    def heard(self, features: Tensor) -> Tensor:
        """Return what the lips hear of `features` (B, T, BANDS): (B, T // 2, phones + BANDS)."""
        return torch.cat([_PHONE_SCALE * self.hearing(features), _mean_of_pairs(features) / _BAND_SCALE], dim=2)

    def each(self, heard: Tensor, speaker: Tensor) -> Tensor:
        """Return what each temporal network says of `heard`: (members, B, T, P + 1).

        Parameters in units of their deviation, then how surely the lips touch, which is there to be learned from.
        """
        said: Tensor = self.temporal(heard - self.mean, speaker)
        return said

    def fit_linear(self, heard: Tensor, wanted: Tensor, seen: Tensor, *, ridge: float) -> None:
        """Fit the linear model to parameters `wanted` (N, T, P) in units of their deviation; see `LinearLips.fit`."""
        self.linear.fit(heard[..., : len(PHONES)], wanted, seen, ridge=ridge)

    def forward(self, features: Tensor, speaker: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the lips do, 50 times a second.

        Parameters
        ----------
        features : Tensor of shape (B, T, BANDS)
            What is heard.
        speaker : Tensor of shape (B, E)
            A row of `speakers`, or zeros for somebody else.

        Returns
        -------
        values : Tensor of shape (B, T // 2, P)
            PARAMETERS in units of their deviation.
        closing : Tensor of shape (B, T // 2)
            How likely a /p b m/ is heard, times exp(-aperture): the wider the lips would be open, the surer it must be.
        resting : Tensor of shape (B, T // 2)
            0 while somebody speaks, 1 in a pause.
        """
        heard = self.heard(features)
        said = heard[..., : len(PHONES)]
        temporal = self.each(heard, speaker).mean(dim=0)[..., : len(PARAMETERS)]
        values = temporal + self.share * (self.linear(said) - temporal)
        phones = said / _PHONE_SCALE
        bilabial = phones[..., list(_BILABIALS)].sum(dim=2)
        padded = torch.cat([bilabial[:, :1], bilabial, bilabial[:, -1:]], dim=1)
        bilabial = padded[:, :-2] / 4 + padded[:, 1:-1] / 2 + padded[:, 2:] / 4
        silence = nn.functional.avg_pool1d(
            phones[..., list(_SILENCES)].sum(dim=2)[:, None], _PAUSE, 1, _PAUSE // 2, count_include_pad=False
        )[:, 0]
        low, high = _PAUSE_SHARES
        resting = ((silence - low) / (high - low)).clamp(0, 1)
        return values, bilabial * torch.exp(-torch.relu(values[..., _APERTURE])), resting


def _mean_of_pairs(frames: Tensor) -> Tensor:
    return (frames[:, 0 : frames.shape[1] - 1 : 2] + frames[:, 1::2]) / 2


REACH_FRAMES = 40
"""Frames of features on either side that a lip frame may depend on, at most: a whole number of lip frames."""


def lip_times_s(num_frames: int, *, first: int = 0) -> NDArray[np.float64]:
    """Return the time in seconds of `num_frames` frames of lip parameters, the mean of the two under each."""
    return (np.arange(first, first + num_frames) * _STRIDE + (_STRIDE - 1) / 2) / FEATURES_PER_S
