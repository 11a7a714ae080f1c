"""What may be claimed from several tests, and from a difference that is small."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lipstudy.errors import InputError, nearest_name

__all__ = ["Equivalence", "equivalence", "holm"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests of a difference against bounds that were declared beforehand."""

    bound: float
    """The smallest difference that matters, in the unit of the estimate."""
    p: float
    """The larger of the two one-sided p-values."""
    low: float
    """Lower end of the interval of level 1 - 2 alpha."""
    high: float
    """Upper end."""
    alpha: float

    @property
    def equivalent(self) -> bool:
        """Whether the difference is shown to lie within the bounds."""
        return self.p < self.alpha


def equivalence(
    estimate: float, se: float, *, bound: float, df: float = float("inf"), alpha: float = 0.05
) -> Equivalence:
    """Test whether a difference lies between -bound and bound.

    A p-value above 0.05 is no evidence for "no difference"; this is. Both one-sided hypotheses, that the difference is
    -bound or less and that it is bound or more, must be rejected: then the interval of level 1 - 2 alpha lies within.

    Parameters
    ----------
    estimate : float
    se : float > 0
        Its standard error.
    bound : float > 0
        In the unit of the estimate, declared before the data are seen.
    df : float
        Degrees of freedom of the standard error; infinite for the normal distribution.
    alpha : float in (0, 0.5)

    Raises
    ------
    InputError
        If the bound is not positive, or the estimate or its standard error is not finite.

    Source: Schuirmann 1987, A comparison of the two one-sided tests procedure and the power approach.
    """
    from scipy.stats import t

    if not 0 < bound < np.inf:
        raise InputError(f"the bound of an equivalence test must be positive and finite, got {bound:g}")
    if not (np.isfinite(estimate) and 0 < se < np.inf):
        raise InputError(f"an equivalence test needs a finite estimate and standard error, got {estimate:g} and {se:g}")
    half = float(t.ppf(1 - alpha, df)) * se
    p = max(float(t.sf((estimate + bound) / se, df)), float(t.cdf((estimate - bound) / se, df)))
    return Equivalence(bound, p, estimate - half, estimate + half, alpha)


def holm(p_values: Mapping[str, float], *, family: Sequence[str] | None = None) -> dict[str, float]:
    """Return p-values that hold for a whole family of tests.

    Parameters
    ----------
    p_values : mapping of str to float
        Name of a test -> its p-value.
    family : sequence of str, optional
        The tests that were declared before the data were seen; all of `p_values` if left out. Only these are
        corrected, and for as many: a test outside the family is exploratory and not among the results.

    Returns
    -------
    dict
        Name -> corrected p-value, in the order of the family.

    Raises
    ------
    InputError
        If a test of the family has no p-value.

    Source: Holm 1979, A simple sequentially rejective multiple test procedure.
    """
    from statsmodels.stats.multitest import multipletests

    names = list(dict.fromkeys(p_values if family is None else family))
    for name in names:
        if name not in p_values:
            raise InputError(
                f"the family names the test '{name}', which has no p-value{nearest_name(name, p_values)}:"
                f" there are {', '.join(p_values) or 'none'}"
            )
    if not names:
        return {}
    corrected = multipletests([p_values[name] for name in names], method="holm")[1]
    return {name: float(p) for name, p in zip(names, corrected, strict=True)}
