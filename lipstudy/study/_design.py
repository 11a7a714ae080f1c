"""From a study definition and a manifest to the clips that are compared or rated."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

from lipstudy.errors import InputError, nearest_name
from lipstudy.records import Clip, Fault, hash_of
from lipstudy.study._study import Study

__all__ = ["Cell", "Design", "FaultPair", "Pair", "design_of"]


# The key in the study file -> the column of the manifest.
_FACTORS = {
    "embodiments": "embodiment",
    "speakers": "speaker",
    "sentences": "sentence",
    "articulations": "articulation",
    "operators": "operator",
    "models": "model",
}

Level = str | float


class Cell(NamedTuple):
    """What the clips of a pair have in common; None for the factor in which they are compared."""

    embodiment: str
    speaker: str
    sentence: str
    model: str | None
    operator: str | None
    articulation: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clips that differ in the compared factor alone; for a rating one clip, twice."""

    first: Clip
    """The clip with the reference articulation; with all pairs, the clip with the smaller level."""
    second: Clip
    """The clip that is compared with it."""
    cell: Cell
    """What they have in common. Its operator is the study's: a clip at articulation 1 may serve several."""
    systems: tuple[str, str]
    """The levels of the compared factor."""

    @property
    def contrast(self) -> tuple[str, ...]:
        """What is compared, whatever the sentence."""
        return (*(str(part) for part in self.cell._replace(sentence="")), *self.systems)


@dataclass(frozen=True, slots=True)
class FaultPair:
    """A clip with a fault and the same clip without."""

    fault: Fault
    faulty: Clip
    good: Clip


