"""Tables for the page and for the paper: one source, as HTML, LaTeX and CSV."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lipstudy.records import write_text

__all__ = ["Column", "Table", "as_latex", "write_tables"]

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "\N{MINUS SIGN}": "$-$", "\N{EN DASH}": "--",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    key: str
    """Name in the rows and in the CSV file, with its unit."""
    heading: str
    """What a reader sees."""
    shown: Callable[[Any], str] = str
    """How a value is written for a reader."""
    text: bool = False
    """Whether it holds words, which stand on the left."""
    in_csv_only: bool = False
    """Whether page and paper go without it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose values come from the results."""

    name: str
    """Of its files."""
    caption: str
    columns: tuple[Column, ...]
    rows: Sequence[dict[str, Any]]

    @property
    def shown(self) -> list[Column]:
        """The columns of page and paper."""
        return [column for column in self.columns if not column.in_csv_only]

    def cells(self) -> list[list[str]]:
        """Return the rows as a reader sees them."""
        return [[column.shown(row.get(column.key)) for column in self.shown] for row in self.rows]

    def as_csv(self) -> str:
        """Return the values in full, one heading a column."""
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow([column.key for column in self.columns])
        for row in self.rows:
            values = [row.get(column.key) for column in self.columns]
            writer.writerow(["" if value is None else _cell(value) for value in values])
        return buffer.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    # A spreadsheet would run a name that begins like a formula.
    return f"'{text}" if isinstance(value, str) and text[:1] in "=+@" else text


def as_latex(table: Table, *, simulated: bool) -> str:
    """Return a table in LaTeX, for the package booktabs; simulated data say so in the caption."""
    sides = "".join("l" if column.text else "r" for column in table.shown)
    mark = r"\textbf{Simulated.} " if simulated else ""
    lines = [
        r"\begin{table}",
        rf"\caption{{{mark}{_latex(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        rf"\begin{{tabular}}{{{sides}}}",
        r"\toprule",
        " & ".join(_latex(column.heading) for column in table.shown) + r" \\",
        r"\midrule",
        *(" & ".join(map(_latex, row)) + r" \\" for row in table.cells()),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex(text: str) -> str:
    return re.sub("|".join(map(re.escape, _LATEX)), lambda found: _LATEX[found[0]], text)


def write_tables(folder: Path, tables: Sequence[Table], *, simulated: bool, prefix: str = "") -> list[Path]:
    """Write each table as CSV and as LaTeX into a folder. Raises OutputError."""
    written = []
    for table in tables:
        for suffix, text in ((".csv", table.as_csv()), (".tex", as_latex(table, simulated=simulated))):
            path = folder / f"{prefix}{table.name}{suffix}"
            write_text(path, text)
            written.append(path)
    return written
