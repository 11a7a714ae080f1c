"""Maximum likelihood for choices between two, for many sets of counts at once."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Link", "choice_estimates", "davidson_estimates", "log_probabilities"]

Link = Literal["logit", "probit"]
Array = NDArray[np.float64]
Sets = NDArray[np.intp]

_STEPS = 60
_TOLERANCE = 1e-9
_FURTHEST = 30.0
"""Of a linear predictor: beyond it a probability is 0 or 1 to machine precision."""
_CELLS = 4_000_000
"""Of the largest array of one block of sets."""


def choice_estimates(
    design: Array, counts: Array, *, link: Link = "logit", bias_reduced: bool = False
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the coefficients of a binomial model for each of many sets of counts over the same rows.

    Parameters
    ----------
    design : (rows, terms)
    counts : (sets, rows, 2)
        Weight of answers for the left and for the right. Bootstrap draws, or sets with one person left out.
    link : {"logit", "probit"}
    bias_reduced : bool
        Whether to add Firth's term to the score, which keeps estimates finite on separated answers.

    Returns
    -------
    tuple of (array, array)
        (sets, terms) coefficients, and (sets,) whether each search converged; where not, NaN.

    Source: Kosmidis & Firth 2009, Bias reduction in exponential family nonlinear models (the adjusted score).
    """
    return _in_blocks(
        counts, design.size, lambda block: _choice_block(design, block, link=link, bias_reduced=bias_reduced)
    )


def davidson_estimates(features: Array, counts: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return the coefficients of a model with three answers for each of many sets of counts over the same rows.

    Parameters
    ----------
    features : (rows, 3, terms)
        What the log weight of each answer is linear in: left, right, no preference.
    counts : (sets, rows, 3)

    Returns
    -------
    tuple of (array, array)
        As for `choice_estimates`.
    """
    return _in_blocks(counts, features.size, lambda block: _davidson_block(features, block))


def log_probabilities(design: Array, beta: Array, *, link: Link = "logit") -> Array:
    """Return (sets, rows, 2): log probability of the left and of the right, for coefficients (sets, terms)."""
    from scipy.special import log_expit, log_ndtr

    eta = beta @ design.T
    log = log_expit if link == "logit" else log_ndtr
    return np.stack([log(eta), log(-eta)], axis=-1)


def _in_blocks(
    counts: Array, size: int, estimate: Callable[[Array], tuple[Array, NDArray[np.bool_]]]
) -> tuple[Array, NDArray[np.bool_]]:
    sets = max(1, _CELLS // max(1, size))
    blocks = [estimate(counts[start : start + sets]) for start in range(0, len(counts), sets)]
    return np.concatenate([beta for beta, _ in blocks]), np.concatenate([done for _, done in blocks])


def _choice_block(design: Array, counts: Array, *, link: Link, bias_reduced: bool) -> tuple[Array, NDArray[np.bool_]]:
    total = counts.sum(axis=2)

    def score(active: Sets, beta: Array) -> tuple[Array, Array]:
        mean, slope, bend = _link(np.clip(beta @ design.T, -_FURTHEST, _FURTHEST), link)
        spread = np.clip(mean * (1 - mean), 1e-300, None)
        weight = total[active] * slope**2 / spread
        information = _invertible((design.T * weight[:, None, :]) @ design)
        residual = (counts[active, :, 0] - total[active] * mean) * slope / spread
        if bias_reduced:
            leverage = weight * np.einsum("brp,rp->br", design @ np.linalg.inv(information), design)
            residual = residual + leverage * bend / (2 * slope)
        return residual @ design, information

    return _scored(score, sets=len(counts), terms=design.shape[1], longest_step=5.0)


def _link(eta: Array, link: Link) -> tuple[Array, Array, Array]:
    """Return the mean, its slope and its bend in the linear predictor."""
    from scipy.special import expit, ndtr

    if link == "logit":
        mean = expit(eta)
        slope = np.clip(mean * (1 - mean), 1e-300, None)
        return mean, slope, slope * (1 - 2 * mean)
    slope = np.clip(np.exp(-0.5 * eta**2) / np.sqrt(2 * np.pi), 1e-300, None)
    return ndtr(eta), slope, -eta * slope


def _davidson_block(features: Array, counts: Array) -> tuple[Array, NDArray[np.bool_]]:
    rows, answers, terms = features.shape
    flat = features.reshape(rows * answers, terms)
    total = counts.sum(axis=2)

    def score(active: Sets, beta: Array) -> tuple[Array, Array]:
        share = _shares(features, beta)
        expected = total[active][..., None] * share
        gradient = (counts[active] - expected).reshape(len(active), -1) @ flat
        mean = np.einsum("bra,rap->brp", share, features)
        information = (flat.T * expected.reshape(len(active), 1, -1)) @ flat
        information -= np.swapaxes(mean * total[active][..., None], 1, 2) @ mean
        return gradient, _invertible(information)

    return _scored(score, sets=len(counts), terms=terms, longest_step=2.0)


def _shares(features: Array, beta: Array) -> Array:
    """Return (sets, rows, 3): probability of each answer."""
    eta = np.einsum("rap,bp->bra", features, beta)
    weight = np.exp(eta - eta.max(axis=2, keepdims=True))
    shares: Array = weight / weight.sum(axis=2, keepdims=True)
    return shares


def _scored(
    score: Callable[[Sets, Array], tuple[Array, Array]], *, sets: int, terms: int, longest_step: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Climb from 0 by Fisher scoring, each set until it settles; `score` gives gradients and information."""
    beta = np.zeros((sets, terms))
    done = np.zeros(sets, bool)
    active = np.arange(sets)
    for _ in range(_STEPS):
        gradient, information = score(active, beta[active])
        step = np.linalg.solve(information, gradient[..., None])[..., 0]
        step *= np.minimum(1.0, longest_step / np.maximum(np.abs(step).max(axis=1, keepdims=True), 1e-300))
        beta[active] += step
        settled = np.abs(step).max(axis=1) < _TOLERANCE
        done[active[settled]] = True
        active = active[~settled & (np.abs(beta[active]).max(axis=1) < _FURTHEST)]
        if not len(active):
            break
    beta[~done] = np.nan
    return beta, done


def _invertible(information: Array) -> Array:
    terms = information.shape[1]
    least = 1e-10 * np.trace(information, axis1=1, axis2=2)[:, None, None] / terms
    return np.asarray(information + least * np.eye(terms))
