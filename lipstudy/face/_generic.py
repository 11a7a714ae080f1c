"""The generic face: the mean closed rest pose of filmed speakers."""

from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face._topology import MEDIAPIPE_478, Topology

__all__ = ["GENERIC_FACE_FILE", "generic_neutral", "symmetric_face"]

Floats = NDArray[np.floating[Any]]

GENERIC_FACE_FILE = "generic_face.npz"
"""Name of the estimated face in this package; the card that tells where it comes from is the .json beside it."""


def generic_neutral() -> NDArray[np.float32]:
    """Return the closed rest pose of a generic face.

    Returns
    -------
    ndarray of shape (478, 3)
        Head-normalised landmarks of topology mediapipe-478, symmetric, lips closed: the mean neutral of ten GRID
        speakers, made by ``python -m lipstudy.face.estimate_generic_face``.
    """
    return _stored().copy()


def symmetric_face(points: Floats, topology: Topology) -> NDArray[np.float64]:
    """Return the mean of head-normalised `points` (..., K, 3) and their mirror image."""
    mirrored = points[..., list(topology.mirror), :] * (-1, 1, 1)
    return np.asarray((points + mirrored) / 2, np.float64)


@cache
def _stored() -> NDArray[np.float32]:
    with resources.files("lipstudy.face").joinpath(GENERIC_FACE_FILE).open("rb") as file, np.load(file) as archive:
        face: NDArray[np.float32] = archive["neutral"]
    if face.shape != (MEDIAPIPE_478.num_points, 3):
        raise ValueError(f"{GENERIC_FACE_FILE} must hold 478 points of 3 axes, got {face.shape}")
    return face
