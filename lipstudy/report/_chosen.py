"""How an articulation study is analysed: as its file declares, unless another way is asked for, which is then told."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from lipstudy.errors import InputError
from lipstudy.inference import Scale
from lipstudy.records import StudyLock

__all__ = ["AnalysisChoice", "Curve", "analysis_choice"]

Curve = Literal["quadratic", "spline"]
"""The shape of the preference curve."""

_DEFAULT: dict[str, Any] = {"scale": "log2", "curve": "quadratic", "equivalence_log_odds": None}


@dataclass(frozen=True, slots=True)
class AnalysisChoice:
    """What is to be chosen before the data are seen."""

    scale: Scale
    """How articulation enters the model."""
    curve: Curve
    equivalence_log_odds: float | None
    """The smallest difference of log odds, over less under, that matters; None without an equivalence test."""
    departures: tuple[str, ...] = ()
    """One sentence for each choice that is not the one the study declared."""

    def as_json(self) -> dict[str, Any]:
        """Return the choices by name."""
        return {**asdict(self), "departures": list(self.departures)}


def analysis_choice(lock: StudyLock | None, **asked: Any) -> AnalysisChoice:
    """Return the choices that a study declared under ``analysis``, replaced by those asked for that are not None.

    Raises
    ------
    InputError
        If a choice is none of those that there are.
    """
    declared = _DEFAULT | dict((lock.definition.get("analysis") or {}) if lock is not None else {})
    declared = {field.name: declared[field.name] for field in fields(AnalysisChoice) if field.name in declared}
    chosen = declared | {name: value for name, value in asked.items() if value is not None}
    for name, allowed in (("scale", ("log2", "linear")), ("curve", ("quadratic", "spline"))):
        if chosen[name] not in allowed:
            raise InputError(f"the {name} must be {' or '.join(allowed)}, got '{chosen[name]}'")
    bound = chosen["equivalence_log_odds"]
    if bound is not None and not 0 < bound < float("inf"):
        raise InputError(f"the bound of an equivalence test must be positive and finite, got {bound:g}")
    departures = [
        f"the study declared the {name.replace('_', ' ')} {declared[name] or 'none'}, this analysis uses {chosen[name]}"
        for name in declared
        if lock is not None and chosen[name] != declared[name]
    ]
    return AnalysisChoice(**chosen, departures=tuple(departures))
