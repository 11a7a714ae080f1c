"""Reading a table that somebody else wrote."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lipstudy.errors import InputError, nearest_name
from lipstudy.records import Trial, existing_file

__all__ = ["is_trial_table", "read_table", "with_factors"]


def read_table(path: str | Path) -> Any:
    """Read a CSV table of any columns.

    Parameters
    ----------
    path : str or Path
        A CSV file with a header, separated by commas, in UTF-8 with or without a byte order mark.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    InputError
        If it is no such table, or has no row.
    """
    import pandas

    path = existing_file(path, what="a table of answers")
    try:
        table = pandas.read_csv(path, encoding="utf-8-sig", skipinitialspace=True)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8: save the table as 'CSV UTF-8'") from error
    except (pandas.errors.ParserError, pandas.errors.EmptyDataError) as error:
        raise InputError(f"{path} is not a table in CSV: {str(error).strip()}") from error
    if len(table.columns) == 1:
        for separator, name in ((";", "semicolons"), ("\t", "tabs")):
            if separator in str(table.columns[0]):
                raise InputError(f"{path} is separated by {name}: save it with commas between the cells")
    if table.empty:
        raise InputError(f"{path} has no row: a model needs answers")
    for name in table.columns:
        if table[name].dtype.kind not in "iufb":
            table[name] = table[name].str.strip().replace("", None)
    doubled = [str(name)[:-2] for name in table.columns if str(name).endswith(".1") and str(name)[:-2] in table.columns]
    if doubled:
        raise InputError(f"{path} has two columns '{doubled[0]}': keep one")
    return table


def with_factors(table: Any, names: Iterable[str]) -> Any:
    """Return a table in which some columns of numbers are factors: their levels are compared with the lowest.

    Parameters
    ----------
    table : pandas.DataFrame
    names : iterable of str
        Columns.

    Raises
    ------
    InputError
        If a column is missing.
    """
    import pandas

    made = table.copy()
    for name in names:
        if name not in made.columns:
            raise InputError(f"the table has no column '{name}'{nearest_name(name, map(str, made.columns))}")
        made[name] = pandas.Categorical(made[name])
    return made


def is_trial_table(table: Any) -> bool:
    """Return whether a table has the columns of our trial table, and no column `chosen` of its own."""
    needed = {name for name, field in Trial.model_fields.items() if field.is_required()}
    return needed <= set(table.columns) and "chosen" not in table.columns
