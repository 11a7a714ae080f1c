"""What a neural model hears."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.models import feature_blocks, features

_RNG = np.random.default_rng(5)
_SOUND = (0.1 * _RNG.standard_normal(16000 * 27) * (1 + np.sin(np.arange(16000 * 27) / 4000))).astype(np.float32)
_AT_ONCE = features(_SOUND)


@settings(max_examples=8, deadline=None)
@given(st.integers(100, 300_000))
def test_pieces_of_any_length_give_the_same_numbers_bit_for_bit(piece: int) -> None:
    pieces = (_SOUND[start : start + piece] for start in range(0, len(_SOUND), piece))
    assert np.array_equal(np.concatenate(list(feature_blocks(pieces))), _AT_ONCE)


def test_there_are_a_hundred_frames_a_second_of_finite_numbers() -> None:
    assert _AT_ONCE.shape == (2701, 25)
    assert np.isfinite(_AT_ONCE).all()
    assert features(_SOUND[:1]).shape == (1, 25)


def test_loudness_and_colour_of_the_recording_are_taken_away() -> None:
    quiet = features(_SOUND / 10)
    assert np.abs(quiet - _AT_ONCE).max() < 0.05
    coloured = features(np.convolve(_SOUND, [1, -0.7], "same").astype(np.float32))
    assert np.abs(coloured - _AT_ONCE).mean() < 0.3  # the filter alone changes the bands by up to 3.6


def test_pauses_of_any_depth_are_heard_alike() -> None:
    pause = np.zeros(16000 * 2, np.float32)
    hiss = 1e-5 * _RNG.standard_normal(len(pause)).astype(np.float32)
    silent = features(np.concatenate([pause, _SOUND[:48000], pause]))
    hissing = features(np.concatenate([hiss, _SOUND[:48000], hiss]))
    assert np.abs(silent[220:480] - hissing[220:480]).max() < 0.2


def test_samples_that_are_not_numbers_are_refused() -> None:
    spoilt = _SOUND[:8000].copy()
    spoilt[77] = np.nan
    with pytest.raises(InputError, match="not numbers"):
        features(spoilt)
