"""Verbs that start something: a new study folder, the demo."""

from pathlib import Path

import click

from lipstudy.cli._output import Output, output_options, seed_option

__all__ = ["demo", "new"]


@click.command(epilog="\b\nExample:\n  lipstudy new my-study")
@click.argument("folder", type=click.Path(path_type=Path))
@output_options
def new(folder: Path, *, output: Output) -> None:
    """Make a study folder to edit: stimuli/, experiments/, analysis/ and a README with the next commands."""
    from lipstudy.templates import create_study_folder

    written = create_study_folder(folder)
    output.result(
        {"folder": str(folder), "files": [str(path) for path in written]},
        f"{folder} is ready, {len(written)} files: {folder / 'README.md'} has the next commands",
    )
