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

from lipstudy.clips._interior import MouthInside, compose_mouth, mouth_insides
from lipstudy.clips._lip_edges import with_edges
from lipstudy.clips._mouth_bank import BANK_PX, MOUTH_LIPS, MouthBank, laid_on, mouths_of, uncovered_iod
from lipstudy.clips._mouth_opening import mouth_opening
from lipstudy.clips._mouth_path import mouth_path
from lipstudy.clips._photograph import LARGEST_TURN_DEG, PhotoFace, crop_to_head, turned_deg, weights
from lipstudy.clips._refinement import Refinement, within_reach
from lipstudy.clips._warp import BOTH, FaceWarp, WarpMap, look_up, on_one_thread, smoothstep, to_bytes
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

__all__ = ["FILM_FACE_RENDERER_VERSION", "MOST_FRAMES", "FilmFace", "Stage", "open_film_face", "render_film_face"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

FILM_FACE_RENDERER_VERSION = "film-face-9"
"""Written into manifests; it changes when the pixels do."""

_ENOUGH_S = 30.0
_LEAST_S = 2.0
MOST_FRAMES = 1500
"""Mouths in a bank."""
_STRETCH_FRAMES = 50
_LEAST_OPEN_IOD = 0.12
_LEAST_UNIT_PX = 24.0
_CUT_FRAMES = 3
"""Smoothing in time mixes the two heads for so many frames beside a cut."""
_GRID_PX = 4
_TOGETHER_FRAMES = 32
_COVER_BESIDE_IOD = 0.26
_COVER_BELOW_IOD = 0.3
"""How far beyond the lips the skin of the bank passes into that of the plate."""
_EYE_LIDS = ((159, 145), (386, 374))
_LIPS, _NOSE_BASE = list(MOUTH_LIPS), list(MEDIAPIPE_478.lines["nose base"])


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


def render_film_face(
    face: FilmFace,
    track: LandmarkTrack,
    *,
    size_px: int = 512,
    refinement: Refinement | None = None,
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
    refinement : Refinement, optional
        A network that was taught for this speaker, laid on the mouth with soft edges; frames whose lips are beyond the
        range of the film are left as they are.
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
        If the track is of another topology than the film's, or the refinement of another size than `size_px`.
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
        bank.look_apart,
        bank.follows,
        bank.turn_deg,
    )
    refine = None if refinement is None else refinement.opened(size_px=size_px)
    reach = within_reach(path.misfit_iod)
    with on_one_thread():
        stage = Stage.of(face, size_px)
        for start in range(0, track.num_frames, _TOGETHER_FRAMES):
            displacement = track.points[start : start + _TOGETHER_FRAMES].astype(np.float64) - neutral
            mouths = [path.shown(index) for index in range(start, start + len(displacement))]
            targets_px = stage.targets_px(displacement)
            covers = [] if refine is None else stage.covers(targets_px)
            for index, (frame, folds) in enumerate(stage.shown(targets_px, mouths), start):
                if refine is not None and reach[index] > 0:
                    part, share = covers[index - start]
                    frame[part] = refine(frame[part], share * reach[index])
                if folds and on_fold is not None:
                    on_fold(index)
                if path.beyond[index] and on_extrapolated is not None:
                    on_extrapolated(index)
                yield frame


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
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
    places: NDArray[np.float32]
    """(2, rows, columns) x and y of a coarse grid over that part, in the head's axes, IOD."""

    @classmethod
    def of(cls, face: FilmFace, size_px: int) -> "Stage":
        usual = size_px == BANK_PX
        still, still_px = (face.still.image, face.still.landmarks_px) if usual else crop_to_head(face.plate, size_px)
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
            places=np.stack(cv2.split(head.to_head(np.stack(np.meshgrid(x, y), axis=-1)))).astype(np.float32),
        )

    def targets_px(self, displacement: Floats) -> Floats:
        """Return where the landmarks shall be in the clip, (T, 478, 3), for displacements (T, 478, 3) in IOD."""
        face = self.face
        asked = uncross_lips(face.points + weights() * (face.neutral + displacement - face.points), MEDIAPIPE_478)
        pose = HeadPose(*(np.repeat(each, len(asked), axis=0) for each in astuple(face.pose)))
        place = laid_on(self.still_px, face.plate.landmarks_px.astype(np.float64))
        targets_px = pose.to_pixels(asked)
        targets_px[..., :2] = targets_px[..., :2] @ place[:, :2].T + place[:, 2]
        return targets_px

    def shown(self, targets_px: Floats, mouths: Sequence[Sequence[int]]) -> Iterator[tuple[Image, int]]:
        """Yield the frames with landmarks at `targets_px` (T, 478, 3) and these mouths of the bank, and their folds.

        Of two mouths, each has half.
        """
        bank = self.face.bank
        targets_px = self._with_edges(targets_px, mouths)
        moved = self.to_part[:, 2] + (self.part[1].start, self.part[0].start)
        used_px = {mouth: bank.landmarks_px[mouth] @ self.to_part[:, :2].T + moved for each in mouths for mouth in each}
        openings = {mouth: mouth_opening(points_px, self.head) for mouth, points_px in used_px.items()}
        targets = [mouth_opening(target_px, self.head) for target_px in targets_px]
        layers = [(mouth, target) for each, target in zip(mouths, targets, strict=True) for mouth in each]
        insides = iter(
            mouth_insides(
                [openings[mouth] for mouth, _ in layers],
                [target for _, target in layers],
                [bank.looks[mouth] for mouth, _ in layers],
                unit_px=self.head.unit_px,
            )
        )
        covers = self.covers(targets_px)
        warps = self.head.maps_between(
            [[self.still_px, *(used_px[mouth] for mouth in each)] for each in mouths],
            targets_px,
            [[self.head.whole, *[part] * len(each)] for each, (part, _) in zip(mouths, covers, strict=True)],
        )
        for each, (part, share), (skin, *lips) in zip(mouths, covers, warps, strict=True):
            frame = self.still.copy()
            frame[skin.rows, skin.columns] = to_bytes(look_up(self.seen, skin.moved(BOTH, skin.whole)))
            first, *second = (
                self._warped(mouth, next(insides), warp, part) for mouth, warp in zip(each, lips, strict=True)
            )
            seen = cv2.addWeighted(first, 0.5, second[0], 0.5, 0) if second else first
            own = frame[part].astype(np.float32)
            frame[part] = to_bytes(cv2.blendLinear(own, seen, 1 - share, share))
            yield frame, skin.folds + sum(warp.folds for warp in lips)

    def _with_edges(self, targets_px: Floats, mouths: Sequence[Sequence[int]]) -> Floats:
        """Return the targets with inner lips that part as those of the mouths shown do, midway between two."""
        bank, larger = self.face.bank, float(np.hypot(*self.to_part[:, 0]))
        inward_px, gaps_px = (
            larger * np.stack([each[list(shown)].mean(0) for shown in mouths])
            for each in (bank.inward_px, bank.gaps_px)
        )
        return with_edges(targets_px, inward_px, gaps_px)

    def _warped(self, mouth: int, inside: MouthInside, warp: WarpMap, part: tuple[slice, slice]) -> NDArray[np.float32]:
        (top, left), (height, width) = ([side.start for side in part], [side.stop - side.start for side in part])
        own_top, own_left = top - self.part[0].start, left - self.part[1].start
        seen = self._image(mouth)[own_top : own_top + height, own_left : own_left + width].astype(np.float32)
        head = replace(self.head, origin_px=self.head.origin_px - (left, top), size_px=(width, height))
        seen[warp.rows, warp.columns] = compose_mouth(seen, warp, inside, head)
        return seen

    def _image(self, mouth: int) -> Image:
        image = self.face.bank.images[mouth]
        if self.head.size_px[0] == BANK_PX:
            return image
        height, width = (side.stop - side.start for side in self.part)
        return np.asarray(
            cv2.warpAffine(image, self.to_part, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        )

    def covers(self, targets_px: Floats) -> list[tuple[tuple[slice, slice], NDArray[np.float32]]]:
        """Return where mouths are laid for landmarks (T, 478, 3): rows and columns of the clip, and their share (h, w).

        1 on the lips, 0 at nose and jaw.
        """
        lips, nose = (self.head.to_head(targets_px[:, each, :2]).astype(np.float32) for each in (_LIPS, _NOSE_BASE))
        # (frames, 1, 1) each, against the grid.
        (left, top), (right, bottom) = (each.T[..., None, None] for each in (lips.min(1), lips.max(1)))
        room = np.clip(top - nose[..., 1].max(1)[:, None, None], 0.08, _COVER_BELOW_IOD)
        x, y = self.places
        beside = np.maximum(np.maximum(left - x, x - right), 0) / _COVER_BESIDE_IOD
        down = np.maximum(np.maximum((top - y) / room, (y - bottom) / _COVER_BELOW_IOD), 0)
        shares = 1 - smoothstep(np.sqrt(beside**2 + down**2), 0.2, 1.0)
        return [self._in_pixels(share) for share in shares]

    def _in_pixels(self, share: NDArray[np.float32]) -> tuple[tuple[slice, slice], NDArray[np.float32]]:
        """Return the rows and columns of the clip where a share on the grid is over 0, and it in their pixels."""
        spans = [_grown(share.max(axis) > 0) for axis in (1, 0)]
        rows, columns = (
            slice(own.start + span.start * _GRID_PX, min(own.start + span.stop * _GRID_PX, own.stop))
            for own, span in zip(self.part, spans, strict=True)
        )
        fine = cv2.resize(share[spans[0], spans[1]], None, fx=_GRID_PX, fy=_GRID_PX, interpolation=cv2.INTER_LINEAR)
        return (rows, columns), np.asarray(fine[: rows.stop - rows.start, : columns.stop - columns.start], np.float32)


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
