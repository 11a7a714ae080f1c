"""Films are read whole or refused with a sentence."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.media import Sound, encode_clip, open_film, read_frames, read_sound, write_sound

FPS = 25.0
RNG_SEED = 3


def moving_frames(count: int, height: int = 96, width: int = 128) -> list[np.ndarray]:
    """Return textured frames whose left half gets brighter frame by frame."""
    texture = np.random.default_rng(RNG_SEED).integers(0, 40, (height, width, 3), np.uint8)
    frames = []
    for number in range(count):
        frame = texture.copy()
        frame[:, : width // 2] += np.uint8(100 + 2 * number)
        frames.append(frame)
    return frames


def tone(duration_s: float) -> Sound:
    return Sound(np.sin(np.arange(round(duration_s * 48000)) / 20).astype(np.float32) / 4, 48000)


def ffmpeg(*arguments: str | Path) -> None:
    from imageio_ffmpeg import get_ffmpeg_exe

    subprocess.run([get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)], check=True)


def cut(path: Path, share: float) -> Path:
    """Write the first `share` of the file's bytes beside it."""
    data = path.read_bytes()
    shorter = path.with_name(f"cut{path.suffix}")
    shorter.write_bytes(data[: int(share * len(data))])
    return shorter


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a film of 40 frames and sound, with its index in front."""
    path = tmp_path_factory.mktemp("film") / "talk.mp4"
    encode_clip(path, moving_frames(40), fps=FPS, sound=tone(1.6))
    return path


def test_pixels_that_are_not_square_are_made_so(film: Path, tmp_path: Path) -> None:
    wide = tmp_path / "dv.mp4"
    ffmpeg("-i", film, "-vf", "setsar=4/3", "-an", wide)
    found, frame = open_film(wide), next(iter(read_frames(wide)))
    assert (found.width_px, found.height_px) == (171, 96)
    assert frame.shape == (96, 171, 3)
    assert np.abs(frame[:, :80].mean() - next(iter(read_frames(film)))[:, :60].mean()) < 2


def test_high_dynamic_range_keeps_the_colours_of_skin(tmp_path: Path) -> None:
    skin = np.full((64, 64, 3), (200, 140, 110), np.uint8)
    encode_clip(tmp_path / "talk.mp4", [skin] * 5, fps=FPS, sound=None, crf=1)
    told = ("-color_primaries", "bt2020", "-color_trc", "arib-std-b67", "-colorspace", "bt2020nc")
    phone = "zscale=pin=bt709:tin=bt709:min=bt709:p=bt2020:t=arib-std-b67:m=bt2020nc:npl=203,format=yuv420p10le"
    ffmpeg("-i", tmp_path / "talk.mp4", "-vf", phone, "-c:v", "libx264", *told, tmp_path / "phone.mp4")
    shown = next(iter(read_frames(tmp_path / "phone.mp4"))).mean(axis=(0, 1))
    assert np.abs(shown / shown.sum() - skin[0, 0] / skin[0, 0].sum()).max() < 0.02, shown


def test_film_is_described_as_it_was_written(film: Path) -> None:
    found = open_film(film)
    assert (found.width_px, found.height_px, found.num_frames, found.fps) == (128, 96, 40, FPS)
    assert found.has_sound
    assert found.duration_s == pytest.approx(1.6)


def test_frames_come_in_order_with_their_colours(film: Path) -> None:
    frames = list(read_frames(film))
    written = moving_frames(40)
    assert len(frames) == 40
    assert frames[0].shape == (96, 128, 3)
    assert frames[0].dtype == np.uint8
    brightness = [frame[:, :56].mean() for frame in frames]
    assert brightness == pytest.approx([frame[:, :56].mean() for frame in written], abs=3)


@pytest.mark.parametrize("colour", [(220, 30, 30), (30, 200, 40), (20, 40, 210)])
def test_colours_survive_the_way_into_a_film_and_back(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    encode_clip(tmp_path / "c.mp4", [np.full((64, 64, 3), colour, np.uint8)] * 5, fps=FPS, sound=None)
    assert next(read_frames(tmp_path / "c.mp4")).mean(axis=(0, 1)) == pytest.approx(colour, abs=4)


def test_film_without_sound_says_so(tmp_path: Path) -> None:
    encode_clip(tmp_path / "mute.mp4", moving_frames(5), fps=FPS, sound=None)
    assert not open_film(tmp_path / "mute.mp4").has_sound


def test_rotation_mark_is_applied_to_size_and_frames(tmp_path: Path, film: Path) -> None:
    ffmpeg("-display_rotation", "90", "-i", film, "-c", "copy", tmp_path / "phone.mp4")
    found = open_film(tmp_path / "phone.mp4")
    frame = next(read_frames(tmp_path / "phone.mp4"))
    assert (found.width_px, found.height_px) == (96, 128)
    assert frame.shape == (128, 96, 3)
    upright = next(read_frames(film))
    assert np.abs(frame.astype(int) - np.rot90(upright)).max() == 0


def test_frames_hidden_by_an_edit_list_are_not_missed(tmp_path: Path, film: Path) -> None:
    ffmpeg("-i", film, "-g", "10", tmp_path / "groups.mp4")
    ffmpeg("-ss", "0.7", "-i", tmp_path / "groups.mp4", "-c", "copy", tmp_path / "trimmed.mp4")
    assert open_film(tmp_path / "trimmed.mp4").num_frames == len(list(read_frames(tmp_path / "trimmed.mp4"))) < 40


@pytest.mark.parametrize(
    ("suffix", "arguments"),
    [
        ("mkv", ["-c:v", "libx264"]),
        ("webm", ["-c:v", "libvpx", "-b:v", "300k"]),
        ("avi", ["-c:v", "mpeg4", "-c:a", "mp3"]),
        ("mov", ["-c:v", "mjpeg", "-c:a", "pcm_s16le"]),
        ("ts", ["-c:v", "libx264"]),
        ("mpg", ["-c:v", "mpeg1video", "-bf", "2"]),
    ],
)
def test_other_formats_are_read_whole_and_refused_when_cut(
    tmp_path: Path, film: Path, suffix: str, arguments: list[str]
) -> None:
    path = tmp_path / f"talk.{suffix}"
    ffmpeg("-i", film, *arguments, path)
    assert open_film(path).num_frames == len(list(read_frames(path))) == 40
    for share in (0.4, 0.7):
        with pytest.raises(InputError, match=r"cut\.\w+ is cut off"):
            open_film(cut(path, share))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0.1, 0.99))
@example(share=0.97)  # only sound is missing
def test_mp4_cut_anywhere_is_refused(film: Path, share: float) -> None:
    with pytest.raises(InputError, match="is cut off"):
        open_film(cut(film, share))


def test_mp4_whose_index_is_lost_is_called_cut_off(tmp_path: Path, film: Path) -> None:
    ffmpeg("-i", film, "-c", "copy", tmp_path / "late.mp4")
    with pytest.raises(InputError, match="is cut off: it begins like an mp4 but its index is missing"):
        open_film(cut(tmp_path / "late.mp4", 0.6))


@pytest.mark.needs_shared_data
def test_no_clip_of_grid_is_refused_and_every_cut_one_is(grid: Path, tmp_path: Path) -> None:
    for clip in sorted(grid.glob("*.mpg")):
        assert open_film(clip).num_frames == 75
        data = clip.read_bytes()
        for share in (0.2, 0.5, 0.8, 0.95):
            (tmp_path / clip.name).write_bytes(data[: int(share * len(data))])
            with pytest.raises(InputError, match="is cut off in the middle of frame"):
                open_film(tmp_path / clip.name)


@pytest.mark.parametrize("reader", [open_film, lambda path: next(read_frames(path)), read_sound])
def test_what_is_no_film_is_refused_by_every_reader(tmp_path: Path, reader) -> None:
    (tmp_path / "text.mp4").write_text("this is a letter, not a film\n" * 40)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(InputError, match=r"there is no file .*gone\.mp4: a film"):
        reader(tmp_path / "gone.mp4")
    with pytest.raises(InputError, match="is a folder, but a film"):
        reader(tmp_path)
    with pytest.raises(InputError, match=r"text\.mp4 is not a film or sound that can be read"):
        reader(tmp_path / "text.mp4")
    with pytest.raises(InputError, match=r"empty\.mp4 is empty"):
        reader(tmp_path / "empty.mp4")


def test_sound_without_picture_is_no_film(tmp_path: Path) -> None:
    write_sound(tmp_path / "voice.wav", tone(0.5))
    for reader in (open_film, lambda path: next(read_frames(path))):
        with pytest.raises(InputError, match=r"voice\.wav has sound but no picture"):
            reader(tmp_path / "voice.wav")


@pytest.mark.parametrize(("count", "said"), [(1, "of 1 frame:"), (2, "of 2 frames:")])
def test_film_of_under_three_frames_is_refused(tmp_path: Path, count: int, said: str) -> None:
    encode_clip(tmp_path / "short.mp4", moving_frames(count), fps=FPS, sound=None)
    with pytest.raises(InputError, match=f"is a film {said} at least 3 are needed"):
        open_film(tmp_path / "short.mp4")


def test_film_of_three_frames_is_read(tmp_path: Path) -> None:
    encode_clip(tmp_path / "short.mp4", moving_frames(3), fps=FPS, sound=None)
    assert open_film(tmp_path / "short.mp4").num_frames == 3


def test_varying_frame_rate_is_refused(tmp_path: Path, film: Path) -> None:
    # The last ten frames are shown half a second late.
    ffmpeg("-i", film, "-an", "-vf", "setpts=PTS+gte(N\\,30)*0.5/TB", "-fps_mode", "vfr", tmp_path / "vfr.mp4")
    with pytest.raises(InputError, match="has a varying frame rate"):
        open_film(tmp_path / "vfr.mp4")
