"""What the lips do: gaps between facing points, aperture, width, contact, and lips that may not cross."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face._topology import Topology

__all__ = ["CONTACT_GAP_IOD", "inner_lip_gaps", "lip_aperture", "lips_in_contact", "mouth_width", "uncross_lips"]

Floats = NDArray[np.floating[Any]]

CONTACT_GAP_IOD = 0.02
"""Lips whose central gap is under this are in contact: on GRID film all aligned /b p/ fall under it."""


def inner_lip_gaps(points: Floats, topology: Topology) -> Floats:
    """Return the signed vertical gaps between facing inner-lip points.

    Parameters
    ----------
    points : ndarray of shape (..., K, 3)
        Head-normalised landmarks.
    topology : Topology
        Gives the facing pairs.

    Returns
    -------
    ndarray of shape (..., P)
        y(lower) - y(upper) in IOD, from the right corner to the left; negative where the lips cross.
    """
    upper, lower = np.transpose(topology.inner_lip_pairs)
    return np.asarray(points[..., lower, 1] - points[..., upper, 1])


def lip_aperture(points: Floats, topology: Topology) -> Floats:
    """Return the distance of the inner-lip centres in IOD, shape (...), for points of shape (..., K, 3)."""
    upper, lower = topology.inner_lip_centres
    return np.asarray(np.linalg.norm(points[..., lower, :] - points[..., upper, :], axis=-1))


def mouth_width(points: Floats, topology: Topology) -> Floats:
    """Return the distance of the outer mouth corners in IOD, shape (...), for points of shape (..., K, 3)."""
    right, left = topology.mouth_corners
    return np.asarray(np.linalg.norm(points[..., left, :] - points[..., right, :], axis=-1))


def lips_in_contact(points: Floats, topology: Topology) -> NDArray[np.bool_]:
    """Return where the centres of the inner lips are nearer than CONTACT_GAP_IOD, shape (...)."""
    return np.asarray(lip_aperture(points, topology) < CONTACT_GAP_IOD)


def uncross_lips(points: Floats, topology: Topology) -> Floats:
    """Return `points` with every crossed pair of inner-lip points brought to its midline.

    Each pair is mended by itself (a signed area can hide a crossing under an opening elsewhere), and the outer lip
    beside it moves as much, so that the lip keeps its thickness.

    Parameters
    ----------
    points : ndarray of shape (..., K, 3)
        Head-normalised landmarks.
    topology : Topology
        Gives the facing pairs.

    Returns
    -------
    ndarray of shape (..., K, 3)
        A copy; points whose lips do not cross are unchanged, bit for bit.
    """
    mended = np.array(points)
    half_overlap = np.maximum(-inner_lip_gaps(points, topology), 0) / 2
    for column, (inner, outer) in enumerate(zip(topology.inner_lip_pairs, topology.outer_lip_pairs, strict=True)):
        for upper, lower in (inner, outer):
            mended[..., upper, 1] -= half_overlap[..., column]
            mended[..., lower, 1] += half_overlap[..., column]
        crossed = half_overlap[..., column] > 0
        middle = (mended[..., inner[0], 1] + mended[..., inner[1], 1]) / 2
        for point in inner:  # rounding must not leave a pair crossed by one bit
            mended[..., point, 1] = np.where(crossed, middle, mended[..., point, 1])
    return mended
