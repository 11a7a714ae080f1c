"""The event log: events.jsonl, append-only, each event on disk before the session goes on."""

import os
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout
from pydantic import ValidationError

from lipstudy.errors import InputError, OutputError, system_reason
from lipstudy.records import PlannedTrial, sync_folder
from lipstudy.study._events import Event, read_event
from lipstudy.study._session import IllegalEventError, Session, planned_for, slot_of
from lipstudy.study._study import Study

__all__ = ["EventLog", "event_log_path", "read_events"]


def event_log_path(folder: str | Path, plan: Sequence[PlannedTrial], participant: str) -> Path:
    """Return where the events of a participant stand: ``folder/sessions/<participant>/events.jsonl``.

    Raises
    ------
    InputError
        If the plan has no such slot; so no other text can become part of a path.
    """
    planned_for(plan, slot_of(plan, participant))
    return Path(folder) / "sessions" / participant / "events.jsonl"


class EventLog:
    """The events of one session, open for appending, and the state that they lead to.

    Use it with ``with``: it holds a lock, so that no second process writes to the same session.
    """

    def __init__(self, path: str | Path, session: Session) -> None:
        """Prepare to open the log at `path`; `session` is the state before its first event."""
        self._path = Path(path)
        self._before = session
        self._lock = FileLock(self._path.with_suffix(".lock"))
        self.events: list[Event] = []
        """The events on disk."""
        self.session = session
        """The state after them."""

    @classmethod
    def of(cls, folder: str | Path, study: Study, plan: Sequence[PlannedTrial], participant: str) -> Self:
        """Return the log of a participant in a study folder. Raises InputError if the plan has no such slot."""
        return cls(event_log_path(folder, plan, participant), Session.begin(study, plan, participant))

    def __enter__(self) -> Self:
        """Lock the session, read what is there, and cut off a last line that a power cut left torn.

        Raises
        ------
        InputError
            If another process has the session open, or the log is damaged.
        OutputError
            If the folder cannot be written.
        """
        path = self._path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise InputError(
                f"the session of {self._before.participant} in {path.parent} is open in another process: close it first"
            ) from error
        except OSError as error:
            raise OutputError(f"cannot write to {path.parent}: {system_reason(error)}") from error
        try:
            self._open()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file and free the session."""
        self._file.close()
        self._lock.release()

    def append(self, *events: Event) -> None:
        """Write `events` to disk, all or none, then let them change the state.

        When this returns, they survive a power cut.

        Raises
        ------
        IllegalEventError
            If one cannot happen now; nothing is written.
        OutputError
            If they cannot be written: the disk is full or gone. What was written before stays.
        """
        session = self.session
        for event in events:
            session = session.apply(event)
        lines = b"".join(event.model_dump_json().encode() + b"\n" for event in events)
        try:
            written = 0
            while written < len(lines):
                written += self._file.write(lines[written:]) or 0
            os.fsync(self._file.fileno())
        except BaseException as error:
            self._file.truncate(self._size)
            if isinstance(error, OSError):
                raise OutputError(
                    f"cannot write to {self._path}: {system_reason(error)}; everything up to event"
                    f" {self.session.num_events} is kept, make room and run the same command again to go on"
                ) from error
            raise
        self._size += len(lines)
        self.events += events
        self.session = session

    def _open(self) -> None:
        path = self._path
        is_new = not path.exists()
        data = b"" if is_new else path.read_bytes()
        self.events, whole = _parsed(path, data)
        self.session = _replayed(path, self._before, self.events)
        try:
            self._file = FileIO(path, "ab")
            if whole < len(data):
                self._file.truncate(whole)
            elif data and not data.endswith(b"\n"):
                self._file.write(b"\n")
            os.fsync(self._file.fileno())
            if is_new:
                for folder in list(path.parents)[:3]:  # sessions/P01 and sessions may be new as well
                    sync_folder(folder)
        except OSError as error:
            raise OutputError(f"cannot write to {path}: {system_reason(error)}") from error
        self._size = path.stat().st_size


def read_events(path: str | Path) -> list[Event]:
    """Read an event log without changing it; a last line that a power cut left torn is passed over.

    Raises
    ------
    InputError
        If a line before the last is damaged or missing, naming the line.
    """
    path = Path(path)
    return _parsed(path, path.read_bytes())[0]


def _parsed(path: Path, data: bytes) -> tuple[list[Event], int]:
    """Return the events, and the number of bytes that hold them."""
    lines = data.split(b"\n")
    tail = lines.pop()
    events: list[Event] = []
    size = 0
    for number, line in enumerate(lines, start=1):
        try:
            event = read_event(line)
        except ValidationError as error:
            # Blocks that never reached the disk read as zeros, even where the newline after them did.
            if number == len(lines) and b"\0" in line and not tail:
                return events, size
            raise InputError(
                f"{path}, line {number} is damaged: it holds no event; put back a copy of the file"
            ) from error
        if event.sequence != number:
            raise InputError(
                f"{path}, line {number} holds event {event.sequence}: lines are missing or doubled; put back a copy"
            )
        events.append(event)
        size += len(line) + 1
    try:
        # Only the newline is missing: the event is whole, and an answer must not be lost.
        events.append(read_event(tail))
        size += len(tail)
    except ValidationError:
        pass
    return events, size


def _replayed(path: Path, before: Session, events: Sequence[Event]) -> Session:
    state = before
    for line, event in enumerate(events, start=1):
        try:
            state = state.apply(event)
        except IllegalEventError as error:
            raise InputError(f"{path}, line {line} does not fit the study and its plan: {error}") from error
    return state
