"""Writing a clip: H.264 and AAC in mp4, picture and sound starting together, the same bytes every time."""

import functools
import shutil
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from threading import Thread
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError, OutputError, nearest_name
from lipstudy.media._sound import Sound
from lipstudy.records import atomic_path

__all__ = ["ENCODER_VERSION", "encode_clip"]

Frame = NDArray[np.uint8]

ENCODER_VERSION = "h264-aac-3"
"""Changes when the same frames and sound give other bytes: clips made before are then rendered again."""

_PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
_LOOKAHEAD_FRAMES = 10
"""x264 plans 40 frames ahead unless told otherwise, and encodes them when all are drawn. In a clip of a few seconds
that is a fifth of the time, for 0.2 to 0.5 dB."""
_SOUND_RATE_HZ = 48000
_LEAST_FREE_BYTES = 2**18
"""With less the disk is full, whatever FFmpeg stumbled over."""
_PIPE_BYTES = 2**20
"""The most that Linux allows without special rights: a frame of 512 x 512."""


def encode_clip(
    path: str | Path,
    frames: Iterable[Frame],
    *,
    fps: float,
    sound: Sound | None,
    crf: int = 18,
    preset: str = "medium",
) -> None:
    """Write a clip, atomically.

    The picture is H.264 (High, yuv420p, BT.709), constant frame rate, without B frames, so that the first frame stands
    at time 0 also for players that ignore edit lists. The sound is AAC, mono, 48 kHz, and starts at time 0 for them
    too: the block that an encoder puts before the sound is left out of the file instead of marked for skipping. Its
    price is that the first 21 ms fade in. The same input gives the same bytes, on any number of cores.

    Parameters
    ----------
    path : str or Path
        The mp4 file.
    frames : iterable of ndarray of shape (H, W, 3), uint8
        RGB frames of one size, height and width even. Taken one by one, while FFmpeg encodes those before.
    fps : float > 0
        Frames per second.
    sound : Sound or None
        The sound, never stretched, cut or padded: frames must cover it to within one frame. None: a silent clip.
    crf : int, 0 to 51
        Quality of the picture; lower is better, 18 looks like the source.
    preset : str
        Effort of x264, "ultrafast" to "veryslow".

    Raises
    ------
    InputError
        If the file's name does not end in .mp4, a size is odd, there is no frame, or the sound is a frame or more
        longer or shorter than the picture.
    OutputError
        If the file cannot be written: the folder, a full disk; with FFmpeg's own reason.
    """
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise InputError(f"{path} must end in .mp4: a clip is written there")
    rate = _frame_rate(fps)
    if not 0 <= crf <= 51:
        raise InputError(f"the quality crf must be 0 to 51, got {crf}: 18 looks like the source")
    if preset not in _PRESETS:
        raise InputError(f"there is no preset '{preset}'{nearest_name(preset, _PRESETS)}: it is one of {_PRESETS}")
    waiting = iter(frames)
    first = next(waiting, None)
    if first is None:
        raise InputError(f"there is no frame to write to {path}: a clip needs at least one")
    height_px, width_px = first.shape[:2]
    if height_px % 2 or width_px % 2:
        raise InputError(f"H.264 needs an even width and height, got {width_px}x{height_px}: choose an even size")

    with atomic_path(path) as temporary, _sound_file(temporary, sound) as sound_path:
        command = [
            *(_ffmpeg(), "-y", "-nostdin", "-hide_banner", "-loglevel", "error"),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width_px}x{height_px}", "-r", str(rate), "-i", "pipe:0"),
            *_sound_options(sound, sound_path),
            *_picture_options(crf=crf, preset=preset),
            *("-fflags", "+bitexact", "-map_metadata", "-1", "-movflags", "+faststart", str(temporary)),
        ]
        num_frames = _run(command, first, waiting, path)
        _check_durations(num_frames, fps, sound, path)


def _frame_rate(fps: float) -> Fraction:
    if not (np.isfinite(fps) and 0 < fps <= 1000):
        raise InputError(f"the frame rate must be a number over 0 and up to 1000, got {fps}")
    return Fraction(fps).limit_denominator(1001)  # 29.97002997 is 30000/1001


def _picture_options(*, crf: int, preset: str) -> list[str]:
    # Without these words FFmpeg converts with BT.601, and players that assume BT.709 shift the skin's colour.
    conversion = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,format=yuv420p"
    tags = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv")
    # With several threads x264's bytes depend on the number of cores.
    codec = ("-c:v", "libx264", "-profile:v", "high", "-bf", "0", "-threads:v", "1", "-flags:v", "+bitexact")
    quality = ("-preset", preset, "-crf", str(crf), "-rc-lookahead", str(_LOOKAHEAD_FRAMES))
    return ["-map", "0:v", "-vf", conversion, *codec, *quality, *tags]


