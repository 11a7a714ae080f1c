"""The viseme model and the network together, where both the words and the sound are known."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.models._coarticulation import constriction
from lipstudy.models._neural import NeuralLipMotion
from lipstudy.models._shape_basis import PARAMETERS
from lipstudy.models._viseme_model import VisemeModel, load_viseme_model, parameters_over_time
from lipstudy.models._viseme_motion import SegmentsInTime, sealed_lips
from lipstudy.models._visemes import Segment
from lipstudy.speech import Speech

__all__ = ["WordsAndSoundLipMotion"]

Floats = NDArray[np.floating[Any]]

_APERTURE = PARAMETERS.index("aperture")
_VISEME_SHARE = 0.3
"""Of the viseme model in the motion. On speakers left out little changes from 0.2 to 0.5; the network alone moves the
aperture as well, the width worse by 0.09 (docs/models.md)."""
_PAUSE_RAMP_S = 0.06


class WordsAndSoundLipMotion:
    """A mean of two motions, as a `LipMotionModel`. It needs the phones beside the sound.

    The network knows how this utterance sounds (how far, how long, how loud), the phones know which sounds it holds:
    lips close for /p b m/ and come near the teeth for /f v/ where the phones say so, not where the network hears it.
    In pauses they rest as the network does.

    Parameters
    ----------
    neural : NeuralLipMotion, optional
        The network; that of this package by default.
    visemes : VisemeModel, optional
        What was estimated on film; that of this package by default.
    """

    def __init__(self, neural: NeuralLipMotion | None = None, visemes: VisemeModel | None = None) -> None:
        self._neural = neural or NeuralLipMotion()
        self._visemes = visemes or load_viseme_model()

    def displacements(
        self, speech: Speech, *, fps: float, neutral: NDArray[np.float32]
    ) -> Iterator[NDArray[np.float64]]:
        """Yield displacements (n, 478, 3), at most ten seconds at a time. Raises InputError without phones."""
        if speech.phones is None:
            raise InputError(
                "the model viseme+tcn needs to know what is said: give the words with --transcript, a Praat TextGrid"
                " with --textgrid, or use --model tcn, which needs the sound alone"
            )
        return self._moved(speech, SegmentsInTime(speech.phones), fps=fps, rest=neutral.astype(np.float64))

    def _moved(
        self, speech: Speech, segments: SegmentsInTime, *, fps: float, rest: Floats
    ) -> Iterator[NDArray[np.float64]]:
        model, first = self._visemes, 0
        for values, closed in self._neural.parameters_before_closing(speech, fps=fps):
            times_s = np.arange(first, first + len(values)) / fps
            first += len(values)
            near = segments.near(times_s)
            near_teeth = constriction(near, times_s, "labiodental", lead_s=model.lead_s)
            too_open = np.maximum(values[:, _APERTURE] - model.labiodental_aperture, 0)
            values[:, _APERTURE] -= near_teeth * too_open
            heard = np.einsum("tp,pkj->tkj", values, self._neural.basis)
            known = np.einsum("tp,pkj->tkj", parameters_over_time(model, near, times_s), model.basis.astype(np.float64))
            moved = (1 - _VISEME_SHARE) * heard + _VISEME_SHARE * known
            sealed = constriction(near, times_s, "bilabial", lead_s=model.lead_s)
            sealed = np.maximum(sealed, closed * _in_pause(near, times_s))
            yield np.asarray(sealed_lips(rest + moved, sealed) - rest)


def _in_pause(segments: Sequence[Segment], times_s: Floats) -> NDArray[np.float64]:
    """Return how far each moment belongs to a pause, (T,): 0 where somebody speaks, 1 a little way into a pause."""
    speaks = np.zeros(len(times_s))
    for segment in segments:
        if segment.viseme != "rest":
            away_s = np.maximum(segment.start_s - times_s, times_s - segment.end_s)
            speaks = np.maximum(speaks, 1 - np.clip(away_s / _PAUSE_RAMP_S, 0, 1))
    return 1 - speaks**2 * (3 - 2 * speaks)
