import hashlib
import json
from collections import Counter, defaultdict
from itertools import groupby, pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.records import PlannedTrial, read_plan, write_plan
from lipstudy.study import FaultTrials, Study, balance_of, check_plan, plan_study, slot_name


@st.composite
def designs(draw, **fixed):
    """Draw the keys of a study and the levels of its manifest."""
    sentences = draw(st.integers(1, 5))
    keys = {
        "participants": draw(st.integers(1, 7)),
        "pairing": draw(st.sampled_from(["reference", "all_pairs"])),
        "repetitions": draw(st.integers(1, 3)),
        "catch_trials": draw(st.integers(0, 5)),
        "blocks": draw(st.sampled_from(["by_embodiment", "mixed"])),
        "sentences_per_participant": draw(st.none() | st.integers(1, sentences)),
    } | fixed
    levels = {
        "embodiments": draw(st.sampled_from([["photo"], ["landmarks", "photo"]])),
        "speakers": ["anna", "ben"][: draw(st.integers(1, 2))],
        "sentences": [f"s{number}" for number in range(sentences)],
        "articulations": draw(st.sampled_from([[0.5, 1.0], [0.5, 1.0, 1.5], [0.25, 0.5, 0.75, 1.0, 1.25]])),
    }
    return Study(name="drawn", clips="clips.csv", **keys), levels


@st.composite
def other_designs(draw):
    """Draw what `designs` leaves out: other presentations, ratings, faults, Latin squares, other factors."""
    rating = draw(st.booleans())
    keys: dict[str, object] = {
        "participants": 2 * draw(st.integers(1, 4)),
        "repetitions": draw(st.integers(1, 2)),
        "blocks": draw(st.sampled_from(["by_embodiment", "mixed"])),
        "sentences": draw(st.sampled_from(["crossed", "latin_square"])),
        "practice_trials": draw(st.integers(0, 3)),
        "catch_faults": {"frozen_mouth": draw(st.integers(0, 3)), "swapped_speech": draw(st.integers(0, 2))},
    }
    if rating:
        keys["rating"] = {"kind": draw(st.sampled_from(["slider", "acr"]))}
    else:
        keys["presentation"] = draw(st.sampled_from(["side_by_side", "sequential"]))
        keys["catch_trials"] = draw(st.integers(0, 3))
        keys["compare"] = draw(st.sampled_from(["articulation", "operator", "model"]))
        keys["pairing"] = (
            "all_pairs" if keys["compare"] != "articulation" else draw(st.sampled_from(["all_pairs", "reference"]))
        )
    levels = {
        "embodiments": draw(st.sampled_from([["photo"], ["landmarks", "photo"]])),
        "sentences": [f"s{number}" for number in range(draw(st.integers(2, 6)))],
        "articulations": draw(st.sampled_from([[0.5, 1.0, 1.5], [0.5, 0.75, 1.0, 1.25]])),
        "models": ["tcn", "visemes", "film"][: draw(st.integers(2, 3)) if keys.get("compare") == "model" else 1],
        "operators": ["rest", "mean"] if keys.get("compare") == "operator" else ["rest"],
        "faults": ["frozen_mouth", "swapped_speech"],
    }
    return Study.model_validate({"name": "drawn", "clips": "clips.csv"} | keys), levels


def by_slot(plan: list[PlannedTrial]) -> dict[str, list[PlannedTrial]]:
    slots = defaultdict(list)
    for trial in plan:
        slots[trial.participant].append(trial)
    return slots


def lean(trials: list[PlannedTrial], key) -> dict[object, int]:
    """Return how much more often the smaller scale stands left than right, by `key`."""
    leaning: Counter[object] = Counter()
    for trial in trials:
        if trial.kind == "2afc":
            leaning[key(trial)] += 1 if trial.articulation_left < trial.articulation_right else -1
    return leaning


