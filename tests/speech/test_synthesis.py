"""Speech from text: phones that tile the sound, the same samples every time, and mistakes told."""
# ruff: noqa: RUF001 - the letters of the International Phonetic Alphabet look like others

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.speech import PAUSE, Phone, check_tiling, synthesise

SENTENCE = "Bob bought five more blue pots, happy people."


@pytest.mark.parametrize("rate_wpm", [80, 160, 260, 400])
@pytest.mark.parametrize("voice", ["en-us", "de", "ru"])
def test_phones_cover_the_sound_without_gap(voice: str, rate_wpm: int) -> None:
    utterance = synthesise(SENTENCE, voice=voice, rate_wpm=rate_wpm)
    check_tiling(utterance.phones)
    assert utterance.phones[0].start_s == 0
    assert utterance.phones[-1].end_s == pytest.approx(utterance.sound.duration_s, abs=1e-9)
    assert utterance.phones[0].symbol == utterance.phones[-1].symbol == PAUSE


def test_the_phones_are_those_of_the_text() -> None:
    symbols = [phone.symbol.strip("ˈˌ") for phone in synthesise("Bob bought five more").phones]
    assert symbols == [PAUSE, "b", "ɑː", "b", "b", "ɔː", "t", "f", "aɪ", "v", "m", "ɔːɹ", PAUSE]


def test_pauses_are_silent_and_vowels_are_not() -> None:
    utterance = synthesise("Papa, mama.")
    for phone in utterance.phones:
        first, last = (round(time_s * utterance.sound.sr) for time_s in (phone.start_s, phone.end_s))
        level = np.sqrt(np.mean(utterance.sound.samples[first:last] ** 2))
        if phone.symbol == PAUSE:
            assert level < 0.01
        elif phone.symbol.strip("ˈˌ") in ("ɑː", "ə"):
            assert level > 0.03


def test_the_closure_of_a_plosive_is_its_own() -> None:
    utterance = synthesise("a copy")
    plosive = next(phone for phone in utterance.phones if phone.symbol == "p")
    sr = utterance.sound.sr
    begin = utterance.sound.samples[round(plosive.start_s * sr) :][: int(0.02 * sr)]
    assert plosive.duration_s > 0.05
    assert not begin.any()


def test_the_same_text_gives_the_same_samples_whatever_was_spoken_before() -> None:
    first = synthesise(SENTENCE)
    synthesise("Ganz etwas anderes", voice="de", rate_wpm=250)
    again = synthesise(SENTENCE)
    assert first.sound.samples.tobytes() == again.sound.samples.tobytes()
    assert first.phones == again.phones


def test_a_higher_rate_is_shorter() -> None:
    durations = [synthesise(SENTENCE, rate_wpm=rate).sound.duration_s for rate in (100, 160, 260)]
    assert durations[0] > 1.3 * durations[1] > 1.3 * 1.3 * durations[2]


def test_white_space_does_not_matter() -> None:
    spaced, plain = synthesise(" one\n two\t"), synthesise("one two")
    assert spaced.text == plain.text == "one two"
    assert spaced.phones == plain.phones


def test_markup_and_phonetic_codes_are_read_as_text() -> None:
    plain = len(synthesise("hi").phones)
    assert len(synthesise("<speak>hi</speak>").phones) > plain + 5
    assert len(synthesise("[[h'aI]] there").phones) > len(synthesise("there").phones) + 3


def test_every_voice_that_is_offered_speaks() -> None:
    for voice in ("en-gb", "fr-fr", "es-mx", "pt-pt"):
        assert len(synthesise("ma pa ba", voice=voice).phones) > 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": ""}, "the text is empty"),
        ({"text": " \n "}, "the text is empty"),
        ({"text": "..."}, "nothing that can be spoken"),
        ({"text": "a\x01b"}, r"U\+0001 at character 2"),
        ({"text": "a\ud800"}, r"U\+D800"),
        ({"text": "hi", "voice": "en-su"}, "did you mean 'en-us'"),
        ({"text": "hi", "voice": "../../etc/passwd"}, "is unknown"),
        ({"text": "hi", "voice": ""}, "is unknown"),
        ({"text": "hi", "rate_wpm": 30}, "80 to 400"),
    ],
)
def test_mistakes_are_told(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        synthesise(**arguments)


@settings(max_examples=15, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_any_text_is_spoken_or_refused(text: str) -> None:
    try:
        utterance = synthesise(text)
    except InputError:
        return
    check_tiling(utterance.phones)
    assert utterance.phones[-1].end_s == pytest.approx(utterance.sound.duration_s, abs=1e-9)


def test_a_gap_between_phones_is_refused() -> None:
    with pytest.raises(ValueError, match="'b' begins at"):
        check_tiling([Phone("a", 0, 0.1), Phone("b", 0.2, 0.3)])


def test_a_phone_must_last() -> None:
    with pytest.raises(ValueError, match="must end after it begins"):
        Phone("a", 0.2, 0.2)
