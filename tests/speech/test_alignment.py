"""Forced alignment against the corpus's own word times, and transcripts that do not fit."""
# ruff: noqa: RUF001 - the letters of the International Phonetic Alphabet look like others

from pathlib import Path

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.media import Sound, read_sound
from lipstudy.speech import PAUSE, Speech, align_speech, check_tiling, synthesise


def starts_of(path: Path) -> list[float]:
    lines = [line.split() for line in path.read_text().splitlines()]
    return [int(start) / 25000 for start, _, word in lines if word not in ("sil", "sp")]


@pytest.mark.needs_shared_data
def test_phones_of_a_known_sentence_fall_into_the_words_of_the_corpus(grid: Path) -> None:
    speech = Speech.of_file(grid / "bbaf2n.mpg")
    alignment = align_speech(speech, "Bin blue at F two now.")
    check_tiling(alignment.phones)
    assert alignment.phones[-1].end_s == pytest.approx(speech.duration_s)
    symbols = [phone.symbol for phone in alignment.phones]
    assert symbols == [PAUSE, "b", "ɪ", "n", "b", "l", "u", "æ", "t", "ɛ", "f", "t", "u", "n", "aʊ", PAUSE]
    starts_s = [word.start_s for word in alignment.words]
    np.testing.assert_allclose(starts_s, starts_of(grid / "bbaf2n.align"), atol=0.06)
    assert not alignment.doubts()


@pytest.mark.needs_shared_data
@pytest.mark.parametrize("said", ["bin blue at f two now", "lay red with p nine again", "set blue in a one again"])
def test_only_the_words_that_were_said_pass_without_a_doubt(grid: Path, said: str) -> None:
    clips = {
        "bin blue at f two now": "bbaf2n",
        "lay red with p nine again": "lrwp9a",
        "set blue in a one again": "sbia1a",
    }
    for words, clip in clips.items():
        speech = Speech.of_file(grid / f"{clip}.mpg")
        if words == said:
            assert not align_speech(speech, words).doubts()
            continue
        told = align_speech(speech, said).doubts()[-1]
        assert "do not fit the speech" in told
        assert any(f"'{word}' at" in told for word in said.split())


@pytest.mark.needs_shared_data
def test_one_word_that_was_not_said_is_named(grid: Path) -> None:
    alignment = align_speech(Speech.of_file(grid / "lrwp9a.mpg"), "lay red with p nine music")
    assert [word.word for word in alignment.misfits] == ["music"]
    assert "'music' at" in alignment.doubts()[-1]


@pytest.mark.needs_shared_data
@pytest.mark.slow
def test_a_long_recording_is_aligned_phrase_by_phrase(grid: Path) -> None:
    clips = {"bbaf2n": "bin blue at f two now", "lrwp9a": "lay red with p nine again"}
    sounds = {clip: read_sound(grid / f"{clip}.mpg", sr=16000).samples for clip in clips}
    order = list(clips) * 14
    sound = Sound(np.concatenate([sounds[clip] for clip in order]), 16000)
    assert sound.duration_s > 80
    alignment = align_speech(Speech.of_sound(sound), " ".join(clips[clip] for clip in order))
    check_tiling(alignment.phones)
    begins_s = np.cumsum([0, *(len(sounds[clip]) / 16000 for clip in order[:-1])])
    expected_s = [
        begin + s for begin, clip in zip(begins_s, order, strict=True) for s in starts_of(grid / f"{clip}.align")
    ]
    errors_s = np.abs(np.array([word.start_s for word in alignment.words]) - expected_s)
    assert np.median(errors_s) < 0.04
    assert errors_s.max() < 0.2


def test_a_word_outside_the_dictionary_is_pronounced_and_told() -> None:
    sound = synthesise("the blicket sat on a gorp").sound
    alignment = align_speech(Speech.of_sound(sound), "the blicket sat on a gorp")
    assert alignment.guessed == ("blicket", "gorp")
    assert alignment.doubts()[0].startswith("'blicket', 'gorp' are in no dictionary: the pronunciation is a guess")
    symbols = "".join(phone.symbol for phone in alignment.phones)
    assert "blɪkɪt" in symbols
    assert "ɡɔɹp" in symbols


@pytest.mark.needs_shared_data
def test_figures_and_letters_are_words(grid: Path) -> None:
    alignment = align_speech(Speech.of_file(grid / "lrwp9a.mpg"), "Lay red, with P 9 again!")
    assert "".join(phone.symbol for phone in alignment.phones).startswith("_leɪɹɛdwɪθpinaɪn")


def test_a_word_from_another_language_gets_english_sounds() -> None:
    sound = synthesise("a croissant and a fjord").sound
    symbols = "".join(phone.symbol for phone in align_speech(Speech.of_sound(sound), "a croissant and a fjord").phones)
    assert "kɹwɑsɑn" in symbols or "kwɑsɑ" in symbols


@pytest.mark.parametrize("transcript", ["", " ", "...", "!?", "?!" * 10_000])
def test_a_transcript_without_words_is_refused(transcript: str) -> None:
    with pytest.raises(InputError, match=r"^the transcript .{2,32} holds no word"):
        align_speech(Speech.of_sound(Sound(np.zeros(16000, np.float32), 16000)), transcript)


@pytest.mark.parametrize("transcript", ["bin blue привет", "你好世界"])
def test_a_word_of_another_script_is_refused_not_spelled(transcript: str) -> None:
    word = transcript.split()[-1]
    with pytest.raises(InputError, match=f"the word '{word}' of the transcript is not in Latin letters"):
        align_speech(Speech.of_sound(Sound(np.zeros(16000, np.float32), 16000)), transcript)


def test_more_words_than_fit_into_the_time_are_refused_with_the_first_that_is_not_found() -> None:
    silence = Speech.of_sound(Sound(np.zeros(1600, np.float32), 16000))
    with pytest.raises(InputError, match=r"does not fit the speech: '\w+' \(word \d of 3\) is not"):
        align_speech(silence, "bin blue again")


def test_words_that_nobody_said_are_told() -> None:
    silence = Speech.of_sound(Sound(np.zeros(16000, np.float32), 16000))
    assert "words that do not fit the speech: 'bin' at" in align_speech(silence, "bin blue again").doubts()[-1]


@pytest.mark.parametrize("voice", ["en-gb-scotland", "en-gb-x-rp"])
def test_right_words_in_an_unusual_voice_are_placed(voice: str) -> None:
    said = synthesise("they walked home through the quiet forest to buy more", voice=voice)
    alignment = align_speech(Speech.of_sound(said.sound), said.text)
    middles_s = [
        [(p.start_s + p.end_s) / 2 for p in phones if p.symbol in ("b", "m", "p")]
        for phones in (alignment.phones, said.phones)
    ]
    np.testing.assert_allclose(*middles_s, atol=0.06)