@dataclass(frozen=True, slots=True)
class Design:
    """What a study compares or rates."""

    study: Study
    clips: tuple[Clip, ...]
    """The clips used, in the order of their names."""
    pairs: tuple[Pair, ...]
    """The pairs, in an order that does not depend on that of the manifest; for ratings each clip with itself."""
    faults: tuple[FaultPair, ...]
    """The clips for catch trials that have a right answer, and for practice."""
    sha256: str
    """Hash of the study definition and the rows of the clips used."""

    @property
    def embodiments(self) -> tuple[str, ...]:
        """The embodiments used, in alphabetical order."""
        return tuple(sorted({pair.cell.embodiment for pair in self.pairs}))

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences used, in alphabetical order."""
        return tuple(sorted({pair.cell.sentence for pair in self.pairs}))


def design_of(study: Study, clips: Sequence[Clip]) -> Design:
    """Return what `study` compares or rates of the `clips` of a manifest.

    Raises
    ------
    InputError
        If a level is not in the manifest, a cell lacks a level that others have or holds one twice, no pair is left, or
        a fault that is asked for is not among the clips.
    """
    chosen = _chosen(study, [clip for clip in clips if clip.fault is None])
    if not chosen:
        raise InputError(
            f"no clip has all the levels that the study '{study.name}' names under factors: name fewer, or build them"
        )
    cells = _cells(study, chosen)
    pairs = _singles(study, cells) if study.rating is not None else _pairs(study, cells)
    if not pairs:
        raise InputError(
            f"the study '{study.name}' has no pair of clips to compare: its {len(chosen)} clips have the"
            f" {study.compare} {_listed({getattr(clip, study.compare) for clip in chosen})} only; it needs two or more"
        )
    count = study.sentences_per_participant
    sentences = {pair.cell.sentence for pair in pairs}
    if count is not None and count > len(sentences):
        raise InputError(
            f"the study '{study.name}' asks for {count} sentences_per_participant, but its clips have {len(sentences)}"
        )
    faults = _faults(study, clips, pairs)
    compared = {clip.clip_id: clip for pair in pairs for clip in (pair.first, pair.second)}
    used = compared | {clip.clip_id: clip for pair in faults for clip in (pair.faulty, pair.good)}
    in_order = tuple(used[name] for name in sorted(used))
    return Design(study, in_order, tuple(pairs), faults, _hash(study, in_order))


def _chosen(study: Study, clips: Sequence[Clip]) -> list[Clip]:
    if not clips:
        raise InputError(f"the study '{study.name}' has no clip: its manifest is empty, build the clips first")
    chosen = list(clips)
    for factor, column in _FACTORS.items():
        levels = getattr(study.factors, factor)
        if levels is None:
            continue
        present = {getattr(clip, column) for clip in clips}
        missing = next((level for level in levels if level not in present), None)
        if missing is not None:
            near = nearest_name(missing, present) if isinstance(missing, str) else ""
            raise InputError(
                f"the study '{study.name}' names the level '{missing}' under factors.{factor}, which is not in the"
                f" manifest{near}: it has {_listed(present)}"
            )
        chosen = [clip for clip in chosen if getattr(clip, column) in levels or _is_reference(study, clip, column)]
    return chosen


def _is_reference(study: Study, clip: Clip, column: str) -> bool:
    if column == "articulation":
        has_reference = study.pairing == "reference" and study.rating is None
        return has_reference and clip.articulation == study.reference_articulation
    # Every operator leaves articulation 1 as it is, so one clip at 1 serves them all.
    return column == "operator" and clip.articulation == 1


def _cells(study: Study, clips: Iterable[Clip]) -> dict[Cell, dict[Level, Clip]]:
    found: dict[Cell, dict[Level, Clip]] = {}
    for clip in sorted(clips, key=lambda clip: clip.clip_id):
        if study.compare == "operator" and clip.articulation == 1:
            continue  # there the operators do nothing
        level: Level = getattr(clip, study.compare)
        common: dict[str, Any] = {
            "model": clip.model,
            "operator": clip.operator,
            "articulation": clip.articulation,
            study.compare: None,
        }
        cell = Cell(clip.embodiment, clip.speaker, clip.sentence, **common)
        other = found.setdefault(cell, {}).setdefault(level, clip)
        if other is not clip:
            raise InputError(
                f"the clips '{other.clip_id}' and '{clip.clip_id}' have the same embodiment, speaker, sentence,"
                " operator, model and articulation: a study cannot tell them apart, keep one of them"
            )
    if study.compare == "articulation" and study.rating is None:
        return _with_shared_originals(found)
    return dict(sorted(found.items(), key=lambda entry: tuple(map(str, entry[0]))))


def _with_shared_originals(found: Mapping[Cell, Mapping[Level, Clip]]) -> dict[Cell, dict[Level, Clip]]:
    """Let a clip at articulation 1 that was built with one operator stand in the cells of the others as well."""
    at_one: dict[Cell, Clip] = {}
    for cell in sorted(found):
        if 1.0 in found[cell]:
            at_one.setdefault(cell._replace(operator=""), found[cell][1.0])
    scaled = {cell._replace(operator="") for cell, scales in found.items() if set(scales) != {1}}
    cells: dict[Cell, dict[Level, Clip]] = {}
    for cell in sorted(found):
        any_operator = cell._replace(operator="")
        if set(found[cell]) == {1} and any_operator in scaled:
            continue
        shared: dict[Level, Clip] = {1.0: at_one[any_operator]} if any_operator in at_one else {}
        cells[cell] = {**shared, **found[cell]}
    return cells


def _pairs(study: Study, cells: Mapping[Cell, Mapping[Level, Clip]]) -> list[Pair]:
    reference = study.reference_articulation
    levels = {level for clips in cells.values() for level in clips}
    if study.pairing == "reference":
        levels.add(reference)
    in_order = _sorted_levels(levels)
    pairs = []
    for cell, clips in cells.items():
        missing = sorted(levels - set(clips), key=lambda level: (level != reference, str(level)))
        if missing:
            role = "the reference articulation" if missing[0] == reference else f"the {study.compare}"
            told = ", ".join(f"{part:g}" if isinstance(part, float) else part for part in cell if part is not None)
            raise InputError(
                f"the clips of {told} lack {role} {_listed(missing[:1])}, which the study '{study.name}' needs:"
                " build that clip, or name other levels under factors"
            )
        compared: list[tuple[Level, Level]]
        if study.pairing == "reference":
            compared = [(reference, level) for level in in_order if level != reference]
        else:
            compared = list(combinations(in_order, 2))
        pairs += [Pair(clips[one], clips[two], cell, (_listed([one]), _listed([two]))) for one, two in compared]
    return pairs


def _singles(study: Study, cells: Mapping[Cell, Mapping[Level, Clip]]) -> list[Pair]:
    return [
        Pair(clips[level], clips[level], cell, (_listed([level]),) * 2)
        for cell, clips in cells.items()
        for level in _sorted_levels(clips)
    ]


def _faults(study: Study, clips: Sequence[Clip], pairs: Sequence[Pair]) -> tuple[FaultPair, ...]:
    used = {(pair.cell.embodiment, pair.cell.speaker, pair.cell.sentence) for pair in pairs}
    in_order = sorted(clips, key=lambda clip: clip.clip_id)
    good: dict[tuple[object, ...], Clip] = {}
    for clip in in_order:
        if clip.fault is None:
            good.setdefault(_alike(clip), clip)
            good.setdefault((*_alike(clip), clip.operator), clip)
    found = []
    for clip in in_order:
        partner = good.get((*_alike(clip), clip.operator)) or good.get(_alike(clip))
        in_use = (clip.embodiment, clip.speaker, clip.sentence) in used
        if clip.fault is not None and partner is not None and in_use:
            found.append(FaultPair(clip.fault, clip, partner))
    embodiments = {embodiment for embodiment, _, _ in used}
    for fault in study.catch_faults.counts:
        lacking = embodiments - {pair.faulty.embodiment for pair in found if pair.fault == fault}
        if lacking:
            raise InputError(
                f"the study '{study.name}' asks for catch trials with the fault {fault}, but no clip of the embodiment"
                f" {min(lacking)} has it: build such clips ('catch' in the recipe), or leave it out of catch_faults"
            )
    return tuple(found) if study.catch_faults.counts or study.practice_trials else ()


def _alike(clip: Clip) -> tuple[object, ...]:
    # A fault is made on the clip as it is at its scale; at 1 the operator makes no difference.
    operator = None if clip.articulation == 1 else clip.operator
    return (clip.embodiment, clip.speaker, clip.sentence, clip.model, clip.articulation, operator)


def _hash(study: Study, clips: Sequence[Clip]) -> str:
    # More slots of the same design are the same design, and so are the same clips in another folder.
    definition = study.model_dump(mode="json", exclude={"participants", "clips"})
    return hash_of({"study": definition, "clips": [clip.model_dump(mode="json") for clip in clips]})


def _sorted_levels(levels: Iterable[Level]) -> list[Level]:
    return sorted(levels, key=lambda level: (level, "") if isinstance(level, float) else (0.0, level))


def _listed(levels: Iterable[Level]) -> str:
    return ", ".join(level if isinstance(level, str) else f"{level:g}" for level in sorted(levels, key=str))
