"""An observed proportion and its interval."""

import math
from dataclasses import dataclass
from statistics import NormalDist

__all__ = ["Proportion", "proportion"]


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of answers."""

    count: int
    """Answers that were so."""
    total: int
    """Answers in all."""
    share: float
    low: float
    """Lower end of Wilson's interval."""
    high: float
    """Upper end."""


def proportion(count: int, total: int, *, level: float = 0.95) -> Proportion:
    """Return a share with Wilson's interval, which treats the answers as independent.

    Parameters
    ----------
    count : int >= 0
    total : int >= 1
    level : float in (0, 1)

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.
    """
    q = NormalDist().inv_cdf(0.5 + level / 2)
    share = count / total
    middle = (share + q**2 / (2 * total)) / (1 + q**2 / total)
    half = q / (1 + q**2 / total) * math.sqrt(share * (1 - share) / total + q**2 / (4 * total**2))
    return Proportion(count, total, share, max(0.0, middle - half), min(1.0, middle + half))
