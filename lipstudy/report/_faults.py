"""Faults of a trial table that a model would not see: each is found and told, or refused."""

from collections.abc import Mapping, Sequence

from lipstudy.errors import InputError
from lipstudy.records import Clip, Trial

__all__ = ["checked_trials"]

_COPIED_FROM = 8
"""Answers from which on two sessions that agree in every one, times included, are one."""
_FEW_PEOPLE = 6


def checked_trials(trials: Sequence[Trial], clips: Sequence[Clip] | None) -> tuple[list[Trial], list[str]]:
    """Return the trials, those with leaked catch clips marked as not valid, and what was found, one sentence each.

    Parameters
    ----------
    trials : sequence of Trial
    clips : sequence of Clip, optional
        The manifest: the trials' labels are then compared with it.

    Raises
    ------
    InputError
        If the answers are ratings, a session is there twice, or a label contradicts the manifest.
    """
    _refuse_ratings(trials)
    _refuse_copied_sessions(trials)
    manifest = {clip.clip_id: clip for clip in clips or ()}
    _refuse_other_labels(trials, manifest)
    found: list[str] = []
    kept = [_without_leak(trial, manifest) for trial in trials]
    leaked = sum(new is not old for new, old in zip(kept, trials, strict=True))
    if leaked:
        found.append(
            f"{leaked} {'trial' if leaked == 1 else 'trials'} of kind 2afc showed a clip that was made for catch"
            f" trials: left out"
        )
    same = sum(trial.kind == "2afc" and trial.clip_left == trial.clip_right for trial in kept)
    if same:
        found.append(f"{same} trials of kind 2afc showed one clip on both sides, as catch trials do: left out")
    found += _turned(kept)
    return kept, found + _thin(kept)


def _refuse_ratings(trials: Sequence[Trial]) -> None:
    rated = sum(trial.kind == "rating" for trial in trials)
    if rated and not any(trial.kind == "2afc" for trial in trials):
        raise InputError(
            f"the trial table holds {rated} ratings of single clips and no choice between two: 'lipstudy analyze' and"
            " 'lipstudy rank' analyse choices"
        )


def _refuse_copied_sessions(trials: Sequence[Trial]) -> None:
    answers: dict[str, list[tuple[object, ...]]] = {}
    for trial in trials:
        if trial.response is not None:
            answers.setdefault(trial.participant, []).append(
                (trial.clip_left, trial.clip_right, trial.response, trial.rt_s)
            )
    seen: dict[tuple[tuple[object, ...], ...], str] = {}
    for participant, given in answers.items():
        if len(given) < _COPIED_FROM or all(answer[3] is None for answer in given):
            continue
        first = seen.setdefault(tuple(given), participant)
        if first != participant and len({answer[3] for answer in given}) > 1:
            raise InputError(
                f"{participant} and {first} gave the same {len(given)} answers in the same times, trial by trial: one"
                " file is there twice, keep one"
            )


def _refuse_other_labels(trials: Sequence[Trial], manifest: Mapping[str, Clip]) -> None:
    for trial in trials:
        for side, name, shown in (
            ("left", trial.clip_left, trial.articulation_left),
            ("right", trial.clip_right, trial.articulation_right),
        ):
            clip = manifest.get(name or "")
            if clip is not None and shown is not None and abs(clip.articulation - shown) > 1e-9:
                raise InputError(
                    f"trial {trial.trial} of {trial.participant} says articulation {shown:g} of the clip '{name}' on"
                    f" the {side}, but the manifest says {clip.articulation:g}: labels were swapped, mend the table or"
                    " name the manifest of these clips"
                )


def _without_leak(trial: Trial, manifest: Mapping[str, Clip]) -> Trial:
    clips = [manifest.get(name or "") for name in (trial.clip_left, trial.clip_right)]
    faults = [clip.fault for clip in clips if clip is not None and clip.fault is not None]
    if trial.kind != "2afc" or not trial.valid or not faults:
        return trial
    return trial.model_copy(update={"valid": False, "reason": f"catch clip ({faults[0]})"})


def _turned(trials: Sequence[Trial]) -> list[str]:
    turned = set()
    for trial in trials:
        left, right = trial.effective_articulation_left, trial.effective_articulation_right
        other = trial.articulation_right
        if trial.kind != "2afc" or left is None or right is None or other is None:
            continue
        if (left - right) * (trial.articulation_left - other) < 0:
            turned.add((trial.clip_left, trial.clip_right))
    if not turned:
        return []
    first = min((min(pair[0], pair[1] or ""), max(pair[0], pair[1] or "")) for pair in turned)
    return [
        f"in {len(turned)} pairs of clips the one of the higher articulation moves its lips less, by effective"
        f" articulation (for instance '{first[0]}' and '{first[1]}'): are labels swapped?"
    ]


def _thin(trials: Sequence[Trial]) -> list[str]:
    counted = [trial for trial in trials if trial.valid and trial.kind == "2afc"]
    people = {trial.participant for trial in counted}
    speakers = {trial.speaker for trial in counted}
    sentences = {trial.sentence for trial in counted}
    found = []
    if len(people) < _FEW_PEOPLE:
        found.append(f"there are {len(people)} people only: the spread between people is hardly known")
    if len(speakers) == 1:
        found.append("there is one speaker only: nothing here is about other speakers")
    if len(sentences) == 1:
        found.append("there is one sentence only: nothing here is about other sentences")
    return found
