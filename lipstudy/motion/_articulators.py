"""Lip motion taken apart: jaw, spread, protrusion."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face import MEDIAPIPE_478, Topology, generic_neutral, topology_named
from lipstudy.motion._regions import lip_columns

__all__ = ["ARTICULATORS", "articulators_of"]

Floats = NDArray[np.floating[Any]]

ARTICULATORS = ("jaw", "spread", "protrusion")
"""jaw: up and down, of jaw and lips; spread: sideways; protrusion: the lips towards the viewer and away."""


def articulators_of(displacement: Floats, topology: Topology) -> dict[str, Floats]:
    """Take a displacement apart into articulators, by direction.

    A geometric cut, not a muscle model: sideways motion is spread; motion in depth is protrusion on the lips and falls
    smoothly to none at the jaw line, where it is the rotation of the jaw; all else, the vertical motion of both lips
    included, is jaw.

    Parameters
    ----------
    displacement : ndarray of shape (..., K, 3)
        From the closed rest pose, head-normalised.
    topology : Topology
        Names lips and jaw.

    Returns
    -------
    dict of str to ndarray of shape (..., K, 3)
        One part for each of ARTICULATORS; their sum is the displacement.
    """
    spread, protrusion = np.zeros_like(displacement), np.zeros_like(displacement)
    spread[..., 0] = displacement[..., 0]
    protrusion[..., 2] = _lip_share(topology.name) * displacement[..., 2]
    return {"jaw": displacement - spread - protrusion, "spread": spread, "protrusion": protrusion}


@cache
def _lip_share(topology_name: str) -> Floats:
    """Return (K,): 1 on the lips, 0 on the jaw line, between them by the distances on a generic face."""
    topology = topology_named(topology_name)
    face = generic_neutral().astype(np.float64) if topology is MEDIAPIPE_478 else np.zeros((topology.num_points, 3))
    lips = [point for upper, lower in lip_columns(topology) for point in (*upper, *lower)]
    to_lips, to_jaw = (
        np.linalg.norm(face[:, None] - face[None, chosen], axis=-1).min(axis=1)
        for chosen in ([*lips, *topology.mouth_corners], list(topology.lines["jaw"]))
    )
    share = to_jaw / np.maximum(to_lips + to_jaw, np.finfo(float).tiny)
    return np.asarray(share**2 * (3 - 2 * share))
