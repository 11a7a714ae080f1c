"""Exaggeration within anatomy: lips and jaw come near the end of a speaker's range, and stop before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import LandmarkTrack, Topology, lip_aperture, mouth_width, neutral_of

__all__ = ["SpeakerLimits", "speaker_limits"]

Floats = NDArray[np.floating[Any]]

_ROOM = 1.4
"""Clear speech goes beyond what one film of ordinary speech shows: the end of the range, over the largest seen."""
_SEEN_QUANTILE = 0.98
_USUAL_IOD = np.array([0.18, 0.09, 0.035, 0.04, 0.07])
"""Median over twelve GRID clips of the quantile above, by channel: one short film of little speech shows less."""
_FREE = 0.75
"""Part of the range in which nothing is held back."""
_CLIPPED = 0.95
"""A frame is told as clipped if it has less than this part of the exaggeration asked for."""


@dataclass(frozen=True, slots=True)
class SpeakerLimits:
    """How far a speaker's mouth goes."""

    neutral: Floats
    """(K, 3) the speaker's closed rest pose, head-normalised."""
    range_iod: Floats
    """(5,) how far from there: lips apart, chin down, upper lip up, corners apart, corners together."""
    topology: Topology
    """What each of the K points is."""

    def held(self, points: Floats, scaled: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Bring `scaled` back towards `points` where it goes beyond the range.

        All landmarks of a frame are brought back by one share, so that a mouth keeps its shape, lips that touch stay
        in touch, and the jaw goes with the lips. Over the first three quarters of the range nothing changes; beyond,
        the motion slows down and never reaches the end.

        Parameters
        ----------
        points : ndarray of shape (T, K, 3)
            The speaker's own lips, head-normalised. They are never held back themselves.
        scaled : ndarray of shape (T, K, 3)
            The same, exaggerated.

        Returns
        -------
        points : ndarray of shape (T, K, 3)
            Between `points` and `scaled`.
        clipped : ndarray of shape (T,)
            True in frames that have less than 95 % of the exaggeration.
        """
        own = _channels(points, self.neutral, self.topology) / self.range_iod
        asked = _channels(scaled, self.neutral, self.topology) / self.range_iod
        grown = asked - own
        share = np.where(grown > 1e-9, (_soft(asked) - _soft(own)) / np.maximum(grown, 1e-9), 1.0).min(-1)
        return points + share[:, None, None] * (scaled - points), share < _CLIPPED


def speaker_limits(tracks: Sequence[LandmarkTrack]) -> SpeakerLimits:
    """Return the range of one speaker's mouth, from all that is known of her.

    Parameters
    ----------
    tracks : sequence of LandmarkTrack, at least one
        Tracks of one speaker's own speech; the neutral is that of the first.

    Returns
    -------
    SpeakerLimits
        1.4 times the largest motion seen (0.98 quantile), or the usual one of twelve GRID clips if that is larger.

    Raises
    ------
    InputError
        If there is no track, or they are of different topologies.
    """
    if not tracks:
        raise InputError("there is no track: a speaker's range is measured on at least one")
    names = sorted({track.topology.name for track in tracks})
    if len(names) > 1:
        raise InputError(f"the tracks of one speaker must be of one topology, got {' and '.join(names)}")
    topology = tracks[0].topology
    seen = np.concatenate([_channels(track.points, neutral_of(track), topology) for track in tracks])
    largest = np.maximum(np.quantile(seen, _SEEN_QUANTILE, axis=0), _USUAL_IOD)
    return SpeakerLimits(np.asarray(neutral_of(tracks[0]), np.float64), _ROOM * largest, topology)


def _channels(points: Floats, neutral: Floats, topology: Topology) -> Floats:
    """Return (T, 5) displacements, positive in the direction that is limited, IOD."""
    points = points.astype(np.float64)
    upper = topology.outer_lip_pairs[len(topology.outer_lip_pairs) // 2][0]
    wider = mouth_width(points, topology) - mouth_width(neutral.astype(np.float64), topology)
    down = points[:, topology.chin, 1] - neutral[topology.chin, 1]
    up = neutral[upper, 1] - points[:, upper, 1]
    return np.stack([lip_aperture(points, topology), down, up, wider, -wider], axis=-1)


def _soft(part: Floats) -> Floats:
    # Straight to _FREE, then a hyperbolic tangent that meets it with the same slope and ends at 1.
    beyond = np.maximum(part - _FREE, 0) / (1 - _FREE)
    return np.asarray(np.minimum(part, _FREE) + (1 - _FREE) * np.tanh(beyond))
