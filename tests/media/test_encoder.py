"""Clips are written whole, with picture and sound starting together, the same bytes every time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lipstudy.errors import InputError, OutputError
from lipstudy.media import Sound, encode_clip, measure_clip, read_frames

SKIN = (200, 150, 120)


def pictures(count: int, size: int = 128) -> list[np.ndarray]:
    """Return frames in which a bar moves right over skin colour."""
    frames = []
    for index in range(count):
        frame = np.full((size, size, 3), SKIN, np.uint8)
        frame[:, 4 + 2 * index % (size // 2) :][:, :8] = (40, 20, 20)
        frames.append(frame)
    return frames


def speech_like(duration_s: float, sr: int) -> Sound:
    rng = np.random.default_rng(7)
    noise = np.convolve(rng.standard_normal(round(duration_s * sr)), np.ones(6) / 6, mode="same")
    loudness = 0.6 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(len(noise)) / sr)
    return Sound((0.2 * noise * loudness).astype(np.float32), sr)


def children() -> set[int]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    return {int(pid) for pid in listed.read_text().split()}


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are looked up in /proc")


def test_sound_starts_with_the_picture_for_players_that_ignore_edit_lists_too(tmp_path: Path) -> None:
    import av

    sound = speech_like(1.0, 48000)
    encode_clip(tmp_path / "clip.mp4", pictures(25), fps=25, sound=sound)
    starts = []
    for options in ({}, {"ignore_editlist": "1"}):
        with av.open(str(tmp_path / "clip.mp4"), options=options) as container:
            heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
        agreement = np.correlate(heard[:20000], sound.samples[5000:15000], "valid")
        starts.append(int(np.argmax(agreement)) - 5000)
    assert starts == [0, 0]


def test_index_comes_first_and_the_codecs_are_those_that_every_browser_plays(tmp_path: Path) -> None:
    import av

    encode_clip(tmp_path / "clip.mp4", pictures(25), fps=25, sound=speech_like(1.0, 48000))
    written = (tmp_path / "clip.mp4").read_bytes()
    assert written.index(b"moov") < written.index(b"mdat")
    with av.open(str(tmp_path / "clip.mp4")) as container:
        picture, sound = container.streams.video[0], container.streams.audio[0]
        assert (picture.codec_context.name, picture.codec_context.profile, picture.pix_fmt) == (
            "h264",
            "High",
            "yuv420p",
        )
        assert picture.codec_context.has_b_frames is False
        assert (sound.codec_context.name, sound.codec_context.profile, sound.rate) == ("aac", "LC", 48000)


@pytest.mark.parametrize("fps", [25.0, 24.0, 30000 / 1001, 60.0])
def test_frames_come_back_in_number_size_and_rate(tmp_path: Path, fps: float) -> None:
    count = round(fps)
    encode_clip(tmp_path / "clip.mp4", pictures(count), fps=fps, sound=speech_like(count / fps, 22050))
    measured = measure_clip(tmp_path / "clip.mp4")
    assert (measured.frames, measured.width_px, measured.height_px) == (count, 128, 128)
    assert measured.fps == pytest.approx(fps, rel=1e-9)
    assert measured.constant_frame_rate


def test_first_frame_stands_at_time_zero_and_no_frame_is_reordered(tmp_path: Path) -> None:
    import av

    encode_clip(tmp_path / "clip.mp4", pictures(30), fps=25, sound=speech_like(1.2, 48000))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        assert packets[0].pts == packets[0].dts == 0
        assert [packet.pts for packet in packets] == sorted(packet.pts for packet in packets)
        assert container.streams.video[0].codec_context.profile == "High"
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"


def test_decoded_frames_look_like_those_given(tmp_path: Path) -> None:
    given = pictures(20)
    encode_clip(tmp_path / "clip.mp4", given, fps=25, sound=None)
    for frame, decoded in zip(given, read_frames(tmp_path / "clip.mp4"), strict=True):
        error = np.mean((frame.astype(float) - decoded) ** 2)
        assert 10 * np.log10(255**2 / error) > 32


@pytest.mark.parametrize("colour", [SKIN, (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)])
def test_colours_are_those_of_bt709_to_two_levels(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    import av

    encode_clip(tmp_path / "clip.mp4", [np.full((64, 64, 3), colour, np.uint8)] * 3, fps=25, sound=None)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        frame = next(container.decode(video=0))
    planes = np.split(frame.to_ndarray(format="yuv420p").ravel().astype(float), [64 * 64, 64 * 64 * 5 // 4])
    y, u, v = (plane.mean() for plane in planes)
    # BT.709, limited range: Y over 16..235, U and V over 16..240.
    luma, blue, red = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    decoded = 255 * np.array([luma + 1.5748 * red, luma - 0.1873 * blue - 0.4681 * red, luma + 1.8556 * blue])
    assert np.abs(decoded - colour).max() <= 2
    assert (frame.colorspace, frame.color_range) == (1, 1), "the file does not say BT.709, limited range"


@pytest.mark.parametrize("sr", [16000, 22050, 44100, 48000])
def test_sound_starts_with_the_picture_and_keeps_its_length(tmp_path: Path, sr: int) -> None:
    sound = speech_like(2.013, sr)
    encode_clip(tmp_path / "clip.mp4", pictures(51), fps=25, sound=sound)
    measured = measure_clip(tmp_path / "clip.mp4", sound=sound)
    assert abs(measured.av_offset_ms) < 0.05
    assert measured.sound_duration_s == pytest.approx(sound.duration_s, abs=1e-3)


@pytest.mark.parametrize("delay_s", [0.040, -0.040])
def test_a_delay_of_the_sound_is_measured_with_its_sign(tmp_path: Path, delay_s: float) -> None:
    sound = speech_like(1.5, 22050)
    shift = round(abs(delay_s) * sound.sr)
    moved = np.roll(sound.samples, shift if delay_s > 0 else -shift)
    encode_clip(tmp_path / "clip.mp4", pictures(38), fps=25, sound=Sound(moved, sound.sr))
    assert measure_clip(tmp_path / "clip.mp4", sound=sound).av_offset_ms == pytest.approx(1000 * delay_s, abs=0.05)


def test_silence_is_measured_by_its_time_stamps(tmp_path: Path) -> None:
    silence = Sound(np.zeros(22050, np.float32), 22050)
    encode_clip(tmp_path / "clip.mp4", pictures(25), fps=25, sound=silence)
    assert measure_clip(tmp_path / "clip.mp4", sound=silence).av_offset_ms == 0


def test_a_clip_without_sound_has_no_offset(tmp_path: Path) -> None:
    encode_clip(tmp_path / "clip.mp4", pictures(5), fps=25, sound=None)
    measured = measure_clip(tmp_path / "clip.mp4")
    assert np.isnan(measured.av_offset_ms)
    assert measured.sound_duration_s == 0


@pytest.mark.parametrize("count", [1, 2])
def test_sound_of_one_and_a_half_frames_is_neither_cut_nor_padded(tmp_path: Path, count: int) -> None:
    sound = speech_like(0.06, 22050)
    encode_clip(tmp_path / "clip.mp4", pictures(count), fps=25, sound=sound)
    measured = measure_clip(tmp_path / "clip.mp4", sound=sound)
    assert measured.frames == count
    assert measured.sound_duration_s == pytest.approx(0.06, abs=1e-3)
    assert abs(measured.av_offset_ms) < 0.05


def test_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first.mp4", "second.mp4"):
        encode_clip(tmp_path / name, pictures(30), fps=25, sound=speech_like(1.2, 22050))
    assert (tmp_path / "first.mp4").read_bytes() == (tmp_path / "second.mp4").read_bytes()


@pytest.mark.parametrize("duration_s", [0.96, 1.04])
def test_sound_that_differs_from_the_picture_by_a_frame_is_refused(tmp_path: Path, duration_s: float) -> None:
    with pytest.raises(InputError, match=r"agree to within one frame"):
        encode_clip(tmp_path / "clip.mp4", pictures(25), fps=25, sound=speech_like(duration_s, 48000))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("frames", "options", "said"),
    [
        ([], {}, "needs at least one"),
        ([np.zeros((64, 63, 3), np.uint8)], {}, "even width and height, got 63x64"),
        (pictures(2), {"crf": 52}, "0 to 51, got 52"),
        (pictures(2), {"preset": "mediun"}, "did you mean 'medium'"),
        (pictures(2), {"fps": float("nan")}, "frame rate must be a number"),
        (pictures(2), {"fps": 0}, "frame rate must be a number"),
    ],
)
def test_what_cannot_be_encoded_is_told(tmp_path: Path, frames: list, options: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        encode_clip(tmp_path / "clip.mp4", frames, **({"fps": 25, "sound": None} | options))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        encode_clip(tmp_path / "file" / "clip.mp4", pictures(2), fps=25, sound=None)


@needs_proc
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_error_among_the_frames_leaves_the_old_clip_and_no_process(tmp_path: Path, error: type) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"the clip before")
    before = children()

    def interrupted() -> Iterator[np.ndarray]:
        yield from pictures(10)
        raise error("stopped here")

    with pytest.raises(error, match="stopped here"):
        encode_clip(tmp_path / "clip.mp4", interrupted(), fps=25, sound=speech_like(1, 22050))
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
    assert (tmp_path / "clip.mp4").read_bytes() == b"the clip before"
    assert children() == before


@needs_proc
def test_an_encoder_that_dies_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    before = children()

    def frames_that_kill() -> Iterator[np.ndarray]:
        yield from pictures(5)
        for pid in children() - before:
            os.kill(pid, signal.SIGKILL)
        yield from pictures(50)

    with pytest.raises(OutputError, match=r"cannot write .*clip\.mp4: FFmpeg ended with code -9"):
        encode_clip(tmp_path / "clip.mp4", frames_that_kill(), fps=25, sound=None)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="the limit stands for a full disk, and is POSIX's")
def test_a_disk_that_fills_is_told_with_the_reason_and_leaves_nothing(tmp_path: Path) -> None:
    script = """
