"""A filmed face drawn: skin of the still head, lips and what lies behind them of the mouths chosen, frame by frame."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._film_face import FilmFace
from lipstudy.clips._interior import MouthInside, compose_mouth, mouth_insides
from lipstudy.clips._lip_edges import with_edges
from lipstudy.clips._mouth_bank import BANK_PX, MOUTH_LIPS, laid_on, uncovered_iod
from lipstudy.clips._mouth_opening import MouthOpening, mouth_opening
from lipstudy.clips._mouth_path import MouthPath, mouth_path
from lipstudy.clips._photograph import crop_to_head, weights
from lipstudy.clips._refinement import Refinement, within_reach
from lipstudy.clips._warp import BOTH, FaceWarp, WarpMap, look_up, on_one_thread, smoothstep, to_bytes
from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, HeadPose, LandmarkTrack, neutral_of, uncross_lips

__all__ = ["FILM_FACE_RENDERER_VERSION", "Stage", "render_film_face"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

FILM_FACE_RENDERER_VERSION = "film-face-10"
"""Written into manifests; it changes when the pixels do."""

_GRID_PX = 4
_TOGETHER_FRAMES = 32
_COVER_BESIDE_IOD = 0.26
_COVER_BELOW_IOD = 0.3
"""How far beyond the lips the skin of the bank passes into that of the plate."""
_EDGE_PX = 3.0
"""Over so many pixels the lips of two mouths pass into the inside of one."""
_LIPS, _NOSE_BASE = list(MOUTH_LIPS), list(MEDIAPIPE_478.lines["nose base"])


def render_film_face(
    face: FilmFace,
    track: LandmarkTrack,
    *,
    original: LandmarkTrack | None = None,
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
    original : LandmarkTrack, optional
        The same motion at articulation 1, frame for frame. Where the mouths that it shows will do, they are shown, so
        that clips which are compared differ in their lips and less in their teeth.
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
        If track or original are of another topology than the film's, the original has another number of frames, or the
        refinement is for another size than `size_px`.
    """
    for given in (track, original or track):
        if given.topology.name != MEDIAPIPE_478.name:
            raise InputError(
                f"a filmed face is moved by tracks of topology {MEDIAPIPE_478.name!r}, got {given.topology.name!r}"
            )
        if given.num_frames != track.num_frames:
            raise InputError(
                f"the track has {track.num_frames} frames, the original {given.num_frames}: give the track that it was"
                " articulated from"
            )
    neutral = neutral_of(track)
    beside = None if original is None else _path(face, original, beside=None).frames
    path = _path(face, track, beside=beside)
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


def _path(face: FilmFace, track: LandmarkTrack, *, beside: NDArray[np.intp] | None) -> MouthPath:
    """Return the mouths that a track shows, near those of another clip where one is given."""
    bank, neutral = face.bank, neutral_of(track)
    asked = track.points[:, _LIPS, :2].astype(np.float64) - neutral[_LIPS, :2]
    return mouth_path(
        asked,
        bank.shapes,
        uncovered_iod(asked),
        uncovered_iod(bank.shapes),
        bank.look_apart,
        bank.follows,
        bank.turn_deg,
        beside=beside,
    )


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

        Of two mouths, each has half of the lips, and the second the inside: half a tooth would be a ghost.
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
        for each, target, (part, share), (skin, *lips) in zip(mouths, targets, covers, warps, strict=True):
            frame = self.still.copy()
            frame[skin.rows, skin.columns] = to_bytes(look_up(self.seen, skin.moved(BOTH, skin.whole)))
            first, *second = (
                self._warped(mouth, next(insides), warp, part) for mouth, warp in zip(each, lips, strict=True)
            )
            if second:
                before = 0.5 * (1 - self._inside(target, part))
                first = cv2.blendLinear(first, second[0], before, 1 - before)
            own = frame[part].astype(np.float32)
            frame[part] = to_bytes(cv2.blendLinear(own, first, 1 - share, share))
            yield frame, skin.folds + sum(warp.folds for warp in lips)

    def _inside(self, target: MouthOpening, part: tuple[slice, slice]) -> NDArray[np.float32]:
        """Return how much of each pixel of a part of the clip lies in a mouth's opening, (h, w)."""
        rows, columns = part
        x = (np.arange(columns.start, columns.stop) - self.head.origin_px[0]).astype(np.float32)
        y = (np.arange(rows.start, rows.stop)[:, None] - self.head.origin_px[1]).astype(np.float32)
        (right_x, right_y), (down_x, down_y) = self.head.axes.tolist()
        across, down = x * right_x + y * right_y, x * down_x + y * down_y
        top, bottom = target.over(across)
        deep = np.minimum(down - top, bottom - down)
        deep[(across < target.left_px) | (across > target.right_px)] = -np.inf
        return np.asarray(np.clip(0.5 + deep / _EDGE_PX, 0, 1), np.float32)

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
