"""The plan: every trial of every participant slot, balanced in side and order, from a seed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lipstudy.errors import InputError
from lipstudy.randomness import named_stream
from lipstudy.records import Clip, PlannedTrial, TrialKind
from lipstudy.study._chance import draw_below, shuffled
from lipstudy.study._design import Design, Pair, design_of
from lipstudy.study._order import in_varied_order
from lipstudy.study._study import Study

__all__ = ["Balance", "balance_of", "check_plan", "plan_study", "slot_name"]


@dataclass(frozen=True, slots=True)
class Balance:
    """How often the two articulation scales of a contrast stand on each side, over all slots."""

    embodiment: str
    articulation_low: float
    articulation_high: float
    trials: int
    low_left: int
    """Trials with the smaller scale on the left."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """A trial before its place in the session is known."""

    kind: TrialKind
    pair: Pair
    left: Clip
    right: Clip


def slot_name(number: int) -> str:
    """Return the name of a participant slot: P01 for 1."""
    return f"P{number:02d}"


def plan_study(study: Study, clips: Sequence[Clip], *, seed: int) -> list[PlannedTrial]:
    """Write every trial of every participant slot.

    Sides. Two slots that follow each other (P01 and P02, P03 and P04, ...) see the same pairs with the sides exchanged,
    so every pair stands equally often left and right over an even number of slots, and differs by one over an odd
    number. Within a slot an even number of repetitions is balanced exactly; the odd ones out are balanced over the
    sentences to a difference of one for each contrast, each embodiment and the whole slot.

    Order. Random within the block, no sentence and no clip twice in a row where the design allows it. The order of the
    blocks rotates over the slots.

    Sentences. With ``sentences_per_participant`` each two slots see the next sentences of one random circle, so that
    no sentence is seen by more than two slots more than another.

    Parameters
    ----------
    study : Study
        The definition.
    clips : sequence of Clip
        The rows of the manifest.
    seed : int >= 0
        The seed. The same seed gives the same plan on every machine, and the trials of a slot do not depend on the
        number of slots.

    Returns
    -------
    list of PlannedTrial
        In the order of slot and trial.

    Raises
    ------
    InputError
        If the manifest does not hold what the study names, or no pair is left.
    """
    design = design_of(study, clips)
    trials = []
    for slot in range(study.participants):
        placed = _blocks(design, slot, seed)
        numbered = [(number, trial) for number, block in enumerate(placed, start=1) for trial in block]
        for number, (block_number, trial) in enumerate(numbered, start=1):
            trials.append(_row(design, seed, slot_name(slot + 1), block_number, number, trial))
    return trials


def check_plan(plan: Sequence[PlannedTrial], study: Study, clips: Sequence[Clip]) -> None:
    """Check that `plan` was written from `study` and `clips`.

    Raises
    ------
    InputError
        If the study definition or a clip was changed after the plan was written.
    """
    if plan[0].design_sha256 != design_of(study, clips).sha256:
        raise InputError(
            f"the study '{study.name}' or its clips were changed after the plan was written: write it again with"
            " 'lipstudy plan', or put back what was changed"
        )


def balance_of(plan: Iterable[PlannedTrial]) -> list[Balance]:
    """Count the sides of every contrast of a plan; catch trials, whose sides are equal, are left out."""
    low_left: dict[tuple[str, float, float], list[bool]] = {}
    for trial in plan:
        low, high = sorted((trial.articulation_left, trial.articulation_right))
        if trial.kind == "2afc":
            low_left.setdefault((trial.embodiment, low, high), []).append(trial.articulation_left == low)
    return [Balance(*contrast, len(sides), sum(sides)) for contrast, sides in sorted(low_left.items())]


def _blocks(design: Design, slot: int, seed: int) -> list[list[_Placed]]:
    sentences = _sentences(design, slot, seed)
    pairs = [pair for pair in design.pairs if pair.cell.sentence in sentences]
    rng = named_stream(seed, "plan", "order", slot_name(slot + 1))
    trials = _sided(pairs, design.study.repetitions, slot, seed) + _catches(pairs, design, slot, rng)
    rng_blocks = named_stream(seed, "plan", "blocks")
    if design.study.blocks == "mixed":
        blocks = [trials]
    else:
        names = shuffled(design.embodiments, rng_blocks)
        turn = slot % len(names)
        by_name = {
            name: [trial for trial in trials if trial.pair.cell.embodiment == name]
            for name in names[turn:] + names[:turn]
        }
        blocks = [block for block in by_name.values() if block]
    ordered: list[list[_Placed]] = []
    for block in blocks:
        before = ordered[-1][-1] if ordered else None
        ordered.append(in_varied_order(block, rng, sentence=_sentence, clips=_clips, before=before))
    return ordered


def _sentences(design: Design, slot: int, seed: int) -> set[str]:
    count = design.study.sentences_per_participant
    if count is None:
        return set(design.sentences)
    circle = shuffled(design.sentences, named_stream(seed, "plan", "sentences"))
    first = slot // 2 * count
    return {circle[(first + step) % len(circle)] for step in range(count)}


def _sided(pairs: Sequence[Pair], repetitions: int, slot: int, seed: int) -> list[_Placed]:
    rng = named_stream(seed, "plan", "sides", slot // 2)
    exchanged = slot % 2 == 1
    by_contrast: dict[tuple[str | float, ...], list[Pair]] = {}
    for pair in pairs:
        by_contrast.setdefault(pair.contrast, []).append(pair)
    # Dealt like cards, one side after the other: contrast, embodiment and slot lean to a side by one at most.
    first_left = draw_below(2, rng) == 1
    trials = []
    for contrast in sorted(shuffled(sorted(by_contrast), rng), key=lambda contrast: contrast[0]):
        for pair in shuffled(by_contrast[contrast], rng):
            for _ in range(repetitions):
                left, right = (pair.first, pair.second) if first_left != exchanged else (pair.second, pair.first)
                trials.append(_Placed("2afc", pair, left, right))
                first_left = not first_left
    return trials


def _catches(pairs: Sequence[Pair], design: Design, slot: int, rng: np.random.Generator) -> list[_Placed]:
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
        trials.append(_Placed("catch_identical", pair, clip, clip))
    return trials


def _sentence(trial: _Placed) -> str:
    return trial.pair.cell.sentence


def _clips(trial: _Placed) -> set[str]:
    return {trial.left.clip_id, trial.right.clip_id}


def _row(design: Design, seed: int, participant: str, block: int, number: int, trial: _Placed) -> PlannedTrial:
    cell = trial.pair.cell
    return PlannedTrial(
        participant=participant,
        block=block,
        trial=number,
        kind=trial.kind,
        embodiment=cell.embodiment,
        speaker=cell.speaker,
        sentence=cell.sentence,
        operator=cell.operator,
        model=cell.model,
        clip_left=trial.left.clip_id,
        clip_right=trial.right.clip_id,
        articulation_left=trial.left.articulation,
        articulation_right=trial.right.articulation,
        effective_articulation_left=trial.left.effective_articulation,
        effective_articulation_right=trial.right.effective_articulation,
        design_sha256=design.sha256,
        seed=seed,
    )
