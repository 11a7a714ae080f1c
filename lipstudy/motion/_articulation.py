"""The articulation scale: lip motion about a reference pose, multiplied."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import (
    LandmarkTrack,
    inner_lip_gaps,
    lips_in_contact,
    log_lip_intensity_ratio,
    uncross_lips,
)
from lipstudy.motion._limits import SpeakerLimits
from lipstudy.motion._operators import MAX_ARTICULATION, ROUNDING_IOD, About, operator_named, with_gaps

__all__ = ["Articulated", "check_articulation", "scale_articulation"]

Floats = NDArray[np.floating[Any]]


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


def scale_articulation(
    track: LandmarkTrack,
    articulation: float,
    *,
    operator: str = "rest",
    neutral: Floats | None = None,
    repetitions: Sequence[LandmarkTrack] = (),
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
    operator : str
        What r is, and to what the scale applies.

        ``rest``: the speaker's closed rest pose. Lips in contact (aperture under CONTACT_GAP_IOD) stay in contact at
        every a: above 1 the residual gap that a tracker sees in closed lips is not magnified, and the opening scale
        grows smoothly from 1 at contact to a at twice that gap.
        ``mean``: the mean pose of the clip, as most papers do; closures open for a < 1 and are counted in
        ``contact_frames_lost``.
        ``gated``: as ``rest``, with a scale that grows with the gap, from 1 at contact to a at the wide openings of the
        track (90 % quantile): vowels are changed, what is said with nearly closed lips is kept.
        ``jaw``, ``spread``, ``protrusion``: as ``rest``, for one articulator (`articulators_of`); joined by +, for
        several, each with its share: "jaw+spread=0.5" scales the jaw by a and spread by 1 + 0.5 (a - 1).
        ``time-locked``: the mean of `repetitions` of the sentence, at each moment: what is peculiar to this track is
        scaled. Closures may open, as for ``mean``.
        ``speed``: a control. The same poses at the same turning points, passed a times as fast between them
        (a >= 0.25); nothing is made larger or smaller, and the speech is not re-timed.
    neutral : ndarray of shape (K, 3), optional
        The speaker's closed rest pose, head-normalised; by default ``track.neutral``, else estimated from the track.
        Open lips in it are closed. ``mean`` and ``speed`` do not use it.
    repetitions : sequence of LandmarkTrack, optional
        Other tracks of the same sentence, for ``time-locked``.
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
    scaled_by = operator_named(operator)
    topology = track.topology
    points, crossings, clipped = track.points, 0, 0
    if articulation != 1:
        scaled = scaled_by(track, float(articulation), About(neutral, repetitions))
        crossings = int((inner_lip_gaps(scaled, topology) < -ROUNDING_IOD).any(axis=-1).sum())
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
    """Raise InputError unless `articulation` is within [0, MAX_ARTICULATION] and `operator` is known."""
    if not 0 <= articulation <= MAX_ARTICULATION:
        raise InputError(
            f"the articulation scale must be between 0 and {MAX_ARTICULATION:g}, got {articulation:g}: "
            "below 1 the lips move less than in the recording, above 1 more"
        )
    operator_named(operator)


def _uncross(scaled: Floats, track: LandmarkTrack) -> Floats:
    """Let crossed pairs touch: at one height, and no farther apart sideways and in depth than in `track`."""
    upper, lower = np.transpose(track.topology.inner_lip_pairs)
    gap, gap_given = (points[:, lower] - points[:, upper] for points in (scaled, track.points.astype(np.float64)))
    aside, aside_given = (np.hypot(each[..., 0], each[..., 2]) for each in (gap, gap_given))
    held = np.minimum(1, aside_given / np.maximum(aside, np.finfo(float).tiny))
    touching = np.stack([held, np.zeros_like(held), held], axis=-1)
    factor = np.where(gap[..., 1:2] < 0, touching, 1)
    # What rounding leaves of a crossing, uncross_lips takes away.
    return uncross_lips(with_gaps(scaled, track.topology, factor), track.topology)
