"""Verbs that make clips, or take them in: render, build, adopt."""

import math
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lipstudy.cli._output import Output, output_options, track_stem
from lipstudy.errors import InputError, OutputError, nearest_name
from lipstudy.execution import counted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Executor

    from lipstudy.media import Sound
    from lipstudy.records import Embodiment
    from lipstudy.stimuli import Estimate

__all__ = ["adopt", "build", "render"]

EXAMPLE_RECIPE = "stimuli/articulation.yaml"
# More than this is not the sloppy end of a recording but another recording.
_MAX_DIFFERENCE_S = 0.2
_LONG_S = 30.0
"""A build that takes longer says so before it starts."""


scheduler_option = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Give the work to a Dask scheduler, tcp://host:8786, instead of processes here.",
)


@click.command(
    epilog="\b\nExamples:\n  lipstudy build stimuli/articulation.yaml\n  lipstudy build --example > stimuli/mine.yaml"
)
@click.argument("recipe", required=False, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder of the set (default: beside RECIPE, with its name).",
)
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Processes that draw.")
@scheduler_option
@click.option("--retry-failed", is_flag=True, help="Make clips that failed their checks again, though nothing changed.")
@click.option("-y", "--yes", is_flag=True, help="Start a huge set (over 1,000 clips, 4 hours or 10 GB) without asking.")
@click.option("--example", is_flag=True, help="Print a recipe with all keys explained, and stop.")
@output_options
def build(
    recipe: Path | None,
    folder: Path | None,
    workers: int,
    scheduler: str | None,
    retry_failed: bool,
    yes: bool,
    example: bool,
    output: Output,
) -> None:
    """Build a stimulus set from a recipe: clips, clips.csv, and index.html to look at them.

    Only what is missing or changed is made: run it again after Ctrl-C or after editing the recipe. A clip that does not
    pass its checks is kept apart, with the reason, and made again when its recipe, its files or lipstudy change.
    """
    if example:
        from lipstudy.templates import template_text

        click.echo(template_text(EXAMPLE_RECIPE), nl=False)
        return
    if recipe is None:
        raise click.UsageError("name a recipe; 'lipstudy build --example' prints one to start from")
    from lipstudy.stimuli import build_set, estimate_build, load_recipe

    declared = load_recipe(recipe)
    place = folder or recipe.with_suffix("")
    for sentence in declared.advice:
        output.tell(sentence)
    _tell_size(estimate_build(declared, place), place, workers, yes, output)
    waits = bool(declared.films) or any(speaker.film is not None for speaker in declared.speakers)
    with (
        _executor(scheduler) as executor,
        output.progress("tracking", "films", at_once=waits) as show_films,
        output.progress("networks", "steps", at_once=False) as show_steps,
        output.progress("clips", "clips", at_once=not waits) as show,
    ):
        built = build_set(
            declared,
            place,
            workers=workers,
            retry_failed=retry_failed,
            executor=executor,
            progress=show,
            tracking=show_films,
            teaching=show_steps,
        )
    for sentence in (*built.lacks, *built.refinements, *built.doubts):
        output.tell(sentence)
    if built.altered:
        names = ", ".join(built.altered[:3]) + (" ..." if len(built.altered) > 3 else "")
        was = (
            "had been changed or deleted since it was made"
            if len(built.altered) == 1
            else ("had been changed or deleted since they were made")
        )
        output.tell(f"{_clips(len(built.altered))} {was}: {names}")
    value = {
        "manifest": str(built.manifest),
        "page": str(built.page),
        "clips": len(built.clips),
        "rendered": built.rendered,
        "reused": built.reused,
        "altered": list(built.altered),
        "lacks": list(built.lacks),
        "refinements": list(built.refinements),
        "doubts": list(built.doubts),
        "failed": dict(built.failed),
    }
    text = (
        f"{built.manifest}: {_clips(len(built.clips))}; {built.rendered} made now, {built.reused} there already\n"
        f"Look at them in {built.page}"
    )
    output.result(value, text)
    if built.failed:
        clip_id, reason = built.failed[0]
        raise OutputError(
            f"{_clips(len(built.failed))} did not pass the checks and {_are(len(built.failed))} kept apart in"
            f" {built.manifest.parent / 'failed'}: the first, {clip_id}: {reason} (made again when its"
            " recipe changes, or with --retry-failed)"
        )


