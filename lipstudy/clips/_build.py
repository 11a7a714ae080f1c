"""A stimulus set: every clip of a recipe, made once, checked, and listed in a manifest."""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lipstudy.clips._making import ClipJob, Failed, hashes_of, key_of, make_clip
from lipstudy.clips._recipe import Recipe
from lipstudy.clips._set_folder import Made, SetFolder
from lipstudy.clips._takes import Take, make_takes
from lipstudy.errors import InputError
from lipstudy.execution import Progress, run_each
from lipstudy.face import load_track
from lipstudy.media import read_sound
from lipstudy.motion import scale_articulation
from lipstudy.records import Clip, existing_file, provenance, write_manifest, write_text

__all__ = ["BuildResult", "build_set"]


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build did."""

    clips: tuple[Clip, ...]
    """The clips of the set, in the order of the recipe."""
    rendered: int
    """Number of clips made by this build, those that failed included."""
    reused: int
    """Number of clips that were there already and are unchanged."""
    failed: tuple[tuple[str, str], ...]
    """(clip_id, reason) of clips that did not pass their checks; they are kept apart in ``failed/``."""
    manifest: Path
    """The manifest, ``clips.csv``."""


def build_set(recipe: Recipe, folder: str | Path, *, workers: int = 2, progress: Progress | None = None) -> BuildResult:
    """Build the stimulus set of a recipe.

    Only what is missing or changed is made: a clip is known by the hash of everything that decides its bytes (motion,
    sound, picture, style, renderer, encoder). A build that was stopped goes on where it was. All scales, 1 included,
    go through the same renderer and codec.

    In a script, call it under ``if __name__ == "__main__":``; its workers import the script.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    folder : str or Path
        Where: ``clips.csv`` with its data dictionary, ``clips/``, ``speech/``, ``tracks/`` (articulation 1),
        ``faces/``, ``records/`` (what each file was made from), ``build.json`` (provenance), if need be ``failed/``.
    workers : int >= 1
        Processes that draw and encode.
    progress : callable, optional
        Called with (clips done, clips in all).

    Returns
    -------
    BuildResult

    Raises
    ------
    InputError
        If a file that the recipe names cannot be used, or a text cannot be spoken.
    OutputError
        If the folder cannot be written, or the disk is full. Clips made so far are kept.
    """
    if workers < 1:
        raise InputError(f"the number of workers must be 1 or more, got {workers}")
    for path in recipe.files():
        existing_file(path, what="a file that the recipe names")
    for film in recipe.films:
        read_sound(film.film)  # a film without sound is told before the work, not after
    place = SetFolder(Path(folder).resolve())
    with place.opened():
        takes = make_takes(recipe, place, workers=workers)
        planned = [plan for take in takes for plan in _planned(take, recipe, place)]
        outcomes, rendered = _make_missing([plan.job for plan in planned], place, workers=workers, progress=progress)
    clips = [_row(plan, outcome) for plan, outcome in zip(planned, outcomes, strict=True) if isinstance(outcome, Made)]
    _write_provenance(recipe, place)
    write_manifest(place.manifest, clips)
    return BuildResult(
        clips=tuple(clips),
        rendered=rendered,
        reused=len(outcomes) - rendered,
        failed=tuple((outcome.clip_id, outcome.reason) for outcome in outcomes if isinstance(outcome, Failed)),
        manifest=Path(folder) / place.manifest.name,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """A clip to be in the set, and what its scale did to the lips."""

    job: ClipJob
    effective_articulation: float
    contact_frames: int
    contact_frames_lost: int


def _planned(take: Take, recipe: Recipe, place: SetFolder) -> Iterator[_Plan]:
    track = load_track(take.track_path)
    given = hashes_of(take, track)
    for embodiment in recipe.embodiments:
        for operator in recipe.operators:
            for articulation in recipe.articulations:
                scaled = scale_articulation(track, articulation, operator=operator)
                job = ClipJob(place, take, articulation, operator, embodiment, recipe.size_px, recipe.style)
                yield _Plan(
                    replace(job, key=key_of(job, scaled.track, given)),
                    scaled.effective_articulation,
                    scaled.contact_frames,
                    scaled.contact_frames_lost,
                )


def _make_missing(
    jobs: list[ClipJob], place: SetFolder, *, workers: int, progress: Progress | None
) -> tuple[list[Made | Failed], int]:
    """Return what became of each job, and how many clips had to be made."""
    outcomes: dict[int, Made | Failed] = {}
    for index, job in enumerate(jobs):
        made = place.made(place.clip(job.clip_id), job.key)
        if made is not None:
            outcomes[index] = made
    missing = [index for index in range(len(jobs)) if index not in outcomes]
    if progress is not None:
        progress(len(outcomes), len(jobs))
    for position, outcome in run_each(make_clip, [jobs[index] for index in missing], workers=workers):
        outcomes[missing[position]] = outcome
        if progress is not None:
            progress(len(outcomes), len(jobs))
    return [outcomes[index] for index in range(len(jobs))], len(missing)


def _row(plan: _Plan, made: Made) -> Clip:
    job, effective = plan.job, plan.effective_articulation
    path = job.folder.clip(job.clip_id)
    return Clip(
        clip_id=job.clip_id,
        path=path.relative_to(job.folder.root).as_posix(),
        sha256=made.sha256,
        speaker=job.take.speaker,
        sentence=job.take.sentence,
        text=job.take.text,
        articulation=job.articulation,
        operator=job.operator,
        effective_articulation=None if math.isnan(effective) else effective,
        embodiment=job.embodiment,
        source=job.source,
        model=job.take.model,
        fps=made.measures["fps"],
        frames=int(made.measures["frames"]),
        duration_s=made.measures["duration_s"],
        av_offset_ms=made.measures["av_offset_ms"],
        contact_frames=plan.contact_frames,
        contact_frames_lost=plan.contact_frames_lost,
        renderer_version=job.renderer_version,
    )


def _write_provenance(recipe: Recipe, place: SetFolder) -> None:
    told = provenance(stage="build", arguments=recipe.model_dump(mode="json"), inputs=recipe.files())
    write_text(place.provenance, json.dumps(told, indent=2) + "\n")
