"""Verbs that start something: a new study folder, the demo."""

import io
import sys
from contextlib import redirect_stdout
from pathlib import Path

import click

from lipstudy.cli._output import Output, output_options, seed_option

__all__ = ["demo", "new"]


@click.command(epilog="\b\nExample:\n  lipstudy new my-study")
@click.argument("folder", type=click.Path(path_type=Path))
@output_options
def new(folder: Path, *, output: Output) -> None:
    """Make a study folder to edit.

    It gets stimuli/, experiments/ and analysis/, and a README with the next commands.
    """
    from lipstudy.templates import create_study_folder

    written = create_study_folder(folder)
    output.result(
        {"folder": str(folder), "files": [str(path) for path in written]},
        f"{folder} is ready, {len(written)} files: {folder / 'README.md'} has the next commands",
    )


@click.command(epilog="\b\nExample:\n  lipstudy demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True, help="Processes that draw clips.")
@seed_option
@output_options
def demo(folder: Path, workers: int, seed: int, output: Output) -> None:
    """Walk the whole road on a small example, with simulated viewers.

    Makes FOLDER (demo/ if not given) a study folder, builds its clips, plans the study, runs simulated viewers through
    it, and writes report.html. Every step is a verb that you could call yourself; it is told before it begins. Run
    again, it makes only what changed.
    """
    from lipstudy.cli._clips import build
    from lipstudy.cli._inference import analyze
    from lipstudy.cli._study import plan, simulate
    from lipstudy.records import read_plan

    recipe, study = folder / "stimuli" / "articulation.yaml", folder / "experiments" / "articulation.yaml"
    planned, manifest = study.with_suffix(".plan.csv"), recipe.with_suffix("") / "clips.csv"
    if not recipe.exists():
        _walk(new, [folder], output)
    _walk(build, [recipe, "--workers", workers], output)
    _walk(plan, [study, "--seed", seed], output)
    # Answers belong to one design and seed; after a change of either the new ones go beside the old.
    data = folder / f"data-{read_plan(planned)[0].design_sha256[:8]}-seed{seed}"
    _walk(simulate, [planned, "--study", study, "-o", data, "--seed", seed], output)
    _walk(analyze, [data, "--clips", manifest, "-o", folder, "--seed", seed], output)
    report = folder / "report.html"
    output.result(
        {"report": str(report), "results": str(folder / "results.json"), "clips": str(manifest), "data": str(data)},
        f"The demo is done. Open {report} in a browser; its viewers are simulated.",
    )


def _walk(verb: click.Command, arguments: list[Path | str | int], output: Output) -> None:
    words = [str(argument) for argument in arguments]
    output.tell(f"\n$ lipstudy {verb.name} {' '.join(words)}")
    told = io.StringIO() if output.quiet else sys.stderr  # stdout is for the result of the demo itself
    with redirect_stdout(told):
        verb.main([*words, *(["--quiet"] if output.quiet else [])], prog_name="lipstudy", standalone_mode=False)
