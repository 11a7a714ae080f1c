"""A film of a speaker, looked at once, whose lips can then be moved to any scale."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._interior import InteriorLook, compose_mouth, mouth_insides
from lipstudy.clips._lip_edges import seen_edges, steadied_edges, tracked_gaps, with_edges
from lipstudy.clips._mouth_looks import mouth_looks
from lipstudy.clips._mouth_opening import interior_strip, mouth_opening
from lipstudy.clips._read_back import LOOKED_AT_SCALES, ReadBack, frames_to_look_at, opening_px, read_opening_px
from lipstudy.clips._warp import FaceWarp, on_one_thread, smoothstep, to_bytes
from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, LandmarkTrack, lip_aperture
from lipstudy.media import read_frames
from lipstudy.motion import scale_articulation, speaker_limits

__all__ = ["Footage", "open_footage"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

_UNMOVED_PX = 0.5
"""Below this displacement the result falls back smoothly to the film's own pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Footage:
    """A speaker's film, ready to have its lips moved."""

    film_path: Path
    """The film."""
    track: LandmarkTrack
    """Its landmark track."""
    landmarks_px: Floats
    """(T, 478, 3) the same in pixels."""
    looks: list[InteriorLook]
    """What the mouth looks like inside, frame by frame: the speaker's own dark, and where it gives way."""
    inward_px: Floats
    """(T, 2, P) how far inside of the tracked edges of the lips the seen ones lie."""
    gaps_px: Floats
    """(T, P) the gaps tracked."""
    read_back: ReadBack
    """How a tracker reads its lips when they are moved."""

    def restaged(self, index: int, image: Image, target_px: Floats) -> tuple[Image, int]:
        """Return a frame, its lips moved to landmarks (478, 3) in pixels, and the folds of its warp."""
        source_px, target_px = (
            with_edges(points, self.inward_px[index], self.gaps_px[index])
            for points in (self.landmarks_px[index], target_px)
        )
        if np.array_equal(source_px, target_px):
            return image, 0
        unit_px = float(self.track.pose.scale_px[index])
        frame = FaceWarp.of(source_px, unit_px=unit_px, size_px=(image.shape[1], image.shape[0]))
        warp = frame.map_between(source_px, target_px)
        source, target = mouth_opening(source_px, frame), mouth_opening(target_px, frame)
        (inside,) = mouth_insides([source], [target], [self.looks[index]], unit_px=unit_px)
        part = to_bytes(compose_mouth(image.astype(np.float32), warp, inside, frame))
        lips = list(MEDIAPIPE_478.subsets["lips-40"])
        moved_px = np.linalg.norm((target_px - source_px)[lips, :2], axis=-1).max()
        share = float(smoothstep(moved_px, 0, _UNMOVED_PX))
        result = image.copy()
        own = image[warp.rows, warp.columns]
        result[warp.rows, warp.columns] = part if share == 1 else cv2.addWeighted(own, 1 - share, part, share, 0)
        return result, warp.folds


def open_footage(film_path: str | Path, track: LandmarkTrack, *, read_back: ReadBack | None = None) -> Footage:
    """Look at the mouth in every frame of a film, and at how a tracker will read it when it is moved.

    The second takes about 3 s, whatever the length of the film: a few frames are made at some scales and looked at.

    Parameters
    ----------
    film_path : str or Path
        The film.
    track : LandmarkTrack
        Its landmark track.
    read_back : ReadBack, optional
        What an earlier call found, so that it need not be looked for again.

    Returns
    -------
    Footage

    Raises
    ------
    InputError
        If the track is not of this film, or of another topology.
    """
    if track.topology.name != MEDIAPIPE_478.name:
        raise InputError(
            f"a film is restaged by tracks of topology {MEDIAPIPE_478.name!r}, got {track.topology.name!r}"
        )
    source_px = track.pose.to_pixels(track.points)
    inward, strips = [], []
    gaps_px = tracked_gaps(source_px)
    with on_one_thread():
        film = zip(read_frames(film_path), source_px, track.pose.scale_px, gaps_px, strict=False)
        for image, points, unit_px, gaps in film:
            inward.append(seen_edges(image, points, unit_px=float(unit_px)))
            edged = with_edges(points, inward[-1], gaps)
            frame = FaceWarp.of(edged, unit_px=float(unit_px), size_px=(image.shape[1], image.shape[0]))
            strips.append(interior_strip(image, mouth_opening(edged, frame), frame))
    if len(strips) < track.num_frames:
        raise InputError(f"{film_path} does not have the {track.num_frames} frames of its track: track it again")
    footage = Footage(
        film_path=Path(film_path),
        track=track,
        landmarks_px=source_px,
        looks=mouth_looks(strips, aperture_iod=lip_aperture(track.points, track.topology)),
        inward_px=steadied_edges(np.stack(inward), [np.arange(track.num_frames)]),
        gaps_px=gaps_px,
        read_back=read_back or ReadBack.of([]),
    )
    return footage if read_back is not None else replace(footage, read_back=_read_back_of(footage))


def _read_back_of(footage: Footage) -> ReadBack:
    """Make some frames of a film at a few scales, and read the openings of their lips as a tracker does."""
    track = footage.track
    unit_px = track.pose.scale_px
    limits = speaker_limits([track])
    targets_px = [
        track.pose.to_pixels(scale_articulation(track, scale, limits=limits).track.points) for scale in LOOKED_AT_SCALES
    ]
    source_iod, *shown_iod = (opening_px(points) / unit_px for points in (footage.landmarks_px, *targets_px))
    looked_at = set(frames_to_look_at(source_iod, np.stack(shown_iod)).tolist())
    looks = []
    with on_one_thread():
        for index, image in enumerate(read_frames(footage.film_path)):
            for target_px, shown in zip(targets_px, shown_iod, strict=True) if index in looked_at else ():
                frame, _ = footage.restaged(index, image, target_px[index])
                read = read_opening_px(frame)
                if read is not None:
                    change = read / unit_px[index] - source_iod[index]
                    looks.append((index / track.fps, source_iod[index], shown[index], change))
    return ReadBack.of(looks)
