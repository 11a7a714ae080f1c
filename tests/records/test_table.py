"""Tables read back as they were written, and say where they are wrong."""

import json
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ConfigDict, Field

from lipstudy.errors import InputError
from lipstudy.records import Row, data_dictionary, read_rows, write_rows
from lipstudy.records._table import read_numbered_rows


class Answer(Row):
    """One answer."""

    person: str = Field(description="who")
    number: int = Field(description="how many", ge=0)
    share: float | None = Field(description="part of the whole", ge=0, le=1)
    side: Literal["left", "right"] = Field(description="which side")
    valid: bool = Field(default=True, description="whether it counts")


class OpenAnswer(Answer):
    """One answer with columns of one's own."""

    model_config = ConfigDict(frozen=True, extra="allow")


GOOD = "person,number,share,side,valid\nanna,3,0.5,left,true\nbert,0,,right,false\n"


def read(tmp_path: Path, text: str | bytes, row_type: type[Row] = Answer) -> list[Row]:
    path = tmp_path / "answers.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_rows(path, row_type, what="a table of answers")


def test_cells_become_what_their_column_declares(tmp_path: Path) -> None:
    anna, bert = read(tmp_path, GOOD)
    assert anna == Answer(person="anna", number=3, share=0.5, side="left", valid=True)
    assert bert == Answer(person="bert", number=0, share=None, side="right", valid=False)


# Spreadsheets cannot hold an empty text apart from an empty cell, nor control characters.
words = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1).filter(lambda text: text.strip())
answers = st.builds(
    Answer,
    person=words,
    number=st.integers(0, 10**12),
    share=st.none() | st.floats(0, 1),
    side=st.sampled_from(["left", "right"]),
    valid=st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(answers, max_size=6))
def test_any_rows_come_back_to_the_last_bit(tmp_path: Path, rows: list[Answer]) -> None:
    write_rows(tmp_path / "answers.csv", rows, Answer)
    assert read_rows(tmp_path / "answers.csv", Answer, what="a table of answers") == rows


def test_byte_order_mark_and_windows_line_ends_of_a_spreadsheet_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode()) == read(tmp_path, GOOD)


def test_columns_may_stand_in_any_order_and_optional_ones_be_missing(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "side,person,share,number\nleft,anna,1,3\n")
    assert row == Answer(person="anna", number=3, share=1, side="left")


def test_columns_of_ones_own_travel_along_where_allowed(tmp_path: Path) -> None:
    (row,) = read(tmp_path, "person,number,share,side,age,zeal\nanna,3,,left,18-25,\n", OpenAnswer)
    write_rows(tmp_path / "again.csv", [row], OpenAnswer)
    assert (tmp_path / "again.csv").read_text() == "person,number,share,side,valid,age,zeal\nanna,3,,left,true,18-25,\n"


def test_data_dictionary_stands_beside_with_every_column(tmp_path: Path) -> None:
    write_rows(tmp_path / "answers.csv", [], Answer)
    dictionary = json.loads((tmp_path / "answers.json").read_text())
    assert dictionary == data_dictionary(Answer)
    assert dictionary["description"] == "One answer."
    assert list(dictionary["columns"]) == (tmp_path / "answers.csv").read_text().strip().split(",")
    assert dictionary["columns"]["number"] == {"description": "how many", "minimum": 0, "type": "integer"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("person", "persn"), r"has no column 'person' \(did you mean 'persn'\?\): a table of answers needs person, "),
        (("number,", ""), "has no column 'number'"),
        (("valid", "vald"), r"has a column 'vald' that a table of answers does not know \(did you mean 'valid'\?\)"),
        (("side,valid", "side,side"), "has two columns 'side': keep one"),
        (("anna,3", "anna,-3"), r"row 2, column 'number': '-3' does not fit, input should be greater than or equal"),
        (("anna,3", "anna,three"), "row 2, column 'number': 'three' does not fit"),
        (("bert,0", "bert,"), "row 3, column 'number' is empty: a value is needed"),
        (("0.5", "nan"), "row 2, column 'share': 'nan' does not fit"),
        (("bert,0", "\n\nbert,-1"), "row 5, column 'number': '-1' does not fit"),
        (("right", "up"), r"row 3, column 'side': 'up' does not fit, input should be 'left' or 'right'"),
        ((",false", ",maybe"), "row 3, column 'valid': 'maybe' does not fit"),
        ((",false", ",false,more"), r"row 3: the number of cells is not that of the header \(5\)"),
        (("right,false", "right"), r"row 3: the number of cells is not that of the header \(5\)"),
        (("anna", '"anna'), "is not a table of answers: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_named_with_file_row_and_column(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(InputError, match=rf"answers\.csv.*{said}"):
        read(tmp_path, GOOD.replace(*change))


class Measured(Row):
    """One number without bounds."""

    offset: float = Field(description="any number")


@pytest.mark.parametrize("value", ["inf", "-inf", "1e999", "nan"])
def test_number_that_is_not_finite_is_refused(tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError, match=rf"row 2, column 'offset': '{value}' does not fit, input should be a finite"):
        read(tmp_path, f"offset\n{value}\n", Measured)


def test_empty_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    text = GOOD.replace("bert", "\n\nbert") + "\n\n"
    assert read(tmp_path, text) == read(tmp_path, GOOD)
    (tmp_path / "answers.csv").write_text(text)
    numbered = read_numbered_rows(tmp_path / "answers.csv", Answer, what="a table of answers")
    assert [number for number, _ in numbered] == [2, 5]


def test_empty_file_lacks_its_first_column(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no column 'person'"):
        read(tmp_path, "")


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not text in UTF-8: a table of answers is a CSV file"):
        read(tmp_path, GOOD.replace("anna", "änne").encode("latin-1"))


def test_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*: a table of answers is needed"):
        read_rows(tmp_path / "gone.csv", Answer, what="a table of answers")
