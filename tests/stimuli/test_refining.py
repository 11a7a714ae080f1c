"""A recipe's speaker may ask for a network; the set tells what became of it, and uses it only if it is better."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lipstudy.clips import FILM_FACE_RENDERER_VERSION, MouthPairs, RefinementVerdict, judged, load_refinement
from lipstudy.execution import cluster_executor
from lipstudy.records import read_manifest
from lipstudy.stimuli import BuildResult, Recipe, build_set, estimate_build, load_recipe
from lipstudy.stimuli._set_folder import SetFolder

pytestmark = pytest.mark.needs_shared_data

RECIPE = """\
speakers: [{name: anna, film: film.mpg}]
sentences: [{name: bob, text: Bob.}]
articulations: [1]
embodiments: [photo]
size_px: 192
"""
REFINED = RECIPE.replace("film: film.mpg", "film: film.mpg, refine: true")
CLIP = "clips/anna_bob_photo_rest_a1.00.mp4"


@pytest.fixture(autouse=True)
def short_lessons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lipstudy.clips._refinement_pairs._LEAST_STEPS", 6)
    monkeypatch.setattr("lipstudy.clips._refinement_pairs._STEPS_A_FRAME", 0)
    monkeypatch.setattr("lipstudy.stimuli._refining._STEPS_AT_ONCE", 4)


@pytest.fixture(scope="module")
def plain(declared, grid: Path, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    """Build a small set of a film as it is."""
    folder = tmp_path_factory.mktemp("plain")
    shutil.copy(grid / "bbaf2n.mpg", folder / "film.mpg")
    return build_set(declared(folder, RECIPE), folder / "set", workers=1)


@pytest.fixture
def copied(plain: BuildResult, tmp_path: Path) -> Path:
    """Copy that set with its film."""
    shutil.copytree(plain.manifest.parents[1], tmp_path / "study")
    return tmp_path / "study"


def always_better(pairs: MouthPairs, refined: np.ndarray) -> RefinementVerdict:
    """Judge as if the network had made film out of every mouth."""
    return judged(pairs, pairs.filmed[pairs.taught_frames :])


def adds_red(monkeypatch: pytest.MonkeyPatch, *, red: float) -> None:
    """Make every lesson end in a network whose work is seen, and its verdict a good one."""
    from lipstudy.clips import Lesson, teach

    def taught(*arguments, **options) -> Lesson:
        lesson = teach(*arguments, **options)
        bias = np.array([red, 0, 0], np.float32)
        return replace(lesson, weights=lesson.weights | {"added.bias": bias})

    monkeypatch.setattr("lipstudy.clips._refinement_teaching.teach", taught)
    monkeypatch.setattr("lipstudy.stimuli._refining.judged", always_better)


def test_a_network_that_is_no_better_leaves_the_clips_as_they_are(declared, copied: Path) -> None:
    before = (copied / "set" / CLIP).read_bytes()
    told: list[tuple[int, int]] = []
    recipe = declared(copied, REFINED)
    built = build_set(recipe, copied / "set", workers=1, teaching=lambda *steps: told.append(steps))
    assert told == [(4, 6), (6, 6)]
    assert (built.rendered, built.reused) == (0, 1)
    assert (copied / "set" / CLIP).read_bytes() == before
    assert built.clips[0].renderer_version == FILM_FACE_RENDERER_VERSION
    (sentence,) = built.refinements
    assert sentence.startswith(
        "the film of anna: the network is left out, as it comes hardly nearer to the film: taught on"
    )
    assert "; that is little film, 30 s or more teach it better" in sentence
    assert sentence[1:].replace("'", "&#39;") in built.page.read_text()
    verdict = json.loads((copied / "set" / "faces" / "anna.refinement.json").read_text())
    assert (verdict["better"], verdict["taught_frames"], verdict["size_px"]) == (False, 60, 192)
    assert sorted(path.name for path in (copied / "set").rglob("anna.*")) == [
        *("anna.lacks.json", "anna.lacks.json.json"),
        *("anna.refinement.json", "anna.refinement.json.json"),
        *("anna.refinement.safetensors", "anna.refinement.safetensors.json"),
        *("anna.track.npz", "anna.track.npz.json"),
    ], "what it was taught on is left behind"


def test_a_network_that_is_better_refines_the_clips_and_is_told(
    declared, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    adds_red(monkeypatch, red=0.08)
    before = (copied / "set" / CLIP).read_bytes()
    built = build_set(declared(copied, REFINED), copied / "set", workers=1)
    assert built.rendered == 1
    assert built.refinements[0].startswith("the film of anna: the network is kept: ")
    assert read_manifest(built.manifest)[0].renderer_version == f"{FILM_FACE_RENDERER_VERSION}+refined-1"
    assert (copied / "set" / CLIP).read_bytes() != before
    again = build_set(load_recipe(copied / "recipe.yaml"), copied / "set", workers=1)
    assert (again.rendered, again.reused) == (0, 1)
    adds_red(monkeypatch, red=0.04)
    SetFolder(copied / "set").forget(SetFolder(copied / "set").refinement("anna"))
    other = build_set(load_recipe(copied / "recipe.yaml"), copied / "set", workers=1)
    assert other.rendered == 1, "a clip of other weights was taken for a new one"
    without = build_set(declared(copied, RECIPE), copied / "set", workers=1)
    assert (without.rendered, without.refinements) == (1, ())
    assert (copied / "set" / CLIP).read_bytes() == before


def test_a_network_is_taught_once_until_film_or_size_change(
    declared, copied: Path, grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lessons: list[int] = []

    def made(text: str) -> int:
        lessons.clear()
        build_set(declared(copied, text), copied / "set", workers=1, teaching=lambda done, total: lessons.append(total))
        return max(lessons, default=0)

    assert made(REFINED) == 6
    assert made(REFINED) == 0, "it was taught again"
    assert made(REFINED.replace("192", "208")) == 6
    assert load_refinement(SetFolder(copied / "set").refinement("anna")).size_px == 208
    monkeypatch.setattr("lipstudy.stimuli._refining.REFINEMENT_VERSION", "refined-2")
    assert made(REFINED.replace("192", "208")) == 6


def test_a_build_that_is_stopped_while_it_teaches_goes_on(declared, copied: Path) -> None:
    recipe = declared(copied, REFINED)

    class StoppedError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done == 4:
            raise StoppedError(f"at step {done}")

    with pytest.raises(StoppedError, match="at step 4"):
        build_set(recipe, copied / "set", workers=1, teaching=stop)
    assert (copied / "set" / "faces" / "anna.teaching.pt").exists()
    told: list[int] = []
    build_set(recipe, copied / "set", workers=1, teaching=lambda done, total: told.append(done))
    assert told == [6]
    whole = SetFolder(copied / "whole")
    build_set(recipe, whole.root, workers=1)
    stopped = SetFolder(copied / "set")
    assert stopped.refinement("anna").read_bytes() == whole.refinement("anna").read_bytes()


def test_landmark_clips_need_no_network(declared, copied: Path) -> None:
    built = build_set(declared(copied, REFINED.replace("[photo]", "[landmarks]")), copied / "set", workers=1)
    assert built.refinements == ()
    assert not (copied / "set" / "faces" / "anna.refinement.json").exists()


def test_the_time_for_teaching_is_told_before(declared, copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lipstudy.clips._refinement_pairs._LEAST_STEPS", 400)
    plain, refined = (estimate_build(declared(copied, text), copied / "set") for text in (RECIPE, REFINED))
    assert (plain.teaching_s, refined.teaching_s) == (0, 40)
    assert refined.work_s == plain.work_s + 40
    assert refined.sentence(workers=1).endswith("; the first 40 s of it go into teaching networks")
    monkeypatch.setattr("lipstudy.clips._refinement_pairs._LEAST_STEPS", 6)
    build_set(declared(copied, REFINED), copied / "set", workers=1)
    assert estimate_build(declared(copied, REFINED), copied / "set").teaching_s == 0


@pytest.mark.slow
def test_a_cluster_teaches_the_same_network(declared, scheduler, copied: Path) -> None:
    def shorten() -> None:
        from lipstudy.clips import _refinement_pairs

        _refinement_pairs._LEAST_STEPS, _refinement_pairs._STEPS_A_FRAME = 6, 0

    with scheduler.get_client() as client:
        client.run(shorten)
    recipe: Recipe = declared(copied, REFINED)
    with cluster_executor(scheduler.scheduler_address) as executor:
        spread = build_set(recipe, copied / "spread", executor=executor)
    here = build_set(recipe, copied / "here", workers=1)
    assert spread.refinements == here.refinements
    for path in ("faces/anna.refinement.safetensors", CLIP):
        assert (copied / "spread" / path).read_bytes() == (copied / "here" / path).read_bytes()
