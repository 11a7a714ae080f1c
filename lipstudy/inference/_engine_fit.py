"""What an engine hands back: one small interface behind which the engines stand."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

__all__ = ["EngineFit", "RandomEstimate", "columns_as", "covariance_of_last", "curvature", "failed_fit"]


@dataclass(frozen=True, slots=True)
class RandomEstimate:
    """Estimated spread of the random effects of one block."""

    group: str
    """Grouping factor."""
    names: tuple[str, ...]
    """Names of the effects."""
    sds: NDArray[np.float64]
    """(effects,): standard deviations on the log-odds scale."""
    correlations: NDArray[np.float64]
    """(effects, effects): correlations; NaN where a standard deviation is zero."""


@dataclass(frozen=True, slots=True)
class EngineFit:
    """One engine's fit of a design, by maximum likelihood with the Laplace approximation."""

    engine: str
    """Name of the engine."""
    version: str
    beta: NDArray[np.float64]
    """(terms,): fixed effects, log odds."""
    covariance: NDArray[np.float64]
    """(terms, terms): their covariance, from the curvature in all parameters; NaN where there is none."""
    random: tuple[RandomEstimate, ...]
    """In the order of the design's blocks."""
    loglik: float
    """Log-likelihood with all constants, as lme4's logLik."""
    converged: bool
    message: str = ""
    """What the engine said, if it did not converge."""

    @property
    def se(self) -> NDArray[np.float64]:
        """(terms,): standard errors of the fixed effects."""
        with np.errstate(invalid="ignore"):
            return np.asarray(np.sqrt(np.diag(self.covariance)))


def failed_fit(engine: str, terms: int, message: str) -> EngineFit:
    """Return the fit of an engine that gave up."""
    nothing = np.full(terms, np.nan)
    return EngineFit(engine, metadata.version(engine), nothing, np.diag(nothing), (), np.nan, False, message)


def columns_as(prefix: str, values: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return the columns of a matrix under the names prefix0, prefix1, ..."""
    return {f"{prefix}{place}": np.ascontiguousarray(column) for place, column in enumerate(values.T)}


def curvature(
    objective: Callable[[NDArray[np.float64]], float], at: NDArray[np.float64], steps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Hessian of `objective` by central differences.

    Parameters
    ----------
    objective : callable
        Function of (parameters,).
    at : ndarray, shape (parameters,)
    steps : ndarray, shape (parameters,)
        Step of each parameter; about a hundredth of its standard error serves well.

    Returns
    -------
    ndarray, shape (parameters, parameters)
    """
    moves = np.diag(steps)
    middle = objective(at)
    hessian = np.empty((len(at), len(at)))
    for i, a in enumerate(moves):
        hessian[i, i] = (objective(at + a) - 2 * middle + objective(at - a)) / steps[i] ** 2
        for j, b in enumerate(moves[:i]):
            rise = objective(at + a + b) - objective(at + a - b) - objective(at - a + b) + objective(at - a - b)
            hessian[i, j] = hessian[j, i] = rise / (4 * steps[i] * steps[j])
    return hessian


def covariance_of_last(hessian_of_deviance: NDArray[np.float64], terms: int) -> NDArray[np.float64]:
    """Return the covariance of the last `terms` parameters, NaN if the curvature is not that of a maximum."""
    if not np.isfinite(hessian_of_deviance).all() or np.linalg.eigvalsh(hessian_of_deviance)[0] <= 0:
        return np.full((terms, terms), np.nan)
    return np.asarray(np.linalg.inv(hessian_of_deviance / 2)[-terms:, -terms:])
