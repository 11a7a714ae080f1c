"""The Laplace approximation of a mixed logit model's likelihood, with its exact gradient.

Minus twice the log-likelihood of the parameters ``theta`` (Cholesky factors of the random effects' covariances) and
``beta`` (fixed effects) is, but for a constant,

    D = min over u of [ -2 l(X beta + Z L u) + u'u ] + log det(L' Z'WZ L + I),

where L repeats the factors over levels and W holds the weights n p (1 - p). The grouping factor with the most effects
is eliminated level by level, so that only the others (sentences, say) meet in a dense matrix: the cost grows with the
rows and with the people, not with their square.

Source: Bates et al. 2015, Fitting linear mixed-effects models using lme4 (parameters, penalised least squares);
Kristensen et al. 2016, TMB: automatic differentiation and Laplace approximation (the gradient through the modes).
"""

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.inference._design import Design, RandomBlock

__all__ = ["Laplace", "Parameter"]

Floats = NDArray[np.float64]

_MOST_STEPS = 100
_LAST_STEP = 1e-4
"""Newton's method squares what is left: after a step this small the modes are right to 1e-8."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One entry of a Cholesky factor."""

    factor: int
    """Place of the grouping factor, the eliminated one first."""
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class _Factor:
    """All effects of one grouping factor."""

    columns: Floats
    """(rows, effects)."""
    codes: NDArray[np.intp]
    """(rows,)."""
    levels: int

    @property
    def effects(self) -> int:
        return int(self.columns.shape[1])

    @property
    def size(self) -> int:
        """Number of random effects, levels times effects."""
        return self.levels * self.effects


@dataclass(frozen=True, slots=True)
class _Weighted:
    """What the weights of one point make of the random effects' cross products."""

    first: Floats
    """(levels, effects, effects): of the eliminated factor."""
    between: Floats
    """(levels * effects, rest)."""
    rest: Floats
    """(rest, rest)."""