@click.command(
    epilog='\b\nExample:\n  lipstudy adopt rendered/ --pattern "{speaker}_{sentence}_{articulation}.mp4" --model mine'
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--pattern",
    required=True,
    help="Names of the clips: {speaker}, {sentence}, {articulation}, and {operator}, {model} if they vary.",
)
@click.option(
    "--embodiment",
    type=click.Choice(["photo", "landmarks"]),
    default="photo",
    show_default=True,
    help="How the face is shown.",
)
@click.option("--operator", default="unknown", show_default=True, help="What the scale was applied about.")
@click.option("--model", default="elsewhere", show_default=True, help="Where the lip motion comes from.")
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Processes that look.")
@scheduler_option
@output_options
def adopt(
    folder: Path,
    pattern: str,
    embodiment: "Embodiment",
    operator: str,
    model: str,
    workers: int,
    scheduler: str | None,
    output: Output,
) -> None:
    """Make a manifest for clips that were made elsewhere, with the same checks.

    FOLDER gets clips.csv and index.html; the clips stay as they are. Where a face is found the effective articulation
    is measured, against the clip at articulation 1.
    """
    from lipstudy.stimuli import adopt_clips

    with _executor(scheduler) as executor, output.progress("clips", "clips") as show:
        adopted = adopt_clips(
            folder,
            pattern=pattern,
            embodiment=embodiment,
            operator=operator,
            model=model,
            workers=workers,
            executor=executor,
            progress=show,
        )
    if adopted.passed_over:
        count = len(adopted.passed_over)
        those = "1 file does not" if count == 1 else f"{count} files do not"
        output.tell(f"{those} fit the pattern: {', '.join(adopted.passed_over[:3])}")
    if adopted.altered:
        names = ", ".join(adopted.altered[:3]) + (" ..." if len(adopted.altered) > 3 else "")
        output.tell(f"changed or deleted since the clips were adopted before: {names}; write the plan again")
    if adopted.untracked:
        output.tell(
            f"no face can be tracked in {_clips(len(adopted.untracked))}: the effective articulation is not known there"
        )
    if adopted.without_original:
        output.tell(
            f"{_clips(len(adopted.without_original))} cannot be compared with one of that speaker and sentence at"
            f" articulation 1, as there is none: {', '.join(adopted.without_original[:3])}"
        )
    value = {
        "manifest": str(adopted.manifest),
        "page": str(adopted.manifest.with_name("index.html")),
        "clips": len(adopted.clips),
        "failed": dict(adopted.failed),
        "passed_over": list(adopted.passed_over),
        "altered": list(adopted.altered),
        "untracked": list(adopted.untracked),
        "without_original": list(adopted.without_original),
    }
    output.result(value, f"{adopted.manifest}: {_clips(len(adopted.clips))}")
    if adopted.failed:
        path, reason = adopted.failed[0]
        raise OutputError(
            f"{_clips(len(adopted.failed))} did not pass the checks and {_are(len(adopted.failed))} not in"
            f" {adopted.manifest}: the first, {path}: {reason}"
        )


