"""From what a model gives to the lips of a face: frames counted, checked, added to a neutral."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, HeadPose, LandmarkTrack, generic_neutral, lips_in_contact, uncross_lips
from lipstudy.speech import Speech

__all__ = ["FRAMES_FORGIVEN", "LipMotionModel", "checked_neutral", "frames_in", "lip_points", "move_lips", "track_of"]

Floats = NDArray[np.floating[Any]]

FRAMES_FORGIVEN = 2
"""Models round a duration to frames in different ways: so many frames too few or too many are mended."""

_FPS = (1.0, 1000.0)
"""Least and most frames per second."""
_SHAPE = (MEDIAPIPE_478.num_points, 3)


class LipMotionModel(Protocol):
    """Whatever makes lip motion of speech. A class with this one method is a model; nothing is inherited."""

    def displacements(self, speech: Speech, *, fps: float, neutral: NDArray[np.float32]) -> Floats | Iterable[Floats]:
        """Return how far each landmark is from the neutral, frame by frame.

        Parameters
        ----------
        speech : Speech
            What is said: ``speech.sound(sr=16000).samples`` for all of it, ``speech.blocks(sr=16000)`` for long
            speech, ``speech.phones`` if they are known.
        fps : float
            Frames per second. Frame i shows the time i / fps, from 0 to the end of the speech.
        neutral : ndarray of shape (478, 3)
            The closed rest pose of the face that will move, head-normalised (mediapipe-478). It is added later; a
            model needs it only to know when lips of this face touch.

        Returns
        -------
        ndarray of shape (T, 478, 3), or an iterable of such chunks in order
            Displacements in IOD: x right, y down, z away from the viewer; T = ceil(duration_s * fps) in all.
        """
        ...


def move_lips(model: LipMotionModel, speech: Speech, *, fps: float, neutral: Floats | None = None) -> LandmarkTrack:
    """Move the lips of a face as `model` hears `speech`; all frames are in memory (`lip_points` for long speech).

    Parameters
    ----------
    model : LipMotionModel
        Of `load_model`, or any object with its method.
    speech : Speech
        What is said.
    fps : float, 1 to 1000
        Frames per second.
    neutral : ndarray of shape (478, 3), optional
        Closed rest pose of the face to move (topology mediapipe-478, head-normalised); a generic face by default.

    Returns
    -------
    LandmarkTrack
        ceil(duration * fps) frames of a still head, with `neutral`; lips never cross.

    Raises
    ------
    InputError
        If `fps` is out of range, the lips of `neutral` are open, or the model does not give what it should.
    """
    rest = checked_neutral(neutral)
    chunks = model.displacements(speech, fps=fps, neutral=rest)
    return track_of(chunks, duration_s=speech.duration_s, fps=fps, neutral=rest)


def track_of(
    displacements: Floats | Iterable[Floats], *, duration_s: float, fps: float, neutral: Floats | None
) -> LandmarkTrack:
    """Return the track of a still head with these displacements from `neutral`; raises as `move_lips`."""
    rest = checked_neutral(neutral)
    points = np.concatenate(list(lip_points(displacements, duration_s=duration_s, fps=fps, neutral=rest)))
    return LandmarkTrack(
        points=points,
        fps=float(fps),
        topology=MEDIAPIPE_478,
        pose=HeadPose.still(len(points)),
        valid=np.ones(len(points), bool),
        neutral=rest,
    )


def lip_points(
    displacements: Floats | Iterable[Floats], *, duration_s: float, fps: float, neutral: Floats
) -> Iterator[NDArray[np.float32]]:
    """Yield the landmarks of a face, chunk by chunk as the model gives them.

    Parameters
    ----------
    displacements : ndarray of shape (T, 478, 3), or iterable of such chunks
        What `LipMotionModel.displacements` returns.
    duration_s : float > 0
        Duration of the speech.
    fps : float, 1 to 1000
        Frames per second.
    neutral : ndarray of shape (478, 3)
        What is displaced.

    Yields
    ------
    ndarray of shape (n, 478, 3)
        float32, head-normalised, without crossed lips; `frames_in` frames in all. A model that gives up to two frames
        less or more is mended: the last frame is held, or what is too much left out.

    Raises
    ------
    InputError
        If there are fewer or more, their shape is another, or they are not numbers.
    """
    wanted, given = frames_in(duration_s, fps=fps), 0
    last: Floats = np.empty((0, *_SHAPE))
    if not isinstance(displacements, Iterable):
        raise InputError(
            f"the model gave {type(displacements).__name__} instead of displacements: an array of shape (frames,"
            f" {_SHAPE[0]}, 3) is needed, or chunks of it"
        )
    for chunk in [displacements] if isinstance(displacements, np.ndarray) else displacements:
        _check_chunk(chunk)
        kept = chunk[: max(0, wanted - given)]
        given += len(chunk)
        if given > wanted + FRAMES_FORGIVEN:
            break
        if len(kept):
            last = kept[-1:]
            yield _displaced(neutral, kept)
    if not wanted - FRAMES_FORGIVEN <= given <= wanted + FRAMES_FORGIVEN or not given:
        more = "or more " if given > wanted else ""
        raise InputError(
            f"the model gave {given} {more}frames for {duration_s:.2f} s at {fps:g} frames per second, where"
            f" {wanted} are needed: frame i shows the time i / fps"
        )
    if given < wanted:
        yield _displaced(neutral, np.repeat(last, wanted - given, axis=0))


def frames_in(duration_s: float, *, fps: float) -> int:
    """Return the number of frames that show `duration_s`. Raises InputError for a duration or `fps` out of range."""
    if not _FPS[0] <= fps <= _FPS[1]:
        raise InputError(f"a lip motion cannot be sampled at {fps:g} frames per second: it must be 1 to 1000")
    if not 0 < duration_s < np.inf:
        raise InputError(f"the duration of a lip motion must be positive, got {duration_s:g} s")
    # A hair less than the exact product: 3.0000000001 frames are three.
    return int(np.ceil(duration_s * fps - 1e-6))


def checked_neutral(neutral: Floats | None) -> NDArray[np.float32]:
    """Return `neutral`, by default that of a generic face; raise InputError unless it can be a closed rest pose."""
    if neutral is None:
        neutral = generic_neutral()
    if np.shape(neutral) != _SHAPE or not np.isfinite(neutral).all():
        raise InputError(
            f"the neutral must be {_SHAPE[0]} finite points of 3 axes, got an array of shape {np.shape(neutral)}: give "
            f"the rest pose of a track of topology '{MEDIAPIPE_478.name}'"
        )
    rest = uncross_lips(np.asarray(neutral, np.float32), MEDIAPIPE_478)
    if not lips_in_contact(rest, MEDIAPIPE_478):
        raise InputError("the lips of the neutral are open: give a face at rest with its lips closed")
    return np.asarray(rest, np.float32)


def _displaced(neutral: Floats, displacements: Floats) -> NDArray[np.float32]:
    points = (neutral.astype(np.float64) + displacements).astype(np.float32)
    return np.asarray(uncross_lips(points, MEDIAPIPE_478), np.float32)


def _check_chunk(chunk: Floats) -> None:
    if np.ndim(chunk) != 3 or np.shape(chunk)[1:] != _SHAPE:
        raise InputError(
            f"the model gave displacements of shape {np.shape(chunk)}: (frames, {_SHAPE[0]}, 3) are needed, one row a"
            f" landmark of {MEDIAPIPE_478.name}"
        )
    if not np.isfinite(chunk).all():
        raise InputError("the model gave displacements that are not numbers: look at what it does with this speech")
