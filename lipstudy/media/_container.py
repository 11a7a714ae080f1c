"""Opening media files, with what FFmpeg refuses told in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lipstudy.errors import InputError

__all__ = ["opened", "picture_stream"]


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a media file; what FFmpeg cannot read becomes an InputError."""
    import av

    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty: copy or download it again")
    is_open = False
    try:
        # Resolved, because a name like "a:b.mp4" would be taken for a protocol.
        with av.open(str(path.resolve())) as container:
            is_open = True
            yield container
    except av.error.InvalidDataError as error:
        if _starts_like_mp4(path):
            raise InputError(
                f"{path} is cut off: it begins like an mp4 but its index is missing; copy or download it again"
            ) from error
        if is_open:
            raise InputError(f"{path} is damaged or cut off: copy or download it again") from error
        raise InputError(f"{path} is not a film or sound that can be read: is it really a video file?") from error
    except av.FFmpegError as error:
        raise InputError(f"{path} cannot be read: {error.strerror.lower()}") from error


def picture_stream(container: Any, path: Path) -> Any:
    """Return the video stream of an open film. Raises InputError if it has none."""
    stream = container.streams.best("video")
    if stream is None:
        raise InputError(f"{path} has sound but no picture: a film of a face is needed")
    return stream


def _starts_like_mp4(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(12)[4:8] in (b"ftyp", b"moov", b"mdat", b"wide")
