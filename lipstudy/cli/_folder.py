"""Verbs about a study folder: lock, withdraw, export."""

from datetime import UTC, datetime
from pathlib import Path

import click

from lipstudy.cli._output import Output, output_options
from lipstudy.errors import InputError

__all__ = ["export", "lock", "withdraw"]


@click.command(epilog="\b\nExample:\n  lipstudy lock experiments/articulation.yaml")
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--plan", "planned", type=click.Path(path_type=Path), help="Its plan (default: STUDY with .plan.csv).")
@click.option("--clips", "manifest", type=click.Path(path_type=Path), help="The clip manifest (default: as in STUDY).")
@click.option(
    "-o", "--output", "path", type=click.Path(path_type=Path), help="The lock (default: STUDY with .lock.json)."
)
@output_options
def lock(study: Path, planned: Path | None, manifest: Path | None, path: Path | None, output: Output) -> None:
    """Fix a study before data are seen: definition, rules, tests, clips and plan.

    The file is what a preregistration needs; its hashes stand in every row of the tables. Run again, it checks that
    nothing was changed since. The first session of a study folder fixes the study in any case.
    """
    from lipstudy.records import read_lock, read_manifest, read_plan, write_lock
    from lipstudy.study import check_lock, check_plan, load_study, lock_of

    definition = load_study(study)
    trials = read_plan(planned or study.with_suffix(".plan.csv"))
    check_plan(trials, definition, read_manifest(manifest or study.parent / definition.clips, verify=True))
    path = path or study.with_suffix(".lock.json")
    there = path.exists()
    if there:
        check_lock(read_lock(path), definition, trials, where=path)
    else:
        write_lock(path, lock_of(definition, trials, locked_at=datetime.now(UTC).isoformat(timespec="seconds")))
    locked = read_lock(path)
    output.result(
        {"lock": str(path), "design_sha256": locked.design_sha256, "locked_at": locked.locked_at, "new": not there},
        f"{path}: nothing was changed since {locked.locked_at}"
        if there
        else f"{path}: '{locked.name}' is fixed, design {locked.design_sha256[:12]}, {locked.participants} slots",
    )


@click.command(epilog="\b\nExample:\n  lipstudy withdraw 7KQF-2M9X-TD4R experiments/articulation.data")
@click.argument("code")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@output_options
def withdraw(code: str, folder: Path | None, output: Output) -> None:
    """Delete the session of a person who takes back consent.

    CODE was shown at the end of the session. The log and the rows of the tables in FOLDER (the only study folder here
    and in experiments/, if not given) are deleted for good; a note with a hash of the code and no name stays, and the
    slot is given out again.
    """
    from lipstudy.study import withdraw_session

    folder = folder or _the_study_folder(Path())
    done = withdraw_session(folder, code)
    told = "this code was used before, its session is deleted" if done.before else f"deleted: {done.rows} rows"
    output.result(
        {"rows": done.rows, "note": str(done.note), "used_before": done.before},
        f"{folder}: {told}. Write exports and reports again, they may still hold the person's answers",
    )


@click.command(epilog="\b\nExample:\n  lipstudy export experiments/articulation.data -o psych-ds")
@click.argument("folder", type=click.Path(path_type=Path), required=False)
@click.option(
    "-o", "--output", "path", type=click.Path(path_type=Path), help="The data set (default: psych-ds in FOLDER)."
)
@click.option("--author", help="Who the data set is by.")
@click.option("--licence", help="Under which licence, for instance CC-BY-4.0.")
@output_options
def export(folder: Path | None, path: Path | None, author: str | None, licence: str | None, output: Output) -> None:
    """Write a study folder as a Psych-DS data set with its codebook.

    FOLDER is the only study folder here and in experiments/, if not given. The tables are derived again from the event
    logs first: trials, participants with the verdict on them, answers.
    """
    from lipstudy.study import export_psych_ds

    folder = folder or _the_study_folder(Path())
    path = path or folder / "psych-ds"
    written = export_psych_ds(folder, path, author=author, licence=licence)
    output.result(
        {"folder": str(path), "files": [str(file) for file in written]}, f"{path}: {len(written)} files, Psych-DS 1.5.1"
    )


def _the_study_folder(here: Path) -> Path:
    """Return the one folder with sessions, here or in experiments/: of people, else of simulated viewers.

    Raises
    ------
    InputError
        If there is none, or several.
    """
    for names in (("*.data", "data"), ("*.simulated",)):
        found = [
            folder
            for place in (here, here / "experiments")
            for name in names
            for folder in sorted(place.glob(name))
            if (folder / "sessions").is_dir()
        ]
        if len(found) > 1:
            raise InputError(f"there are several study folders, {', '.join(map(str, found))}: name one")
        if found:
            return found[0]
    raise InputError("there is no study folder here or in experiments: name it, STUDY.data or STUDY.simulated")
