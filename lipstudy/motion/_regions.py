"""Which landmarks follow the articulation scale: lips and jaw wholly, nose and eyes not, the skin between in part."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, Topology, generic_neutral

__all__ = ["articulation_weights", "lip_columns"]

Floats = NDArray[np.floating[Any]]
Column = tuple[int, ...]

_RINGS_BETWEEN = {
    MEDIAPIPE_478.name: (
        (62, 183, 42, 41, 38, 12, 268, 271, 272, 407, 292, 325, 319, 403, 316, 15, 86, 179, 89, 96),
        (76, 184, 74, 73, 72, 11, 302, 303, 304, 408, 306, 307, 320, 404, 315, 16, 85, 180, 90, 77),
    )
}
"""Rings of the lips' body between the inner and the outer contour, in the order of those contours."""


def articulation_weights(topology: Topology) -> Floats:
    """Return the weight with which each landmark follows the articulation scale.

    1 on the lips and on everything below the lower lip (chin, jaw line). 0 on the nose, on everything from the lower
    lids up (eyes, brows, forehead), and on the face oval beside the ears. Between them a smooth step of
    d0 / (d0 + d1), where d0 and d1 are the distances to the nearest landmark of weight 0 and 1 on the generic face.
    The weights are the same for every speaker and clip.

    Parameters
    ----------
    topology : Topology
        Which landmark is what.

    Returns
    -------
    ndarray of shape (K,)
        Within [0, 1].

    Raises
    ------
    InputError
        If no generic face of this topology is known.
    """
    face = _generic_face(topology)
    x, y = np.abs(face[:, 0]), face[:, 1]
    lips = list(topology.subsets["lips-40"])
    eyes = [*topology.loops["right eye"], *topology.loops["left eye"]]
    nose_base = list(topology.lines["nose base"])
    ears = [point for point in topology.loops["face oval"] if y[point] <= y[nose_base].max()]

    follows = y >= y[lips].max()
    follows[[*lips, *(point for ring in _RINGS_BETWEEN[topology.name] for point in ring)]] = True
    stays = y <= y[eyes].max()
    nose_half_width = 1.4 * x[nose_base].max()  # the wings are wider than the base between the nostrils
    stays |= (x <= nose_half_width) & (y <= y[nose_base].max())
    stays[ears] = True

    to_still = _distance_to(face, stays)
    to_moving = _distance_to(face, follows)
    share = to_still / (to_still + to_moving)
    weights = share**2 * (3 - 2 * share)
    return np.asarray(weights)


def lip_columns(topology: Topology) -> tuple[tuple[Column, Column], ...]:
    """Return, for each inner-lip pair, the (upper, lower) landmarks from the inner to the outer contour.

    What moves the inner landmark of a column moves all of it, so that the lip keeps its thickness.

    Parameters
    ----------
    topology : Topology
        Gives the facing pairs.

    Returns
    -------
    tuple of (tuple of int, tuple of int)
        From the right corner to the left, in the order of ``topology.inner_lip_pairs``.
    """
    columns = []
    pairs = zip(topology.inner_lip_pairs, topology.outer_lip_pairs, strict=True)
    for i, (inner, outer) in enumerate(pairs, start=1):
        rings = _RINGS_BETWEEN.get(topology.name, ())
        upper = (inner[0], *(ring[i] for ring in rings), outer[0])
        lower = (inner[1], *(ring[-i] for ring in rings), outer[1])
        columns.append((upper, lower))
    return tuple(columns)


def _generic_face(topology: Topology) -> Floats:
    if topology.name != MEDIAPIPE_478.name:
        raise InputError(
            f"tracks of topology '{topology.name}' cannot be articulated: a generic face is known of"
            f" {MEDIAPIPE_478.name} only"
        )
    return generic_neutral().astype(np.float64)


def _distance_to(face: Floats, chosen: NDArray[np.bool_]) -> Floats:
    offsets = face[:, None, :] - face[None, chosen, :]
    return np.asarray(np.linalg.norm(offsets, axis=-1).min(axis=1))
