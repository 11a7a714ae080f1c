"""Slots are given out once, also to two computers at once, and again when they were left."""

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lipstudy.errors import InputError, OutputError
from lipstudy.records import write_plan
from lipstudy.study import (
    EventLog,
    SessionEnded,
    SessionStarted,
    Study,
    claim_slot,
    issue_slot,
    plan_hash,
    plan_study,
    simulate_session,
    slot_states,
    withdraw_session,
)

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def clips(make_clips):
    return make_clips(embodiments=["photo"], sentences=["s1"], articulations=[0.5, 1.0])


@pytest.fixture
def small() -> Study:
    return Study(name="a", clips="c", participants=3, reissue_after_h=2)


@pytest.fixture
def plan(small, clips):
    return plan_study(small, clips, seed=1)


@pytest.fixture
def go_through(small, plan, clips, tmp_path: Path):
    """Return what brings a participant's session to its end, or begins it and stops."""

    def going(participant: str, *, complete: bool | None = True) -> None:
        log = EventLog.of(tmp_path, small, plan, participant)
        if complete:
            simulate_session(log, {clip.clip_id: clip for clip in clips}, seed=1)
            return
        with log:
            begun = {
                "participant": participant,
                "slot": log.session.slot,
                "session": f"{participant}-a",
                "simulated": False,
            }
            log.append(SessionStarted(sequence=1, time_s=0, plan_sha256=plan_hash(log.session.trials), **begun))
            if complete is False:
                log.append(SessionEnded(sequence=2, time_s=1, complete=False, reason="the participant stopped"))

    return going


def states(folder: Path, small: Study, plan, now: datetime) -> list[str]:
    return [state.state for state in slot_states(folder, small, plan, now=now)]


def test_slots_are_given_out_in_order_until_none_is_left(small, plan, tmp_path: Path) -> None:
    assert [issue_slot(tmp_path, small, plan, now=MONDAY) for _ in range(3)] == ["P01", "P02", "P03"]
    with pytest.raises(InputError, match=r"all 3 slots of the plan are taken \(3 in progress\): raise 'participants'"):
        issue_slot(tmp_path, small, plan, now=MONDAY)


def test_an_abandoned_slot_is_given_out_again_after_its_time_to_another_name(
    small, plan, go_through, tmp_path: Path
) -> None:
    issue_slot(tmp_path, small, plan, now=MONDAY)
    go_through("P01", complete=None)
    os.utime(tmp_path / "sessions" / "P01" / "events.jsonl", (MONDAY.timestamp(),) * 2)
    soon, later = MONDAY + timedelta(hours=1.9), MONDAY + timedelta(hours=2.1)
    assert states(tmp_path, small, plan, soon) == ["in_progress", "free", "free"]
    assert states(tmp_path, small, plan, later) == ["again", "free", "free"]
    assert issue_slot(tmp_path, small, plan, now=later) == "P01-2"
    go_through("P01-2")
    assert states(tmp_path, small, plan, later) == ["complete", "free", "free"]


def test_a_session_that_goes_on_keeps_its_slot(small, plan, go_through, tmp_path: Path) -> None:
    issue_slot(tmp_path, small, plan, now=MONDAY)
    go_through("P01", complete=None)
    active = MONDAY + timedelta(hours=3)
    os.utime(tmp_path / "sessions" / "P01" / "events.jsonl", (active.timestamp(),) * 2)
    assert states(tmp_path, small, plan, active + timedelta(hours=1))[0] == "in_progress"


def test_a_slot_whose_participant_stopped_is_free_at_once_and_a_complete_one_never(
    small, plan, go_through, tmp_path: Path
) -> None:
    for _ in range(2):
        issue_slot(tmp_path, small, plan, now=MONDAY)
    go_through("P01", complete=False)
    go_through("P02")
    year_later = MONDAY + timedelta(days=365)
    assert states(tmp_path, small, plan, year_later) == ["again", "complete", "free"]
    assert issue_slot(tmp_path, small, plan, now=MONDAY) == "P01-2"


@pytest.mark.parametrize("spelt", ["2", "02", "P02"])
def test_a_number_is_enough_to_take_a_slot_and_to_go_on_with_it(small, plan, tmp_path: Path, spelt: str) -> None:
    assert claim_slot(tmp_path, small, plan, spelt, now=MONDAY) == "P02"
    assert claim_slot(tmp_path, small, plan, spelt, now=MONDAY) == "P02"
    assert issue_slot(tmp_path, small, plan, now=MONDAY) == "P01"
    assert issue_slot(tmp_path, small, plan, now=MONDAY) == "P03"


