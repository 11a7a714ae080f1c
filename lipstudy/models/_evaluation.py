"""How near a model comes to filmed lips: over time, in size, in its closures, and for each class of sounds."""

import csv
import io
import json
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.face import LandmarkTrack, lip_aperture, lips_in_contact, mouth_width
from lipstudy.media import Sound
from lipstudy.metrics import aperture_correlation, lag_frames, width_correlation
from lipstudy.models._features import SR
from lipstudy.models._films import Film
from lipstudy.models._moving import LipMotionModel, move_lips
from lipstudy.models._visemes import VISEMES, Segment, segments_of
from lipstudy.records import provenance, write_bytes, write_text
from lipstudy.speech import Phone, Speech

__all__ = [
    "Evaluation",
    "FilmScore",
    "courses",
    "evaluate_model",
    "write_evaluation",
]

Floats = NDArray[np.floating[Any]]

_CLOSURE_WITHIN_S = 0.08
"""A bilabial counts as closed if the lips touch within this of its middle."""


@dataclass(frozen=True, slots=True)
class FilmScore:
    """One film: what the model made of its sound, against what the film shows."""

    film: str
    """Name without ending."""
    speaker: str
    """Who speaks."""
    aperture_r: float
    """Correlation of the apertures; NaN where one does not change."""
    width_r: float
    """Correlation of the mouth widths."""
    protrusion_r: float
    """Correlation of how far the lips stand out towards the viewer."""
    deviation_ratio: float
    """Standard deviation of the model's aperture over that of the film."""
    lag_frames: float
    """By how many frames of film the model comes late."""
    bilabials: int
    """/p b m/ in the transcript; 0 where it is not known."""
    closed: int
    """Those at which the model's lips touch within 80 ms."""
    closed_on_film: int
    """Those at which the speaker's do."""
    chance: float
    """Share of all moments of the speech at which the model's lips touch within 80 ms."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A model against films."""

    scores: tuple[FilmScore, ...]
    """One for each film."""
    summary: dict[str, float]
    """Medians, lowest values, closures and their d'."""
    classes: tuple[dict[str, Any], ...]
    """For each viseme: how often it was said, and aperture, width and protrusion of film and model in its middle."""
    moved: tuple[LandmarkTrack, ...]
    """What the model made of each film's sound, on the film's neutral."""

    def to_json(self) -> dict[str, Any]:
        """Return everything but the motion, as JSON can hold it: undefined is null."""
        rows = [{k: _number(v) for k, v in asdict(score).items()} for score in self.scores]
        return {
            "films": rows,
            "summary": {k: _number(v) for k, v in self.summary.items()},
            "classes": list(self.classes),
        }


def evaluate_model(
    model: LipMotionModel | Callable[[Film], LipMotionModel],
    films: Sequence[Film],
    phones: Sequence[tuple[Phone, ...] | None],
    *,
    progress: Progress | None = None,
) -> Evaluation:
    """Let a model hear each film and compare what it does with what the film shows.

    Parameters
    ----------
    model : LipMotionModel or callable
        The model, or what gives the model for a film: for instance the one that was trained without its speaker.
    films : sequence of Film
        At least one.
    phones : sequence
        For each film its phones, or None (`phones_of_films`).
    progress : Progress, optional
        Told the films.

    Raises
    ------
    InputError
        If the model cannot use a film: it needs phones, and the film's are not known.
    """
    scores, tracks = [], []
    for number, (film, said) in enumerate(zip(films, phones, strict=True), start=1):
        chosen = model if hasattr(model, "displacements") else model(film)
        speech = Speech.of_sound(Sound(film.samples, SR), name=film.file.path.stem, phones=said)
        try:
            moved = move_lips(chosen, speech, fps=film.fps, neutral=film.track.neutral)
        except InputError as error:
            hint = "" if said else f" (the words of a film stand in {film.file.path.stem}.txt beside it, or in a table)"
            raise InputError(f"{film.file.path}: {error}{hint}") from error
        moved = _of_length(moved, film.track.num_frames)
        scores.append(_score_film(moved, film, said))
        tracks.append(moved)
        if progress is not None:
            progress(number, len(films))
    return Evaluation(tuple(scores), _summarised(scores), _classes(tracks, films, phones), tuple(tracks))


