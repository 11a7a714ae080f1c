"""Verbs about how strongly lips articulate: articulate, measure."""

import math
import warnings
from pathlib import Path
from typing import Any

import click

from lipstudy.cli._output import Output, output_options, track_stem
from lipstudy.cli._scaling import operator_option, scaling_sentence, scaling_suffix
from lipstudy.cli._several import SeveralCommand

__all__ = ["articulate", "measure"]


@click.command(
    cls=SeveralCommand,
    epilog="\b\nExamples:\n  lipstudy articulate talk.track.npz --articulation 0.5 1.5\n"
    "  lipstudy articulate talk.track.npz --articulation 0.5 --operator jaw+spread=0.5\n"
    "  lipstudy articulate talk.track.npz --articulation 1.5 --operator time-locked --repetitions again.track.npz\n"
    "  lipstudy articulate model.track.npz --match speaker.track.npz",
)
@click.argument("track", type=click.Path(path_type=Path))
@click.option(
    "--articulation",
    type=float,
    multiple=True,
    metavar="A...",
    help="One or more articulation scales from 0 to 3: below 1 the lips move less, above 1 more.",
)
@operator_option
@click.option(
    "--match",
    "reference",
    type=click.Path(path_type=Path),
    help="A track of a speaker: the lips are first made to move as strongly as hers, with her shares of jaw, spread and"
    " protrusion.",
)
@click.option(
    "--neutral",
    type=click.Path(path_type=Path),
    help="Another track of the same speaker: its rest pose is used. Not for --operator mean and speed.",
)
@click.option(
    "--repetitions",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="TRACK...",
    help="For --operator time-locked: other tracks of the same sentence.",
)
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), help="Folder for the results (default: beside TRACK)."
)
@output_options
def articulate(
    track: Path,
    articulation: tuple[float, ...],
    operator: str,
    reference: Path | None,
    neutral: Path | None,
    repetitions: tuple[Path, ...],
    folder: Path | None,
    output: Output,
) -> None:
    """Scale the articulation of a landmark track.

    Writes one track for each scale, named by it: talk.a0.50.track.npz. Another operator than 'rest' is in the name
    too: talk.a0.50.mean.track.npz. With --match: talk.matched.track.npz, and scales are taken from there.
    """
    from lipstudy.errors import InputError
    from lipstudy.face import load_track, neutral_of, save_track
    from lipstudy.motion import match_articulation, scale_articulation
    from lipstudy.records import provenance

    if not articulation and reference is None:
        raise click.UsageError("Missing option '--articulation'", ctx=click.get_current_context())
    if neutral is not None and operator in ("mean", "speed"):
        raise InputError(f"--neutral is for operators about the rest pose: '{operator}' does not use it, leave it out")
    if repetitions and operator != "time-locked":
        raise InputError(f"--repetitions is for --operator time-locked: '{operator}' does not use it, leave it out")
    source = load_track(track)
    pose = None if neutral is None else neutral_of(load_track(neutral))
    others = [load_track(path) for path in repetitions]
    stem, made_before = track_stem(track), dict(source.provenance)
    arguments: dict[str, Any] = {"operator": operator, "neutral": neutral and neutral.name}
    arguments |= {"repetitions": [path.name for path in repetitions], "match": reference and reference.name}
    inputs = [track, *(path for path in (neutral, reference) if path is not None), *repetitions]
    matched = None if reference is None else match_articulation(source, load_track(reference), neutral=pose)
    if matched is not None:
        source, stem = matched.track, f"{stem}.matched"
    scales = dict.fromkeys(articulation)
    scaled = [
        scale_articulation(source, scale, operator=operator, neutral=pose, repetitions=others) for scale in scales
    ]
    told: dict[str, Any] = {"tracks": []}
    lines = []
    if matched is not None:
        path = (folder or track.parent) / f"{stem}.track.npz"
        made = provenance(stage="articulate", arguments=arguments, inputs=inputs)
        made |= {"matched": source.provenance["matched"], "source": made_before}
        save_track(path, source.with_points(source.points, provenance=made))
        told["matched"] = {
            "path": str(path),
            "gains": source.provenance["matched"]["gains"],
            "effective_articulation": _or_none(matched.effective_articulation),
            "effective_articulation_before": _or_none(matched.effective_articulation_before),
        }
        lines.append(_match_sentence(told["matched"]))
    for each in scaled:
        path = (folder or track.parent) / f"{stem}{scaling_suffix(each.articulation, operator)}.track.npz"
        made = provenance(stage="articulate", arguments={"articulation": each.articulation, **arguments}, inputs=inputs)
        articulated = each.track.provenance["articulated"]
        made |= {"articulated": articulated, "source": dict(source.provenance)}
        save_track(path, each.track.with_points(each.track.points, provenance=made))
        told["tracks"].append({"path": str(path), **articulated})
        lines.append(_sentence(told["tracks"][-1]))
    output.result(told, "\n".join(lines))


@click.command(epilog="\b\nExample:\n  lipstudy measure talk.a0.50.track.npz talk.track.npz --json")
@click.argument("track", type=click.Path(path_type=Path))
@click.argument("reference", type=click.Path(path_type=Path))
@output_options
def measure(track: Path, reference: Path, output: Output) -> None:
    """Compare the lip motion of TRACK with that of REFERENCE.

    Units are in the names: IOD is the inter-ocular distance. A log_lip_intensity_ratio under 0 says that TRACK moves
    its lips less, a lag above 0 that it is late. What is not defined for these tracks is null.
    """
    from lipstudy.face import load_track
    from lipstudy.metrics import measure as measure_tracks

    first, second = load_track(track), load_track(reference)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        values = measure_tracks(first, second)
    for message in dict.fromkeys(str(warning.message) for warning in caught):
        output.tell(message)
    table = [f"{name:<26} {'undefined' if math.isnan(value) else f'{value:.4f}'}" for name, value in values.items()]
    output.result({name: None if math.isnan(value) else value for name, value in values.items()}, "\n".join(table))


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def _match_sentence(matched: dict[str, Any]) -> str:
    gains = ", ".join(
        f"{name} {'undefined' if gain is None else f'{gain:.2f}'}" for name, gain in matched["gains"].items()
    )
    before, after = (matched[key] for key in ("effective_articulation_before", "effective_articulation"))
    shown = "undefined" if before is None or after is None else f"{before:.3f} before, {after:.3f} now"
    return f"{matched['path']}: gains {gains}; effective articulation of the reference's own {shown}"


def _sentence(row: dict[str, Any]) -> str:
    return f"{row['path']}: {scaling_sentence(row)}; crossings repaired in {row['crossings_repaired']}"
