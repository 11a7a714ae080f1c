"""A speaker's own mouths, cut from film: every frame laid on one still head, in its light."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._interior import InteriorLook
from lipstudy.clips._lip_edges import seen_edges, steadied_edges, tracked_gaps, with_edges
from lipstudy.clips._mouth_looks import mouth_looks
from lipstudy.clips._mouth_opening import interior_strip, mouth_opening
from lipstudy.clips._warp import FaceWarp
from lipstudy.face import MEDIAPIPE_478, LandmarkTrack, lip_aperture

__all__ = ["BANK_PX", "MOUTH_LIPS", "MouthBank", "laid_on", "mouths_of", "uncovered_iod"]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

MOUTH_LIPS = MEDIAPIPE_478.subsets["lips-40"]

_MIDDLE_PAIRS = MEDIAPIPE_478.inner_lip_pairs[2:7]
BANK_PX = 512
"""Mouths are kept as a clip of this size, the usual one, needs them; for others they are made larger or smaller."""

_LOW_IOD, _HIGH_IOD = np.array([-0.66, 0.3]), np.array([0.66, 1.6])
"""What is kept of a frame, in the head's axes from between the eyes."""
_ALIAS = 0.7
"""A film reduced by more than this is smoothed before, or fine hair would flicker."""
_SKIN_SEEN = (
    *(164, 165, 167, 391, 393, 92, 322, 186, 410, 57, 287, 43, 273, 106, 335, 182, 406, 83, 313, 18, 200, 201, 421),
    *(194, 418, 212, 432, 202, 422, 204, 424, 206, 426, 216, 436, 203, 423),
)
"""Skin around the lips, whose light is compared with the plate's."""
_GAIN_RANGE = (0.6, 1.6)
_LIGHT_IOD = 0.6
"""How far from the mouth the slope of the light is followed."""
_GRID_PX = 4
_RIGID = (*MEDIAPIPE_478.rigid, *MEDIAPIPE_478.lines["nose bridge"], *MEDIAPIPE_478.lines["nose base"])


def uncovered_iod(shapes: Floats) -> Floats:
    """Return how far lips (..., 40, 2) in IOD uncover what lies behind: lips apart, upper lip up; shape (..., 2)."""
    upper, lower = ([MOUTH_LIPS.index(pair[side]) for pair in _MIDDLE_PAIRS] for side in (0, 1))
    top, bottom = shapes[..., upper, 1].mean(-1), shapes[..., lower, 1].mean(-1)
    return np.stack([bottom - top, -top], axis=-1)


@dataclass(frozen=True, slots=True, eq=False)
class MouthBank:
    """The mouths of one film, in the order of the film."""

    images: tuple[Image, ...]
    """The lower face in each frame, laid on the plate's, in its light: (h, w, 3) uint8 RGB, all of one size."""
    left_px: int
    """Column of a clip of BANK_PX in which the images begin."""
    top_px: int
    """Row in which they begin."""
    landmarks_px: Floats
    """(N, 478, 2) in pixels of those images, the inner lips where the pictures show them."""
    inward_px: Floats
    """(N, 2, P) by how much these lie inside of the tracked ones (see `seen_edges`)."""
    gaps_px: Floats
    """(N, P) gaps of the inner lips as tracked, pixels."""
    shapes: Floats
    """(N, 40, 2) displacement of the lips from the speaker's neutral, IOD."""
    looks: tuple[InteriorLook, ...]
    """How each mouth looks inside."""
    look_apart: Floats
    """(N, N) squared distances of their looks, in units in which frames that follow one another are 1 apart in the
    median."""
    turn_deg: Floats
    """(N,) by how much the head is turned against the plate's."""
    follows: NDArray[np.bool_]
    """(N,) True where the frame before is the one before it in the film."""
    film_frames: NDArray[np.intp]
    """(N,) which frame of the film each is."""

    def __len__(self) -> int:
        return len(self.images)


