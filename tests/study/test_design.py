import pytest

from lipstudy.errors import InputError
from lipstudy.study import Factors, FaultTrials, Study, design_of


def study_with(**keys) -> Study:
    return Study(name="trial", clips="clips.csv", participants=2, **keys)


def scales_of(design) -> list[tuple[float, float]]:
    return [(pair.first.articulation, pair.second.articulation) for pair in design.pairs]


def test_each_scale_is_compared_with_the_reference(make_clips) -> None:
    clips = make_clips(embodiments=["photo"], sentences=["s1"])
    assert scales_of(design_of(study_with(), clips)) == [(1, 0.5), (1, 0.75), (1, 1.25), (1, 1.5)]


def test_all_pairs_compares_every_two_scales_once(make_clips) -> None:
    clips = make_clips(embodiments=["photo"], sentences=["s1"])
    scales = scales_of(design_of(study_with(pairing="all_pairs"), clips))
    assert len(scales) == len(set(scales)) == 10
    assert all(low < high for low, high in scales)


def test_only_the_levels_named_are_used(make_clips) -> None:
    factors = Factors(embodiments=("photo",), sentences=("s2", "s3"), articulations=(0.5, 1.5))
    design = design_of(study_with(factors=factors), make_clips(speakers=["anna", "ben"]))
    assert design.embodiments == ("photo",)
    assert design.sentences == ("s2", "s3")
    assert set(scales_of(design)) == {(1, 0.5), (1, 1.5)}
    assert len(design.pairs) == 2 * 2 * 2


def test_pairs_differ_in_articulation_alone(make_clips) -> None:
    clips = make_clips(speakers=["anna", "ben"], operators=["rest", "mean"])
    for pair in design_of(study_with(pairing="all_pairs"), clips).pairs:
        for column in ("embodiment", "speaker", "sentence", "model"):
            assert getattr(pair.first, column) == getattr(pair.second, column)
        assert pair.first.articulation != pair.second.articulation


def test_one_clip_at_scale_1_serves_every_operator(make_clips) -> None:
    clips = make_clips(embodiments=["photo"], sentences=["s1"], articulations=[0.5, 1.0])
    clips += make_clips(embodiments=["photo"], sentences=["s1"], articulations=[0.5], operators=["mean"])
    pairs = design_of(study_with(), clips).pairs
    assert [(pair.cell.operator, pair.first.operator, pair.second.operator) for pair in pairs] == [
        ("mean", "rest", "mean"),
        ("rest", "rest", "rest"),
    ]
    only_mean = design_of(study_with(factors=Factors(operators=("mean",))), clips).pairs
    assert [pair.cell.operator for pair in only_mean] == ["mean"]


def test_speakers_may_say_different_sentences(make_clips) -> None:
    clips = make_clips(speakers=["anna"], sentences=["s1"]) + make_clips(speakers=["ben"], sentences=["s2"])
    design = design_of(study_with(), clips)
    assert {(pair.cell.speaker, pair.cell.sentence) for pair in design.pairs} == {("anna", "s1"), ("ben", "s2")}


def test_hash_knows_the_definition_and_the_clips_but_not_the_number_of_people(make_clips) -> None:
    clips = make_clips()
    design = design_of(study_with(), clips)
    assert design_of(study_with(), clips[::-1]).sha256 == design.sha256
    more_people = study_with().model_copy(update={"participants": 30, "clips": "elsewhere/clips.csv"})
    assert design_of(more_people, clips).sha256 == design.sha256
    assert design_of(study_with(repetitions=2), clips).sha256 != design.sha256
    other_clip = [clips[0].model_copy(update={"sha256": "0" * 64}), *clips[1:]]
    assert design_of(study_with(), other_clip).sha256 != design.sha256


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"factors": Factors(sentences=("s9",))},
            r"names the level 's9' under factors\.sentences, .*it has s1, s2, s3",
        ),
        (
            {"factors": Factors(embodiments=("foto",))},
            r"'foto' under factors\.embodiments.* \(did you mean 'photo'\?\)",
        ),
        ({"factors": Factors(articulations=(0.6,))}, r"names the level '0\.6' under factors\.articulations"),
        (
            {"factors": Factors(articulations=(1.0,))},
            r"no pair of clips to compare: its 8 clips have the articulation 1 only",
        ),
        ({"reference_articulation": 1.1}, r"lack the reference articulation 1\.1, which the study 'trial' needs"),
        ({"sentences_per_participant": 5}, r"asks for 5 sentences_per_participant, but its clips have 4"),
    ],
)
def test_a_design_that_the_manifest_cannot_hold_is_refused(make_clips, keys, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        design_of(study_with(**keys), make_clips())


def test_levels_that_do_not_meet_are_refused(make_clips) -> None:
    clips = make_clips(speakers=["anna"], sentences=["s1"]) + make_clips(speakers=["ben"], sentences=["s2"])
    with pytest.raises(InputError, match=r"no clip has all the levels that the study 'trial' names"):
        design_of(study_with(factors=Factors(speakers=("anna",), sentences=("s2",))), clips)


def test_an_empty_manifest_is_refused() -> None:
    with pytest.raises(InputError, match="has no clip: its manifest is empty"):
        design_of(study_with(), [])


def test_a_missing_clip_is_named(make_clips) -> None:
    clips = [clip for clip in make_clips() if clip.clip_id != "photo_anna_s2_rest_1.5"]
    with pytest.raises(InputError, match=r"the clips of photo, anna, s2, visemes, rest lack the articulation 1\.5"):
        design_of(study_with(), clips)


def test_clips_that_cannot_be_told_apart_are_refused(make_clips) -> None:
    clips = make_clips()
    twin = clips[0].model_copy(update={"clip_id": "twin"})
    with pytest.raises(InputError, match=r"'landmarks_anna_s1_rest_0\.5' and 'twin' have the same embodiment"):
        design_of(study_with(), [*clips, twin])


def test_a_clip_with_a_fault_is_paired_with_the_same_clip_without(make_clips) -> None:
    clips = make_clips(operators=["mean", "rest"], faults=["frozen_mouth"], speakers=["anna", "ben"])
    study = study_with(catch_faults=FaultTrials(frozen_mouth=1), factors=Factors(speakers=("anna",)))
    design = design_of(study, clips)
    assert len(design.faults) == 2 * 2 * 4
    for pair in design.faults:
        assert pair.faulty.clip_id == f"{pair.good.clip_id}_frozen_mouth"
        assert pair.good.speaker == "anna"
    # A fault that was made with one operator alone serves the other as well: at 1 they are the same.
    rest = [clip for clip in clips if clip.fault is None or clip.operator == "rest"]
    only_mean = [clip for clip in rest if clip.operator == "mean" or clip.fault or clip.articulation != 1]
    assert {pair.good.operator for pair in design_of(study, only_mean).faults} == {"mean"}


def test_clips_with_a_fault_are_compared_by_nobody(make_clips) -> None:
    design = design_of(study_with(), make_clips(faults=["swapped_speech"]))
    assert not any(clip.fault for clip in design.clips)
    assert design.faults == ()
