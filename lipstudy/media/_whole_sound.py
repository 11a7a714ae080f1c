"""Whether a sound file holds all the sound that its header promises: FFmpeg reads what is there without a word."""

from pathlib import Path

from lipstudy.errors import InputError

__all__ = ["check_decoded_whole", "check_wav_whole"]

_SHORT_BY_S = 0.1
"""A header that promises less than this too much was written in passing by a recorder."""

_COUNTING_FORMATS = ("aiff", "au", "flac")
"""Whose headers count their samples; the length of others is estimated from the file as it is."""

_UNKNOWN_BYTES = 0x7FFF0000
"""From here on, and at 0, a length says that its writer did not know it: it wrote into a pipe."""


def check_wav_whole(path: Path) -> None:
    """Raise InputError if a WAV file was cut off; other files pass."""
    with open(path, "rb") as file:
        head = file.read(12)
        if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
            return
        bytes_a_s = promised = 0
        while len(chunk := file.read(8)) == 8:
            name, length, begin = chunk[:4], int.from_bytes(chunk[4:], "little"), file.tell()
            if name == b"ds64":  # the lengths of a file over 4 GB
                promised = int.from_bytes(file.read(16)[8:], "little")
            elif name == b"fmt ":
                bytes_a_s = int.from_bytes(file.read(12)[8:], "little")
            elif name == b"data":
                if head[:4] == b"RIFF":
                    promised = 0 if length >= _UNKNOWN_BYTES else length
                if bytes_a_s:
                    there = path.stat().st_size - begin
                    _check(path, seconds=there / bytes_a_s, promised_s=promised / bytes_a_s)
                return
            file.seek(begin + length + length % 2)


def check_decoded_whole(path: Path, *, container: str, seconds: float, promised_s: float | None) -> None:
    """Raise InputError if less was decoded than the header of a file counts, where its format has such a count."""
    if container in _COUNTING_FORMATS and promised_s is not None:
        _check(path, seconds=seconds, promised_s=promised_s)


def _check(path: Path, *, seconds: float, promised_s: float) -> None:
    if seconds < promised_s - _SHORT_BY_S:
        raise InputError(f"{path} is cut off after {seconds:.2f} of {promised_s:.2f} s: copy or download it again")
