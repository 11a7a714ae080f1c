import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lipstudy.clips._mouth_path import REACH_IOD, MouthPath, mouth_path

LIPS = 40


def opened(gaps_iod: list[float]) -> NDArray[np.float64]:
    """Return shapes whose lower lip is let down by each of the gaps."""
    shapes = np.zeros((len(gaps_iod), LIPS, 2))
    shapes[:, LIPS // 2 :, 1] = np.array(gaps_iod)[:, None]
    return shapes


def path(
    asked: list[float], bank: list[float], appearance: list[float] | None = None, beside: list[int] | None = None
) -> MouthPath:
    looks = np.array(appearance if appearance is not None else np.arange(len(bank)), float)
    look_apart = np.subtract.outer(looks, looks) ** 2
    follows = np.arange(len(bank)) > 0
    asked_open, open_iod = (np.array(gaps)[:, None] for gaps in (asked, bank))
    turn_deg, shown = np.zeros(len(bank)), None if beside is None else np.array(beside)
    return mouth_path(opened(asked), opened(bank), asked_open, open_iod, look_apart, follows, turn_deg, beside=shown)


def test_the_film_itself_is_answered_by_the_film() -> None:
    gaps = [0, 0.05, 0.12, 0.2, 0.1, 0.02]
    found = path(gaps, gaps)
    np.testing.assert_array_equal(found.frames, np.arange(len(gaps)))
    np.testing.assert_allclose(found.misfit_iod, 0, atol=1e-7)
    assert not found.beyond.any()


def test_a_mouth_that_stands_still_is_one_frame() -> None:
    found = path([0.1] * 12, [0.099, 0.1, 0.101, 0.1, 0.098])
    assert len(set(found.frames.tolist())) == 1


def test_a_jump_to_what_looks_different_is_left_out_where_a_near_mouth_will_do() -> None:
    gaps = [0.1, 0.1, 0.1]
    # The mouth that fits best by a hair shows other teeth.
    found = path(gaps, [0.1, 0.1005, 0.1005, 0.1], appearance=[0, 1, 2, 60])
    assert 3 not in found.frames[1:] or set(found.frames.tolist()) == {3}


def test_lips_that_move_a_little_do_not_run_through_film_in_which_teeth_come_up() -> None:
    # The film's next mouth fits better by a hair; in it other teeth are seen.
    found = path([*[0.1] * 6, 0.108, 0.108], [0.1, 0.11], appearance=[0, 5])
    assert set(found.frames.tolist()) == {0}
    # Lips that open as the film's do show what it shows.
    found = path([0.1, 0.15, 0.15], [0.1, 0.15], appearance=[0, 5])
    np.testing.assert_array_equal(found.frames, [0, 1, 1])


def test_a_single_frame_that_fits_better_by_a_little_is_not_shown_in_between() -> None:
    found = path([0.1, 0.1, 0.112, 0.1, 0.1], [0.1, 0.3, 0.112], appearance=[0, 0.6, 1.2])
    assert set(found.frames.tolist()) == {0}


def test_lips_that_close_as_the_film_opens_show_the_film_backwards_without_a_jump() -> None:
    gaps = [0, 0.05, 0.12, 0.2, 0.26]
    found = path(gaps[::-1], gaps, appearance=[0, 3, 6, 9, 12])
    np.testing.assert_array_equal(found.frames, [4, 3, 2, 1, 0])
    assert not found.jumps.any()


def test_of_mouths_that_will_do_the_one_that_looks_like_the_clip_beside_it_is_shown() -> None:
    asked, bank, appearance = [0.1] * 4, [0.1, 0.3, 0.101], [0, 50, 3]
    assert set(path(asked, bank, appearance).frames.tolist()) == {0}
    assert set(path(asked, bank, appearance, beside=[2] * 4).frames.tolist()) == {2}
    # One that does not fit is not.
    assert set(path(asked, bank, appearance, beside=[1] * 4).frames.tolist()) <= {0, 2}


@settings(max_examples=20, deadline=None)
@given(
    asked=st.lists(st.floats(0, 0.3), min_size=1, max_size=12),
    bank=st.lists(st.floats(0, 0.3), min_size=1, max_size=12, unique=True),
)
def test_a_clip_beside_itself_is_shown_as_it_is(asked: list[float], bank: list[float]) -> None:
    alone = path(asked, bank)
    again = path(asked, bank, beside=alone.frames.tolist())
    np.testing.assert_allclose(again.misfit_iod, alone.misfit_iod, atol=1e-6)


def test_a_mouth_too_open_is_rather_shown_than_one_not_open_enough() -> None:
    found = path([0.1] * 4, [0.085, 0.115], appearance=[0, 50])
    assert set(found.frames.tolist()) == {1}


def test_a_jump_shows_both_mouths_and_the_film_itself_only_one() -> None:
    found = path([0.0, 0.0, 0.2, 0.2, 0.22], [0.0, 0.1, 0.2, 0.22])
    np.testing.assert_array_equal(found.frames, [0, 0, 2, 2, 3])
    np.testing.assert_array_equal(found.jumps, [False, False, True, False, False])
    assert [found.shown(index) for index in range(5)] == [(0,), (0,), (0, 2), (2,), (3,)]


def test_a_shape_beyond_the_bank_is_told_and_the_nearest_taken() -> None:
    found = path([0.1, 0.4], [0.0, 0.1, 0.2])
    np.testing.assert_array_equal(found.beyond, [False, True])
    assert found.frames[1] == 2
    assert found.misfit_iod[1] == pytest.approx(0.2 / np.sqrt(2))
    assert found.misfit_iod[1] > REACH_IOD


@settings(max_examples=40, deadline=None)
@given(
    asked=st.lists(st.floats(0, 0.3), min_size=1, max_size=12),
    bank=st.lists(st.floats(0, 0.3), min_size=1, max_size=12),
)
def test_no_path_costs_more_than_the_nearest_mouths_taken_one_by_one_and_the_count_is_right(
    asked: list[float], bank: list[float]
) -> None:
    found = path(asked, bank)
    assert found.frames.shape == (len(asked),)
    nearest = np.abs(np.subtract.outer(asked, bank)).min(1) / np.sqrt(2)
    assert (found.misfit_iod >= nearest - 1e-6).all()
    np.testing.assert_array_equal(
        found.beyond[np.abs(nearest - REACH_IOD) > 1e-6], (nearest > REACH_IOD)[np.abs(nearest - REACH_IOD) > 1e-6]
    )
