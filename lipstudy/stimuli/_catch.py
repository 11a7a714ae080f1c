"""The picture of catch clips: their fault is in it, so that their sound is that of the clip they stand beside."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from lipstudy.face import HeadPose, LandmarkTrack, neutral_of
from lipstudy.records import Fault
from lipstudy.stimuli._surroundings import Surroundings
from lipstudy.stimuli._takes import on_neutral

__all__ = ["DESYNCHRONISED_S", "ShownPart", "shown_part", "with_lips_of"]

Frame = NDArray[np.uint8]

DESYNCHRONISED_S = 0.3
"""How late the picture of a desynchronised clip is, to the next whole frame: over twice what viewers miss."""


@dataclass(frozen=True, slots=True)
class ShownPart:
    """Which frames of a take are shown beside a speech, and where."""

    before_frames: int
    """Frames of the clip before the first of the take."""
    shown_frames: int
    """Frames of the take, from its first."""
    after_frames: int
    """Frames of the clip after the last one shown."""
    fps: float
    """Frames per second."""

    def of_track(self, track: LandmarkTrack, *, held: bool) -> LandmarkTrack:
        """Return this part of `track` with the neutral before and after, or with its first and last pose `held`."""
        return self._around.around_track(_first_frames(track, self.shown_frames), held=held)

    def of_frames(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Yield this part of `frames`, the first and the last of them held."""
        return self._around.around_frames(islice(frames, self.shown_frames))

    @property
    def _around(self) -> Surroundings:
        return Surroundings(self.before_frames, self.after_frames, self.fps, loudness_lufs=None)


def shown_part(fault: Fault | None, *, num_frames: int, source_frames: int, fps: float) -> ShownPart:
    """Return what a clip of `num_frames` shows of a take that has `source_frames`."""
    late = 0
    if fault == "desynchronised":
        late = min(math.ceil(round(DESYNCHRONISED_S * fps, 6)), num_frames - 1)
    shown = min(source_frames, num_frames - late)
    return ShownPart(late, shown, num_frames - late - shown, fps)


def with_lips_of(other: LandmarkTrack, track: LandmarkTrack) -> LandmarkTrack:
    """Return the motion of `other` on the face of `track`, whose head stays as it was. Both have as many frames."""
    points = on_neutral(other, neutral_of(track)).astype(np.float32)
    return replace(track, points=points, valid=track.valid & other.valid, raw_points_px=None)


def _first_frames(track: LandmarkTrack, count: int) -> LandmarkTrack:
    if count == track.num_frames:
        return track
    pose = track.pose
    cut = HeadPose(
        scale_px=pose.scale_px[:count], rotation=pose.rotation[:count], translation_px=pose.translation_px[:count]
    )
    # The neutral is that of the whole track: of a part it would be estimated from fewer frames.
    neutral = neutral_of(track).astype(np.float32)
    points, valid = track.points[:count], track.valid[:count]
    return replace(track, points=points, pose=cut, valid=valid, neutral=neutral, raw_points_px=None)
