"""A plain engine of our own, for models that glmm does not have: uncorrelated slopes, slopes without intercept."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy import __version__
from lipstudy.inference._design import Design
from lipstudy.inference._engine_fit import EngineFit, RandomEstimate, covariance_of_last, curvature

__all__ = ["fit_with_laplace"]


def fit_with_laplace(design: Design) -> EngineFit:
    """Fit a design by maximising the Laplace approximation of its likelihood, written out in numpy.

    It shares no code with mixedlm, so the two check each other. Meant for some hundred random effects.

    Source: Bates et al. 2015, Fitting linear mixed-effects models using lme4, section on the penalised iteratively
    reweighted least squares; the parameters are the relative Cholesky factors.
    """
    from scipy.optimize import minimize

    model = _Laplace.of(design)
    scale = 1 / np.maximum(design.fixed.std(axis=0), 1e-6)
    scale[design.fixed.std(axis=0) == 0] = 1.0
    factors = [np.eye(block.columns.shape[1])[np.tril_indices(block.columns.shape[1])] for block in design.blocks]
    start = np.r_[0.5 * np.concatenate(factors), np.zeros(len(scale))]
    units = np.r_[np.ones(len(start) - len(scale)), scale]
    found = minimize(
        lambda point: model.deviance(point * units), start, method="BFGS", jac="3-point", options={"gtol": 1e-4}
    )
    point = found.x * units
    theta, beta = model.split(point)
    # A search by finite differences ends with "precision loss" at a good optimum: the decrease left is what counts.
    left = 0.5 * float(found.jac @ found.hess_inv @ found.jac)
    steps = np.maximum(0.01 * np.sqrt(np.diag(found.hess_inv)) * units, 1e-6 * units)
    hessian = curvature(model.deviance, point, steps)
    return EngineFit(
        "laplace",
        __version__,
        beta,
        covariance_of_last(hessian, len(beta)),
        tuple(
            _estimate(block.group, block.names, factor)
            for block, factor in zip(design.blocks, model.factors(theta), strict=True)
        ),
        model.constant - 0.5 * model.deviance(point),
        left < 1e-4,
        "" if left < 1e-4 else found.message,
    )


def _estimate(group: str, names: tuple[str, ...], factor: NDArray[np.float64]) -> RandomEstimate:
    covariance = factor @ factor.T
    sds = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        return RandomEstimate(group, names, sds, covariance / np.outer(sds, sds))


@dataclass(slots=True)
class _Laplace:
    design: Design
    loadings: list[list[Any]]
    """For each block and effect a sparse (observations, levels) matrix, zero but at the observation's own level."""
    constant: float
    """Sum of log binomial coefficients."""
    modes: NDArray[np.float64]
    """Where the last search for the modes ended: the next one starts there."""

    @classmethod
    def of(cls, design: Design) -> "_Laplace":
        from scipy.sparse import csr_array
        from scipy.special import gammaln

        rows = np.arange(design.nobs)
        loadings = [
            [csr_array((column, (rows, block.codes)), (design.nobs, block.levels)) for column in block.columns.T]
            for block in design.blocks
        ]
        trials, successes = design.trials, design.trials * design.proportions
        ways = gammaln(trials + 1) - gammaln(successes + 1) - gammaln(trials - successes + 1)
        effects = sum(block.levels * block.columns.shape[1] for block in design.blocks)
        return cls(design, loadings, float(ways.sum()), np.zeros(effects))

    def split(self, point: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return point[: -self.design.fixed.shape[1]], point[-self.design.fixed.shape[1] :]

    def factors(self, theta: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        factors, first = [], 0
        for loading in self.loadings:
            size = len(loading)
            factor = np.zeros((size, size))
            factor[np.tril_indices(size)] = theta[first : first + size * (size + 1) // 2]
            first += size * (size + 1) // 2
            factors.append(factor)
        return factors

    def deviance(self, point: NDArray[np.float64]) -> float:
        """Minus twice the log-likelihood, less the constant."""
        from scipy.linalg import cho_factor, cho_solve
        from scipy.sparse import diags_array
        from scipy.special import expit

        theta, beta = self.split(point)
        offset = self.design.fixed @ beta
        spread = self._spread(theta)
        trials, successes = self.design.trials, self.design.trials * self.design.proportions

        def penalised(modes: NDArray[np.float64]) -> float:
            predictor = offset + spread @ modes
            likelihood = successes @ predictor - trials @ np.logaddexp(0, predictor)
            return float(-2 * likelihood + modes @ modes)

        def information(chance: NDArray[np.float64]) -> NDArray[np.float64]:
            weighted = diags_array(trials * chance * (1 - chance)) @ spread
            return np.asarray((spread.T @ weighted).toarray() + np.eye(len(self.modes)))

        modes, value = self.modes, penalised(self.modes)
        for _ in range(100):
            chance = expit(offset + spread @ modes)
            step = cho_solve(cho_factor(information(chance)), spread.T @ (successes - trials * chance) - modes)
            share = 1.0
            while (moved := penalised(modes + share * step)) > value and share > 1e-8:
                share /= 2
            if moved <= value:
                modes, value = modes + share * step, moved
            if np.abs(step).max() < 1e-8 or share <= 1e-8:
                break
        self.modes = modes
        return value + float(np.linalg.slogdet(information(expit(offset + spread @ modes)))[1])

    def _spread(self, theta: NDArray[np.float64]) -> Any:
        """Return the sparse (observations, random effects) matrix that multiplies independent standard effects."""
        from scipy.sparse import hstack

        parts = []
        for loading, factor in zip(self.loadings, self.factors(theta), strict=True):
            for column in range(len(loading)):
                parts.append(sum(factor[row, column] * loading[row] for row in range(column, len(loading))))
        return hstack(parts, format="csr")
