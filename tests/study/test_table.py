import shutil
from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.records import Trial, read_rows, read_trials
from lipstudy.study import (
    Answer,
    ClipPlayed,
    EventLog,
    ResponseGiven,
    SessionEnded,
    SessionPaused,
    SessionResumed,
    SessionStarted,
    TrialFailed,
    TrialStarted,
    collect_trials,
    plan_hash,
    plan_study,
    planned_for,
    simulate_study,
    trial_table,
)


@pytest.fixture
def clips(make_clips):
    return make_clips(embodiments=["photo"], sentences=["s1", "s2"])


@pytest.fixture
def plan(study, clips):
    return plan_study(study, clips, seed=1)


@pytest.fixture
def table_of(plan):
    """Return a maker of the table of P01's session from (kind, fields) in order."""

    def making(*happened: tuple[type, dict[str, object]]) -> list[Trial]:
        begun = {
            "participant": "P01",
            "slot": "P01",
            "session": "one",
            "plan_sha256": plan_hash(planned_for(plan, "P01")),
        }
        all_of_it = [(SessionStarted, begun | {"simulated": False}), *happened]
        events = [kind(sequence=n, time_s=n, **fields) for n, (kind, fields) in enumerate(all_of_it, start=1)]
        return trial_table(events, plan)

    return making


def played(trial: int, side: str, play: int = 1, **fields: object) -> tuple[type, dict[str, object]]:
    return ClipPlayed, {"trial": trial, "side": side, "play": play, "watched": 1.0} | fields


START = (TrialStarted, {"trial": 1})
ANSWER = (ResponseGiven, {"trial": 1, "response": "right", "rt_s": 4.5})


def test_a_row_holds_what_was_planned_and_what_happened(table_of, plan) -> None:
    rows = table_of(
        START,
        played(1, "left", watched=0.5, dropped_frames=2, av_offset_ms=12.0),
        played(1, "right", dropped_frames=1, av_offset_ms=-30.0),
        played(1, "left", play=2, watched=0.9),
        ANSWER,
    )
    (row,) = rows
    planned = planned_for(plan, "P01")[0].model_dump(exclude={"seed"})
    assert row.model_dump(include=set(planned)) == planned
    assert (row.session, row.response, row.rt_s, row.offered) == ("one", "right", 4.5, 1)
    assert (row.plays_left, row.plays_right, row.watched_left, row.watched_right) == (2, 1, 0.9, 1.0)
    assert (row.dropped_frames, row.av_offset_ms) == (3, -30.0)
    assert (row.valid, row.reason, row.simulated) == (True, None, False)


@pytest.mark.parametrize("interruption", [[(SessionPaused, {}), (SessionResumed, {})], [(SessionResumed, {})]])
def test_an_interrupted_trial_is_one_row_that_counts_its_last_offer(table_of, interruption) -> None:
    (row,) = table_of(START, played(1, "left"), *interruption, START, played(1, "left"), played(1, "right"), ANSWER)
    assert (row.offered, row.plays_left, row.plays_right, row.response) == (2, 1, 1, "right")


def test_a_skipped_trial_is_a_row_with_its_reason(table_of) -> None:
    (row,) = table_of(START, (TrialFailed, {"trial": 1, "reason": "the clip did not play"}))
    assert (row.response, row.rt_s, row.valid, row.reason) == (None, None, False, "the clip did not play")
    assert (row.plays_left, row.watched_left, row.dropped_frames, row.av_offset_ms) == (0, None, None, None)


def test_the_trial_in_which_a_participant_stopped_is_a_row_that_does_not_count(table_of) -> None:
    (row,) = table_of(START, played(1, "left"), (SessionEnded, {"complete": False}))
    assert (row.response, row.valid, row.reason) == (None, False, "the session was ended in this trial")


def test_a_trial_that_was_left_in_a_pause_has_no_row(table_of) -> None:
    assert table_of(START, played(1, "left"), (SessionPaused, {}), (SessionEnded, {"complete": False})) == []


def test_an_open_trial_has_no_row(table_of) -> None:
    assert table_of(START, played(1, "left"), played(1, "right")) == []


def test_a_log_without_its_start_or_of_another_plan_is_refused(plan) -> None:
    with pytest.raises(InputError, match="begins with trial_started and not with session_started"):
        trial_table([TrialStarted(sequence=1, time_s=0, trial=1)], plan)
    begun = SessionStarted(
        sequence=1, time_s=0, participant="P01", slot="P01", session="one", plan_sha256="0" * 64, simulated=False
    )
    with pytest.raises(InputError, match="the session 'one' followed another plan"):
        trial_table([begun], plan)


def test_no_event_is_no_row(plan) -> None:
    assert trial_table([], plan) == []


def test_all_sessions_are_collected_in_the_order_of_the_plan(study, plan, clips, tmp_path: Path) -> None:
    trials = simulate_study(study, plan, clips, tmp_path, seed=1)
    assert [(trial.participant, trial.trial) for trial in trials] == [(row.participant, row.trial) for row in plan]
    assert read_trials(tmp_path / "trials.csv") == trials
    answers = read_rows(tmp_path / "answers.csv", Answer, what="answers")
    assert len(answers) == 4 * len(study.questions)
    assert all(answer.simulated for answer in answers)
    assert (tmp_path / "answers.json").exists()


def test_a_session_that_only_began_is_no_row(study, plan, tmp_path: Path) -> None:
    with EventLog.of(tmp_path, study, plan, "P01"):
        pass
    assert collect_trials(tmp_path, plan) == []


def test_a_session_that_the_plan_does_not_know_is_refused(study, plan, clips, tmp_path: Path) -> None:
    simulate_study(study, plan, clips, tmp_path, seed=1)
    shutil.copytree(tmp_path / "sessions" / "P01", tmp_path / "sessions" / "P77")
    with pytest.raises(InputError, match=r"P77.events\.jsonl belongs to no slot of the plan"):
        collect_trials(tmp_path, plan)
