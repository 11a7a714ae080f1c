"""Which of the filmed mouths is shown when: the path through the bank that fits the lips and never pops.

Dynamic programming over the clip (Viterbi's algorithm), as in Bregler, Covell & Slaney (1997), Video Rewrite, with the
lips' shape instead of phones: a frame costs its distance to the shape asked for, a jump in the film costs what it shows
more than the film's own next frame would.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["REACH_IOD", "MouthPath", "mouth_path"]

Floats = NDArray[np.floating[Any]]

REACH_IOD = 0.03
"""Root mean square over the lips: a shape farther than this from every mouth of the bank is beyond its range."""

_FIT_IOD = 0.006
"""A misfit of this size costs as much as one unit of a jump."""
_CANDIDATES = 48
"""Mouths looked at for each frame: the nearest ones."""
_MADE_UP_IOD = 0.01
_TOGETHER = 32
"""Clip frames compared with the bank at once: memory does not grow with the clip."""
_JUMP = 5.0
_BESIDE = 0.6
_OTHER_LOOK = 9.0
"""Looks that are farther apart are as different as can be."""
_SLIP = 0.5
_STILL_IOD = 0.002
_RUN = 0.01
"""Against standing still where both fit: what does not move shall not live."""
_TURN_DEG = 8.0
"""Head turned by this against the plate costs one unit: its mouth is seen from another side."""


@dataclass(frozen=True, slots=True)
class MouthPath:
    """The mouth of the bank shown in each frame of a clip."""

    frames: NDArray[np.intp]
    """(T,) index into the bank."""
    misfit_iod: Floats
    """(T,) root mean square distance over the lips from the shape asked for to the mouth chosen."""
    beyond: NDArray[np.bool_]
    """(T,) True where the shape asked for is farther than REACH_IOD from every mouth of the bank."""
    jumps: NDArray[np.bool_]
    """(T,) True where the mouth is neither the one shown before nor one beside that in the film."""

    def shown(self, index: int) -> tuple[int, ...]:
        """Return the mouths that a frame shows in equal parts: at a jump the one before too, lest it pop."""
        mouth = int(self.frames[index])
        return (int(self.frames[index - 1]), mouth) if self.jumps[index] else (mouth,)


def mouth_path(
    asked: Floats,
    shapes: Floats,
    asked_open: Floats,
    open_iod: Floats,
    look_apart: Floats,
    follows: NDArray[np.bool_],
    turn_deg: Floats,
    *,
    beside: NDArray[np.intp] | None = None,
) -> MouthPath:
    """Return the path through the bank that costs least.

    Parameters
    ----------
    asked : ndarray of shape (T, L, 2)
        Displacement of the lips from the neutral that each frame of the clip asks for, IOD.
    shapes : ndarray of shape (N, L, 2)
        The same of each mouth in the bank.
    asked_open : ndarray of shape (T, F)
        How far each frame uncovers what lies behind the lips, in F places, IOD.
    open_iod : ndarray of shape (N, F)
        The same of each mouth. One that is too open is covered by its own lips; in one that is not open enough,
        something would have to be made up, which costs more.
    look_apart : ndarray of shape (N, N)
        Squared distances of the mouths' looks, in units in which frames that follow one another in the film are 1 apart
        in the median.
    follows : ndarray of shape (N,)
        True where the mouth before it in the bank is the one before it in the film.
    turn_deg : ndarray of shape (N,)
        By how much the head is turned against the plate.
    beside : ndarray of shape (T,), optional
        The mouths of a clip that this one will be compared with: where another looks like it inside, it is preferred,
        lest viewers compare teeth.

    Returns
    -------
    MouthPath
        A shape that is asked for without end is answered by one mouth without end.
    """
    flat, bank = asked.reshape(len(asked), -1), shapes.reshape(len(shapes), -1)
    count = min(_CANDIDATES, len(bank))
    # What the film shows next, and before; at its end, or at a cut, the mouth itself.
    after = np.arange(len(bank)) + np.append(follows[1:], False)
    before = np.arange(len(bank)) - follows
    steps = np.diff(flat, axis=0, prepend=flat[:1])
    near = np.empty((len(asked), count), np.intp)
    misfit, cost = np.empty((2, len(asked), count))
    least = np.empty(len(asked))
    for start in range(0, len(asked), _TOGETHER):
        block = slice(start, start + _TOGETHER)
        apart = _apart(flat[block], bank)
        made_up = np.maximum(asked_open[block, None] - open_iod, 0)
        costs = (apart / _FIT_IOD) ** 2 + (made_up**2).sum(-1) / _MADE_UP_IOD**2 + (turn_deg / _TURN_DEG) ** 2
        if beside is not None:
            costs += _BESIDE * np.minimum(look_apart[beside[block]], _OTHER_LOOK)
        near[block] = np.argsort(costs, axis=1, kind="stable")[:, :count]
        misfit[block], cost[block] = (np.take_along_axis(each, near[block], 1) for each in (apart, costs))
        least[block] = apart.min(1)
    staying = _slip(_apart(steps, np.zeros_like(bank[:1])))
    runs = [(way, *_run_along(steps, bank, way, near)) for way in (after, before)]
    total = cost[0]
    came_from = np.zeros((len(asked), count), np.intp)
    for frame in range(1, len(asked)):
        last, now = near[frame - 1, :, None], near[frame]
        ways = _JUMP + look_apart[last, now]
        for way, slips, leads in runs:
            beside_last, lead = way[last], leads[frame, :, None]
            # Lips that do as the film does beside the last mouth show what it shows; others go on showing what they do.
            led = lead * look_apart[beside_last, now] + (1 - lead) * look_apart[last, now]
            ways = np.minimum(ways, led + np.where(now == beside_last, slips[frame, :, None], _JUMP))
        ways = np.where(now == last, staying[frame], ways) + total[:, None]
        came_from[frame] = ways.argmin(0)
        total = ways.min(0) + cost[frame]
    place = np.empty(len(asked), np.intp)
    place[-1] = total.argmin()
    for frame in range(len(asked) - 1, 0, -1):
        place[frame - 1] = came_from[frame, place[frame]]
    shown = np.arange(len(asked)), place
    frames = near[shown]
    goes_on = [frames[1:] == way[frames[:-1]] for way in (np.arange(len(bank)), after, before)]
    jumps = np.append(False, ~np.any(goes_on, axis=0))
    return MouthPath(frames, misfit[shown], least > REACH_IOD, jumps)


def _apart(shapes: Floats, bank: Floats) -> Floats:
    """Return the root mean square distances over the lips, (T, N), of shapes (T, 2 L) and (N, 2 L)."""
    squared = (shapes**2).sum(1)[:, None] + (bank**2).sum(1) - 2 * shapes @ bank.T
    return np.asarray(np.sqrt(np.maximum(squared, 0) / (shapes.shape[1] // 2)))


def _run_along(
    steps: Floats, bank: Floats, way: NDArray[np.intp], near: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what a run from each of the mouths before costs, and how much lips do as the film does, (T, candidates).

    `way` is the mouth that lies beside each in the film.
    """
    runs = bank[way] - bank
    run_iod = np.sqrt((runs**2).sum(1) / (bank.shape[1] // 2))
    slips, leads = np.empty((2, *near.shape), np.float32)
    for start in range(0, len(steps), _TOGETHER):
        block = slice(start, start + _TOGETHER)
        last = near[np.maximum(np.arange(len(steps))[block] - 1, 0)]
        off = np.take_along_axis(_apart(steps[block], runs), last, 1)
        slips[block] = _RUN + _slip(off)
        leads[block] = np.maximum(0, 1 - off / np.maximum(run_iod[last], _STILL_IOD))
    return slips, leads


def _slip(apart: Floats) -> Floats:
    # Lips that move while the mouth shown stands still, or the other way round.
    return np.asarray(_SLIP * np.minimum(1, (apart / _FIT_IOD) ** 2))
