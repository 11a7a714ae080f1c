"""Words of a transcript, and how they are pronounced: dictionary, spelled letters, letters to sounds."""
# ruff: noqa: RUF001 - the letters of the International Phonetic Alphabet look like others

import re
import reprlib
import unicodedata
from collections.abc import Iterable

from lipstudy.errors import InputError
from lipstudy.speech._phones import PAUSE
from lipstudy.speech._synthesis import synthesise

__all__ = ["IPA_OF", "pronounced", "words_in"]

IPA_OF = {
    "SIL": PAUSE,
    **{"AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "EH": "ɛ", "ER": "ɚ", "EY": "eɪ"},
    **{"IH": "ɪ", "IY": "i", "OW": "oʊ", "OY": "ɔɪ", "UH": "ʊ", "UW": "u"},
    **{"B": "b", "CH": "tʃ", "D": "d", "DH": "ð", "F": "f", "G": "ɡ", "HH": "h", "JH": "dʒ", "K": "k", "L": "l"},
    **{"M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t", "TH": "θ", "V": "v"},
    **{"W": "w", "Y": "j", "Z": "z", "ZH": "ʒ"},
}
"""Phones of the CMU dictionary (ARPAbet) in the International Phonetic Alphabet."""

_ARPABET_OF = {ipa: arpabet for arpabet, ipa in IPA_OF.items() if ipa != PAUSE} | {
    **{"a": "AA", "e": "EY", "o": "OW", "ɒ": "AA", "ɐ": "AH", "ə": "AH", "ɜ": "ER", "ɝ": "ER", "ᵻ": "IH", "ɨ": "IH"},
    **{"y": "UW", "ø": "ER", "œ": "EH", "ʉ": "UW", "əl": "AH L", "n̩": "AH N", "l̩": "AH L", "aɪɚ": "AY ER"},
    **{"aɪə": "AY AH", "ɾ": "D", "ʔ": "T", "r": "R", "x": "K", "ç": "HH", "ɬ": "L", "g": "G", "ɲ": "N Y", "c": "K"},
}
"""What espeak-ng says in English, and in names that it takes from other languages."""
_LONGEST = max(map(len, _ARPABET_OF))

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*['’]?\.?", re.UNICODE)
_LETTER = re.compile(r"[a-z]\.")


def words_in(transcript: str) -> tuple[str, ...]:
    """Return the words of a transcript in small letters, without punctuation; a spelled letter may keep its dot ("f.").

    Raises
    ------
    InputError
        If there is none.
    """
    found = (word.lower().replace("’", "'") for word in _WORD.findall(transcript))
    words = tuple(word if _LETTER.fullmatch(word) else word.rstrip(".'") for word in found)
    if not words:
        raise InputError(f"the transcript {reprlib.repr(transcript)} holds no word: give the words that are said")
    return words


def _arpabet_of(symbols: Iterable[str]) -> str | None:
    """Return sounds written in the International Phonetic Alphabet as phones of the CMU dictionary.

    Parameters
    ----------
    symbols : iterable of str
        As espeak-ng writes them; stress, length and pauses are left out.

    Returns
    -------
    str or None
        Phones with a space between; None if a sound has no counterpart, or there is none.
    """
    phones: list[str] = []
    for symbol in symbols:
        rest = symbol.translate(dict.fromkeys(map(ord, "ˈˌːʲ\u0303" + PAUSE)))
        while rest:
            length = next((n for n in range(_LONGEST, 0, -1) if rest[:n] in _ARPABET_OF), 0)
            if not length:
                return None
            phones += _ARPABET_OF[rest[:length]].split()
            rest = rest[length:]
    return " ".join(phones) or None


def pronounced(word: str) -> str:
    """Return how espeak-ng pronounces a word that is in no dictionary, in phones of the CMU dictionary.

    Raises
    ------
    InputError
        Naming the word, if it cannot be pronounced.
    """
    # espeak-ng would name the letters of another script one by one ("Chinese letter").
    if any(letter.isalpha() and not unicodedata.name(letter, "").startswith("LATIN") for letter in word):
        raise InputError(
            f"the word '{word}' of the transcript is not in Latin letters: English is aligned here, so align other"
            " languages elsewhere and give the phones as a Praat TextGrid"
        )
    try:
        symbols = [phone.symbol for phone in synthesise(word).phones]
    except InputError as error:
        raise InputError(f"the word '{word}' of the transcript cannot be pronounced: spell it as it sounds") from error
    phones = _arpabet_of(symbols)
    if phones is None:
        raise InputError(
            f"the word '{word}' of the transcript is pronounced {''.join(symbols).strip(PAUSE)}, which English has no"
            " sounds for: spell it as an English reader would say it"
        )
    return phones
