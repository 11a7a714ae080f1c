"""From formula and table to the numbers that engines fit, with every check that a careless table needs."""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError, nearest_name
from lipstudy.inference._formula import Formula, columns_of

__all__ = ["Design", "RandomBlock", "aggregated", "build_design"]

INTERCEPT = "(Intercept)"
_ROWS_TO_AGGREGATE = 20_000
_FEW_LEVELS = 5


@dataclass(frozen=True, slots=True)
class RandomBlock:
    """Random effects of one grouping factor that may correlate with each other."""

    group: str
    """Name of the grouping factor."""
    names: tuple[str, ...]
    """Names of the effects."""
    columns: NDArray[np.float64]
    """(observations, effects): what each effect is multiplied with."""
    codes: NDArray[np.intp]
    """(observations,): level of each observation, from 0."""
    levels: int
    """Number of levels."""


@dataclass(frozen=True, slots=True)
class Design:
    """A mixed logit model in numbers."""

    proportions: NDArray[np.float64]
    """(observations,): share of successes."""
    trials: NDArray[np.float64]
    """(observations,): number of trials, 1 for single answers."""
    fixed: NDArray[np.float64]
    """(observations, terms): the fixed-effects matrix."""
    names: tuple[str, ...]
    """Names of the fixed terms, as R gives them."""
    blocks: tuple[RandomBlock, ...]
    offset: NDArray[np.float64]
    """(observations,): known part of the log odds, zero where the formula has none."""
    notes: tuple[str, ...]
    """What was done to the table, one sentence each."""

    @property
    def nobs(self) -> int:
        """Number of observations."""
        return len(self.proportions)

    @property
    def log_ways(self) -> float:
        """Sum of the log binomial coefficients: the constant of the log-likelihood."""
        from scipy.special import gammaln

        successes = self.trials * self.proportions
        ways = gammaln(self.trials + 1) - gammaln(successes + 1) - gammaln(self.trials - successes + 1)
        return float(ways.sum())

    @property
    def saturated_loglik(self) -> float:
        """Log-likelihood if each row's chance were its share of successes."""
        from scipy.special import xlogy

        entropy = xlogy(self.proportions, self.proportions) + xlogy(1 - self.proportions, 1 - self.proportions)
        return self.log_ways + float(self.trials @ entropy)


def build_design(formula: Formula, table: Any) -> Design:
    """Return the numbers of a model.

    Parameters
    ----------
    formula : Formula
    table : pandas.DataFrame

    Raises
    ------
    InputError
        For a missing column, a response that is not 0 or 1, a grouping factor with one level, a level seen by one
        participant, a duplicated trial, a constant or redundant column.
    """
    for name in formula.columns:
        if name not in table.columns:
            raise InputError(
                f"the table has no column '{name}'{nearest_name(name, map(str, table.columns))}, which the formula"
                f" '{formula}' needs: it has {', '.join(map(str, table.columns))}"
            )
    _refuse_duplicated_trials(table)
    frame = table[list(formula.columns)].dropna().reset_index(drop=True)
    dropped = len(table) - len(frame)
    if frame.empty:
        raise InputError(f"no row of the table has a value in every column that '{formula}' needs")
    for name in dict.fromkeys([*formula.response.columns, *formula.fixed_columns]):
        _refuse_numbers_among_words(name, frame[name])
    notes = []
    if dropped:
        notes.append(f"{dropped} of {len(table)} rows were left out because a value is missing")
    proportions, trials, response_note = _response(formula, frame)
    notes.extend(response_note)
    _refuse_constant_columns(formula, frame)
    fixed, names = _matrix(formula, formula.fixed, frame)
    if not names:
        raise InputError(f"the formula '{formula}' has no fixed term: write at least 1 after the '~'")
    _refuse_redundant_columns(fixed, names)
    blocks = tuple(block for term in range(len(formula.random)) for block in _blocks(formula, term, frame))
    _refuse_levels_of_one_participant(formula, frame)
    notes.extend(_notes_on_numbers(formula, frame))
    notes.extend(
        f"'{group}' has {levels} levels: a spread between so few is hardly an estimate"
        for group, levels in {block.group: block.levels for block in blocks}.items()
        if levels < _FEW_LEVELS
    )
    return Design(proportions, trials, fixed, names, blocks, _offset(formula, frame), tuple(notes))


def aggregated(design: Design) -> Design:
    """Return a large design with equal rows counted together, as it is if few are equal.

    The likelihood is the same but for its constant, and so is every estimate.
    """
    import pandas

    if design.nobs < _ROWS_TO_AGGREGATE:
        return design
    columns = [*design.fixed.T, design.offset]
    for block in design.blocks:
        columns += [block.codes, *block.columns.T]
    frame = pandas.DataFrame(dict(enumerate(columns)))
    cells = frame.groupby(list(frame.columns), sort=False).ngroup().to_numpy()
    first = np.unique(cells, return_index=True)[1]
    if len(first) > design.nobs / 2:
        return design
    trials = np.bincount(cells, design.trials).astype(float)
    blocks = tuple(replace(b, columns=b.columns[first], codes=b.codes[first]) for b in design.blocks)
    return replace(
        design,
        proportions=np.bincount(cells, design.trials * design.proportions) / trials,
        trials=trials,
        fixed=design.fixed[first],
        offset=design.offset[first],
        blocks=blocks,
    )


