"""A face in one photograph, moved by a landmark track: a sketch for trying out, with the teeth the photograph has."""

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lipstudy.clips._framing import EYES_AT, IOD_SHARE
from lipstudy.clips._interior import InteriorLook, compose_mouth, mouth_insides
from lipstudy.clips._mouth_looks import giving_profile
from lipstudy.clips._mouth_opening import MouthOpening, interior_strip, mouth_opening
from lipstudy.clips._warp import FaceWarp, on_one_thread, smoothstep, to_bytes
from lipstudy.errors import InputError
from lipstudy.face import (
    MEDIAPIPE_478,
    HeadPose,
    LandmarkTrack,
    close_lips,
    detect_face,
    estimate_neutral,
    generic_neutral,
    lip_aperture,
    mouth_width,
    normalise_head,
    uncross_lips,
)
from lipstudy.media import silent_stderr
from lipstudy.motion import articulation_weights, lip_columns
from lipstudy.records import existing_file

__all__ = [
    "PHOTOGRAPH_RENDERER_VERSION",
    "PhotoFace",
    "crop_to_head",
    "open_photograph",
    "render_photograph",
    "turned_deg",
    "weights",
]

Floats = NDArray[np.floating[Any]]
Image = NDArray[np.uint8]

PHOTOGRAPH_RENDERER_VERSION = "photograph-12"
"""Written into manifests; it changes when the pixels do."""

_TOGETHER_FRAMES = 32
_SMALLEST_IOD_PX = 24
LARGEST_TURN_DEG = 25.0
"""Beyond it one cheek hides behind the nose and the mouth opens to the side. Twelve GRID speakers: up to 6."""
_BEHIND_TRANSPARENT = 128
_TEETH_SEEN_IOD = (0.03, 0.07)
_LIFT_IOD = 0.01
_RELAXED = 0.75
"""Part of a smile that is taken away: cheeks and eyes keep theirs, and a mouth without any would not fit them."""


@dataclass(frozen=True, slots=True)
class PhotoFace:
    """A photograph and the landmarks of the face in it."""

    image: Image
    """(H, W, 3) uint8 RGB."""
    landmarks_px: Floats
    """(478, 3) as `detect_face` gives them."""

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(
                f"PhotoFace.image must be uint8 of shape (H, W, 3), got {self.image.dtype} of {self.image.shape}"
            )
        shape = (MEDIAPIPE_478.num_points, 3)
        if self.landmarks_px.shape != shape:
            raise ValueError(f"PhotoFace.landmarks_px must be of shape {shape}, got {self.landmarks_px.shape}")

    @classmethod
    def of(cls, image: Image) -> "PhotoFace":
        """Find the one face in `image` (H, W, 3) uint8 RGB.

        Raises
        ------
        InputError
            If there is no face, more than one, or it is too small or turned too far to the side to be moved.
        """
        landmarks_px = detect_face(image)
        right, left = landmarks_px[list(MEDIAPIPE_478.outer_eye_corners), :2]
        distance_px = float(np.linalg.norm(left - right))
        if distance_px < _SMALLEST_IOD_PX:
            raise InputError(
                f"the face in the photograph is too small: its eyes are {distance_px:.0f} pixels apart, "
                f"at least {_SMALLEST_IOD_PX} are needed; use a larger photograph"
            )
        turn_deg = turned_deg(landmarks_px)
        if abs(turn_deg) > LARGEST_TURN_DEG:
            raise InputError(
                f"the face in the photograph is turned {abs(turn_deg):.0f} degrees to the side, at most"
                f" {LARGEST_TURN_DEG:g} can be moved: use one that looks at the camera"
            )
        return cls(image, landmarks_px)


def turned_deg(landmarks_px: Floats) -> float:
    """Return by how much a face (478, 3) in pixels is turned to the side, degrees; 0 looks at the camera."""
    right, left = landmarks_px[list(MEDIAPIPE_478.outer_eye_corners)]
    across, down, away = left - right
    return float(np.degrees(np.arctan2(away, np.hypot(across, down))))


