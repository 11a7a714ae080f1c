"""A face made from film of its speaker: a still head, moved by any track, with the mouths that the film shows.

The head is one frame of the film with its lips at rest, as in a photograph, so that clips of one face differ in nothing
but its motion; `restage` is for keeping the film's own head. Skin, chin and jaw line are that frame's, warped; lips,
teeth and tongue come from the frame of the film whose lips are nearest, corrected by a small warp.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._interior import MouthOpening, compose_mouth, mouth_opening, warp_skin
from lipstudy.clips._mouth_bank import BANK_PX, MOUTH_LIPS, MouthBank, laid_on, mouths_of, uncovered_iod
from lipstudy.clips._mouth_path import mouth_path
from lipstudy.clips._photograph import LARGEST_TURN_DEG, PhotoFace, crop_to_head, turned_deg
from lipstudy.clips._warp import FaceWarp, WarpMap, on_one_thread, repeated, smoothstep, to_bytes
from lipstudy.errors import InputError
from lipstudy.face import (
    CONTACT_GAP_IOD,
    MEDIAPIPE_478,
    HeadPose,
    LandmarkTrack,
    cuts_in,
    lip_aperture,
    neutral_of,
    uncross_lips,
)
from lipstudy.media import open_film, read_frames
from lipstudy.motion import articulation_weights

__all__ = ["FILM_FACE_RENDERER_VERSION", "FilmFace", "open_film_face", "render_film_face"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

FILM_FACE_RENDERER_VERSION = "film-face-6"
"""Written into manifests; it changes when the pixels do."""

_ENOUGH_S = 30.0
_LEAST_S = 2.0
_MOST_FRAMES = 1500
_STRETCH_FRAMES = 50
_LEAST_OPEN_IOD = 0.12
_LEAST_UNIT_PX = 24.0
_CUT_FRAMES = 3
"""Smoothing in time mixes the two heads for so many frames beside a cut."""
_GRID_PX = 4
_TOGETHER_FRAMES = 256
_COVER_BESIDE_IOD = 0.26
_COVER_BELOW_IOD = 0.3
"""How far beyond the lips the skin of the bank passes into that of the plate."""
_EYE_LIDS = ((159, 145), (386, 374))


@dataclass(frozen=True, slots=True, eq=False)
class FilmFace:
    """A speaker on film, ready to be moved."""

    plate: PhotoFace
    """The frame whose head is shown."""
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
    still, still_px = crop_to_head(plate, BANK_PX)
    kept = ((index, image) for index, image in enumerate(read_frames(film.path)) if index in chosen)
    bank = mouths_of(kept, track, neutral, plate=still, plate_px=still_px, plate_index=plate_index)
    if len(bank) < len(chosen):
        raise InputError(f"{film.path} does not have the {track.num_frames} frames of its track: track it again")
    return FilmFace(
        plate=plate,
        pose=_pose_at(track.pose, plate_index),
        points=track.points[plate_index].astype(np.float64),
        neutral=neutral,
        bank=bank,
        duration_s=float(usable.sum() / track.fps),
        lacks=_lacks(track, usable),
    )


def render_film_face(
    face: FilmFace,
    track: LandmarkTrack,
    *,
    size_px: int = 512,
    on_fold: Callable[[int], None] | None = None,
    on_extrapolated: Callable[[int], None] | None = None,
) -> Iterator[Image]:
    """Move the face of a film as the lips of a track move.

    The track's displacement from its neutral, in IOD, is added to the speaker's own neutral. The same track gives the
    same frames; a track that stands still gives one frame again and again.

    Parameters
    ----------
    face : FilmFace
        The speaker.
    track : LandmarkTrack
        The motion, of this speaker or another; its head pose is not used.
    size_px : int > 0
        Width and height of the frames.
    on_fold : callable, optional
        Called with the index of each frame whose warp turns over somewhere.
    on_extrapolated : callable, optional
        Called with the index of each frame whose lips are beyond the range of the mouths in the film.

    Yields
    ------
    ndarray of shape (size_px, size_px, 3) uint8
        RGB.

    Raises
    ------
    InputError
        If the track is of another topology than the film's.
    """
    if track.topology.name != MEDIAPIPE_478.name:
        raise InputError(
            f"a filmed face is moved by tracks of topology {MEDIAPIPE_478.name!r}, got {track.topology.name!r}"
        )
    bank, lips, neutral = face.bank, list(MOUTH_LIPS), neutral_of(track)
    asked = track.points[:, lips, :2].astype(np.float64) - neutral[lips, :2]
    path = mouth_path(
        asked,
        bank.shapes,
        uncovered_iod(asked),
        uncovered_iod(bank.shapes),
        bank.appearance,
        bank.follows,
        bank.turn_deg,
    )
    with on_one_thread():
        stage = _Stage.of(face, size_px)
        for start in range(0, track.num_frames, _TOGETHER_FRAMES):
            displacement = track.points[start : start + _TOGETHER_FRAMES].astype(np.float64) - neutral
            for index, target_px in enumerate(stage.targets_px(displacement), start):
                frame, folds = stage.shown(target_px, path.shown(index))
                if folds and on_fold is not None:
                    on_fold(index)
                if path.beyond[index] and on_extrapolated is not None:
                    on_extrapolated(index)
                yield frame


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """A film's face at the size of a clip: everything that does not change from frame to frame."""

    face: FilmFace
    still: Image
    seen: NDArray[np.float32]
    """The still in floats, to be looked up in."""
    still_px: Floats
    head: FaceWarp
    part: tuple[slice, slice]
    """Rows and columns of the clip that the mouths of the bank cover."""
    to_part: Floats
    """(2, 3) from pixels of a bank's image to those of that part."""
    places: Floats
    """(h, w, 2) of a coarse grid over that part, in the head's axes, IOD."""

    @classmethod
    def of(cls, face: FilmFace, size_px: int) -> "_Stage":
        still, still_px = crop_to_head(face.plate, size_px)
        zoom = float(np.hypot(*laid_on(still_px, face.plate.landmarks_px.astype(np.float64))[:, 0]))
        head = FaceWarp.of(still_px, unit_px=zoom * float(face.pose.scale_px[0]), size_px=(size_px, size_px))
        bank, (height, width) = face.bank, face.bank.images[0].shape[:2]
        larger = size_px / BANK_PX
        left, top = (round(first * larger) for first in (bank.left_px, bank.top_px))
        right, bottom = (
            min(size_px, round((first + side) * larger))
            for first, side in ((bank.left_px, width), (bank.top_px, height))
        )
        # Whole numbers are the middles of pixels.
        shift = (np.array([bank.left_px, bank.top_px]) + 0.5) * larger - 0.5 - (left, top)
        x, y = (
            first + (np.arange(-(-(end - first) // _GRID_PX)) + 0.5) * _GRID_PX - 0.5
            for first, end in ((left, right), (top, bottom))
        )
        return cls(
            face=face,
            still=still,
            seen=still.astype(np.float32),
            still_px=still_px,
            head=head,
            part=(slice(top, bottom), slice(left, right)),
            to_part=np.column_stack([np.eye(2) * larger, shift]),
            places=head.to_head(np.stack(np.meshgrid(x, y), axis=-1)),
        )

    def targets_px(self, displacement: Floats) -> Floats:
        """Return where the landmarks shall be in the clip, (T, 478, 3), for displacements (T, 478, 3) in IOD."""
        face = self.face
        weights = articulation_weights(MEDIAPIPE_478)[:, None]
        asked = uncross_lips(face.points + weights * (face.neutral + displacement - face.points), MEDIAPIPE_478)
        pose = HeadPose(*(np.repeat(each, len(asked), axis=0) for each in astuple(face.pose)))
        place = laid_on(self.still_px, face.plate.landmarks_px.astype(np.float64))
        targets_px = pose.to_pixels(asked)
        targets_px[..., :2] = targets_px[..., :2] @ place[:, :2].T + place[:, 2]
        return targets_px

    def shown(self, target_px: Floats, mouths: Sequence[int]) -> tuple[Image, int]:
        """Return the frame whose landmarks are `target_px` (478, 3), with a mouth of the bank, and its folds.

        Of two mouths, each has half.
        """
        moved = self.to_part[:, 2] + (self.part[1].start, self.part[0].start)
        mouths_px = [self.face.bank.landmarks_px[mouth] @ self.to_part[:, :2].T + moved for mouth in mouths]
        shares = [self._share(mouth, target_px) for mouth in mouths]
        _, own, covered = shares[0]
        parts = [self.head.whole, *[covered] * len(mouths)]
        skin, *lips = self.head.maps_between([self.still_px, *mouths_px], target_px, parts)
        target = mouth_opening(target_px, self.head)
        frame = self.still.copy()
        frame[skin.rows, skin.columns] = warp_skin(self.seen, skin, target, self.head)
        laid = cv2.multiply(frame[covered], own, dtype=cv2.CV_32F)
        for mouth, mouth_px, (gain, *_), warp in zip(mouths, mouths_px, shares, lips, strict=True):
            seen = self._warped(mouth, mouth_px, warp, target, covered)
            seen *= gain
            laid += seen if len(mouths) == 1 else seen / len(mouths)
        frame[covered] = to_bytes(laid)
        return frame, skin.folds + sum(warp.folds for warp in lips)

    def _warped(
        self, mouth: int, mouth_px: Floats, warp: WarpMap, target: MouthOpening, covered: tuple[slice, slice]
    ) -> NDArray[np.float32]:
        (top, left), (height, width) = ([side.start for side in covered], [side.stop - side.start for side in covered])
        own_top, own_left = top - self.part[0].start, left - self.part[1].start
        seen = self._image(mouth)[own_top : own_top + height, own_left : own_left + width].astype(np.float32)
        head = replace(self.head, origin_px=self.head.origin_px - (left, top), size_px=(width, height))
        source, look = mouth_opening(mouth_px, self.head), self.face.bank.looks[mouth]
        seen[warp.rows, warp.columns] = compose_mouth(seen, warp, source, target, head, look)
        return seen

    def _image(self, mouth: int) -> Image:
        image = self.face.bank.images[mouth]
        if self.head.size_px[0] == BANK_PX:
            return image
        height, width = (side.stop - side.start for side in self.part)
        return np.asarray(
            cv2.warpAffine(image, self.to_part, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        )

    def _share(
        self, mouth: int, target_px: Floats
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[slice, slice]]:
        """Return how a mouth is laid in, and the rows and columns of the clip in which it is.

        Each is (h, w, 3) by colour: what the mouth's pixels are multiplied by, and those of the still head below.
        """
        cover = self._cover(target_px)
        rows, columns = (_grown(np.asarray((cover > 0).any(axis))) for axis in (1, 0))
        near, places = cover[rows, columns, None], self.places[rows, columns]
        centre = self.head.to_head(target_px[list(MEDIAPIPE_478.mouth_corners), :2]).mean(0)
        even, right, down = self.face.bank.gains[mouth]
        along = np.clip(places - centre, -0.6, 0.6)
        gain = np.exp(even + along[..., :1] * right + along[..., 1:] * down)
        coarse = np.concatenate([gain * near, 1 - near], axis=-1).astype(np.float32)
        fine_px = (coarse.shape[1] * _GRID_PX, coarse.shape[0] * _GRID_PX)
        by_colour, own = (
            cv2.resize(part, fine_px, interpolation=cv2.INTER_LINEAR) for part in (coarse[..., :3], coarse[..., 3])
        )
        covered = tuple(
            slice(own.start + side.start * _GRID_PX, min(own.start + side.stop * _GRID_PX, own.stop))
            for own, side in zip(self.part, (rows, columns), strict=True)
        )
        height, width = (side.stop - side.start for side in covered)
        return by_colour[:height, :width], repeated(own[:height, :width], 3), (covered[0], covered[1])

    def _cover(self, target_px: Floats) -> Floats:
        """Return the part that the bank has at the places of the grid: 1 on the lips, 0 at nose and jaw."""
        lips = self.head.to_head(target_px[list(MOUTH_LIPS), :2])
        low, high = lips.min(0), lips.max(0)
        nose = self.head.to_head(target_px[list(MEDIAPIPE_478.lines["nose base"]), :2])[:, 1].max()
        x, y = self.places[..., 0], self.places[..., 1]
        beside = np.maximum(np.maximum(low[0] - x, x - high[0]), 0) / _COVER_BESIDE_IOD
        above = np.maximum(low[1] - y, 0) / np.clip(low[1] - nose, 0.08, _COVER_BELOW_IOD)
        below = np.maximum(y - high[1], 0) / _COVER_BELOW_IOD
        return 1 - smoothstep(np.hypot(beside, np.maximum(above, below)), 0.2, 1.0)


def _grown(seen: NDArray[np.bool_]) -> slice:
    """Return the span of `seen` and a little beside it: a warp looks beyond what it shows."""
    first, *_, last = np.flatnonzero(seen)
    return slice(max(0, int(first) - 2), min(len(seen), int(last) + 3))


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
    """Return at most _MOST_FRAMES of `frames`, in stretches of _STRETCH_FRAMES spread over all of them."""
    if len(frames) <= _MOST_FRAMES:
        return frames
    starts = np.linspace(0, len(frames) - _STRETCH_FRAMES, _MOST_FRAMES // _STRETCH_FRAMES).astype(int)
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
