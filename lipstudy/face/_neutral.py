"""The neutral: a speaker's resting face with lips closed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face._lips import lip_aperture, uncross_lips
from lipstudy.face._topology import Topology
from lipstudy.face._track import LandmarkTrack

__all__ = ["close_lips", "estimate_neutral", "neutral_of"]

Floats = NDArray[np.floating[Any]]

_CLOSED_SHARE = 0.2
"""Share of the frames, those with the smallest aperture, among which a rest is looked for."""
_STILL_SHARE = 0.5
"""Share of those, the stillest, whose median is the rest."""

_UPPER_LIP_SHARE = 0.25
"""Part of a gap that the upper lip closes; the jaw brings the lower lip the rest of the way."""

_CHIN_SHARE = 0.7
"""Rise of the chin to that of the lower lip, which also lifts itself."""


def neutral_of(track: LandmarkTrack) -> Floats:
    """Return the neutral that `track` carries, (K, 3) head-normalised; estimated from its points if it has none."""
    return track.neutral if track.neutral is not None else estimate_neutral(track.points, track.topology)


def estimate_neutral(points: Floats, topology: Topology) -> NDArray[np.float64]:
    """Estimate a speaker's closed rest pose from landmarks over time.

    The median of the stillest among the frames with the smallest lip aperture (a pause, not a pressed /p/), with what
    gap is left closed by `close_lips`.

    Parameters
    ----------
    points : ndarray of shape (T, K, 3)
        Head-normalised landmarks.
    topology : Topology
        Names the lips.

    Returns
    -------
    ndarray of shape (K, 3)
        Facing inner-lip points coincide.
    """
    points = np.asarray(points, np.float64)
    aperture = lip_aperture(points, topology)
    closed = np.argsort(aperture, kind="stable")[: max(1, round(_CLOSED_SHARE * len(points)))]
    steps = np.diff(points[:, topology.subsets["lips-40"]], axis=0, prepend=points[:1, topology.subsets["lips-40"]])
    speed = np.abs(steps).mean(axis=(1, 2))
    still = closed[np.argsort(speed[closed], kind="stable")[: max(1, round(_STILL_SHARE * len(closed)))]]
    return close_lips(np.median(points[still], axis=0), topology)


def close_lips(points: Floats, topology: Topology) -> NDArray[np.float64]:
    """Close the lips of one face; skin, chin and jaw follow.

    Each pair of facing inner-lip points meets in one point, a quarter of the way down its gap: the upper lip comes
    down that much, the lower lip rises the rest with the jaw. Lips keep their thickness, the corners their place.
    Between lips, jaw and the parts of the face that do not move, the displacement is a thin-plate spline.

    Parameters
    ----------
    points : ndarray of shape (K, 3)
        Head-normalised landmarks.
    topology : Topology
        Names lips, jaw and eyes.

    Returns
    -------
    ndarray of shape (K, 3)
        Facing inner-lip points coincide.
    """
    from scipy.interpolate import RBFInterpolator

    points = uncross_lips(np.asarray(points, np.float64), topology)
    moves = _leading_moves(points, topology)
    if not any(move.any() for move in moves.values()):
        return np.asarray(points, np.float64)
    leading = np.array(sorted(moves))
    displacement = np.array([moves[point] for point in leading])
    moved = points + RBFInterpolator(points[leading, :2], displacement)(points[:, :2])
    moved[leading] = points[leading] + displacement
    for upper, lower in topology.inner_lip_pairs:
        moved[lower] = moved[upper]  # rounding must not leave a gap
    return np.asarray(moved, np.float64)


def _leading_moves(points: Floats, topology: Topology) -> dict[int, Floats]:
    """Return landmark -> displacement (3,) for the landmarks that lead the others."""
    still = ("right eye", "left eye", "right brow", "left brow", "nose bridge", "nose base", "face oval")
    moves: dict[int, Floats] = dict.fromkeys((point for name in still for point in topology.contour(name)), np.zeros(3))
    moves |= dict.fromkeys((*topology.mouth_corners, *_inner_corners(topology)), np.zeros(3))
    for (upper, lower), outer in zip(topology.inner_lip_pairs, topology.outer_lip_pairs, strict=True):
        gap = points[lower] - points[upper]
        moves[upper] = moves[outer[0]] = _UPPER_LIP_SHARE * gap
        moves[lower] = moves[outer[1]] = (_UPPER_LIP_SHARE - 1) * gap
    jaw = topology.lines["jaw"]
    along = np.abs(np.arange(len(jaw)) - jaw.index(topology.chin)) / jaw.index(topology.chin)
    lower_lip = moves[topology.inner_lip_centres[1]] * [0, 1, 1]
    moves |= {point: _CHIN_SHARE * weight * lower_lip for point, weight in zip(jaw, _falling(along), strict=True)}
    return moves


def _inner_corners(topology: Topology) -> tuple[int, ...]:
    paired = {point for pair in topology.inner_lip_pairs for point in pair}
    return tuple(point for point in topology.loops["lips inner"] if point not in paired)


def _falling(along: Floats) -> Floats:
    """Fall smoothly from 1 at 0 to 0 at 1."""
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip(along, 0, 1)))
