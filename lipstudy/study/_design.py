"""From a study definition and a manifest to the pairs of clips that are compared."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from lipstudy.errors import InputError, nearest_name
from lipstudy.records import Clip, hash_of
from lipstudy.study._study import Study

__all__ = ["Cell", "Design", "Pair", "design_of"]


# The key in the study file -> the column of the manifest.
_FACTORS = {
    "embodiments": "embodiment",
    "speakers": "speaker",
    "sentences": "sentence",
    "articulations": "articulation",
    "operators": "operator",
    "models": "model",
}


class Cell(NamedTuple):
    """What the two clips of a pair have in common."""

    embodiment: str
    speaker: str
    sentence: str
    model: str
    operator: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clips that differ in articulation alone."""

    first: Clip
    """The clip with the reference articulation; with all pairs, the clip with the smaller scale."""
    second: Clip
    """The clip that is compared with it."""
    cell: Cell
    """What they have in common. Its operator is the study's: a clip at articulation 1 may serve several."""

    @property
    def contrast(self) -> tuple[str | float, ...]:
        """What is compared, whatever the sentence."""
        return (*self.cell._replace(sentence=""), self.first.articulation, self.second.articulation)


@dataclass(frozen=True, slots=True)
class Design:
    """What a study compares."""

    study: Study
    clips: tuple[Clip, ...]
    """The clips used, in the order of their names."""
    pairs: tuple[Pair, ...]
    """The pairs, in an order that does not depend on that of the manifest."""
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
    """Return what `study` compares with the `clips` of a manifest.

    Raises
    ------
    InputError
        If a level is not in the manifest, a cell lacks a scale that others have or holds one twice, or if no pair
        is left.
    """
    chosen = _chosen(study, clips)
    if not chosen:
        raise InputError(
            f"no clip has all the levels that the study '{study.name}' names under factors: name fewer, or build them"
        )
    pairs = _pairs(study, _cells(chosen))
    if not pairs:
        raise InputError(
            f"the study '{study.name}' has no pair of clips to compare: its {len(chosen)} clips have the articulation"
            f" {_listed({clip.articulation for clip in chosen})} only; it needs two scales or more"
        )
    count = study.sentences_per_participant
    sentences = {pair.cell.sentence for pair in pairs}
    if count is not None and count > len(sentences):
        raise InputError(
            f"the study '{study.name}' asks for {count} sentences_per_participant, but its clips have {len(sentences)}"
        )
    used = {clip.clip_id: clip for pair in pairs for clip in (pair.first, pair.second)}
    in_order = tuple(used[name] for name in sorted(used))
    return Design(study, in_order, tuple(pairs), _hash(study, in_order))


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
        return study.pairing == "reference" and clip.articulation == study.reference_articulation
    # Every operator leaves articulation 1 as it is, so one clip at 1 serves them all.
    return column == "operator" and clip.articulation == 1


def _cells(clips: Iterable[Clip]) -> dict[Cell, dict[float, Clip]]:
    found: dict[Cell, dict[float, Clip]] = {}
    at_one: dict[Cell, Clip] = {}
    for clip in sorted(clips, key=lambda clip: clip.clip_id):
        cell = Cell(clip.embodiment, clip.speaker, clip.sentence, clip.model, clip.operator)
        other = found.setdefault(cell, {}).setdefault(clip.articulation, clip)
        if other is not clip:
            raise InputError(
                f"the clips '{other.clip_id}' and '{clip.clip_id}' have the same embodiment, speaker, sentence,"
                " operator, model and articulation: a study cannot tell them apart, keep one of them"
            )
        if clip.articulation == 1:
            at_one.setdefault(cell._replace(operator=""), clip)
    scaled = {cell._replace(operator="") for cell, scales in found.items() if set(scales) != {1}}
    cells = {}
    for cell in sorted(found):
        any_operator = cell._replace(operator="")
        if set(found[cell]) == {1} and any_operator in scaled:
            continue
        shared = {1.0: at_one[any_operator]} if any_operator in at_one else {}
        cells[cell] = shared | found[cell]
    return cells


def _pairs(study: Study, cells: Mapping[Cell, Mapping[float, Clip]]) -> list[Pair]:
    reference = study.reference_articulation
    scales = {scale for clips in cells.values() for scale in clips}
    if study.pairing == "reference":
        scales.add(reference)
    pairs = []
    for cell, clips in cells.items():
        missing = sorted(scales - set(clips), key=lambda scale: (scale != reference, scale))
        if missing:
            role = "the reference articulation" if missing[0] == reference else "the articulation"
            raise InputError(
                f"the clips of {', '.join(cell)} lack {role} {missing[0]:g}, which the study '{study.name}' needs:"
                " build that clip, or name other levels under factors"
            )
        if study.pairing == "all_pairs":
            pairs += [Pair(clips[low], clips[high], cell) for low, high in combinations(sorted(scales), 2)]
        else:
            pairs += [Pair(clips[reference], clips[scale], cell) for scale in sorted(scales - {reference})]
    return pairs


def _hash(study: Study, clips: Sequence[Clip]) -> str:
    # More slots of the same design are the same design, and so are the same clips in another folder.
    definition = study.model_dump(mode="json", exclude={"participants", "clips"})
    return hash_of({"study": definition, "clips": [clip.model_dump(mode="json") for clip in clips]})


def _listed(levels: Iterable[str | float]) -> str:
    return ", ".join(level if isinstance(level, str) else f"{level:g}" for level in sorted(levels, key=str))
