"""A result says what it was made from, and hashes do not depend on accidents."""

import json
import platform
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipstudy import __version__
from lipstudy.records import hash_of, provenance, sha256_of_file

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_provenance_names_version_arguments_seed_and_inputs(tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(b"film")
    made = provenance(stage="track", arguments={"a": [0.5, 1]}, inputs=[tmp_path / "talk.mp4"], seed=7)
    assert json.loads(json.dumps(made)) == made
    assert (made["stage"], made["lipstudy"], made["seed"]) == ("track", __version__, 7)
    assert made["python"] == platform.python_version()
    assert made["arguments"] == {"a": [0.5, 1]}
    assert made["inputs"] == {"talk.mp4": sha256_of_file(tmp_path / "talk.mp4")}
    assert {"numpy", "mediapipe"} <= set(made["versions"])


def test_same_work_has_the_same_provenance(tmp_path: Path) -> None:
    assert provenance(stage="plan", arguments={}) == provenance(stage="plan", arguments={})


@given(mapping=st.dictionaries(st.text(), json_values, max_size=5))
def test_order_of_keys_does_not_change_a_hash(mapping: dict) -> None:
    assert hash_of(dict(reversed(mapping.items()))) == hash_of(mapping)


def test_different_values_have_different_hashes() -> None:
    values = [{}, {"a": 1}, {"a": 2}, {"b": 1}, [1], [1, 1], "1", 1, 1.5, None]
    assert len({hash_of(value) for value in values}) == len(values)


def test_nan_has_no_hash() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        hash_of({"a": float("nan")})
