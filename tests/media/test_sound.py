"""Sound is read at its own time and level."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lipstudy.errors import InputError, OutputError
from lipstudy.media import Sound, check_sound, encode_clip, read_sound, sound_blocks, write_sound

SR = 16000


def click_at(time_s: float, *, duration_s: float = 1.0, sr: int = SR) -> Sound:
    samples = np.zeros(round(duration_s * sr), np.float32)
    samples[round(time_s * sr)] = 0.9
    return Sound(samples, sr)


def peak_s(sound: Sound) -> float:
    return int(np.abs(sound.samples).argmax()) / sound.sr


def test_wav_comes_back_to_sixteen_bits(tmp_path: Path) -> None:
    samples = np.random.default_rng(1).uniform(-1, 1, 4000).astype(np.float32)
    write_sound(tmp_path / "a.wav", Sound(samples, SR))
    back = read_sound(tmp_path / "a.wav")
    assert back.sr == SR
    assert back.duration_s == pytest.approx(0.25)
    assert np.abs(back.samples - samples).max() <= 2**-15


def test_beyond_full_scale_nothing_is_clipped_or_wrapped(tmp_path: Path) -> None:
    write_sound(tmp_path / "loud.wav", Sound(np.array([1.7, -1.7, 0], np.float32), SR))
    assert read_sound(tmp_path / "loud.wav").samples == pytest.approx([1.7, -1.7, 0])


def test_resampling_keeps_duration_and_time(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", click_at(0.4, sr=44100))
    for sr in (8000, 16000, 48000):
        back = read_sound(tmp_path / "a.wav", sr=sr)
        assert back.sr == sr
        assert back.duration_s == pytest.approx(1.0, abs=0.002)
        assert peak_s(back) == pytest.approx(0.4, abs=0.001)


def test_channels_are_averaged(tmp_path: Path) -> None:
    same = np.full((2000, 2), 0.8)
    soundfile.write(tmp_path / "same.wav", same, SR)
    soundfile.write(tmp_path / "opposite.wav", same * [1, -1], SR)
    assert read_sound(tmp_path / "same.wav").samples == pytest.approx(0.8, abs=1e-4)
    for read in (read_sound, check_sound):
        with pytest.raises(InputError, match=r"the channels of .*opposite\.wav are in opposite phase"):
            read(tmp_path / "opposite.wav")


@pytest.mark.parametrize("silent", [0, 5])
def test_channels_of_different_recordings_and_silent_ones_are_mixed(tmp_path: Path, silent: int) -> None:
    different = np.random.default_rng(1).uniform(-0.5, 0.5, (4000, 2))
    soundfile.write(tmp_path / "room.wav", np.pad(different, [(0, 0), (0, silent)]), SR)
    mixed = read_sound(tmp_path / "room.wav").samples
    assert mixed == pytest.approx(different.sum(axis=1) / (2 + silent), abs=1e-4)
    soundfile.write(tmp_path / "silent.wav", np.zeros((4000, 2)), SR)
    assert not read_sound(tmp_path / "silent.wav").samples.any()


@pytest.mark.parametrize("ending", ["wav", "rf64", "aiff", "au"])
def test_sound_that_was_cut_off_is_told_with_what_is_there(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"talk.{ending}"
    soundfile.write(path, click_at(0.1, duration_s=3).samples, SR, format=ending.upper())
    assert read_sound(path).duration_s == 3
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    for read in (read_sound, check_sound):
        with pytest.raises(InputError, match=r"talk\..* is cut off after 1\.50 of 3\.00 s: copy or download it again"):
            read(path)


def test_flac_that_was_cut_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "talk.flac"
    soundfile.write(path, np.random.default_rng(1).uniform(-0.5, 0.5, 48000), SR)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"talk\.flac is (damaged or cut off|cut off after 1\..* s): copy or download"):
        read_sound(path)


@pytest.mark.parametrize("length", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_sound_whose_writer_did_not_know_its_length_is_read(tmp_path: Path, length: int) -> None:
    write_sound(tmp_path / "talk.wav", click_at(0.1))
    written = (tmp_path / "talk.wav").read_bytes()
    place = written.index(b"data") + 4
    (tmp_path / "talk.wav").write_bytes(written[:place] + length.to_bytes(4, "little") + written[place + 4 :])
    assert read_sound(tmp_path / "talk.wav").duration_s == 1


@pytest.mark.parametrize("late_s", [0.2, -0.2])
def test_sample_zero_belongs_to_the_first_frame(tmp_path: Path, late_s: float) -> None:
    from imageio_ffmpeg import get_ffmpeg_exe

    encode_clip(tmp_path / "t.mp4", [np.zeros((64, 64, 3), np.uint8)] * 25, fps=25, sound=click_at(0.5))
    film, moved = str(tmp_path / "t.mp4"), str(tmp_path / "moved.mkv")
    shift = ["-itsoffset", str(late_s), "-i", film, "-map", "0:v", "-map", "1:a", "-c", "copy", moved]
    subprocess.run([get_ffmpeg_exe(), "-v", "error", "-i", film, *shift], check=True)
    assert peak_s(read_sound(tmp_path / "t.mp4")) == pytest.approx(0.5, abs=0.002)
    assert peak_s(read_sound(moved)) == pytest.approx(0.5 + late_s, abs=0.003)


def test_film_without_sound_is_refused(tmp_path: Path) -> None:
    encode_clip(tmp_path / "mute.mp4", [np.zeros((64, 64, 3), np.uint8)] * 5, fps=25, sound=None)
    with pytest.raises(InputError, match=r"mute\.mp4 has no sound"):
        read_sound(tmp_path / "mute.mp4")


@pytest.mark.needs_shared_data
def test_sound_of_grid_is_as_long_as_its_picture_and_in_range(grid: Path) -> None:
    for clip in sorted(grid.glob("*.mpg")):
        sound = read_sound(clip, sr=SR)
        assert sound.duration_s == pytest.approx(3.0, abs=0.04)
        assert 0.1 < np.abs(sound.samples).max() < 1.1


def test_folder_that_is_a_file_cannot_be_written_into(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        write_sound(tmp_path / "file" / "a.wav", click_at(0.1))


@pytest.mark.parametrize(
    ("samples", "sr", "said"),
    [(np.zeros((4, 2), np.float32), SR, "shape"), (np.zeros(4), SR, "float64"), (np.zeros(4, np.float32), 0, "sr")],
)
def test_sound_checks_what_it_is_given(samples: np.ndarray, sr: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Sound(samples, sr)


def test_blocks_joined_are_the_whole_sound(tmp_path: Path) -> None:
    samples = np.random.default_rng(5).uniform(-0.9, 0.9, 50000).astype(np.float32)
    write_sound(tmp_path / "talk.wav", Sound(samples, 22050))
    for sr, block_s in ((22050, 0.5), (16000, 0.7), (16000, 60.0)):
        blocks = list(sound_blocks(tmp_path / "talk.wav", sr=sr, block_s=block_s))
        assert {len(block) for block in blocks[:-1]} <= {round(sr * block_s)}
        assert np.array_equal(np.concatenate(blocks), read_sound(tmp_path / "talk.wav", sr=sr).samples)


def test_peaks_that_were_cut_off_are_counted(tmp_path: Path) -> None:
    samples = np.sin(np.linspace(0, 400, 16000)).astype(np.float32)
    write_sound(tmp_path / "full.wav", Sound(0.98 * samples, 16000))
    write_sound(tmp_path / "beyond.wav", Sound(2 * samples, 16000))  # float holds what 16 bits do not
    assert check_sound(tmp_path / "full.wav").clipped_share == 0
    assert check_sound(tmp_path / "beyond.wav").clipped_share == 0
    for subtype in ("PCM_16", "FLOAT"):
        soundfile.write(tmp_path / "cut.wav", np.clip(2 * samples, -1, 1), 16000, subtype=subtype)
        cut = check_sound(tmp_path / "cut.wav")
        assert cut.clipped_share == pytest.approx(2 / 3, abs=0.02)  # |sin| is over a half for two thirds of the time
        assert (cut.sr, cut.duration_s) == (16000, 1)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_told_with_their_place(tmp_path: Path, wrong: float) -> None:
    samples = np.zeros(48000, np.float32)
    samples[40000] = wrong
    soundfile.write(tmp_path / "talk.wav", samples, 16000, subtype="FLOAT")
    for read in (read_sound, check_sound):
        with pytest.raises(InputError, match=r"talk\.wav holds samples that are not numbers, the first 2\.\d s after"):
            read(tmp_path / "talk.wav")
