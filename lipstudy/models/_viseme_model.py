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

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, HeadPose, LandmarkTrack, generic_neutral, lips_in_contact, uncross_lips
from lipstudy.models._coarticulation import constriction, dominance
from lipstudy.models._visemes import VISEMES, Segment, segments_of
from lipstudy.motion import lip_columns
from lipstudy.records import write_bytes
from lipstudy.speech import Phone, check_tiling

__all__ = [
    "MODEL_FILE",
    "PARAMETERS",
    "VisemeModel",
    "load_viseme_model",
    "parameters_over_time",
    "save_viseme_model",
    "viseme_track",
]

Floats = NDArray[np.floating[Any]]

MODEL_FILE = "visemes.npz"
"""Name of the estimated model in this package; the card that tells where it comes from is the .json beside it."""

PARAMETERS = ("aperture", "width", "jaw", "shape 1", "shape 2", "shape 3")
"""What the lips are moved by: gap of the inner-lip centres, distance of the mouth corners and height of the chin, each
as displacement from the neutral in IOD; then the principal components of what these leave over on the lips."""

_FPS = (1.0, 1000.0)
"""Least and most frames per second."""


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


def viseme_track(
    phones: Sequence[Phone], *, duration_s: float, fps: float, neutral: Floats | None = None
) -> LandmarkTrack:
    """Move the lips as the phones say.

    Each parameter of the lips (aperture, width, jaw, three residual shapes) is the average of the targets of all
    visemes weighted by their dominance (module `_coarticulation`); the lips close for /p b m/ at any rate of speech
    and nearly for /f v/; in silence they are the neutral. Targets, shapes and timing were estimated on GRID film (the
    card ``visemes.json``), with the amplitude of natural speech there.

    Parameters
    ----------
    phones : sequence of Phone
        What is said, without gaps, from 0 on.
    duration_s : float > 0
        Duration of the track; the lips rest after the last phone.
    fps : float, 1 to 1000
        Frames per second. Frame i shows the time i / fps, so that another `fps` samples the same motion. Under 25 a
        frame may miss a closure.
    neutral : ndarray of shape (478, 3), optional
        Closed rest pose of the face to move (topology mediapipe-478, head-normalised); a generic face by default.

    Returns
    -------
    LandmarkTrack
        ceil(duration_s * fps) frames of a still head, with `neutral`.

    Raises
    ------
    InputError
        If `fps` or `duration_s` are out of range, or the lips of `neutral` are open or it is of another topology.

    Notes
    -----
    Limits: the mean of ten English speakers, so no one's own style; no effect of stress, rate or loudness on the size
    of a movement; tongue and teeth are not in the landmarks.
    """
    if not _FPS[0] <= fps <= _FPS[1]:
        raise InputError(f"a lip motion cannot be sampled at {fps:g} frames per second: it must be 1 to 1000")
    if not 0 < duration_s < np.inf:
        raise InputError(f"the duration of a lip motion must be positive, got {duration_s:g} s")
    check_tiling(phones)
    model = load_viseme_model()
    rest = _checked_neutral(generic_neutral() if neutral is None else neutral)
    # A hair less than the exact product: 3.0000000001 frames are three.
    times_s = np.arange(int(np.ceil(duration_s * fps - 1e-6))) / fps
    segments = segments_of(phones)
    parameters = parameters_over_time(model, segments, times_s)
    points = rest.astype(np.float64) + np.einsum("tp,pkj->tkj", parameters, model.basis.astype(np.float64))
    sealed = constriction(segments, times_s, "bilabial", lead_s=model.lead_s)
    points = uncross_lips(_sealed(points, sealed).astype(np.float32), MEDIAPIPE_478)
    return LandmarkTrack(
        points=np.asarray(points, np.float32),
        fps=float(fps),
        topology=MEDIAPIPE_478,
        pose=HeadPose.still(len(points)),
        valid=np.ones(len(points), bool),
        neutral=rest,
    )


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
    data = resources.files("lipstudy.models").joinpath(MODEL_FILE).read_bytes()
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


def _checked_neutral(neutral: Floats) -> NDArray[np.float32]:
    shape = (MEDIAPIPE_478.num_points, 3)
    if np.shape(neutral) != shape or not np.isfinite(neutral).all():
        raise InputError(
            f"the neutral must be {shape[0]} finite points of 3 axes, got an array of shape {np.shape(neutral)}: give "
            f"the rest pose of a track of topology '{MEDIAPIPE_478.name}'"
        )
    rest = uncross_lips(np.asarray(neutral, np.float32), MEDIAPIPE_478)
    if not lips_in_contact(rest, MEDIAPIPE_478):
        raise InputError("the lips of the neutral are open: give a face at rest with its lips closed")
    return np.asarray(rest, np.float32)


def _sealed(points: Floats, share: Floats) -> Floats:
    # The parameters close the centre of the lips; here the pairs beside it follow, and none may stay crossed.
    closed = np.array(points)
    for upper, lower in lip_columns(MEDIAPIPE_478):
        gap = points[:, lower[0]] - points[:, upper[0]]
        wanted = gap * (1 - share)[:, None]
        wanted[:, 1] = np.maximum(wanted[:, 1], 0)
        shift = (gap - wanted)[:, None, :] / 2
        closed[:, list(upper)] += shift
        closed[:, list(lower)] -= shift
    return closed
