import json
import os
from pathlib import Path

import pytest

from lipstudy.errors import InputError, OutputError
from lipstudy.study import (
    ConsentGiven,
    EventLog,
    IllegalEventError,
    InstructionsShown,
    SessionResumed,
    SimulatedViewers,
    plan_study,
    read_events,
    simulate_session,
)


@pytest.fixture
def plan(study, make_clips):
    return plan_study(study, make_clips(embodiments=["photo"], sentences=["s1", "s2"]), seed=1)


@pytest.fixture
def open_log(study, plan, tmp_path: Path):
    return lambda: EventLog.of(tmp_path, study, plan, "P01")


@pytest.fixture
def finish(open_log, make_clips):
    clips = {clip.clip_id: clip for clip in make_clips()}

    def finishing() -> None:
        simulate_session(open_log(), clips, seed=1, viewers=SimulatedViewers())

    return finishing


@pytest.fixture
def path(finish, tmp_path: Path) -> Path:
    """Return the log of a whole session."""
    finish()
    return tmp_path / "sessions" / "P01" / "events.jsonl"


def choices(path: Path) -> list[tuple[int, str, float]]:
    return [(event.trial, event.response, event.rt_s) for event in read_events(path) if event.type == "response_given"]


def test_every_event_is_one_line_of_json(path: Path, plan) -> None:
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["type"] == "session_started"
    assert events[-1]["type"] == "session_ended"
    assert len(choices(path)) == sum(trial.participant == "P01" for trial in plan)


def test_an_event_is_in_the_file_when_append_returns(path: Path, open_log) -> None:
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1]))
    with open_log() as log:
        log.append(ConsentGiven(sequence=2, time_s=1, version="2"))
        assert read_events(path)[-1] == ConsentGiven(sequence=2, time_s=1, version="2")


def test_every_event_is_synced_to_disk_before_append_returns(path: Path, open_log, monkeypatch) -> None:
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    events = [ConsentGiven(sequence=2, time_s=1, version="2"), InstructionsShown(sequence=3, time_s=2)]
    synced_bytes = []

    def fsync(handle: int, sync=os.fsync) -> None:
        sync(handle)
        synced_bytes.append(os.fstat(handle).st_size)

    with open_log() as log:
        monkeypatch.setattr(os, "fsync", fsync)
        for count, event in enumerate(events, start=1):
            log.append(event)
            assert len(synced_bytes) == count
            assert synced_bytes[-1] == path.stat().st_size
            assert read_events(path)[-1] == event


def test_a_log_cut_off_at_any_byte_goes_on_to_the_same_answers(path: Path, finish) -> None:
    whole = path.read_bytes()
    answers = choices(path)
    for size in [*range(0, 1200, 83), *range(1200, len(whole), 541)]:
        path.write_bytes(whole[:size])
        kept = choices(path)
        assert kept == answers[: len(kept)]
        finish()
        assert choices(path) == answers
        assert b"\0" not in path.read_bytes()


def test_a_torn_last_line_is_cut_off_before_the_next_event(path: Path, open_log) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:5]) + lines[5][:20])
    with open_log() as log:
        assert log.session.num_events == 5
        log.append(SessionResumed(sequence=6, time_s=log.session.time_s))
    assert path.read_bytes().startswith(b"".join(lines[:5]) + b'{"sequence":6,')


def test_an_event_without_its_newline_is_kept(path: Path, open_log) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:6]).rstrip(b"\n"))
    with open_log() as log:
        assert log.session.num_events == 6
    assert path.read_bytes() == b"".join(lines[:6])


@pytest.mark.parametrize("tail", [b"\0" * 40, b"\0" * 40 + b'":1}\n'])
def test_a_last_line_of_zeros_counts_as_torn(path: Path, tail: bytes) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:6]) + tail)
    assert len(read_events(path)) == 6


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda lines: [*lines[:3], b'{"sequence":4,"ti\n', *lines[4:]], r"events\.jsonl, line 4 is damaged"),
        (lambda lines: [*lines[:3], b"\n", *lines[3:]], r"line 4 is damaged"),
        (lambda lines: [*lines[:3], b"\0" * 9 + b"\n", *lines[3:]], r"line 4 is damaged"),
        (lambda lines: [*lines[:6], *lines[7:]], r"line 7 holds event 8: lines are missing or doubled"),
        (lambda lines: [*lines[:6], *lines[5:]], r"line 7 holds event 6"),
        (lambda lines: [*lines[:-1], b"garbage\n"], r"is damaged: it holds no event"),
    ],
)
def test_damage_before_the_end_is_refused_with_its_line(path: Path, finish, damage, sentence: str) -> None:
    damaged = b"".join(damage(path.read_bytes().splitlines(keepends=True)))
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=sentence):
        finish()
    assert path.read_bytes() == damaged


def test_events_that_do_not_fit_the_study_are_refused(path: Path, finish) -> None:
    path.write_bytes(path.read_bytes().replace(b'"version":"2"', b'"version":"1"'))
    with pytest.raises(InputError, match=r"line 2 does not fit the study and its plan: version 1 was agreed to"):
        finish()


def test_an_illegal_event_is_not_written(path: Path, open_log) -> None:
    before = path.read_bytes()
    with open_log() as log, pytest.raises(IllegalEventError, match="after the end"):
        log.append(SessionResumed(sequence=log.session.next_sequence, time_s=1e6))
    assert path.read_bytes() == before


def test_a_session_is_open_once(open_log) -> None:
    with (
        open_log(),
        pytest.raises(InputError, match=r"the session of P01 in .*P01 is open in another process"),
        open_log(),
    ):
        pass
    with open_log() as log:
        assert log.events == []


def test_a_full_disk_leaves_whole_events_and_goes_on_afterwards(path: Path, finish) -> None:
    resource = pytest.importorskip("resource")
    answers = choices(path)
    path.unlink()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))  # in the middle of a line
    try:
        with pytest.raises(
            OutputError, match=r"cannot write to .*events\.jsonl: file too large; everything up to event"
        ):
            finish()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes().endswith(b"}\n")
    assert len(path.read_bytes()) > 1000
    finish()
    assert choices(path) == answers


def test_a_folder_that_cannot_be_made_is_told(study, plan, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with (
        pytest.raises(OutputError, match=r"cannot write to .*P01: not a directory"),
        EventLog.of(tmp_path / "data", study, plan, "P01"),
    ):
        pass


@pytest.mark.skipif(os.name != "posix", reason="Windows keeps open files from being removed")
def test_the_lock_of_a_process_that_died_does_not_hold(open_log) -> None:
    if (child := os.fork()) == 0:
        open_log().__enter__()
        os._exit(0)
    os.waitpid(child, 0)
    with open_log() as log:
        assert log.session.num_events == 0
