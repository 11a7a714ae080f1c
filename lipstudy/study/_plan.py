"""The plan: every trial of every participant slot, balanced in side and order, from a seed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lipstudy.errors import InputError
from lipstudy.randomness import named_stream
from lipstudy.records import Clip, Layout, PlannedTrial
from lipstudy.study._chance import shuffled
from lipstudy.study._design import Design, design_of
from lipstudy.study._order import in_varied_order
from lipstudy.study._placing import Placed, candidates, catches, faults, practice, shown_pairs, sided
from lipstudy.study._study import Study

__all__ = ["Balance", "balance_of", "check_plan", "plan_study", "slot_name"]


@dataclass(frozen=True, slots=True)
class Balance:
    """How often the two systems of a comparison (two articulation scales, say) stand on each side, over all slots."""

    embodiment: str
    first: str
    """The smaller scale, or the name that is first in the alphabet."""
    second: str
    trials: int
    first_left: int
    """Trials with `first` on the left, or shown first."""


def slot_name(number: int) -> str:
    """Return the name of a participant slot: P01 for 1."""
    return f"P{number:02d}"


def plan_study(study: Study, clips: Sequence[Clip], *, seed: int) -> list[PlannedTrial]:
    """Write every trial of every participant slot.

    Sides. Two slots that follow each other (P01 and P02, P03 and P04, ...) see the same pairs with the sides exchanged,
    so every pair stands equally often left and right over an even number of slots, and differs by one over an odd
    number. Within a slot an even number of repetitions is balanced exactly; the odd ones out are balanced over the
    sentences to a difference of one for each contrast, each embodiment and the whole slot. For clips that follow each
    other the same holds of first and second.

    Order. Random within the block, no sentence and no clip twice in a row where the design allows it. The order of the
    blocks rotates over the slots.

    Sentences. With ``sentences_per_participant`` each two slots see the next sentences of one random circle, so that
    no sentence is seen by more than two slots more than another. With ``sentences: latin_square`` each two slots see
    each sentence with one comparison, the next two with the next one: over twice as many slots as there are comparisons
    each meets each sentence equally often.

    With ``pairing: adaptive`` the rows of a slot are all that may be offered, each two systems ``repetitions`` times;
    which of them are, and when, the answers decide.

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
        placed = [(0, trial) for trial in practice(design, slot, seed)]
        before = placed[-1][1] if placed else None
        for number, block in enumerate(_blocks(design, slot, seed, before), start=1):
            placed += [(number, trial) for trial in block]
        for number, (block_number, trial) in enumerate(placed, start=1):
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
    """Count the sides of every comparison of a plan; catch trials, practice and ratings are left out."""
    first_left: dict[tuple[str, str, str], list[bool]] = {}
    for trial in plan:
        if trial.kind == "2afc":
            sides = [(trial.articulation_left, trial.system_left), (trial.articulation_right, trial.system_right)]
            first, second = (str(system) for _, system in sorted(sides, key=lambda side: (side[0] or 0.0, side[1])))
            first_left.setdefault((trial.embodiment, first, second), []).append(trial.system_left == first)
    return [Balance(*compared, len(sides), sum(sides)) for compared, sides in sorted(first_left.items())]


def _blocks(design: Design, slot: int, seed: int, before: Placed | None) -> list[list[Placed]]:
    rng = named_stream(seed, "plan", "order", slot_name(slot + 1))
    study = design.study
    pairs = shown_pairs(design, slot, seed)
    if study.pairing == "adaptive":
        offered = [*candidates(design, slot, seed), *catches(pairs, design, slot, rng), *faults(design, slot, seed)]
        _check_enough(study, len(offered))
        return [shuffled(offered, rng)]
    trials = sided(pairs, study.repetitions, slot, seed) + catches(pairs, design, slot, rng)
    trials += faults(design, slot, seed)
    rng_blocks = named_stream(seed, "plan", "blocks")
    if study.blocks == "mixed":
        blocks = [trials]
    else:
        names = shuffled(design.embodiments, rng_blocks)
        turn = slot % len(names)
        in_turn = names[turn:] + names[:turn]
        blocks = [[trial for trial in trials if trial.cell.embodiment == name] for name in in_turn]
        blocks = [block for block in blocks if block]
    return _ordered(blocks, rng, before)


def _ordered(blocks: Sequence[Sequence[Placed]], rng: np.random.Generator, before: Placed | None) -> list[list[Placed]]:
    ordered: list[list[Placed]] = []
    for block in blocks:
        ordered.append(
            in_varied_order(
                block,
                rng,
                sentence=lambda trial: trial.cell.sentence,
                clips=lambda trial: trial.clip_ids,
                before=before,
            )
        )
        before = ordered[-1][-1]
    return ordered


def _check_enough(study: Study, offered: int) -> None:
    asked = study.trials_per_participant or 0
    if asked > offered:
        raise InputError(
            f"the study '{study.name}' asks for {asked} trials_per_participant, but its systems and 'repetitions:"
            f" {study.repetitions}' give {offered}: ask for fewer, or for more repetitions"
        )


def _row(design: Design, seed: int, participant: str, block: int, number: int, trial: Placed) -> PlannedTrial:
    cell, left, right = trial.cell, trial.left, trial.right
    layout: Layout = "single" if right is None else design.study.presentation
    return PlannedTrial(
        participant=participant,
        block=block,
        trial=number,
        kind=trial.kind,
        presentation=layout,
        embodiment=cell.embodiment,
        speaker=cell.speaker,
        sentence=cell.sentence,
        operator=cell.operator,
        model=cell.model,
        clip_left=left.clip_id,
        clip_right=None if right is None else right.clip_id,
        system_left=trial.systems[0],
        system_right=None if right is None else trial.systems[1],
        articulation_left=left.articulation,
        articulation_right=None if right is None else right.articulation,
        effective_articulation_left=left.effective_articulation,
        effective_articulation_right=None if right is None else right.effective_articulation,
        correct=trial.correct,
        design_sha256=design.sha256,
        seed=seed,
    )
