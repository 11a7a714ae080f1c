"""A face made from film of its speaker: a still head, moved by any track, with the mouths that the film shows.

The head is one frame of the film with its lips at rest, as in a photograph, so that clips of one face differ in nothing
but its motion; `restage` is for keeping the film's own head. Skin, chin and jaw line are that frame's, warped; lips,
teeth and tongue come from the frame of the film whose lips are nearest, corrected by a small warp.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._mouth_bank import BANK_PX, MOUTH_LIPS, MouthBank, mouths_of
from lipstudy.clips._photograph import LARGEST_TURN_DEG, PhotoFace, crop_to_head, turned_deg
from lipstudy.errors import InputError
from lipstudy.face import (
    CONTACT_GAP_IOD,
    MEDIAPIPE_478,
    HeadPose,
    LandmarkTrack,
    cuts_in,
    lip_aperture,
    neutral_of,
)
from lipstudy.media import open_film, read_frames

__all__ = ["MOST_FRAMES", "FilmFace", "open_film_face"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

_ENOUGH_S = 30.0
_LEAST_S = 2.0
MOST_FRAMES = 1500
"""Mouths in a bank."""
_STRETCH_FRAMES = 50
_LEAST_OPEN_IOD = 0.12
_LEAST_UNIT_PX = 24.0
_CUT_FRAMES = 3
"""Smoothing in time mixes the two heads for so many frames beside a cut."""
_EYE_LIDS = ((159, 145), (386, 374))


@dataclass(frozen=True, slots=True, eq=False)
class FilmFace:
    """A speaker on film, ready to be moved."""

    plate: PhotoFace
    """The frame whose head is shown."""
    still: PhotoFace
    """The same in a clip of BANK_PX."""
    pose: HeadPose
    """Head pose of the plate: (1,) frames."""
    points: Floats
    """(478, 3) the plate's landmarks, head-normalised."""
    neutral: Floats
    """(478, 3) the speaker's closed rest pose, head-normalised."""
    bank: MouthBank
    """The mouths."""
    duration_s: float
    """Length of the film that is used, seconds."""
    lacks: tuple[str, ...]
    """What the film lacks to be a good bank, a sentence each; empty for a good one."""


def open_film_face(film_path: str | Path, track: LandmarkTrack) -> FilmFace:
    """Make a face that can be moved out of a film of its speaker.

    30 s of speech hold the mouths of most sentences. A shorter film works, and `FilmFace.lacks` says what it lacks. Of
    a film with cuts the longest stretch is used; of one with more than 1,500 frames, stretches spread over all of it.

    Parameters
    ----------
    film_path : str or Path
        A film of one speaker who looks at the camera.
    track : LandmarkTrack
        Its landmark track, as `track_film` gives it.

    Returns
    -------
    FilmFace

    Raises
    ------
    InputError
        If the film cannot be read, the track is not the film's, or too little of the face is in the picture.
    """
    film = open_film(film_path)
    points_px = _checked(film.path, film.num_frames, (film.width_px, film.height_px), track)
    usable = _usable(track, points_px)
    if usable.sum() < _LEAST_S * track.fps:
        raise InputError(
            f"{film.path} shows the whole face in one piece for {usable.sum() / track.fps:.1f} s only: at least"
            f" {_LEAST_S:g} s are needed, 30 s are good; film the speaker from the front, mouth and chin in the picture"
        )
    neutral = np.asarray(neutral_of(track), np.float64)
    plate_index = _plate_index(track, neutral, usable)
    chosen = set(_spread(np.flatnonzero(usable)).tolist()) | {plate_index}
    picture = next(image for index, image in enumerate(read_frames(film.path)) if index == plate_index)
    plate = PhotoFace(np.ascontiguousarray(picture), points_px[plate_index].astype(np.float32))
    still = PhotoFace(*crop_to_head(plate, BANK_PX))
    kept = ((index, image) for index, image in enumerate(read_frames(film.path)) if index in chosen)
    bank = mouths_of(kept, track, neutral, plate=still.image, plate_px=still.landmarks_px, plate_index=plate_index)
    if len(bank) < len(chosen):
        raise InputError(f"{film.path} does not have the {track.num_frames} frames of its track: track it again")
    return FilmFace(
        plate=plate,
        still=still,
        pose=_pose_at(track.pose, plate_index),
        points=track.points[plate_index].astype(np.float64),
        neutral=neutral,
        bank=bank,
        duration_s=float(usable.sum() / track.fps),
        lacks=_lacks(track, usable),
    )


