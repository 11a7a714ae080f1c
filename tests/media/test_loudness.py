"""Clips are equally loud, and nothing clips for it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.media import MAX_TRUE_PEAK_DBTP, Sound, at_loudness, loudness_lufs, true_peak_dbtp

SR = 48000


def tone(level_db: float, *, hz: float = 997.0, duration_s: float = 1.0, sr: int = SR) -> Sound:
    times_s = np.arange(round(duration_s * sr)) / sr
    return Sound((10 ** (level_db / 20) * np.sin(2 * np.pi * hz * times_s)).astype(np.float32), sr)


def test_a_tone_of_997_hz_at_minus_20_db_has_the_loudness_that_the_standard_gives() -> None:
    # BS.1770: a full-scale sine of 997 Hz in one channel is -3.01 LUFS.
    assert loudness_lufs(tone(-20)) == pytest.approx(-23.01, abs=0.05)


def test_a_peak_between_two_samples_is_seen() -> None:
    # A quarter of the sampling rate, 45 degrees on: every sample is 3 dB under the crest.
    times = np.arange(SR)
    sound = Sound(np.sin(2 * np.pi * times / 4 + np.pi / 4).astype(np.float32), SR)
    assert 20 * math.log10(np.abs(sound.samples).max()) == pytest.approx(-3.01, abs=0.01)
    assert true_peak_dbtp(sound) == pytest.approx(0, abs=0.4)


@given(level_db=st.floats(-40, -6), lufs=st.floats(-40, -12))
def test_the_loudness_wanted_is_reached_by_a_gain_alone(level_db: float, lufs: float) -> None:
    sound = tone(level_db, duration_s=0.5)
    louder = at_loudness(sound, lufs=lufs, what="a tone")
    assert loudness_lufs(louder) == pytest.approx(lufs, abs=0.01)
    np.testing.assert_allclose(
        louder.samples / np.abs(louder.samples).max(), sound.samples / np.abs(sound.samples).max(), atol=1e-5
    )


@pytest.mark.parametrize("duration_s", [0.02, 0.2, 0.41])
def test_short_speech_has_a_loudness(duration_s: float) -> None:
    assert loudness_lufs(tone(-20, duration_s=duration_s)) == pytest.approx(-23, abs=2)


def test_silence_stays_silence() -> None:
    silence = Sound(np.zeros(SR, np.float32), SR)
    assert loudness_lufs(silence) == true_peak_dbtp(silence) == -math.inf
    assert at_loudness(silence, lufs=-23, what="silence") == silence


def test_speech_that_would_clip_is_told_with_the_loudness_that_it_can_have() -> None:
    click = tone(-40)
    click.samples[1000] = 0.9
    with pytest.raises(
        InputError, match=r"a\.wav would peak at \+\d+\.\d dBTP .* set 'loudness_lufs: -(\d+\.?\d*)'"
    ) as told:
        at_loudness(click, lufs=-23, what="a.wav")
    possible = -float(str(told.value).rpartition("-")[2].rstrip("'").split("'")[0])
    assert true_peak_dbtp(at_loudness(click, lufs=possible, what="a.wav")) <= MAX_TRUE_PEAK_DBTP
