import pytest

from lipstudy.errors import InputError
from lipstudy.inference import equivalence, holm


def test_equivalence_by_hand():
    # Estimate 0.1, standard error 0.2, bound 0.5: z = 3 and -2, so p is the normal tail beyond 2.
    found = equivalence(0.1, 0.2, bound=0.5)
    assert found.p == pytest.approx(0.022750, abs=1e-6)
    assert found.equivalent
    assert (found.low, found.high) == pytest.approx((0.1 - 1.644854 * 0.2, 0.1 + 1.644854 * 0.2), abs=1e-6)


@pytest.mark.parametrize("estimate", [0.0, 0.3, -0.3])
def test_equivalence_is_that_the_narrow_interval_lies_within_the_bounds(estimate):
    for se in (0.05, 0.15, 0.4):
        found = equivalence(estimate, se, bound=0.5, df=12)
        assert found.equivalent == (found.low > -0.5 and found.high < 0.5)


def test_no_effect_in_few_data_is_no_equivalence():
    assert not equivalence(0.0, 0.5, bound=0.5).equivalent


@pytest.mark.parametrize(("bound", "se", "message"), [(0, 1, "must be positive"), (1, 0, "finite estimate")])
def test_equivalence_without_bound_or_error_is_refused(bound, se, message):
    with pytest.raises(InputError, match=message):
        equivalence(0.1, se, bound=bound)


def test_holm_by_hand():
    # 0.01 * 3, then 0.02 * 2 = 0.04, then max(0.04, 0.03).
    assert holm({"a": 0.02, "b": 0.01, "c": 0.03}) == pytest.approx({"a": 0.04, "b": 0.03, "c": 0.04})


def test_family_decides_for_how_many_tests_is_corrected():
    assert holm({"a": 0.02, "b": 0.01, "c": 0.03}, family=["a"]) == {"a": 0.02}
    assert list(holm({"a": 0.02, "b": 0.01}, family=["b", "a"])) == ["b", "a"]
    assert holm({}) == {}


def test_test_that_was_declared_and_not_made_is_told():
    with pytest.raises(InputError, match=r"names the test 'asymetry', which has no p-value \(did you mean 'asymmetry'"):
        holm({"asymmetry": 0.02}, family=["asymetry"])
