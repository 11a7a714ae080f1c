"""Which trials a slot gets, and which clip stands on which side."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lipstudy.randomness import named_stream
from lipstudy.records import Clip, Fault, TrialKind
from lipstudy.study._chance import draw_below, shuffled
from lipstudy.study._design import Cell, Design, FaultPair, Pair

__all__ = ["Placed", "candidates", "catches", "faults", "practice", "shown_pairs", "sided"]

_KINDS: dict[Fault, TrialKind] = {
    "swapped_speech": "catch_swapped_speech",
    "frozen_mouth": "catch_frozen_mouth",
    "desynchronised": "catch_desynchronised",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A trial before its place in the session is known."""

    kind: TrialKind
    cell: Cell
    left: Clip
    right: Clip | None
    """None if one clip is rated."""
    systems: tuple[str | None, str | None]
    correct: Literal["left", "right"] | None = None

    @property
    def clip_ids(self) -> set[str]:
        """The clips shown."""
        return {clip.clip_id for clip in (self.left, self.right) if clip is not None}


def shown_pairs(design: Design, slot: int, seed: int) -> list[Pair]:
    """Return the pairs that a slot sees, by the study's way of giving out sentences."""
    if design.study.sentences == "latin_square":
        return _latin(design, slot, seed)
    sentences = _sentences(design, slot, seed)
    return [pair for pair in design.pairs if pair.cell.sentence in sentences]


