"""How much of a change of the lips a tracker reads back from a restaged film, and the change made up for the rest.

A tracker knows faces: it believes half or less of what a warped upper lip does, and all of what the lower lip and the
chin do. Read back from twelve GRID clips restaged at a = 0.5 and 1.5, 0.63 to 1.08 of the change of opening is left
(mean 0.88). So a few frames are made, looked at, and the lower lip moved by what was missing: a clip that is measured
again then shows the articulation asked for.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, detect_face

__all__ = ["USUAL_READ_BACK", "frames_to_look_at", "read_back", "with_opening_enlarged"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

USUAL_READ_BACK = 0.88
"""Taken where a film shows too little change to measure it."""

_LOOKS = 16
_LEAST_LOOKS = 6
_LEAST_CHANGE_IOD = 0.02
_RANGE = (0.6, 1.1)
_ROUND_TO = 0.02
"""The share is rounded, so that the last bits of a tracker on another machine do not change the pixels."""


def frames_to_look_at(source_px: Floats, target_px: Floats, unit_px: Floats) -> NDArray[np.intp]:
    """Return the frames in which a change of opening is measured, rising: those where most changes, spread in rank.

    Parameters
    ----------
    source_px, target_px : ndarray of shape (T, K, 3)
        Landmarks in the film and in the result, pixels.
    unit_px : ndarray of shape (T,)
        Pixels to one inter-ocular distance.
    """
    change = np.abs(_opening(target_px) - _opening(source_px)) / unit_px
    order = np.argsort(-change, kind="stable")
    order = order[change[order] > _LEAST_CHANGE_IOD]
    most = order[: max(len(order) // 3, _LOOKS)]
    return np.sort(most[np.unique(np.linspace(0, len(most) - 1, _LOOKS).astype(int))]) if len(most) else most


def read_back(
    images: Mapping[int, Image], make: Callable[[int, Image], Image], source_px: Floats, target_px: Floats
) -> float:
    """Return the share of the change of opening that the tracker sees in the frames that `make` gives.

    Parameters
    ----------
    images : mapping of frame index to ndarray of shape (H, W, 3) uint8
        The film's own frames that are looked at.
    make : callable
        (index, image) -> the restaged frame.
    source_px, target_px : ndarray of shape (T, K, 3)
        Landmarks in the film and in the result, pixels.

    Returns
    -------
    float
        Within 0.6 to 1.1, in steps of 0.02; USUAL_READ_BACK where too few frames can be measured.
    """
    asked, seen = [], []
    for index, image in images.items():
        try:
            before, after = detect_face(image), detect_face(make(index, image))
        except InputError:
            continue
        asked.append(_opening(target_px[index]) - _opening(source_px[index]))
        seen.append(_opening(after) - _opening(before))
    if len(asked) < _LEAST_LOOKS:
        return USUAL_READ_BACK
    share = float(np.dot(seen, asked) / np.dot(asked, asked))
    return float(np.clip(round(share / _ROUND_TO) * _ROUND_TO, *_RANGE))


def with_opening_enlarged(source_px: Floats, target_px: Floats, *, share: float) -> Floats:
    """Return the target with its change of opening enlarged by 1 - `share`, at the lower lip; closing lips may meet."""
    enlarged = np.array(target_px)
    for inner, outer in zip(MEDIAPIPE_478.inner_lip_pairs, MEDIAPIPE_478.outer_lip_pairs, strict=True):
        upper, lower = inner
        gap = target_px[:, lower] - target_px[:, upper]
        more = (1 - share) * (gap - (source_px[:, lower] - source_px[:, upper]))
        crosses = ((gap + more) * gap).sum(-1) < 0
        more[crosses] = -gap[crosses]
        enlarged[:, lower] += more
        enlarged[:, outer[1]] += more
    return enlarged


def _opening(points_px: Floats) -> Floats:
    upper, lower = MEDIAPIPE_478.inner_lip_centres
    return np.asarray(np.linalg.norm(points_px[..., lower, :] - points_px[..., upper, :], axis=-1), np.float64)
