"""The articulation scale: lip motion about a reference pose, multiplied."""

import math
from collections.abc import Callable
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
    inner_lip_gaps,
    lip_aperture,
    lips_in_contact,
    log_lip_intensity_ratio,
    neutral_of,
    uncross_lips,
)
from lipstudy.motion._limits import SpeakerLimits
from lipstudy.motion._regions import articulation_weights, lip_columns

__all__ = ["MAX_ARTICULATION", "OPERATORS", "Articulated", "check_articulation", "scale_articulation"]

Floats = NDArray[np.floating[Any]]

MAX_ARTICULATION = 3.0
"""The largest articulation scale: beyond it lips leave the face."""

_FULL_SCALE_GAP_IOD = 2 * CONTACT_GAP_IOD
"""Aperture from which lips open by the whole scale; down to contact the scale falls smoothly to 1."""
_ROUNDING_IOD = 1e-6
"""What single precision may do to a gap."""


@dataclass(frozen=True, slots=True)
class Articulated:
    """A track with its articulation scaled, and what that did to it."""

    track: LandmarkTrack
    """The scaled track; its provenance tells the scale and the counts below."""
    articulation: float
    """Articulation scale a asked for."""
    operator: str
    """What the scale was applied about."""
    effective_articulation: float
    """exp of the mean log ratio of lip intensity to that of the track given; NaN for lips that do not move."""
    num_frames: int
    """Number of frames."""
    contact_frames: int
    """Frames with lips in contact in the track given."""
    contact_frames_lost: int
    """Of those, frames whose lips do not touch any more."""
    crossings_repaired: int
    """Frames in which a pair of inner-lip points had crossed and was brought to its midline."""
    clipped_frames: int
    """Frames held back by the speaker's limits: less than 95 % of the exaggeration asked for."""


Operator = Callable[[LandmarkTrack, float, Floats | None], Floats]
"""(track, articulation scale, neutral (K, 3) or None) -> scaled points (T, K, 3); crossings are mended later."""


def scale_articulation(
    track: LandmarkTrack,
    articulation: float,
    *,
    operator: str = "rest",
    neutral: Floats | None = None,
    limits: SpeakerLimits | None = None,
) -> Articulated:
    """Multiply the lip motion of `track` about a reference pose by `articulation`.

    ::

        x(t; a) = x(t) + w (a - 1) (x(t) - r)

    with the landmarks x, the scale a, the reference pose r and a weight w for each landmark: 1 on lips, chin and lower
    jaw, falling smoothly to 0 towards nose, eyes and ears, the same for every clip (`articulation_weights`). Where
    w = 1 this is r + a (x(t) - r).

    Parameters
    ----------
    track : LandmarkTrack
        Head-normalised, so in units of inter-ocular distance (IOD).
    articulation : float
        Scale a, 0 <= a <= 3. 1 gives the track itself, bit for bit; below 1 is under-articulated, above 1
        over-articulated.
    operator : {"rest", "mean"}
        What r is. ``rest``: the speaker's closed rest pose. Lips in contact (aperture under CONTACT_GAP_IOD) stay in
        contact at every a: above 1 the residual gap that a tracker sees in closed lips is not magnified, and the
        opening scale grows smoothly from 1 at contact to a at twice that gap. ``mean``: the mean pose of the clip,
        as most papers do; closures open for a < 1 and are counted in ``contact_frames_lost``.
    neutral : ndarray of shape (K, 3), optional
        The speaker's closed rest pose for ``rest``, head-normalised; by default ``track.neutral``, else estimated from
        the track. Open lips in it are closed. ``mean`` does not use it.
    limits : SpeakerLimits, optional
        The speaker's range (`speaker_limits`), which exaggeration approaches and does not leave; the frames that are
        held back are counted in ``clipped_frames``. By default there is none. Nothing is held back up to a = 1.

    Returns
    -------
    Articulated

    Raises
    ------
    InputError
        If `articulation` is outside [0, 3] or not a number, the operator unknown, the neutral of another shape, the
        track empty, or its topology has no weights.

    Notes
    -----
    Inner-lip points that cross after scaling are brought to their midpoint pair by pair, with the lip around them.
    A raw track whose lips cross is given back as it is at a = 1, and repaired at every other a.

    Limits: one scale for all directions and both lips; the teeth and the tongue are not in the landmarks; without
    `limits` the result may leave what the speaker's mouth can do; tracker noise is scaled with the motion, so smooth
    before. At a given a, ``rest`` and ``mean`` move the lips by the same amount about different poses: say which was
    used.

    Source: scale of lip motion as a degree of articulation, Aldeneh et al. (ICASSP 2023); exaggeration of facial
    motion about a mean, Hill, Troje & Johnston (2005). The closed rest pose as reference is this toolkit's choice.
    """
    check_articulation(articulation, operator=operator)
    if track.num_frames == 0:
        raise InputError("the track has no frame: nothing can be articulated")
    topology = track.topology
    points, crossings, clipped = track.points, 0, 0
    if articulation != 1:
        scaled = OPERATORS[operator](track, float(articulation), neutral)
        crossings = int((inner_lip_gaps(scaled, topology) < -_ROUNDING_IOD).any(axis=-1).sum())
        uncrossed = _uncross(scaled, track)
        if limits is not None and articulation > 1:
            uncrossed, held = limits.held(track.points.astype(np.float64), uncrossed)
            uncrossed, clipped = uncross_lips(uncrossed, topology), int(held.sum())
        points = uncrossed.astype(np.float32)
    contact = lips_in_contact(track.points, topology)
    log_ratio = log_lip_intensity_ratio(points, track.points, topology)
    told: dict[str, Any] = {
        "articulation": float(articulation),
        "operator": operator,
        "effective_articulation": math.exp(log_ratio),
        "num_frames": track.num_frames,
        "contact_frames": int(contact.sum()),
        "contact_frames_lost": int((contact & ~lips_in_contact(points, topology)).sum()),
        "crossings_repaired": crossings,
        "clipped_frames": clipped,
    }
    in_json = told | {"effective_articulation": None if math.isnan(log_ratio) else math.exp(log_ratio)}
    scaled_track = track.with_points(points, provenance={**track.provenance, "articulated": in_json})
    return Articulated(track=scaled_track, **told)


