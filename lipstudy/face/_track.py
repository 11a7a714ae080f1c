"""The landmark track: face landmarks over time, without the motion of the head, and its file."""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face._topology import Topology, topology_named
from lipstudy.records import existing_file, write_bytes

__all__ = ["HeadPose", "LandmarkTrack", "load_track", "save_track", "track_provenance"]

Floats = NDArray[np.floating[Any]]

_LEAST_EYE_DISTANCE = 0.25
"""In a loaded track, of the outer eye corners: smaller, or larger than its inverse, is another unit than theirs."""


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Where the head is in each frame: pixels = scale * rotation @ head-normalised + translation."""

    scale_px: Floats
    """(T,) pixels to one inter-ocular distance."""
    rotation: Floats
    """(T, 3, 3) rotation matrices."""
    translation_px: Floats
    """(T, 3) pixels: where the head-normalised origin lies."""

    def __post_init__(self) -> None:
        frames = len(self.scale_px)
        for name, shape in (("scale_px", (frames,)), ("rotation", (frames, 3, 3)), ("translation_px", (frames, 3))):
            if getattr(self, name).shape != shape:
                raise ValueError(f"HeadPose.{name} must be of shape {shape}, got {getattr(self, name).shape}")

    @classmethod
    def still(cls, num_frames: int) -> "HeadPose":
        """Return the pose of a head that does not move, in head-normalised units (pixels = units)."""
        return cls(np.ones(num_frames), np.tile(np.eye(3), (num_frames, 1, 1)), np.zeros((num_frames, 3)))

    def to_pixels(self, points: Floats) -> Floats:
        """Place head-normalised `points` (T, K, 3) in the image: (T, K, 3) float64 pixels, x right, y down."""
        turned = np.einsum("tij,tkj->tki", self.rotation, points.astype(np.float64))
        return np.asarray(self.scale_px[:, None, None] * turned + self.translation_px[:, None, :])


@dataclass(frozen=True, slots=True)
class LandmarkTrack:
    """Face landmarks over time.

    Head-normalised units: similarity-aligned on points that speech does not move, origin midway between the outer eye
    corners, one unit the inter-ocular distance (IOD); x right, y down, z away from the viewer.
    """

    points: NDArray[np.float32]
    """(T, K, 3) landmarks in head-normalised units: frames, points, axes."""
    fps: float
    """Frames per second, constant."""
    topology: Topology
    """What each of the K points is."""
    pose: HeadPose
    """Rigid head pose of each of the T frames."""
    valid: NDArray[np.bool_]
    """(T,) True where a face was seen; where False the points are interpolated over a short gap."""
    neutral: NDArray[np.float32] | None = None
    """(K, 3) the speaker's closed rest pose, head-normalised, if it is known."""
    raw_points_px: NDArray[np.float32] | None = None
    """(T, K, 3) what the tracker gave before pose removal and smoothing, pixels; NaN where no face was seen."""
    frame_size_px: tuple[int, int] | None = None
    """(width, height) of the film's picture."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Where the track comes from."""

    def __post_init__(self) -> None:
        frames, points = len(self.points), self.topology.num_points
        if self.points.dtype != np.float32 or self.points.shape != (frames, points, 3):
            raise ValueError(
                f"LandmarkTrack.points must be float32 of shape (frames, {points}, 3), "
                f"got {self.points.dtype} of shape {self.points.shape}"
            )
        if not np.isfinite(self.points).all():
            raise ValueError("LandmarkTrack.points must be finite: fill gaps before")
        if not (np.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f"LandmarkTrack.fps must be a positive number, got {self.fps}")
        for name, shape in (("valid", (frames,)), ("neutral", (points, 3)), ("raw_points_px", (frames, points, 3))):
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise ValueError(f"LandmarkTrack.{name} must be of shape {shape}, got {value.shape}")
        if len(self.pose.scale_px) != frames:
            raise ValueError(f"LandmarkTrack.pose must have {frames} frames, got {len(self.pose.scale_px)}")

    def __repr__(self) -> str:
        shape = f"{self.num_frames} frames, {self.duration_s:.2f} s at {self.fps:g} fps"
        return f"LandmarkTrack({shape}, {self.topology.name})"

    @property
    def num_frames(self) -> int:
        """Number of frames T."""
        return len(self.points)

    @property
    def duration_s(self) -> float:
        """Duration in seconds: T / fps."""
        return self.num_frames / self.fps

    def with_points(self, points: Floats, **changes: Any) -> "LandmarkTrack":
        """Return this track with other `points` (T, K, 3), and other `changes`; the raw points stay behind."""
        return replace(self, points=np.asarray(points, np.float32), raw_points_px=None, **changes)