import resource, signal, sys
import numpy as np
from lipstudy.errors import OutputError
from lipstudy.media import encode_clip
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = np.random.default_rng(1).integers(0, 255, (40, 128, 128, 3), np.uint8)
try:
    encode_clip(sys.argv[1], noise, fps=25, sound=None)
except OutputError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "clip.mp4")], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"cannot write {tmp_path / 'clip.mp4'}: "), done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_is_cut_off_is_told(tmp_path: Path) -> None:
    encode_clip(tmp_path / "clip.mp4", pictures(30), fps=25, sound=None)
    whole = (tmp_path / "clip.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[:500])
    with pytest.raises(InputError, match=r"cut\.mp4"):
        measure_clip(tmp_path / "cut.mp4")


def test_a_varying_frame_rate_is_seen(tmp_path: Path) -> None:
    import av

    encode_clip(tmp_path / "clip.mp4", pictures(20), fps=25, sound=None)
    with av.open(str(tmp_path / "clip.mp4")) as source, av.open(str(tmp_path / "late.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is None:
                continue
            late = round(0.02 / packet.time_base) if packet.pts > 10 * 512 else 0
            packet.pts, packet.dts = packet.pts + late, packet.dts + late
            packet.stream = stream
            target.mux(packet)
    assert not measure_clip(tmp_path / "late.mp4").constant_frame_rate
