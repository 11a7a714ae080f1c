"""When the words of a known transcript were said."""
# ruff: noqa: RUF001 - the letters of the International Phonetic Alphabet look like others

from collections.abc import Sequence
from typing import Any

import numpy as np

from lipstudy.errors import InputError
from lipstudy.media import Sound
from lipstudy.speech._phones import PAUSE, Phone

__all__ = ["align_transcript"]

_SR = 16000
_FRAME_S = 0.01

_IPA = {
    "SIL": PAUSE,
    **{"AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "EH": "ɛ", "ER": "ɚ", "EY": "eɪ"},
    **{"IH": "ɪ", "IY": "i", "OW": "oʊ", "OY": "ɔɪ", "UH": "ʊ", "UW": "u"},
    **{"B": "b", "CH": "tʃ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "dʒ", "K": "k", "L": "l"},
    **{"M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v"},
    **{"W": "w", "Y": "j", "Z": "z", "ZH": "ʒ"},
}
"""The recogniser's phones (CMU dictionary) in the International Phonetic Alphabet."""


def align_transcript(sound: Sound, words: Sequence[str]) -> tuple[Phone, ...]:
    """Find when the phones of known English words were said (forced alignment with PocketSphinx).

    Parameters
    ----------
    sound : Sound
        16 kHz speech.
    words : sequence of str
        What is said, each as the CMU dictionary spells it ("f." is the letter).

    Returns
    -------
    tuple of Phone
        Phones and pauses from 0 to the end of the sound, in steps of 10 ms.

    Raises
    ------
    InputError
        If PocketSphinx is not installed, a word is not in its dictionary, or the words do not fit the sound.
    """
    if sound.sr != _SR:
        raise ValueError(f"sound.sr must be {_SR}, got {sound.sr}")
    try:
        from pocketsphinx import Decoder
    except ImportError as error:
        raise InputError("aligning speech needs PocketSphinx: install it with pip install 'lipstudy[train]'") from error
    pcm = (np.clip(sound.samples, -1, 1) * 32767).astype("<i2").tobytes()
    decoder = Decoder(lm=None, loglevel="FATAL")
    text = " ".join(words)
    try:
        decoder.set_align_text(text)
        _decode(decoder, pcm)
        if decoder.hyp() is None:
            raise InputError(f"the words '{text}' do not fit the sound: check the transcript")
        decoder.set_alignment()
        _decode(decoder, pcm)
    except RuntimeError as error:
        raise InputError(f"the words '{text}' cannot be aligned: is each in the CMU dictionary?") from error
    found = [(_IPA[phone.name], phone.start * _FRAME_S) for word in decoder.get_alignment() for phone in word]
    ends_s = [*(start_s for _, start_s in found[1:]), sound.duration_s]
    phones: list[Phone] = []
    for (symbol, start_s), end_s in zip(found, ends_s, strict=True):
        if phones and symbol == phones[-1].symbol == PAUSE:
            phones[-1] = Phone(PAUSE, phones[-1].start_s, end_s)
        else:
            phones.append(Phone(symbol, start_s, end_s))
    return tuple(phones)


def _decode(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    if pcm:
        decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