def pair_of(trial: PlannedTrial) -> tuple[str, ...]:
    return tuple(sorted(trial.clips))


def contrast_of(trial: PlannedTrial) -> tuple[object, ...]:
    scales = sorted((trial.articulation_left, trial.articulation_right))
    return (trial.embodiment, trial.speaker, *scales)


@given(designs(), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_every_pair_is_balanced_in_side_over_participants(make_clips, design, seed: int) -> None:
    study, levels = design
    plan = plan_study(study, make_clips(**levels), seed=seed)
    allowed = study.participants % 2 * study.repetitions % 2
    assert all(abs(value) <= allowed for value in lean(plan, pair_of).values())


@given(designs(), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_every_participant_is_balanced_in_side(make_clips, design, seed: int) -> None:
    study, levels = design
    for trials in by_slot(plan_study(study, make_clips(**levels), seed=seed)).values():
        for key in (pair_of, contrast_of):
            assert all(abs(value) <= 1 for value in lean(trials, key).values())
        # The sign of a contrast with the reference turns with the smaller scale, so here the first clip counts.
        seconds = Counter()
        for trial in trials:
            if trial.kind == "2afc":
                first = 1.0 if study.pairing == "reference" else min(trial.articulation_left, trial.articulation_right)
                seconds[trial.embodiment] += 1 if trial.articulation_left == first else -1
        assert all(abs(value) <= 1 for value in seconds.values())
        assert abs(sum(seconds.values())) <= 1
        if study.repetitions % 2 == 0:
            assert set(lean(trials, pair_of).values()) == {0}


@given(designs(), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_every_participant_sees_every_pair_of_the_sentences_as_often_as_asked(make_clips, design, seed: int) -> None:
    study, levels = design
    scales = len(levels["articulations"])
    pairs_of_a_cell = scales - 1 if study.pairing == "reference" else scales * (scales - 1) // 2
    sentences = study.sentences_per_participant or len(levels["sentences"])
    cells = len(levels["embodiments"]) * len(levels["speakers"]) * sentences
    for trials in by_slot(plan_study(study, make_clips(**levels), seed=seed)).values():
        shown = Counter(pair_of(trial) for trial in trials if trial.kind == "2afc")
        assert len(shown) == cells * pairs_of_a_cell
        assert set(shown.values()) == {study.repetitions}
        catches = [trial for trial in trials if trial.kind == "catch_identical"]
        assert len(catches) == study.catch_trials
        assert all(trial.clip_left == trial.clip_right for trial in catches)
        assert [trial.trial for trial in trials] == list(range(1, len(trials) + 1))
        assert [trial.block for trial in trials] == sorted(trial.block for trial in trials)
        if study.blocks == "by_embodiment":
            assert len({(trial.block, trial.embodiment) for trial in trials}) == len(levels["embodiments"])


@given(designs(sentences_per_participant=2, participants=12), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_sentences_rotate_over_participants(make_clips, design, seed: int) -> None:
    study, levels = design
    levels["sentences"] = ["s0", "s1", "s2", "s3", "s4"]
    slots = by_slot(plan_study(study, make_clips(**levels), seed=seed))
    seen = Counter(sentence for trials in slots.values() for sentence in {trial.sentence for trial in trials})
    assert len(seen) == 5
    assert max(seen.values()) - min(seen.values()) <= 2


@given(designs(blocks="mixed", catch_trials=0, participants=1), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_no_sentence_and_no_clip_twice_in_a_row_where_possible(make_clips, design, seed: int) -> None:
    study, levels = design
    trials = plan_study(study, make_clips(**levels), seed=seed)
    repeats = sum(one.sentence == other.sentence for one, other in pairwise(trials))
    shared = sum(bool(set(pair_of(one)) & set(pair_of(other))) for one, other in pairwise(trials))
    count = len({trial.sentence for trial in trials})
    assert repeats == (0 if count > 1 else len(trials) - 1)
    if count > 1:
        assert shared == 0


def test_repeats_are_the_fewest_possible_where_one_sentence_dominates(make_clips) -> None:
    # Three pairs of s1 and one of s2: by trying all orders, one repeat of a sentence cannot be avoided.
    clips = make_clips(
        embodiments=["photo"], sentences=["s1"], speakers=["anna", "ben", "cleo"], articulations=[0.5, 1]
    )
    clips += make_clips(embodiments=["photo"], sentences=["s2"], articulations=[0.5, 1])
    fewest = min(sum(a == b for a, b in pairwise(order)) for order in permutations(["s1", "s1", "s1", "s2"]))
    assert fewest == 1
    study = Study(name="a", clips="c", participants=20)
    for trials in by_slot(plan_study(study, clips, seed=3)).values():
        assert sum(one.sentence == other.sentence for one, other in pairwise(trials)) == fewest


def test_blocks_change_order_over_participants(make_clips) -> None:
    plan = plan_study(Study(name="a", clips="c", participants=24), make_clips(), seed=1)
    first = Counter(trials[0].embodiment for trials in by_slot(plan).values())
    assert first == {"landmarks": 12, "photo": 12}


def test_catch_trials_are_spread_over_embodiments(make_clips) -> None:
    plan = plan_study(Study(name="a", clips="c", participants=6, catch_trials=5), make_clips(), seed=1)
    for trials in by_slot(plan).values():
        catches = Counter(trial.embodiment for trial in trials if trial.kind == "catch_identical")
        assert sorted(catches.values()) == [2, 3]


def test_same_seed_same_plan_and_other_seed_other_order(make_clips) -> None:
    study = Study(name="a", clips="c", participants=4, catch_trials=2)
    clips = make_clips()
    plan = plan_study(study, clips, seed=5)
    assert plan_study(study, clips[::-1], seed=5) == plan
    other = plan_study(study, clips, seed=6)
    assert [trial.clip_left for trial in other] != [trial.clip_left for trial in plan]
    assert Counter(map(pair_of, (t for t in other if t.kind == "2afc"))) == Counter(
        map(pair_of, (t for t in plan if t.kind == "2afc"))
    )


@given(designs(), st.integers(1, 5), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_more_participants_leave_the_others_alone(make_clips, design, more: int, seed: int) -> None:
    study, levels = design
    clips = make_clips(**levels)
    plan = plan_study(study, clips, seed=seed)
    larger = study.model_copy(update={"participants": study.participants + more})
    assert plan_study(larger, clips, seed=seed)[: len(plan)] == plan


@given(other_designs(), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_every_design_is_balanced_exactly_over_two_slots(make_clips, design, seed: int) -> None:
    study, levels = design
    slots = by_slot(plan_study(study, make_clips(**levels), seed=seed))
    for number in range(0, study.participants, 2):
        first, second = slots[slot_name(number + 1)], slots[slot_name(number + 2)]
        counted = Counter(
            (trial.kind, trial.clip_left, trial.clip_right) for trial in (*first, *second) if trial.kind != "practice"
        )
        for (kind, left, right), count in counted.items():
            if kind not in ("rating", "catch_identical") and right is not None:
                assert counted[kind, right, left] == count
        assert Counter(pair_of(t) for t in first if t.kind == "2afc") == Counter(
            pair_of(t) for t in second if t.kind == "2afc"
        )
        for trials in (first, second):
            sides = Counter(trial.correct for trial in trials if trial.kind.startswith("catch") and trial.correct)
            assert abs(sides["left"] - sides["right"]) <= 1


@given(other_designs(), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_no_clip_comes_twice_in_a_row(make_clips, design, seed: int) -> None:
    study, levels = design
    for trials in by_slot(plan_study(study, make_clips(**levels), seed=seed)).values():
        counted = [trial for trial in trials if trial.kind != "practice"]
        for one, other in pairwise(counted):
            if one.sentence != other.sentence:
                assert not {*one.clips} & {*other.clips}
        for _, block in groupby(counted, key=lambda trial: trial.block):
            block = list(block)
            most = max(Counter(trial.sentence for trial in block).values())
            if 2 * most <= len(block):  # no sentence fills more than half: none has to follow itself
                assert all(one.sentence != other.sentence for one, other in pairwise(block))
                practised = trials[: len(trials) - len(counted)]
                if block[0] is counted[0] and practised:
                    assert practised[-1].sentence != block[0].sentence


@given(st.integers(2, 7), st.sampled_from([[0.5, 1.0], [0.5, 1.0, 1.5], [0.5, 0.75, 1.0, 1.25]]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_a_latin_square_gives_each_sentence_each_scale_equally_often(
    make_clips, sentences: int, scales: list[float], rating: bool
) -> None:
    compared = len(scales) if rating else len(scales) - 1
    keys = {"rating": {"kind": "slider"}} if rating else {}
    study = Study.model_validate(
        {"name": "a", "clips": "c", "participants": 2 * compared, "sentences": "latin_square"} | keys
    )
    clips = make_clips(sentences=[f"s{number}" for number in range(sentences)], articulations=scales)
    plan = plan_study(study, clips, seed=4)
    # Over twice as many slots as comparisons every cell of sentence and comparison is filled twice.
    cells = Counter((t.embodiment, t.sentence, pair_of(t)) for t in plan)
    assert len(cells) == 2 * sentences * compared
    assert set(cells.values()) == {2}
    for trials in by_slot(plan).values():
        assert set(Counter((trial.embodiment, trial.sentence) for trial in trials).values()) == {1}
        shown = Counter(
            (trial.embodiment, tuple(sorted({t for t in (trial.system_left, trial.system_right) if t})))
            for trial in trials
        )
        for embodiment in ("landmarks", "photo"):
            own = [count for (name, _), count in shown.items() if name == embodiment]
            assert max(own) - (min(own) if len(own) == compared else 0) <= 1


def test_trials_with_a_fault_have_a_right_answer_and_are_spread_over_embodiments(make_clips) -> None:
    study = Study(
        name="a",
        clips="c",
        participants=2,
        catch_faults=FaultTrials(frozen_mouth=2, desynchronised=2),
        practice_trials=3,
    )
    clips = make_clips(faults=["frozen_mouth", "desynchronised"])
    faults = {clip.clip_id: clip.fault for clip in clips}
    for trials in by_slot(plan_study(study, clips, seed=1)).values():
        caught = [trial for trial in trials if trial.kind.startswith("catch")]
        assert Counter(trial.kind for trial in caught) == {"catch_frozen_mouth": 2, "catch_desynchronised": 2}
        assert Counter(trial.embodiment for trial in caught) == {"landmarks": 2, "photo": 2}
        for trial in caught:
            bad, good = trial.clip_left, trial.clip_right
            if trial.correct == "left":
                bad, good = good, bad
            assert trial.kind == f"catch_{faults[bad]}"
            assert faults[good] is None
            assert trial.articulation_left == trial.articulation_right == 1
        practice = [trial for trial in trials if trial.kind == "practice"]
        assert [trial.trial for trial in practice] == [1, 2, 3]
        assert all(trial.block == 0 and trial.correct for trial in practice)
    assert not any(
        faults[clip] for trial in plan_study(study, clips, seed=1) if trial.kind == "2afc" for clip in trial.clips
    )


def test_a_fault_that_is_not_among_the_clips_is_told(make_clips) -> None:
    study = Study(name="a", clips="c", participants=2, catch_faults=FaultTrials(swapped_speech=1))
    with pytest.raises(InputError, match="asks for catch trials with the fault swapped_speech, but no clip of the"):
        plan_study(study, make_clips(faults=["frozen_mouth"]), seed=1)


def test_models_are_compared_at_each_scale_and_operators_where_they_differ(make_clips) -> None:
    keys = {"name": "a", "clips": "c", "participants": 2, "pairing": "all_pairs"}
    models = plan_study(
        Study.model_validate(keys | {"compare": "model"}),
        make_clips(embodiments=["photo"], articulations=[1.0], models=["a", "b", "c"]),
        seed=1,
    )
    systems = Counter(tuple(sorted((trial.system_left, trial.system_right))) for trial in models)
    assert systems == {("a", "b"): 8, ("a", "c"): 8, ("b", "c"): 8}
    assert {trial.model for trial in models} == {None}
    operators = plan_study(
        Study.model_validate(keys | {"compare": "operator"}),
        make_clips(embodiments=["photo"], articulations=[0.5, 1.0, 1.5], operators=["rest", "mean"]),
        seed=1,
    )
    assert {(trial.articulation_left, trial.articulation_right) for trial in operators} == {(0.5, 0.5), (1.5, 1.5)}
    assert {frozenset((t.system_left, t.system_right)) for t in operators} == {frozenset(("rest", "mean"))}


def test_the_plan_of_a_seed_never_changes(make_clips) -> None:
    # A change here means that a lab's seed no longer gives the plan that it gave: it needs a new major version.
    study = Study(name="a", clips="c", participants=3, catch_trials=2, sentences_per_participant=3)
    plan = plan_study(study, make_clips(), seed=20231)
    rows = [[trial.participant, trial.block, trial.kind, trial.clip_left, trial.clip_right] for trial in plan]
    assert (
        hashlib.sha256(json.dumps(rows).encode()).hexdigest()
        == "6eee2f0fc3bf215ee4463626caae947ca8026e92e05429c98152d266fe8ab289"
    )


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            {"sentences": "latin_square", "presentation": "sequential", "practice_trials": 2}
            | {"catch_faults": {"frozen_mouth": 2, "swapped_speech": 1}},
            "4fcbdd56989dc148",
        ),
        ({"rating": {"kind": "acr"}, "repetitions": 2}, "ba6a180a245d048b"),
        ({"pairing": "adaptive", "trials_per_participant": 8, "catch_trials": 2}, "92baea9690301941"),
    ],
)
def test_the_plan_of_a_seed_never_changes_for_other_designs(make_clips, keys, expected: str) -> None:
    study = Study.model_validate({"name": "a", "clips": "c", "participants": 3} | keys)
    plan = plan_study(study, make_clips(faults=["frozen_mouth", "swapped_speech"]), seed=20231)
    rows = [[t.participant, t.block, t.kind, t.clip_left, t.clip_right, t.correct] for t in plan]
    assert hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16] == expected


def test_a_plan_is_read_back_as_it_was_written(make_clips, tmp_path) -> None:
    plan = plan_study(Study(name="a", clips="c", participants=3, catch_trials=1), make_clips(), seed=1)
    write_plan(tmp_path / "plan.csv", plan)
    assert read_plan(tmp_path / "plan.csv") == plan


def test_balance_counts_the_sides_of_each_contrast(make_clips) -> None:
    clips = make_clips(embodiments=["photo"], articulations=[0.5, 1.0])
    balance = balance_of(plan_study(Study(name="a", clips="c", participants=4, catch_trials=2), clips, seed=1))
    assert [(row.first, row.second, row.trials, row.first_left) for row in balance] == [("0.5", "1", 16, 8)]


def test_a_study_that_was_changed_after_its_plan_is_refused(make_clips) -> None:
    study = Study(name="a", clips="c", participants=2)
    plan = plan_study(study, make_clips(), seed=1)
    check_plan(plan, study, make_clips())
    with pytest.raises(InputError, match="changed after the plan was written"):
        check_plan(plan, study.model_copy(update={"instructions": "Other."}), make_clips())
