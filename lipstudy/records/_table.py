"""Tables in CSV whose columns are declared: read with checks, written with their data dictionary."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from lipstudy.errors import InputError, nearest_name
from lipstudy.records._atomic import existing_file, write_text

__all__ = ["Row", "data_dictionary", "read_numbered_rows", "read_rows", "write_rows"]


class Row(BaseModel):
    """One row of a declared table. Each field's description is its entry in the data dictionary."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


AnyRow = TypeVar("AnyRow", bound=Row)


def read_rows(path: str | Path, row_type: type[AnyRow], *, what: str) -> list[AnyRow]:
    """Read and check a table.

    Parameters
    ----------
    path : str or Path
        A CSV file in UTF-8 (with or without a byte order mark) with a header. Empty lines are passed over.
    row_type : type
        The declaration of its columns. An empty cell is None.
    what : str
        What the table is, for messages: "a clip manifest".

    Returns
    -------
    list of row_type

    Raises
    ------
    InputError
        Naming file, row and column of the first thing wrong.
    """
    return [row for _, row in read_numbered_rows(path, row_type, what=what)]


def read_numbered_rows(path: str | Path, row_type: type[AnyRow], *, what: str) -> list[tuple[int, AnyRow]]:
    """Read as `read_rows`, each row with its number in the file, as a spreadsheet counts: the header is row 1."""
    path = existing_file(path, what=what)
    try:
        text = path.read_bytes().decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = next(reader, [])
        _check_header(path, header, row_type, what=what)
        filled = [(number, cells) for number, cells in enumerate(reader, start=2) if cells]
        return [(number, _parsed(path, number, cells, header, row_type)) for number, cells in filled]
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8: {what} is a CSV file, save it as 'CSV UTF-8'") from error
    except csv.Error as error:
        raise InputError(f"{path} is not {what}: {error}") from error


def write_rows(path: str | Path, rows: Sequence[AnyRow], row_type: type[AnyRow]) -> None:
    """Write `rows` to the CSV file `path` and their data dictionary to the .json file beside it, atomically.

    Columns that `row_type` does not declare, but allows, stand last in alphabetical order. None is an empty cell,
    numbers are written so that they read back as the same double.
    """
    path = Path(path)
    declared = list(row_type.model_fields)
    extra = sorted({name for row in rows for name in (row.model_extra or {})})
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, [*declared, *extra], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.model_dump().items()} for row in rows)
    write_text(path.with_suffix(".json"), json.dumps(data_dictionary(row_type), indent=2) + "\n")
    write_text(path, buffer.getvalue())


def data_dictionary(row_type: type[Row]) -> dict[str, Any]:
    """Return column -> JSON schema (type, description, range) of a declared table."""
    schema = row_type.model_json_schema()
    columns = {name: {k: v for k, v in entry.items() if k != "title"} for name, entry in schema["properties"].items()}
    return {"description": (row_type.__doc__ or "").strip().split("\n")[0], "columns": columns}


def _check_header(path: Path, header: list[str], row_type: type[Row], *, what: str) -> None:
    fields = row_type.model_fields
    missing = [name for name, field in fields.items() if field.is_required() and name not in header]
    if missing:
        found = nearest_name(missing[0], set(header) - set(fields))
        raise InputError(f"{path} has no column '{missing[0]}'{found}: {what} needs {', '.join(fields)}")
    unknown = [name for name in header if name not in fields]
    if unknown and row_type.model_config.get("extra") == "forbid":
        raise InputError(
            f"{path} has a column '{unknown[0]}' that {what} does not know{nearest_name(unknown[0], fields)}"
        )
    doubled = next((name for name in header if header.count(name) > 1), None)
    if doubled is not None:
        raise InputError(f"{path} has two columns '{doubled}': keep one")


def _parsed(path: Path, number: int, cells: list[str], header: list[str], row_type: type[AnyRow]) -> AnyRow:
    if len(cells) != len(header):
        raise InputError(f"{path}, row {number}: the number of cells is not that of the header ({len(header)})")
    try:
        return row_type.model_validate({name: cell or None for name, cell in zip(header, cells, strict=True)})
    except ValidationError as error:
        first = error.errors()[0]
        column = first["loc"][0] if first["loc"] else "row"
        if first["input"] is None:
            raise InputError(f"{path}, row {number}, column '{column}' is empty: a value is needed") from error
        raise InputError(
            f"{path}, row {number}, column '{column}': {first['input']!r} does not fit, {first['msg'][0].lower()}"
            f"{first['msg'][1:]}"
        ) from error


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)
