"""The engine glmm: standard errors from the exact second derivatives of the likelihood."""

import warnings
from importlib import metadata

import numpy as np

from lipstudy.inference._design import INTERCEPT, Design, RandomBlock
from lipstudy.inference._engine_fit import EngineFit, RandomEstimate, columns_as, failed_fit

__all__ = ["can_fit_with_glmm", "fit_with_glmm"]

_ENGINE = "glmm"

_MOST_EFFECTS = 2
"""With more in a factor its search takes minutes: four on VerbAgg 80 s, where our own engine takes 2 s."""
_NOT_TO_BE_USED = {"search_limit", "fit_failed", "pirls_exhausted", "variance_at_limit", "precision_limited"}
"""Kinds of glmm's warnings after which its numbers are not those of an optimum, though it may say converged."""


def can_fit_with_glmm(design: Design) -> bool:
    """Return whether glmm has this model, and in seconds: each block an intercept, and a slope that is a fixed term."""
    return all(
        block.names[0] == INTERCEPT and len(block.names) <= _MOST_EFFECTS and None not in _slopes(design, block)
        for block in design.blocks
    )


def fit_with_glmm(design: Design, *, nagq: int = 1) -> EngineFit:
    """Fit a design with glmm."""
    import glmm

    terms = len(design.names)
    table = {"response": design.proportions, **columns_as("f", design.fixed)}
    table |= {f"g{place}": block.codes.astype(str) for place, block in enumerate(design.blocks)}
    fixed = ["1" if name == INTERCEPT else f"f{place}" for place, name in enumerate(design.names)]
    random = [
        f"({' + '.join(['1', *(f'f{slope}' for slope in _slopes(design, block))])} | g{place})"
        for place, block in enumerate(design.blocks)
    ]
    start = [] if INTERCEPT in design.names else ["0"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit = glmm.fit(
                table,
                f"response ~ {' + '.join([*start, *fixed, *random])}",
                "binomial",
                weights=None if (design.trials == 1).all() else design.trials,
                offset=design.offset if design.offset.any() else None,
                nagq=nagq,
            )
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            return failed_fit(_ENGINE, terms, str(error))
    estimates = []
    for place, block in enumerate(design.blocks):
        with np.errstate(invalid="ignore", divide="ignore"):
            sds, correlations = (
                fit.stddev_corr(place) if fit.varcorr else (np.full(len(block.names), np.nan), np.eye(1))
            )
        estimates.append(RandomEstimate(block.group, block.names, np.asarray(sds), np.asarray(correlations)))
    severe = [warning["message"] for warning in fit.warnings if warning["kind"] in _NOT_TO_BE_USED]
    return EngineFit(
        _ENGINE,
        metadata.version(_ENGINE),
        np.asarray(fit.beta),
        np.asarray(fit.vcov).reshape(terms, terms),
        tuple(estimates),
        float(fit.loglik),
        bool(fit.converged) and not severe,
        severe[0] if severe else "",
    )


def _slopes(design: Design, block: RandomBlock) -> list[int | None]:
    """Return which fixed column each random slope is, None if it is none of them."""
    places: list[int | None] = []
    for column in block.columns.T[1:]:
        equal = np.flatnonzero((design.fixed == column[:, None]).all(axis=0))
        places.append(int(equal[0]) if len(equal) else None)
    return places
