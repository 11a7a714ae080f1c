"""Estimate the viseme model from film: ``python -m lipstudy.models.estimate_visemes FOLDER -o visemes.npz``.

FOLDER holds clips of the GRID corpus (Cooke, Barker, Cunningham & Shao 2006), whose file names are their transcripts; a
clip with another name counts for the shapes of the lips, not for the visemes. Needs the extra ``train``.

1. Every film is tracked; lips, jaw and the skin around them are taken as displacement from the speaker's neutral, made
   symmetric.
2. Shapes: the landmarks are regressed on aperture, width and jaw height together (as in the guided components of Maeda
   1990), so that one unit of aperture opens the lips by one IOD and leaves width and jaw; the principal components of
   what is left are three more shapes.
3. Times: the transcript is aligned with the sound.
4. Targets: with the dominance of every viseme known at every frame, the parameters are linear in the targets; they are
   fitted by ridge regression. Blur, lead and the dominance of the tongue are those that predict clips left out best.
5. Gain: a fit averages over what it cannot explain and so moves too little; targets are spread about their mean until
   clips left out move as much as in the film.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError, LipstudyError
from lipstudy.models._coarticulation import constriction, dominance
from lipstudy.models._shape_basis import PARAMETERS, estimate_basis, parameters_of
from lipstudy.models._viseme_film import Recording, read_recordings
from lipstudy.models._viseme_model import VisemeModel, save_viseme_model
from lipstudy.models._visemes import VISEMES
from lipstudy.records import provenance, write_text

__all__ = ["estimate_model", "main"]

Floats = NDArray[np.floating[Any]]

_SPREADS_S = (0.05, 0.06, 0.07, 0.085, 0.1, 0.12)
_LEADS_S = (-0.01, 0.0, 0.01, 0.02)
_TONGUES = (0.2, 0.3, 0.5, 1.0)
_RIDGE = 1.0  # one frame of evidence for the mean mouth
_LARGEST_GAIN = 2.0


@dataclass(frozen=True, slots=True)
class _Timing:
    lead_s: float
    tongue: float
    spread_s: float


@dataclass(frozen=True, slots=True)
class _Film:
    # One parameter of one aligned clip in speech: film = design @ targets + offset, as far as the model explains it.
    design: NDArray[np.float64]
    offset: NDArray[np.float64]
    film: NDArray[np.float64]


def estimate_model(recordings: Sequence[Recording]) -> tuple[VisemeModel, dict[str, Any]]:
    """Estimate the model, and measure it on clips left out.

    Parameters
    ----------
    recordings : sequence of Recording
        At least two with segments.

    Returns
    -------
    model : VisemeModel
    measured : dict
        For the card: counts, choices, gains, and for each parameter the correlation with the film and the ratio of
        standard deviations on clips left out (their motion predicted from all others; blur, lead, tongue and gain are
        chosen on these same predictions).

    Raises
    ------
    InputError
        If fewer than two recordings have a known transcript.
    """
    aligned = [recording for recording in recordings if recording.segments is not None]
    if len(aligned) < 2:
        raise InputError("at least two films with a known transcript are needed: name them as in the GRID corpus")
    basis, explained = estimate_basis(np.concatenate([recording.displacement for recording in recordings]))
    parameters = [parameters_of(recording.displacement, basis) for recording in aligned]
    touching = _labiodental_aperture(aligned, parameters)
    lead_s, tongue, spreads_s = _best_timing(aligned, parameters, touching)
    targets, measured = [], {}
    for column, (name, spread_s) in enumerate(zip(PARAMETERS, spreads_s, strict=True)):
        films = _films(aligned, parameters, column, _Timing(lead_s, tongue, spread_s), touching)
        gain = _gain(films) if name in PARAMETERS[:3] else 1.0
        targets.append(_targets(films, gain, floor=_floor(name)))
        measured[name] = {"spread_s": spread_s, "gain": gain} | _left_out(films, gain, floor=_floor(name))
    model = VisemeModel(
        basis=basis.astype(np.float32),
        targets=np.stack(targets, axis=1).astype(np.float32),
        spread_s=np.asarray(spreads_s, np.float32),
        lead_s=lead_s,
        tongue=tongue,
        labiodental_aperture=touching,
    )
    counts = Counter(s.viseme for recording in aligned for s in recording.segments or ())
    return model, {
        "films": len(recordings),
        "frames": sum(len(recording.displacement) for recording in recordings),
        "films_aligned": len(aligned),
        "segments": {viseme: counts[viseme] for viseme in VISEMES},
        "lip_variance_explained": explained,
        "lead_s": lead_s,
        "tongue_dominance": tongue,
        "labiodental_aperture": touching,
        "left_out": measured,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m lipstudy.models.estimate_visemes", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of GRID clips (*.mpg)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the model, .npz; its card is the .json")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    given = parser.parse_args(arguments)
    try:
        recordings = read_recordings(given.folder, workers=given.workers, progress=_tell)
        model, measured = estimate_model(recordings)
        save_viseme_model(given.output, model)
        card = _DESCRIPTION | {
            "measured": measured,
            "pocketsphinx": metadata.version("pocketsphinx"),
            "provenance": provenance(stage="viseme model", arguments={}, inputs=sorted(given.folder.glob("*.mpg"))),
        }
        write_text(given.output.with_suffix(".json"), json.dumps(card, indent=2) + "\n")
    except LipstudyError as error:
        sys.exit(f"Error: {error}")


_DESCRIPTION = {
    "what": "Lip shapes, viseme targets and timing of the viseme model.",
    "data": "GRID audiovisual sentence corpus, twelve clips of ten speakers: Cooke, M., Barker, J., Cunningham, S., & "
    "Shao, X. (2006). An audio-visual corpus for speech perception and automatic speech recognition. JASA, 120(5).",
    "licence_of_data": "CC BY 4.0. No clip, picture or landmark of a single speaker is stored here.",
    "command": "python -m lipstudy.models.estimate_visemes FOLDER -o visemes.npz",
    "chance": "none: no seed",
    "caution": "Two speakers have two aligned clips each: a clip left out may have its speaker among the others.",
}


def _tell(done: int, total: int) -> None:
    print(f"tracked {done} of {total} films", file=sys.stderr)


def _labiodental_aperture(aligned: Sequence[Recording], parameters: Sequence[Floats]) -> float:
    found = [
        np.interp((segment.start_s + segment.end_s) / 2, recording.times_s, values[:, 0])
        for recording, values in zip(aligned, parameters, strict=True)
        for segment in recording.segments or ()
        if segment.viseme == "labiodental"
    ]
    return max(float(np.median(found)), 0.0) if found else 0.0


def _best_timing(
    aligned: Sequence[Recording], parameters: Sequence[Floats], touching: float
) -> tuple[float, float, list[float]]:
    """Return lead, tongue and the spread of each parameter whose predictions of clips left out correlate best."""
    best: tuple[float, float, float, list[float]] = (-np.inf, 0.0, 0.0, [])
    for lead_s, tongue in product(_LEADS_S, _TONGUES):
        scores = np.empty((len(PARAMETERS), len(_SPREADS_S)))
        for column, name in enumerate(PARAMETERS):
            for row, spread_s in enumerate(_SPREADS_S):
                films = _films(aligned, parameters, column, _Timing(lead_s, tongue, spread_s), touching)
                scores[column, row] = _left_out(films, 1.0, floor=_floor(name))["correlation_mean"]
        total = float(scores.max(axis=1)[:3].sum())
        if total > best[0]:
            best = (total, lead_s, tongue, [_SPREADS_S[row] for row in scores.argmax(axis=1)])
    return best[1:]


def _films(
    aligned: Sequence[Recording], parameters: Sequence[Floats], column: int, timing: _Timing, touching: float
) -> list[_Film]:
    films = []
    for recording, values in zip(aligned, parameters, strict=True):
        segments = recording.segments or ()
        times_s = recording.times_s[recording.spoken]
        design = dominance(segments, times_s, spread_s=timing.spread_s, lead_s=timing.lead_s, tongue=timing.tongue)
        offset = np.zeros(len(times_s))
        if PARAMETERS[column] == "aperture":
            near = constriction(segments, times_s, "labiodental", lead_s=timing.lead_s)
            sealed = constriction(segments, times_s, "bilabial", lead_s=timing.lead_s)
            design *= ((1 - sealed) * (1 - near))[:, None]
            offset = (1 - sealed) * near * touching
        films.append(_Film(design, offset, values[recording.spoken, column]))
    return films


def _targets(films: Sequence[_Film], gain: float, *, floor: float) -> NDArray[np.float64]:
    """Fit the targets (V,), spread about their mean by `gain`; the rest has target 0."""
    design = np.concatenate([film.design for film in films])[:, 1:]
    wanted = np.concatenate([film.film - film.offset for film in films])
    mean = wanted.sum() / design.sum()
    normal = design.T @ design + _RIDGE * np.eye(design.shape[1])
    about_mean = np.linalg.solve(normal, design.T @ (wanted - design.sum(axis=1) * mean))
    return np.concatenate([[0.0], np.maximum(mean + gain * about_mean, floor)])


def _floor(name: str) -> float:
    return 0.0 if name == "aperture" else -np.inf  # lips cannot be less than closed


def _gain(films: Sequence[_Film]) -> float:
    gains = np.arange(1.0, _LARGEST_GAIN + 0.01, 0.05)
    ratios = [_left_out(films, float(gain), floor=-np.inf)["deviation_ratio"] for gain in gains]
    return round(float(gains[np.abs(np.log(ratios)).argmin()]), 2)


def _left_out(films: Sequence[_Film], gain: float, *, floor: float) -> dict[str, float]:
    """Predict every film from all others: correlation with it, and standard deviation over its own."""
    correlations, variances = [], []
    for number, film in enumerate(films):
        targets = _targets([*films[:number], *films[number + 1 :]], gain, floor=floor)
        predicted = film.design @ targets + film.offset
        correlations.append(float(np.corrcoef(predicted, film.film)[0, 1]))
        variances.append((predicted.var(), film.film.var()))
    of_model, of_film = np.mean(variances, axis=0)
    return {
        "correlation_mean": float(np.mean(correlations)),
        "correlation_median": float(np.median(correlations)),
        "correlation_min": min(correlations),
        "deviation_ratio": float(np.sqrt(of_model / of_film)),
    }


if __name__ == "__main__":
    main()
