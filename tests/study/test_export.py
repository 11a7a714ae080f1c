"""The Psych-DS data set, against the rules of Psych-DS 1.5.1.

The field's own validator (npm psychds-validator) cannot be installed offline; its rules stand in the schema at
https://github.com/psych-ds/psych-DS, schema_model/versions/1.5.1, and are stated here with their codes.
"""

import csv
import json
import re
from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.study import export_psych_ds, plan_study, simulate_study

FILE_NAME = re.compile(r"([a-z]+-[a-zA-Z0-9]+)(_[a-z]+-[a-zA-Z0-9]+)*_data\.csv")
OFFICIAL_KEYWORDS = {"study", "site", "subject", "session", "task", "condition", "trial", "stimulus", "description"}


@pytest.fixture
def data(study, make_clips, tmp_path: Path) -> Path:
    clips = make_clips(embodiments=["photo"], sentences=["s1", "s2"])
    simulate_study(study, plan_study(study, clips, seed=1), clips, tmp_path / "data", seed=1)
    return tmp_path / "data"


@pytest.fixture
def exported(data: Path, tmp_path: Path) -> Path:
    export_psych_ds(data, tmp_path / "out", author="A. Researcher", licence="CC-BY-4.0")
    return tmp_path / "out"


def tables(folder: Path) -> dict[str, list[list[str]]]:
    return {
        path.name: list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
        for path in sorted((folder / "data").iterdir())
    }


def test_data_files_are_named_by_keywords(exported: Path) -> None:
    # MISSING_DATA_DIRECTORY, FILENAME_KEYWORD_FORMATTING_ERROR, FILENAME_UNOFFICIAL_KEYWORD_WARNING
    names = list(tables(exported))
    assert names == [
        f"study-articulation_description-{table}_data.csv" for table in ("answers", "participants", "trials")
    ]
    for name in names:
        assert FILE_NAME.fullmatch(name)
        assert {pair.split("-")[0] for pair in name.split("_")[:-1]} <= OFFICIAL_KEYWORDS


def test_every_column_is_a_variable_and_every_variable_a_column(exported: Path) -> None:
    # CSV_COLUMN_MISSING_FROM_METADATA, VARIABLE_MISSING_FROM_CSV_COLUMNS
    described = json.loads((exported / "dataset_description.json").read_text())["variableMeasured"]
    names = [variable["name"] for variable in described]
    assert len(names) == len(set(names))
    assert set(names) == {column for rows in tables(exported).values() for column in rows[0]}
    assert all(variable["@type"] == "PropertyValue" and variable["description"] for variable in described)
    by_name = {variable["name"]: variable for variable in described}
    assert by_name["rt_s"]["unitText"] == "s"
    assert by_name["av_offset_ms"]["unitText"] == "ms"
    assert by_name["screen_hz"]["unitText"] == "Hz"
    assert (by_name["watched_left"]["minValue"], by_name["watched_left"]["maxValue"]) == (0, 1)
    assert by_name["response"]["valueReference"] == "left, right, no_preference"


def test_the_description_has_what_is_required(exported: Path) -> None:
    # MISSING_DATASET_DESCRIPTION, JSON_KEY_REQUIRED, INCORRECT_DATASET_TYPE, MISSING_DATASET_TYPE
    described = json.loads((exported / "dataset_description.json").read_text())
    assert described["@context"] == "https://schema.org/"
    assert described["@type"] == "Dataset"
    assert all(described[key] for key in ("name", "description", "schemaVersion", "variableMeasured"))
    assert described["author"] == {"@type": "Person", "name": "A. Researcher"}
    assert described["license"] == "CC-BY-4.0"


def test_tables_are_whole_and_rectangular(exported: Path) -> None:
    # CSV_HEADER_MISSING, CSV_FORMATTING_ERROR, CSV_HEADER_LENGTH_MISMATCH, ROWID_VALUES_NOT_UNIQUE
    for rows in tables(exported).values():
        assert len(rows) > 1
        assert {len(row) for row in rows} == {len(rows[0])}
        assert "row_id" not in rows[0]


def test_recommended_files_are_there_and_none_is_empty(exported: Path) -> None:
    # MISSING_README_DOC, MISSING_CHANGES_DOC, MISSING_DOCUMENTATION_DIRECTORY, FILE_EMPTY
    assert (exported / "README.md").exists()
    assert (exported / "CHANGES.md").exists()
    lock = json.loads((exported / "documentation" / "study.lock.json").read_text())
    assert lock["design_sha256"] in (exported / "dataset_description.json").read_text()
    assert all(path.stat().st_size > 0 for path in exported.rglob("*") if path.is_file())


def test_a_name_that_psych_ds_does_not_take_is_made_fit(make_clips, tmp_path: Path) -> None:
    from lipstudy.study import Study

    study = Study(name="lips_2.0-pilot", clips="c", participants=1)
    clips = make_clips(embodiments=["photo"], sentences=["s1"])
    simulate_study(study, plan_study(study, clips, seed=1), clips, tmp_path / "data", seed=1)
    export_psych_ds(tmp_path / "data", tmp_path / "out")
    assert all(FILE_NAME.fullmatch(name) for name in tables(tmp_path / "out"))
    assert "answers" not in "".join(tables(tmp_path / "out"))


def test_a_folder_without_a_study_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is not a study folder: it has no study\.lock\.json"):
        export_psych_ds(tmp_path, tmp_path / "out")