def _refuse_duplicated_trials(table: Any) -> None:
    key = [name for name in ("participant", "session", "block", "trial") if name in table.columns]
    if not {"participant", "trial"} <= set(key):
        return
    doubled = table.duplicated(subset=key, keep=False)
    if doubled.any():
        rows = [int(row) + 2 for row in np.flatnonzero(doubled)[:2]]
        cells = ", ".join(f"{name} {table[name].iloc[rows[0] - 2]}" for name in key)
        raise InputError(f"the trial of {cells} is there twice, in rows {rows[0]} and {rows[1]}: keep one of them")


def _refuse_numbers_among_words(name: str, column: Any) -> None:
    """Refuse a column of text whose cells are mostly numbers: one stray cell would make each number a level."""
    import pandas

    if _is_number(column) or column.dtype.kind == "b" or isinstance(column.dtype, pandas.CategoricalDtype):
        return
    text = column.astype(str).str.strip()
    if text.str.fullmatch(r"[-+]?\d+,\d+").any():
        cell = text[text.str.fullmatch(r"[-+]?\d+,\d+")].iloc[0]
        raise InputError(f"column '{name}' has decimal commas ('{cell}'): write {cell.replace(',', '.')}")
    numbers = pandas.to_numeric(text, errors="coerce").notna()
    if len(numbers) / 2 < numbers.sum() < len(numbers):
        raise InputError(
            f"column '{name}' holds numbers and '{text[~numbers].iloc[0]}': mend that cell, or leave it empty if the"
            " value is missing"
        )


def _is_number(column: Any) -> bool:
    return column.dtype.kind in "iuf"


