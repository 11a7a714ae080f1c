"""The speaker's own footage, its lips moving less or more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._interior import InteriorLook, compose_mouth, mouth_insides
from lipstudy.clips._lip_edges import seen_edges, steadied_edges, tracked_gaps, with_edges
from lipstudy.clips._mouth_looks import mouth_looks
from lipstudy.clips._mouth_opening import interior_strip, mouth_opening
from lipstudy.clips._read_back import frames_to_look_at, read_back, with_opening_corrected
from lipstudy.clips._warp import FaceWarp, on_one_thread, smoothstep, to_bytes
from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, LandmarkTrack, lip_aperture
from lipstudy.media import read_frames

__all__ = ["RESTAGED_CRF", "RESTAGE_RENDERER_VERSION", "restage_frames"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

RESTAGE_RENDERER_VERSION = "restage-11"
"""Written into manifests; it changes when the pixels do."""

RESTAGED_CRF = 14
"""Quality for encoding. At articulation 1 the face then has 39.9 to 40.4 dB and SSIM 0.972 to 0.976 against the film on
GRID (at 15 down to 0.9695, at 18 38 to 38.8 dB)."""

_UNMOVED_PX = 0.5
"""Below this displacement the result falls back smoothly to the film's own pixels."""


def restage_frames(
    film_path: str | Path,
    track: LandmarkTrack,
    articulated: LandmarkTrack,
    *,
    on_fold: Callable[[int], None] | None = None,
) -> Iterator[Image]:
    """Warp each frame of a film from the lips it has to the lips it shall have.

    Frames in which the lips need not move are the film's own, and so is everything outside the lower face, bit for bit.
    The film is read twice: first to see what the mouth looks like inside and how the tracker will read a warped one
    (see `_read_back`), then to warp.

    Parameters
    ----------
    film_path : str or Path
        The film.
    track : LandmarkTrack
        Its landmark track.
    articulated : LandmarkTrack
        The same track with its articulation scaled.
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
        If the tracks are not of this film, or of another topology.
    """
    for given in (track, articulated):
        if given.topology.name != MEDIAPIPE_478.name:
            raise InputError(
                f"a film is restaged by tracks of topology {MEDIAPIPE_478.name!r}, got {given.topology.name!r}"
            )
    if articulated.num_frames != track.num_frames:
        raise InputError(
            f"the articulated track has {articulated.num_frames} frames, the film's track {track.num_frames}: "
            "articulate the track of this film"
        )
    source_px, target_px = track.pose.to_pixels(track.points), track.pose.to_pixels(articulated.points)
    unit_px = track.pose.scale_px
    with on_one_thread():
        looked_at = frames_to_look_at(source_px, target_px, unit_px)
        mouths, images = _mouths(film_path, track, source_px, keep=set(looked_at.tolist()))

        def moved(index: int, image: Image, points_px: Floats) -> tuple[Image, int]:
            from_px, to_px = (mouths.with_edges(points, index) for points in (source_px[index], points_px))
            return _restage(image, from_px, to_px, float(unit_px[index]), mouths.looks[index])

        found = read_back(images, lambda *frame: moved(*frame)[0], source_px, target_px, unit_px)
        target_px = with_opening_corrected(source_px, target_px, unit_px, found)
        for shown, image in enumerate(read_frames(film_path), start=1):
            if shown > track.num_frames:
                raise InputError(
                    f"{film_path} has more than the {track.num_frames} frames of its track: track it again"
                )
            frame, folds = moved(shown - 1, image, target_px[shown - 1])
            if folds and on_fold is not None:
                on_fold(shown - 1)
            yield _even(frame)


def _even(image: Image) -> Image:
    height, width = image.shape[:2]
    return np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge") if height % 2 or width % 2 else image


def _restage(
    image: Image, source_px: Floats, target_px: Floats, unit_px: float, look: InteriorLook
) -> tuple[Image, int]:
    if np.array_equal(source_px, target_px):
        return image, 0
    frame = FaceWarp.of(source_px, unit_px=unit_px, size_px=(image.shape[1], image.shape[0]))
    warp = frame.map_between(source_px, target_px)
    source, target = mouth_opening(source_px, frame), mouth_opening(target_px, frame)
    (inside,) = mouth_insides([source], [target], [look], unit_px=unit_px)
    part = to_bytes(compose_mouth(image.astype(np.float32), warp, inside, frame))
    lips = list(MEDIAPIPE_478.subsets["lips-40"])
    moved_px = np.linalg.norm((target_px - source_px)[lips, :2], axis=-1).max()
    share = float(smoothstep(moved_px, 0, _UNMOVED_PX))
    result = image.copy()
    own = image[warp.rows, warp.columns]
    result[warp.rows, warp.columns] = part if share == 1 else cv2.addWeighted(own, 1 - share, part, share, 0)
    return result, warp.folds


@dataclass(frozen=True, slots=True, eq=False)
class _Mouths:
    """The mouth in every frame of a film."""

    looks: list[InteriorLook]
    """What it looks like inside: the speaker's own dark, and where the inside gives way, smooth in time."""
    inward_px: Floats
    """(T, 2, P) how far inside of the tracked edges of the lips the seen ones lie."""
    gaps_px: Floats
    """(T, P) the gaps tracked."""

    def with_edges(self, points_px: Floats, index: int) -> Floats:
        """Return landmarks (478, 3), those of a frame or its target's, with the edges that the frame shows."""
        return with_edges(points_px, self.inward_px[index], self.gaps_px[index])


def _mouths(
    film_path: str | Path, track: LandmarkTrack, source_px: Floats, *, keep: set[int]
) -> tuple[_Mouths, dict[int, Image]]:
    """Look at the mouth in every frame; the frames `keep` are given back beside it."""
    inward, strips, kept = [], [], {}
    gaps_px = tracked_gaps(source_px)
    film = zip(read_frames(film_path), source_px, track.pose.scale_px, gaps_px, strict=False)
    for index, (image, points, unit_px, gaps) in enumerate(film):
        inward.append(seen_edges(image, points, unit_px=float(unit_px)))
        edged = with_edges(points, inward[-1], gaps)
        frame = FaceWarp.of(edged, unit_px=float(unit_px), size_px=(image.shape[1], image.shape[0]))
        strips.append(interior_strip(image, mouth_opening(edged, frame), frame))
        if index in keep:
            kept[index] = image
    if len(strips) < track.num_frames:
        raise InputError(f"{film_path} does not have the {track.num_frames} frames of its track: track it again")
    looks = mouth_looks(strips, aperture_iod=lip_aperture(track.points, track.topology))
    inward_px = steadied_edges(np.stack(inward), [np.arange(track.num_frames)])
    return _Mouths(looks, inward_px, gaps_px), kept
