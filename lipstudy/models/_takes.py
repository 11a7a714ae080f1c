"""Takes: what is heard beside how the lips move, on the clock of the network."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.models._features import features
from lipstudy.models._films import Film
from lipstudy.models._network import lip_times_s
from lipstudy.models._shape_basis import parameters_of
from lipstudy.models._sound_changes import SPEEDS, heard_elsewhere, sped_up
from lipstudy.randomness import named_stream

__all__ = ["Heard", "Take", "heard_versions", "takes_of"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Heard:
    """One version of a film's speech."""

    features: NDArray[np.float32]
    """(F, BANDS) as `features` gives them."""
    speed: float
    """How much faster than the film it is."""


@dataclass(frozen=True, slots=True)
class Take:
    """Speech and the lips that belong to it. L lip frames."""

    name: str
    """Of the film."""
    speaker: str
    """Who speaks."""
    features: NDArray[np.float32]
    """(2 L or 2 L + 1, BANDS)."""
    parameters: NDArray[np.float32]
    """(L, P) of PARAMETERS."""
    contact: NDArray[np.float32]
    """(L,) 1 where the lips touch."""
    seen: NDArray[np.float32]
    """(L,) 1 where the film has a frame at that time; the sound may be longer."""


def heard_versions(film: Film, *, seed: int) -> list[Heard]:
    """Return the film's speech as it is, then faster and slower, then with noise, room and telephone."""
    rng = named_stream(seed, "sound", film.file.speaker, film.file.path.stem)
    versions = [Heard(features(film.samples), 1.0)]
    versions += [Heard(features(sped_up(film.samples, factor=speed)), speed) for speed in SPEEDS]
    return versions + [Heard(features(samples), 1.0) for samples in heard_elsewhere(film.samples, rng)]


def takes_of(film: Film, versions: Sequence[Heard], basis: Floats) -> list[Take]:
    """Return one take for each version of what is heard, the original first."""
    values = parameters_of(film.displacement, basis)
    return [_take(film, heard, values) for heard in versions]


def _take(film: Film, heard: Heard, values: Floats) -> Take:
    from scipy.interpolate import CubicSpline

    film_s = np.arange(len(values)) / film.fps
    lip_s = lip_times_s(len(heard.features) // 2) * heard.speed
    within = np.clip(lip_s, 0, film_s[-1])
    return Take(
        name=film.file.path.stem,
        speaker=film.file.speaker,
        features=heard.features,
        parameters=CubicSpline(film_s, values)(within).astype(np.float32),
        contact=film.contact[np.round(within * film.fps).astype(int)].astype(np.float32),
        seen=(lip_s <= film_s[-1]).astype(np.float32),
    )
