"""Strengths of conditions that were compared in pairs: Bradley-Terry and Thurstone, with side and ties."""

import math
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.inference._comparisons import LEFT, RIGHT, TIED, Comparisons
from lipstudy.inference._pair_design import (
    SIDE,
    TIE,
    PairDesign,
    loose_groups,
    pair_design,
    strongly_connected,
    unanimous_pairs,
    won_against,
)
from lipstudy.inference._pair_likelihood import Link, choice_estimates, davidson_estimates

__all__ = ["JOD_SHARE", "PairTerm", "PairedModel", "Ties", "fit_strengths", "jod_unit", "two_answers"]

JOD_SHARE = 0.75
"""One just-objectionable difference: the better of two is preferred in three answers of four."""

Ties = Literal["davidson", "half"]
"""What becomes of "no preference": an answer of its own (Davidson 1970), or half an answer for each."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairTerm:
    """One coefficient besides the strengths: side, a covariate, or ties."""

    term: str
    estimate: float
    """Log odds for the logit link, standard normal units for the probit; for ties Davidson's log nu."""
    se: float
    """Standard error that takes answers as independent."""


@dataclass(frozen=True, slots=True)
class PairedModel:
    """Strengths fitted to comparisons."""

    conditions: tuple[str, ...]
    link: Link
    ties: Ties
    side: bool
    strengths: Array
    """(conditions,): on the scale of the link, their mean 0."""
    covariance: Array
    """(conditions, conditions): of the strengths, with answers as independent."""
    terms: tuple[PairTerm, ...]
    deviance: float
    """Twice the log-likelihood that rows of the same pair, order and covariates lose against free shares."""
    df_residual: int
    loglik: float
    """With the binomial (multinomial) coefficients of such rows, as R counts it."""
    answers: int
    bias_reduced: bool
    """Whether estimates are Firth's, which stay finite, and not those of maximum likelihood."""
    notes: tuple[str, ...]

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return 2 * (len(self.conditions) - 1 + len(self.terms)) - 2 * self.loglik

    @property
    def left_share(self) -> float | None:
        """How often the left is preferred between equals; None if the model has no side."""
        from statistics import NormalDist

        side = next((term.estimate for term in self.terms if term.term == SIDE), None)
        if side is None:
            return None
        return 1 / (1 + math.exp(-side)) if self.link == "logit" else NormalDist().cdf(side)

    @property
    def jod(self) -> Array:
        """(conditions,): strengths in just-objectionable differences."""
        scaled: Array = self.strengths / jod_unit(self.link)
        return scaled

    def relative_to(self, condition: str) -> tuple[Array, Array]:
        """Return strengths less that of one condition, and their standard errors. Raises InputError if unknown."""
        if condition not in self.conditions:
            raise InputError(f"there is no condition '{condition}': there are {', '.join(self.conditions)}")
        place = self.conditions.index(condition)
        contrast = np.eye(len(self.conditions))
        contrast[:, place] -= 1
        variance = np.einsum("ij,jk,ik->i", contrast, self.covariance, contrast)
        return contrast @ self.strengths, np.sqrt(np.clip(variance, 0, None))

    def quasi_se(self) -> Array | None:
        """Return standard errors that need no reference: of a difference it is the root of two summed squares.

        None for two conditions, where they are not determined.

        Source: Firth & de Menezes 2004, Quasi-variances.
        """
        size = len(self.conditions)
        if size < 3:
            return None
        from scipy.optimize import least_squares

        first, second = np.triu_indices(size, 1)
        variance = np.diag(self.covariance)
        wanted = np.log(variance[first] + variance[second] - 2 * self.covariance[first, second])

        def miss(log_quasi: Array) -> Array:
            found: Array = np.log(np.exp(log_quasi[first]) + np.exp(log_quasi[second])) - wanted
            return found

        start = np.full(size, wanted.mean() - math.log(2))
        found = least_squares(miss, start, xtol=1e-14, ftol=1e-14, gtol=1e-14)
        root: Array = np.exp(found.x / 2)
        return root


