"""Verbs of the lab: run, calibrate, rehearse."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from lipstudy.cli._output import Output, output_options, seed_option

__all__ = ["calibrate", "rehearse", "run"]

_path = click.Path(path_type=Path)


def _study_options(verb: Any) -> Any:
    """Add what names the files of a study."""
    for option in (
        click.option("--clips", "manifest", type=_path, help="The clip manifest (default: the one that STUDY names)."),
        click.option("--plan", "planned", type=_path, help="The plan (default: STUDY with .plan.csv)."),
    ):
        verb = option(verb)
    return verb


def _screen_options(verb: Any) -> Any:
    """Add what says where pages are shown."""
    for option in (
        click.option("--screen", type=click.IntRange(min=0), default=0, show_default=True, help="Which screen."),
        click.option("--windowed", is_flag=True, help="A window instead of the whole screen."),
    ):
        verb = option(verb)
    return verb


def _sound_options(verb: Any) -> Any:
    """Add what says how sound is played, and what the machine may lack."""
    for option in (
        click.option("--photodiode", is_flag=True, help="Light the lower left corner with each clip's first frame."),
        click.option("--no-vsync-needed", is_flag=True, help="Go on where pictures do not wait for the screen."),
        click.option("--no-sound-needed", is_flag=True, help="Go on where no sound can be played."),
        click.option("--sound-device", help="The sound device, or a part of its name (default: the system's)."),
    ):
        verb = option(verb)
    return verb


_font_option = click.option("--font", type=_path, help="A font file, for scripts that Noto Sans lacks.")


@click.command(epilog="\b\nExample:\n  lipstudy run experiments/articulation.yaml --participant 07")
@click.argument("study", type=_path, required=False)
@click.option("--participant", help="Number or name of a slot, for instance 07 (default: the next free one).")
@_study_options
@click.option("-o", "--output", "folder", type=_path, help="The study folder (default: STUDY with .data).")
@_screen_options
@_sound_options
@_font_option
@output_options
def run(
    study: Path | None,
    participant: str | None,
    manifest: Path | None,
    planned: Path | None,
    folder: Path | None,
    output: Output,
    **machine: Any,
) -> None:
    """Run a participant's session in the lab.

    Full screen: consent, checks, instructions, practice, trials with breaks, questions, thanks. Every event is on disk
    before the next screen. Esc twice pauses; the same command goes on. Without STUDY, studies in this folder and their
    next slots are offered on the screen.
    """
    from lipstudy.lab import LabSettings, open_booth, open_study, run_chosen, run_participant

    settings = LabSettings(**machine)
    if study is None:
        with open_booth(settings) as booth:
            ended = run_chosen(booth, Path())
        output.result({"sessions_ended": ended}, f"{ended} sessions ended")
        return
    lab = open_study(study, plan=planned, manifest=manifest, folder=folder, font=settings.font)
    with open_booth(settings) as booth:
        session = run_participant(booth, lab, participant)
    state = "ended" if session.ended else "paused, the same command goes on"
    done = f"{session.num_decided} of {session.num_trials} trials"
    output.result(
        {
            "participant": session.participant,
            "ended": session.ended,
            "trials_done": session.num_decided,
            "trials": session.num_trials,
            "folder": str(lab.folder),
        },
        f"{session.participant}: {state}; {done}; tables in {lab.folder}",
    )


@click.command(epilog="\b\nExample:\n  lipstudy calibrate --seconds 20 -o booth2.json")
@click.option("--seconds", type=click.FloatRange(min=6), default=60, show_default=True, help="How long in all.")
@click.option("--size", "size_px", type=click.IntRange(min=64), default=512, show_default=True, help="Side of a clip.")
@click.option(
    "-o", "--output", "path", type=_path, default=Path("calibration.json"), show_default=True, help="The report."
)
@_screen_options
@_sound_options
@output_options
def calibrate(seconds: float, size_px: int, path: Path, output: Output, **machine: Any) -> None:
    """Measure what this machine shows and plays, before the first participant.

    Two clips play beside each other, at 25 and at 30 frames/s, with a click a second. Reports the rate of the screen,
    dropped frames, jitter of the flips, the offset of the sound, and what cannot be measured from within.
    """
    from lipstudy.lab import UNKNOWN, LabSettings, open_booth, write_calibration
    from lipstudy.lab import calibrate as measure

    with (
        open_booth(LabSettings(**machine), need_vsync=False) as booth,
        output.progress("calibrating", "clip pair") as progress,
    ):
        found = measure(booth, seconds=seconds, size_px=size_px, progress=progress)
    picture = write_calibration(path, found)
    rates = [{name: value for name, value in asdict(rate).items() if name != "intervals_ms"} for rate in found.rates]
    lines = [
        *found.findings,
        "Not known from within:",
        *(f"- {line}" for line in UNKNOWN),
        f"Report: {path}, every flip in {picture}",
    ]
    output.result(
        {
            "report": str(path),
            "picture": str(picture),
            "machine": found.machine,
            "rates": rates,
            "findings": found.findings,
            "complete": found.complete,
        },
        "\n".join(lines),
    )


@click.command(epilog="\b\nExample:\n  lipstudy rehearse experiments/articulation.yaml")
@click.argument("study", type=_path)
@click.option("--participant", "participants", multiple=True, help="The slot (default: the first); may be repeated.")
@_study_options
@click.option("-o", "--output", "folder", type=_path, help="Keep logs and tables there (default: thrown away).")
@_screen_options
@_font_option
@seed_option
@output_options
def rehearse(
    study: Path,
    participants: tuple[str, ...],
    manifest: Path | None,
    planned: Path | None,
    folder: Path | None,
    windowed: bool,
    screen: int,
    font: Path | None,
    seed: int,
    output: Output,
) -> None:
    """Play a whole study through the real window, with a simulated viewer at full speed.

    Shows every screen and every frame of every clip that a participant would see, silently, and tells what would have
    stopped a session.
    """
    from lipstudy.lab import open_study, rehearse_study

    lab = open_study(study, plan=planned, manifest=manifest, font=font)
    with output.progress("rehearsing", "session") as progress:
        found = rehearse_study(
            lab,
            participants=list(participants) or None,
            windowed=windowed,
            screen=screen,
            font=font,
            folder=folder,
            seed=seed,
            progress=progress,
        )
    failed = [{"trial": trial.trial, "reason": trial.reason} for trial in found.failed]
    told = (
        "every clip was shown" if not failed else "; ".join(f"trial {one['trial']}: {one['reason']}" for one in failed)
    )
    output.result(
        {"trials": len(found.trials), "failed": failed, "seconds": round(found.seconds, 1), "seed": seed},
        f"{len(found.trials)} trials in {found.seconds:.0f} s: {told}",
    )
