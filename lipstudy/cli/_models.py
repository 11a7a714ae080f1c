"""The verbs for models of lip motion: train, evaluate."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lipstudy.cli._output import Output, output_options, seed_option

if TYPE_CHECKING:
    from lipstudy.models import Film, FilmFile
    from lipstudy.speech import Phone

__all__ = ["evaluate", "train"]

_transcripts = click.option(
    "--transcripts",
    type=click.Path(path_type=Path),
    help="A table (CSV) with the columns film, and speaker, text or both. [default: talk.txt beside talk.mp4]",
)
_workers = click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")


@click.command(
    epilog="\b\nExamples:\n  lipstudy train recordings/ -o my-speaker/\n"
    "  lipstudy train films/ -o my-speakers/ --transcripts films.csv --workers 4\n"
    "  lipstudy speak talk.wav --model my-speaker/"
)
@click.argument("recordings", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "destination",
    type=click.Path(path_type=Path),
    help="Folder of the model. [default: RECORDINGS.model]",
)
@_transcripts
@click.option("--from-scratch", is_flag=True, help="Begin with lips that know nothing, not with those of the package.")
@_workers
@seed_option
@output_options
def train(
    recordings: Path,
    *,
    destination: Path | None,
    transcripts: Path | None,
    from_scratch: bool,
    workers: int,
    seed: int,
    output: Output,
) -> None:
    """Train a model of lip motion on a folder of films.

    Films of one speaker or of many: a sub-folder is a speaker. A part is left out and says how good the model is.
    Tracks are kept; a run that was stopped goes on where it was.
    """
    from lipstudy.models import WORK_FOLDER, check_trainable, films_in, train_model

    folder = destination or recordings.with_name(f"{recordings.resolve().name}.model")
    files = films_in(recordings, table=transcripts)
    check_trainable(files)
    films, phones = _films_and_phones(files, folder / WORK_FOLDER, workers, output)
    with output.progress("training", "epochs") as show:
        made = train_model(films, phones, folder, seed=seed, from_scratch=from_scratch, progress=show)
    held_out, packaged = made.held_out.summary, made.packaged.summary
    is_behind = round(held_out["aperture_r_median"], 2) < round(packaged["aperture_r_median"], 2)
    output.result(
        {"model": str(folder), "seed": seed, "left_out": made.held_out.to_json(), "package": made.packaged.to_json()},
        f"{folder}: a model trained on {len(films)} films, seed {seed}\n"
        f"on the films left out: {_sentence(held_out)}\n"
        f"the package's own model there: {_sentence(packaged)}"
        + "\nthe package's own model follows these apertures better: use it, or train on more films"
        * is_behind,
    )


@click.command(
    epilog="\b\nExamples:\n  lipstudy evaluate tcn recordings/\n"
    "  lipstudy evaluate my-speaker/ recordings/ --transcripts films.csv -o evaluation/"
)
@click.argument("model")
@click.argument("recordings", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "destination",
    type=click.Path(path_type=Path),
    help="Folder for the table and the picture. [default: RECORDINGS.evaluation]",
)
@_transcripts
@_workers
@output_options
def evaluate(
    model: str, recordings: Path, *, destination: Path | None, transcripts: Path | None, workers: int, output: Output
) -> None:
    """Compare what a model does with what films show.

    MODEL is one of the package, a folder of 'lipstudy train', a folder of tracks, or file.py:ClassName. It is judged
    fairly only on speakers that it was not trained on.
    """
    from lipstudy.models import (
        WORK_FOLDER,
        evaluate_model,
        evaluation_png,
        films_in,
        load_model,
        write_evaluation,
    )

    loaded = load_model(model)
    folder = destination or recordings.with_name(f"{recordings.resolve().name}.evaluation")
    # Films that a model was trained on were tracked already.
    work = next(
        (place for place in (Path(model) / WORK_FOLDER, folder / WORK_FOLDER) if place.is_dir()), folder / WORK_FOLDER
    )
    films, phones = _films_and_phones(films_in(recordings, table=transcripts), work, workers, output)
    with output.progress("evaluating", "films") as show:
        found = evaluate_model(loaded.model, films, phones, progress=show)
    write_evaluation(folder, found, model=loaded.name, films=films, picture=evaluation_png(found, films))
    rows = "\n".join(_row(score) for score in found.scores)
    output.result(
        {"model": loaded.name, "output": str(folder)} | found.to_json(),
        f"{'film':16} aperture r  width r  protrusion r  SD ratio  lag (frames)\n{rows}\n{_sentence(found.summary)}\n"
        f"table and picture: {folder}",
    )


def _films_and_phones(
    files: "Sequence[FilmFile]", work: Path, workers: int, output: Output
) -> "tuple[list[Film], list[tuple[Phone, ...] | None]]":
    from lipstudy.models import phones_of_films, read_films

    with output.progress("tracking", "films") as show:
        films = read_films(files, cache=work, workers=workers, progress=show)
    for film in films:
        for doubt in film.doubts:
            output.tell(f"{film.file.path}: {doubt}")
    return films, phones_of_films(films, tell=output.tell)


def _row(score: Any) -> str:
    return (
        f"{score.film[:16]:16} {score.aperture_r:10.2f} {score.width_r:8.2f} {score.protrusion_r:13.2f}"
        f" {score.deviation_ratio:9.2f} {score.lag_frames:13.0f}"
    )


def _sentence(summary: dict[str, float]) -> str:
    told = (
        f"aperture r {summary['aperture_r_median']:.2f} in the median, {summary['aperture_r_lowest']:.2f} at least; "
        f"width r {summary['width_r_median']:.2f}; motion {summary['deviation_ratio_median']:.2f} times the film's"
    )
    if summary["bilabials"]:
        told += (
            f"; lips closed at {summary['closed_share']:.0%} of {summary['bilabials']:.0f} p, b, m"
            f" (by chance {summary['closed_by_chance']:.0%}, d' {summary['closed_d_prime']:.2f})"
        )
    return told