def jod_unit(link: Link) -> float:
    """Return what one JOD is on the scale of a link: log 3, or the normal quantile of three quarters."""
    from statistics import NormalDist

    return math.log(JOD_SHARE / (1 - JOD_SHARE)) if link == "logit" else NormalDist().inv_cdf(JOD_SHARE)


def fit_strengths(
    comparisons: Comparisons,
    *,
    link: Link = "logit",
    side: bool = True,
    ties: Ties = "davidson",
    bias_reduced: bool = False,
) -> PairedModel:
    """Fit strengths to comparisons in pairs, with every answer taken as independent.

    Parameters
    ----------
    comparisons : Comparisons
    link : {"logit", "probit"}
        Bradley-Terry, or Thurstone's case V.
    side : bool
        Whether the left may have an advantage of its own: side bias, home advantage.
    ties : {"davidson", "half"}
        For "no preference"; with the probit link ties count half. Davidson's model has the tie's weight nu times the
        geometric mean of those of left and right, the side's advantage included, so that it is symmetric in them.
    bias_reduced : bool
        Firth's estimates instead of those of maximum likelihood. They are used anyway, and named, where no finite
        maximum exists: a condition, or a group of them, that won or lost every comparison with the others.

    Returns
    -------
    PairedModel
        Logit and probit without ties are statsmodels' binomial GLM on the signed design.

    Raises
    ------
    InputError
        If the comparisons fall into groups that were never compared with each other: each is named.

    Source: Bradley & Terry 1952, Rank analysis of incomplete block designs; Thurstone 1927, A law of comparative
    judgment; Davidson 1970, On extending the Bradley-Terry model to accommodate ties; Firth 1993, Bias reduction of
    maximum likelihood estimates.
    """
    groups = loose_groups(comparisons)
    if len(groups) > 1:
        shown = " and ".join(f"({', '.join(group)})" for group in groups)
        raise InputError(
            f"the conditions fall into {len(groups)} groups between which nothing was compared: {shown}; rank each"
            " group by itself, or compare across them"
        )
    design = pair_design(comparisons, side=side)
    notes = list(comparisons.notes)
    tied = design.counts[:, TIED].sum()
    if tied and link == "probit" and ties == "davidson":
        ties = "half"
        notes.append(f"the probit model has no term for ties: {tied:g} count half for each side")
    finite = bool(strongly_connected(won_against(comparisons)[None])[0])
    if not finite:
        notes.append(_why_penalised(comparisons))
        if tied and ties == "davidson":
            ties = "half"
            notes.append(f"{tied:g} ties count half for each side in it")
    bias_reduced = bias_reduced or not finite
    model_ties: Ties = "davidson" if tied and ties == "davidson" and not bias_reduced else "half"
    if model_ties == "davidson":
        beta, covariance = _davidson(design)
        names = (*design.names, TIE)
    else:
        beta, covariance = _binomial(design, link, bias_reduced=bias_reduced)
        names = design.names
    if not (np.isfinite(beta).all() and np.isfinite(covariance).all()):
        raise InputError(
            f"the effect of {' or '.join(names[len(comparisons.conditions) - 1 :]) or 'the conditions'} has no finite"
            " estimate: it predicts some answers without error, leave it out"
        )
    loglik, deviance, df = _likelihood(design, beta, link, davidson=model_ties == "davidson")
    strengths, centred = _centred(beta, covariance, len(comparisons.conditions))
    free = len(comparisons.conditions) - 1
    return PairedModel(
        comparisons.conditions,
        link,
        model_ties,
        side,
        strengths,
        centred,
        tuple(
            PairTerm(name, float(beta[place]), math.sqrt(covariance[place, place]))
            for place, name in enumerate(names)
            if place >= free
        ),
        deviance,
        df,
        loglik,
        round(float(design.counts.sum())),
        bias_reduced,
        tuple(notes),
    )