def test_a_participant_number_that_has_ended_is_refused(small, plan, go_through, tmp_path: Path) -> None:
    claim_slot(tmp_path, small, plan, "1", now=MONDAY)
    go_through("P01")
    with pytest.raises(InputError, match="the session of participant P01 has ended: give this person another number"):
        claim_slot(tmp_path, small, plan, "1", now=MONDAY)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("9", "no participant '9'"), ("../P01", "no participant"), ("P01-2", "participant P01-2 was never given out")],
)
def test_a_slot_that_is_not_in_the_plan_is_refused(small, plan, tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        claim_slot(tmp_path, small, plan, name, now=MONDAY)


def test_a_study_that_was_changed_between_two_sessions_is_refused(small, plan, clips, tmp_path: Path) -> None:
    issue_slot(tmp_path, small, plan, now=MONDAY)
    changed = small.model_copy(update={"prompt": "Which is better?", "max_plays": 1})
    replanned = plan_study(changed, clips, seed=1)
    with pytest.raises(InputError, match=r"'a' was changed after it was locked in .* \('prompt', 'max_plays'\)"):
        issue_slot(tmp_path, changed, replanned, now=MONDAY)
    with pytest.raises(InputError, match="the plan of the study 'a' is another one than was locked"):
        issue_slot(tmp_path, small, plan_study(small, clips, seed=2), now=MONDAY)
    other = [clips[0].model_copy(update={"sha256": "0" * 64}), *clips[1:]]
    with pytest.raises(InputError, match="the clips of the study 'a' were changed after it was locked"):
        issue_slot(tmp_path, small, plan_study(small, other, seed=1), now=MONDAY)


def test_more_participants_are_the_same_study(small, plan, clips, tmp_path: Path) -> None:
    for _ in range(3):
        issue_slot(tmp_path, small, plan, now=MONDAY)
    more = small.model_copy(update={"participants": 4})
    assert issue_slot(tmp_path, more, plan_study(more, clips, seed=1), now=MONDAY) == "P04"


def test_the_slot_of_a_session_that_was_withdrawn_is_given_out_again(small, plan, go_through, tmp_path: Path) -> None:
    issue_slot(tmp_path, small, plan, now=MONDAY)
    go_through("P01")
    withdraw_session(tmp_path, "SIMULATED-P01")
    assert states(tmp_path, small, plan, MONDAY)[0] == "again"
    with pytest.raises(InputError, match="the session of participant P01 was withdrawn: give this person another"):
        claim_slot(tmp_path, small, plan, "1", now=MONDAY)
    assert issue_slot(tmp_path, small, plan, now=MONDAY) == "P01-2"


@pytest.mark.skipif(os.name != "posix", reason="Windows has no SIGKILL")
def test_a_computer_that_died_while_it_gave_out_a_slot_blocks_nobody(small, plan, tmp_path: Path) -> None:
    issue_slot(tmp_path, small, plan, now=MONDAY)
    holds = f"from filelock import FileLock; FileLock('{tmp_path}/slots.lock').acquire(); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"1\n"
        other.kill()
    assert issue_slot(tmp_path, small, plan, now=MONDAY) == "P02"


def test_a_lost_registry_gives_no_slot_out_twice(small, plan, go_through, tmp_path: Path) -> None:
    for _ in range(2):
        issue_slot(tmp_path, small, plan, now=MONDAY)
    go_through("P01")
    go_through("P02", complete=False)
    (tmp_path / "slots.json").unlink()
    assert states(tmp_path, small, plan, MONDAY) == ["complete", "again", "free"]
    assert [issue_slot(tmp_path, small, plan, now=MONDAY) for _ in range(2)] == ["P02-2", "P03"]


def test_a_damaged_registry_is_told(small, plan, tmp_path: Path) -> None:
    issue_slot(tmp_path, small, plan, now=MONDAY)
    (tmp_path / "slots.json").write_text("[{]")
    with pytest.raises(InputError, match=r"slots\.json is damaged: put back a copy"):
        issue_slot(tmp_path, small, plan, now=MONDAY)


def test_a_folder_that_cannot_be_written_is_told(small, plan, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(OutputError, match=r"cannot give out slots in .*data: "):
        issue_slot(tmp_path / "data", small, plan, now=MONDAY)


ISSUER = """
import sys
from datetime import datetime, UTC
from lipstudy.records import read_plan
from lipstudy.study import Study, issue_slot
study, plan = Study(name="a", clips="c", participants=24), read_plan("plan.csv")
for _ in range(12):
    print(issue_slot("data", study, plan, now=datetime.now(UTC)), flush=True)
"""


def test_two_computers_never_give_out_the_same_slot(clips, tmp_path: Path) -> None:
    study = Study(name="a", clips="c", participants=24)
    write_plan(tmp_path / "plan.csv", plan_study(study, clips, seed=1))
    issuers = [
        subprocess.Popen([sys.executable, "-c", ISSUER], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    given = [slot for issuer in issuers for slot in issuer.communicate(timeout=60)[0].split()]
    assert len(given) == 24
    assert set(Counter(given).values()) == {1}
