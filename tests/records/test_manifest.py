"""The manifest, the plan and the trial table: their own rules beyond their columns."""

import csv
from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.records import (
    Clip,
    PlannedTrial,
    Trial,
    read_manifest,
    read_plan,
    read_trials,
    sha256_of_file,
    write_manifest,
    write_plan,
    write_trials,
)


def clip_named(name: str, folder: Path, **changes: object) -> Clip:
    video = folder / "clips" / f"{name}.mp4"
    video.parent.mkdir(exist_ok=True)
    video.write_bytes(name.encode())
    fields = {
        "clip_id": name,
        "path": f"clips/{name}.mp4",
        "sha256": sha256_of_file(video),
        "speaker": "s1",
        "sentence": "one",
        "text": "bin blue at f two now",
        "articulation": 1.25,
        "operator": "rest",
        "effective_articulation": 1.2,
        "embodiment": "landmarks",
        "source": "landmarks",
        "model": "film",
        "fps": 25,
        "frames": 75,
        "duration_s": 3,
        "av_offset_ms": 0,
        "renderer_version": "1",
    }
    return Clip(**(fields | changes))


def planned(trial: int, **changes: object) -> PlannedTrial:
    fields = {
        "participant": "P01",
        "block": 1,
        "trial": trial,
        "kind": "2afc",
        "embodiment": "photo",
        "speaker": "s1",
        "sentence": "one",
        "operator": "rest",
        "model": "film",
        "clip_left": "a",
        "clip_right": "b",
        "articulation_left": 1.0,
        "articulation_right": 0.5,
        "design_sha256": "ab" * 32,
        "seed": 1,
    }
    return PlannedTrial(**(fields | changes))


def answered(trial: int, **changes: object) -> Trial:
    fields = {
        "participant": "P01",
        "session": "S1",
        "trial": trial,
        "block": 1,
        "kind": "2afc",
        "embodiment": "photo",
        "speaker": "s1",
        "sentence": "one",
        "clip_left": "a",
        "clip_right": "b",
        "articulation_left": 1.0,
        "articulation_right": 0.5,
        "response": "left",
        "rt_s": 2.5,
        "plays_left": 1,
        "plays_right": 1,
        "watched_left": 1,
        "watched_right": 0.9,
        "dropped_frames": 0,
        "av_offset_ms": None,
        "valid": True,
        "reason": None,
    }
    return Trial(**(fields | changes))


def test_manifest_comes_back_and_its_clips_are_verified(tmp_path: Path) -> None:
    clips = [clip_named("a", tmp_path), clip_named("b", tmp_path, text=None, effective_articulation=None)]
    write_manifest(tmp_path / "clips.csv", clips)
    assert read_manifest(tmp_path / "clips.csv", verify=True) == clips


def test_a_manifest_from_before_the_checks_and_faults_still_reads(tmp_path: Path) -> None:
    clip = clip_named("a", tmp_path)
    write_manifest(tmp_path / "clips.csv", [clip])
    with open(tmp_path / "clips.csv", newline="") as file:
        header, cells = csv.reader(file)
    until = header.index("fault")
    assert header[until - 1] == "renderer_version"
    with open(tmp_path / "clips.csv", "w", newline="") as file:
        csv.writer(file).writerows([header[:until], cells[:until]])
    assert read_manifest(tmp_path / "clips.csv") == [clip]
    assert clip.fault is None


def test_a_catch_clip_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    write_manifest(tmp_path / "clips.csv", [clip_named("a", tmp_path, fault="frozen_mouth")])
    assert read_manifest(tmp_path / "clips.csv")[0].fault == "frozen_mouth"
    with pytest.raises(ValueError, match="fault"):
        clip_named("a", tmp_path, fault="upside_down")


def test_clip_changed_or_lost_after_the_manifest_is_found_on_verifying(tmp_path: Path) -> None:
    write_manifest(tmp_path / "clips.csv", [clip_named("a", tmp_path), clip_named("b", tmp_path)])
    (tmp_path / "clips" / "b.mp4").write_bytes(b"another film")
    assert len(read_manifest(tmp_path / "clips.csv")) == 2
    with pytest.raises(InputError, match=r"row 3: the clip clips/b\.mp4 was changed after the manifest was written"):
        read_manifest(tmp_path / "clips.csv", verify=True)
    (tmp_path / "clips" / "b.mp4").unlink()
    with pytest.raises(InputError, match=r"row 3: the clip clips/b\.mp4 is missing; build or adopt the set again"):
        read_manifest(tmp_path / "clips.csv", verify=True)


def test_clip_named_twice_is_refused(tmp_path: Path) -> None:
    write_manifest(tmp_path / "clips.csv", [clip_named("a", tmp_path)] * 2)
    with pytest.raises(InputError, match=r"clips\.csv, row 3, column 'clip_id': 'a' is there twice"):
        read_manifest(tmp_path / "clips.csv")


@pytest.mark.parametrize("path", ["../a.mp4", "clips/../../a.mp4"])
def test_clip_outside_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    write_manifest(tmp_path / "clips.csv", [clip_named("a", tmp_path, path=path)])
    with pytest.raises(InputError, match=r"row 2, column 'path': .* lies outside the manifest's folder"):
        read_manifest(tmp_path / "clips.csv")


@pytest.mark.parametrize(
    "bad", [{"articulation": -1}, {"fps": 0}, {"frames": 0}, {"sha256": "abc"}, {"clip_id": "a b"}]
)
def test_manifest_does_not_hold_what_cannot_be(tmp_path: Path, bad: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        clip_named("a", tmp_path, **bad)


def test_plan_comes_back(tmp_path: Path) -> None:
    trials = [planned(1), planned(2, kind="catch_identical", clip_right="a"), planned(1, participant="P02")]
    write_plan(tmp_path / "plan.csv", trials)
    assert read_plan(tmp_path / "plan.csv") == trials


@pytest.mark.parametrize(
    ("trials", "said"),
    [
        ([], "has no trial: write it again with 'lipstudy plan'"),
        ([planned(1), planned(2), planned(2)], "row 4: trial 2 of P01 is there twice"),
        ([planned(1), planned(2, seed=2)], "mixes rows of different designs or seeds"),
        ([planned(1), planned(2, design_sha256="cd" * 32)], "mixes rows of different designs or seeds"),
    ],
)
def test_plan_that_cannot_be_run_is_refused(tmp_path: Path, trials: list[PlannedTrial], said: str) -> None:
    write_plan(tmp_path / "plan.csv", trials)
    with pytest.raises(InputError, match=rf"plan\.csv.*{said}"):
        read_plan(tmp_path / "plan.csv")


def test_trial_table_comes_back_with_columns_of_ones_own(tmp_path: Path) -> None:
    trials = [
        answered(1, age="18-25"),
        answered(2, response=None, rt_s=None, valid=False, reason="not answered"),
        answered(1, session="S2"),
    ]
    write_trials(tmp_path / "trials.csv", trials)
    first, second, third = read_trials(tmp_path / "trials.csv")
    assert first.model_extra == {"age": "18-25"}
    assert (second.response, second.valid, second.reason) == (None, False, "not answered")
    assert third.session == "S2"


def test_doubled_trial_is_refused_with_both_rows(tmp_path: Path) -> None:
    write_trials(tmp_path / "trials.csv", [answered(1), answered(2), answered(1)])
    with pytest.raises(InputError, match="row 4: trial 1 of session S1 is already in row 2; keep one of them"):
        read_trials(tmp_path / "trials.csv")