def laid_on(plate_px: Floats, points_px: Floats) -> Floats:
    """Return the similarity (2, 3) that lays the head at `points_px` (478, >= 2) on the one at `plate_px`.

    Found on what speech does not move, by least squares.
    """
    here, there = points_px[list(_RIGID), :2], plate_px[list(_RIGID), :2]
    start, end = here - here.mean(0), there - there.mean(0)
    norm = (start**2).sum()
    along = (start * end).sum() / norm
    across = (start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]).sum() / norm
    turn = np.array([[along, -across], [across, along]])
    return np.column_stack([turn, there.mean(0) - turn @ here.mean(0)])


def mouths_of(
    frames: Iterable[tuple[int, Image]],
    track: LandmarkTrack,
    neutral: Floats,
    *,
    plate: Image,
    plate_px: Floats,
    plate_index: int,
) -> MouthBank:
    """Return the bank of the frames given.

    Parameters
    ----------
    frames : iterable of (index, ndarray of shape (H, W, 3) uint8)
        Frames of the film, in its order.
    track : LandmarkTrack
        The film's track.
    neutral : ndarray of shape (478, 3)
        The speaker's neutral, head-normalised.
    plate, plate_px, plate_index
        The still head in a clip of BANK_PX, its landmarks (478, 3) there, and its frame of the film.
    """
    points_px = track.pose.to_pixels(track.points)
    first = laid_on(plate_px, points_px[plate_index])
    unit_px = float(track.pose.scale_px[plate_index] * np.hypot(*first[:, 0]))
    head = FaceWarp.of(plate_px, unit_px=unit_px, size_px=(BANK_PX, BANK_PX))
    corners = np.array([(x, y) for x in (_LOW_IOD[0], _HIGH_IOD[0]) for y in (_LOW_IOD[1], _HIGH_IOD[1])])
    corners_px = corners * unit_px @ head.axes + head.origin_px
    left, top = np.floor(corners_px.min(0)).clip(0).astype(int).tolist()
    right, bottom = np.ceil(corners_px.max(0)).clip(0, BANK_PX).astype(int).tolist()
    size_px = (right - left, bottom - top)

    def cut(image: Image, points: Floats) -> tuple[Image, Floats]:
        place = laid_on(plate_px, points) - [[0, 0, left], [0, 0, top]]
        return _laid(image, place, size_px), points[:, :2] @ place[:, :2].T + place[:, 2]

    crop, crop_px = np.ascontiguousarray(plate[top:bottom, left:right]), plate_px[:, :2] - (left, top)
    in_crop = FaceWarp.of(crop_px, unit_px=unit_px, size_px=size_px)
    plate_light = _light_of(crop, crop_px, in_crop)
    images, landmarks, inward, indices = [], [], [], []
    for index, image in frames:
        picture, where = cut(image, points_px[index])
        picture = _relit(picture, where, in_crop, plate_light)
        images.append(picture)
        landmarks.append(where)
        inward.append(seen_edges(picture, where, unit_px=unit_px))
        indices.append(index)
    chosen = np.array(indices)
    follows = np.diff(chosen, prepend=-2) == 1
    runs = np.split(np.arange(len(chosen)), np.flatnonzero(~follows)[1:])
    tracked_px, inward_px = np.stack(landmarks), steadied_edges(np.stack(inward), runs)
    gaps_px = tracked_gaps(tracked_px)
    landmarks_px = with_edges(tracked_px, inward_px, gaps_px)
    strips = [
        interior_strip(picture, mouth_opening(where, in_crop), in_crop)
        for picture, where in zip(images, landmarks_px, strict=True)
    ]
    points = track.points[chosen].astype(np.float64)
    aperture = lip_aperture(points, track.topology)
    return MouthBank(
        images=tuple(images),
        left_px=left,
        top_px=top,
        landmarks_px=landmarks_px,
        inward_px=inward_px,
        gaps_px=gaps_px,
        shapes=(points - neutral)[:, list(MOUTH_LIPS), :2],
        looks=tuple(mouth_looks(strips, aperture_iod=aperture)),
        look_apart=_look_apart(strips, aperture, follows),
        turn_deg=_turn_deg(track, chosen, plate_index),
        follows=follows,
        film_frames=chosen,
    )


