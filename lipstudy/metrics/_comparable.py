"""Two tracks that are compared frame by frame."""

import math
import warnings

import numpy as np

from lipstudy.errors import InputError
from lipstudy.face import HeadPose, LandmarkTrack

__all__ = ["MAX_FRAMES_CUT", "comparable"]

MAX_FRAMES_CUT = 2
"""Tracks of one sentence may differ by this many frames: encoders and models round at the end."""

_MIN_FRAMES = 3


def comparable(a: LandmarkTrack, b: LandmarkTrack) -> tuple[LandmarkTrack, LandmarkTrack]:
    """Return both tracks at the length of the shorter one.

    Parameters
    ----------
    a, b : LandmarkTrack
        Of the same topology and frame rate.

    Returns
    -------
    tuple of LandmarkTrack
        With a warning that tells how many frames were left out, if any were.

    Raises
    ------
    InputError
        If topologies or frame rates differ, the lengths by more than 2 frames, or there are fewer than 3 frames.
    """
    if a.topology.name != b.topology.name:
        raise InputError(
            f"tracks of different topologies cannot be compared: '{a.topology.name}' and '{b.topology.name}'"
        )
    if not math.isclose(a.fps, b.fps, rel_tol=1e-4):
        raise InputError(
            f"tracks of different frame rates cannot be compared: {a.fps:g} and {b.fps:g} fps; "
            "make both from films of one frame rate"
        )
    shorter, longer = sorted((a.num_frames, b.num_frames))
    if longer - shorter > MAX_FRAMES_CUT:
        raise InputError(
            f"tracks of different lengths cannot be compared: {a.num_frames} and {b.num_frames} frames; "
            f"at most {MAX_FRAMES_CUT} frames more are cut off, so give tracks of the same sentence"
        )
    if shorter < _MIN_FRAMES:
        raise InputError(f"tracks of {shorter} frames cannot be compared: at least {_MIN_FRAMES} are needed")
    if longer > shorter:
        cut = longer - shorter
        frames = "frame was" if cut == 1 else f"{cut} frames were"
        warnings.warn(f"the last {frames} left out: the longer track has {longer} frames", stacklevel=2)
    return _first_frames(a, shorter), _first_frames(b, shorter)


def _first_frames(track: LandmarkTrack, num_frames: int) -> LandmarkTrack:
    if track.num_frames == num_frames:
        return track
    pose = track.pose
    return track.with_points(
        track.points[:num_frames],
        pose=HeadPose(pose.scale_px[:num_frames], pose.rotation[:num_frames], pose.translation_px[:num_frames]),
        valid=np.array(track.valid[:num_frames]),
    )
