import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.inference._formula import parse_formula


def test_terms_of_the_study_formula_are_found():
    formula = parse_formula("chosen ~ x + x2 + side + (1 + x | participant) + (1 | item)")
    assert formula.fixed == "x + x2 + side"
    assert [str(term) for term in formula.random] == ["(1 + x | participant)", "(1 | item)"]
    assert formula.columns == ("chosen", "x", "x2", "side", "participant", "item")


@pytest.mark.parametrize(
    ("left", "columns"),
    [
        ("chosen", ("chosen",)),
        ("cbind(hits, misses)", ("hits", "misses")),
        ("cbind(hits, size - hits)", ("hits", "size")),
        ("hits / size", ("hits", "size")),
    ],
)
def test_response_forms_name_their_columns(left, columns):
    assert parse_formula(f"{left} ~ x + (1 | g)").response.columns == columns


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("(x | g)", ["(1 + x | g)"]),
        ("(0 + x | g)", ["(0 + x | g)"]),
        ("(x - 1 | g)", ["(0 + x | g)"]),
        ("(1 + x || g)", ["(1 + x || g)"]),
        ("(1 | a/b)", ["(1 | a)", "(1 | a:b)"]),
        ("(1 | a:b)", ["(1 | a:b)"]),
    ],
)
def test_random_terms_mean_what_lme4_means(written, meant):
    assert [str(term) for term in parse_formula(f"y ~ 1 + {written}").random] == meant


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chosen = x + (1 | g)", "needs one '~'"),
        ("chosen ~ x + (1 | g", r"a '\(' is not closed"),
        ("chosen ~ x) + (1 | g)", r"the '\)' after 'x' closes nothing"),
        ("chosen ~ x + + (1 | g)", "a term is missing after 'x'"),
        ("chosen ~ x + (1 | g) +", r"a term is missing after '\(1 \| g\)'"),
        ("chosen ~ x", "has no random term"),
        ("chosen ~ x - (1 | g)", "subtracts"),
        ("log(chosen) ~ x + (1 | g)", r"the response 'log\(chosen\)' is not a column"),
        ("cbind(a, b - c) ~ x + (1 | g)", "subtract a itself"),
        ("chosen ~ x + (0 | g)", "nothing varies"),
        ("chosen ~ x + (1 | g + h)", "must be a column"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text, message):
    with pytest.raises(InputError, match=message):
        parse_formula(text)


@given(st.text(alphabet="~+-|():/ x1g,", max_size=30))
def test_any_text_is_parsed_or_refused_as_input(text):
    # Any other error than InputError fails the test.
    with contextlib.suppress(InputError):
        assert parse_formula(text).random