def sided(pairs: Sequence[Pair], repetitions: int, slot: int, seed: int) -> list[Placed]:
    """Return `repetitions` trials of each pair, each two slots with the sides exchanged."""
    rng = named_stream(seed, "plan", "sides", slot // 2)
    exchanged = slot % 2 == 1
    by_contrast: dict[tuple[str, ...], list[Pair]] = {}
    for pair in pairs:
        by_contrast.setdefault(pair.contrast, []).append(pair)
    # Dealt like cards, one side after the other: contrast, embodiment and slot lean to a side by one at most.
    first_left = draw_below(2, rng) == 1
    trials = []
    for contrast in sorted(shuffled(sorted(by_contrast), rng), key=lambda contrast: contrast[0]):
        for pair in shuffled(by_contrast[contrast], rng):
            for _ in range(repetitions):
                trials.append(_placed(pair, first_left != exchanged))
                first_left = not first_left
    return trials


def candidates(design: Design, slot: int, seed: int) -> list[Placed]:
    """Return all trials that an adaptive session may offer: each two systems, with the next cells of their circle."""
    repetitions = design.study.repetitions
    rng = named_stream(seed, "plan", "sides", slot // 2)
    by_systems: dict[tuple[str, str], list[Pair]] = {}
    for pair in design.pairs:
        by_systems.setdefault(pair.systems, []).append(pair)
    trials = []
    for systems in sorted(by_systems):
        circle = shuffled(by_systems[systems], named_stream(seed, "plan", "cells", *systems))
        first_left = (draw_below(2, rng) == 1) != (slot % 2 == 1)
        for turn in range(repetitions):
            pair = circle[(slot // 2 * repetitions + turn) % len(circle)]
            trials.append(_placed(pair, first_left))
            first_left = not first_left
    return trials


def catches(pairs: Sequence[Pair], design: Design, slot: int, rng: np.random.Generator) -> list[Placed]:
    """Spread the catch trials over embodiments as evenly as can be, each on another clip while there are any."""
    names = [name for name in design.embodiments if any(pair.cell.embodiment == name for pair in pairs)]
    waiting: dict[str, list[tuple[Pair, Clip]]] = {name: [] for name in names}
    trials = []
    for number in range(design.study.catch_trials):
        name = names[(slot + number) % len(names)]
        if not waiting[name]:
            own = {clip.clip_id: (pair, clip) for pair in pairs for clip in (pair.first, pair.second)}
            waiting[name] = shuffled([both for both in own.values() if both[0].cell.embodiment == name], rng)
        pair, clip = waiting[name].pop()
        system = pair.systems[pair.second is clip]
        trials.append(Placed("catch_identical", pair.cell, clip, clip, (system, system)))
    return trials


def faults(design: Design, slot: int, seed: int) -> list[Placed]:
    """Return the trials with a faulty clip, each two slots with the sides exchanged, spread over embodiments."""
    rng = named_stream(seed, "plan", "faults", slot // 2)
    left = (draw_below(2, rng) == 1) != (slot % 2 == 1)
    trials = []
    turn = slot // 2
    for fault, count in design.study.catch_faults.counts.items():
        waiting: dict[str, list[FaultPair]] = {}
        for _ in range(count):
            name = design.embodiments[turn % len(design.embodiments)]
            if not waiting.get(name):
                own = [pair for pair in design.faults if (pair.fault, pair.faulty.embodiment) == (fault, name)]
                waiting[name] = shuffled(own, rng)
            trials.append(_with_fault(design, waiting[name].pop(), _KINDS[fault], faulty_left=left))
            left, turn = not left, turn + 1
    return trials


def practice(design: Design, slot: int, seed: int) -> list[Placed]:
    """Return the practice trials: with a faulty clip while there are any, else ordinary ones without a right answer."""
    rng = named_stream(seed, "plan", "practice", slot)
    known = _one_of_each_fault_first(shuffled(design.faults, rng))
    ordinary = shuffled(design.pairs, rng)
    trials = []
    for number in range(design.study.practice_trials):
        left = draw_below(2, rng) == 1
        if known:
            trials.append(_with_fault(design, known[number % len(known)], "practice", faulty_left=left))
        else:
            trials.append(replace(_placed(ordinary[number % len(ordinary)], left), kind="practice"))
    return trials


def _one_of_each_fault_first(pairs: Sequence[FaultPair]) -> list[FaultPair]:
    seen: Counter[Fault] = Counter()
    turns = []
    for place, pair in enumerate(pairs):
        turns.append((seen[pair.fault], place))
        seen[pair.fault] += 1
    return [pairs[place] for _, place in sorted(turns)]


def _placed(pair: Pair, first_left: bool) -> Placed:
    if pair.first is pair.second:
        return Placed("rating", pair.cell, pair.first, None, (pair.systems[0], None))
    if first_left:
        return Placed("2afc", pair.cell, pair.first, pair.second, pair.systems)
    return Placed("2afc", pair.cell, pair.second, pair.first, (pair.systems[1], pair.systems[0]))


def _with_fault(design: Design, pair: FaultPair, kind: TrialKind, *, faulty_left: bool) -> Placed:
    good = pair.good
    cell = Cell(good.embodiment, good.speaker, good.sentence, good.model, good.operator, good.articulation)
    if design.study.rating is not None:
        return Placed(kind, cell, pair.faulty, None, (None, None))
    left, right = (pair.faulty, good) if faulty_left else (good, pair.faulty)
    return Placed(kind, cell, left, right, (None, None), "right" if faulty_left else "left")


def _sentences(design: Design, slot: int, seed: int) -> set[str]:
    count = design.study.sentences_per_participant
    if count is None:
        return set(design.sentences)
    circle = shuffled(design.sentences, named_stream(seed, "plan", "sentences"))
    first = slot // 2 * count
    return {circle[(first + step) % len(circle)] for step in range(count)}


def _latin(design: Design, slot: int, seed: int) -> list[Pair]:
    """Give each sentence one comparison, the next one for each next two slots."""
    strands: dict[Cell, dict[str, list[Pair]]] = {}
    for pair in design.pairs:
        strand = pair.cell._replace(sentence="")
        strands.setdefault(strand, {}).setdefault(pair.cell.sentence, []).append(pair)
    pairs = []
    for strand in sorted(strands, key=lambda cell: tuple(map(str, cell))):
        rng = named_stream(seed, "plan", "latin", *map(str, strand))
        comparisons = shuffled(sorted({pair.systems for own in strands[strand].values() for pair in own}), rng)
        for place, sentence in enumerate(shuffled(sorted(strands[strand]), rng)):
            systems = comparisons[(place + slot // 2) % len(comparisons)]
            pairs += [pair for pair in strands[strand][sentence] if pair.systems == systems]
    return pairs
