"""What the inside of a filmed mouth looks like, and where it gives way."""

import numpy as np

from lipstudy.clips._mouth_looks import mouth_looks, one_place


def test_the_place_that_gives_way_is_one_and_does_not_jump() -> None:
    # Dark above and below a tongue, the brighter half changing from frame to frame.
    rows, frames = 24, 30
    height = np.linspace(0, 1, rows)
    above, below = (np.exp(-0.5 * ((height - place) / 0.05) ** 2) for place in (0.25, 0.75))
    giving = np.stack([(above + 0.9 * below) if frame % 2 else (0.95 * above + below) for frame in range(frames)])
    giving /= giving.sum(1, keepdims=True)
    window = one_place(giving.astype(np.float32), certainty=np.ones(frames))
    places = (giving * window).argmax(1)
    assert np.ptp(places) == 0
    assert (giving * window)[:, [6, 17]].min(1).max() < 0.1 * (giving * window).max()


def test_the_place_that_gives_way_follows_the_film() -> None:
    rows, frames = 24, 30
    height, centre = np.linspace(0, 1, rows), np.linspace(0.2, 0.8, frames)
    giving = np.exp(-0.5 * ((height - centre[:, None]) / 0.05) ** 2)
    giving /= giving.sum(1, keepdims=True)
    window = one_place(giving.astype(np.float32), certainty=np.ones(frames))
    np.testing.assert_allclose(height[window.argmax(1)], centre, atol=0.1)


def test_one_gap_that_moves_stays_one_gap() -> None:
    rows = np.arange(24)
    # Dark lies high in the first frames and low in the later ones, between bright teeth.
    strips = [
        np.repeat(np.where(np.abs(rows - place) < 2, 10, 220)[:, None, None], 10, axis=1).repeat(3, axis=2)
        for place in [7] * 10 + [14] * 10
    ]
    looks = mouth_looks([strip.astype(np.uint8) for strip in strips], aperture_iod=np.full(20, 0.2))
    for look in looks:
        density = np.diff(look.giving, prepend=0)
        wide = np.flatnonzero(density > 0.05)
        assert wide[-1] - wide[0] <= 6, density.round(2)


def test_a_mouth_that_is_blacker_than_the_rest_of_the_film_opens_in_its_own_black() -> None:
    shade = [60] * 12 + [5] * 6 + [60] * 12
    strips = []
    for dark in shade:
        strip = np.full((24, 10, 3), 200, np.uint8)
        strip[8:14] = dark
        strips.append(strip)
    looks = mouth_looks(strips, aperture_iod=np.array([0.2 if dark == 60 else 0.05 for dark in shade]))
    assert looks[14].dark.mean() < 15
    assert looks[0].dark.mean() > 40
    assert looks[14].floor.mean() < 0.5 * looks[0].floor.mean()


def test_a_tongue_goes_with_the_jaw_where_no_teeth_hang_above_it() -> None:
    tongue = np.full((24, 10, 3), (120, 60, 70), np.uint8)
    tongue[18:] = 230  # lower teeth
    hanging = tongue.copy()
    hanging[:6] = 230  # upper teeth, and dark below them
    hanging[8:11] = 10
    strips = [tongue] * 6 + [hanging] * 6
    looks = mouth_looks(strips, aperture_iod=np.full(12, 0.2))
    assert looks[0].giving[4] > 0.8
    assert looks[-1].giving[6] < 0.1
    assert looks[-1].giving[12] > 0.9
