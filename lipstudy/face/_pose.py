"""Taking the motion of the head out of landmarks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face._topology import Topology
from lipstudy.face._track import HeadPose

__all__ = ["cut_times_s", "cuts_in", "normalise_head"]

Floats = NDArray[np.floating[Any]]

BRIDGE_PITCH_RANGE_DEG = (26.0, 44.0)
"""Angles of the nose bridge to the vertical that are found in faces seen from the front (twelve GRID clips: 26-42).

Within the range the angle says more of the nose than of the head, and the pitch is left as filmed."""

_CUT_IOD = 0.15
"""A head that moves this far, or grows by this part, from one frame to the next was filmed anew."""
_MAX_ROUNDS = 20
_SETTLED_IOD = 1e-7
"""A mean shape that changes less than this from round to round has settled."""
_MIN_SPREAD = 0.02
"""Least second singular value of the rigid points against their first; below it they lie on a line."""


def normalise_head(points_px: Floats, topology: Topology) -> tuple[NDArray[np.float64], HeadPose]:
    """Take the rigid motion of the head out of landmarks.

    Each frame is aligned by a similarity (scale, rotation, translation) to the speaker's own mean shape of
    `topology.rigid`, the points that speech does not move (generalised Procrustes analysis). That mean shape defines
    the frame of reference: origin midway between the outer eye corners, which lie on the x axis at -0.5 and 0.5. The
    pitch is the mean pitch as filmed, unless the nose bridge shows that the head looks up or down: see
    BRIDGE_PITCH_RANGE_DEG.

    Parameters
    ----------
    points_px : ndarray of shape (T, K, 3), finite
        Landmarks in pixels.
    topology : Topology
        Names the rigid points.

    Returns
    -------
    points : ndarray of shape (T, K, 3)
        Head-normalised landmarks, in IOD.
    pose : HeadPose
        ``pose.to_pixels(points)`` gives `points_px` back.

    Raises
    ------
    InputError
        If the rigid points of a frame coincide or lie on a line, so that the head has no pose.

    References
    ----------
    Gower, J. C. (1975). Generalized Procrustes analysis. Psychometrika, 40.
    Umeyama, S. (1991). Least-squares estimation of transformation parameters between two point patterns.
    """
    points_px = np.asarray(points_px, np.float64)
    rigid = points_px[:, topology.rigid]
    _check_spread(rigid)
    shape = _canonical(rigid[0], np.array([0.0, 1.0, 0.0]), topology)
    for _ in range(_MAX_ROUNDS):
        scale, rotation, translation = _similarity(shape, rigid)
        mean_shape = _apply_inverse(rigid, scale, rotation, translation).mean(axis=0)
        shape, before = _canonical(mean_shape, rotation[:, 1].mean(axis=0), topology), shape
        if np.abs(shape - before).max() < _SETTLED_IOD:
            break
    scale, rotation, translation = _similarity(shape, rigid)
    points = _apply_inverse(points_px, scale, rotation, translation)
    return np.asarray(points, np.float64), HeadPose(scale, rotation, translation)


def cuts_in(pose: HeadPose) -> NDArray[np.bool_]:
    """Return whether each frame was filmed anew: its head is not where, or as large as, that of the frame before.

    Parameters
    ----------
    pose : HeadPose
        Of T frames.

    Returns
    -------
    ndarray of shape (T,), bool
        The first frame is no cut.
    """
    moved = np.linalg.norm(np.diff(pose.translation_px[:, :2], axis=0), axis=1) / pose.scale_px[1:]
    grown = np.abs(np.diff(np.log(pose.scale_px)))
    return np.concatenate([[False], (moved > _CUT_IOD) | (grown > _CUT_IOD)])


def cut_times_s(pose: HeadPose, *, fps: float) -> list[float]:
    """Return the times at which a film cuts.

    Parameters
    ----------
    pose : HeadPose
        Of T frames.
    fps : float > 0
        Frames per second.

    Returns
    -------
    list of float
        Seconds, one for each run of frames in which `cuts_in` sees a cut: smoothing in time spreads it over its
        neighbours.
    """
    cut = np.flatnonzero(cuts_in(pose))
    runs = np.split(cut, np.flatnonzero(np.diff(cut) > 1) + 1) if len(cut) else []
    return [float(run.mean()) / fps for run in runs]


def _check_spread(rigid: Floats) -> None:
    if not np.isfinite(rigid).all():
        raise ValueError("points_px must be finite: fill gaps before")
    centred = rigid - rigid.mean(axis=1, keepdims=True)
    spread = np.linalg.svd(centred, compute_uv=False)
    flat = spread[:, 1] <= _MIN_SPREAD * spread[:, 0]
    if flat.any():
        raise InputError(
            f"the eye corners and nose bridge of frame {int(np.argmax(flat))} lie on one point or line, so the head has"
            " no pose: are these landmarks of a face?"
        )


def _similarity(shape: Floats, seen: Floats) -> tuple[Floats, Floats, Floats]:
    """Return scale (T,), rotation (T, 3, 3), translation (T, 3) that bring `shape` (N, 3) nearest to `seen` frames."""
    centre, centres = shape.mean(axis=0), seen.mean(axis=1)
    centred = shape - centre
    covariance = np.einsum("tni,nj->tij", seen - centres[:, None], centred)
    left, strength, right = np.linalg.svd(covariance)
    signs = np.ones_like(strength)
    signs[:, -1] = np.sign(np.linalg.det(left @ right))
    rotation = (left * signs[:, None, :]) @ right
    scale = (strength * signs).sum(axis=1) / (centred**2).sum()
    return scale, rotation, centres - scale[:, None] * (rotation @ centre)


def _apply_inverse(points: Floats, scale: Floats, rotation: Floats, translation: Floats) -> Floats:
    turned = np.einsum("tij,tki->tkj", rotation, points - translation[:, None])
    return np.asarray(turned / scale[:, None, None])


def _canonical(shape: Floats, filmed_down: Floats, topology: Topology) -> Floats:
    """Bring a rigid shape (N, 3), in which the image's y axis is `filmed_down`, into the common frame."""
    at = {point: shape[position] for position, point in enumerate(topology.rigid)}
    right, left = (at[point] for point in topology.outer_eye_corners)
    bridge = [at[point] for point in topology.lines["nose bridge"] if point in at]
    x_axis = _unit(left - right)
    down_bridge = bridge[-1] - bridge[0]
    down_bridge = _unit(down_bridge - (down_bridge @ x_axis) * x_axis)
    filmed_y = _unit(filmed_down - (filmed_down @ x_axis) * x_axis)
    filmed_z = np.cross(x_axis, filmed_y)
    # The bridge comes towards the viewer, to negative z, as it goes down.
    filmed_deg = np.degrees(np.arctan2(-down_bridge @ filmed_z, down_bridge @ filmed_y))
    excess_deg = filmed_deg - np.clip(filmed_deg, *BRIDGE_PITCH_RANGE_DEG)
    excess = np.radians(excess_deg)
    y_axis = np.cos(excess) * filmed_y - np.sin(excess) * filmed_z
    axes = np.stack([x_axis, y_axis, np.cross(x_axis, y_axis)])
    return np.asarray((shape - (right + left) / 2) @ axes.T / np.linalg.norm(left - right))


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector))
