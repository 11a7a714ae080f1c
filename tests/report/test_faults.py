"""Planted faults: the report finds each, or refuses and says why."""

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.inference import Assumptions, choices_from_trials, simulate_choices
from lipstudy.randomness import named_stream
from lipstudy.records import Clip, StudyLock, Trial
from lipstudy.report import analyse_trials, write_report
from lipstudy.report._around_the_curve import sensitivity, strengths
from lipstudy.report._words import what_the_curve_hangs_on

DESIGN = "ab" * 32


@pytest.fixture(scope="module")
def study() -> list[Trial]:
    """Sixteen people, eight sentences, a clear effect."""
    planted = Assumptions(participants=16, sentences=8, effect=1.6, bend=-0.8, sd_participant=0.3, sd_slope=0.3)
    table = simulate_choices(planted, named_stream(7, "faults"))
    table["trial"] = table.groupby("participant").cumcount() + 1
    times = named_stream(5, "times").uniform(1, 4, len(table))
    return [_trial(row, float(time)) for row, time in zip(table.to_dict("records"), times, strict=True)]


def _trial(row: dict[str, object], rt_s: float) -> Trial:
    left = row["side"] > 0
    clips = f"{row['item']}-{row['articulation']}", f"{row['item']}-1.0"
    scales = row["articulation"], 1.0
    return Trial(
        participant=row["participant"], session=row["participant"], trial=row["trial"], block=1, kind="2afc",
        embodiment="photo", speaker="ada", sentence=row["item"],
        clip_left=clips[0 if left else 1], clip_right=clips[1 if left else 0],
        articulation_left=scales[0 if left else 1], articulation_right=scales[1 if left else 0],
        response="left" if bool(row["chosen"]) == left else "right", rt_s=rt_s,
        plays_left=1, plays_right=1, watched_left=1.0, watched_right=1.0, dropped_frames=0, av_offset_ms=None,
        valid=True, reason=None, design_sha256=DESIGN,
    )  # fmt: skip


def changed(study, who, **update):
    """Change the trials for which `who` is true; a value may be a function of the trial."""
    return [
        trial.model_copy(update={key: value(trial) if callable(value) else value for key, value in update.items()})
        if who(trial)
        else trial
        for trial in study
    ]


def other(trial: Trial) -> str:
    return "right" if trial.response == "left" else "left"


def found(study) -> str:
    """Return what the page says beside the mixed models, which take longer."""
    table = choices_from_trials(study).table
    around = {
        "level": 0.95,
        "exclusions": None,
        "sensitivity": sensitivity(table, seed=1, scale="log2", level=0.95, draws=100, progress=None),
        "strengths": strengths(study, seed=1, draws=100, level=0.95, progress=None),
    }
    return " ".join(what_the_curve_hangs_on(around))


def clip(trial: Trial, side: str, **update) -> Clip:
    name, scale = getattr(trial, f"clip_{side}"), getattr(trial, f"articulation_{side}")
    return Clip(
        clip_id=name, path=f"{name}.mp4", sha256="0" * 64, speaker="ada", sentence=trial.sentence, text="words",
        articulation=scale, operator="rest", embodiment="photo", source="film", model="film", fps=25, frames=5,
        duration_s=0.2, av_offset_ms=0, renderer_version="1",
    ).model_copy(update=update)  # fmt: skip


def test_a_sound_study_raises_no_alarm(study) -> None:
    told = found(study)
    assert "None of the 16 people stands out" in told
    assert "The difference keeps its sign whichever one person or sentence is left out" in told
    assert "The sentence" not in told


def test_a_side_biased_person_is_named(study) -> None:
    told = found(changed(study, lambda trial: trial.participant == "P003", response="left"))
    assert "P003 stands out" in told
    assert "chose the left in 100 % of answers" in told


def test_a_random_responder_is_named(study) -> None:
    rng = np.random.default_rng(3)
    told = found(
        changed(
            study, lambda trial: trial.participant == "P007", response=lambda _: ("left", "right")[int(rng.integers(2))]
        )
    )
    assert "P007 stands out: answers as if by chance" in told


def test_a_person_with_swapped_keys_is_named(study) -> None:
    told = found(changed(study, lambda trial: trial.participant == "P011", response=other))
    assert "P011 stands out: answers against the others" in told


def test_a_sentence_that_reverses_the_effect_is_named(study) -> None:
    told = found(changed(study, lambda trial: trial.sentence == "S004", response=other))
    assert "The sentence S004 reverses the effect of articulation" in told


def test_labels_that_contradict_the_manifest_are_refused(study) -> None:
    clips = [clip(study[0], "left", articulation=0.25)]
    with pytest.raises(InputError, match=r"but the manifest says 0\.25: labels were swapped"):
        analyse_trials(study, clips=clips)


def test_labels_that_contradict_what_clips_show_are_told(study) -> None:
    turned = changed(
        study,
        lambda trial: trial.sentence == "S002",
        effective_articulation_left=lambda trial: 1 / trial.articulation_left,
        effective_articulation_right=lambda trial: 1 / trial.articulation_right,
    )
    assert any("are labels swapped?" in sentence for sentence in analyse_trials(turned, draws=100)["checks"])


