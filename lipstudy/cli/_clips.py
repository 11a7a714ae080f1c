"""Verbs that make clips: render, build."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lipstudy.cli._output import Output, output_options, track_stem
from lipstudy.errors import InputError, OutputError, nearest_name
from lipstudy.execution import counted

if TYPE_CHECKING:
    from lipstudy.media import Sound

__all__ = ["build", "render"]

EXAMPLE_RECIPE = "stimuli/articulation.yaml"
# More than this is not the sloppy end of a recording but another recording.
_MAX_DIFFERENCE_S = 0.2


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
@click.option("--example", is_flag=True, help="Print a recipe with all keys explained, and stop.")
@output_options
def build(recipe: Path | None, folder: Path | None, workers: int, example: bool, output: Output) -> None:
    """Build a stimulus set from a recipe: clips, clips.csv, speech and tracks.

    Only what is missing or changed is made: run it again after Ctrl-C or after editing the recipe.
    """
    if example:
        from lipstudy.templates import template_text

        click.echo(template_text(EXAMPLE_RECIPE), nl=False)
        return
    if recipe is None:
        raise click.UsageError("name a recipe; 'lipstudy build --example' prints one to start from")
    from lipstudy.clips import build_set, load_recipe

    declared = load_recipe(recipe)
    with output.progress("clips", "clips") as show:
        built = build_set(declared, folder or recipe.with_suffix(""), workers=workers, progress=show)
    value = {
        "manifest": str(built.manifest),
        "clips": len(built.clips),
        "rendered": built.rendered,
        "reused": built.reused,
        "failed": dict(built.failed),
    }
    text = f"{built.manifest}: {len(built.clips)} clips, {built.rendered} made now, {built.reused} were there already"
    output.result(value, text)
    if built.failed:
        clip_id, reason = built.failed[0]
        raise OutputError(
            f"{len(built.failed)} clips did not pass their checks and are kept apart in"
            f" {built.manifest.parent / 'failed'}: the first, {clip_id}: {reason}"
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
    from lipstudy.clips import LANDMARK_STYLES, clip_faults, face_in, render_landmarks, render_photograph
    from lipstudy.face import load_track
    from lipstudy.media import encode_clip, measure_clip

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
    from lipstudy.clips import sound_beside_picture
    from lipstudy.media import read_sound

    speech = read_sound(sound)
    if abs(speech.duration_s - duration_s) > _MAX_DIFFERENCE_S:
        raise InputError(
            f"{sound} lasts {speech.duration_s:.2f} s and {track} {duration_s:.2f} s: give the sound that belongs to it"
        )
    return sound_beside_picture(speech, duration_s=duration_s)
