"""A stimulus set: every clip of a recipe, made once, checked, and listed in a manifest."""

import json
import math
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from lipstudy.errors import InputError
from lipstudy.execution import Progress, run_each, worker_processes
from lipstudy.face import LandmarkTrack, lip_aperture, load_track
from lipstudy.media import read_sound
from lipstudy.models import LoadedModel
from lipstudy.motion import Articulated
from lipstudy.records import Clip, Fault, existing_file, provenance, write_manifest, write_text
from lipstudy.stimuli._faces import lacks_of
from lipstudy.stimuli._index import write_page
from lipstudy.stimuli._levels import surroundings_of
from lipstudy.stimuli._making import (
    ClipJob,
    articulated,
    get_ready,
    hashes_of,
    key_of,
    make_clip,
    shown_track,
)
from lipstudy.stimuli._recipe import Recipe
from lipstudy.stimuli._refining import refinements_told
from lipstudy.stimuli._set_folder import Made, SetFolder
from lipstudy.stimuli._takes import Take, cuts_told, doubts_about, make_takes, models_of

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
    """(clip_id, reason) of clips that did not pass their checks, now or before; they are kept apart in ``failed/``."""
    altered: tuple[str, ...]
    """clip_id of clips that were deleted or changed since they were made, and were made again."""
    lacks: tuple[str, ...]
    """What films lack, a sentence each: those of speakers to be good banks of mouths, those restaged to be one shot."""
    refinements: tuple[str, ...]
    """What became of the networks that recipes ask for with 'refine', a sentence for each speaker."""
    doubts: tuple[str, ...]
    """Where the text of a recorded sentence does not seem to be what is said, a sentence each."""
    manifest: Path
    """The manifest, ``clips.csv``."""
    page: Path
    """The contact sheet, ``index.html``."""


def build_set(
    recipe: Recipe,
    folder: str | Path,
    *,
    workers: int = 2,
    retry_failed: bool = False,
    executor: Executor | None = None,
    progress: Progress | None = None,
    tracking: Progress | None = None,
    teaching: Progress | None = None,
) -> BuildResult:
    """Build the stimulus set of a recipe.

    Only what is missing or changed is made: a clip is known by the hash of everything that decides its bytes (motion,
    sound, picture, style, renderer, encoder) and its checks. One that failed them would fail again, and is remembered
    with its reason. A build that was stopped goes on where it was. All scales, 1 included, go through the same renderer
    and codec.

    In a script, call it under ``if __name__ == "__main__":``; its workers import the script.

    Parameters
    ----------
    recipe : Recipe
        What to build.
    folder : str or Path
        Where: ``clips.csv`` with its data dictionary, ``index.html`` (the contact sheet), ``clips/``, ``speech/``,
        ``tracks/`` (articulation 1, and how films that are restaged read back), ``faces/`` (refinements too),
        ``records/`` (what each file was made from), ``build.json`` (provenance), if need be ``failed/``.
    workers : int >= 1
        Processes that draw and encode.
    retry_failed : bool
        Make clips that failed their checks again though nothing changed, for instance with other libraries.
    executor : concurrent.futures.Executor, optional
        Used instead of processes of our own; its workers must reach `folder` and the recipe's files under the same
        paths.
    progress : callable, optional
        Called with (clips done, clips in all).
    tracking : callable, optional
        Called with (films done, films in all) while films are tracked, before all else.
    teaching : callable, optional
        Called with (steps done, steps in all) while networks that refine speakers are taught, before the first clip.

    Returns
    -------
    BuildResult

    Raises
    ------
    InputError
        If a file that the recipe names cannot be used, a text cannot be spoken, or speech would clip at the loudness
        wanted.
    OutputError
        If the folder cannot be written, or the disk is full. Clips made so far are kept.
    """
    if workers < 1:
        raise InputError(f"the number of workers must be 1 or more, got {workers}")
    for path in recipe.files():
        existing_file(path, what="a file that the recipe names")
    for heard in (*(film.film for film in recipe.films), *(sentence.sound for sentence in recipe.sentences)):
        if heard is not None:
            read_sound(heard)  # a film without sound is told before the work, not after
    models = models_of(recipe)
    recipe = recipe.with_files_in(Path.cwd())  # a worker of a cluster is in another folder
    place = SetFolder(Path(folder).resolve())
    with place.opened(), _early_workers(recipe, place, workers=workers, executor=executor) as executor:
        if retry_failed:
            place.forget_failed()
        takes = make_takes(
            recipe, models, place, workers=workers, executor=executor, tracking=tracking, teaching=teaching
        )
        spans = {take.name: _span(load_track(take.track_path)) for take in takes}
        planned = [plan for take in takes for plan in _planned(take, takes, spans, recipe, place)]
        jobs = [plan.job for plan in planned]
        altered = tuple(job.clip_id for job in jobs if place.is_altered(place.clip(job.clip_id)))
        outcomes, rendered = _make_missing(jobs, place, workers=workers, executor=executor, progress=progress)
        doubts = doubts_about(recipe.sentences, place)
        clips = [_row(plan, made, doubts) for plan, made in zip(planned, outcomes, strict=True) if not made.faults]
        failed = tuple(
            (job.clip_id, "; ".join(made.faults)) for job, made in zip(jobs, outcomes, strict=True) if made.faults
        )
        place.forget_failed(but=[name for name, _ in failed])
        _write_provenance(recipe, models, place)
        write_manifest(place.manifest, clips)
        apart = [(name, place.failed_clip(name).relative_to(place.root).as_posix(), why) for name, why in failed]
        lacks = lacks_of(recipe.speakers, place) + cuts_told(recipe.films, place)
        refinements = refinements_told(recipe, place)
        notes = lacks + refinements
        write_page(place.page, clips, apart, title=place.root.name, notes=notes, shown_frames=_widest(takes, recipe))
    return BuildResult(
        clips=tuple(clips),
        rendered=rendered,
        reused=len(outcomes) - rendered,
        failed=failed,
        altered=altered,
        lacks=lacks,
        refinements=refinements,
        doubts=tuple(f"the sentence {name}: {doubt}" for name, doubt in doubts.items()),
        manifest=Path(folder) / place.manifest.name,
        page=Path(folder) / place.page.name,
    )


