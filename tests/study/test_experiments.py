"""The study files that ship: each fits its recipe, plans exactly balanced, and runs to its end."""

from collections import Counter
from pathlib import Path

import pytest
import yaml

from lipstudy.records import Clip, read_participants
from lipstudy.study import Study, balance_of, load_study, plan_study, simulate_study

ROOT = Path(__file__).parents[2]
STUDIES = sorted((ROOT / "experiments").glob("*.yaml"))


@pytest.fixture
def recipe_clips(make_clips):
    """Return a maker of the manifest rows that the recipe of a study builds."""

    def making(study: Study) -> list[Clip]:
        recipe = yaml.safe_load((ROOT / "experiments" / study.clips).parent.with_suffix(".yaml").read_text())
        films = recipe.get("films", [])
        return make_clips(
            embodiments=recipe["embodiments"],
            speakers=sorted({film["speaker"] for film in films}) or [speaker["name"] for speaker in recipe["speakers"]],
            sentences=sorted({film["sentence"] for film in films}) or [entry["name"] for entry in recipe["sentences"]],
            articulations=[float(scale) for scale in recipe["articulations"]],
            operators=recipe.get("operators", ["rest"]),
            models=recipe.get("models", ["viseme"]),
            faults=recipe.get("catch", []),
        )

    return making


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_fits_its_recipe_and_is_balanced(path: Path, recipe_clips) -> None:
    study = load_study(path)
    assert study.name == path.stem
    plan = plan_study(study, recipe_clips(study), seed=1)
    assert all(2 * row.first_left == row.trials for row in balance_of(plan))
    trials = Counter(trial.participant for trial in plan)
    assert len(set(trials.values())) == 1
    assert 30 < trials["P01"] < 110


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_sentences_and_scales_are_crossed_exactly_over_all_participants(path: Path, recipe_clips) -> None:
    study = load_study(path)
    plan = plan_study(study, recipe_clips(study), seed=1)
    cells = Counter(
        (t.embodiment, t.speaker, t.operator, t.sentence, tuple(sorted((t.system_left, t.system_right))))
        for t in plan
        if t.kind == "2afc"
    )
    assert len(set(cells.values())) == 1


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_study_runs_and_its_rules_let_good_viewers_pass(path: Path, recipe_clips, tmp_path: Path) -> None:
    study = load_study(path)
    clips = recipe_clips(study)
    plan = plan_study(study, clips, seed=1)
    trials = simulate_study(study, plan, clips, tmp_path, seed=1, participants=["P01", "P02"])
    assert all(trial.valid for trial in trials)
    assert [row.verdict for row in read_participants(tmp_path / "participants.csv")] == ["use", "use"]


def test_the_readme_tells_of_every_study() -> None:
    text = (ROOT / "experiments" / "README.md").read_text()
    assert all(f"`{path.name}`" in text for path in STUDIES)
