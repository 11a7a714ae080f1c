"""A track moved to where a reference speaker is: its lips move as strongly as hers."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import LandmarkTrack, log_lip_intensity_ratio, neutral_of, uncross_lips
from lipstudy.motion._articulators import ARTICULATORS, articulators_of
from lipstudy.motion._operators import MAX_ARTICULATION, About, scaled_by_articulator

__all__ = ["Matched", "match_articulation"]

Floats = NDArray[np.floating[Any]]

_STILL_IOD = 1e-4
_ROUNDS = 5
"""Held contacts and mended crossings take a little from every gain; so often it is given back."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A track whose lips move as strongly as those of a reference speaker."""

    track: LandmarkTrack
    """The matched track; its provenance tells the gains."""
    gains: dict[str, float]
    """Factor of each of ARTICULATORS about the closed rest pose; NaN for one that is still in one of the tracks and
    was left as it is."""
    effective_articulation: float
    """exp of the mean log ratio of lip intensity to that of the reference, after matching; NaN if undefined."""
    effective_articulation_before: float
    """The same before matching."""


def match_articulation(track: LandmarkTrack, reference: LandmarkTrack, *, neutral: Floats | None = None) -> Matched:
    """Scale jaw, spread and protrusion of `track` about its closed rest pose until the lips move as in `reference`.

    The strengths of the three are then to each other as in `reference`, and the lips as a whole move as strongly: the
    effective articulation is 1. The strength of an articulator is the root mean square over frames and lips of its
    distance from its mean, in IOD. Where one is still in one of the tracks, the others are made as strong as in
    `reference` each. For a fair match both tracks hold connected speech with pauses of similar share.

    Parameters
    ----------
    track : LandmarkTrack
        What is matched, of any speaker or model.
    reference : LandmarkTrack
        Speech of the speaker that it shall be as strong as; the words need not be the same.
    neutral : ndarray of shape (K, 3), optional
        Closed rest pose of the face in `track`; by default its own.

    Returns
    -------
    Matched
        Lips in contact stay in contact, and lips never cross.

    Raises
    ------
    InputError
        If topologies differ, the lips are still in one of them, or a gain would be over 3.
    """
    if track.topology.name != reference.topology.name:
        raise InputError(
            f"the track is of topology '{track.topology.name}' and the reference of '{reference.topology.name}'"
        )
    about = About(neutral)
    wanted = _strengths(reference)
    own = _strengths(track)
    moving = [name for name in ARTICULATORS if min(own[name], wanted[name]) > _STILL_IOD]
    if not moving:
        raise InputError("the lips do not move in one of the tracks: there is nothing to match")
    scales = dict.fromkeys(moving, 1.0)
    points = track.points
    for _ in range(_ROUNDS):
        reached = _strengths(track.with_points(points))
        for name in moving:
            scales[name] *= wanted[name] / reached[name]
            if scales[name] > MAX_ARTICULATION:
                raise InputError(
                    f"the {name} would have to move {scales[name]:.1f} times as far to match the reference: over"
                    f" {MAX_ARTICULATION:g} lips leave the face, choose another reference"
                )
        points = uncross_lips(scaled_by_articulator(track, scales, about), track.topology).astype(np.float32)
        if len(moving) == len(ARTICULATORS):
            # Faces differ in which part of the lips moves most, so that three right strengths may make a wrong whole.
            reached_in_all = math.exp(log_lip_intensity_ratio(points, reference.points, track.topology))
            wanted = {name: value / reached_in_all for name, value in wanted.items()}
    gains = {name: scales.get(name, math.nan) for name in ARTICULATORS}
    before, after = (
        math.exp(log_lip_intensity_ratio(each, reference.points, track.topology)) for each in (track.points, points)
    )
    told = {"gains": {name: round(scales[name], 6) if name in scales else None for name in ARTICULATORS}}
    matched = track.with_points(points, provenance={**track.provenance, "matched": told})
    return Matched(matched, gains, after, before)


def _strengths(track: LandmarkTrack) -> dict[str, float]:
    lips = list(track.topology.subsets["lips-40"])
    parts = articulators_of(track.points.astype(np.float64) - neutral_of(track), track.topology)
    return {
        name: float(np.sqrt(np.square(part[:, lips] - part[:, lips].mean(axis=0)).sum(axis=-1).mean()))
        for name, part in parts.items()
    }
