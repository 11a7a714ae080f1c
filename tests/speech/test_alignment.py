"""Forced alignment against the corpus's own word times."""
# ruff: noqa: RUF001 - the letters of the International Phonetic Alphabet look like others

from pathlib import Path

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.media import Sound, read_sound
from lipstudy.speech import PAUSE, align_transcript, check_tiling

pytest.importorskip("pocketsphinx")


@pytest.mark.needs_shared_data
def test_phones_of_a_known_sentence_fall_into_the_words_of_the_corpus(grid: Path) -> None:
    sound = read_sound(grid / "bbaf2n.mpg", sr=16000)
    phones = align_transcript(sound, ["bin", "blue", "at", "f.", "two", "now"])
    check_tiling(phones)
    assert phones[-1].end_s == pytest.approx(sound.duration_s)
    symbols = [phone.symbol for phone in phones]
    assert symbols == [PAUSE, "b", "ɪ", "n", "b", "l", "u", "æ", "t", "ɛ", "f", "t", "u", "n", "aʊ", PAUSE]
    words = [line.split() for line in (grid / "bbaf2n.align").read_text().splitlines()]
    starts_s = [int(start) / 25000 for start, _, word in words if word != "sil"]
    first_phones = [phones[i].start_s for i in (1, 4, 7, 9, 11, 13)]
    np.testing.assert_allclose(first_phones, starts_s, atol=0.06)


def test_a_word_outside_the_dictionary_is_told() -> None:
    with pytest.raises(InputError, match="'bin xqzzy' cannot be aligned"):
        align_transcript(Sound(np.zeros(16000, np.float32), 16000), ["bin", "xqzzy"])


@pytest.mark.parametrize("seconds", [0.0, 0.1, 1.0])
def test_words_that_nobody_said_are_told(seconds: float) -> None:
    with pytest.raises(InputError, match="do not fit the sound"):
        align_transcript(Sound(np.zeros(int(16000 * seconds), np.float32), 16000), ["bin", "blue", "again"])


def test_another_sampling_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="must be 16000, got 44100"):
        align_transcript(Sound(np.zeros(44100, np.float32), 44100), ["bin"])
