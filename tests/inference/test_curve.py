import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipstudy.errors import InputError
from lipstudy.inference import (
    FixedEffect,
    MixedFit,
    asymmetry,
    fit_mixed_logit,
    preference_curve,
    preferred_articulation,
)

STUDY = "chosen ~ x + x2 + side + (1 + x | participant) + (1 | item)"


def _fit(b0: float, b1: float, b2: float, se: float = 0.1) -> MixedFit:
    effects = tuple(
        FixedEffect(term, b, se, b / se, 0.5) for term, b in (("(Intercept)", b0), ("x", b1), ("x2", b2), ("side", 0.7))
    )
    return MixedFit("chosen ~ x + x2 + side", effects, np.eye(4) * se**2, (), -1.0, 10, {}, (), "ok", ())


def test_curve_at_the_original_is_the_intercept_and_ignores_side():
    (point,) = preference_curve(_fit(0.4, 1, -1), [1.0])
    assert point.probability == pytest.approx(1 / (1 + math.exp(-0.4)))
    assert point.high == pytest.approx(1 / (1 + math.exp(-0.4 - 1.959964 * 0.1)))


def test_one_doubling_is_one_unit_of_the_log2_scale():
    (double,) = preference_curve(_fit(0, 1, -0.5), [2.0])
    assert double.probability == pytest.approx(1 / (1 + math.exp(-0.5)))


def test_zero_articulation_needs_the_linear_scale():
    with pytest.raises(InputError, match="articulation 0 has no logarithm"):
        preference_curve(_fit(0, 1, -1), [0.0])
    (point,) = preference_curve(_fit(0, 1, -1), [0.0], scale="linear")
    assert point.probability == pytest.approx(1 / (1 + math.exp(2)))


def test_peak_is_the_vertex_and_both_intervals_hold_it():
    # -0.6 / (2 * -1) = 0.3 doublings. Delta: se of the vertex = sqrt((1/2)^2 + 0.3^2) * 0.1 = 0.058310.
    peak = preferred_articulation(_fit(0, 0.6, -1), tested=(0.5, 1.5))
    assert peak.articulation == pytest.approx(2**0.3)
    assert peak.delta == pytest.approx((2 ** (0.3 - 1.959964 * 0.058310), 2 ** (0.3 + 1.959964 * 0.058310)), rel=1e-5)
    assert peak.fieller[0] < peak.articulation < peak.fieller[1]
    assert peak.within_tested


@given(st.floats(-2, 2), st.floats(-3, -0.3), st.floats(0.01, 0.14))
def test_ends_of_fieller_are_where_the_slope_is_just_not_different_from_zero(b1, b2, se):
    fieller = preferred_articulation(_fit(0, b1, b2, se), tested=(0.5, 1.5)).fieller
    if fieller is None:
        assert abs(b2) <= 1.959964 * se * 1.0001
        return
    for end in np.log2(fieller):
        slope, spread = b1 + 2 * b2 * end, se * math.sqrt(1 + 4 * end**2)
        assert abs(slope / spread) == pytest.approx(1.959964, rel=1e-4)


def test_uncertain_bend_leaves_the_peak_unbounded():
    peak = preferred_articulation(_fit(0, 0.6, -0.1, se=0.2), tested=(0.5, 1.5))
    assert peak.fieller is None
    assert not peak.within_tested


def test_curve_that_bends_up_has_no_peak():
    assert preferred_articulation(_fit(0, 0.6, 1), tested=(0.5, 1.5)).articulation is None


def test_asymmetry_compares_the_widest_matched_distance():
    # log2(1.5) is nearer to the original than log2(0.5): 1.5 is compared with 1 / 1.5.
    found = asymmetry(_fit(0, 1, -1), tested=(0.5, 1.5))
    assert (found.over, found.under) == pytest.approx((1.5, 1 / 1.5))
    assert found.difference == pytest.approx(found.p_over - found.p_under)
    assert found.low < found.difference < found.high


