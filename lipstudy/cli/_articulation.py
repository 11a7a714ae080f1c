"""Verbs about how strongly lips articulate: articulate, measure."""

import math
import warnings
from pathlib import Path
from typing import Any

import click

from lipstudy.cli._output import Output, output_options, track_stem
from lipstudy.cli._scaling import articulation_option, operator_option, scaling_sentence, scaling_suffix
from lipstudy.cli._several import SeveralCommand

__all__ = ["articulate", "measure"]


@click.command(cls=SeveralCommand, epilog="\b\nExample:\n  lipstudy articulate talk.track.npz --articulation 0.5 1.5")
@click.argument("track", type=click.Path(path_type=Path))
@articulation_option
@operator_option
@click.option(
    "--neutral",
    type=click.Path(path_type=Path),
    help="Another track of the same speaker: its rest pose is used. Only for --operator rest.",
)
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), help="Folder for the results (default: beside TRACK)."
)
@output_options
def articulate(
    track: Path,
    articulation: tuple[float, ...],
    operator: str,
    neutral: Path | None,
    folder: Path | None,
    output: Output,
) -> None:
    """Scale the articulation of a landmark track.

    Writes one track for each scale, named by it: talk.a0.50.track.npz. Another operator than 'rest' is in the name
    too: talk.a0.50.mean.track.npz.
    """
    from lipstudy.errors import InputError
    from lipstudy.face import load_track, neutral_of, save_track
    from lipstudy.motion import scale_articulation
    from lipstudy.records import provenance

    if neutral is not None and operator != "rest":
        raise InputError(f"--neutral is for --operator rest: '{operator}' does not use it, leave it out")
    source = load_track(track)
    pose = None if neutral is None else neutral_of(load_track(neutral))
    scales = tuple(dict.fromkeys(articulation))
    scaled = [scale_articulation(source, scale, operator=operator, neutral=pose) for scale in scales]

    rows = []
    for each in scaled:
        suffix = scaling_suffix(each.articulation, operator)
        path = (folder or track.parent) / f"{track_stem(track)}{suffix}.track.npz"
        arguments = {"articulation": each.articulation, "operator": operator, "neutral": neutral and neutral.name}
        made = provenance(stage="articulate", arguments=arguments, inputs=[track, *([neutral] if neutral else [])])
        articulated = each.track.provenance["articulated"]
        told = made | {"articulated": articulated, "source": dict(source.provenance)}
        save_track(path, each.track.with_points(each.track.points, provenance=told))
        rows.append({"path": str(path), **articulated})
    output.result({"tracks": rows}, "\n".join(_sentence(row) for row in rows))


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


def _sentence(row: dict[str, Any]) -> str:
    return f"{row['path']}: {scaling_sentence(row)}; crossings repaired in {row['crossings_repaired']}"