def open_photograph(path: str | Path) -> PhotoFace:
    """Read a photograph (JPEG, PNG, ...) and find the face in it.

    The camera's rotation mark is followed, and what is transparent is grey.

    Raises
    ------
    InputError
        If the file is missing or no picture, or its face cannot be used (see `PhotoFace.of`).
    """
    path = existing_file(path, what="a photograph")
    contents = np.frombuffer(path.read_bytes() or b"\0", np.uint8)
    is_jpeg = contents[:2].tobytes() == b"\xff\xd8"
    with silent_stderr():  # libpng tells of a broken file on its own, beside our sentence
        pixels = cv2.imdecode(contents, cv2.IMREAD_COLOR)
        as_stored = None if is_jpeg else cv2.imdecode(contents, cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise InputError(f"{path} is not a picture that can be read: give a whole JPEG or PNG")
    if as_stored is not None and as_stored.ndim == 3 and as_stored.shape[2] == 4:
        opaque = as_stored[..., 3:] / np.iinfo(as_stored.dtype).max
        pixels = np.rint(pixels * opaque + _BEHIND_TRANSPARENT * (1 - opaque))
    try:
        return PhotoFace.of(np.ascontiguousarray(pixels[..., ::-1], np.uint8))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def render_photograph(
    face: PhotoFace,
    track: LandmarkTrack,
    *,
    size_px: int = 512,
    on_fold: Callable[[int], None] | None = None,
) -> Iterator[Image]:
    """Move the face of a photograph as the lips of a track move.

    The track's displacement from its neutral, in IOD, is added to the photograph's face with its lips closed. Lips,
    cheeks, chin and jaw line move; eyes, nose and background stay. Behind the lips lie the teeth that the photograph
    shows, at their place in the skull, and dark beyond them.

    Parameters
    ----------
    face : PhotoFace
        The photograph; it is cropped to the head.
    track : LandmarkTrack
        The motion; its head pose is not used.
    size_px : int > 0
        Width and height of the frames.
    on_fold : callable, optional
        Called with the index of each frame whose warp turns over somewhere.

    Yields
    ------
    ndarray of shape (size_px, size_px, 3) uint8
        RGB.

    Raises
    ------
    InputError
        If the track is of another topology than the photograph's landmarks.
    """
    if track.topology.name != MEDIAPIPE_478.name:
        raise InputError(
            f"a photograph is moved by tracks of topology {MEDIAPIPE_478.name!r}, got {track.topology.name!r}"
        )
    still = _Still.of(face, size_px)
    neutral = track.neutral if track.neutral is not None else estimate_neutral(track.points, track.topology)
    with on_one_thread():
        for start in range(0, track.num_frames, _TOGETHER_FRAMES):
            displacement = track.points[start : start + _TOGETHER_FRAMES].astype(np.float64) - neutral
            for index, (frame, folds) in enumerate(still.moved(still.targets_px(displacement)), start):
                if folds and on_fold is not None:
                    on_fold(index)
                yield frame


@dataclass(frozen=True, slots=True)
class _Still:
    """A photograph cropped, and everything about it that does not change from frame to frame."""

    image: Image
    seen: NDArray[np.float32]
    """The image in floats, to be looked up in."""
    landmarks_px: Floats
    opening: MouthOpening
    pose: HeadPose
    points: Floats
    """(478, 3) the face as photographed, head-normalised."""
    closed: Floats
    """The same at rest: lips closed, without a smile."""
    frame: FaceWarp
    look: InteriorLook

    @classmethod
    def of(cls, face: PhotoFace, size_px: int) -> "_Still":
        image, landmarks_px = crop_to_head(face, size_px)
        points, pose = normalise_head(landmarks_px[None], MEDIAPIPE_478)
        frame = FaceWarp.of(landmarks_px, unit_px=float(pose.scale_px[0]), size_px=(size_px, size_px))
        return cls(
            image=image,
            seen=image.astype(np.float32),
            landmarks_px=landmarks_px,
            opening=mouth_opening(landmarks_px, frame),
            pose=pose,
            points=points[0],
            closed=_without_smile(close_lips(points[0], MEDIAPIPE_478)),
            frame=frame,
            look=_look_of(image, landmarks_px, frame),
        )

    def targets_px(self, displacement: Floats) -> Floats:
        """Return where the landmarks shall be, (T, 478, 3), for displacements (T, 478, 3) in IOD."""
        asked = self.closed + weights() * displacement
        held = np.stack([_held_at_the_teeth(target, self.points) for target in asked])
        pose = HeadPose(*(np.repeat(each, len(held), axis=0) for each in astuple(self.pose)))
        return pose.to_pixels(uncross_lips(held, MEDIAPIPE_478))

    def moved(self, targets_px: Floats) -> Iterator[tuple[Image, int]]:
        """Yield the frames whose landmarks are `targets_px` (T, 478, 3), each with its folds."""
        openings = [mouth_opening(target_px, self.frame) for target_px in targets_px]
        sources, looks = [self.opening] * len(openings), [self.look] * len(openings)
        insides = mouth_insides(sources, openings, looks, unit_px=self.frame.unit_px)
        parts = [[self.frame.whole]] * len(openings)
        warps = self.frame.maps_between([[self.landmarks_px]] * len(openings), targets_px, parts)
        for (warp,), inside in zip(warps, insides, strict=True):
            frame = self.image.copy()
            frame[warp.rows, warp.columns] = to_bytes(compose_mouth(self.seen, warp, inside, self.frame))
            yield frame, warp.folds


def _held_at_the_teeth(target: Floats, points: Floats) -> Floats:
    """Let no upper lip rise far above its place in a photograph (478, 3) that shows teeth: what is above is unknown."""
    seen = float(smoothstep(lip_aperture(points, MEDIAPIPE_478), *_TEETH_SEEN_IOD))
    columns = [upper for upper, _ in lip_columns(MEDIAPIPE_478)]
    inner = [column[0] for column in columns]
    rise = float((points[inner, 1] - target[inner, 1]).max())
    if seen == 0 or rise <= _LIFT_IOD:
        return target
    above = points[:, 1] < points[inner, 1].min()
    above[[point for column in columns for point in column]] = True
    held = np.array(target)
    risen = np.minimum(target[:, 1] - points[:, 1], 0) * above
    held[:, 1] -= seen * (1 - _LIFT_IOD / rise) * risen
    return held


def _without_smile(closed: Floats) -> Floats:
    """Return a face (478, 3), lips closed, with the corners of a smile brought in and down to those of a generic face.

    Speech is added to a face at rest; added to a smile, every open vowel would be a laugh. Lips narrower than the
    generic ones stay as they are.
    """
    generic = generic_neutral().astype(np.float64)
    lips, corners = list(MEDIAPIPE_478.subsets["lips-40"]), list(MEDIAPIPE_478.mouth_corners)
    centre = list(MEDIAPIPE_478.inner_lip_centres)

    def smile(face: Floats) -> tuple[float, float]:
        return float(mouth_width(face, MEDIAPIPE_478)), float(face[centre, 1].mean() - face[corners, 1].mean())

    width, rise = smile(closed)
    usual_width, usual_rise = smile(generic)
    smiling = max(0.0, rise - usual_rise)
    # Wide lips alone are no smile.
    narrower = _RELAXED * float(smoothstep(smiling, 0, 0.03)) * max(0.0, width - usual_width) / width
    lower = _RELAXED * smiling
    middle = closed[lips, :2].mean(0)
    offset = (closed[:, :2] - middle) / (width / 2)
    near = np.exp(-0.5 * (np.maximum(np.hypot(*offset.T) - 1, 0) / 0.6) ** 2) * weights()[:, 0]
    relaxed = np.array(closed)
    relaxed[:, 0] -= narrower * (closed[:, 0] - middle[0]) * near
    relaxed[:, 1] += lower * np.minimum(offset[:, 0] ** 2, 1.5) * near
    return relaxed


@cache
def weights() -> Floats:
    """Return (478, 1) how much each landmark follows the lips: worked out once, for all clips."""
    return articulation_weights(MEDIAPIPE_478)[:, None]


def crop_to_head(face: PhotoFace, size_px: int) -> tuple[Image, Floats]:
    """Return a face in the frame of a clip, (size_px, size_px, 3), and its landmarks (478, 3) there."""
    height, width = face.image.shape[:2]
    right, left = face.landmarks_px[list(MEDIAPIPE_478.outer_eye_corners), :2]
    _, pose = normalise_head(face.landmarks_px[None].astype(np.float64), MEDIAPIPE_478)
    unit_px = float(pose.scale_px[0])
    side = min(unit_px / IOD_SHARE, height, width)
    middle = (right + left) / 2
    x = np.clip(middle[0] - side / 2, 0, width - side)
    y = np.clip(middle[1] - EYES_AT * side, 0, height - side)
    scale = size_px / side
    if scale < 1:
        # A reduction must average, or fine hair would alias.
        x, y, side = (float(round(float(value))) for value in (x, y, side))
        scale = size_px / side
        part = face.image[int(y) : int(y + side), int(x) : int(x + side)]
        image = cv2.resize(part, (size_px, size_px), interpolation=cv2.INTER_AREA)
    else:
        place = np.array([[scale, 0, (0.5 - x) * scale - 0.5], [0, scale, (0.5 - y) * scale - 0.5]])
        image = cv2.warpAffine(
            face.image, place, (size_px, size_px), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE
        )
    landmarks_px = (face.landmarks_px.astype(np.float64) + 0.5 - [x, y, 0.5]) * scale - [0.5, 0.5, 0]
    return np.asarray(image, np.uint8), landmarks_px


def _look_of(image: Image, landmarks_px: Floats, frame: FaceWarp) -> InteriorLook:
    lips = np.rint(landmarks_px[list(MEDIAPIPE_478.loops["lips outer"]), :2]).astype(int)
    lip_rgb = np.median(image[lips[:, 1].clip(0, len(image) - 1), lips[:, 0].clip(0, image.shape[1] - 1)], axis=0)
    opening = mouth_opening(landmarks_px, frame)
    strip = interior_strip(image, opening, frame)
    dark = np.array([0.24, 0.13, 0.12]) * lip_rgb
    bright_grey = float(np.percentile(strip.mean(-1), 80))
    giving = giving_profile(strip, dark_grey=float(dark.mean()), bright_grey=bright_grey, smiling=True)
    floor = np.array([0.6, 0.36, 0.36]) * lip_rgb
    # A tooth must not be drawn out, not even faintly: nothing but dark below the photograph's teeth.
    return InteriorLook(dark=dark, floor=floor, giving=np.cumsum(giving), depth=1.0)
