"""How a tracker reads lips of a film that were moved, and the opening to show so that it reads the one wanted.

A tracker knows faces: it believes half or less of what a warped upper lip does and all of what the lower lip and the
chin do, and it takes lips that nearly meet for closed. How much it reads back depends on the opening in the film, on
the one shown, and on the frame. So some frames of a film are made at a few scales and looked at, once, and the share
read back is learned as a smooth function of the three (Gaussian process regression; Rasmussen & Williams, 2006). The
lower lip is then moved by what would be missing or too much: a clip that is measured again shows the scale asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, detect_face
from lipstudy.records import atomic_path

__all__ = [
    "LOOKED_AT_SCALES",
    "ReadBack",
    "frames_to_look_at",
    "load_read_back",
    "opening_px",
    "read_opening_px",
    "save_read_back",
    "with_opening_corrected",
]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

LOOKED_AT_SCALES = (0.0, 0.25, 0.5, 1.5, 2.0)
"""Articulations at which frames are made and looked at. Lips that nearly meet are read in a way of their own."""

_FRAMES = 36
_LEAST_CHANGE_IOD = 0.012

_USUAL_SHARE = 0.9
"""Read back on average, of twelve GRID clips; taken where nothing near was looked at."""
_RANGE = (0.55, 1.5)
_OPENINGS_SHARE = 0.3
_OPENINGS_WIDTH_IOD = 0.04
"""Spread of the share with the openings in the film and shown, and how far apart these are when it is another."""
_FRAMES_SHARE = 0.2
_FRAMES_WIDTH_S = 0.06
_FRAMES_WIDTH_IOD = 0.05
"""Spread of the share from frame to frame."""
_NOISE_IOD = 0.005
_STEPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class ReadBack:
    """What a tracker read in frames of a film whose lips were moved: one value for each look, (N,)."""

    at_s: Floats
    """Time of the frame, seconds."""
    source_iod: Floats
    """Opening of the lips in the film."""
    shown_iod: Floats
    """Opening that was shown."""
    read_change_iod: Floats
    """Opening read there, less that of the film's track."""

    @classmethod
    def of(cls, looks: Sequence[tuple[float, float, float, float]]) -> "ReadBack":
        """Return that of looks given one by one; without any, the usual share is read back."""
        return cls(*np.array(looks, np.float64).reshape(-1, 4).T)

    def shares(self, at_s: Floats, source_iod: Floats, wanted_iod: Floats) -> Floats:
        """Return which share of a change of opening is read back where the opening shown is read as the one wanted.

        Parameters
        ----------
        at_s, source_iod, wanted_iod : ndarray of shape (T,)
            Times, openings in the film, openings that are to be read.

        Returns
        -------
        ndarray of shape (T,)
            Within 0.55 to 1.5.
        """
        change = self.shown_iod - self.source_iod
        known = _alike(self.at_s, self.source_iod, self.shown_iod, self) * np.outer(change, change)
        surprise = self.read_change_iod - _USUAL_SHARE * change
        weights = change * np.linalg.solve(known + _NOISE_IOD**2 * np.eye(len(change)), surprise)
        share = np.full(len(at_s), _USUAL_SHARE)
        for _ in range(_STEPS):
            shown = source_iod + (wanted_iod - source_iod) / share
            found = _USUAL_SHARE + _alike(at_s, source_iod, shown, self) @ weights
            share = 0.5 * (share + np.clip(found, *_RANGE))
        return np.asarray(share)


_FIELDS = tuple(field.name for field in fields(ReadBack))


def _alike(at_s: Floats, source_iod: Floats, shown_iod: Floats, looks: ReadBack) -> Floats:
    """Return the covariance of shares (T,) with those of the looks (N,): (T, N)."""
    apart_s = np.subtract.outer(at_s, looks.at_s) / _FRAMES_WIDTH_S
    source, shown = np.subtract.outer(source_iod, looks.source_iod), np.subtract.outer(shown_iod, looks.shown_iod)
    by_openings = np.exp(-0.5 * (source**2 + shown**2) / _OPENINGS_WIDTH_IOD**2)
    by_frame = np.exp(-0.5 * (apart_s**2 + (shown / _FRAMES_WIDTH_IOD) ** 2))
    return np.asarray(_OPENINGS_SHARE**2 * by_openings + _FRAMES_SHARE**2 * by_frame)


def frames_to_look_at(source_iod: Floats, moved_iod: Floats) -> NDArray[np.intp]:
    """Return at most 36 frames to look at, rising: spread over those whose opening (T,) is another if moved (M, T)."""
    changed = np.flatnonzero(np.abs(moved_iod - source_iod).max(axis=0) > _LEAST_CHANGE_IOD)
    return changed[np.unique(np.linspace(0, len(changed) - 1, _FRAMES).astype(int))] if len(changed) else changed


def save_read_back(path: str | Path, found: ReadBack) -> None:
    """Write it to an npz file, atomically. Raises OutputError."""
    with atomic_path(path) as temporary:
        np.savez(temporary, **{name: getattr(found, name) for name in _FIELDS})


def load_read_back(path: str | Path) -> ReadBack:
    """Read what `save_read_back` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        return ReadBack(**{name: archive[name] for name in _FIELDS})


def with_opening_corrected(source_px: Floats, target_px: Floats, shares: Floats) -> Floats:
    """Return landmarks (T, K, 3) whose change of opening is that of the target over the share (T,) read back of it.

    The lower lip makes up for it; closing lips may meet, and do not pass through each other.
    """
    corrected = np.array(target_px)
    for inner, outer in zip(MEDIAPIPE_478.inner_lip_pairs, MEDIAPIPE_478.outer_lip_pairs, strict=True):
        upper, lower = inner
        gap, was = (points[:, lower] - points[:, upper] for points in (target_px, source_px))
        more = (1 / shares - 1)[:, None] * (gap - was)
        crosses = ((gap + more) * was).sum(-1) < 0
        more[crosses] = -gap[crosses]
        corrected[:, lower] += more
        corrected[:, outer[1]] += more
    return corrected


def read_opening_px(image: Image) -> float | None:
    """Return the opening that a tracker reads in a frame, pixels; None if it finds no face."""
    try:
        return float(opening_px(detect_face(image)))
    except InputError:
        return None


def opening_px(points_px: Floats) -> Floats:
    """Return the distance between the middles of the inner lips of landmarks (..., K, 3), pixels."""
    upper, lower = MEDIAPIPE_478.inner_lip_centres
    return np.asarray(np.linalg.norm(points_px[..., lower, :] - points_px[..., upper, :], axis=-1), np.float64)
