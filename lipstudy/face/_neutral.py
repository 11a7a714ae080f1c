"""The neutral: a speaker's resting face with lips closed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face._lips import inner_lip_gaps, lip_aperture, uncross_lips
from lipstudy.face._topology import Topology

__all__ = ["close_lips", "estimate_neutral"]

Floats = NDArray[np.floating[Any]]

_CLOSED_SHARE = 0.2
"""Share of the frames, those with the smallest aperture, among which a rest is looked for."""
_STILL_SHARE = 0.5
"""Share of those, the stillest, whose median is the rest."""

_UPPER_LIP_SHARE = 0.25
"""Part of a gap that the upper lip closes; the jaw brings the lower lip the rest of the way."""

_CHIN_SHARE = 0.7
"""Rise of the chin to that of the lower lip, which also lifts itself."""


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
        All gaps between facing inner-lip points are 0.
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

    Each pair of facing inner-lip points meets a quarter of the way down its gap: the upper lip comes down that much,
    the lower lip rises the rest with the jaw. Lips keep their thickness, the corners their place. Between lips, jaw
    and the parts of the face that do not move, the displacement is a thin-plate spline.

    Parameters
    ----------
    points : ndarray of shape (K, 3)
        Head-normalised landmarks.
    topology : Topology
        Names lips, jaw and eyes.

    Returns
    -------
    ndarray of shape (K, 3)
        All gaps between facing inner-lip points are 0.
    """
    from scipy.interpolate import RBFInterpolator

    points = uncross_lips(np.asarray(points, np.float64), topology)
    gaps = inner_lip_gaps(points, topology)
    if gaps.max() < 1e-9:
        return _met(points, topology)
    down = _moves(points, gaps, topology)
    anchors = np.array(sorted(down))
    spline = RBFInterpolator(points[anchors, :2], np.array([down[anchor] for anchor in anchors]), smoothing=0.0)
    moved = points.copy()
    moved[:, 1] += spline(points[:, :2])
    moved[anchors, 1] = points[anchors, 1] + [down[anchor] for anchor in anchors]
    return _met(moved, topology)


def _moves(points: Floats, gaps: Floats, topology: Topology) -> dict[int, float]:
    """Return landmark -> displacement along y for the landmarks that lead the others."""
    unmoved = ("right eye", "left eye", "right brow", "left brow", "nose bridge", "nose base")
    down = dict.fromkeys((point for name in unmoved for point in _contour(name, topology)), 0.0)
    down |= dict.fromkeys(topology.loops["face oval"], 0.0)
    jaw = topology.lines["jaw"]
    along = np.abs(np.arange(len(jaw)) - jaw.index(topology.chin)) / jaw.index(topology.chin)
    rise = _CHIN_SHARE * (1 - _UPPER_LIP_SHARE) * gaps.max()
    down |= {point: -rise * weight for point, weight in zip(jaw, _falling(along), strict=True)}
    down |= dict.fromkeys((*topology.mouth_corners, *_inner_corners(topology)), 0.0)
    for gap, inner, outer in zip(gaps, topology.inner_lip_pairs, topology.outer_lip_pairs, strict=True):
        for upper, lower in (inner, outer):
            down[upper] = _UPPER_LIP_SHARE * gap
            down[lower] = (_UPPER_LIP_SHARE - 1) * gap
    return down


def _contour(name: str, topology: Topology) -> tuple[int, ...]:
    return topology.loops[name] if name in topology.loops else topology.lines[name]


def _inner_corners(topology: Topology) -> tuple[int, ...]:
    paired = {point for pair in topology.inner_lip_pairs for point in pair}
    return tuple(point for point in topology.loops["lips inner"] if point not in paired)


def _falling(along: Floats) -> Floats:
    """Fall smoothly from 1 at 0 to 0 at 1."""
    return np.asarray(0.5 + 0.5 * np.cos(np.pi * np.clip(along, 0, 1)))


def _met(points: Floats, topology: Topology) -> NDArray[np.float64]:
    """Bring each inner-lip pair to exactly one height and depth: lips are apart in depth too, in a turned face."""
    for upper, lower in topology.inner_lip_pairs:
        points[[upper, lower], 1:] = points[[upper, lower], 1:].mean(axis=0)
    return np.asarray(points, np.float64)
