"""The few numbers that move the lips: a low-rank basis of shapes, estimated on film."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face import MEDIAPIPE_478

__all__ = ["PARAMETERS", "estimate_basis", "parameters_of"]

Floats = NDArray[np.floating[Any]]

PARAMETERS = ("aperture", "width", "jaw", "shape 1", "shape 2", "shape 3")
"""What the lips are moved by: gap of the inner-lip centres, distance of the mouth corners and height of the chin, each
as displacement from the neutral in IOD; then the principal components of what these leave over on the lips."""


def estimate_basis(displacement: Floats) -> tuple[NDArray[np.float64], float]:
    """Estimate what one unit of each parameter does to the face.

    Parameters
    ----------
    displacement : ndarray of shape (T, K, 3)
        Displacements from the neutral, all films one after the other, IOD.

    Returns
    -------
    basis : ndarray of shape (P, K, 3)
        Displacement for one unit of each of PARAMETERS.
    explained : float
        Share of the variance of the lips about their mean that the basis holds.
    """
    flat = displacement.reshape(len(displacement), -1)
    guides = _articulatory(displacement)
    guided = np.linalg.lstsq(guides, flat, rcond=None)[0]
    left_over = (flat - guides @ guided).reshape(displacement.shape)
    lips = list(MEDIAPIPE_478.subsets["lips-40"])
    lips_left_over = left_over[:, lips].reshape(len(flat), -1)
    count = len(PARAMETERS) - guides.shape[1]
    axes = np.linalg.svd(lips_left_over, full_matrices=False)[2][:count]
    axes *= np.sign(axes[np.arange(count), np.abs(axes).argmax(axis=1)])[:, None]  # a direction, not a sign of the day
    scores = lips_left_over @ axes.T
    scale = scores.std(axis=0)
    rest = np.linalg.lstsq(scores / scale, left_over.reshape(len(flat), -1), rcond=None)[0]
    basis = np.concatenate([guided, rest]).reshape(len(PARAMETERS), *displacement.shape[1:])
    fitted = np.einsum("tp,pkj->tkj", np.hstack([guides, scores / scale]), basis)
    unexplained = np.square(displacement - fitted)[:, lips].sum()
    about_mean = np.square(displacement - displacement.mean(axis=0))[:, lips].sum()
    return basis, float(1 - unexplained / about_mean)


def parameters_of(displacement: Floats, basis: Floats) -> NDArray[np.float64]:
    """Return (T, P): aperture, width and jaw as measured, the other shapes by least squares on the lips."""
    lips = list(MEDIAPIPE_478.subsets["lips-40"])
    guides = _articulatory(displacement)
    count = guides.shape[1]
    left_over = displacement - np.einsum("tp,pkj->tkj", guides, basis[:count])
    shapes = basis[count:, lips].reshape(len(PARAMETERS) - count, -1)
    scores = np.linalg.lstsq(shapes.T, left_over[:, lips].reshape(len(displacement), -1).T, rcond=None)[0]
    return np.hstack([guides, scores.T])


def _articulatory(displacement: Floats) -> NDArray[np.float64]:
    # Aperture, width and jaw of a displacement (..., K, 3): linear, so that a basis can have them one by one.
    upper, lower = MEDIAPIPE_478.inner_lip_centres
    right, left = MEDIAPIPE_478.mouth_corners
    return np.stack(
        [
            displacement[..., lower, 1] - displacement[..., upper, 1],
            displacement[..., left, 0] - displacement[..., right, 0],
            displacement[..., MEDIAPIPE_478.chin, 1],
        ],
        axis=-1,
    )
