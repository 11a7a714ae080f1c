"""A file is there whole, or not at all."""

import errno
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lipstudy.errors import InputError, OutputError, system_reason

__all__ = [
    "atomic_path",
    "existing_file",
    "is_temporary",
    "sha256_of_file",
    "sync_folder",
    "write_bytes",
    "write_text",
]

_WRITING_REFUSED = frozenset(
    (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM)
)
"""What the operating system answers to writing into a file that is already open; it names no file then."""
_TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}(\.[^.]+)?")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on a clean exit it is synced to disk and takes its name.

    On any error, Ctrl-C included, the temporary file is removed and what stood at `path` stays. An error of the block
    that has nothing to do with writing (a source that cannot be read) leaves it as it is.

    Parameters
    ----------
    path : str or Path
        Where the file shall stand. Its folder is made if missing.

    Raises
    ------
    OutputError
        If the folder cannot be made or written, or the disk is full.
    """
    path = Path(path)
    with _told_as_output_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # The suffix is kept: encoders choose a container by it.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=path.suffix)
        os.close(handle)
    temporary = Path(name)
    try:
        try:
            yield temporary
        except OSError as error:
            if not _is_about(temporary, error):
                raise
            raise _output_error(path, error) from error
        with _told_as_output_error(path):
            _sync(temporary)
            temporary.chmod(0o644)  # mkstemp makes files that only their owner may read
            temporary.replace(path)
            sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def is_temporary(path: Path) -> bool:
    """Return whether a file has a name as `atomic_path` gives while it writes; a process that is killed leaves it."""
    return _TEMPORARY.fullmatch(path.name) is not None


@contextmanager
def _told_as_output_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _output_error(path, error) from error


def _output_error(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot write {path}: {system_reason(error)}; nothing there was changed")


def _is_about(temporary: Path, error: OSError) -> bool:
    if error.filename is None or isinstance(error.filename, int):
        return error.errno in _WRITING_REFUSED
    # Files that are made on the way (the sound of a clip) stand beside the temporary one and share its stem.
    named = Path(os.fsdecode(error.filename))
    return named.parent == temporary.parent and named.stem == temporary.stem


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path` atomically. Raises OutputError."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8 with line feeds, atomically. Raises OutputError."""
    write_bytes(path, text.encode())


def existing_file(path: str | Path, *, what: str) -> Path:
    """Return `path` if a file is there.

    Parameters
    ----------
    path : str or Path
        The file asked for.
    what : str
        What it should be, for the message: "a film", "a landmark track".

    Raises
    ------
    InputError
        If nothing is there, a folder is, or the system does not take the name.
    """
    path = Path(path)
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except OSError as error:  # the name is too long, or a folder on the way may not be entered
        raise InputError(
            f"{path} cannot be opened, {what} is needed: {(error.strerror or str(error)).lower()}"
        ) from error
    if is_folder:
        raise InputError(f"{path} is a folder, but {what} is needed: name a file in it")
    if not is_there:
        raise InputError(f"there is no file {path}: {what} is needed there")
    return path


def sha256_of_file(path: str | Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make a new or renamed file in `folder` survive a power cut."""
    # Windows cannot open a folder; there the rename itself is durable enough.
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