def test_interval_of_the_asymmetry_by_hand():
    # At 2 and 1/2 the log odds are 0.5 - 1 + 1 = 0.5 and 0.5 - 1 - 1 = -1.5: p = 0.62246, 0.18243; p (1 - p) = 0.23500,
    # 0.14915. The gradient is (0.08586, 0.38415, 0.08586) for intercept, x, x2; each has the standard error 0.1.
    found = asymmetry(_fit(0.5, 1, -1), tested=(0.5, 2))
    half = 1.959964 * 0.1 * math.sqrt(2 * 0.08586**2 + 0.38415**2)
    assert (found.p_over, found.p_under) == pytest.approx((0.62246, 0.18243), abs=1e-5)
    assert (found.low, found.high) == pytest.approx((0.44003 - half, 0.44003 + half), abs=2e-5)


def test_mirrored_scales_mirror_the_asymmetry(choices):
    fit = fit_mixed_logit(STUDY, choices, check=False)
    mirrored = fit_mixed_logit(STUDY, choices.assign(x=-choices.x), check=False)
    there, back = asymmetry(fit, tested=(0.5, 2)), asymmetry(mirrored, tested=(0.5, 2))
    assert back.difference == pytest.approx(-there.difference, abs=1e-6)
    assert back.p == pytest.approx(there.p, rel=1e-3)


def test_one_sided_scales_have_no_asymmetry():
    assert asymmetry(_fit(0, 1, -1), tested=(1.0, 2.0)) is None


def test_side_labels_do_not_move_the_curve(choices):
    fit = fit_mixed_logit(STUDY, choices, check=False)
    swapped = fit_mixed_logit(STUDY, choices.assign(side=-choices.side), check=False)
    for a, b in zip(preference_curve(fit, [0.5, 1, 1.5]), preference_curve(swapped, [0.5, 1, 1.5]), strict=True):
        assert b.probability == pytest.approx(a.probability, abs=1e-6)


def test_model_without_x_has_no_curve():
    fit = _fit(0, 1, -1)
    with pytest.raises(InputError, match="needs the term 'x'"):
        preference_curve(replace(fit, fixed=fit.fixed[:1]), [1.0])


def test_refused_fit_has_no_curve(choices):
    refused = fit_mixed_logit(STUDY, choices.assign(chosen=1))
    with pytest.raises(InputError, match="there is no preference curve: separated"):
        preference_curve(refused, [1.0])


def test_fieller_takes_the_covariance_of_slope_and_bend_into_account():
    # Fieller's theorem for -b1 / (2 b2) with b1 = 0.6, b2 = -1, variances 0.01, covariance 0.006, q = 1.959964:
    # (b1 + 2 b2 v)^2 = q^2 (0.01 + 4 v 0.006 + 4 v^2 0.01) at both ends.
    covariance = np.eye(4) * 0.01
    covariance[1, 2] = covariance[2, 1] = 0.006
    fit = replace(_fit(0, 0.6, -1), covariance=covariance)
    found = preferred_articulation(fit, tested=(0.5, 1.5))
    for end in np.log2(found.fieller):
        assert (0.6 - 2 * end) ** 2 == pytest.approx(1.959964**2 * (0.01 + 0.024 * end + 0.04 * end**2), rel=1e-5)
    # Delta: the gradient is (1/2, 0.3), so the variance is 0.01 / 4 + 0.3 * 0.006 + 0.09 * 0.01.
    half = 1.959964 * math.sqrt(0.0025 + 0.0018 + 0.0009)
    assert found.delta == pytest.approx((2 ** (0.3 - half), 2 ** (0.3 + half)), rel=1e-5)


@pytest.mark.parametrize("scale", ["log2", "linear"])
@pytest.mark.parametrize("bend", [-1e-1, -1e-2, -1e-3, -1e-6, -1e-12])
def test_nearly_straight_curve_gives_no_infinite_number(bend, scale):
    found = preferred_articulation(_fit(0, 0.5, bend, se=0.3), tested=(0.5, 1.5), scale=scale)
    assert found.fieller is None
    assert found.articulation is None or math.isfinite(found.articulation)
    assert found.delta is None or np.isfinite(found.delta).all()
