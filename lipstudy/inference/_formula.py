"""lme4's formula language: a response, fixed terms, and random terms in parentheses."""

import re
from dataclasses import dataclass

from lipstudy.errors import InputError

__all__ = ["Formula", "RandomTerm", "Response", "columns_of", "parse_formula"]

_NAME = r"[^\W\d][\w.]*"
_EXAMPLE = "write it like 'chosen ~ x + side + (1 + x | participant) + (1 | item)'"


@dataclass(frozen=True, slots=True)
class Response:
    """What is modelled: answers of 0 and 1, or counts of successes in trials."""

    successes: str
    """Column of 0/1 answers, or of counts of successes."""
    failures: str | None = None
    """Column of counts of failures, where the formula says cbind(successes, failures)."""
    trials: str | None = None
    """Column of counts of trials, where it says cbind(s, n - s) or s / n."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(name for name in (self.successes, self.failures, self.trials) if name is not None)


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """What varies between the levels of a grouping factor."""

    effects: tuple[str, ...]
    """Terms left of the bar, the intercept ("1") first if there is one."""
    group: tuple[str, ...]
    """Columns whose combination is the grouping factor."""
    correlated: bool
    """False for the double bar: standard deviations without correlations."""

    def __str__(self) -> str:
        effects = self.effects if self.effects[0] == "1" else ("0", *self.effects)
        return f"({' + '.join(effects)} {'|' if self.correlated else '||'} {':'.join(self.group)})"


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula."""

    response: Response
    response_text: str
    """Left of the tilde, as written."""
    fixed: str
    """The fixed terms, as written."""
    random: tuple[RandomTerm, ...]
    offsets: tuple[str, ...] = ()
    """What stands in offset(...), a known part of the log odds."""

    def __str__(self) -> str:
        offsets = [f"offset({term})" for term in self.offsets]
        return f"{self.response_text} ~ {' + '.join([self.fixed, *offsets, *map(str, self.random)])}"

    @property
    def fixed_columns(self) -> tuple[str, ...]:
        """Columns that the fixed terms read."""
        return columns_of(self.fixed)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, in the order of the formula."""
        effects = [name for term in self.random for effect in term.effects for name in columns_of(effect)]
        groups = [name for term in self.random for name in term.group]
        offsets = [name for term in self.offsets for name in columns_of(term)]
        return tuple(dict.fromkeys([*self.response.columns, *self.fixed_columns, *offsets, *effects, *groups]))


def columns_of(terms: str) -> tuple[str, ...]:
    """Return the column names in `terms`: every name that is not that of a function."""
    return tuple(dict.fromkeys(re.findall(rf"(?<![\w.]){_NAME}(?![\w.]|\s*\()", terms)))


def parse_formula(text: str) -> Formula:
    """Parse a formula in lme4's language.

    Parameters
    ----------
    text : str
        ``response ~ terms``. The response is a column of 0 and 1, ``cbind(successes, failures)``,
        ``cbind(successes, trials - successes)`` or ``successes / trials``. Fixed terms: ``+ - : *``, ``0`` or ``-1``
        for no intercept, ``factor(column)``, ``I(column^2)``, ``log(column)``, ``scale(column)``, ``poly(column, 2)``,
        ``offset(column)``. Random terms: ``(1 + x | group)``, ``(1 + x || group)`` without correlations,
        ``(1 | a:b)``, ``(1 | a/b)`` for (1 | a) + (1 | a:b).

    Returns
    -------
    Formula

    Raises
    ------
    InputError
        Pointing at what cannot be read, and where.
    """
    if text.count("~") != 1:
        raise InputError(f"the formula '{text}' needs one '~' between response and terms: {_EXAMPLE}")
    left, right = (side.strip() for side in text.split("~"))
    response = _parsed_response(text, left)
    fixed = ""
    random: list[RandomTerm] = []
    offsets: list[str] = []
    for sign, term in _signed_terms(text, right):
        if known := re.fullmatch(r"offset\((.+)\)", term):
            offsets.append(known[1].strip())
        elif "|" not in term:
            fixed += f" {sign} {term}" if fixed or sign == "-" else term
        elif sign == "-":
            raise InputError(f"the formula '{text}' subtracts '{term}': leave the random term out instead")
        else:
            random.extend(_parsed_random(text, term))
    if not random:
        raise InputError(
            f"the formula '{text}' has no random term: people and clips are sampled, so add at least"
            " '(1 | participant)'"
        )
    return Formula(response, left, fixed.strip() or "1", tuple(random), tuple(offsets))


def _parsed_response(text: str, left: str) -> Response:
    if re.fullmatch(_NAME, left):
        return Response(left)
    if found := re.fullmatch(rf"cbind\(\s*({_NAME})\s*,\s*({_NAME})\s*\)", left):
        return Response(found[1], failures=found[2])
    if found := re.fullmatch(rf"cbind\(\s*({_NAME})\s*,\s*({_NAME})\s*-\s*({_NAME})\s*\)", left):
        if found[1] != found[3]:
            raise InputError(f"the formula '{text}': in cbind({found[1]}, {found[2]} - ...) subtract {found[1]} itself")
        return Response(found[1], trials=found[2])
    if found := re.fullmatch(rf"({_NAME})\s*/\s*({_NAME})", left):
        return Response(found[1], trials=found[2])
    raise InputError(
        f"the formula '{text}': the response '{left}' is not a column, cbind(successes, failures) or successes / trials"
    )


def _signed_terms(text: str, right: str) -> list[tuple[str, str]]:
    terms: list[tuple[str, str]] = []
    depth, sign, term = 0, "+", ""
    for place, character in enumerate(right):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            raise InputError(f"the formula '{text}': the ')' after '{right[:place].strip()}' closes nothing")
        if depth == 0 and character in "+-":
            if term.strip() or terms or character == "+":
                terms.append((sign, term.strip()))
            sign, term = character, ""
        else:
            term += character
    if depth > 0:
        raise InputError(f"the formula '{text}': a '(' is not closed")
    terms.append((sign, term.strip()))
    for place, (_, written) in enumerate(terms):
        if not written:
            before = f"after '{terms[place - 1][1]}'" if place else "before the first sign"
            raise InputError(f"the formula '{text}': a term is missing {before}")
    return terms


def _parsed_random(text: str, term: str) -> list[RandomTerm]:
    found = re.fullmatch(r"\(([^|]+)(\|\|?)([^|]+)\)", term)
    if found is None:
        raise InputError(f"the formula '{text}': the random term '{term}' is not of the form (1 + x | group)")
    left, bar, right = found[1].strip(), found[2], found[3].strip()
    effects = tuple(effect for _, effect in _signed_terms(text, left) if effect not in ("0", "1"))
    has_intercept = not re.search(r"(?<![\w.])0(?![\w.])|-\s*1(?![\w.])", left)
    if has_intercept:
        effects = ("1", *effects)
    if not effects:
        raise InputError(f"the formula '{text}': in '{term}' nothing varies")
    nested = [part.strip() for part in right.split("/")]
    groups = [tuple(name for part in nested[: depth + 1] for name in part.split(":")) for depth in range(len(nested))]
    for name in groups[-1]:
        if not re.fullmatch(_NAME, name.strip()):
            raise InputError(f"the formula '{text}': right of the bar in '{term}' must be a column, got '{name}'")
    return [RandomTerm(effects, tuple(name.strip() for name in group), bar == "|") for group in groups]