@click.command(
    epilog="\b\nExamples:\n  lipstudy render talk.track.npz --sound talk.wav\n"
    "  lipstudy render talk.track.npz --sound talk.mp4 --photograph face.png -o face.mp4"
)
@click.argument("track", type=click.Path(path_type=Path))
@click.option("--sound", type=click.Path(path_type=Path), help="A sound file, or a film whose sound is taken.")
@click.option(
    "--photograph",
    type=click.Path(path_type=Path),
    help="Move the face of this photograph instead of drawing lines; 'astronaut' needs no file.",
)
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path),
    help="The clip (default: beside TRACK, talk.landmarks.mp4 or talk.photo.mp4).",
)
@click.option("--size", "size_px", type=int, default=512, show_default=True, help="Side of the picture in pixels.")
@click.option(
    "--style",
    "style_name",
    default="face",
    show_default=True,
    metavar="NAME",
    help="How landmarks are drawn: face, face-points, face-filled, lips, lips-points, lips-filled, dark.",
)
@output_options
def render(
    track: Path,
    sound: Path | None,
    photograph: Path | None,
    path: Path | None,
    size_px: int,
    style_name: str,
    output: Output,
) -> None:
    """Show one landmark track as a clip: as lines or points, or on a photograph."""
    from lipstudy.clips import LANDMARK_STYLES, render_landmarks, render_photograph
    from lipstudy.face import load_track
    from lipstudy.media import encode_clip, measure_clip
    from lipstudy.stimuli import clip_faults, face_in

    if style_name not in LANDMARK_STYLES:
        known = ", ".join(LANDMARK_STYLES)
        raise InputError(
            f"there is no style '{style_name}'{nearest_name(style_name, LANDMARK_STYLES)}: there are {known}"
        )
    shown = load_track(track)
    speech = None if sound is None else _speech_for(shown.duration_s, sound, track)
    if path is None:
        path = track.with_name(f"{track_stem(track)}.{'landmarks' if photograph is None else 'photo'}.mp4")
    if photograph is None:
        frames = render_landmarks(shown, style=LANDMARK_STYLES[style_name], size_px=size_px)
    else:
        frames = render_photograph(face_in(photograph), shown, size_px=size_px)
    with output.progress("drawing", "frames") as show:
        encode_clip(path, counted(frames, shown.num_frames, show), fps=shown.fps, sound=speech)
    measured = measure_clip(path, sound=speech)
    faults = [] if speech is None else clip_faults(measured, frames=shown.num_frames, fps=shown.fps, sound=speech)
    if faults:
        raise OutputError(f"{path} did not pass its checks, do not use it: {'; '.join(faults)}")
    value = {
        "clip": str(path),
        "frames": measured.frames,
        "fps": measured.fps,
        "duration_s": measured.duration_s,
        "sound_duration_s": measured.sound_duration_s,
        "av_offset_ms": None if math.isnan(measured.av_offset_ms) else measured.av_offset_ms,
    }
    with_sound = "without sound" if speech is None else f"sound {measured.av_offset_ms:+.2f} ms after picture"
    output.result(value, f"{path}: {measured.frames} frames at {measured.fps:g} frames/s, {with_sound}")


def _speech_for(duration_s: float, sound: Path, track: Path) -> "Sound":
    from lipstudy.media import read_sound, sound_beside_picture

    speech = read_sound(sound)
    if abs(speech.duration_s - duration_s) > _MAX_DIFFERENCE_S:
        raise InputError(
            f"{sound} lasts {speech.duration_s:.2f} s and {track} {duration_s:.2f} s: give the sound that belongs to it"
        )
    return sound_beside_picture(speech, duration_s=duration_s)


def _clips(count: int) -> str:
    return "1 clip" if count == 1 else f"{count} clips"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


@contextmanager
def _executor(scheduler: str | None) -> "Iterator[Executor | None]":
    if scheduler is None:
        yield None
        return
    from lipstudy.execution import cluster_executor

    with cluster_executor(scheduler) as executor:
        yield executor


def _tell_size(estimate: "Estimate", folder: Path, workers: int, yes: bool, output: Output) -> None:
    there = next(place for place in (folder.resolve(), *folder.resolve().parents) if place.exists())
    free_bytes = shutil.disk_usage(there).free
    told = estimate.sentence(workers=workers)
    if free_bytes < estimate.size_bytes:
        raise OutputError(
            f"{told}, but only {free_bytes / 1e6:,.1f} MB are free in {there}: choose another folder with -o"
        )
    if estimate.is_huge and not yes:
        if not sys.stdin.isatty():
            raise InputError(f"{told}: say that you mean it with --yes, or shorten the recipe")
        click.confirm(f"{told}. Start?", abort=True, err=True)
    elif estimate.work_s / workers > _LONG_S:
        output.tell(told)
