"""Agreement between people: Krippendorff's alpha."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError

__all__ = ["Agreement", "Measurement", "krippendorff_alpha"]

Measurement = Literal["nominal", "ordinal", "interval", "ratio"]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's alpha."""

    alpha: float
    """1: all agree; 0: as chance would; NaN if all values are the same, when it is undefined."""
    low: float
    """Lower end of the bootstrap interval; NaN if not asked for."""
    high: float
    units: int
    """Units with two values or more; the others say nothing about agreement."""
    values: int
    """Values in these units."""
    measurement: Measurement
    level: float


def krippendorff_alpha(
    units: Sequence[Any],
    values: Sequence[Any],
    *,
    measurement: Measurement = "nominal",
    rng: np.random.Generator | None = None,
    draws: int = 1000,
    level: float = 0.95,
) -> Agreement:
    """Return how well people agree about the same things.

    Parameters
    ----------
    units : sequence
        What each value is about (a pair of clips, say); who gave it does not enter.
    values : sequence
        The values, as long as `units`: anything for nominal, else numbers.
    measurement : {"nominal", "ordinal", "interval", "ratio"}
        Which differences count.
    rng : numpy.random.Generator, optional
        For the interval, by drawing units again.
    draws : int
    level : float in (0, 1)

    Returns
    -------
    Agreement

    Raises
    ------
    InputError
        If no unit has two values, or a ratio scale has a negative value.

    Source: Krippendorff 2011, Computing Krippendorff's alpha-reliability.
    """
    levels, value = np.unique(np.asarray(values), return_inverse=True)
    _, unit = np.unique(np.asarray(units), return_inverse=True)
    table = np.zeros((int(unit.max()) + 1 if len(unit) else 0, len(levels)))
    np.add.at(table, (unit.reshape(-1), value.reshape(-1)), 1)
    table = table[table.sum(axis=1) > 1]
    if not len(table):
        raise InputError("no unit has two values: agreement needs two people who judged the same")
    if measurement == "ratio" and levels[0] < 0:
        raise InputError(f"a ratio scale has no value below 0, got {levels[0]}")
    # Coincidences of a unit: each ordered pair of its values, weighed by 1 / (values - 1).
    pairs = (table[:, :, None] * table[:, None, :] - table[:, :, None] * np.eye(len(levels))) / (table.sum(axis=1) - 1)[
        :, None, None
    ]
    flat = pairs.reshape(len(table), -1)
    alpha = _alpha(flat.sum(axis=0)[None], levels, measurement)[0]
    low = high = float("nan")
    if rng is not None and len(table) > 1:
        weights = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=draws).astype(float)
        drawn = _alpha(weights @ flat, levels, measurement)
        if np.isfinite(drawn).any():
            low, high = map(float, np.nanquantile(drawn, (0.5 - level / 2, 0.5 + level / 2)))
    return Agreement(float(alpha), low, high, len(table), int(table.sum()), measurement, level)


def _alpha(coincidences: Array, levels: Any, measurement: Measurement) -> Array:
    size = len(levels)
    table = coincidences.reshape(-1, size, size)
    total = table.sum(axis=2)
    distance = _distance(levels, total, measurement)
    observed = (table * distance).sum(axis=(1, 2))
    expected = (total[:, :, None] * total[:, None, :] * distance).sum(axis=(1, 2)) / (total.sum(axis=1) - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(expected > 0, 1 - observed / expected, np.nan)


def _distance(levels: Any, total: Array, measurement: Measurement) -> Array:
    if measurement == "nominal":
        return 1 - np.eye(len(levels))
    if measurement == "ordinal":
        middle = np.cumsum(total, axis=1) - total / 2
        ranked: Array = (middle[:, :, None] - middle[:, None, :]) ** 2
        return ranked
    numbers = np.asarray(levels, float)
    squared: Array = (numbers[:, None] - numbers[None, :]) ** 2
    if measurement == "interval":
        return squared
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(squared > 0, squared / (numbers[:, None] + numbers[None, :]) ** 2, 0.0)
