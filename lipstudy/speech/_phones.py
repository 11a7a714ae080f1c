"""Phones in time."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["PAUSE", "Phone", "check_tiling"]

PAUSE = "_"
"""Symbol of a phone in which nobody speaks."""


@dataclass(frozen=True, slots=True)
class Phone:
    """One speech sound, or a pause, in time."""

    symbol: str
    """What is said, in the International Phonetic Alphabet as espeak-ng writes it (stress and length marks
    included), or PAUSE."""
    start_s: float
    """Begin in seconds. Of a plosive: of its closure, not of its burst."""
    end_s: float
    """End in seconds, later than `start_s`."""

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.end_s:
            raise ValueError(f"phone '{self.symbol}' must end after it begins, got {self.start_s} to {self.end_s} s")

    @property
    def duration_s(self) -> float:
        """Duration in seconds."""
        return self.end_s - self.start_s


def check_tiling(phones: Sequence[Phone]) -> None:
    """Raise ValueError unless `phones` begin at 0 and each begins where the one before ends (to a microsecond)."""
    expected_s = 0.0
    for phone in phones:
        if abs(phone.start_s - expected_s) > 1e-6:
            raise ValueError(f"phone '{phone.symbol}' begins at {phone.start_s} s, where {expected_s} s was expected")
        expected_s = phone.end_s
