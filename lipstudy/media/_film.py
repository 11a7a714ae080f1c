"""Films: what a video file holds, and its frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.media._container import opened, picture_stream
from lipstudy.media._mpeg_packets import ends_within_packet
from lipstudy.records import existing_file

__all__ = ["Film", "open_film", "read_frames"]

MIN_FRAMES = 3
"""Two frames have no motion that could be told from noise."""

_SHORT_BY_S = 0.15
"""A file that does not count its frames and ends this long before the end that its header gives was cut off."""

_MAX_LATE_FRAMES = 1.5
"""A frame further than this from its place at a constant rate tells that the rate varies; one skipped is borne."""


@dataclass(frozen=True, slots=True)
class Film:
    """What a video file holds."""

    path: Path
    """The file."""
    width_px: int
    """Width of the picture as shown: pixels made square, the rotation mark applied."""
    height_px: int
    """Height of the picture as shown, the rotation mark applied."""
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
        off in the middle (by a broken copy or download), or its frame rate varies.
    """
    path = existing_file(path, what="a film")
    with opened(path) as container:
        stream = picture_stream(container, path)
        contents = _look_through(container, stream)
        last_frame = _last_frame(stream, contents.last_packets)
        _check_whole(path, container, stream, contents, last_frame)
        num_frames = len(contents.times_s)
        if num_frames < MIN_FRAMES:
            raise InputError(f"{path} is a film of {_counted(num_frames)}: at least {MIN_FRAMES} are needed")
        rate = stream.average_rate or stream.guessed_rate
        if not rate:
            raise InputError(f"{path} does not say its frame rate: convert it to mp4 first")
        _check_constant_rate(path, contents.times_s, fps=float(rate))
        width, height = _square_width_px(stream), stream.codec_context.height
        if last_frame is not None and last_frame.rotation % 180:
            width, height = height, width
        return Film(path, width, height, float(rate), num_frames, bool(container.streams.audio))


def read_frames(path: str | Path) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of a film.

    Yields
    ------
    ndarray of shape (H, W, 3), uint8
        RGB (BT.709), upright, pixels square. High dynamic range (HLG, PQ) is brought to the range of other films.

    Raises
    ------
    InputError
        If there is no film, or it cannot be decoded.
    """
    from av.video.reformatter import ColorPrimaries, ColorTrc, VideoReformatter

    path = existing_file(path, what="a film")
    with opened(path) as container:
        stream = picture_stream(container, path)
        stream.thread_type = "AUTO"
        # One converter for all frames: made anew for each, it takes longer than decoding.
        converter = VideoReformatter()
        width_px = _square_width_px(stream)
        for frame in container.decode(stream):
            options: dict[str, Any] = {}
            if frame.color_trc in (ColorTrc.ARIB_STD_B67, ColorTrc.SMPTE2084):  # phones film so unless told not to
                options = {"dst_color_trc": ColorTrc.BT709, "dst_color_primaries": ColorPrimaries.BT709}
            if width_px != frame.width:
                options |= {"width": width_px, "height": frame.height, "interpolation": "BICUBIC"}
            rgb = converter.reformat(frame, format="rgb24", threads=1, **options).to_ndarray()
            yield np.rot90(rgb, k=round(frame.rotation / 90) % 4)


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a pass over the packets of a file finds."""

    times_s: list[float]
    """Time of each frame that is shown; NaN where the file gives none."""
    num_packets: int
    """Packets of the picture, those included that an edit list hides."""
    end_s: float
    """When the last packet of any stream ends."""
    last_packets: list[Any]
    """The picture's last two groups of pictures."""
    is_torn: bool
    """Whether the file ends within its last packet, of picture or sound."""


def _look_through(container: Any, stream: Any) -> _Contents:
    times_s: list[float] = []
    end_s = 0.0
    num_packets = 0
    is_torn = False
    groups: list[list[Any]] = [[], []]
    for packet in container.demux():
        if packet.size == 0:
            continue
        is_torn = packet.is_corrupt
        time = packet.pts if packet.pts is not None else packet.dts
        if time is not None:
            end_s = max(end_s, float((time + (packet.duration or 0)) * packet.time_base))
        if packet.stream.index == stream.index:
            num_packets += 1
            if not packet.is_discard:
                times_s.append(float("nan") if time is None else float(time * packet.time_base))
            if packet.is_keyframe:
                groups = [groups[-1], []]
            groups[-1].append(packet)
    return _Contents(times_s, num_packets, end_s, [packet for group in groups for packet in group], is_torn)


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


def _check_whole(path: Path, container: Any, stream: Any, contents: _Contents, last_frame: Any | None) -> None:
    remedy = "copy or download it again"
    # AVI headers count one frame too many.
    if stream.frames > contents.num_packets + 1:
        raise InputError(f"{path} is cut off after {contents.num_packets} of {stream.frames} frames: {remedy}")
    if contents.num_packets and (last_frame is None or last_frame.is_corrupt):
        raise InputError(f"{path} is cut off in the middle of frame {contents.num_packets}: {remedy}")
    if contents.is_torn or ends_within_packet(path, container=container.format.name):
        raise InputError(f"{path} is cut off after {contents.num_packets} frames: {remedy}")
    promised_s = (container.duration or 0) / 1e6
    seconds = contents.end_s - (container.start_time or 0) / 1e6
    if not stream.frames and seconds < promised_s - _SHORT_BY_S:
        raise InputError(f"{path} is cut off after {seconds:.2f} of {promised_s:.2f} s: {remedy}")


def _square_width_px(stream: Any) -> int:
    """Return the width that makes pixels square: those of DV and of many corpora are not."""
    width_px: int = stream.codec_context.width
    return round(width_px * (stream.sample_aspect_ratio or 1))


def _check_constant_rate(path: Path, times_s: list[float], *, fps: float) -> None:
    times = np.sort(np.asarray(times_s))
    late_frames = (times - times[0]) * fps - np.arange(len(times))
    if np.isfinite(late_frames).all() and np.abs(late_frames).max() > _MAX_LATE_FRAMES:
        frame = int(np.argmax(np.abs(late_frames)))
        raise InputError(
            f"{path} has a varying frame rate (frame {frame} is {late_frames[frame]:+.1f} off {fps:.4g} frames/s): "
            f"make it constant with 'ffmpeg -i {path.name} -vf fps={round(fps)} constant.mp4'"
        )


def _counted(frames: int) -> str:
    return "1 frame" if frames == 1 else f"{frames} frames"
