"""The viseme model: lip motion from phones in time, with shapes estimated on film."""

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face import MEDIAPIPE_478
from lipstudy.models._coarticulation import constriction, dominance
from lipstudy.models._shape_basis import PARAMETERS
from lipstudy.models._visemes import VISEMES, Segment
from lipstudy.records import write_bytes

__all__ = [
    "VisemeModel",
    "load_viseme_model",
    "parameters_over_time",
    "save_viseme_model",
]

Floats = NDArray[np.floating[Any]]

_MODEL_FILE = "visemes.npz"
"""Name of the estimated model in this package; the card that tells where it comes from is the .json beside it."""


@dataclass(frozen=True, slots=True)
class VisemeModel:
    """Everything that was estimated on film. P parameters, K landmarks."""

    basis: NDArray[np.float32]
    """(P, K, 3) displacement of the landmarks for one unit of each of PARAMETERS."""
    targets: NDArray[np.float32]
    """(V, P) parameters of each viseme, in the order of VISEMES; zero at rest."""
    spread_s: NDArray[np.float32]
    """(P,) blur of dominance for each parameter."""
    lead_s: float
    """How far the lips are ahead of the sound."""
    tongue: float
    """Dominance of consonants made with the tongue."""
    labiodental_aperture: float
    """Aperture at which the lower lip touches the teeth, IOD."""

    def __post_init__(self) -> None:
        shape = (MEDIAPIPE_478.num_points, 3)
        expected = {
            "basis": (len(PARAMETERS), *shape),
            "targets": (len(VISEMES), len(PARAMETERS)),
            "spread_s": (len(PARAMETERS),),
        }
        for name, wanted in expected.items():
            value = getattr(self, name)
            if value.shape != wanted or not np.isfinite(value).all():
                raise ValueError(f"VisemeModel.{name} must be finite and of shape {wanted}, got {value.shape}")


def parameters_over_time(model: VisemeModel, segments: Sequence[Segment], times_s: Floats) -> NDArray[np.float64]:
    """Return PARAMETERS at each moment, shape (T, P), the closures of the lips included."""
    values = np.empty((len(times_s), len(PARAMETERS)))
    for column, spread_s in enumerate(model.spread_s):
        weights = dominance(segments, times_s, spread_s=float(spread_s), lead_s=model.lead_s, tongue=model.tongue)
        values[:, column] = weights @ model.targets[:, column]
    touching = constriction(segments, times_s, "labiodental", lead_s=model.lead_s)
    sealed = constriction(segments, times_s, "bilabial", lead_s=model.lead_s)
    aperture = PARAMETERS.index("aperture")
    values[:, aperture] += touching * (model.labiodental_aperture - values[:, aperture])
    values[:, aperture] *= 1 - sealed
    return values


@cache
def load_viseme_model() -> VisemeModel:
    """Return the model that this package carries."""
    data = resources.files("lipstudy.models").joinpath(_MODEL_FILE).read_bytes()
    return _model_of(data)


def save_viseme_model(path: str | Path, model: VisemeModel) -> None:
    """Write `model` to a .npz file, atomically and with the same bytes for the same numbers. Raises OutputError."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **asdict(model))
    write_bytes(path, buffer.getvalue())


def _model_of(data: bytes) -> VisemeModel:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {field.name: archive[field.name] for field in fields(VisemeModel)}
    values: dict[str, Any] = {name: array if array.ndim else float(array) for name, array in arrays.items()}
    return VisemeModel(**values)
