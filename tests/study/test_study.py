from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.study import load_study

MINIMAL = "name: a\nclips: clips.csv\nparticipants: 2\n"
TEMPLATE = Path(__file__).parents[2] / "experiments" / "articulation.yaml"


def test_the_template_is_a_study() -> None:
    study = load_study(TEMPLATE)
    assert study.participants % 2 == 0
    assert study.consent is not None
    assert [question.kind for question in study.questions] == ["number", "choice", "text"]


def test_a_minimal_study_uses_every_level(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(MINIMAL)
    study = load_study(path)
    assert set(study.factors.model_dump().values()) == {None}
    assert study.pairing == "reference"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            "repetition: 2\n",
            r"study\.yaml, line 4: a study definition does not know the key 'repetition' .*'repetitions'",
        ),
        ("factors:\n  sentence: [a]\n", r"line 5: .*'sentence' under 'factors' \(did you mean 'sentences'\?\)"),
        ("factors:\n  sentences: []\n", r"line 5, factors\.sentences: an empty list leaves no clip"),
        ("factors:\n  articulations: [1, 0.5, 1.0]\n", r"the level 1\.0 is there twice"),
        ("factors:\n  articulations: [.nan]\n", r"line 5, factors\.articulations\.1: nan does not fit"),
        ("factors:\n  articulations: [-1]\n", r"-1 does not fit, input should be greater than or equal to 0"),
        ("pairing: both\n", r"line 4, pairing: 'both' does not fit, .* 'reference', 'all_pairs' or 'adaptive'"),
        ("questions:\n  - {name: q, prompt: p, kind: choice, choices: [a]}\n", r"needs two different choices"),
        ("questions:\n  - {name: q, prompt: p, choices: [a, b]}\n", r"has choices: give it 'kind: choice'"),
        ("questions:\n  - {name: q, prompt: p}\n  - {name: q, prompt: r}\n", r"two questions are named 'q'"),
        ("consent:\n  text: yes I do\n", r"line 4: the key 'version' is missing under 'consent'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, lines: str, sentence: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(MINIMAL + lines)
    with pytest.raises(InputError, match=sentence):
        load_study(path)


def test_a_study_without_people_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(MINIMAL.replace("2", "0"))
    with pytest.raises(InputError, match=r"line 3, participants: 0 does not fit"):
        load_study(path)
