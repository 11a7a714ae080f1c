"""What a refinement learns from: the mouths of a film as they are rendered, beside the same mouths as they were filmed.

A mouth is rendered from other parts of the film, as for a sentence that the film does not hold; what was filmed lies on
the same still head, moved by the same landmarks. So head, light and lips of the two lie on each other to the pixel.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._film_face import MOST_FRAMES, FilmFace
from lipstudy.clips._film_frames import Stage
from lipstudy.clips._mouth_bank import uncovered_iod
from lipstudy.clips._mouth_path import MouthPath, mouth_path
from lipstudy.clips._refinement import within_reach
from lipstudy.clips._warp import on_one_thread
from lipstudy.errors import InputError
from lipstudy.face import LandmarkTrack, neutral_of
from lipstudy.records import atomic_path

__all__ = ["MouthPairs", "load_pairs", "mouth_pairs", "save_pairs", "steps_for"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

_PARTS = 5
"""The last of so many parts of the film teaches nothing: it is what the network is judged on."""
_APART_FRAMES = 3
"""So near to a part its neighbours are left out of the bank: they show the same mouth."""
_LEAST_FRAMES = 25
_TOGETHER_FRAMES = 32
_STEPS_A_FRAME = 8
_LEAST_STEPS = 400


@dataclass(frozen=True, slots=True, eq=False)
class MouthPairs:
    """The mouths of a film in its order, (N, h, w, 3) as rendered and as filmed."""

    shown: Image
    """(N, h, w, 3) RGB, rendered from other parts of the film; the held-out ones from those that teach."""
    filmed: Image
    """(N, h, w, 3) RGB, the frame's own mouth."""
    cover: Image
    """(N, h, w) how much of each pixel is the filmed mouth's, of 255: all on the lips, nothing at nose and jaw."""
    reach: NDArray[np.float32]
    """(N,) 1 where the rendered mouth is like those of the film, 0 where it is beyond them."""
    taught_frames: int
    """The first so many teach; the others are held out."""

    def __len__(self) -> int:
        return len(self.shown)

    def share(self, frames: slice | NDArray[np.intp]) -> NDArray[np.float32]:
        """Return how much of what a network adds each pixel of `frames` gets, (T, h, w), 0 to 1."""
        return np.asarray(self.cover[frames] / np.float32(255) * self.reach[frames, None, None], np.float32)


def steps_for(film_frames: int) -> int:
    """Return how many steps of teaching so many frames of film are worth: each is looked at some thirty times."""
    return max(_LEAST_STEPS, _STEPS_A_FRAME * (min(film_frames, MOST_FRAMES) * (_PARTS - 1) // _PARTS))


def mouth_pairs(face: FilmFace, track: LandmarkTrack, *, size_px: int) -> MouthPairs:
    """Return the pairs of a film.

    Parameters
    ----------
    face : FilmFace
        The speaker.
    track : LandmarkTrack
        The film's track, from which the face was made.
    size_px : int > 0
        Side of the clips.

    Returns
    -------
    MouthPairs
        One for each mouth of the face's bank, at most 1,500.

    Raises
    ------
    InputError
        If the film has too few frames to be taken apart.
    """
    bank = face.bank
    if len(bank) < _LEAST_FRAMES:
        raise InputError(
            f"{len(bank)} frames of film can be used, and a network is taught on {_LEAST_FRAMES} or more: leave"
            " 'refine' out, or name a longer film"
        )
    moved = track.points[bank.film_frames].astype(np.float64) - neutral_of(track)
    count = len(bank)
    taught = count * (_PARTS - 1) // _PARTS
    others: list[tuple[int, ...]] = []
    misfit: list[float] = []
    for part in (*np.array_split(np.arange(taught), _PARTS - 1), np.arange(taught, count)):
        near = (np.arange(count) >= part[0] - _APART_FRAMES) & (np.arange(count) <= part[-1] + _APART_FRAMES)
        kept = np.flatnonzero(~near & (np.arange(count) < taught))
        path = _path(face, kept, bank.shapes[part])
        others += [tuple(kept[list(path.shown(place))].tolist()) for place in range(len(part))]
        misfit += path.misfit_iod.tolist()
    with on_one_thread():
        stage = Stage.of(face, size_px)
        targets_px = stage.targets_px(moved)
        covers = stage.covers(targets_px)
        rows, columns = (_around([part[axis] for part, _ in covers]) for axis in (0, 1))
        shown, filmed = (
            np.stack(
                [
                    frame[rows, columns].copy()
                    for start in range(0, count, _TOGETHER_FRAMES)
                    for frame, _ in stage.shown(
                        targets_px[start : start + _TOGETHER_FRAMES], mouths[start : start + _TOGETHER_FRAMES]
                    )
                ]
            )
            for mouths in (others, [(index,) for index in range(count)])
        )
    cover = np.zeros(shown.shape[:3], np.uint8)
    for whole, ((own_rows, own_columns), covered) in zip(cover, covers, strict=True):
        top, left = own_rows.start - rows.start, own_columns.start - columns.start
        whole[top : top + covered.shape[0], left : left + covered.shape[1]] = np.rint(255 * covered)
    return MouthPairs(shown, filmed, cover, within_reach(np.array(misfit)), taught)


def save_pairs(path: Path, pairs: MouthPairs) -> None:
    """Write pairs, atomically; those of a long film take some 400 MB. Raises OutputError."""
    with atomic_path(path) as temporary:
        np.savez(temporary, **{each.name: getattr(pairs, each.name) for each in fields(pairs)})


def load_pairs(path: Path) -> MouthPairs:
    """Read what `save_pairs` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {each.name: archive[each.name] for each in fields(MouthPairs)}
    return MouthPairs(**arrays | {"taught_frames": int(arrays["taught_frames"])})


def _path(face: FilmFace, kept: NDArray[np.intp], asked: Floats) -> MouthPath:
    """Return the path through the mouths `kept` of the bank for lips (T, 40, 2)."""
    bank = face.bank
    return mouth_path(
        asked,
        bank.shapes[kept],
        uncovered_iod(asked),
        uncovered_iod(bank.shapes[kept]),
        bank.look_apart[np.ix_(kept, kept)],
        bank.follows[kept] & (np.diff(kept, prepend=-2) == 1),
        bank.turn_deg[kept],
    )


def _around(spans: list[slice]) -> slice:
    return slice(min(span.start for span in spans), max(span.stop for span in spans))
