"""The verb restage: a speaker's own film, its lips moving less or more."""

from functools import partial
from pathlib import Path
from typing import Any, Literal

import click

from lipstudy.cli._output import Output, output_options
from lipstudy.cli._scaling import articulation_option, operator_option, scaling_sentence, scaling_suffix
from lipstudy.cli._several import SeveralCommand
from lipstudy.errors import InputError
from lipstudy.execution import run_each

__all__ = ["restage"]

_SMALLEST_IOD_PX = 4
"""No face is tracked whose outer eye corners are nearer to each other than this."""


@click.command(cls=SeveralCommand, epilog="\b\nExample:\n  lipstudy restage talk.mp4 --articulation 0.5 1.5")
@click.argument("film", type=click.Path(path_type=Path))
@articulation_option
@operator_option
@click.option(
    "--limits",
    type=click.Choice(["speaker", "none"]),
    default="speaker",
    show_default=True,
    help="Hold exaggeration within what the speaker's mouth does in the film, or let it go on.",
)
@click.option(
    "--track",
    "track_path",
    type=click.Path(path_type=Path),
    help="The film's landmark track. [default: talk.track.npz, made if it is not there]",
)
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), help="Folder for the results. [default: beside FILM]"
)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes to use.")
@output_options
def restage(
    film: Path,
    articulation: tuple[float, ...],
    operator: str,
    limits: Literal["speaker", "none"],
    track_path: Path | None,
    folder: Path | None,
    workers: int,
    output: Output,
) -> None:
    """Make the lips of a filmed speaker move less or more; the speech stays.

    talk.mp4 gives talk.a0.50.mp4 and so on, each with its provenance in talk.a0.50.json; one that is there already is
    not made again. Make the clip at articulation 1 too, and show that one instead of the film: it has gone through the
    same encoder as the others. The sound is as loud as the film's; 'lipstudy build' makes all of a set equally loud.
    """
    from lipstudy.clips import RestageJob, restage_film
    from lipstudy.media import open_film, read_sound
    from lipstudy.motion import check_articulation

    for scale in articulation:  # told before the film is tracked, which takes longer than a typing error is worth
        check_articulation(scale, operator=operator)
    num_frames = open_film(film).num_frames
    read_sound(film)  # a film without sound is told before the work, not after
    used = track_path or _own_track(film, folder, output)
    _check_place(used, film, output)
    jobs = [
        RestageJob(
            film,
            used,
            scale,
            operator,
            (folder or film.parent) / f"{film.stem}{scaling_suffix(scale, operator)}.mp4",
            limits,
        )
        for scale in dict.fromkeys(articulation)
    ]
    made: dict[int, dict[str, Any]] = {}
    with output.progress("restaging", "frames") as show:
        show(0, num_frames * len(jobs))

        def show_within(done: int, _: int) -> None:
            show(num_frames * len(made) + done, num_frames * len(jobs))

        # Another process cannot report its frames: there the bar moves clip by clip.
        function = partial(restage_film, progress=show_within) if min(workers, len(jobs)) == 1 else restage_film
        for index, told in run_each(function, jobs, workers=workers):
            made[index] = {"path": str(jobs[index].clip), **told}
            show(num_frames * len(made), num_frames * len(jobs))
    clips = [made[index] for index in range(len(jobs))]
    output.result({"film": str(film), "track": str(used), "clips": clips}, "\n".join(_sentence(clip) for clip in clips))


def _check_place(track_path: Path, film: Path, output: Output) -> None:
    from lipstudy.face import cut_times_s, load_track

    track = load_track(track_path)
    # A track of someone else's model has no pose; its face, one pixel wide, would leave the film as it is.
    if float(track.pose.scale_px.max()) < _SMALLEST_IOD_PX:
        raise InputError(f"{track_path} does not say where the face is in the film: give the one of 'lipstudy track'")
    if times_s := cut_times_s(track.pose, fps=track.fps):
        output.tell(
            f"{film} cuts at {times_s[0]:.2f} s{'' if len(times_s) == 1 else ' and later'}, and one resting face stands"
            " for all of it: better give a film of one shot"
        )


def _own_track(film: Path, folder: Path | None, output: Output) -> Path:
    """Return the path of the film's track, beside it or among the results; track the film if there is none."""
    from lipstudy.face import is_track_of, save_track, track_film

    name = f"{film.stem}.track.npz"
    for place in dict.fromkeys((film.parent, folder or film.parent)):
        if is_track_of(place / name, film):
            return place / name
    path = (folder or film.parent) / name
    with output.progress("tracking", "frames") as show:
        save_track(path, track_film(film, progress=show))
    return path


def _sentence(clip: dict[str, Any]) -> str:
    folds = f"; the picture folds in {len(clip['folded_frames'])} frames" if clip["folded_frames"] else ""
    clipped = f"; held back by the speaker's range in {clip['clipped_frames']}" if clip["clipped_frames"] else ""
    return f"{clip['path']}: {scaling_sentence(clip)}{clipped}{folds}"
