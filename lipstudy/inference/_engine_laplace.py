"""An engine of our own: every random structure of the formula language, and fast where one model is fitted often."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipstudy import __version__
from lipstudy.inference._design import Design
from lipstudy.inference._engine_fit import EngineFit, RandomEstimate, covariance_of_last
from lipstudy.inference._laplace import Laplace
from lipstudy.inference._satterthwaite import Satterthwaite

__all__ = ["LaplaceOptimum", "fit_with_laplace", "laplace_fit", "laplace_optimum"]

_ENGINE = "laplace"
_GRADIENT = 3e-4
"""Of the deviance, in units in which its second derivatives are about one: the search ends below it."""
_NEARLY_ZERO = 0.1
"""A diagonal entry of a Cholesky factor below this is compared with zero."""
_BEST_LEFT = 1e-3
"""Decrease of the deviance that a converged search may leave."""


@dataclass(frozen=True, slots=True)
class LaplaceOptimum:
    """Where the search for the maximum of the likelihood ended."""

    point: NDArray[np.float64]
    """(parameters,): theta, then beta."""
    deviance: float
    """Minus twice the log-likelihood, without its constant."""
    inverse_hessian: NDArray[np.float64]
    """(parameters, parameters): the search's own estimate, a start for searches nearby."""
    left: float
    """Decrease of the deviance that the search expected still."""

    @property
    def converged(self) -> bool:
        """Whether nothing that matters is left to gain."""
        return self.left < _BEST_LEFT


def fit_with_laplace(design: Design) -> EngineFit:
    """Fit a design by maximising the Laplace approximation of its likelihood, with exact gradients.

    It shares no code with glmm and mixedlm, so each checks the other. Standard errors come from differences of the
    exact gradient in all parameters.
    """
    return laplace_fit(design, Laplace.of(design))[0]


def laplace_fit(design: Design, model: Laplace) -> tuple[EngineFit, Satterthwaite | None]:
    """Fit a design whose likelihood is at hand; with it, what small samples need to know, None if it is singular.

    With priors in the likelihood, the fit is that of the penalised likelihood.
    """
    found = laplace_optimum(model)
    terms = design.fixed.shape[1]
    theta, beta = found.point[:-terms], found.point[-terms:]
    hessian = _hessian(model, found)
    covariance = covariance_of_last(hessian, terms)
    small = Satterthwaite.at(model, found.point, hessian) if np.isfinite(covariance).all() else None
    fit = EngineFit(
        _ENGINE,
        __version__,
        beta,
        covariance,
        tuple(
            _estimate(block.group, block.names, factor)
            for block, factor in zip(design.blocks, model.block_factors(theta), strict=True)
        ),
        design.log_ways - 0.5 * found.deviance,
        found.converged,
        "" if found.converged else f"the deviance could still fall by about {found.left:.2g}",
    )
    return fit, small


def laplace_optimum(
    model: Laplace, *, start: LaplaceOptimum | None = None, gradient: float = _GRADIENT
) -> LaplaceOptimum:
    """Search the maximum of the likelihood, from a plain start or from an optimum nearby."""
    found = _searched(model, start, gradient)
    # Where a standard deviation or the rest of a slope is zero, the search creeps towards zero; a jump tells.
    for place, entry in enumerate(model.parameters):
        if entry.row == entry.column and 0 < abs(found.point[place]) < _NEARLY_ZERO:
            without = found.point.copy()
            without[place] = 0.0
            if model.deviance(without) <= found.deviance + 1e-5:
                found = LaplaceOptimum(without, model.deviance(without), found.inverse_hessian, found.left)
    return found


def _plain_start(model: Laplace) -> NDArray[np.float64]:
    """Return middling spreads, and the fixed effects of a few damped Newton steps without random effects."""
    from scipy.special import expit

    def loss(beta: NDArray[np.float64]) -> float:
        predictor = model.offset + model.fixed @ beta
        likelihood = model.successes @ predictor - model.trials @ np.logaddexp(0, predictor)
        return float(0.5 * model.precision @ beta**2 - likelihood)

    beta = np.zeros(model.fixed.shape[1])
    for _ in range(6):
        chance = expit(model.offset + model.fixed @ beta)
        weights = np.maximum(model.trials * chance * (1 - chance), 1e-6)
        information = model.fixed.T @ (weights[:, None] * model.fixed) + np.diag(model.precision)
        score = model.fixed.T @ (model.successes - model.trials * chance) - model.precision * beta
        step = np.linalg.solve(information, score)
        while loss(beta + step) > loss(beta) and np.abs(step).max() > 1e-6:
            step = step / 2
        beta = beta + step
    diagonal = np.array([entry.row == entry.column for entry in model.parameters])
    return np.concatenate([np.where(diagonal, 0.5 / _sizes(model), 0.0), beta])


def _sizes(model: Laplace) -> NDArray[np.float64]:
    """Return for each entry of theta the root mean square of the column that it multiplies."""
    columns = [model.factors[entry.factor].columns[:, entry.row] for entry in model.parameters]
    return np.array([max(float(np.sqrt(np.mean(column**2))), 1e-12) for column in columns])


def _searched(model: Laplace, start: LaplaceOptimum | None, gradient_left: float) -> LaplaceOptimum:
    from scipy.optimize import minimize

    point = _plain_start(model) if start is None else start.point
    # In these units the information of the fixed effects is about one, and of the factors of order one.
    units = np.eye(len(point))
    thetas = len(model.parameters)
    levels = np.array([model.factors[entry.factor].levels for entry in model.parameters])
    units[:thetas, :thetas] = np.diag(1 / (_sizes(model) * np.sqrt(levels)))
    chances = model.trials / 4
    root = np.linalg.cholesky(model.fixed.T @ (chances[:, None] * model.fixed))
    units[thetas:, thetas:] = np.linalg.inv(root).T
    back = np.linalg.inv(units)
    first = np.eye(len(point)) / 2 if start is None else back @ start.inverse_hessian @ back.T

    def value(scaled: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        deviance, gradient = model.deviance_and_gradient(units @ scaled)
        return deviance, units.T @ gradient

    options = {"gtol": gradient_left, "hess_inv0": (first + first.T) / 2}
    found = minimize(value, back @ point, method="BFGS", jac=True, options=options)
    left = 0.5 * float(found.jac @ found.hess_inv @ found.jac)
    return LaplaceOptimum(units @ found.x, float(found.fun), units @ found.hess_inv @ units.T, left)


def _hessian(model: Laplace, found: LaplaceOptimum) -> NDArray[np.float64]:
    """Return the second derivatives of the deviance, by differences of its gradient over a hundredth of an error."""
    steps = np.maximum(0.01 * np.sqrt(np.maximum(np.diag(found.inverse_hessian), 0)), 1e-6)
    here = model.deviance_and_gradient(found.point)[1]
    rows = [(model.deviance_and_gradient(found.point + move)[1] - here) / move.sum() for move in np.diag(steps)]
    hessian = np.array(rows)
    return np.asarray((hessian + hessian.T) / 2)


def _estimate(group: str, names: tuple[str, ...], factor: NDArray[np.float64]) -> RandomEstimate:
    covariance = factor @ factor.T
    sds = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        return RandomEstimate(group, names, sds, covariance / np.outer(sds, sds))