def _widest(takes: list[Take], recipe: Recipe) -> dict[tuple[str, str, str], int]:
    """Return the frame of each take in which the mouth is open widest, where scales differ most."""
    widest = {}
    for take in takes:
        track = load_track(take.track_path)
        before_frames = surroundings_of(recipe, fps=track.fps).before_frames
        frame = int(lip_aperture(track.points, track.topology).argmax())
        widest[take.speaker, take.sentence, take.model] = before_frames + frame
    return widest


def _early_workers(
    recipe: Recipe, place: SetFolder, *, workers: int, executor: Executor | None
) -> AbstractContextManager[Executor | None]:
    """Start the workers of a first build while its faces and tracks are made; a later one may have no work for them."""
    if executor is not None or workers == 1 or place.manifest.exists():
        return nullcontext(executor)
    return worker_processes(workers, prepare=partial(get_ready, photo="photo" in recipe.embodiments))


@dataclass(frozen=True, slots=True)
class _Plan:
    """A clip to be in the set, and what its scale did to the lips."""

    job: ClipJob
    effective_articulation: float
    clipped_share: float
    contact_frames: int
    contact_frames_lost: int


@dataclass(frozen=True, slots=True)
class _Span:
    """How long a take is."""

    num_frames: int
    fps: float


def _span(track: LandmarkTrack) -> _Span:
    return _Span(track.num_frames, track.fps)


def _planned(
    take: Take, takes: list[Take], spans: dict[str, _Span], recipe: Recipe, place: SetFolder
) -> Iterator[_Plan]:
    track = load_track(take.track_path)
    given = hashes_of(take, track)
    around = surroundings_of(recipe, fps=track.fps)
    motions: list[Articulated] = []
    for embodiment in recipe.embodiments:
        jobs = [
            ClipJob(
                folder=place,
                take=take,
                articulation=articulation,
                operator=operator,
                embodiment=embodiment,
                size_px=recipe.size_px,
                style=recipe.style,
                around=around,
                range_paths=_range_paths(take, takes) if recipe.limits == "speaker" else (),
            )
            for operator in recipe.operators
            for articulation in recipe.articulations
        ]
        original = replace(jobs[0], articulation=1.0)
        # Every embodiment shows the same motions.
        motions = motions or [articulated(job, track) for job in jobs]
        for job, moved in zip(jobs, motions, strict=True):
            yield _plan(job, moved, given)
        for fault in recipe.catch:
            job = _spoilt(original, fault, takes, spans)
            filmed = given if job.filmed is take else hashes_of(job.filmed, load_track(job.filmed.track_path))
            yield _plan(job, articulated(job, shown_track(job)), filmed)


def _plan(job: ClipJob, moved: Articulated, given: dict[str, str]) -> _Plan:
    return _Plan(
        job=replace(job, key=key_of(job, moved.track, given)),
        effective_articulation=moved.effective_articulation,
        clipped_share=moved.clipped_frames / moved.num_frames,
        contact_frames=moved.contact_frames,
        contact_frames_lost=moved.contact_frames_lost,
    )


