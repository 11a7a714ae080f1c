"""Comparisons in pairs: two conditions, an answer, the person and the item it is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError, nearest_name

__all__ = ["LEFT", "RIGHT", "TIED", "Comparisons", "comparisons_from_table"]

LEFT, RIGHT, TIED = 0, 1, 2
"""Columns of `Comparisons.counts`."""

_LEFT_WORDS = frozenset(("left", "l", "a", "first", "1", "1.0", "true", "yes", "home"))
_RIGHT_WORDS = frozenset(("right", "r", "b", "second", "0", "0.0", "false", "no", "away"))
_TIED_WORDS = frozenset(("tie", "tied", "none", "equal", "same", "draw", "no preference", "no_preference", "0.5"))
_COPIED_FROM = 10
"""Answers from which on two people who agree in every one, trial by trial, are one file twice."""


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Answers to comparisons in pairs."""

    conditions: tuple[str, ...]
    """What was compared, sorted."""
    left: NDArray[np.intp]
    """(comparisons,): place in `conditions` of what stood on the left, or was named first."""
    right: NDArray[np.intp]
    """(comparisons,): what stood on the right; the same as `left` in a trial with one clip twice."""
    counts: NDArray[np.float64]
    """(comparisons, 3): times the left was preferred, the right, neither."""
    participants: tuple[str, ...]
    """People; empty if the table does not say who answered."""
    participant: NDArray[np.intp]
    """(comparisons,): place in `participants`; 0 where there are none."""
    items: tuple[str, ...]
    """Sentences or scenes; empty if the table names none."""
    item: NDArray[np.intp]
    """(comparisons,): place in `items`; 0 where there are none."""
    covariates: Mapping[str, NDArray[np.float64]]
    """Name -> (comparisons,): value of the left less that of the right."""
    notes: tuple[str, ...]
    """How the table was read, and what of it was left out."""


def comparisons_from_table(
    table: Any,
    *,
    left: str,
    right: str,
    chosen: str | None = None,
    wins: tuple[str, str] | None = None,
    ties: str | None = None,
    participant: str | None = None,
    item: str | None = None,
    covariates: Sequence[str] = (),
) -> Comparisons:
    """Read comparisons from a table with columns of any name.

    Parameters
    ----------
    table : pandas.DataFrame
        One row an answer, or one row a pair with counts of answers.
    left, right : str
        Columns with the names of the two conditions.
    chosen : str, optional
        Column with the answer: the condition's name; left, right; A, B; 1 for the left and 0 for the right (or 1 and
        2, or 1 and -1); a word such as "tie", 0.5, or 0 beside 1 and -1 for no preference. An empty cell is no answer.
    wins : tuple of (str, str), optional
        Instead of `chosen`: columns with how often the left and the right were preferred.
    ties : str, optional
        Beside `wins`: column with how often neither was.
    participant, item : str, optional
        Columns with the person and the sentence or scene.
    covariates : sequence of str
        Columns of numbers in which left and right differ: ``name``, already left less right, or ``name_left`` and
        ``name_right``.

    Returns
    -------
    Comparisons
        Rows without an answer or without a condition are left out, and counted in the notes.

    Raises
    ------
    InputError
        If a column is missing, an answer cannot be read, no comparison is left, or one file is there twice.
    """
    if (chosen is None) == (wins is None):
        raise InputError("name the column of the answers, or the two columns of counts of answers: one of the two")
    answers = [chosen] if chosen is not None else [*(wins or ()), *([ties] if ties else [])]
    for name in (left, right, *answers, *filter(None, (participant, item))):
        _refuse_missing(table, name)
    frame = table.reset_index(drop=True)
    notes: list[str] = []
    names = {side: _as_names(frame[column]) for side, column in (("left", left), ("right", right))}
    kept = names["left"].notna() & names["right"].notna()
    for name in filter(None, (*answers, participant, item)):
        kept &= frame[name].notna() & (frame[name].astype(str).str.strip() != "")
    if not kept.all():
        notes.append(f"{int((~kept).sum())} of {len(frame)} rows were left out because a cell is empty")
    frame = frame[kept].reset_index(drop=True)
    names = {side: column[kept].reset_index(drop=True) for side, column in names.items()}
    if frame.empty:
        raise InputError(f"no row has a value in each of the columns {', '.join((left, right, *answers))}")
    if chosen is not None:
        counts, told = _answers(frame[chosen], names["left"], names["right"], name=chosen)
        notes += told
    else:
        counts = np.column_stack(
            [_count(frame, name) for name in answers] + [np.zeros(len(frame))] * (3 - len(answers))
        )
    conditions = tuple(sorted({*names["left"], *names["right"]}, key=_in_order))
    if len(conditions) < 2:
        raise InputError(f"'{conditions[0]}' is the only condition in '{left}' and '{right}': a ranking needs two")
    place = {name: number for number, name in enumerate(conditions)}
    people, person = _coded(frame, participant)
    items, item_code = _coded(frame, item)
    made = Comparisons(
        conditions,
        names["left"].map(place).to_numpy(np.intp),
        names["right"].map(place).to_numpy(np.intp),
        counts,
        people,
        person,
        items,
        item_code,
        {name: _covariate(frame, name) for name in covariates},
        tuple(notes),
    )
    return replace(made, notes=(*made.notes, *_copied_people(made, frame)))