def write_evaluation(
    folder: Path, evaluation: Evaluation, *, model: str, films: Sequence[Film], picture: bytes
) -> None:
    """Write ``evaluation.csv`` (a row a film), ``.json`` (classes, provenance) and ``.png``. Raises OutputError."""
    told = {"model": model} | evaluation.to_json()
    table = io.StringIO()
    writer = csv.DictWriter(table, list(told["films"][0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(told["films"])
    write_text(folder / "evaluation.csv", table.getvalue())
    told |= {
        "provenance": provenance(
            stage="evaluate", arguments={"model": model}, inputs=[film.file.path for film in films]
        )
    }
    write_text(folder / "evaluation.json", json.dumps(told, indent=2) + "\n")
    write_bytes(folder / "evaluation.png", picture)


def _score_film(moved: LandmarkTrack, film: Film, phones: Sequence[Phone] | None) -> FilmScore:
    """Compare motion with a film of as many frames."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is undefined stands as NaN in the table
        aperture_r = aperture_correlation(moved, film.track)
        width_r = width_correlation(moved, film.track)
        lag = lag_frames(moved, film.track)
    made, shown = courses(moved), courses(film.track)
    closed = [_closed_near(moved, segment) for segment in _bilabials(phones)]
    on_film = [_closed_near(film.track, segment) for segment in _bilabials(phones)]
    return FilmScore(
        film=film.file.path.stem,
        speaker=film.file.speaker,
        aperture_r=aperture_r,
        width_r=width_r,
        protrusion_r=_correlation(made["protrusion"], shown["protrusion"]),
        deviation_ratio=float(made["aperture"].std() / max(float(shown["aperture"].std()), 1e-9)),
        lag_frames=lag,
        bilabials=len(closed),
        closed=sum(closed),
        closed_on_film=sum(on_film),
        chance=_chance(moved, phones),
    )


def courses(track: LandmarkTrack) -> dict[str, NDArray[np.float64]]:
    """Return aperture, width and protrusion over time, each (T,) in IOD; protrusion towards the viewer."""
    points = track.points.astype(np.float64)
    outer = track.topology.outer_lip_pairs[len(track.topology.outer_lip_pairs) // 2]
    return {
        "aperture": np.asarray(lip_aperture(points, track.topology)),
        "width": np.asarray(mouth_width(points, track.topology)),
        "protrusion": np.asarray(-points[:, list(outer), 2].mean(axis=1)),
    }


def _summarised(scores: Sequence[FilmScore]) -> dict[str, float]:
    """Return medians and lowest values over films, and how often bilabials close, with d' against chance."""

    def over(name: str, function: Callable[[Floats], Any]) -> float:
        values = np.array([getattr(score, name) for score in scores], float)
        values = values[np.isfinite(values)]
        return float(function(values)) if len(values) else math.nan

    told = {f"{name}_median": over(name, np.median) for name in ("aperture_r", "width_r", "protrusion_r")}
    told |= {f"{name}_lowest": over(name, np.min) for name in ("aperture_r", "width_r", "protrusion_r")}
    told |= {"deviation_ratio_median": over("deviation_ratio", np.median)}
    told |= {"lag_frames_median": over("lag_frames", np.median)}
    said, closed = (sum(getattr(score, name) for score in scores) for name in ("bilabials", "closed"))
    chance = over("chance", np.mean)
    told |= {
        "bilabials": float(said),
        "closed_share": closed / said if said else math.nan,
        "closed_share_on_film": sum(s.closed_on_film for s in scores) / said if said else math.nan,
        "closed_by_chance": chance,
        "closed_d_prime": _d_prime(closed, said, chance),
    }
    return told


def _d_prime(closed: int, said: int, chance: float) -> float:
    # z(hits) - z(chance), a half added to each count so that 14 of 14 is no infinity (Hautus 1995).
    from scipy.special import ndtri

    if not said or math.isnan(chance):
        return math.nan
    share = (chance * said + 0.5) / (said + 1)
    return float(ndtri((closed + 0.5) / (said + 1)) - ndtri(share))


def _bilabials(phones: Sequence[Phone] | None) -> list[Segment]:
    return [segment for segment in segments_of(phones or ()) if segment.viseme == "bilabial"]


def _closed_near(track: LandmarkTrack, segment: Segment) -> bool:
    return bool(_near_contact(track, np.array([(segment.start_s + segment.end_s) / 2]))[0])


def _near_contact(track: LandmarkTrack, times_s: Floats) -> NDArray[np.bool_]:
    touching = np.flatnonzero(lips_in_contact(track.points, track.topology)) / track.fps
    if not len(touching):
        return np.zeros(len(times_s), bool)
    return np.asarray(np.abs(times_s[:, None] - touching).min(axis=1) <= _CLOSURE_WITHIN_S + 1e-9)


def _chance(track: LandmarkTrack, phones: Sequence[Phone] | None) -> float:
    said = [segment for segment in segments_of(phones or ()) if segment.viseme != "rest"]
    if not said:
        return math.nan
    return float(_near_contact(track, np.arange(said[0].start_s, said[-1].end_s, 0.01)).mean())


def _classes(
    tracks: Sequence[LandmarkTrack], films: Sequence[Film], phones: Sequence[Sequence[Phone] | None]
) -> tuple[dict[str, Any], ...]:
    found: dict[str, list[list[float]]] = {viseme: [] for viseme in VISEMES}
    for track, film, said in zip(tracks, films, phones, strict=True):
        shown, made = courses(film.track), courses(track)
        times_s = np.arange(track.num_frames) / track.fps
        for segment in segments_of(said or ()):
            middle_s = (segment.start_s + segment.end_s) / 2
            values = [np.interp(middle_s, times_s, each[name]) for name in shown for each in (shown, made)]
            found[segment.viseme].append([float(value) for value in values])
    names = [f"{name}_{who}" for name in ("aperture", "width", "protrusion") for who in ("film", "model")]
    return tuple(
        {"class": viseme, "said": len(rows)} | dict(zip(names, np.mean(rows, axis=0).round(4).tolist(), strict=True))
        for viseme, rows in found.items()
        if rows
    )


def _of_length(track: LandmarkTrack, num_frames: int) -> LandmarkTrack:
    # Sound and picture of a film may end at different times: the last pose is held, or what is too much left out.
    from dataclasses import replace

    from lipstudy.face import HeadPose

    place = np.minimum(np.arange(num_frames), track.num_frames - 1)
    return replace(track, points=track.points[place], pose=HeadPose.still(num_frames), valid=np.ones(num_frames, bool))


def _correlation(first: Floats, second: Floats) -> float:
    if min(first.std(), second.std()) < 1e-6:
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
