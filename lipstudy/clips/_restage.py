"""The speaker's own footage, its lips moving less or more."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._footage import Footage
from lipstudy.clips._read_back import opening_px, with_opening_corrected
from lipstudy.clips._warp import on_one_thread
from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, LandmarkTrack
from lipstudy.media import read_frames

__all__ = ["RESTAGED_CRF", "RESTAGE_RENDERER_VERSION", "restage_frames"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

RESTAGE_RENDERER_VERSION = "restage-12"
"""Written into manifests; it changes when the pixels do."""

RESTAGED_CRF = 14
"""Quality for encoding. At articulation 1 the face then has 39.8 to 40.3 dB and SSIM 0.9715 to 0.976 against GRID film;
at 15 some films fall under 0.97."""


def restage_frames(
    footage: Footage,
    articulated: LandmarkTrack,
    *,
    on_fold: Callable[[int], None] | None = None,
) -> Iterator[Image]:
    """Warp each frame of a film from the lips it has to the lips it shall have.

    Frames in which the lips need not move are the film's own, and so is everything outside the lower face, bit for bit.
    The lips are moved so that a tracker reads the opening asked for (see `_read_back`).

    Parameters
    ----------
    footage : Footage
        The film, from `open_footage`.
    articulated : LandmarkTrack
        Its track with its articulation scaled.
    on_fold : callable, optional
        Called with the index of each frame whose warp turns over somewhere.

    Yields
    ------
    ndarray of shape (H, W, 3) uint8
        RGB, one for each frame of the film. Where the film's width or height is odd, its last column or row is shown
        twice, since H.264 needs even sizes.

    Raises
    ------
    InputError
        If the articulated track is not of this film, or of another topology.
    """
    track = footage.track
    if articulated.topology.name != MEDIAPIPE_478.name:
        raise InputError(
            f"a film is restaged by tracks of topology {MEDIAPIPE_478.name!r}, got {articulated.topology.name!r}"
        )
    if articulated.num_frames != track.num_frames:
        raise InputError(
            f"the articulated track has {articulated.num_frames} frames, the film's track {track.num_frames}: "
            "articulate the track of this film"
        )
    source_px, target_px = footage.landmarks_px, track.pose.to_pixels(articulated.points)
    source_iod, wanted_iod = (opening_px(points) / track.pose.scale_px for points in (source_px, target_px))
    shares = footage.read_back.shares(np.arange(track.num_frames) / track.fps, source_iod, wanted_iod)
    target_px = with_opening_corrected(source_px, target_px, shares)
    with on_one_thread():
        for index, image in enumerate(read_frames(footage.film_path)):
            if index == track.num_frames:
                raise InputError(
                    f"{footage.film_path} has more than the {track.num_frames} frames of its track: track it again"
                )
            frame, folds = footage.restaged(index, image, target_px[index])
            if folds and on_fold is not None:
                on_fold(index)
            yield _even(frame)


def _even(image: Image) -> Image:
    height, width = image.shape[:2]
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 or width % 2 else image