def check_articulation(articulation: float, *, operator: str) -> None:
    """Raise InputError unless `articulation` is within [0, MAX_ARTICULATION] and `operator` is one of OPERATORS."""
    if not 0 <= articulation <= MAX_ARTICULATION:
        raise InputError(
            f"the articulation scale must be between 0 and {MAX_ARTICULATION:g}, got {articulation:g}: "
            "below 1 the lips move less than in the recording, above 1 more"
        )
    if operator not in OPERATORS:
        known = ", ".join(OPERATORS)
        raise InputError(f"the operator {operator!r} is unknown{nearest_name(operator, OPERATORS)}: known is {known}")


def _about_rest(track: LandmarkTrack, articulation: float, neutral: Floats | None) -> Floats:
    rest = _closed_rest_pose(track, neutral)
    scaled = _about(rest, track, articulation)
    gap, scaled_gap = (lip_aperture(points, track.topology) for points in (track.points.astype(np.float64), scaled))
    held = np.minimum(scaled_gap, gap)
    contact = lips_in_contact(track.points, track.topology)
    held[contact] = np.minimum(held[contact], CONTACT_GAP_IOD - _ROUNDING_IOD)
    opened = np.clip((gap - CONTACT_GAP_IOD) / (_FULL_SCALE_GAP_IOD - CONTACT_GAP_IOD), 0, 1)
    target = held + opened**2 * (3 - 2 * opened) * (scaled_gap - held)
    factor = target / np.maximum(scaled_gap, np.finfo(float).tiny)
    return _with_gaps(scaled, track.topology, factor[:, None, None])


def _about_mean(track: LandmarkTrack, articulation: float, neutral: Floats | None) -> Floats:
    return _about(track.points.mean(axis=0, dtype=np.float64), track, articulation)


OPERATORS: dict[str, Operator] = {"rest": _about_rest, "mean": _about_mean}
"""Name of an operator -> function that scales the points of a track. A new operator is a new entry."""


def _about(pose: Floats, track: LandmarkTrack, articulation: float) -> Floats:
    points = track.points.astype(np.float64)
    weights = articulation_weights(track.topology)[:, None]
    return np.asarray(points + weights * (articulation - 1) * (points - pose))


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


def _with_gaps(points: Floats, topology: Topology, factor: Floats) -> Floats:
    """Multiply the gaps of the inner-lip pairs about their midpoints by `factor` (T, P, 3); the lips move along."""
    moved = np.array(points)
    columns = lip_columns(topology)
    factors = np.broadcast_to(factor, (len(points), len(columns), 3))
    for column, (upper, lower) in enumerate(columns):
        shift = (1 - factors[:, column]) / 2 * (points[:, lower[0]] - points[:, upper[0]])
        moved[:, list(upper)] += shift[:, None]
        moved[:, list(lower)] -= shift[:, None]
    return moved


def _uncross(scaled: Floats, track: LandmarkTrack) -> Floats:
    """Let crossed pairs touch: at one height, and no farther apart sideways and in depth than in `track`."""
    upper, lower = np.transpose(track.topology.inner_lip_pairs)
    gap, gap_given = (points[:, lower] - points[:, upper] for points in (scaled, track.points.astype(np.float64)))
    aside, aside_given = (np.hypot(each[..., 0], each[..., 2]) for each in (gap, gap_given))
    held = np.minimum(1, aside_given / np.maximum(aside, np.finfo(float).tiny))
    touching = np.stack([held, np.zeros_like(held), held], axis=-1)
    factor = np.where(gap[..., 1:2] < 0, touching, 1)
    # What rounding leaves of a crossing, uncross_lips takes away.
    return uncross_lips(_with_gaps(scaled, track.topology, factor), track.topology)
