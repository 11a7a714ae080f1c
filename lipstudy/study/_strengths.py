"""Strengths of systems from paired comparisons: what the adaptive choice of trials believes so far."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Comparison", "Strengths", "estimate_strengths", "expected_information"]

Floats = NDArray[np.float64]

_PRIOR_SD = 2.0
"""Before any answer a system may be worlds apart from another: 2 logits."""
_TOLERANCE = 1e-9
_STEPS = 100
# Nodes and weights for the mean over a normal distribution (Gauss-Hermite, probabilists').
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class Comparison(NamedTuple):
    """One answer: which of two systems won."""

    winner: str
    loser: str
    share: float = 1.0
    """What the winner got of the answer; 0.5 for no preference."""


class Strengths(NamedTuple):
    """What is believed of the systems' strengths: a normal distribution."""

    systems: tuple[str, ...]
    mean: Floats
    """(systems,) in logits; the prior holds their sum at 0."""
    covariance: Floats
    """(systems, systems)."""


def estimate_strengths(systems: Sequence[str], comparisons: Sequence[Comparison]) -> Strengths:
    """Return the posterior of Bradley-Terry strengths under a normal prior, by Laplace's approximation.

    Parameters
    ----------
    systems : sequence of str
        The systems; those that no comparison names keep their prior.
    comparisons : sequence of Comparison
        The answers.

    Returns
    -------
    Strengths
        Mean is the mode of the posterior, covariance the inverse of its curvature there.

    Notes
    -----
    Source: Bradley & Terry (1952); the normal prior makes the mode finite for any answers, unanimous ones too.
    """
    place = {name: index for index, name in enumerate(systems)}
    wins = np.zeros((len(place), len(place)))
    for winner, loser, share in comparisons:
        wins[place[winner], place[loser]] += share
        wins[place[loser], place[winner]] += 1 - share
    met = wins + wins.T
    precision = np.eye(len(place)) / _PRIOR_SD**2
    mean = np.zeros(len(place))
    for _ in range(_STEPS):
        p = _logistic(mean[:, None] - mean[None, :])
        gradient = (wins - met * p).sum(axis=1) - precision @ mean
        information = met * p * (1 - p)
        curvature = precision + np.diag(information.sum(axis=1)) - information
        step = np.linalg.solve(curvature, gradient)
        # The log-posterior is concave, but a full step may go too far after unanimous answers.
        mean = mean + step * min(1.0, 2.0 / max(1e-12, float(np.abs(step).max())))
        if float(np.abs(step).max()) < _TOLERANCE:
            break
    return Strengths(tuple(systems), mean, np.linalg.inv(curvature))


def expected_information(strengths: Strengths, first: str, second: str) -> float:
    """Return what the answer to one more comparison of two systems is expected to tell of their strengths, in nats.

    The mutual information of the answer and the difference in strength: the entropy of the expected answer less the
    expected entropy of the answer.

    Notes
    -----
    Source: Lindley (1956), On a measure of the information provided by an experiment; for paired comparisons Chen,
    Bennett, Collins-Thompson & Horvitz (2013).
    """
    one, two = strengths.systems.index(first), strengths.systems.index(second)
    cov = strengths.covariance
    variance = max(0.0, float(cov[one, one] + cov[two, two] - 2 * cov[one, two]))
    p = _logistic(strengths.mean[one] - strengths.mean[two] + np.sqrt(variance) * _NODES)
    expected = float(_WEIGHTS @ p)
    return float(_entropy(np.array(expected)) - _WEIGHTS @ _entropy(p))


def _logistic(value: Floats) -> Floats:
    half: Floats = 0.5 * (1 + np.tanh(value / 2))
    return half


def _entropy(p: Floats) -> Floats:
    p = np.clip(p, 1e-15, 1 - 1e-15)
    entropy: Floats = -(p * np.log(p) + (1 - p) * np.log1p(-p))
    return entropy
