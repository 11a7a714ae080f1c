"""Speech from text, with the times of its phones."""
# ruff: noqa: RUF001 - the letters of the International Phonetic Alphabet look like others

import json
import reprlib
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError, nearest_name
from lipstudy.media import Sound
from lipstudy.speech._phones import PAUSE, Phone

__all__ = ["Utterance", "synthesise"]

_RATES_WPM = (80, 400)  # at 450 espeak-ng shortens the finished sound and its phone times no longer fit
_REST_S = 0.25
"""Silence before and after the speech, in which the lips leave their rest and come back to it."""
_CLOSURE_AT_MOST_S = 0.12
"""A longer silence before a plosive is a pause and not its closure."""
_TIMEOUT_S = 120
"""A long text takes seconds: only a process that hangs takes this long."""
_PLOSIVES = frozenset("pbtdkgɡqɢʔcɟʈɖ")
_MARKS = "ˈˌ"


@dataclass(frozen=True, slots=True)
class Utterance:
    """A spoken text and what is said when."""

    text: str
    """The text, with single spaces."""
    sound: Sound
    """The speech."""
    phones: tuple[Phone, ...]
    """Phones and pauses in order; the first begins at 0, each begins where the one before ends, the last ends with
    the sound."""
    voice: str
    """Language of the synthetic voice, for instance "en-us"."""
    rate_wpm: int
    """Nominal speaking rate in words per minute."""


def synthesise(text: str, *, voice: str = "en-us", rate_wpm: int = 160) -> Utterance:
    """Speak a text with espeak-ng.

    A quarter of a second of silence stands before and after the speech, so that lips can leave their rest and come
    back to it. The same text, voice and rate give the same samples, bit for bit, on one machine.

    Parameters
    ----------
    text : str
        What to say: plain text. Markup and phonetic codes in it are read as text.
    voice : str
        Language of the voice as espeak-ng names it: "en-us", "en-gb", "de", ...
    rate_wpm : int, 80 to 400
        Speaking rate in words per minute.

    Returns
    -------
    Utterance
        22.05 kHz speech and its phones in the International Phonetic Alphabet. The closure of a plosive, silent in
        the sound, belongs to the plosive.

    Raises
    ------
    InputError
        If the text is empty, holds nothing that can be spoken or a control character, or voice or rate are unknown.
    """
    text = _plain_text(text)
    if not _RATES_WPM[0] <= rate_wpm <= _RATES_WPM[1]:
        raise InputError(
            f"the rate {rate_wpm} words per minute cannot be spoken: it must be {_RATES_WPM[0]} to {_RATES_WPM[1]}"
        )
    answer, samples = _run_espeak(text, voice=voice, rate_wpm=rate_wpm)
    if answer["phones"] is None:
        raise InputError(
            f"the voice {voice!r} is unknown{nearest_name(voice, answer['voices'])}: "
            f"espeak-ng speaks {', '.join(answer['voices'])}"
        )
    sr = answer["sr"]
    spans = _spans(answer["phones"], samples, sr=sr)
    if all(symbol == PAUSE for symbol, _, _ in spans):
        raise InputError(f"the text {reprlib.repr(text)} holds nothing that can be spoken: give a text with words")
    return _utterance(text, samples, spans, sr=sr, voice=voice, rate_wpm=rate_wpm)


def _plain_text(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise InputError("the text is empty: give the words to be spoken")
    for position, character in enumerate(text):
        if unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn"):
            raise InputError(
                f"the text holds U+{ord(character):04X} at character {position + 1}, which cannot be spoken: "
                "take it out"
            )
    return text


def _run_espeak(text: str, *, voice: str, rate_wpm: int) -> tuple[dict[str, Any], NDArray[np.int16]]:
    import espeakng_loader

    request = {"library": espeakng_loader.get_library_path(), "text": text, "voice": voice, "rate_wpm": int(rate_wpm)}
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(Path(__file__).with_name("_espeak.py"))],
        input=json.dumps(request).encode(),
        capture_output=True,
        cwd=Path(espeakng_loader.get_data_path()).parent,
        timeout=_TIMEOUT_S,
    )
    if done.returncode != 0:
        raise RuntimeError(f"espeak-ng ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    header, _, pcm = done.stdout.partition(b"\n")
    return json.loads(header), np.frombuffer(pcm, "<i2")


def _spans(events: list[tuple[int, str]], samples: NDArray[np.int16], *, sr: int) -> list[tuple[str, int, int]]:
    # (symbol, first sample, sample after the last), covering all samples.
    spans: list[tuple[str, int, int]] = []
    starts = [sample for sample, _ in events]
    if not events or starts[0] > 0:
        spans.append((PAUSE, 0, starts[0] if events else len(samples)))
    for (start, symbol), end in zip(events, [*starts[1:], len(samples)], strict=True):
        if end <= start:
            continue
        # espeak-ng gives no name to pauses, and none to marks such as a glide between vowels; "(en)" is a mark that
        # the language changes.
        symbol = "" if symbol.startswith("(") else symbol
        if symbol == "" and spans and samples[start:end].any():
            spans[-1] = (*spans[-1][:2], end)
        else:
            spans.append((symbol or PAUSE, start, end))
    return _joined_pauses(_with_closures(spans, samples, longest=int(_CLOSURE_AT_MOST_S * sr)))


def _with_closures(
    spans: list[tuple[str, int, int]], samples: NDArray[np.int16], *, longest: int
) -> list[tuple[str, int, int]]:
    # A plosive is named at its burst; its closure is the silence before, still counted to the sound before.
    moved = spans[:1]
    for symbol, start, end in spans[1:]:
        before, before_start, before_end = moved[-1]
        if symbol.strip(_MARKS)[:1] in _PLOSIVES:
            earliest = max(before_start + (before_end - before_start) // 3, start - longest)
            loud = np.flatnonzero(samples[earliest:start])
            start = earliest + (int(loud[-1]) + 1 if len(loud) else 0)
            moved[-1] = (before, before_start, start)
        moved.append((symbol, start, end))
    return moved


def _joined_pauses(spans: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    joined: list[tuple[str, int, int]] = []
    for symbol, start, end in spans:
        if joined and symbol == joined[-1][0] == PAUSE:
            joined[-1] = (PAUSE, joined[-1][1], end)
        else:
            joined.append((symbol, start, end))
    return joined


def _utterance(
    text: str, samples: NDArray[np.int16], spans: list[tuple[str, int, int]], *, sr: int, voice: str, rate_wpm: int
) -> Utterance:
    rest = round(_REST_S * sr)
    total = len(samples) + 2 * rest
    moved = [(symbol, start + rest, end + rest) for symbol, start, end in spans]
    tiled = _joined_pauses([(PAUSE, 0, rest), *moved, (PAUSE, total - rest, total)])
    return Utterance(
        text=text,
        sound=Sound(np.pad(samples.astype(np.float32) / 32768, rest), sr),
        phones=tuple(Phone(symbol, start / sr, end / sr) for symbol, start, end in tiled),
        voice=voice,
        rate_wpm=rate_wpm,
    )
