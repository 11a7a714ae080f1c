"""Evaluation: what films show against what a model does, with closures counted against chance."""

import csv
import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, HeadPose, LandmarkTrack, generic_neutral, lips_in_contact
from lipstudy.models import (
    Evaluation,
    Film,
    FilmFile,
    VisemeLipMotion,
    evaluate_model,
    evaluation_png,
    write_evaluation,
)
from lipstudy.speech import PAUSE, Phone, Speech

_FPS = 25.0
_PHONES = (Phone(PAUSE, 0, 0.4), Phone("b", 0.4, 0.5), Phone("a", 0.5, 1.6), Phone(PAUSE, 1.6, 2.0))


class _Lips:
    """A model whose lips open as it is told."""

    def __init__(self, aperture: NDArray[np.float64]) -> None:
        self._aperture = aperture

    def displacements(
        self, speech: Speech, *, fps: float, neutral: NDArray[np.float32]
    ) -> Iterator[NDArray[np.float64]]:
        yield _opened(self._aperture)


def _opened(aperture: NDArray[np.float64]) -> NDArray[np.float64]:
    moved = np.zeros((len(aperture), 478, 3))
    lower_lip = [
        lower for pairs in (MEDIAPIPE_478.inner_lip_pairs, MEDIAPIPE_478.outer_lip_pairs) for _, lower in pairs
    ]
    moved[:, lower_lip, 1] = aperture[:, None]
    moved[:, list(MEDIAPIPE_478.mouth_corners), 0] = np.outer(aperture, [1, -1]) / 10
    return moved


@pytest.fixture
def aperture() -> NDArray[np.float64]:
    """Lips closed in the pauses and at 0.36 to 0.52 s, where /b/ is; open between and after."""
    times_s = np.arange(50) / _FPS
    course = 0.1 + 0.05 * np.sin(9 * times_s)
    return np.asarray(np.where((times_s < 0.2) | (times_s >= 1.6) | ((times_s > 0.35) & (times_s < 0.53)), 0, course))


@pytest.fixture
def film(aperture: NDArray[np.float64], tmp_path: Path) -> Film:
    """A film whose lips open so."""
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"not opened here")
    track = LandmarkTrack(
        points=(generic_neutral() + _opened(aperture)).astype(np.float32),
        fps=_FPS,
        topology=MEDIAPIPE_478,
        pose=HeadPose.still(50),
        valid=np.ones(50, bool),
        neutral=generic_neutral(),
    )
    return Film(
        file=FilmFile(path, "anna", "ba"),
        track=track,
        displacement=track.points - generic_neutral().astype(np.float64),
        contact=lips_in_contact(track.points, MEDIAPIPE_478),
        samples=np.zeros(32000, np.float32),
    )


def _evaluated(film: Film, aperture: NDArray[np.float64]) -> Evaluation:
    return evaluate_model(_Lips(aperture), [film], [_PHONES])


def test_the_film_itself_is_perfect(film: Film, aperture: NDArray[np.float64]) -> None:
    score = _evaluated(film, aperture).scores[0]
    assert score.aperture_r == pytest.approx(1, abs=1e-6)
    assert score.width_r == pytest.approx(1, abs=1e-4)
    assert score.deviation_ratio == pytest.approx(1, abs=1e-4)
    assert (score.lag_frames, score.bilabials, score.closed, score.closed_on_film) == (0, 1, 1, 1)


def test_half_the_motion_has_half_the_deviation(film: Film, aperture: NDArray[np.float64]) -> None:
    score = _evaluated(film, aperture / 2).scores[0]
    assert score.deviation_ratio == pytest.approx(0.5, abs=1e-3)
    assert score.aperture_r == pytest.approx(1, abs=1e-6)


def test_a_late_model_is_late(film: Film, aperture: NDArray[np.float64]) -> None:
    assert _evaluated(film, np.concatenate([[0, 0], aperture[:-2]])).scores[0].lag_frames == 2


def test_a_mouth_that_is_always_closed_hits_no_better_than_chance(film: Film) -> None:
    summary = _evaluated(film, np.zeros(50)).summary
    assert summary["closed_share"] == 1
    assert summary["closed_by_chance"] == 1
    assert summary["closed_d_prime"] == pytest.approx(0)
    assert math.isnan(summary["aperture_r_median"])


def test_d_prime_by_hand(film: Film, aperture: NDArray[np.float64]) -> None:
    # One of one hit, a half added: (1 + .5) / 2 = .75, z = .6745. Speech lasts from 0.4 to 1.6 s. The lips touch at
    # frames until 0.52 s, so within 80 ms up to 0.60 s, and again from 1.52 s: 0.40 .. 0.60 and 1.52 .. 1.59 are
    # 21 + 8 of 120 moments; (29 / 120 + .5) / 2 = .3708, z = -.3296.
    summary = _evaluated(film, aperture).summary
    assert summary["closed_by_chance"] == pytest.approx(29 / 120, abs=0.01)
    assert summary["closed_d_prime"] == pytest.approx(0.6745 + 0.3296, abs=0.03)


def test_a_film_without_the_words_that_a_model_needs_is_named(film: Film) -> None:
    told = (
        r"talk\.mp4: the viseme model needs to know what is said: .*\(the words of a film stand in talk\.txt beside it"
    )
    with pytest.raises(InputError, match=told):
        evaluate_model(VisemeLipMotion(), [film], [None])


def test_a_name_with_a_comma_stays_one_cell(film: Film, aperture: NDArray[np.float64], tmp_path: Path) -> None:
    path = film.file.path.rename(tmp_path / 'so, "talk".mp4')
    named = replace(film, file=FilmFile(path, "anna, the first"))
    write_evaluation(tmp_path, _evaluated(named, aperture), model="own", films=[named], picture=b"")
    (row,) = csv.DictReader((tmp_path / "evaluation.csv").read_text().splitlines())
    assert (row["film"], row["speaker"], row["lag_frames"]) == ('so, "talk"', "anna, the first", "0.0")


def test_classes_and_files(film: Film, aperture: NDArray[np.float64], tmp_path: Path) -> None:
    found = _evaluated(film, aperture)
    assert [(row["class"], row["said"]) for row in found.classes] == [("rest", 2), ("bilabial", 1), ("open", 1)]
    write_evaluation(tmp_path / "e", found, model="own", films=[film], picture=evaluation_png(found, [film]))
    told = json.loads((tmp_path / "e" / "evaluation.json").read_text())
    assert told["model"] == "own"
    assert told["films"][0]["film"] == "talk"
    assert (tmp_path / "e" / "evaluation.csv").read_text().startswith("film,speaker,aperture_r")
    assert (tmp_path / "e" / "evaluation.png").read_bytes().startswith(b"\x89PNG")
