"""The refinements of a recipe's speakers: taught once, judged, kept in the folder of the set beside their faces."""

import hashlib
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from lipstudy.clips import (
    FILM_FACE_RENDERER_VERSION,
    REFINEMENT_VERSION,
    judged,
    load_pairs,
    load_verdict,
    mouth_pairs,
    open_film_face,
    save_pairs,
    save_refinement,
)
from lipstudy.execution import Progress, run_each, worker_processes
from lipstudy.face import load_track
from lipstudy.records import hash_of, sha256_of_file
from lipstudy.stimuli._recipe import Recipe, Speaker
from lipstudy.stimuli._set_folder import SetFolder

__all__ = ["refined_speakers", "refinements_told", "teach_refinements"]

_STEPS_AT_ONCE = 300
"""A worker teaches for about half a minute, then says how far it has come."""


def refined_speakers(recipe: Recipe) -> tuple[Speaker, ...]:
    """Return the speakers that a network shall be taught for: landmark clips have no use for one."""
    return tuple(speaker for speaker in recipe.speakers if speaker.refine and "photo" in recipe.embodiments)


def teach_refinements(
    recipe: Recipe,
    folder: SetFolder,
    *,
    workers: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> frozenset[str]:
    """Teach and judge the networks of a recipe; what is there already is used again.

    A run that was stopped goes on where it was. The films must have been tracked.

    Returns
    -------
    frozenset of str
        The speakers whose network is better than none.

    Raises
    ------
    InputError
        If a film is too short for it.
    OutputError
        If the folder cannot be written.
    """
    speakers = refined_speakers(recipe)
    wanted = [_Lessons(speaker, folder, recipe.size_px) for speaker in speakers]
    waiting = [lessons for lessons in wanted if not _are_over(lessons)]
    reached: dict[_Lessons, tuple[int, int]] = {}
    several = executor is None and min(workers, len(waiting)) > 1
    with worker_processes(min(workers, len(waiting))) if several else nullcontext(executor) as processes:
        while waiting:
            for index, steps in run_each(_teach_a_while, waiting, workers=workers, executor=processes):
                reached[waiting[index]] = steps
                if progress is not None:
                    progress(sum(done for done, _ in reached.values()), sum(total for _, total in reached.values()))
            waiting = [lessons for lessons in waiting if reached[lessons][0] < reached[lessons][1]]
    return frozenset(speaker.name for speaker in speakers if load_verdict(folder.verdict(speaker.name)).better)


def refinements_told(recipe: Recipe, folder: SetFolder) -> tuple[str, ...]:
    """Return what became of the networks, a sentence for each speaker that asks for one."""
    return tuple(
        f"the film of {speaker.name}: {load_verdict(folder.verdict(speaker.name)).sentence()}"
        for speaker in refined_speakers(recipe)
    )


@dataclass(frozen=True, slots=True)
class _Lessons:
    """Whom to teach a network for; small enough to travel to another process."""

    speaker: Speaker
    folder: SetFolder
    size_px: int


def _are_over(item: _Lessons) -> bool:
    key, folder, name = _key(item), item.folder, item.speaker.name
    return all(folder.made(path, key) is not None for path in (folder.refinement(name), folder.verdict(name)))


def _teach_a_while(item: _Lessons) -> tuple[int, int]:
    """Go on teaching from what the folder holds; return the steps done and those in all. At the end, judge."""
    from lipstudy.clips import refined_frames, teach

    name, folder, key = item.speaker.name, item.folder, _key(item)
    pairs_path, state_path = folder.pairs(name), folder.teaching(name)
    if folder.made(pairs_path, key) is None:
        track, film = load_track(folder.film_track(name)), item.speaker.film
        assert film is not None
        save_pairs(pairs_path, mouth_pairs(open_film_face(film, track), track, size_px=item.size_px))
        folder.note(pairs_path, key)
    pairs = load_pairs(pairs_path)
    lesson = teach(pairs, at_most=_STEPS_AT_ONCE, state_path=state_path)
    if lesson.is_over:
        refinement = lesson.refinement(size_px=item.size_px)
        weights_path, verdict_path = folder.refinement(name), folder.verdict(name)
        save_refinement(weights_path, verdict_path, refinement, judged(pairs, refined_frames(refinement, pairs)))
        folder.note(weights_path, key)
        folder.note(verdict_path, key)
        folder.forget(pairs_path)
        state_path.unlink(missing_ok=True)
    return lesson.done_steps, lesson.steps


def _key(item: _Lessons) -> str:
    """Return the hash of what decides a network: no version of anything else, as hours may lie in it."""
    assert item.speaker.film is not None
    points = load_track(item.folder.film_track(item.speaker.name)).points
    return hash_of(
        {
            "film": sha256_of_file(item.speaker.film),
            "track": hashlib.sha256(np.ascontiguousarray(points).tobytes()).hexdigest(),
            "renderer": FILM_FACE_RENDERER_VERSION,
            "refinement": REFINEMENT_VERSION,
            "size_px": item.size_px,
        }
    )