def _response(formula: Formula, frame: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    response = formula.response
    if response.failures is None and response.trials is None:
        return _answers(response.successes, frame[response.successes])
    for name in response.columns:
        if not _is_number(frame[name]) or (frame[name] < 0).any() or (frame[name] % 1 != 0).any():
            raise InputError(f"column '{name}' must hold counts (0, 1, 2, ...) for the response in '{formula}'")
    successes = frame[response.successes].to_numpy(float)
    if response.failures is not None:
        trials = successes + frame[response.failures].to_numpy(float)
    else:
        trials = frame[response.trials].to_numpy(float)
    if (successes > trials).any():
        row = int(np.flatnonzero(successes > trials)[0])
        raise InputError(
            f"column '{response.successes}' has {successes[row]:.0f} successes in {trials[row]:.0f} trials: it cannot"
            " have more successes than trials"
        )
    if (trials == 0).any():
        raise InputError(f"a row has no trial at all in '{formula.response_text}': leave such rows out")
    return successes / trials, trials, []


def _answers(name: str, column: Any) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    values = sorted(column.unique().tolist(), key=str)
    if column.dtype.kind == "b" or (_is_number(column) and set(values) <= {0, 1}):
        return column.to_numpy(float), np.ones(len(column)), []
    if not _is_number(column) and len(values) == 2:
        note = f"'{values[1]}' in column '{name}' counts as 1 and '{values[0]}' as 0"
        return (column == values[1]).to_numpy(float), np.ones(len(column)), [note]
    other = next(value for value in values if value not in (0, 1))
    raise InputError(f"the response '{name}' must be 0 or 1 in every row, got {other!r}")


def _refuse_constant_columns(formula: Formula, frame: Any) -> None:
    for name in formula.fixed_columns:
        if frame[name].nunique() == 1:
            raise InputError(
                f"column '{name}' is constant ({frame[name].iloc[0]}): it says nothing about the answers, take it out"
                " of the formula"
            )
        if _is_number(frame[name]) and not np.isfinite(frame[name]).all():
            raise InputError(f"column '{name}' holds an infinite value: mend or remove that row")


def _matrix(formula: Formula, terms: str, frame: Any) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    import glmm

    columns = {name: _plain(frame[name]) for name in frame.columns if name in columns_of(terms)}
    written: dict[str, str] = {}
    text = terms.replace("**", "^")
    for place, call in enumerate(dict.fromkeys(re.findall(r"(?<![\w.])(?:factor|C|poly|scale)\(\s*[^()]+\s*\)", text))):
        made = _called(formula, call, frame)
        stand_ins = [f"call_{place}_part_{part}_of" for part in range(len(made))]
        written |= dict(zip(stand_ins, made, strict=True))
        columns |= dict(zip(stand_ins, made.values(), strict=True))
        text = text.replace(call, stand_ins[0] if len(made) == 1 else f"({' + '.join(stand_ins)})")
    try:
        matrix, names = glmm.model_matrix(columns or {"response": np.zeros(len(frame))}, f"~ {text}")
    except (ValueError, TypeError) as error:
        raise InputError(f"the formula '{formula}': '{terms}' cannot be read: {error}") from error
    for stand_in, call in written.items():
        names = [name.replace(stand_in, call) for name in names]
    return np.asarray(matrix, float), tuple(names)


def _called(formula: Formula, call: str, frame: Any) -> dict[str, Any]:
    """Return the columns of factor(x), C(x), scale(x) or poly(x, degree), each under its name."""
    function, _, rest = call.partition("(")
    name, *more = (part.strip() for part in rest[:-1].split(","))
    if function in ("factor", "C"):
        return {call: _as_factor(frame[name])}
    if not _is_number(frame[name]):
        raise InputError(f"the formula '{formula}': '{call}' needs numbers, and column '{name}' holds words")
    values = frame[name].to_numpy(float)
    if function == "scale":
        return {call: (values - values.mean()) / values.std(ddof=1)}
    if len(more) != 1 or not more[0].isdecimal() or not 1 <= int(more[0]) < len(np.unique(values)):
        raise InputError(
            f"the formula '{formula}': '{call}' must be poly(column, degree), with a degree from 1 to"
            f" {len(np.unique(values)) - 1} for the {len(np.unique(values))} values of '{name}'"
        )
    powers = np.vander(values - values.mean(), int(more[0]) + 1, increasing=True)
    orthogonal, upper = np.linalg.qr(powers)
    return {f"{call}{k}": orthogonal[:, k] * np.sign(upper[k, k]) for k in range(1, int(more[0]) + 1)}


def _offset(formula: Formula, frame: Any) -> NDArray[np.float64]:
    offset = np.zeros(len(frame))
    for term in formula.offsets:
        columns, _ = _matrix(formula, f"0 + {term}", frame)
        if columns.shape[1] != 1 or not np.isfinite(columns).all():
            raise InputError(f"the formula '{formula}': offset({term}) must be one finite number a row")
        offset += columns[:, 0]
    return offset


def _plain(column: Any) -> Any:
    return column.to_numpy() if column.dtype.kind in "iufb" else _as_factor(column)


def _as_factor(column: Any) -> Any:
    import pandas

    if isinstance(column.dtype, pandas.CategoricalDtype):
        return column.cat.remove_unused_categories()
    levels = sorted(column.unique().tolist())
    return pandas.Categorical(column.astype(str), categories=[str(level) for level in levels])


def _refuse_redundant_columns(fixed: NDArray[np.float64], names: tuple[str, ...]) -> None:
    scaled = fixed / np.linalg.norm(fixed, axis=0)
    for place in range(1, len(names)):
        before, column = scaled[:, :place], scaled[:, place]
        fitted = before @ np.linalg.lstsq(before, column, rcond=None)[0]
        if np.linalg.norm(column - fitted) < 1e-8:
            raise InputError(
                f"the term '{names[place]}' is a combination of the terms before it"
                f" ({', '.join(names[:place])}): its effect cannot be told from theirs, take it out"
            )


def _blocks(formula: Formula, term: int, frame: Any) -> list[RandomBlock]:
    import pandas

    random = formula.random[term]
    group = ":".join(random.group)
    codes, levels = np.zeros(len(frame), np.intp), 1
    for name in random.group:
        also, values = pandas.factorize(frame[name], sort=True)
        met, codes = np.unique(codes * len(values) + also, return_inverse=True)
        levels = len(met)
    if levels == 1:
        value = ":".join(str(frame[name].iloc[0]) for name in random.group)
        raise InputError(
            f"the grouping factor '{group}' has one level ({value}): what varies between levels needs several,"
            f" add data or take {random} out of the formula"
        )
    effects = " + ".join(random.effects if random.effects[0] == "1" else ("0", *random.effects))
    columns, names = _matrix(formula, effects, frame)
    if random.correlated:
        return [RandomBlock(group, names, columns, codes, levels)]
    return [RandomBlock(group, (name,), columns[:, [place]], codes, levels) for place, name in enumerate(names)]


def _refuse_levels_of_one_participant(formula: Formula, frame: Any) -> None:
    if not any(term.group == ("participant",) for term in formula.random):
        return
    for name in formula.fixed_columns:
        if name == "participant" or _is_number(frame[name]):
            continue
        people = frame.groupby(name, observed=True)["participant"].agg(["nunique", "first"])
        alone = people[people["nunique"] == 1]
        if len(alone):
            raise InputError(
                f"the level '{alone.index[0]}' of '{name}' has one participant ({alone['first'].iloc[0]}): its effect"
                " cannot be told from that person, add people or leave the level out"
            )


def _notes_on_numbers(formula: Formula, frame: Any) -> list[str]:
    notes = []
    for name in formula.fixed_columns:
        if not _is_number(frame[name]) or re.search(rf"(?:factor|C)\(\s*{re.escape(name)}\s*\)", formula.fixed):
            continue
        values = np.unique(frame[name])
        if 3 <= len(values) <= 10 and (values == np.arange(values[0], values[0] + len(values))).all() and values[0] > 0:
            notes.append(
                f"column '{name}' ({values[0]:g} to {values[-1]:g}) enters as a number; write factor({name}) to"
                " compare its levels"
            )
    return notes