def test_a_duplicated_file_is_refused(study) -> None:
    copied = [
        trial.model_copy(update={"participant": "P099", "session": "P099"})
        for trial in study
        if trial.participant == "P002"
    ]
    with pytest.raises(InputError, match="P099 and P002 gave the same 32 answers in the same times"):
        analyse_trials([*study, *copied])


def test_a_leaked_catch_trial_is_found_and_left_out(study) -> None:
    leaked = study[5]
    same = changed(study, lambda trial: trial is leaked, clip_right=leaked.clip_left, articulation_right=lambda t: 1.0)
    same = changed(same, lambda trial: trial.clip_left == trial.clip_right, articulation_left=1.0)
    results = analyse_trials(same, draws=100)
    assert any("showed one clip on both sides" in sentence for sentence in results["checks"])
    faulty = [clip(leaked, "left", fault="frozen_mouth")]
    shown = sum(leaked.clip_left in (trial.clip_left, trial.clip_right) for trial in study)
    results = analyse_trials(study, draws=100, clips=faulty)
    assert f"{shown} trials of kind 2afc showed a clip that was made for catch trials: left out" in results["checks"]
    assert results["data"]["left_out"] == {"not valid: catch clip (frozen_mouth)": shown}


def test_a_unanimous_pair_is_named(study) -> None:
    told = found(
        changed(
            study,
            lambda trial: 0.5 in trial.articulations,
            response=lambda trial: "left" if trial.articulation_left == 1 else "right",
        )
    )
    assert "Unanimous: articulation 1 over 0.5 (128)" in told


def test_one_speaker_and_three_people_are_told(study) -> None:
    few = [trial for trial in study if trial.participant <= "P003"]
    results = analyse_trials(few, draws=100)
    assert "there are 3 people only: the spread between people is hardly known" in results["checks"]
    assert "there is one speaker only: nothing here is about other speakers" in results["checks"]


def test_ratings_are_not_taken_for_choices(study) -> None:
    rated = changed(study, lambda trial: True, kind="rating", response=None, rating=50.0)
    with pytest.raises(InputError, match="holds 512 ratings of single clips and no choice between two"):
        analyse_trials(rated)


def test_results_stand_with_and_without_those_who_are_excluded(study) -> None:
    verdicts = {"P001": "keep_apart", "P002": "reject"}
    exclusions = analyse_trials(study, draws=100, verdicts=dict.fromkeys(map(_name, range(1, 17)), "use") | verdicts)[
        "exclusions"
    ]
    assert exclusions["verdicts"] == {"use": 14, "keep_apart": 1, "reject": 1}
    assert [(row["people"], row["participants"]) for row in exclusions["rows"]] == [
        ("used", 14), ("with those kept apart", 15), ("with everyone", 16),
    ]  # fmt: skip
    left_out = {"of people kept apart": 32, "of people rejected": 32}
    assert analyse_trials(study, draws=100, verdicts=verdicts)["data"]["left_out"] == left_out
    with pytest.raises(InputError, match="leave no participant to use"):
        analyse_trials(study, verdicts=dict.fromkeys(map(_name, range(1, 17)), "reject"))


def _name(number: int) -> str:
    return f"P{number:03d}"


def _lock(**update) -> StudyLock:
    given = {
        "name": "study", "design_sha256": DESIGN, "plan_sha256": "cd" * 32, "participants": 16,
        "definition": {"family": ["asymmetry", "speaker"]}, "lipstudy": "0",
    }  # fmt: skip
    return StudyLock(**(given | update))


def test_the_declared_family_is_corrected_and_what_could_not_be_tested_is_no_gain(study) -> None:
    results = analyse_trials(study, draws=100, lock=_lock())
    asymmetry, speaker = results["family"]["rows"]
    assert asymmetry["p_holm"] == pytest.approx(2 * asymmetry["p"])
    assert (speaker["p"], results["family"]["untested"]) == (None, ["speaker"])
    assert results["preregistration"]["trials_checked"] == len(study)


def test_a_study_that_was_changed_after_the_lock_is_refused(study) -> None:
    with pytest.raises(InputError, match=r"the trials follow the design abab.*but the study was locked as ffff"):
        analyse_trials(study, lock=_lock(design_sha256="ff" * 32))


def test_systems_of_one_articulation_are_ranked_instead(study, tmp_path) -> None:
    from lipstudy.records import write_trials

    systems = changed(
        study,
        lambda trial: True,
        system_left=lambda trial: "new" if trial.articulation_left > 1 else "old",
        system_right=lambda trial: "new" if trial.articulation_right > 1 else "old",
    )
    systems = [trial for trial in systems if trial.system_left != trial.system_right]
    systems = changed(systems, lambda trial: True, articulation_left=1.0, articulation_right=1.0)
    write_trials(tmp_path / "trials.csv", systems)
    report = write_report(tmp_path, tmp_path / "page", draws=100)
    assert report.results["ranking"][0]["condition"] == "new"
    assert report.page.name == "report.html"
    assert (tmp_path / "page" / "tables" / "ranking.tex").exists()