def _checked(path: Path, num_frames: int, size_px: tuple[int, int], track: LandmarkTrack) -> Floats:
    """Return the track's landmarks in pixels; raise InputError if it cannot be the track of this film."""
    if track.topology.name != MEDIAPIPE_478.name:
        raise InputError(
            f"a filmed face needs a track of topology {MEDIAPIPE_478.name!r}, got {track.topology.name!r}:"
            " use the one of 'lipstudy track'"
        )
    if num_frames != track.num_frames:
        raise InputError(f"{path} has {num_frames} frames, its track {track.num_frames}: track it again")
    if float(np.median(track.pose.scale_px)) < _LEAST_UNIT_PX:
        raise InputError(
            f"the face in {path} is too small: its eyes are {np.median(track.pose.scale_px):.0f} pixels apart, at least"
            f" {_LEAST_UNIT_PX:g} are needed; film nearer"
        )
    points_px = track.pose.to_pixels(track.points)
    turn_deg = float(np.median([abs(turned_deg(points)) for points in points_px]))
    if turn_deg > LARGEST_TURN_DEG:
        raise InputError(
            f"the face in {path} is turned {turn_deg:.0f} degrees to the side, at most {LARGEST_TURN_DEG:g} can be"
            " moved: film the speaker from the front"
        )
    return points_px


def _usable(track: LandmarkTrack, points_px: Floats) -> NDArray[np.bool_]:
    """Return the frames of the longest stretch without a cut that show the whole lower face."""
    inside = track.valid.copy()
    if track.frame_size_px is not None:
        lower = points_px[:, [*MEDIAPIPE_478.lines["jaw"], *MOUTH_LIPS], :2]
        inside &= (lower > -0.5).all((1, 2)) & (lower < np.array(track.frame_size_px) - 0.5).all((1, 2))
    cuts = cuts_in(track.pose)
    near_cut = np.convolve(cuts, np.ones(2 * _CUT_FRAMES), "same") > 0
    inside &= ~near_cut
    stretch = np.cumsum(cuts)
    counts = np.bincount(stretch, weights=inside)
    return np.asarray(inside & (stretch == counts.argmax()))


def _plate_index(track: LandmarkTrack, neutral: Floats, usable: NDArray[np.bool_]) -> int:
    """Return the frame of a still head: lips at rest, eyes open, the head as it mostly is."""
    lips = track.points[:, list(MOUTH_LIPS)] - neutral[list(MOUTH_LIPS)]
    from_rest = np.sqrt((lips[..., :2] ** 2).sum(-1).mean(-1)) / 0.01
    down = track.pose.rotation[:, :, 2]
    turned = np.degrees(np.arccos(np.clip(down @ _unit(np.median(down[usable], axis=0)), -1, 1))) / 3
    lids = np.mean([track.points[:, lower, 1] - track.points[:, upper, 1] for upper, lower in _EYE_LIDS], axis=0)
    blinking = np.maximum(0, 1 - lids / np.median(lids[usable])) * 10
    cost = np.where(usable, from_rest + turned + blinking, np.inf)
    return int(cost.argmin())


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector))


def _spread(frames: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return at most MOST_FRAMES of `frames`, in stretches of _STRETCH_FRAMES spread over all of them."""
    if len(frames) <= MOST_FRAMES:
        return frames
    starts = np.linspace(0, len(frames) - _STRETCH_FRAMES, MOST_FRAMES // _STRETCH_FRAMES).astype(int)
    return np.unique(frames[(starts[:, None] + np.arange(_STRETCH_FRAMES)).ravel()])


def _pose_at(pose: HeadPose, index: int) -> HeadPose:
    one = slice(index, index + 1)
    return HeadPose(pose.scale_px[one], pose.rotation[one], pose.translation_px[one])


def _lacks(track: LandmarkTrack, usable: NDArray[np.bool_]) -> tuple[str, ...]:
    lacks = []
    used_s = usable.sum() / track.fps
    if used_s < _ENOUGH_S:
        lacks.append(f"{used_s:.1f} s of it can be used: {_ENOUGH_S:g} s hold the mouths of most sentences")
    if usable.sum() < 0.9 * track.num_frames:
        lost_s = (track.num_frames - usable.sum()) / track.fps
        lacks.append(
            f"{lost_s:.1f} s are left out, before or after a cut or with a part of the face out of the picture"
        )
    aperture = lip_aperture(track.points[usable], track.topology)
    if aperture.max() < _LEAST_OPEN_IOD:
        lacks.append(f"the mouth opens to {aperture.max():.2f} of the eyes' distance at most: film an open vowel")
    if aperture.min() > CONTACT_GAP_IOD:
        lacks.append("the lips never close: film a pause or a /p/")
    return tuple(lacks)