@dataclass(slots=True)
class Laplace:
    """The likelihood of one design; `successes` may be exchanged for simulated ones."""

    fixed: Floats
    """(rows, terms)."""
    offset: Floats
    """(rows,): known part of the log odds."""
    trials: Floats
    successes: Floats
    parameters: tuple[Parameter, ...]
    """The entries of theta."""
    places: tuple[tuple[int, ...], ...]
    """For each block of the design, the places of its parameters in theta, row by row of the lower triangle."""
    factors: tuple[_Factor, ...]
    loadings: Any
    """Sparse (rows, random effects): Z."""
    to_effects: Any
    """Its transpose."""
    products: Any
    """Sparse (entries of `_Weighted`, rows): every product of two columns of Z in a row, where the two effects meet."""
    to_rows: Any
    """Its transpose."""
    modes: Floats
    """Where the last search for the modes ended: the next one starts there."""
    precision: Floats
    """(terms,): of normal priors about zero on the fixed effects; zero for maximum likelihood."""

    @classmethod
    def of(cls, design: Design) -> "Laplace":
        """Return the likelihood of a design."""
        merged: dict[str, list[int]] = {}
        for place, block in enumerate(design.blocks):
            merged.setdefault(block.group, []).append(place)
        groups = sorted(merged.values(), key=lambda of: -_effects(design.blocks, of) * design.blocks[of[0]].levels)
        parameters: list[Parameter] = []
        places: dict[int, tuple[int, ...]] = {}
        factors = []
        for number, of in enumerate(groups):
            start = 0
            for place in of:
                size = design.blocks[place].columns.shape[1]
                entries = [Parameter(number, start + row, start + col) for row in range(size) for col in range(row + 1)]
                places[place] = tuple(range(len(parameters), len(parameters) + len(entries)))
                parameters += entries
                start += size
            columns = np.hstack([design.blocks[place].columns for place in of])
            factors.append(_Factor(columns, design.blocks[of[0]].codes, design.blocks[of[0]].levels))
        loadings, products = _loadings(factors), _products(factors)
        return cls(
            design.fixed,
            design.offset,
            design.trials,
            design.trials * design.proportions,
            tuple(parameters),
            tuple(places[place] for place in range(len(design.blocks))),
            tuple(factors),
            loadings,
            loadings.T,
            products,
            products.T,
            np.zeros(sum(factor.size for factor in factors)),
            np.zeros(design.fixed.shape[1]),
        )

    def deviance(self, point: Floats) -> float:
        """Return minus twice the log-likelihood of (theta, beta), without its constant."""
        return self.deviance_and_gradient(point, with_gradient=False)[0]

    def deviance_and_gradient(self, point: Floats, *, with_gradient: bool = True) -> tuple[float, Floats]:
        """Return minus twice the log-likelihood of (theta, beta), without its constant, and its gradient."""
        theta, beta = point[: len(self.parameters)], point[len(self.parameters) :]
        lower = self._lower(theta)
        linear = self.offset + self.fixed @ beta
        modes, chance, value = self._find_modes(linear, lower)
        weights = self.trials * chance * (1 - chance)
        weighted = self._weighted(weights)
        solver = _Solver.of(weighted, lower, self.factors)
        deviance = value + solver.logdet + float(self.precision @ beta**2)
        if not with_gradient:
            return deviance, np.empty(0)
        inverse = solver.inverse()
        residuals = self.successes - self.trials * chance
        leverage = weights * (1 - 2 * chance) * (self.to_rows @ self._spread(inverse, lower))
        pull = self.to_effects @ leverage
        answer = solver.solve(self._times(lower, pull, transposed=True))
        moved = self._times(lower, answer)
        shift = weights * (self.loadings @ moved)
        by_beta = self.fixed.T @ (leverage - shift - 2 * residuals) + 2 * self.precision * beta
        score = self.to_effects @ residuals
        total = pull - self.to_effects @ shift - 2 * score
        traces = self._traces(inverse, weighted, lower)
        by_theta = np.empty(len(theta))
        for place, entry in enumerate(self.parameters):
            part = self._part(entry.factor)
            shape = (-1, self.factors[entry.factor].effects)
            by_theta[place] = (
                total[part].reshape(shape)[:, entry.row] @ modes[part].reshape(shape)[:, entry.column]
                + score[part].reshape(shape)[:, entry.row] @ answer[part].reshape(shape)[:, entry.column]
                + 2 * traces[entry.factor][entry.column, entry.row]
            )
        return deviance, np.r_[by_theta, by_beta]

    def conditional_covariance(self, point: Floats) -> Floats:
        """Return the covariance of the fixed effects at (theta, beta), as if theta were known."""
        theta, beta = point[: len(self.parameters)], point[len(self.parameters) :]
        lower = self._lower(theta)
        _, chance, _ = self._find_modes(self.offset + self.fixed @ beta, lower)
        weights = self.trials * chance * (1 - chance)
        weighted = weights[:, None] * self.fixed
        solver = _Solver.of(self._weighted(weights), lower, self.factors)
        shared = np.array([self._times(lower, self.to_effects @ column, transposed=True) for column in weighted.T])
        information = self.fixed.T @ weighted - shared @ np.array([solver.solve(vector) for vector in shared]).T
        return np.asarray(np.linalg.inv(information))

    def chances(self, point: Floats, effects: Floats) -> Floats:
        """Return the chance of success of each row, given standard normal random effects."""
        from scipy.special import expit

        theta, beta = point[: len(self.parameters)], point[len(self.parameters) :]
        spread = self.loadings @ self._times(self._lower(theta), effects)
        return np.asarray(expit(self.offset + self.fixed @ beta + spread))

    def block_factors(self, theta: Floats) -> list[Floats]:
        """Return the Cholesky factor of each block of the design."""
        made = []
        for places in self.places:
            size = int((np.sqrt(8 * len(places) + 1) - 1) / 2)
            factor = np.zeros((size, size))
            factor[np.tril_indices(size)] = theta[list(places)]
            made.append(factor)
        return made

    def _part(self, factor: int) -> slice:
        start = sum(other.size for other in self.factors[:factor])
        return slice(start, start + self.factors[factor].size)

    def _lower(self, theta: Floats) -> list[Floats]:
        lower = [np.zeros((factor.effects, factor.effects)) for factor in self.factors]
        for entry, value in zip(self.parameters, theta, strict=True):
            lower[entry.factor][entry.row, entry.column] = value
        return lower

    def _times(self, lower: list[Floats], vector: Floats, *, transposed: bool = False) -> Floats:
        """Return L times a vector of random effects."""
        parts = []
        for number, factor in enumerate(self.factors):
            matrix = lower[number] if transposed else lower[number].T
            parts.append((vector[self._part(number)].reshape(-1, factor.effects) @ matrix).ravel())
        return np.concatenate(parts)

    def _find_modes(self, linear: Floats, lower: list[Floats]) -> tuple[Floats, Floats, float]:
        modes = self.modes
        chance, value = self._penalised(linear, lower, modes)
        for _ in range(_MOST_STEPS):
            score = self.to_effects @ (self.successes - self.trials * chance)
            solver = _Solver.of(self._weighted(self.trials * chance * (1 - chance)), lower, self.factors)
            step = solver.solve(self._times(lower, score, transposed=True) - modes)
            share = 1.0
            while True:
                there, at = self._penalised(linear, lower, modes + share * step)
                if at <= value + 1e-9 * abs(value) or share < 1e-8:
                    break
                share /= 2
            modes, chance, value = modes + share * step, there, at
            if np.abs(step).max() < _LAST_STEP:
                break
        self.modes = modes
        return modes, chance, value

    def _penalised(self, linear: Floats, lower: list[Floats], modes: Floats) -> tuple[Floats, float]:
        """Return the chance of success of each row, and minus twice the penalised log-likelihood."""
        predictor = linear + self.loadings @ self._times(lower, modes)
        small = np.exp(-np.abs(predictor))
        likelihood = self.successes @ predictor - self.trials @ (np.maximum(predictor, 0) + np.log(1 + small))
        return np.where(predictor >= 0, 1.0, small) / (1 + small), float(-2 * likelihood + modes @ modes)

    def _weighted(self, weights: Floats) -> _Weighted:
        first = self.factors[0]
        rest = sum(factor.size for factor in self.factors[1:])
        entries = self.products @ weights
        ends = np.cumsum([first.levels * first.effects**2, first.size * rest])
        return _Weighted(
            entries[: ends[0]].reshape(first.levels, first.effects, first.effects),
            entries[ends[0] : ends[1]].reshape(first.size, rest),
            entries[ends[1] :].reshape(rest, rest),
        )

    def _spread(self, inverse: _Weighted, lower: list[Floats]) -> Floats:
        """Return L H^-1 L' in the order of `products`."""
        first = lower[0] @ inverse.first @ lower[0].T
        effects = self.factors[0].effects
        half = (lower[0] @ inverse.between.reshape(first.shape[0], effects, inverse.rest.shape[0])).reshape(
            inverse.between.shape
        )
        between = _right(half, lower[1:], self.factors[1:])
        rest = _right(_right(inverse.rest, lower[1:], self.factors[1:]).T, lower[1:], self.factors[1:])
        return np.concatenate([first.ravel(), 2 * between.ravel(), rest.ravel()])

    def _traces(self, inverse: _Weighted, weighted: _Weighted, lower: list[Floats]) -> list[Floats]:
        """Return for each factor the sum over its levels of the diagonal blocks of H^-1 L' Z'WZ."""
        effects = self.factors[0].effects
        size = weighted.rest.shape[0]
        shape = (self.factors[0].levels, effects, size)
        leaning = _right(inverse.between, lower[1:], self.factors[1:]).reshape(shape)
        first = (inverse.first @ lower[0].T @ weighted.first).sum(axis=0)
        first += np.einsum("lim,ljm->ij", leaning, weighted.between.reshape(shape), optimize=True)
        traces = [first]
        if size:
            turned = (lower[0] @ inverse.between.reshape(shape)).reshape(-1, size)
            rest = turned.T @ weighted.between
            rest += _right(inverse.rest, lower[1:], self.factors[1:]) @ weighted.rest
            start = 0
            for factor in self.factors[1:]:
                block = rest[start : start + factor.size, start : start + factor.size]
                shaped = block.reshape(factor.levels, factor.effects, factor.levels, factor.effects)
                traces.append(np.einsum("lilj->ij", shaped))
                start += factor.size
        return traces


