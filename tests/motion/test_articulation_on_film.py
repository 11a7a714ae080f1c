"""The articulation scale on filmed speech: what rest keeps, what mean loses."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lipstudy.face import LandmarkTrack, lip_aperture, lips_in_contact
from lipstudy.motion import scale_articulation

pytestmark = pytest.mark.needs_shared_data

CLIPS = ("bbaf2n", "lbbc2a", "pwij3p", "sbwe5n")
SCALES = (0.25, 0.5, 0.75, 1.25, 1.5, 2.0)
SOUNDED_EARLY_S, SOUNDED_LATE_S = 0.1, 0.1
"""Lips close before the corpus's word times and open after them."""


@dataclass(frozen=True)
class Filmed:
    track: LandmarkTrack
    closure_windows: list[slice]
    """Frames around the beginning of each word that begins with /b/ or /p/."""


@pytest.fixture(scope="module")
def filmed(grid: Path, tracked: Callable[[str], LandmarkTrack]) -> list[Filmed]:
    found = []
    for name in CLIPS:
        track = tracked(name)
        windows = []
        for line in (grid / f"{name}.align").read_text().splitlines():
            begin, _, word = line.split()
            if word[0] in "bp":
                begin_s = int(begin) / 25000
                first, last = begin_s - SOUNDED_EARLY_S, begin_s + SOUNDED_LATE_S
                windows.append(slice(int(first * track.fps), int(np.ceil(last * track.fps)) + 1))
        found.append(Filmed(track, windows))
    return found


def closures(filmed: list[Filmed], scale: float, operator: str) -> int:
    count = 0
    for film in filmed:
        scaled = scale_articulation(film.track, scale, operator=operator).track
        contact = lips_in_contact(scaled.points, scaled.topology)
        count += sum(bool(contact[window].any()) for window in film.closure_windows)
    return count


def test_natural_speech_closes_the_lips_in_every_b_and_p(filmed: list[Filmed]) -> None:
    assert closures(filmed, 1, "rest") == sum(len(film.closure_windows) for film in filmed) == 7


@pytest.mark.parametrize("scale", SCALES)
def test_rest_keeps_every_contact_and_needs_no_repair(filmed: list[Filmed], scale: float) -> None:
    for film in filmed:
        articulated = scale_articulation(film.track, scale)
        assert articulated.contact_frames > 10
        assert articulated.contact_frames_lost == 0
        assert articulated.crossings_repaired == 0
        assert articulated.effective_articulation == pytest.approx(scale, rel=0.02)
    assert closures(filmed, scale, "rest") == 7


def test_mean_loses_closures_the_more_the_smaller_the_scale(filmed: list[Filmed]) -> None:
    kept = [closures(filmed, scale, "mean") for scale in (0.25, 0.5, 0.75, 1)]
    assert kept == sorted(kept)
    assert kept[0] == 0
    assert kept[1] <= 0.6 * kept[-1]
    lost = [scale_articulation(film.track, 0.5, operator="mean") for film in filmed]
    assert sum(each.contact_frames_lost for each in lost) > 0.5 * sum(each.contact_frames for each in lost)


def test_mean_crosses_lips_the_more_the_larger_the_scale(filmed: list[Filmed]) -> None:
    for film in filmed:
        crossed = [
            scale_articulation(film.track, scale, operator="mean").crossings_repaired for scale in (0.5, 1.25, 1.5, 2)
        ]
        assert crossed == sorted(crossed)
        assert crossed[0] == 0
        assert crossed[1] > 0.25 * film.track.num_frames


def test_aperture_of_open_lips_is_the_scale_times_the_natural_one(filmed: list[Filmed]) -> None:
    for film in filmed:
        natural = lip_aperture(film.track.points, film.track.topology)
        wide = natural > 0.05
        for scale in SCALES:
            scaled = lip_aperture(scale_articulation(film.track, scale).track.points, film.track.topology)
            assert np.median(scaled[wide] / natural[wide]) == pytest.approx(scale, rel=0.02)
