"""Films: what a video file holds, and its frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.media._container import opened
from lipstudy.records import existing_file

__all__ = ["Film", "open_film", "read_frames"]

MIN_FRAMES = 3
"""Two frames have no motion that could be told from noise."""

_SHORT_BY_S = 0.5
"""A file whose streams all end this long before the end that its header gives was cut off."""


@dataclass(frozen=True, slots=True)
class Film:
    """What a video file holds."""

    path: Path
    """The file."""
    width_px: int
    """Width of the picture as shown, its rotation mark applied."""
    height_px: int
    """Height of the picture as shown, its rotation mark applied."""
    fps: float
    """Frames per second, constant."""
    num_frames: int
    """Number of frames."""
    has_sound: bool
    """Whether the file has sound."""

    @property
    def duration_s(self) -> float:
        """Duration of the picture in seconds: num_frames / fps."""
        return self.num_frames / self.fps


def open_film(path: str | Path) -> Film:
    """Look through a film, without decoding more of it than its last seconds.

    Parameters
    ----------
    path : str or Path
        A video file of any format that FFmpeg reads.

    Returns
    -------
    Film

    Raises
    ------
    InputError
        If nothing is there or a folder is, the file is no film, has no picture, has fewer than 3 frames, was cut
        off in the middle (by a broken copy or download), or its frame rate varies by more than a frame.
    """
    path = existing_file(path, what="a film")
    with opened(path) as container:
        if not container.streams.video:
            raise InputError(f"{path} has sound but no picture: a film of a face is needed")
        stream = container.streams.video[0]
        times_s, ends_s, last_packets = _look_through(container, stream)
        last_frame = _last_frame(stream, last_packets)
        _check_whole(path, container, stream, num_frames=len(times_s), ends_s=ends_s, last_frame=last_frame)
        if len(times_s) < MIN_FRAMES:
            raise InputError(f"{path} is a film of {_counted(len(times_s))}: at least {MIN_FRAMES} are needed")
        rate = stream.average_rate or stream.guessed_rate
        if not rate:
            raise InputError(f"{path} does not say its frame rate: convert it to mp4 first")
        _check_constant_rate(path, times_s, fps=float(rate))
        width, height = stream.codec_context.width, stream.codec_context.height
        if last_frame is not None and last_frame.rotation % 180:
            width, height = height, width
        return Film(path, width, height, float(rate), len(times_s), bool(container.streams.audio))


def read_frames(path: str | Path) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of a film.

    Yields
    ------
    ndarray of shape (H, W, 3), uint8
        RGB, upright.

    Raises
    ------
    InputError
        If there is no film, or it cannot be decoded.
    """
    path = existing_file(path, what="a film")
    with opened(path) as container:
        if not container.streams.video:
            raise InputError(f"{path} has sound but no picture: a film of a face is needed")
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            yield np.rot90(frame.to_ndarray(format="rgb24"), k=round(frame.rotation / 90) % 4)


def _look_through(container: Any, stream: Any) -> tuple[list[float], list[float], list[Any]]:
    """Return the times of the frames, the end of each stream, and the packets of the last two groups of pictures."""
    times_s: list[float] = []
    ends_s: dict[int, float] = {}
    groups: list[list[Any]] = [[], []]
    heard = [stream, *container.streams.audio]
    for packet in container.demux(heard):
        if packet.size == 0 or packet.is_discard:
            continue
        time = packet.pts if packet.pts is not None else packet.dts
        if time is not None:
            end_s = float((time + (packet.duration or 0)) * packet.time_base)
            ends_s[packet.stream.index] = max(end_s, ends_s.get(packet.stream.index, 0.0))
        if packet.stream.index == stream.index:
            times_s.append(float("nan") if time is None else float(time * packet.time_base))
            if packet.is_keyframe:
                groups = [groups[-1], []]
            groups[-1].append(packet)
    return times_s, list(ends_s.values()), [packet for group in groups for packet in group]


def _last_frame(stream: Any, packets: list[Any]) -> Any | None:
    import av

    last = None
    try:
        for packet in [*packets, None]:
            for frame in stream.codec_context.decode(packet):
                last = frame
    except av.FFmpegError:
        return None
    return last


def _check_whole(
    path: Path, container: Any, stream: Any, *, num_frames: int, ends_s: list[float], last_frame: Any | None
) -> None:
    remedy = "copy or download it again"
    if stream.frames > num_frames:
        raise InputError(f"{path} is cut off after {num_frames} of {stream.frames} frames: {remedy}")
    if num_frames and (last_frame is None or last_frame.is_corrupt):
        raise InputError(f"{path} is cut off in the middle of frame {num_frames}: {remedy}")
    promised_s = (container.duration or 0) / 1e6
    begin_s = (container.start_time or 0) / 1e6
    if ends_s and max(ends_s) - begin_s < promised_s - _SHORT_BY_S:
        raise InputError(f"{path} is cut off after {max(ends_s) - begin_s:.2f} of {promised_s:.2f} s: {remedy}")


def _check_constant_rate(path: Path, times_s: list[float], *, fps: float) -> None:
    times = np.sort(np.asarray(times_s))
    late_frames = (times - times[0]) * fps - np.arange(len(times))
    if np.nanmax(np.abs(late_frames)) > 1:
        frame = int(np.nanargmax(np.abs(late_frames)))
        raise InputError(
            f"{path} has a varying frame rate (frame {frame} is {late_frames[frame]:+.1f} off {fps:.4g} frames/s): "
            f"make it constant with 'ffmpeg -i {path.name} -vf fps={round(fps)} constant.mp4'"
        )


def _counted(frames: int) -> str:
    return "1 frame" if frames == 1 else f"{frames} frames"
