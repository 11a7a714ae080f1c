"""PocketSphinx: words and phones of a short stretch of speech in time, and how well they fit."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.speech._pronunciation import pronounced

__all__ = ["FRAME_S", "SR", "HeardWord", "Recogniser"]

SR = 16000
"""Samples per second that the acoustic model was trained on."""
FRAME_S = 0.01
"""Duration of a frame of PocketSphinx."""

_WIDE = 1e-300
"""Beam that drops hardly any path, at hardly any cost with words that are known. PocketSphinx's own (1e-48) gives up on
unusual voices whose words are right, and its scores depend on what was dropped."""
_SCORE_UNIT = 1024
"""PocketSphinx keeps acoustic scores 10 bits smaller than they are."""

Phones = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word of the transcript, or a pause ("" as word), in time."""

    word: str
    """As given; empty for a pause."""
    begin: int
    """First frame."""
    end: int
    """Frame after the last."""
    phones: Phones = ()
    """(phone of the CMU dictionary, first frame, frame after the last); empty if not asked for."""
    fit: float = math.nan
    """Log likelihood per frame against the best sequence of any phones, in nats; 0 is as good as can be."""


class Recogniser:
    """Decoders that are loaded when they are needed; words that no dictionary has are learned."""

    def __init__(self) -> None:
        self._decoders: dict[str, Any] = {}
        self._learned: dict[str, str] = {}

    def learn(self, words: Sequence[str]) -> tuple[str, ...]:
        """Make every word known; return those whose pronunciation is a guess. Raises InputError for one without."""
        decoder = self._decoder("words")
        unknown = [word for word in dict.fromkeys(words) if decoder.lookup_word(word) is None]
        for word in unknown:
            self._learned.setdefault(word, pronounced(word))
        for known in self._decoders.values():
            self._teach(known)
        return tuple(word for word in dict.fromkeys(words) if word in self._learned)

    def align(self, samples: NDArray[np.float32], words: Sequence[str]) -> tuple[HeardWord, ...] | None:
        """Return words, pauses and their phones from the first frame to the last; None if they cannot be placed."""
        decoder, pcm = self._decoder("words"), _pcm(samples)
        try:
            decoder.set_align_text(" ".join(words))
            _decode(decoder, pcm)
            in_words = _segments(decoder)
            if sum(not _is_filler(name) for name, *_ in in_words) != len(words):
                return None
            decoder.set_alignment()
            _decode(decoder, pcm)
        except RuntimeError:
            return None
        fits, waiting = self._fits(pcm, in_words), iter(words)
        alignment = decoder.get_alignment()  # its entries are gone with it
        heard = []
        for entry in alignment:
            begin, end = entry.start, entry.start + entry.duration
            if _is_filler(entry.name):
                heard.append(HeardWord("", begin, end))
            else:
                phones = tuple((phone.name, phone.start, phone.start + phone.duration) for phone in entry)
                heard.append(HeardWord(next(waiting), begin, end, phones, next(fits)))
        return tuple(heard)

    def place(
        self, samples: NDArray[np.float32], words: Sequence[str], *, with_fit: bool = False
    ) -> tuple[HeardWord, ...]:
        """Return as many of the first words as are heard, and pauses, without phones; their fit takes time."""
        decoder, pcm = self._decoder("words"), _pcm(samples)
        states = range(len(words))
        grammar = decoder.create_fsg(
            "prefix",
            0,
            len(words),
            [
                *((state, state + 1, 1.0, word) for state, word in zip(states, words, strict=True)),
                *((state, len(words), 1.0) for state in states[1:]),
            ],
        )
        decoder.add_fsg("prefix", grammar)
        decoder.activate_search("prefix")
        try:
            _decode(decoder, pcm)
            in_words = _segments(decoder)
        except RuntimeError:
            return ()
        fits = self._fits(pcm, in_words) if with_fit else iter(())
        waiting = iter(words)
        return tuple(
            HeardWord("", begin, end)
            if _is_filler(name)
            else HeardWord(next(waiting), begin, end, fit=next(fits, math.nan))
            for name, begin, end, _ in in_words
        )

    def _fits(self, pcm: bytes, in_words: Sequence[tuple[str, int, int, float]]) -> Any:
        loop = self._decoder("loop")
        _decode(loop, pcm)
        free = np.zeros(max((end for _, _, end, _ in in_words), default=0) + 1)
        for _, begin, end, score in _segments(loop):
            free[begin:end] = score / (end - begin)
        return iter(
            [
                (score - free[begin:end].sum()) / (end - begin)
                for name, begin, end, score in in_words
                if not _is_filler(name)
            ]
        )

    def _decoder(self, kind: str) -> Any:
        if kind not in self._decoders:
            self._decoders[kind] = _new_decoder(kind)
            self._teach(self._decoders[kind])
        return self._decoders[kind]

    def _teach(self, decoder: Any) -> None:
        for word, phones in self._learned.items():
            if decoder.lookup_word(word) is None:
                decoder.add_word(word, phones)


def _new_decoder(kind: str) -> Any:
    from pocketsphinx import Decoder

    decoder = Decoder(lm=None, loglevel="FATAL", cmn="batch", bestpath=False, beam=_WIDE, pbeam=_WIDE, wbeam=_WIDE)
    if kind == "loop":
        decoder.add_allphone_file("loop")
        decoder.activate_search("loop")
    return decoder


def _segments(decoder: Any) -> list[tuple[str, int, int, float]]:
    """Return (name, first frame, frame after the last, log likelihood in nats); none if nothing was heard."""
    return [
        (each.word, each.start_frame, each.end_frame + 1, _SCORE_UNIT * math.log(each.ascore))
        for each in decoder.seg() or ()
        if each.word != "(NULL)"
    ]


def _is_filler(name: str) -> bool:
    return name[0] in "<[+("


def _pcm(samples: NDArray[np.float32]) -> bytes:
    return (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()


def _decode(decoder: Any, pcm: bytes) -> None:
    decoder.start_utt()
    if pcm:
        decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
