"""Verbs about sessions without people: plan, simulate."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lipstudy.cli._output import Output, output_options, seed_option

if TYPE_CHECKING:
    from lipstudy.study import Balance

__all__ = ["plan", "simulate"]

_clips_option = click.option(
    "--clips",
    "manifest",
    type=click.Path(path_type=Path),
    help="The clip manifest (default: the one that STUDY names).",
)


@click.command(epilog="\b\nExample:\n  lipstudy plan experiments/articulation.yaml --seed 1")
@click.argument("study", type=click.Path(path_type=Path))
@_clips_option
@click.option(
    "-o", "--output", "path", type=click.Path(path_type=Path), help="The plan (default: STUDY with .plan.csv)."
)
@seed_option
@output_options
def plan(study: Path, manifest: Path | None, path: Path | None, seed: int, output: Output) -> None:
    """Write every trial of every participant slot.

    Compares every clip with the hash in its manifest first. The same study, clips and seed give the same plan on every
    machine.
    """
    from lipstudy.records import read_manifest, write_plan
    from lipstudy.study import balance_of, check_locked, load_study, plan_study

    definition = load_study(study)
    clips = read_manifest(manifest or study.parent / definition.clips, verify=True)
    trials = plan_study(definition, clips, seed=seed)
    check_locked(study, definition, trials)
    path = path or study.with_suffix(".plan.csv")
    write_plan(path, trials)
    balance = balance_of(trials)
    output.result(
        {
            "plan": str(path),
            "participants": definition.participants,
            "trials": len(trials),
            "catch_trials": sum(trial.kind.startswith("catch") for trial in trials),
            "design_sha256": trials[0].design_sha256,
            "seed": seed,
            "balance": [asdict(row) for row in balance],
        },
        (f"{_balance_table(balance)}\n" if balance else "")
        + f"{path}: {len(trials)} trials of {definition.participants} participants, seed {seed}",
    )


@click.command(
    epilog="\b\nExample:\n  lipstudy simulate experiments/articulation.plan.csv --study experiments/articulation.yaml"
)
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--study", type=click.Path(path_type=Path), required=True, help="The study definition of the plan.")
@_clips_option
@click.option(
    "--viewers", type=click.Path(path_type=Path), help="YAML with how the viewers choose (default: a peak at 1.2)."
)
@click.option("--participant", "participants", multiple=True, help="Only this slot, for instance P07; may be repeated.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    help="The study folder (default: STUDY with .simulated; sessions of people are in .data).",
)
@seed_option
@output_options
def simulate(
    plan: Path,
    study: Path,
    manifest: Path | None,
    viewers: Path | None,
    participants: tuple[str, ...],
    folder: Path | None,
    seed: int,
    output: Output,
) -> None:
    """Run simulated viewers through a plan.

    They go through the real session core and leave real event logs; every row of the tables is marked as simulated.
    Interrupted, it goes on where it stopped, with the same answers.
    """
    from lipstudy.records import read_manifest, read_plan
    from lipstudy.study import SimulatedViewers, check_locked, load_study, load_viewers, simulate_study

    definition = load_study(study)
    clips = read_manifest(manifest or study.parent / definition.clips)
    planned = read_plan(plan)
    check_locked(study, definition, planned)
    folder = folder or study.with_suffix(".simulated")  # in that of people they would take their slots
    with output.progress("simulating", "session") as progress:
        trials = simulate_study(
            definition,
            planned,
            clips,
            folder,
            seed=seed,
            viewers=SimulatedViewers() if viewers is None else load_viewers(viewers),
            participants=participants,
            progress=progress,
        )
    sessions = len({trial.session for trial in trials})
    path = folder / "trials.csv"
    output.result(
        {"trials_csv": str(path), "sessions": sessions, "trials": len(trials), "simulated": True, "seed": seed},
        f"{path}: {len(trials)} trials of {sessions} simulated viewers, seed {seed}",
    )


_MOST_ROWS = 40


def _balance_table(balance: "list[Balance]") -> str:
    if len(balance) > _MOST_ROWS:
        worst = max(abs(2 * row.first_left - row.trials) for row in balance)
        return f"{len(balance)} comparisons; no side comes up more than {worst} times more often than the other"
    rows = [("embodiment", "compared", "trials", "first left", "first right")]
    for row in balance:
        right = row.trials - row.first_left
        rows.append((row.embodiment, f"{row.first} and {row.second}", str(row.trials), str(row.first_left), str(right)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
