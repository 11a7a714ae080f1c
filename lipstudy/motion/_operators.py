"""What the articulation scale is applied about, and to: the operators."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError, nearest_name
from lipstudy.face import (
    CONTACT_GAP_IOD,
    LandmarkTrack,
    Topology,
    close_lips,
    lip_aperture,
    lips_in_contact,
    neutral_of,
)
from lipstudy.motion._articulators import ARTICULATORS, articulators_of
from lipstudy.motion._regions import articulation_weights, lip_columns
from lipstudy.motion._speed import changed_speed
from lipstudy.motion._time_locked import time_locked_mean

__all__ = [
    "MAX_ARTICULATION",
    "OPERATORS",
    "ROUNDING_IOD",
    "About",
    "Operator",
    "operator_named",
    "scaled_by_articulator",
    "with_gaps",
]

Floats = NDArray[np.floating[Any]]

ROUNDING_IOD = 1e-6
"""What single precision may do to a gap."""
_FULL_SCALE_GAP_IOD = 2 * CONTACT_GAP_IOD
"""Aperture from which lips open by the whole scale; down to contact the scale falls smoothly to 1."""
_WIDE_QUANTILE = 0.9
"""Of the frames with open lips: the aperture from which ``gated`` gives the whole scale."""
MAX_ARTICULATION = 3.0
"""The largest articulation scale, of any articulator too: beyond it lips leave the face."""
_SHARE = re.compile(r"(?P<name>[a-z]+)(?:=(?P<share>-?\d+(?:\.\d+)?))?")


@dataclass(frozen=True, slots=True)
class About:
    """What a scale may need beside the track."""

    neutral: Floats | None = None
    """(K, 3) the speaker's closed rest pose; that of the track if not given."""
    repetitions: Sequence[LandmarkTrack] = ()
    """Tracks of the same sentence, spoken again or by others."""


Operator = Callable[[LandmarkTrack, float, About], Floats]
"""(track, articulation scale, what it may need) -> scaled points (T, K, 3); crossings are mended later."""


