"""The viseme model at the door of the models: phones in, displacements out, block by block."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, LandmarkTrack
from lipstudy.models._coarticulation import constriction
from lipstudy.models._moving import checked_neutral, frames_in, track_of
from lipstudy.models._viseme_model import VisemeModel, load_viseme_model, parameters_over_time
from lipstudy.models._visemes import Segment, segments_of
from lipstudy.motion import lip_columns
from lipstudy.speech import Phone, Speech, check_tiling

__all__ = ["SegmentsInTime", "VisemeLipMotion", "sealed_lips", "viseme_track"]

Floats = NDArray[np.floating[Any]]

_BLOCK_S = 10.0
_REACH_S = 2.0
"""What is said farther away than this from a moment has no part in its lips: over 16 times the widest blur."""


class VisemeLipMotion:
    """The viseme model as a `LipMotionModel`. It needs phones.

    Parameters
    ----------
    model : VisemeModel, optional
        What was estimated on film; that of this package by default.
    """

    def __init__(self, model: VisemeModel | None = None) -> None:
        self._model = model or load_viseme_model()

    def displacements(
        self, speech: Speech, *, fps: float, neutral: NDArray[np.float32]
    ) -> Iterator[NDArray[np.float64]]:
        """Yield displacements (n, 478, 3) of ten seconds each. Raises InputError without phones."""
        if speech.phones is None:
            raise InputError(
                "the viseme model needs to know what is said: give the words with --transcript, a Praat TextGrid with"
                " --textgrid, or use --model tcn, which needs the sound alone"
            )
        return _displacements(self._model, speech.phones, duration_s=speech.duration_s, fps=fps, rest=neutral)


def viseme_track(
    phones: Sequence[Phone],
    *,
    duration_s: float,
    fps: float,
    neutral: Floats | None = None,
    model: VisemeModel | None = None,
) -> LandmarkTrack:
    """Move the lips as the phones say.

    Each parameter of the lips (aperture, width, jaw, three residual shapes) is the average of the targets of all
    visemes weighted by their dominance (module `_coarticulation`); the lips close for /p b m/ at any rate of speech
    and nearly for /f v/; in silence they are the neutral. Targets, shapes and timing were estimated on GRID film (the
    card ``visemes.json``), with the amplitude of natural speech there.

    Parameters
    ----------
    phones : sequence of Phone
        What is said, without gaps, from 0 on.
    duration_s : float > 0
        Duration of the track; the lips rest after the last phone.
    fps : float, 1 to 1000
        Frames per second. Frame i shows the time i / fps, so that another `fps` samples the same motion. Under 25 a
        frame may miss a closure.
    neutral : ndarray of shape (478, 3), optional
        Closed rest pose of the face to move (topology mediapipe-478, head-normalised); a generic face by default.
    model : VisemeModel, optional
        Another estimate than that of this package.

    Returns
    -------
    LandmarkTrack
        ceil(duration_s * fps) frames of a still head, with `neutral`.

    Raises
    ------
    InputError
        If `fps` or `duration_s` are out of range, or the lips of `neutral` are open or it is of another topology.

    Notes
    -----
    Limits: the mean of ten English speakers, so no one's own style; no effect of stress or loudness on the size of a
    movement; tongue and teeth are not in the landmarks.
    """
    frames_in(duration_s, fps=fps)
    check_tiling(phones)
    rest = checked_neutral(neutral)
    chunks = _displacements(model or load_viseme_model(), phones, duration_s=duration_s, fps=fps, rest=rest)
    return track_of(chunks, duration_s=duration_s, fps=fps, neutral=rest)


def _displacements(
    model: VisemeModel, phones: Sequence[Phone], *, duration_s: float, fps: float, rest: NDArray[np.float32]
) -> Iterator[NDArray[np.float64]]:
    segments = SegmentsInTime(phones)
    num_frames, block = frames_in(duration_s, fps=fps), max(1, round(_BLOCK_S * fps))
    for first in range(0, num_frames, block):
        times_s = np.arange(first, min(first + block, num_frames)) / fps
        near = segments.near(times_s)
        parameters = parameters_over_time(model, near, times_s)
        points = rest.astype(np.float64) + np.einsum("tp,pkj->tkj", parameters, model.basis.astype(np.float64))
        sealed = constriction(near, times_s, "bilabial", lead_s=model.lead_s)
        yield np.asarray(sealed_lips(points, sealed) - rest)


class SegmentsInTime:
    """The visemes of phones, to be asked for by time: of long speech a block needs those near it alone."""

    def __init__(self, phones: Sequence[Phone]) -> None:
        self._segments = segments_of(phones)
        self._begins_s = np.array([segment.start_s for segment in self._segments])
        self._ends_s = np.array([segment.end_s for segment in self._segments])

    def near(self, times_s: Floats) -> tuple[Segment, ...]:
        """Return what has a part in the lips at `times_s` (T,), which grow."""
        is_near = (self._ends_s > times_s[0] - _REACH_S) & (self._begins_s < times_s[-1] + _REACH_S)
        near = np.flatnonzero(is_near)
        return self._segments[near[0] : near[-1] + 1] if len(near) else ()


def sealed_lips(points: Floats, share: Floats) -> Floats:
    """Return `points` (T, K, 3) with every pair of facing lip points brought together by `share` (T,) of its gap."""
    # The parameters close the centre of the lips; here the pairs beside it follow, and none may stay crossed.
    closed = np.array(points)
    for upper, lower in lip_columns(MEDIAPIPE_478):
        gap = points[:, lower[0]] - points[:, upper[0]]
        wanted = gap * (1 - share)[:, None]
        wanted[:, 1] = np.maximum(wanted[:, 1], 0)
        shift = (gap - wanted)[:, None, :] / 2
        closed[:, list(upper)] += shift
        closed[:, list(lower)] -= shift
    return closed
