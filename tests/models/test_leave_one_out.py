"""The shipped recipe on speakers it was not trained on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lipstudy.models import (
    Recipe,
    Sample,
    default_checkpoint,
    films_in,
    heard_versions,
    leave_one_speaker_out,
    phones_of_films,
    read_films,
)

_TABLE = Path(__file__).parents[2] / "lipstudy" / "models" / "grid_films.csv"


def test_the_card_tells_what_was_reached_on_speakers_left_out() -> None:
    summary = default_checkpoint().card["left_one_speaker_out"]["summary"]
    assert summary["aperture_r_median"] >= 0.75  # a regression on log-mel reaches 0.68 there
    assert summary["aperture_r_lowest"] >= 0.5
    assert summary["closed_share"] >= 0.9
    assert summary["width_r_median"] >= 0.5  # and 0.21
    assert 0.8 <= summary["deviation_ratio_median"] <= 1.2
    assert abs(summary["lag_frames_median"]) <= 1
    assert summary["closed_d_prime"] > 1


@pytest.mark.needs_shared_data
@pytest.mark.slow
def test_a_smaller_run_of_the_recipe_reaches_unseen_speakers(grid: Path, tmp_path: Path) -> None:
    films = read_films(films_in(grid, table=_TABLE), cache=tmp_path, workers=2)
    samples = [Sample(film, tuple(heard_versions(film, seed=1)[:3])) for film in films]
    start = default_checkpoint().network  # its hearing never met a film
    recipe = replace(Recipe(), size=replace(start.size, speakers=0, members=1), epochs=15)
    found = leave_one_speaker_out(
        samples, phones_of_films(films), start=start, recipe=recipe, seed=2, speakers=["s1", "s22", "unknown c"]
    )
    assert len(found.scores) == 4
    assert min(score.aperture_r for score in found.scores) > 0.5
    assert np.median([score.aperture_r for score in found.scores]) > 0.65