def _range_paths(take: Take, takes: list[Take]) -> tuple[Path, ...]:
    """Return the tracks that show the range of a speaker's mouth: those of her film or films, else the take's own."""
    own = {other.picture_track_path for other in takes if other.speaker == take.speaker}
    return tuple(sorted(path for path in own if path is not None)) or (take.track_path,)


def _spoilt(original: ClipJob, fault: Fault, takes: list[Take], spans: dict[str, _Span]) -> ClipJob:
    """Return the job of a catch clip: the original's sound, with a picture that no viewer takes for its own."""
    job = replace(original, fault=fault)
    return replace(job, lips_of=_other_take(job, takes, spans)) if fault == "swapped_speech" else job


def _other_take(job: ClipJob, takes: list[Take], spans: dict[str, _Span]) -> Take:
    """Return the take of another sentence, of the same speaker and model if there is one; then the nearest in duration.

    Its frames are those of the clip, one for one, so it has the same frame rate. Film is replaced by film of the same
    person only: a trial with two faces would be answered by the face.
    """
    own, span = job.take, spans[job.take.name]
    others = [
        other
        for other in takes
        if other.sentence != own.sentence
        and abs(spans[other.name].fps - span.fps) < 1e-3
        and (job.source != "restaged" or (other.photo == "restaged" and other.speaker == own.speaker))
    ]
    if not others:
        kind = f"film of '{own.speaker}'" if job.source == "restaged" else "sentence"
        raise InputError(
            f"'swapped_speech' needs another {kind} than '{own.sentence}', at its {span.fps:g} frames per second: name"
            " one, or leave 'swapped_speech' out of 'catch'"
        )

    def distance(other: Take) -> tuple[bool, bool, int, str]:
        away_frames = abs(spans[other.name].num_frames - span.num_frames)
        return other.speaker != own.speaker, other.model != own.model, away_frames, other.name

    return min(others, key=distance)


def _make_missing(
    jobs: list[ClipJob],
    place: SetFolder,
    *,
    workers: int,
    executor: Executor | None,
    progress: Progress | None,
) -> tuple[list[Made], int]:
    """Return what became of each job, and how many clips had to be made."""
    outcomes: dict[int, Made] = {}
    for index, job in enumerate(jobs):
        made = place.made_clip(job.clip_id, job.key)
        if made is not None:
            outcomes[index] = made
    missing = [index for index in range(len(jobs)) if index not in outcomes]
    # The short ones last: all workers then end at nearly the same time.
    missing.sort(key=lambda index: jobs[index].embodiment == "landmarks")
    if progress is not None:
        progress(len(outcomes), len(jobs))
    work = [jobs[index] for index in missing]
    for position, outcome in run_each(make_clip, work, workers=workers, executor=executor):
        outcomes[missing[position]] = outcome
        if progress is not None:
            progress(len(outcomes), len(jobs))
    return [outcomes[index] for index in range(len(jobs))], len(missing)


def _row(plan: _Plan, made: Made, doubts: Mapping[str, str]) -> Clip:
    job, effective = plan.job, plan.effective_articulation
    path = job.folder.clip(job.clip_id)
    told = {
        "clip_id": job.clip_id,
        "path": path.relative_to(job.folder.root).as_posix(),
        "sha256": made.sha256,
        "speaker": job.take.speaker,
        "sentence": job.take.sentence,
        "text": job.take.text,
        "text_doubts": None if job.take.photo == "restaged" else doubts.get(job.take.sentence),
        "articulation": job.articulation,
        "operator": job.operator,
        "effective_articulation": None if math.isnan(effective) else effective,
        "embodiment": job.embodiment,
        "source": job.source,
        "model": job.take.model,
        "clipped_share": plan.clipped_share,
        "contact_frames": plan.contact_frames,
        "contact_frames_lost": plan.contact_frames_lost,
        "renderer_version": job.renderer_version,
        "fault": job.fault,
        "lead_in_s": job.around.before_frames / job.around.fps,
        "lead_out_s": job.around.after_frames / job.around.fps,
    }
    return Clip.model_validate(told | made.measures)


def _write_provenance(recipe: Recipe, models: list[LoadedModel], place: SetFolder) -> None:
    files = [*recipe.files(), *(file for model in models for file in model.files)]
    told = provenance(stage="build", arguments=recipe.model_dump(mode="json"), inputs=files)
    write_text(place.provenance, json.dumps(told, indent=2) + "\n")
