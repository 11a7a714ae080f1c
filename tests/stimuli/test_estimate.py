"""A build says how long and how large before it starts."""

import shutil
from pathlib import Path

import pytest

from lipstudy.stimuli import Estimate, Recipe, Sentence, Speaker, build_set, estimate_build

RECIPE = Recipe(
    speakers=(Speaker(name="astronaut", photograph=Path("astronaut")),),
    sentences=(Sentence(name="boats", text="Both brown boats came back empty."),),
    articulations=(0.5, 1.0),
    embodiments=("landmarks",),
)


def test_the_size_estimated_is_about_that_of_the_clips(tmp_path: Path) -> None:
    estimate = estimate_build(RECIPE, tmp_path)
    built = build_set(RECIPE, tmp_path, workers=1)
    size_bytes = sum((tmp_path / clip.path).stat().st_size for clip in built.clips)
    assert estimate.clips == 2
    assert 0.5 < estimate.size_bytes / size_bytes < 2
    assert estimate_build(RECIPE, tmp_path).clips == 0
    one_more = RECIPE.model_copy(update={"articulations": (0.5, 1.0, 1.5)})
    assert estimate_build(one_more, tmp_path).clips == 1
    other = RECIPE.model_copy(update={"articulations": (0.75, 1.25)})
    assert estimate_build(other, tmp_path).clips == 2, "clips of other scales count as made"
    shutil.rmtree(tmp_path / "clips")
    assert estimate_build(RECIPE, tmp_path) == estimate


@pytest.mark.parametrize(
    ("key", "values", "times"),
    [
        ("articulations", tuple(number / 100 for number in range(20)), 10),
        ("embodiments", ("landmarks", "photo"), 2),
        (
            "sentences",
            tuple(Sentence(name=f"s{number}", text="Both brown boats came back empty.") for number in range(9)),
            9,
        ),
        ("catch", ("frozen_mouth", "desynchronised"), 2),
    ],
)
def test_every_axis_of_the_recipe_counts(tmp_path: Path, key: str, values: tuple, times: int) -> None:
    one, more = (estimate_build(recipe, tmp_path) for recipe in (RECIPE, RECIPE.model_copy(update={key: values})))
    assert more.clips == times * one.clips
    assert more.work_s >= 0.99 * times * one.work_s


def test_a_set_is_huge_where_somebody_should_have_meant_it(tmp_path: Path) -> None:
    assert not estimate_build(RECIPE, tmp_path).is_huge
    scales = tuple(number / 100 for number in range(251))
    huge = RECIPE.model_copy(update={"articulations": scales, "embodiments": ("landmarks", "photo")})
    assert not estimate_build(huge, tmp_path).is_huge
    huge = huge.model_copy(update={"operators": ("rest", "mean")})
    assert estimate_build(huge, tmp_path).is_huge
    told = estimate_build(huge, tmp_path).sentence(workers=2)
    assert told.startswith("1004 clips to make: about ")
    assert told.endswith(" MB")


def test_one_is_told_as_one_and_long_tracking_by_itself() -> None:
    assert Estimate(1, 20.0, 2e6).sentence(workers=1) == "1 clip to make: about 20 s with 1 worker, and 2.0 MB"
    told = Estimate(6, 200.0, 2e6, tracking_s=60.0).sentence(workers=2)
    assert told == (
        "6 clips to make: about 2 minutes with 2 workers, and 2.0 MB; the first 30 s of it go into tracking films"
    )