def save_track(path: str | Path, track: LandmarkTrack) -> None:
    """Write a track to ``*.track.npz``, atomically.

    The file is a plain NumPy archive without pickled objects: ``points``, ``fps``, ``topology``, ``valid``,
    ``pose_scale_px``, ``pose_rotation``, ``pose_translation_px``, ``provenance`` (JSON text), and where known
    ``neutral``, ``raw_points_px``, ``frame_size_px``.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    arrays: dict[str, Any] = {
        "points": track.points,
        "fps": np.float64(track.fps),
        "topology": np.str_(track.topology.name),
        "valid": track.valid,
        "pose_scale_px": track.pose.scale_px,
        "pose_rotation": track.pose.rotation,
        "pose_translation_px": track.pose.translation_px,
        "provenance": np.str_(json.dumps(dict(track.provenance), sort_keys=True)),
    }
    optional = {
        "neutral": track.neutral,
        "raw_points_px": track.raw_points_px,
        "frame_size_px": None if track.frame_size_px is None else np.asarray(track.frame_size_px),
    }
    arrays |= {name: value for name, value in optional.items() if value is not None}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())


def track_provenance(path: str | Path) -> dict[str, Any]:
    """Return where the track in a file comes from, without reading its points; raises InputError as `load_track`."""
    path = existing_file(path, what="a landmark track (.track.npz)")
    arrays = _read_archive(path, only=("provenance",))
    try:
        return _provenance_in(arrays)
    except ValueError as error:
        raise InputError(f"{path} is not a usable landmark track: {error}") from error


def load_track(path: str | Path) -> LandmarkTrack:
    """Read a ``*.track.npz``.

    A file that holds only ``points`` and ``fps`` (someone else's model) is read too: topology by the number of
    points, a still head, every frame valid.

    Raises
    ------
    InputError
        If the file is missing, is no such archive, lacks ``points`` or ``fps``, has no frame, its topology does not
        fit, or its points are not head-normalised.
    """
    path = existing_file(path, what="a landmark track (.track.npz)")
    arrays = _read_archive(path)
    for name in ("points", "fps"):
        if name not in arrays:
            raise InputError(f"{path} is not a landmark track: it holds no '{name}'")
    try:
        track = _track_of(arrays)
        _check_unit(track)
    except KeyError as error:
        raise InputError(f"{path} is not a usable landmark track: it holds no {error}") from error
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is not a usable landmark track: {error}") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return track


def _read_archive(path: Path, *, only: Sequence[str] | None = None) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files if only is None or name in only}
    # A .npy file opens as an array, which is no context manager: TypeError.
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path} is not a landmark track: make one with 'lipstudy track'") from error


def _track_of(arrays: Mapping[str, NDArray[Any]]) -> LandmarkTrack:
    points, fps, size = arrays["points"], arrays["fps"], arrays.get("frame_size_px")
    if points.dtype.kind not in "fiu" or points.ndim != 3 or not len(points):
        raise ValueError(f"points must be numbers of shape (frames, points, 3), got {points.dtype} of {points.shape}")
    if fps.dtype.kind not in "fiu" or fps.size != 1:
        raise ValueError(f"fps must be one number, got {fps.dtype} of {fps.shape}")
    neutral = arrays.get("neutral")
    if neutral is not None and not (neutral.dtype.kind == "f" and np.isfinite(neutral).all()):
        raise ValueError("neutral must be finite numbers")
    if size is not None and size.shape != (2,):
        raise ValueError(f"frame_size_px must be of shape (2,), got {size.shape}")
    frames = len(points)
    topology = topology_named(str(arrays["topology"]) if "topology" in arrays else f"mediapipe-{points.shape[1]}")
    pose = HeadPose.still(frames)
    if "pose_scale_px" in arrays:
        pose = HeadPose(arrays["pose_scale_px"], arrays["pose_rotation"], arrays["pose_translation_px"])
    with np.errstate(over="ignore"):  # LandmarkTrack refuses the infinite
        points = points.astype(np.float32)
    return LandmarkTrack(
        points=points,
        fps=float(fps.item()),
        topology=topology,
        pose=pose,
        valid=arrays.get("valid", np.ones(frames)).astype(bool),
        neutral=neutral,
        raw_points_px=arrays.get("raw_points_px"),
        frame_size_px=None if size is None else (int(size[0]), int(size[1])),
        provenance=_provenance_in(arrays),
    )


def _provenance_in(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    try:
        told = json.loads(str(arrays.get("provenance", "{}")))
    except json.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        raise ValueError("provenance must be the text of a JSON object")
    return told


def _check_unit(track: LandmarkTrack) -> None:
    # A file of someone else's model in pixels would be taken for a face a hundred times too large.
    right, left = track.topology.outer_eye_corners
    distance = float(np.median(np.linalg.norm(track.points[:, left] - track.points[:, right], axis=-1)))
    if not _LEAST_EYE_DISTANCE < distance < 1 / _LEAST_EYE_DISTANCE:
        raise InputError(
            f"its points are not head-normalised: the outer eye corners lie {distance:.3g} apart, and that distance is"
            " the unit, 1; divide by it"
        )
