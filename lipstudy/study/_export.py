"""A study folder as a Psych-DS data set: tables under data/, and one file that describes every column."""

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lipstudy.errors import InputError
from lipstudy.records import Participant, Row, Trial, data_dictionary, read_lock, write_bytes, write_text
from lipstudy.study._folder import write_tables
from lipstudy.study._locking import LOCK_NAME, frozen_study
from lipstudy.study._table import Answer

__all__ = ["export_psych_ds"]

_TABLES: Mapping[str, type[Row]] = {"trials": Trial, "participants": Participant, "answers": Answer}
_TYPES = {"string": "text", "number": "number", "integer": "whole number", "boolean": "true or false"}


def export_psych_ds(
    folder: str | Path, output: str | Path, *, author: str | None = None, licence: str | None = None
) -> list[Path]:
    """Write a Psych-DS data set of a study folder.

    The tables are derived again from the event logs first. Each goes to
    ``data/study-<name>_description-<table>_data.csv`` (Psych-DS names files by keywords, and takes letters and digits
    alone), every column is described under ``variableMeasured`` in ``dataset_description.json``, and the lock of the
    study stands in ``documentation/``.

    Parameters
    ----------
    folder : str or Path
        The study folder, with ``study.lock.json`` and sessions.
    output : str or Path
        The folder of the data set; files of an earlier export in it are replaced.
    author, licence : str, optional
        What the data set says of itself.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        If the folder holds no study, no session, or a damaged log.
    OutputError
        If the output cannot be written.

    Notes
    -----
    Source: Psych-DS schema 1.5.1 (https://psych-ds.github.io): data files match
    ``([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\\.csv``, every column is named in ``variableMeasured`` and the
    other way round.
    """
    folder, output = Path(folder), Path(output)
    study, plan = frozen_study(folder)
    if not write_tables(folder, study, plan):
        raise InputError(f"{folder} has no trial yet: run a session first")
    name = re.sub(r"[^a-zA-Z0-9]", "", study.name) or "lipstudy"
    written: list[Path] = []
    variables: dict[str, dict[str, Any]] = {}
    for table, row_type in _TABLES.items():
        source = folder / f"{table}.csv"
        target = output / "data" / f"study-{name}_description-{table}_data.csv"
        if not source.exists():
            target.unlink(missing_ok=True)
            continue
        write_bytes(target, source.read_bytes())
        written.append(target)
        described = data_dictionary(row_type)["columns"]
        with open(source, encoding="utf-8", newline="") as file:
            for column in next(csv.reader(file)):
                variables.setdefault(column, _variable(column, described.get(column, {})))
    lock = read_lock(folder / LOCK_NAME)
    description: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": study.name,
        "description": f"Trials, participants and answers of the study '{study.name}', written by lipstudy"
        f" {lock.lipstudy}. Design {lock.design_sha256}.",
        "schemaVersion": "Psych-DS 1.5.1",
        "variableMeasured": list(variables.values()),
        "keywords": ["paired comparison", "lip articulation", "talking face"],
    }
    if author is not None:
        description["author"] = {"@type": "Person", "name": author}
    if licence is not None:
        description["license"] = licence
    texts = {
        "dataset_description.json": json.dumps(description, indent=2) + "\n",
        "README.md": _readme(study.name, lock.locked_at),
        "CHANGES.md": "# Changes\n\nThis folder is written again as a whole by `lipstudy export`.\n",
        f"documentation/{LOCK_NAME}": (folder / LOCK_NAME).read_text(encoding="utf-8"),
    }
    for path, text in texts.items():
        write_text(output / path, text)
        written.append(output / path)
    return written


def _variable(column: str, described: Mapping[str, Any]) -> dict[str, Any]:
    """Return a column as a PropertyValue of schema.org."""
    entry: dict[str, Any] = {
        "@type": "PropertyValue",
        "name": column,
        "description": described.get("description", "a column that the lab added"),
    }
    kinds = [described, *described.get("anyOf", [])]
    types = [_TYPES[kind["type"]] for kind in kinds if kind.get("type") in _TYPES]
    if types:
        entry["valueReference"] = types[0]
    levels = next((kind["enum"] for kind in kinds if "enum" in kind), None)
    if levels:
        entry["valueReference"] = ", ".join(levels)
    for kind in kinds:
        if "minimum" in kind:
            entry["minValue"] = kind["minimum"]
        if "maximum" in kind:
            entry["maxValue"] = kind["maximum"]
    unit = next((unit for ending, unit in _UNITS.items() if column.endswith(ending)), None)
    if unit is not None:
        entry["unitText"] = unit
    return entry


_UNITS = {"_s": "s", "_ms": "ms", "_hz": "Hz"}


def _readme(name: str, locked_at: str | None) -> str:
    fixed = f"It was fixed on {locked_at}, before the first session" if locked_at else "Its viewers are simulated"
    return (
        f"# {name}\n\nOne row a trial, a participant, an answer: the tables under `data/`."
        " `dataset_description.json` says what every column holds.\n\n"
        f"The design (clips, comparisons, rules that exclude participants, family of tests) stands in"
        f" `documentation/{LOCK_NAME}`; its hash is the column `design_sha256`. {fixed}.\n"
    )