@dataclass(frozen=True, slots=True)
class _Solver:
    """The matrix H = L' Z'WZ L + I, its eliminated part inverted level by level."""

    first_inverse: Floats
    """(levels, effects, effects)."""
    between: Floats
    """(levels, effects, rest)."""
    leaning: Floats
    """(levels, effects, rest): the inverse of the first part times `between`."""
    rest: Any
    """Cholesky factor of what is left, as scipy.linalg.cho_factor gives it; None if nothing is."""
    logdet: float

    @classmethod
    def of(cls, weighted: _Weighted, lower: list[Floats], factors: tuple[_Factor, ...]) -> "_Solver":
        from scipy.linalg import cho_factor

        effects = factors[0].effects
        first = lower[0].T @ weighted.first @ lower[0] + np.eye(effects)
        logdet = float(np.log(np.linalg.det(first)).sum())
        inverse: Floats = np.linalg.inv(first).astype(float, copy=False)
        size = weighted.rest.shape[0]
        right = _right(weighted.between, lower[1:], factors[1:], transposed=True)
        between = lower[0].T @ right.reshape(factors[0].levels, effects, size)
        leaning = inverse @ between
        if not size:
            return cls(inverse, between, leaning, None, logdet)
        rest = _right(weighted.rest, lower[1:], factors[1:], transposed=True)
        rest = _right(rest.T, lower[1:], factors[1:], transposed=True)
        rest = rest + np.eye(size) - between.reshape(-1, size).T @ leaning.reshape(-1, size)
        root = cho_factor(rest, lower=True, check_finite=False)
        return cls(inverse, between, leaning, root, logdet + 2 * float(np.log(np.diag(root[0])).sum()))

    def solve(self, vector: Floats) -> Floats:
        from scipy.linalg import cho_solve

        levels, effects, size = self.between.shape
        first = vector[: levels * effects].reshape(levels, effects, 1)
        if not size:
            return np.asarray((self.first_inverse @ first).ravel())
        leaning = self.leaning.reshape(-1, size)
        rest = cho_solve(self.rest, vector[levels * effects :] - leaning.T @ first.ravel(), check_finite=False)
        return np.concatenate([(self.first_inverse @ first).ravel() - leaning @ rest, rest])

    def inverse(self) -> _Weighted:
        """Return the blocks of the inverse that a row can touch."""
        from scipy.linalg import cho_solve

        levels, effects, size = self.between.shape
        if not size:
            return _Weighted(self.first_inverse, np.empty((levels * effects, 0)), np.empty((0, 0)))
        rest = cho_solve(self.rest, np.eye(size), check_finite=False)
        between = -(self.leaning.reshape(-1, size) @ rest)
        first = self.first_inverse - between.reshape(self.leaning.shape) @ self.leaning.transpose(0, 2, 1)
        return _Weighted(first, between, rest)