def _why_penalised(comparisons: Comparisons) -> str:
    won = won_against(comparisons)
    names = np.array(comparisons.conditions)
    always = [str(name) for name in names[won.sum(axis=0) == 0]]
    never = [str(name) for name in names[won.sum(axis=1) == 0]]
    said = [f"{' and '.join(always)} won every comparison"] if always else []
    said += [f"{' and '.join(never)} lost every comparison"] if never else []
    if not said:
        said = ["one group of conditions won every comparison with the rest"]
    pairs = unanimous_pairs(comparisons)
    said += [f"unanimous pairs: {', '.join(f'{a} over {b} ({n})' for a, b, n in pairs)}"]
    return f"no finite maximum of the likelihood exists ({'; '.join(said)}): estimates are Firth's penalised ones"


def two_answers(counts: Array) -> Array:
    """Return (..., rows, 2): answers for left and right, ties as half of each, from (..., rows, 3)."""
    return counts[..., [LEFT, RIGHT]] + counts[..., [TIED]] / 2


def _binomial(design: PairDesign, link: Link, *, bias_reduced: bool) -> tuple[Array, Array]:
    counts = two_answers(design.counts)
    seen = counts.sum(axis=1) > 0
    import statsmodels.api as sm

    family = sm.families.Binomial(sm.families.links.Logit() if link == "logit" else sm.families.links.Probit())
    model = sm.GLM(counts[seen], design.signed[seen], family=family)
    if not bias_reduced:
        with warnings.catch_warnings():
            # It takes a perfect fit for separation; that there is none was found before.
            warnings.simplefilter("ignore")
            fit = model.fit(tol=1e-12, maxiter=100)
        return np.asarray(fit.params), np.asarray(fit.cov_params())
    beta, _ = choice_estimates(design.signed[seen], counts[None, seen], link=link, bias_reduced=True)
    if not np.isfinite(beta).all():
        return beta[0], np.full((len(design.names),) * 2, np.nan)
    information = -model.hessian(beta[0], observed=False)
    return beta[0], np.linalg.inv(information)


def _davidson(design: PairDesign) -> tuple[Array, Array]:
    beta, _ = davidson_estimates(design.features, design.counts[None])
    if not np.isfinite(beta).all():
        return beta[0], np.full((len(design.names) + 1,) * 2, np.nan)
    shares = davidson_shares(design, beta[0])
    total = design.counts.sum(axis=1)
    mean = np.einsum("ra,rap->rp", shares, design.features)
    information = np.einsum("r,ra,rap,raq->pq", total, shares, design.features, design.features)
    information -= (mean * total[:, None]).T @ mean
    return beta[0], np.linalg.inv(information)


def davidson_shares(design: PairDesign, beta: Array) -> Array:
    """Return (rows, 3): probability of left, right and no preference."""
    from scipy.special import softmax

    shares: Array = softmax(design.features @ beta, axis=1)
    return shares


def _likelihood(design: PairDesign, beta: Array, link: Link, *, davidson: bool) -> tuple[float, float, int]:
    from scipy.special import expit, gammaln, ndtr, xlogy

    if davidson:
        counts, shares = design.counts, davidson_shares(design, beta)
    else:
        counts = two_answers(design.counts)
        left = (expit if link == "logit" else ndtr)(design.signed @ beta)
        shares = np.column_stack([left, 1 - left])
    total = counts.sum(axis=1)
    coefficient = gammaln(total + 1).sum() - gammaln(counts + 1).sum()
    loglik = float(xlogy(counts, shares).sum())
    free = float((xlogy(counts, counts) - xlogy(counts, total[:, None])).sum())
    used = int((total > 0).sum()) * (counts.shape[1] - 1)
    return loglik + float(coefficient), 2 * (free - loglik), used - len(beta)


def _centred(beta: Array, covariance: Array, conditions: int) -> tuple[Array, Array]:
    contrast = (np.eye(conditions) - 1 / conditions)[:, 1:]
    free = conditions - 1
    return contrast @ beta[:free], contrast @ covariance[:free, :free] @ contrast.T