def _refuse_missing(table: Any, name: str) -> None:
    if name not in table.columns:
        columns = list(map(str, table.columns))
        raise InputError(f"the table has no column '{name}'{nearest_name(name, columns)}: it has {', '.join(columns)}")


def _as_names(column: Any) -> Any:
    """Return names as text: 1.50 and 1.5 are one condition, and so are 'a ' and 'a'."""
    if column.dtype.kind in "iuf":
        return column.map(lambda value: f"{value:g}", na_action="ignore").astype(object)
    text = column.astype(object).map(lambda value: str(value).strip(), na_action="ignore")
    return text.where(text != "", None)


def _in_order(name: str) -> tuple[float, str]:
    try:
        return (float(name), name)
    except ValueError:
        return (float("inf"), name)


def _coded(frame: Any, column: str | None) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    import pandas

    if column is None:
        return (), np.zeros(len(frame), np.intp)
    codes, levels = pandas.factorize(_as_names(frame[column]), sort=True)
    return tuple(map(str, levels)), codes.astype(np.intp)


def _count(frame: Any, name: str) -> NDArray[np.float64]:
    column = frame[name]
    if column.dtype.kind not in "iuf" or not np.isfinite(column.to_numpy(float)).all() or (column < 0).any():
        raise InputError(f"column '{name}' must hold counts of answers (0, 1, 2, ...)")
    values: NDArray[np.float64] = column.to_numpy(float)
    return values


def _covariate(frame: Any, name: str) -> NDArray[np.float64]:
    pair = [f"{name}_left", f"{name}_right"]
    columns = [name] if name in frame.columns else pair
    for column in columns:
        _refuse_missing(frame, column)
        if frame[column].dtype.kind not in "iufb" or frame[column].isna().any():
            raise InputError(f"the covariate '{column}' must hold a number in every row that has an answer")
    value: NDArray[np.float64] = frame[columns[0]].to_numpy(float)
    return value if len(columns) == 1 else value - frame[columns[1]].to_numpy(float)


def _answers(column: Any, left: Any, right: Any, *, name: str) -> tuple[NDArray[np.float64], list[str]]:
    text = _as_names(column)
    # The name of a condition comes first: a condition may be called "a" or "1".
    if ((text == left) | (text == right)).all() and (left != right).any():
        return _one_hot(np.where(text == left, LEFT, RIGHT)), []
    words = text.str.lower()
    found = set(words)
    if found <= {"1", "0", "-1"} and "-1" in found:
        note = f"in column '{name}' 1 counts as the left, -1 as the right, 0 as no preference"
        return _one_hot(words.map({"1": LEFT, "-1": RIGHT, "0": TIED})), [note]
    if found <= {"1", "2"} and "2" in found:
        note = f"in column '{name}' 1 counts as the left and 2 as the right"
        return _one_hot(words.map({"1": LEFT, "2": RIGHT})), [note]
    known = {word: code for code, group in enumerate((_LEFT_WORDS, _RIGHT_WORDS, _TIED_WORDS)) for word in group}
    strange = words[~words.isin(known)]
    if len(strange):
        place = strange.index[0]
        raise InputError(
            f"the answer '{text[place]}' in column '{name}' cannot be read: it is neither '{left[place]}' nor"
            f" '{right[place]}', left or right, A or B, 1 or 0, nor a tie"
        )
    return _one_hot(words.map(known)), []


def _one_hot(picks: Any) -> NDArray[np.float64]:
    counts: NDArray[np.float64] = np.eye(3)[np.asarray(picks, np.intp)]
    return counts


def _copied_people(made: Comparisons, frame: Any) -> list[str]:
    """Return a note on people who agree in everything.

    Two whose order of trials is theirs alone, or whose times agree too, are refused. In a survey that asks everyone in
    the same order people may well agree.
    """
    timed = [frame[name].astype(float).to_numpy() for name in ("rt_s", "rt") if name in frame.columns][:1]
    orders: dict[bytes, list[int]] = {}
    for person in range(len(made.participants)):
        rows = np.flatnonzero(made.participant == person)
        if len(rows) >= _COPIED_FROM:
            order = np.column_stack([made.left[rows], made.right[rows], made.item[rows]]).tobytes()
            orders.setdefault(order, []).append(person)
    same: list[str] = []
    for people in orders.values():
        seen: dict[bytes, int] = {}
        for person in people:
            rows = np.flatnonzero(made.participant == person)
            key = np.column_stack([made.counts[rows], *(column[rows] for column in timed)]).tobytes()
            first = seen.setdefault(key, person)
            if first == person:
                continue
            pair = f"'{made.participants[person]}' and '{made.participants[first]}'"
            if timed or len(people) == 2:
                raise InputError(
                    f"{pair} gave the same {len(rows)} answers, trial by trial in the same order: one file is there"
                    " twice under two names, keep one"
                )
            same.append(pair)
    if not same:
        return []
    more = f" and {len(same) - 3} more pairs" if len(same) > 3 else ""
    return [
        f"{', '.join(same[:3])}{more} gave the same answers to the same trials in the order common to many: is a file"
        " there twice?"
    ]
