from pathlib import Path

import pytest

from lipstudy.errors import InputError
from lipstudy.study import RatingScale, Study, load_study

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
        (
            "rating: {kind: slider}\ncatch_trials: 2\n",
            r"'rating' shows one clip at a time, and 'catch_trials' is about two",
        ),
        ("rating: {kind: stars}\n", r"line 4, rating\.kind: 'stars' does not fit, .*'slider', 'acr' or 'likert'"),
        ("rating: {kind: likert}\n", r"a likert scale needs labels"),
        ("rating: {kind: slider, labels: [a, b, c]}\n", r"the labels of a scale of kind slider must be 2, got 3"),
        ("rating: {kind: acr, labels: [a, b, c]}\n", r"the labels of a scale of kind acr must be 2 or 5, got 3"),
        ("pairing: adaptive\n", r"'pairing: adaptive' and 'trials_per_participant' need each other"),
        ("trials_per_participant: 9\n", r"'pairing: adaptive' and 'trials_per_participant' need each other"),
        (
            "pairing: adaptive\ntrials_per_participant: 9\nsentences: latin_square\n",
            r"'pairing: adaptive' draws its sentences itself",
        ),
        (
            "sentences: latin_square\nsentences_per_participant: 2\n",
            r"'sentences: latin_square' uses every sentence: leave 'sentences_per_participant' out",
        ),
        ("compare: model\n", r"'compare: model' has no reference: write 'pairing: all_pairs' or 'pairing: adaptive'"),
        ("checks: [sound, sound]\n", r"the check 'sound' is there twice"),
        ("catch_faults: {frozen: 2}\n", r"'frozen' under 'catch_faults' \(did you mean 'frozen_mouth'\?\)"),
        (
            "attention_questions:\n  - {name: q, prompt: p, choices: [a, b], correct: c}\n",
            r"the right answer 'c' of 'q' is not among its choices",
        ),
        (
            "quality:\n  - {measure: catch_scores, at_least: 1, otherwise: reject}\n",
            r"line 5, quality\.1\.measure: 'catch_scores' does not fit",
        ),
        (
            "quality:\n  - {measure: catch_score, otherwise: reject}\n",
            r"the rule on catch_score needs one of 'at_least' and 'at_most'",
        ),
        ("consent:\n  text: yes I do\n", r"line 4: the key 'version' is missing under 'consent'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, lines: str, sentence: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(MINIMAL + lines)
    with pytest.raises(InputError, match=sentence):
        load_study(path)


def test_the_template_shows_every_key() -> None:
    text = TEMPLATE.read_text()
    assert [key for key in Study.model_fields if f"{key}:" not in text] == []


@pytest.mark.parametrize(
    ("kind", "labels", "ends", "holds", "refused"),
    [("slider", (), (0, 100), 37, 37.5), ("acr", (), (1, 5), 5, 0), ("likert", ("no", "yes"), (1, 7), 7, 8)],
)
def test_a_rating_scale_knows_its_ends_and_words(kind: str, labels, ends, holds: float, refused: float) -> None:
    scale = RatingScale(kind=kind, labels=labels)
    assert (scale.lowest, scale.highest) == ends
    assert scale.holds(holds)
    assert not scale.holds(refused)
    assert len(scale.shown_labels) in (2, 5)


def test_a_study_without_people_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(MINIMAL.replace("2", "0"))
    with pytest.raises(InputError, match=r"line 3, participants: 0 does not fit"):
        load_study(path)


def test_the_analysis_is_chosen_in_the_study_file(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(MINIMAL + "analysis: {curve: spline, equivalence_log_odds: 0.4}\n")
    assert load_study(path).analysis.model_dump() == {"scale": "log2", "curve": "spline", "equivalence_log_odds": 0.4}
    path.write_text(MINIMAL + "analysis: {equivalence_log_odds: 0}\n")
    with pytest.raises(InputError, match=r"equivalence_log_odds: 0 does not fit"):
        load_study(path)
