"""A file is there whole, or as it was before."""

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lipstudy.errors import InputError, OutputError
from lipstudy.records import atomic_path, existing_file, is_temporary, sha256_of_file, write_bytes, write_text

posix = pytest.mark.skipif(os.name != "posix", reason="limits and signals of POSIX")


def test_text_is_utf_8_with_line_feeds(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "deep" / "a.txt", "süß\nb\n")
    assert (tmp_path / "new" / "deep" / "a.txt").read_bytes() == b"s\xc3\xbc\xc3\x9f\nb\n"


@posix
def test_others_may_read_the_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.bin", b"x")
    assert stat.S_IMODE((tmp_path / "a.bin").stat().st_mode) == 0o644


def test_encoder_sees_the_suffix_of_the_final_name(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "clip.mp4") as temporary:
        assert temporary.suffix == ".mp4"
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"film")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("name", ["clip.mp4", "no ending", ".hidden", "long" * 20 + ".npz"])
def test_a_temporary_name_is_told_from_others(tmp_path: Path, name: str) -> None:
    with atomic_path(tmp_path / name) as temporary:
        assert is_temporary(temporary)
    assert not is_temporary(tmp_path / name)


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_what_stood_there_stays_when_writing_is_stopped(tmp_path: Path, stop: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write_and_stop() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise stop("enough")

    with pytest.raises(stop, match="enough"):
        write_and_stop()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_what_stood_there_stays_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    code = (
        "import os, signal, sys\nfrom lipstudy.records import atomic_path\n"
        "with atomic_path(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == -signal.SIGKILL
    assert path.read_text() == "before"


@posix
def test_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    # A limit on the size of files refuses the write as a full disk does.
    code = (
        "import resource, sys\nfrom lipstudy.errors import OutputError\nfrom lipstudy.records import write_bytes\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n    write_bytes(sys.argv[1], bytes(5000))\nexcept OutputError as error:\n    print(error)\n"
    )
    path = tmp_path / "big.bin"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout == f"cannot write {path}: file too large; nothing there was changed\n"
    assert list(tmp_path.iterdir()) == []


def test_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=r"cannot write .*file/a\.txt: "):
        write_text(tmp_path / "file" / "a.txt", "x")
    with pytest.raises(OutputError, match=r"cannot write .*folder: is a directory"):
        write_text(tmp_path / "folder", "x")
    assert list((tmp_path / "folder").iterdir()) == []
    assert len(list(tmp_path.iterdir())) == 2


def test_source_that_cannot_be_read_is_not_called_a_fault_of_writing(tmp_path: Path) -> None:
    def copy_what_is_gone() -> None:
        with atomic_path(tmp_path / "a.txt") as temporary:
            temporary.write_bytes((tmp_path / "source.txt").read_bytes())

    with pytest.raises(FileNotFoundError, match=r"source\.txt"):
        copy_what_is_gone()
    assert list(tmp_path.iterdir()) == []


def test_file_made_beside_the_temporary_one_counts_as_part_of_the_writing(tmp_path: Path) -> None:
    def write_beside() -> None:
        with atomic_path(tmp_path / "a.mp4") as temporary:
            raise PermissionError(errno.EACCES, "Permission denied", str(temporary.with_suffix(".f32")))

    with pytest.raises(OutputError, match=r"cannot write .*a\.mp4: permission denied; nothing there was changed"):
        write_beside()


def test_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"abc" * 100_000)
    assert sha256_of_file(tmp_path / "a.bin") == hashlib.sha256(b"abc" * 100_000).hexdigest()


def test_file_asked_for_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    assert existing_file(str(tmp_path / "a.txt"), what="a letter") == tmp_path / "a.txt"
    with pytest.raises(InputError, match=r"there is no file .*b\.txt: a letter is needed there"):
        existing_file(tmp_path / "b.txt", what="a letter")
    with pytest.raises(InputError, match="is a folder, but a letter is needed"):
        existing_file(tmp_path, what="a letter")
