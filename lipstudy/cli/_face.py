"""The verb for faces: track."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from lipstudy.cli._output import Output, output_options
from lipstudy.errors import InputError
from lipstudy.execution import Progress, run_each

__all__ = ["track"]


@click.command(
    epilog="\b\nExamples:\n  lipstudy track talk.mp4\n  lipstudy track films/*.mp4 --output tracks --workers 4"
)
@click.argument("films", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "destination",
    type=click.Path(path_type=Path),
    help="A folder for the tracks, or with one film a file name that ends in .npz. [default: beside each film]",
)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes to use.")
@click.option("--force", is_flag=True, help="Track again where an up-to-date track is there.")
@output_options
def track(films: tuple[Path, ...], *, destination: Path | None, workers: int, force: bool, output: Output) -> None:
    """Track the face in films: talk.mp4 gives talk.track.npz.

    A film whose track is there already, made from the same bytes by the same version, is skipped.
    """
    from lipstudy.media import open_film

    jobs = _jobs(films, destination)
    to_do = [job for job in jobs if force or not _is_done(job)]
    frames = [open_film(job.film).num_frames for job in to_do]
    skipped = len(jobs) - len(to_do)
    if skipped:
        output.tell(f"{skipped} of {len(jobs)} films have an up-to-date track")
    if to_do:
        with output.progress("tracking", "frames") as show:
            _track_all(to_do, frames, workers=workers, show=show)
    summaries = [_summary(job) for job in jobs]
    output.result({"tracks": summaries}, "\n".join(_sentence(summary) for summary in summaries))


@dataclass(frozen=True, slots=True)
class _Job:
    film: Path
    track: Path


def _jobs(films: tuple[Path, ...], destination: Path | None) -> list[_Job]:
    if destination is not None and destination.suffix == ".npz":
        if len(films) > 1:
            raise InputError(f"--output {destination} is one file, but {len(films)} films are given: name a folder")
        return [_Job(films[0], destination)]
    if destination is not None and destination.is_file():
        raise InputError(f"--output {destination} is a file: name a folder, or a file that ends in .npz")
    made_by: dict[Path, Path] = {}
    for film in films:
        track = (destination or film.parent) / f"{film.stem}.track.npz"
        if track in made_by:
            raise InputError(
                f"{made_by[track]} and {film} would both give {track}: rename one, or track them into different folders"
            )
        made_by[track] = film
    return [_Job(film, track) for track, film in made_by.items()]


def _is_done(job: _Job) -> bool:
    from lipstudy.face import is_track_of
    from lipstudy.records import existing_file

    return is_track_of(job.track, existing_file(job.film, what="a film"))


def _track_all(jobs: list[_Job], frames: list[int], *, workers: int, show: Progress) -> None:
    before, total = 0, sum(frames)

    def show_within(done: int, _: int) -> None:
        show(before + done, total)

    # Another process cannot report its frames: there the bar moves film by film.
    function = partial(_track_one, progress=show_within) if min(workers, len(jobs)) == 1 else _track_one
    show(0, total)
    for index, _ in run_each(function, jobs, workers=workers):
        before += frames[index]
        show(before, total)


def _track_one(job: _Job, progress: Progress | None = None) -> None:
    from lipstudy.face import save_track, track_film

    save_track(job.track, track_film(job.film, progress=progress))


def _summary(job: _Job) -> dict[str, Any]:
    from lipstudy.face import lip_aperture, lips_in_contact, load_track

    track = load_track(job.track)
    return {
        "film": str(job.film),
        "track": str(job.track),
        "frames": track.num_frames,
        "fps": track.fps,
        "duration_s": track.duration_s,
        "invalid_frames": [frame for frame, valid in enumerate(track.valid) if not valid],
        "contact_frames": int(lips_in_contact(track.points, track.topology).sum()),
        "largest_aperture_iod": round(float(lip_aperture(track.points, track.topology).max()), 4),
    }


def _sentence(summary: dict[str, Any]) -> str:
    invalid = len(summary["invalid_frames"])
    gaps = f", {invalid} of them interpolated" if invalid else ""
    return (
        f"{summary['track']}: {summary['frames']} frames at {summary['fps']:g} frames/s{gaps}, lips in contact in"
        f" {summary['contact_frames']}"
    )
