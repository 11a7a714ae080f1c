"""What stands around the speech in a clip: a neutral face and silence before and after, a wanted loudness."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipstudy.face import HeadPose, LandmarkTrack, neutral_of
from lipstudy.media import Sound, at_loudness

__all__ = ["Surroundings"]

Frame = NDArray[np.uint8]

_TURN_S = 0.12
"""Lips take this long from the neutral to their first pose, and from the last one back."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How much stands before and after the speech, in whole frames, and how loud the speech is."""

    before_frames: int
    """Frames of neutral face before; restaged film holds its first frame."""
    after_frames: int
    """Frames of neutral face after; restaged film holds its last frame."""
    fps: float
    """Frames per second."""
    loudness_lufs: float | None
    """Loudness wanted; None leaves the sound as recorded."""

    def around_track(self, track: LandmarkTrack, *, held: bool = False) -> LandmarkTrack:
        """Return `track` with the neutral before and after, or with its first and last pose `held`."""
        before, after = self.before_frames, self.after_frames
        if not before and not after:
            return track
        points, neutral = track.points.astype(np.float64), neutral_of(track)
        turns = (np.ones(before), np.ones(after)) if held else (self._turn(before), self._turn(after)[::-1])
        lead_in = neutral + turns[0][:, None, None] * (points[0] - neutral)
        lead_out = neutral + turns[1][:, None, None] * (points[-1] - neutral)
        index = np.pad(np.arange(track.num_frames), (before, after), mode="edge")
        pose = track.pose
        return LandmarkTrack(
            points=np.concatenate([lead_in, points, lead_out]).astype(np.float32),
            fps=track.fps,
            topology=track.topology,
            pose=HeadPose(
                scale_px=pose.scale_px[index],
                rotation=pose.rotation[index],
                translation_px=pose.translation_px[index],
            ),
            valid=track.valid[index],
            neutral=track.neutral,
            provenance=track.provenance,
        )

    def around_frames(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """Yield `frames`, the first and the last of them held: film has no other neutral of its moving head."""
        last = next(frames, None)
        if last is None:
            return
        for _ in range(self.before_frames):
            yield last
        yield last
        for last in frames:
            yield last
        for _ in range(self.after_frames):
            yield last

    def around_sound(self, speech: Sound, *, what: str) -> Sound:
        """Return `speech` with silence around it as long as the frames around the picture, all of it at its loudness.

        Raises InputError if it would clip at that loudness; `what` names it.
        """
        whole = self.with_silence(speech)
        return whole if self.loudness_lufs is None else at_loudness(whole, lufs=self.loudness_lufs, what=what)

    def with_silence(self, speech: Sound) -> Sound:
        """Return `speech` as loud as it is, with silence around it as long as the frames around the picture."""
        around_s = (self.before_frames + self.after_frames) / self.fps
        begins = round(self.before_frames / self.fps * speech.sr)
        ends = round(around_s * speech.sr) - begins
        return Sound(np.pad(speech.samples, (begins, ends)), speech.sr)

    def _turn(self, num_frames: int) -> NDArray[np.float64]:
        """Return the share of the first pose, for each frame of the lead-in: 0, and a smooth rise at its end."""
        distance_s = np.arange(num_frames, 0, -1) / self.fps
        share = np.clip(1 - distance_s / _TURN_S, 0, 1)
        return np.asarray(share**2 * (3 - 2 * share))
