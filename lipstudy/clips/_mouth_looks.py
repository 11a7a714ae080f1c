"""How a speaker's mouth looks inside, read from film or photograph: its dark, and where it gives way when it opens."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._interior import InteriorLook
from lipstudy.clips._warp import smoothstep

__all__ = ["giving_profile", "mouth_looks", "one_place"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

_TEETH_HOLD = 20.0
_TONGUE_ON_JAW = 2.0
_TEETH_AT_TOP = (0.35, 0.6)
_GAP_ROWS = 0.17
"""Half height of the one place that gives way, as a part of the opening's height."""
_GAP_STIFFNESS = 90.0
"""Cost of a move of that place from frame to frame: the square of a part of the opening's height, in nats."""

_SEEN_INSIDE_IOD = 0.06
"""Aperture from which the inside of the mouth tells its colours."""
_PROFILE_SIGMA_FRAMES = 2.0
_DARK_SIGMA_FRAMES = 0.6
_DEPTH = 0.85
_DEEPER = 0.85
"""A mouth opened further shows deeper than the darkest that the film shows between nearly closed teeth."""


def mouth_looks(strips: Sequence[Image], *, aperture_iod: Floats) -> list[InteriorLook]:
    """Return how the mouth looks inside in each frame of a film: one dark for all, giving way smoothly in time.

    Parameters
    ----------
    strips : sequence of ndarray of shape (rows, columns, 3) uint8
        From `interior_strip`, frame by frame.
    aperture_iod : ndarray of shape (frames,)
        How far the lips are apart.
    """
    from scipy.ndimage import gaussian_filter1d

    order = np.argsort(-aperture_iod)
    seen = order[: max(3, int((aperture_iod > _SEEN_INSIDE_IOD).sum()))]
    colours = np.concatenate([strips[index].reshape(-1, 3) for index in seen])
    grey = colours.mean(-1)
    dark_grey, bright_grey = np.percentile(grey, [4, 90])
    dark = _DEEPER * np.median(colours[grey <= dark_grey], axis=0)
    certainty = 0.01 + aperture_iod
    darks = np.stack([_darkest(strip, dark) for strip in strips])
    darks = gaussian_filter1d(darks, _DARK_SIGMA_FRAMES, axis=0, mode="nearest")
    redness = colours[:, 0] / (colours[:, 1:].sum(-1) + 1.0)
    flesh = (redness >= np.percentile(redness, 60)) & (grey >= np.percentile(grey, 25))
    floor = np.median(colours[flesh if flesh.any() else grey <= bright_grey], axis=0)
    giving = np.stack(
        [giving_profile(strip, dark_grey=dark_grey, bright_grey=bright_grey, smiling=False) for strip in strips]
    )
    giving *= one_place(giving, certainty=smoothstep(aperture_iod, 0.02, _SEEN_INSIDE_IOD))
    given = _risen_in_time(giving, certainty)
    floors = floor * (darks + 10) / (dark + 10)
    return [
        InteriorLook(dark=own_dark, floor=own_floor, giving=each, depth=_DEPTH)
        for own_dark, own_floor, each in zip(darks, floors, given, strict=True)
    ]


def _darkest(strip: Image, dark: Floats) -> Floats:
    """Return the darkest that one mouth shows, (3,) RGB, if it is darker than what the film shows in the dark."""
    colours = strip.reshape(-1, 3)
    grey = colours.mean(-1)
    own = np.median(colours[grey <= np.percentile(grey, 5)], axis=0)
    return np.asarray(own if own.mean() < dark.mean() else dark, np.float64)


def _averaged_in_time(values: Floats, certainty: Floats) -> Floats:
    """Return values (frames, N) averaged over a few frames, the more certain ones (frames,) counting more."""
    from scipy.ndimage import gaussian_filter1d

    weighted, weight = (
        gaussian_filter1d(each, _PROFILE_SIGMA_FRAMES, axis=0, mode="nearest")
        for each in (values * certainty[:, None], certainty[:, None])
    )
    return np.asarray(weighted / weight)