def _sound_options(sound: Sound | None, sound_path: Path) -> list[str]:
    if sound is None:
        return []
    source = ("-f", "f32le", "-ar", str(sound.sr), "-ac", "1", "-i", str(sound_path))
    codec = ("-c:a", "aac", "-b:a", "160k", "-ar", str(_SOUND_RATE_HZ), "-flags:a", "+bitexact")
    # With its first block (1024 samples before the sound) a player that ignores edit lists is 21 ms late.
    return [*source, "-map", "1:a", *codec, "-bsf:a", "noise=drop='eq(n\\,0)'"]


@contextmanager
def _sound_file(temporary: Path, sound: Sound | None) -> Iterator[Path]:
    # Beside the temporary clip and named after it: whoever clears away one after a power cut clears away both.
    sound_path = temporary.with_suffix(".f32")
    try:
        if sound is not None:
            sound_path.write_bytes(np.ascontiguousarray(sound.samples, "<f4").tobytes())
        yield sound_path
    finally:
        sound_path.unlink(missing_ok=True)


def _run(command: list[str], first: Frame, waiting: Iterator[Frame], path: Path) -> int:
    """Feed the frames to FFmpeg; return their number."""
    # Not moviepy's FFMPEG_VideoWriter, though the same program runs here: it rounds the frame rate to two decimals,
    # asks for yuva420p after all other options, and does not look at FFmpeg's exit code (a full disk goes unseen).
    with _process(command) as (process, told):
        try:
            num_frames = _feed(process, first, waiting)
        except BrokenPipeError:
            num_frames = 0
        code = process.wait()
    if code != 0:
        raise OutputError(f"cannot write {path}: {_reason(told, code, path)}; nothing there was changed")
    return num_frames


def _reason(told: Sequence[str], code: int, path: Path) -> str:
    # What FFmpeg says of a full disk depends on how far it came.
    if shutil.disk_usage(path.parent).free < _LEAST_FREE_BYTES:
        return "no space left on device"
    return told[-1].rstrip(".") if told else f"FFmpeg ended with code {code}"


@contextmanager
def _process(command: list[str]) -> Iterator[tuple["subprocess.Popen[bytes]", Sequence[str]]]:
    """Run FFmpeg and collect what it says; it is gone when the block ends, however it ends."""
    options: dict[str, Any] = {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0)}
    if not options["creationflags"]:
        # Ctrl-C in a terminal goes to the whole group: FFmpeg would end before we can tell a stop from a fault.
        options = {"process_group": 0}
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options
    )
    pipe, said = process.stdin, process.stderr
    assert pipe is not None
    assert said is not None
    _widen(pipe)
    told: deque[str] = deque(maxlen=20)
    # A pipe that nobody reads fills up and stops FFmpeg; a file for it could lie on the disk that is full.
    listener = Thread(target=lambda: told.extend(line for line in map(_tidy, said) if line), daemon=True)
    listener.start()
    try:
        yield process, told
    finally:
        if process.poll() is None:
            process.kill()
        with suppress(OSError):  # frames still in the buffer of a dead process
            pipe.close()
        process.wait()
        listener.join()
        said.close()


def _widen(pipe: IO[bytes]) -> None:
    # A frame that fits into the pipe whole is read while the next is drawn.
    with suppress(ImportError, AttributeError, OSError):  # not Linux, or a limit of this machine
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _feed(process: "subprocess.Popen[bytes]", first: Frame, waiting: Iterator[Frame]) -> int:
    pipe = process.stdin
    assert pipe is not None
    num_frames = 0
    frame: Frame | None = first
    while frame is not None:
        if frame.shape != first.shape or frame.dtype != np.uint8:
            raise ValueError(f"frames must be uint8 of shape {first.shape}, got {frame.dtype} of shape {frame.shape}")
        pipe.write(np.ascontiguousarray(frame).data)
        num_frames += 1
        frame = next(waiting, None)
    pipe.close()
    return num_frames


def _check_durations(num_frames: int, fps: float, sound: Sound | None, path: Path) -> None:
    if sound is None:
        return
    duration_s = len(sound.samples) / sound.sr
    if abs(duration_s - num_frames / fps) >= 1 / fps:
        raise InputError(
            f"the sound for {path} lasts {duration_s:.3f} s and the picture {num_frames / fps:.3f} s ({num_frames}"
            f" frames at {fps:g} fps): they must agree to within one frame, give frames that cover the sound"
        )


def _tidy(line: bytes) -> str:
    # FFmpeg starts a line with the part that speaks and its address: "[out#0/mp4 @ 0x5581] ".
    return line.decode(errors="replace").split("] ")[-1].strip()


@functools.cache
def _ffmpeg() -> str:
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())
