"""Degrees of freedom of a fixed effect whose standard error rests on few people or few sentences."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from lipstudy.inference._laplace import Laplace

__all__ = ["Satterthwaite", "small_sample_quantile", "two_sided"]

_LEAST = 1.0
_STEP_SE = 0.02
"""Of the differences in theta, in standard errors."""
_LARGEST_STEP = 0.05


def two_sided(z: float, df: float) -> float:
    """Return the two-sided p-value of an estimate over its standard error, with `df` degrees of freedom.

    Maximum likelihood divides by n where an unbiased variance divides by n - 1, so z is made smaller by
    sqrt(df / (df + 1)), which with df = n - 1 is exact for the mean of n normal numbers, and compared with the t
    distribution.
    """
    from scipy.special import stdtr

    if math.isinf(df):
        return math.erfc(abs(z) / math.sqrt(2))
    return 2 * float(stdtr(df, -abs(z) * math.sqrt(df / (df + 1))))


def small_sample_quantile(level: float, df: float) -> float:
    """Return half the width of an interval in standard errors; the interval leaves out what `two_sided` rejects."""
    from scipy.special import stdtrit

    if math.isinf(df):
        return NormalDist().inv_cdf(0.5 + level / 2)
    return float(stdtrit(df, 0.5 + level / 2)) * math.sqrt(1 + 1 / df)


@dataclass(frozen=True, slots=True)
class Satterthwaite:
    """How uncertain the variance of a contrast of fixed effects is."""

    covariance: NDArray[np.float64]
    """(terms, terms): of the fixed effects, given the spread of the random effects."""
    derivatives: NDArray[np.float64]
    """(parameters, terms, terms): of that covariance by each parameter of the spread."""
    parameters: NDArray[np.float64]
    """(parameters, parameters): covariance of the parameters of the spread."""

    @classmethod
    def at(
        cls, model: Laplace, point: NDArray[np.float64], hessian_of_deviance: NDArray[np.float64]
    ) -> "Satterthwaite":
        """Return it at the optimum of a likelihood.

        Parameters
        ----------
        model : Laplace
        point : ndarray, shape (parameters,)
            The optimum, theta then beta.
        hessian_of_deviance : ndarray, shape (parameters, parameters)
            There, positive definite.
        """
        thetas = len(model.parameters)
        spread = np.asarray(np.linalg.inv(hessian_of_deviance / 2)[:thetas, :thetas])
        steps = np.minimum(_STEP_SE * np.sqrt(np.diag(spread)), _LARGEST_STEP)
        here = model.conditional_covariance(point)
        derivatives = [
            (model.conditional_covariance(point + move) - here) / move.sum()
            for move in np.diag(np.concatenate([steps, np.zeros(len(point) - thetas)]))[:thetas]
        ]
        return cls(here, np.array(derivatives), spread.astype(float))

    def df(self, contrast: NDArray[np.float64]) -> float:
        """Return the degrees of freedom of a contrast, 1 at least; infinite if its variance is known.

        2 V^2 / Var(V), with V the variance of the contrast, and Var(V) by the delta method.

        Parameters
        ----------
        contrast : ndarray, shape (terms,)

        Source: Satterthwaite 1946, An approximate distribution of estimates of variance components.
        """
        variance = float(contrast @ self.covariance @ contrast)
        gradient = np.einsum("pij,i,j->p", self.derivatives, contrast, contrast)
        uncertainty = float(gradient @ self.parameters @ gradient)
        return max(_LEAST, 2 * variance**2 / uncertainty) if uncertainty > 0 else math.inf