def _laid(image: Image, place: Floats, size_px: tuple[int, int]) -> Image:
    zoom = float(np.hypot(*place[:, 0]))
    if zoom < _ALIAS:
        corners = np.array([(0.0, 0.0), (size_px[0], 0), (0, size_px[1]), size_px])
        seen = (corners - place[:, 2]) @ np.linalg.inv(place[:, :2]).T
        x, y = np.floor(seen.min(0) - 4 / zoom).clip(0).astype(int)
        end_x, end_y = np.ceil(seen.max(0) + 4 / zoom).astype(int)
        image = np.asarray(cv2.GaussianBlur(image[y:end_y, x:end_x], (0, 0), 0.4 / zoom), np.uint8)
        place = np.column_stack([place[:, :2], place[:, 2] + place[:, :2] @ (x, y)])
    laid = cv2.warpAffine(image, place, size_px, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, np.uint8)


def _light_of(image: Image, points_px: Floats, frame: FaceWarp) -> Floats:
    """Return the colour of the skin around the lips, (S, 3), each the mean of a small neighbourhood."""
    side = 2 * max(1, round(0.03 * frame.unit_px)) + 1
    smooth = cv2.blur(image, (side, side))
    x, y = np.rint(points_px[list(_SKIN_SEEN)]).astype(int).T
    return np.asarray(smooth[y.clip(0, image.shape[0] - 1), x.clip(0, image.shape[1] - 1)], np.float64)


def _relit(image: Image, points_px: Floats, frame: FaceWarp, plate_light: Floats) -> Image:
    """Return a picture in the light of the plate, whose skin around the lips has the colours `plate_light`."""
    centre = frame.to_head(points_px[list(MEDIAPIPE_478.mouth_corners)]).mean(0)
    places = frame.to_head(points_px[list(_SKIN_SEEN)]) - centre
    ratio = np.log(np.clip((plate_light + 4) / (_light_of(image, points_px, frame) + 4), *_GAIN_RANGE))
    design = np.column_stack([np.ones(len(places)), places])
    # A little stiffness keeps a shadow at one side from tilting the light of the whole mouth.
    at_mouth, *slope = np.linalg.solve(design.T @ design + np.diag([0, 0.3, 0.3]), design.T @ ratio)
    height, width = image.shape[:2]
    x, y = ((np.arange(-(-side // _GRID_PX)) + 0.5) * _GRID_PX - 0.5 for side in (width, height))
    along = np.clip(frame.to_head(np.stack(np.meshgrid(x, y), axis=-1)) - centre, -_LIGHT_IOD, _LIGHT_IOD)
    gain = cv2.resize(np.exp(at_mouth + along @ slope), None, fx=_GRID_PX, fy=_GRID_PX)[:height, :width]
    return np.asarray(cv2.multiply(image, gain, dtype=cv2.CV_8U), np.uint8)


def _look_apart(strips: list[Image], aperture_iod: Floats, follows: NDArray[np.bool_]) -> Floats:
    seen = np.stack(strips).astype(np.float32).reshape(len(strips), -1) * 0.01
    # Inside lips that touch, nothing is seen.
    seen *= np.minimum(1, 0.1 + aperture_iod / 0.08)[:, None].astype(np.float32)
    squared = (seen**2).sum(1)
    apart = np.maximum(squared[:, None] + squared - 2 * seen @ seen.T, 0)
    steps = np.sqrt(np.diagonal(apart, 1)[follows[1:]])
    usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 1.0
    return np.asarray(apart / usual**2)


def _turn_deg(track: LandmarkTrack, chosen: NDArray[np.intp], plate_index: int) -> Floats:
    turned = track.pose.rotation[chosen] @ track.pose.rotation[plate_index].T
    return np.asarray(np.degrees(np.arccos(np.clip((np.trace(turned, axis1=1, axis2=2) - 1) / 2, -1, 1))))
