"""When the words of a known transcript were said."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.speech._phones import PAUSE, Phone
from lipstudy.speech._pronunciation import IPA_OF, words_in
from lipstudy.speech._recogniser import FRAME_S, SR, HeardWord, Recogniser
from lipstudy.speech._speech import Speech

__all__ = ["AlignedWord", "Alignment", "align_speech"]

_MISFIT = -5.0
"""Fit under which one word is doubted: 2 % of the right words of nine GRID clips and 70 % of the wrong."""
_MISFIT_OF_ALL = -3.0
"""Mean fit under which a transcript is doubted: the right ones of GRID reach -2.06, most others less than -3."""
_MISFIT_AMONG_OTHERS = -3.0
"""Fit under which a word is named where the whole transcript is doubted."""
_TOLD_WORDS = 8

_PHRASE_AT_MOST_S = 30.0
"""Longer speech is cut at pauses: the time that alignment needs grows with the square of a phrase."""
_WORDS_PER_S = 6
"""Nobody speaks faster: so many words are looked for in a stretch of speech."""
_CUT_PAUSE_FRAMES = 12
_UNSURE_S = 2.0
"""At the end of a stretch that goes on, words are not yet sure."""


@dataclass(frozen=True, slots=True)
class AlignedWord:
    """One word in time."""

    word: str
    """As in the transcript, in small letters."""
    start_s: float
    """Begin in seconds."""
    end_s: float
    """End in seconds."""
    fit: float
    """Log likelihood per frame of 10 ms against the best sequence of any phones, in nats: 0 is as good as can be."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """A transcript in time."""

    words: tuple[AlignedWord, ...]
    """The words in order."""
    phones: tuple[Phone, ...]
    """Phones and pauses from 0 to the end of the speech, in steps of 10 ms."""
    guessed: tuple[str, ...] = ()
    """Words that are in no dictionary and were pronounced by letter-to-sound rules."""

    @property
    def misfits(self) -> tuple[AlignedWord, ...]:
        """Words that do not sound like what is said at their time."""
        limit = _MISFIT if self._mean_fit >= _MISFIT_OF_ALL else _MISFIT_AMONG_OTHERS
        return tuple(word for word in self.words if word.fit < limit)

    def doubts(self) -> tuple[str, ...]:
        """Return what a person should look at, each a sentence; nothing if all is well."""
        told = []
        if self.guessed:
            told.append(f"{_listed(self.guessed)} in no dictionary: the pronunciation is a guess, look at the phones")
        named = [f"'{word.word}' at {word.start_s:.2f} s" for word in self.misfits]
        if self._mean_fit < _MISFIT_OF_ALL:
            which = f": {', '.join(named[:_TOLD_WORDS])}{' and others' * (len(named) > _TOLD_WORDS)}" if named else ""
            told.append(
                f"the transcript is probably not what is said; words that do not fit the speech{which or ': many'}"
            )
        elif named:
            shown = ", ".join(named[:_TOLD_WORDS]) + " and others" * (len(named) > _TOLD_WORDS)
            told.append(f"words that do not fit the speech: {shown}; check the transcript there")
        return tuple(told)

    @property
    def _mean_fit(self) -> float:
        return _weighted([word.fit for word in self.words], [word.end_s - word.start_s for word in self.words])


def align_speech(speech: Speech, transcript: str | Sequence[str], *, progress: Progress | None = None) -> Alignment:
    """Find when the words and phones of known English words were said (forced alignment with PocketSphinx).

    Long speech is aligned phrase by phrase, in memory that does not grow with it. Words that are not in the CMU
    dictionary are pronounced by espeak-ng. How well each word fits is measured against a loop of any phones over the
    same frames: a word that nobody said scores worse than the phones that are heard there.

    Parameters
    ----------
    speech : Speech
        The sound; its phones are not used.
    transcript : str or sequence of str
        What is said. A letter of the alphabet is spelled ("f" is said EH F); figures are read as numbers.
    progress : callable, optional
        Called with (seconds done, seconds in all).

    Returns
    -------
    Alignment
        Whose `doubts` say which words do not seem to be what is said.

    Raises
    ------
    InputError
        If the transcript holds no word or one that cannot be pronounced, or the words do not fit: naming the first
        that is not found.
    """
    words = words_in(transcript) if isinstance(transcript, str) else words_in(" ".join(transcript))
    recogniser = Recogniser()
    guessed = recogniser.learn(words)
    aligned: list[AlignedWord] = []
    phones: list[Phone] = []
    for start_s, samples, said in _phrases(recogniser, speech, words):
        heard = _aligned_phrase(recogniser, samples, said, start_s=start_s, before=len(aligned), words=words)
        aligned += [_in_time(word, start_s) for word in heard if word.word]
        phones += _phones_of(heard, start_s=start_s, end_s=start_s + len(samples) / SR)
        if progress is not None:
            progress(round(phones[-1].end_s), max(1, round(speech.duration_s)))
    return Alignment(tuple(aligned), _tiled(phones, duration_s=speech.duration_s), guessed)


def _phrases(
    recogniser: Recogniser, speech: Speech, words: Sequence[str]
) -> Iterator[tuple[float, NDArray[np.float32], Sequence[str]]]:
    """Yield (begin in seconds, samples, words) of stretches that end in a pause, or where no pause is found."""
    blocks = speech.blocks(sr=SR, block_s=_PHRASE_AT_MOST_S)
    waiting = next(blocks, np.empty(0, np.float32))
    start, given = 0, 0
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        while len(waiting) > _PHRASE_AT_MOST_S * SR:
            stretch = waiting[: round(_PHRASE_AT_MOST_S * SR)]
            wanted = words[given : given + round(_PHRASE_AT_MOST_S * _WORDS_PER_S)]
            placed = recogniser.place(stretch, wanted) if wanted else ()
            count, cut = _cut(placed, len(stretch))
            yield start / SR, waiting[:cut], wanted[:count]
            waiting, start, given = waiting[cut:], start + cut, given + count
    yield start / SR, waiting, words[given:]


def _cut(placed: Sequence[HeardWord], num_samples: int) -> tuple[int, int]:
    """Return how many words are sure, and the sample at which the stretch can be cut after them."""
    per_frame = round(FRAME_S * SR)
    sure_frames = num_samples // per_frame - round(_UNSURE_S / FRAME_S)
    spoken = [word for word in placed if word.word]
    gaps = [
        (after.begin - before.end, number, (before.end + after.begin) // 2)
        for number, (before, after) in enumerate(pairwise(spoken), start=1)
        if after.begin <= sure_frames
    ]
    pauses = [gap for gap in gaps if gap[0] >= _CUT_PAUSE_FRAMES]
    if pauses:
        _, count, frame = pauses[-1]
    elif gaps:
        _, count, frame = max(gaps, key=lambda gap: (gap[0], gap[1]))
    else:
        # Nobody speaks here, or one word is all there is: what comes next may belong to it.
        begin = spoken[0].begin if spoken else sure_frames
        count, frame = 0, begin - _CUT_PAUSE_FRAMES
    return count, max(per_frame * frame, per_frame * _CUT_PAUSE_FRAMES)


def _aligned_phrase(
    recogniser: Recogniser,
    samples: NDArray[np.float32],
    said: Sequence[str],
    *,
    start_s: float,
    before: int,
    words: Sequence[str],
) -> tuple[HeardWord, ...]:
    if not said:
        return ()
    heard = recogniser.align(samples, said)
    if heard is not None:
        return heard
    placed = [word for word in recogniser.place(samples, said, with_fit=True) if word.word]
    if len(placed) < len(said):
        number, where = len(placed), f"is not found before the speech ends at {start_s + len(samples) / SR:.2f} s"
    else:
        number = min(range(len(placed)), key=lambda i: placed[i].fit)
        where = f"is not what is said at {start_s + placed[number].begin * FRAME_S:.2f} s"
    raise InputError(
        f"the transcript does not fit the speech: '{said[number]}' (word {before + number + 1} of {len(words)}) {where}"
    )


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    return float(np.average(values, weights=weights))


def _in_time(word: HeardWord, start_s: float) -> AlignedWord:
    fit = -math.inf if math.isnan(word.fit) else float(word.fit)
    return AlignedWord(word.word, round(start_s + word.begin * FRAME_S, 6), round(start_s + word.end * FRAME_S, 6), fit)


def _phones_of(heard: Sequence[HeardWord], *, start_s: float, end_s: float) -> list[Phone]:
    """Return phones from `start_s` to `end_s`; what belongs to no word is a pause."""
    named = [(IPA_OF[name], begin) for word in heard for name, begin, _ in (word.phones or (("SIL", word.begin, 0),))]
    if not named or named[0][1] > 0:
        named.insert(0, (PAUSE, 0))
    begins_s = [round(start_s + begin * FRAME_S, 6) for _, begin in named]
    spans = zip(named, begins_s, [*begins_s[1:], end_s], strict=True)
    return [Phone(symbol, begin_s, until_s) for (symbol, _), begin_s, until_s in spans if until_s > begin_s]


def _tiled(phones: Sequence[Phone], *, duration_s: float) -> tuple[Phone, ...]:
    """Return `phones` with neighbouring pauses joined, from 0 to the end of the speech without a gap."""
    tiled: list[Phone] = []
    for phone in phones:
        if tiled and phone.symbol == tiled[-1].symbol == PAUSE:
            tiled[-1] = Phone(PAUSE, tiled[-1].start_s, phone.end_s)
        else:
            tiled.append(phone)
    # The speech may end within a sample of where the last phone does.
    tiled[-1] = Phone(tiled[-1].symbol, tiled[-1].start_s, max(duration_s, tiled[-1].start_s + FRAME_S / 2))
    return tuple(tiled)


def _listed(words: Sequence[str]) -> str:
    quoted = [f"'{word}'" for word in words[:_TOLD_WORDS]] + ["others"] * (len(words) > _TOLD_WORDS)
    return f"{', '.join(quoted)} {'is' if len(quoted) == 1 else 'are'}"