def _effects(blocks: tuple[RandomBlock, ...], places: list[int]) -> int:
    return sum(blocks[place].columns.shape[1] for place in places)


def _right(matrix: Floats, lower: list[Floats], factors: tuple[_Factor, ...], *, transposed: bool = False) -> Floats:
    """Return a matrix whose columns are random effects times L' (or L, if `transposed`)."""
    parts, start = [], 0
    for factor, root in zip(factors, lower, strict=True):
        part = matrix[:, start : start + factor.size].reshape(-1, factor.effects)
        parts.append((part @ (root if transposed else root.T)).reshape(len(matrix), factor.size))
        start += factor.size
    return np.hstack(parts) if parts else matrix


def _loadings(factors: list[_Factor]) -> Any:
    from scipy.sparse import csr_array

    rows = len(factors[0].codes)
    starts = np.cumsum([0, *(factor.size for factor in factors)])
    places = [
        start + factor.codes * factor.effects + effect
        for start, factor in zip(starts, factors, strict=False)
        for effect in range(factor.effects)
    ]
    values = np.hstack([factor.columns for factor in factors])
    index = np.column_stack(places).ravel()
    ends = np.arange(rows + 1) * len(places)
    return csr_array((values.ravel(), index, ends), (rows, starts[-1]))


def _products(factors: list[_Factor]) -> Any:
    from scipy.sparse import csr_array

    first, others = factors[0], factors[1:]
    rest = sum(factor.size for factor in others)
    starts = np.cumsum([0, *(factor.size for factor in others)])
    columns = [
        (start + factor.codes * factor.effects + effect, factor.columns[:, effect])
        for start, factor in zip(starts, others, strict=False)
        for effect in range(factor.effects)
    ]
    entries, values = [], []
    for a, b in product(range(first.effects), repeat=2):
        entries.append((first.codes * first.effects + a) * first.effects + b)
        values.append(first.columns[:, a] * first.columns[:, b])
    offset = first.levels * first.effects**2
    for a in range(first.effects):
        for place, value in columns:
            entries.append(offset + (first.codes * first.effects + a) * rest + place)
            values.append(first.columns[:, a] * value)
    offset += first.size * rest
    for (place, value), (other, also) in product(columns, repeat=2):
        entries.append(offset + place * rest + other)
        values.append(value * also)
    rows = np.tile(np.arange(len(first.codes)), len(entries))
    shape = (offset + rest**2, len(first.codes))
    return csr_array((np.concatenate(values), (np.concatenate(entries), rows)), shape)
