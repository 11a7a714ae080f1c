"""A person takes back consent: the session is deleted, and a note without a name stays."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lipstudy.errors import InputError, OutputError, system_reason
from lipstudy.records import sync_folder, write_text
from lipstudy.study._engine import code_hash
from lipstudy.study._events import SessionStarted, WithdrawalCodeGiven
from lipstudy.study._log import read_events
from lipstudy.study._slots import withdrawn_slot

__all__ = ["Withdrawal", "withdraw_session"]

_TABLES = ("trials.csv", "participants.csv", "answers.csv")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What was deleted."""

    rows: int
    """Rows of the tables."""
    note: Path
    """The note that stays: a hash of the code and no name."""
    before: bool
    """Whether the code had been used before."""


def withdraw_session(folder: str | Path, code: str) -> Withdrawal:
    """Delete the session of the person who has `code`: its log, and its rows of the tables.

    Interrupted at any moment, it is finished by the same call. Copies elsewhere (exports, reports) are not touched.

    Parameters
    ----------
    folder : str or Path
        The study folder.
    code : str
        The withdrawal code as it was shown at the end of the session; hyphens and small letters do not matter.

    Raises
    ------
    InputError
        If no session has that code, or the session is open in another process.
    OutputError
        If the folder cannot be written.
    """
    folder, digest = Path(folder), code_hash(code)
    note = folder / "withdrawn" / f"{digest[:16]}.json"
    known = json.loads(note.read_text()) if note.exists() else None
    session = _session_folder(folder, digest)
    if known is None:
        if session is None:
            raise InputError(f"no session in {folder} has this withdrawal code: check its letters; nothing was deleted")
        begun = next(event for event in read_events(session / "events.jsonl") if isinstance(event, SessionStarted))
        known = {"session": begun.session, "participant": begun.participant}
        _write(note, known)  # first of all: it says what is to be finished if this is interrupted
    if "session" not in known:
        return Withdrawal(0, note, before=True)
    with _told(folder):
        if session is not None:
            _delete(session)
        shutil.rmtree(folder / "sessions" / known["participant"], ignore_errors=True)
    rows = sum(_without(folder / name, known["session"]) for name in _TABLES)
    if (folder / "slots.json").exists():
        withdrawn_slot(folder, known["participant"])
    _write(note, {"withdrawn": True, "code_sha256": digest})
    return Withdrawal(rows, note, before=False)


def _session_folder(folder: Path, digest: str) -> Path | None:
    for path in sorted(folder.glob("sessions/*/events.jsonl")):
        # A look at the bytes first: a damaged log of another person is no reason to keep this one.
        if digest.encode() in path.read_bytes() and any(
            isinstance(event, WithdrawalCodeGiven) and event.code_sha256 == digest for event in read_events(path)
        ):
            return path.parent
    return None


def _delete(session: Path) -> None:
    lock = FileLock(session / "events.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(f"the session in {session} is open in another process: close it first") from error
    try:
        # One file, and for every reader the session is gone.
        (session / "events.jsonl").unlink()
        sync_folder(session)
    finally:
        lock.release()


def _without(path: Path, session: str) -> int:
    """Delete the rows of `session` from a table, and return how many there were."""
    if not path.exists():
        return 0
    header, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
    column = header.index("session")
    kept = [row for row in rows if row and row[column] != session]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows([header, *kept])
    if len(kept) < len(rows):
        write_text(path, buffer.getvalue())
    return len(rows) - len(kept)


def _write(note: Path, content: dict[str, Any]) -> None:
    write_text(note, json.dumps(content, indent=1) + "\n")


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot delete from {folder}: {system_reason(error)}; run the same command again") from error
