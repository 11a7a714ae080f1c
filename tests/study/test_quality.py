"""The verdict on a session: what the rules of the study file make of what was measured."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from lipstudy.records import read_participants
from lipstudy.study import (
    CheckAnswered,
    ClipPlayed,
    ConsentGiven,
    QualityRule,
    QuestionAnswered,
    ResponseGiven,
    SessionEnded,
    SessionStarted,
    Study,
    TrialStarted,
    design_of,
    participant_row,
    plan_hash,
    plan_study,
    planned_for,
    simulate_study,
)

CONSENT = {"version": "3", "text": "I agree."}
COLOUR = {"name": "colour", "prompt": "Red", "choices": ["red", "blue"], "correct": "red"}


@pytest.fixture
def clips(make_clips):
    return make_clips(embodiments=["photo"], sentences=["s1", "s2"], faults=["frozen_mouth"])


@pytest.fixture
def judged(clips):
    """Return a maker of the row of P01, whose answers and proofs a test may change by trial number."""

    def making(quality=(), *, answers=None, colour="red", checks=(), until=None, **proof):
        study = Study(
            name="a",
            clips="c",
            participants=1,
            catch_faults={"frozen_mouth": 2},
            attention_questions=[COLOUR],
            quality=quality,
        )
        plan = plan_study(study, clips, seed=1)
        trials = planned_for(plan, "P01")
        happened: list[tuple[type, dict[str, object]]] = [
            (
                SessionStarted,
                {"participant": "P01", "slot": "P01", "session": "one", "plan_sha256": plan_hash(trials)}
                | {"simulated": False},
            ),
            (ConsentGiven, {"version": "3", "given_at": "2026-11-23T10:00:00+00:00"}),
            *((CheckAnswered, check) for check in checks),
        ]
        for place, trial in enumerate(trials[:until]):
            played = {"watched": 1.0, "frames": 50, "shown_frames": 50, "dropped_frames": 0, "av_offset_ms": 5.0}
            given = {"response": trial.correct or ("left", "right")[place % 2], "rt_s": 3, "rt_after_s": 1.0}
            given |= {"focus_lost_s": 0.0, "screen_hz": 60.0}
            happened.append((TrialStarted, {"trial": trial.trial}))
            for side in ("left", "right"):
                own = {key: value for key, value in proof.items() if key in ClipPlayed.model_fields}
                happened.append((ClipPlayed, {"trial": trial.trial, "side": side, "play": 1} | played | own))
            given |= {key: value for key, value in proof.items() if key in ResponseGiven.model_fields}
            if answers is not None:
                given["response"] = answers(trial)
            happened.append((ResponseGiven, {"trial": trial.trial} | given))
        happened.append((QuestionAnswered, {"question": "colour", "answer": colour}))
        happened.append((SessionEnded, {"complete": until is None}))
        events = [kind(sequence=n, time_s=n, **fields) for n, (kind, fields) in enumerate(happened, start=1)]
        return participant_row(events, plan, study)

    return making


def wrong(trial) -> str:
    return "left" if trial.correct == "right" else "right"


def test_a_good_session_is_used(judged) -> None:
    row = judged([{"measure": "catch_score", "at_least": 1, "otherwise": "reject"}])
    assert (row.verdict, row.reasons, row.complete) == ("use", None, True)
    assert (row.catch_score, row.attention_score, row.answered_share, row.proof_share) == (1, 1, 1, 1)
    assert (row.consent_version, row.consent_at) == ("3", "2026-11-23T10:00:00+00:00")
    assert row.screen_hz == 60


@pytest.mark.parametrize(
    ("measure", "bound", "what", "reason"),
    [
        ("catch_score", {"at_least": 0.75}, {"answers": wrong}, "catch_score 0 is under 0.75 (reject)"),
        ("attention_score", {"at_least": 1}, {"colour": "blue"}, "attention_score 0 is under 1 (reject)"),
        ("answered_share", {"at_least": 1}, {"until": 5}, "answered_share 0.5 is under 1 (reject)"),
        ("watch_share", {"at_least": 0.99}, {"watched": 0.8}, "watch_share 0.8 is under 0.99 (reject)"),
        ("median_rt_s", {"at_least": 0.5}, {"rt_after_s": 0.3}, "median_rt_s 0.3 is under 0.5 (reject)"),
        ("fast_share", {"at_most": 0.2}, {"rt_after_s": 0.1}, "fast_share 1 is over 0.2 (reject)"),
        ("same_answer_share", {"at_most": 0.9}, {"answers": lambda _: "left"}, "same_answer_share 1 is over 0.9"),
        ("longest_run", {"at_most": 8}, {"answers": lambda _: "left"}, "longest_run 10 is over 8 (reject)"),
        ("dropped_share", {"at_most": 0.02}, {"dropped_frames": 5}, "dropped_share 0.1 is over 0.02 (reject)"),
        ("out_of_sync_share", {"at_most": 0.1}, {"av_offset_ms": -41.0}, "out_of_sync_share 1 is over 0.1 (reject)"),
        ("focus_lost_share", {"at_most": 0}, {"focus_lost_s": 2.0}, "focus_lost_share 1 is over 0 (reject)"),
        ("proof_share", {"at_least": 1}, {"screen_hz": None}, "proof_share 0 is under 1 (reject)"),
    ],
)
def test_each_rule_finds_what_it_is_for(judged, measure: str, bound, what, reason: str) -> None:
    rule = {"measure": measure, "otherwise": "reject"} | bound
    assert judged([rule]).verdict == "use"
    row = judged([rule], **what)
    assert row.verdict == "reject"
    assert reason in row.reasons


def test_a_check_that_was_never_passed_is_counted(judged) -> None:
    missed = {"check": "sound", "expected": "3", "answer": "2"}
    passed = {"check": "vision", "expected": "CDHKN", "answer": "cd hkn"}
    row = judged(
        [{"measure": "checks_failed", "at_most": 0, "otherwise": "keep_apart"}], checks=[missed, missed, passed]
    )
    assert (row.checks_failed, row.verdict) == (1, "keep_apart")


def test_the_hardest_verdict_wins_and_every_reason_is_told(judged) -> None:
    rules = [
        {"measure": "catch_score", "at_least": 0.75, "otherwise": "keep_apart"},
        {"measure": "catch_score", "at_least": 0.5, "otherwise": "reject"},
    ]
    row = judged(rules, answers=wrong)
    assert row.verdict == "reject"
    assert row.reasons == "catch_score 0 is under 0.75 (keep_apart); catch_score 0 is under 0.5 (reject)"


def test_a_rule_on_what_was_not_measured_is_not_broken(judged) -> None:
    row = judged([{"measure": "dropped_share", "at_most": 0, "otherwise": "reject"}], dropped_frames=None)
    assert (row.dropped_share, row.verdict) == (None, "use")


def test_rules_are_part_of_the_design(clips) -> None:
    study = Study(name="a", clips="c", participants=1)
    rule = QualityRule(measure="catch_score", at_least=0.5, otherwise="reject")
    assert design_of(study, clips).sha256 != design_of(study.model_copy(update={"quality": (rule,)}), clips).sha256


@pytest.mark.parametrize("bounds", [{}, {"at_least": 1, "at_most": 2}])
def test_a_rule_has_one_bound(bounds) -> None:
    with pytest.raises(ValidationError, match="the rule on longest_run needs one of 'at_least' and 'at_most'"):
        QualityRule(measure="longest_run", otherwise="reject", **bounds)


def test_the_verdicts_stand_in_the_participants_table(study, clips, tmp_path: Path) -> None:
    plan = plan_study(study, clips, seed=1)
    simulate_study(study, plan, clips, tmp_path, seed=1)
    rows = read_participants(tmp_path / "participants.csv")
    assert [row.participant for row in rows] == ["P01", "P02", "P03", "P04"]
    assert all(row.simulated and row.complete and row.verdict == "use" for row in rows)
    assert {row.design_sha256 for row in rows} == {plan[0].design_sha256}
    assert (tmp_path / "participants.json").exists()


def test_a_rated_clip_with_a_fault_is_caught_below_the_median(clips, tmp_path: Path) -> None:
    study = Study(name="a", clips="c", participants=2, rating={"kind": "acr"}, catch_faults={"frozen_mouth": 2})
    simulate_study(study, plan_study(study, clips, seed=1), clips, tmp_path, seed=1)
    assert all(row.catch_score is not None for row in read_participants(tmp_path / "participants.csv"))
