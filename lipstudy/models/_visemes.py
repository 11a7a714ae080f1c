"""Visemes: classes of speech sounds that look alike on the lips, and which sound is in which.

The classes follow the groups that lip-readers confuse (Fisher 1968; Woodward & Barber 1960) in the finer cut of the
MPEG-4 standard (ISO/IEC 14496-2: p-b-m, f-v, th, t-d, k-g, ch-j-sh, s-z, n-l, r, and vowels by opening and rounding).
Two departures: n and l stay with t and d, as on the lips they differ less than any one of them by its neighbours, and
the rounded glide w is a class of its own.
"""
# ruff: noqa: RUF001 - the letters of the International Phonetic Alphabet look like others

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from lipstudy.speech import PAUSE, Phone

__all__ = ["VISEMES", "Segment", "Viseme", "segments_of"]

Viseme = Literal[
    "rest",
    "bilabial",
    "labiodental",
    "dental",
    "alveolar",
    "sibilant",
    "postalveolar",
    "dorsal",
    "rhotic",
    "rounded glide",
    "open",
    "mid",
    "close",
    "rounded mid",
    "rounded close",
]

VISEMES: tuple[Viseme, ...] = get_args(Viseme)
"""All classes, in the order of the rows of the model's targets."""

_LETTERS: dict[Viseme, str] = {
    "bilabial": "pbmɓʙ",
    "labiodental": "fvɱʋⱱɸβ",
    "dental": "θð",
    "alveolar": "tdnlrɾɽɬɮɫʈɖɳɭɗɺ",
    "sibilant": "sz",
    "postalveolar": "ʃʒʂʐɕʑ",
    "dorsal": "kgɡŋxɣqɢɴχʁʀħʕhɦʔcɟçʝɲʎɰʟɠʛɧ",
    "rhotic": "ɹɻɚɝ",
    "rounded glide": "wʍɥ",
    "open": "aɑæɐɶ",
    "mid": "eɛəʌɜɘɤ",
    "close": "iɪjɨɯᵻ",
    "rounded mid": "oɔɒɵœøɞ",
    "rounded close": "uʊyʏʉᵿ",
}
"""Letters of the International Phonetic Alphabet -> class. GRID film holds at least one sound of every class; sounds
that it does not hold take the shape of their class: ʃ and ʒ that of the second half of dʒ, ɔɪ the rounded ɔ of "four"
and then ɪ, ŋ that of k and g, front rounded vowels that of back ones, sounds of the throat (h, ʔ) that of k."""

_VISEME_OF = {letter: viseme for viseme, letters in _LETTERS.items() for letter in letters}


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time with one viseme."""

    viseme: Viseme
    """The class."""
    start_s: float
    """Begin in seconds."""
    end_s: float
    """End in seconds."""


def segments_of(phones: Sequence[Phone]) -> tuple[Segment, ...]:
    """Return the visemes of `phones` in time.

    A phone written with several letters (the diphthong aɪ, the affricate tʃ) is one segment a letter, of equal
    length. Marks (stress, length, tone) and unknown letters have no viseme; their time is left to their neighbours.
    """
    segments = []
    for phone in phones:
        visemes: list[Viseme] = (
            ["rest"] if phone.symbol == PAUSE else [_VISEME_OF[x] for x in phone.symbol if x in _VISEME_OF]
        )
        share_s = phone.duration_s / max(len(visemes), 1)
        for number, viseme in enumerate(visemes):
            start_s = phone.start_s + number * share_s
            segments.append(Segment(viseme, start_s, start_s + share_s))
    return tuple(segments)
