"""A trained network at the door of the models: sound in, displacements out, block by block."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lipstudy.errors import InputError, nearest_name
from lipstudy.models._checkpoint import Checkpoint, default_checkpoint
from lipstudy.models._closing import closed_lips
from lipstudy.models._features import BANDS, SR, feature_blocks
from lipstudy.models._moving import frames_in
from lipstudy.models._network import REACH_FRAMES, lip_times_s
from lipstudy.models._shape_basis import PARAMETERS
from lipstudy.models._speech_likeness import SpeechLikeness, speech_likeness
from lipstudy.models._viseme_motion import sealed_lips
from lipstudy.speech import Speech

__all__ = ["NeuralLipMotion"]

Floats = NDArray[np.floating[Any]]

_APERTURE = PARAMETERS.index("aperture")
_SECONDS_AT_ONCE = 10.0
_JUDGED_S = 300.0


class NeuralLipMotion:
    """A trained network as a `LipMotionModel`. It needs the sound alone.

    Parameters
    ----------
    checkpoint : Checkpoint, optional
        What was trained; the model of this package by default.
    speaker : str, optional
        One of the speakers trained on, to move as that one; by default as an average of them.

    Raises
    ------
    InputError
        If the speaker was not trained on.

    Notes
    -----
    Limits: the checkpoint's card says how little film it saw. The lips move as the sound suggests, without what the
    sound does not tell: a smile, a yawn, a silent closing long before the speech.
    """

    def __init__(self, checkpoint: Checkpoint | None = None, *, speaker: str | None = None) -> None:
        self._checkpoint = checkpoint or default_checkpoint()
        self._network = self._checkpoint.network
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._network.to(self._device)
        known = self._checkpoint.speakers
        if speaker is not None and speaker not in known:
            raise InputError(
                f"the model was not trained on the speaker '{speaker}'{nearest_name(speaker, known)}: leave it out, or"
                f" give one of {', '.join(known)}"
            )
        self._style = torch.zeros(1, self._network.size.embedding, device=self._device)
        if speaker is not None:
            self._style = self._network.speakers.detach()[known.index(speaker)][None]

    @property
    def basis(self) -> NDArray[np.float64]:
        """(P, K, 3) displacement for one unit of each of PARAMETERS."""
        return self._checkpoint.basis.astype(np.float64)

    def likeness(self, speech: Speech) -> SpeechLikeness:
        """Return what tells whether `speech` is speech, from its first five minutes: lips would move with music too."""
        begin = islice(speech.blocks(sr=SR, block_s=_SECONDS_AT_ONCE), int(_JUDGED_S / _SECONDS_AT_ONCE))
        return speech_likeness(feature_blocks(begin), self._network.hearing)

    def displacements(
        self, speech: Speech, *, fps: float, neutral: NDArray[np.float32]
    ) -> Iterator[NDArray[np.float64]]:
        """Yield displacements (n, 478, 3), at most ten seconds at a time. Raises InputError for samples not numbers."""
        for values, closed in self.parameters(speech, fps=fps):
            moved = np.einsum("tp,pkj->tkj", values, self.basis)
            yield np.asarray(sealed_lips(neutral.astype(np.float64) + moved, closed) - neutral)

    def parameters(self, speech: Speech, *, fps: float) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Yield the parameters of the lips (n, P) and how far they are closed (n,), frame after frame of `fps`.

        Between the 50 moments a second that the network makes, motion is linear: another `fps` samples the same motion.
        """
        for values, closed in self.parameters_before_closing(speech, fps=fps):
            values[:, _APERTURE] *= 1 - closed
            yield values, closed

    def parameters_before_closing(
        self, speech: Speech, *, fps: float
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """Yield what `parameters` does, the aperture as it is without the closing."""
        total, given = frames_in(speech.duration_s, fps=fps), 0
        before, first = np.empty((0, len(PARAMETERS) + 2)), 0  # lip frames still needed, and the number of the first
        for block in self._lips(speech):
            lips = np.concatenate([before, block])
            last_s = lip_times_s(1, first=first + len(lips) - 1)[0]
            until = min(total, int(np.ceil(last_s * fps - 1e-9)))
            while given < until:
                stop = min(until, given + max(1, int(_SECONDS_AT_ONCE * fps)))
                yield self._at(np.arange(given, stop) / fps, lips, first)
                given = stop
            before, first = lips[-1:], first + len(lips) - 1
        while given < total:  # less than a lip frame is left: the last is held
            stop = min(total, given + max(1, int(_SECONDS_AT_ONCE * fps)))
            yield self._at(np.arange(given, stop) / fps, before, first)
            given = stop

    def _at(self, times_s: Floats, lips: Floats, first: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        known_s = lip_times_s(len(lips), first=first)
        values = np.column_stack([np.interp(times_s, known_s, column) for column in lips.T])
        closed = closed_lips(values[:, -2], values[:, -1], closed_at=self._checkpoint.closed_at)
        parameters = values[:, :-2]
        parameters[:, _APERTURE] = np.maximum(parameters[:, _APERTURE], 0)
        return parameters, closed

    def _lips(self, speech: Speech) -> Iterator[NDArray[np.float64]]:
        # What comes before and after a block is heard with it, as far as the network reaches.
        waiting, before = np.empty((0, BANDS), np.float32), 0
        for block in feature_blocks(speech.blocks(sr=SR)):
            if len(waiting) > before:
                follows = np.concatenate([waiting, block[:REACH_FRAMES]])
                yield self._made(follows, before, len(waiting))
                kept = max(0, len(waiting) - REACH_FRAMES)
                waiting, before = waiting[kept:], len(waiting) - kept
            waiting = np.concatenate([waiting, block])
        yield self._made(waiting, before, len(waiting))

    def _made(self, heard: Floats, begin: int, end: int) -> NDArray[np.float64]:
        if len(heard) % 2:
            heard = np.concatenate([heard, heard[-1:]])
        with torch.no_grad():
            given = torch.as_tensor(heard, dtype=torch.float32, device=self._device)[None]
            values, closing, resting = self._network(given, self._style)
        lips = torch.cat([values[0], closing[0, :, None], resting[0, :, None]], dim=1).cpu().numpy().astype(np.float64)
        lips[:, : len(PARAMETERS)] *= self._checkpoint.scale
        return np.asarray(lips[begin // 2 : (end + 1) // 2])