def operator_named(name: str) -> Operator:
    """Return the operator called `name`: one of OPERATORS, or articulators such as "jaw" or "jaw+spread=0.5".

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name in OPERATORS:
        return OPERATORS[name]
    shares = _shares_in(name)
    if shares is None:
        known = (*OPERATORS, *ARTICULATORS)
        raise InputError(
            f"the operator {name!r} is unknown{nearest_name(name, known)}: known is {', '.join(known)}, and"
            " articulators joined, for instance jaw+spread or jaw+spread=0.5"
        )
    return lambda track, articulation, about: scaled_by_articulator(
        track, {key: 1 + share * (articulation - 1) for key, share in shares.items()}, about
    )


def scaled_by_articulator(track: LandmarkTrack, scales: Mapping[str, float], about: About) -> Floats:
    """Scale jaw, spread and protrusion about the closed rest pose, each by its own; one not named stays as it is.

    Raises
    ------
    InputError
        If a scale is outside [0, 3].
    """
    for name, scale in scales.items():
        if not 0 <= scale <= MAX_ARTICULATION:
            raise InputError(
                f"the {name} would be scaled by {scale:g}: it must be between 0 and {MAX_ARTICULATION:g}, choose"
                " another articulation or share"
            )
    rest = _closed_rest_pose(track, about.neutral)
    points = track.points.astype(np.float64)
    parts = articulators_of(points - rest, track.topology)
    weights = articulation_weights(track.topology)[:, None]
    grown = sum((scale - 1) * parts[name] for name, scale in scales.items())
    return _with_contacts(points + weights * grown, track)


def _about_rest(track: LandmarkTrack, articulation: float, about: About) -> Floats:
    return _with_contacts(_about(_closed_rest_pose(track, about.neutral), track, articulation), track)


def _gated(track: LandmarkTrack, articulation: float, about: About) -> Floats:
    rest = _closed_rest_pose(track, about.neutral)
    gap = lip_aperture(track.points.astype(np.float64), track.topology)
    open_gaps = gap[gap >= CONTACT_GAP_IOD]
    wide = max(float(np.quantile(open_gaps, _WIDE_QUANTILE)) if len(open_gaps) else 0, _FULL_SCALE_GAP_IOD)
    scale = 1 + _smooth_step((gap - CONTACT_GAP_IOD) / (wide - CONTACT_GAP_IOD)) * (articulation - 1)
    return _with_contacts(_about(rest, track, scale[:, None, None]), track)


def _about_mean(track: LandmarkTrack, articulation: float, about: About) -> Floats:
    return _about(track.points.mean(axis=0, dtype=np.float64), track, articulation)


def _time_locked(track: LandmarkTrack, articulation: float, about: About) -> Floats:
    if not about.repetitions:
        raise InputError(
            "the operator 'time-locked' scales about the mean of several tracks of one sentence: give the others to"
            " 'lipstudy articulate' with --repetitions"
        )
    return _about(time_locked_mean(track, about.repetitions, neutral=about.neutral), track, articulation)


def _speed(track: LandmarkTrack, articulation: float, about: About) -> Floats:
    return changed_speed(track, articulation, weights=articulation_weights(track.topology))


OPERATORS: dict[str, Operator] = {
    "rest": _about_rest,
    "mean": _about_mean,
    "gated": _gated,
    "time-locked": _time_locked,
    "speed": _speed,
}
"""Name of an operator -> function that scales the points of a track. A new operator is a new entry."""


def with_gaps(points: Floats, topology: Topology, factor: Floats) -> Floats:
    """Multiply the gaps of the inner-lip pairs about their midpoints by `factor` (T, P, 3); the lips move along."""
    moved = np.array(points)
    columns = lip_columns(topology)
    factors = np.broadcast_to(factor, (len(points), len(columns), 3))
    for column, (upper, lower) in enumerate(columns):
        shift = (1 - factors[:, column]) / 2 * (points[:, lower[0]] - points[:, upper[0]])
        moved[:, list(upper)] += shift[:, None]
        moved[:, list(lower)] -= shift[:, None]
    return moved


def _about(pose: Floats, track: LandmarkTrack, articulation: float | Floats) -> Floats:
    points = track.points.astype(np.float64)
    weights = articulation_weights(track.topology)[:, None]
    return np.asarray(points + weights * (articulation - 1) * (points - pose))


def _with_contacts(scaled: Floats, track: LandmarkTrack) -> Floats:
    """Return `scaled` with lips in contact where those of `track` are, and the scale growing from 1 there."""
    gap, scaled_gap = (lip_aperture(points, track.topology) for points in (track.points.astype(np.float64), scaled))
    held = np.minimum(scaled_gap, gap)
    contact = lips_in_contact(track.points, track.topology)
    held[contact] = np.minimum(held[contact], CONTACT_GAP_IOD - ROUNDING_IOD)
    opened = _smooth_step((gap - CONTACT_GAP_IOD) / (_FULL_SCALE_GAP_IOD - CONTACT_GAP_IOD))
    target = held + opened * (scaled_gap - held)
    factor = target / np.maximum(scaled_gap, np.finfo(float).tiny)
    return with_gaps(scaled, track.topology, factor[:, None, None])


def _closed_rest_pose(track: LandmarkTrack, neutral: Floats | None) -> Floats:
    topology = track.topology
    if neutral is None:
        neutral = neutral_of(track)
    if np.shape(neutral) != (topology.num_points, 3) or not np.isfinite(neutral).all():
        raise InputError(
            f"the neutral must be {topology.num_points} finite points of 3 axes, got an array of shape "
            f"{np.shape(neutral)}: give the rest pose of a track of topology '{topology.name}'"
        )
    # Every gap is closed, however small: scaling about a gap would push nearly closed lips through each other.
    return np.asarray(close_lips(neutral, topology))


def _smooth_step(share: Floats) -> Floats:
    share = np.clip(share, 0, 1)
    return np.asarray(share**2 * (3 - 2 * share))


def _shares_in(name: str) -> dict[str, float] | None:
    shares: dict[str, float] = {}
    for part in name.split("+"):
        found = _SHARE.fullmatch(part)
        if found is None or found["name"] not in ARTICULATORS or found["name"] in shares:
            return None
        shares[found["name"]] = 1.0 if found["share"] is None else float(found["share"])
    return shares
