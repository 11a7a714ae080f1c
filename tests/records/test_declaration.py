from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator

from lipstudy.errors import InputError
from lipstudy.records import read_declaration


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")
    prompt: str
    kind: Literal["text", "number"] = "text"


class Survey(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = Field(ge=1)
    questions: list[Question] = []
    first: Question | None = None

    @field_validator("name")
    @classmethod
    def _one_word(cls, name: str) -> str:
        if " " in name:
            raise ValueError(f"'{name}' has a space: use one word")
        return name


@pytest.fixture
def read(tmp_path: Path):
    def reading(text: str | bytes) -> Survey:
        path = tmp_path / "survey.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_declaration(path, Survey, what="a survey")

    return reading


def test_a_right_file_is_read(read) -> None:
    survey = read("name: a\nsize: 3\nquestions:\n  - prompt: Why?\n")
    assert survey == Survey(name="a", size=3, questions=[Question(prompt="Why?")])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "name: a\nsise: 3\n",
            r"survey\.yaml, line 2: a survey does not know the key 'sise' \(did you mean 'size'\?\)",
        ),
        ("name: a\nsize: 3\nzzz: 1\n", r"line 3: .* 'zzz' \(it knows first, name, questions, size\)"),
        (
            "name: a\nsize: 3\nquestions:\n  - prompt: x\n  - promt: y\n",
            r"line 5: .* 'promt' under 'questions\.2' \(did you mean 'prompt'\?\)",
        ),
        ("name: a\nsize: 3\nfirst:\n  kin: text\n", r"line 4: .* 'kin' under 'first' \(did you mean 'kind'\?\)"),
        ("name: a\n", r"line 1: the key 'size' is missing: a survey needs it"),
        ("name: a\nsize: 3\nfirst:\n  kind: text\n", r"line 3: the key 'prompt' is missing under 'first'"),
        ("name: a\nsize: 0\n", r"line 2, size: 0 does not fit, input should be greater than or equal to 1"),
        ("size: 1\nname: a b\n", r"line 2, name: 'a b' has a space: use one word"),
        ("name: a\nsize: 3\nsize: 4\n", r"line 3: the key 'size' is already in line 2: keep one"),
        ("name: [a\nsize: 3\n", r"line 2: a survey is a YAML file, and this is not YAML"),
        ("", r"is not a survey: it must hold lines of the form 'key: value', first 'name', 'size'"),
        ("- a\n", r"is not a survey: it must hold lines"),
        ("name: !!python/object/apply:os.getcwd []\nsize: 1\n", r"line 1: a survey is a YAML file.*constructor"),
        ("name: a\nsize: 2026-13-45\n", r"this is not YAML: month must be in 1\.\.12"),
        (b"name: \xff\xfe\n", r"is not text in UTF-8"),
        ("[" * 5000, r"is nested too deep"),
        ("name: a\nsize: 3\nquestions: &q\n  - *q\n", r"line 3, questions\.1: .* should be a valid dictionary"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(read, text: str | bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as told:
        read(text)
    assert "\n" not in str(told.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*absent\.yaml: a survey is needed there"):
        read_declaration(tmp_path / "absent.yaml", Survey, what="a survey")