def _risen_in_time(giving: Floats, certainty: Floats) -> Floats:
    """Return profiles (frames, rows) summed from the top, 0 to 1, and smoothed in time.

    Their heights are averaged, not they: the mean of two gaps at two heights is one gap between them.
    """
    rows = np.arange(giving.shape[1])
    risen = np.cumsum(giving / giving.sum(1, keepdims=True), axis=1)
    levels = (rows + 0.5) / len(rows)
    steep = 1e-6 * rows
    heights = np.stack([np.interp(levels, each + steep, rows) for each in risen])
    heights = _averaged_in_time(heights, certainty)
    smooth = np.stack([np.interp(rows, each + steep, levels, left=0, right=1) for each in heights])
    smooth[:, -1] = 1
    return smooth


def giving_profile(strip: Image, *, dark_grey: float, bright_grey: float, smiling: bool) -> NDArray[np.float32]:
    """Return where the inside gives way as the mouth opens, (rows,) summing to 1.

    Dark rows give way, bright ones (teeth) hold; the top hangs from the skull and the bottom rests on the jaw. Where
    nothing is dark and the teeth hang from above, the lowest row gives way, behind the lower lip. All columns share one
    profile, lest teeth tilt.

    Parameters
    ----------
    strip : ndarray of shape (rows, columns, 3)
        From `interior_strip`.
    dark_grey, bright_grey : float
        Grey values of the mouth's depth and of the teeth.
    smiling : bool
        Teeth in sight are the upper ones, as in a photograph; otherwise they hang if the upper half is the brighter.

    Returns
    -------
    ndarray of shape (rows,)
        Not negative.
    """
    side = strip.shape[1] // 5
    grey = strip[:, side:-side].mean(axis=(1, 2))
    brightness = np.clip((grey - dark_grey) / max(bright_grey - dark_grey, 1.0), 0, 1)
    down = np.linspace(0, 1, len(grey))
    density = np.exp(-_TEETH_HOLD * brightness) * smoothstep(down, 0.02, 0.25) * (1 - smoothstep(down, 0.7, 1))
    # The tongue lies on the jaw: of two dark places, above and below it, the upper one gives way, and where no upper
    # teeth hang above it, it parts from the lip.
    density *= np.exp(-_TONGUE_ON_JAW * down)
    top = float(brightness[: len(grey) // 5].mean())
    density[0] += np.exp(-_TEETH_HOLD * 0.25) * (1 - smoothstep(top, *_TEETH_AT_TOP)) * (not smiling)
    hangs = brightness[: len(grey) * 2 // 5].mean() - brightness[len(grey) * 3 // 5 :].mean()
    density[-1] += np.exp(-_TEETH_HOLD * 0.6) * (1.0 if smiling else smoothstep(hangs, -0.05, 0.15))
    density += 1e-12  # an all white inside gives way everywhere
    return np.asarray(density / density.sum(), np.float32)


def one_place(giving: NDArray[np.float32], *, certainty: Floats) -> NDArray[np.float32]:
    """Return a window (frames, rows) around the one place where the inside gives way, which moves smoothly in time.

    Dark above and below a tongue, or a row of teeth that is now the upper one and now the lower, would otherwise open
    two gaps, or one that jumps. The place is the path that costs least over the whole film (Viterbi's algorithm).

    Parameters
    ----------
    giving : ndarray of shape (frames, rows)
        From `giving_profile`, frame by frame.
    certainty : ndarray of shape (frames,)
        How much each frame tells, 0 (closed lips) to 1.

    Returns
    -------
    ndarray of shape (frames, rows)
        0 to 1, to be multiplied with `giving`.
    """
    frames, rows = giving.shape
    height = np.linspace(0, 1, rows)
    near = np.exp(-0.5 * ((height[:, None] - height) / (_GAP_ROWS / 2)) ** 2)
    cost = -np.log(giving @ (near / near.sum(0)) + 1e-3 / rows) * (1e-3 + certainty[:, None])
    step = _GAP_STIFFNESS * (height[:, None] - height) ** 2
    total = cost[0]
    came_from = np.empty((frames, rows), np.intp)
    for index in range(1, frames):
        ways = total[:, None] + step
        came_from[index] = ways.argmin(0)
        total = ways.min(0) + cost[index]
    place = np.empty(frames, np.intp)
    place[-1] = total.argmin()
    for index in range(frames - 1, 0, -1):
        place[index - 1] = came_from[index, place[index]]
    return np.exp(-0.5 * ((height - height[place, None]) / _GAP_ROWS) ** 2).astype(np.float32)
