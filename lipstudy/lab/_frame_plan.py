"""Which refresh of the screen shows which frame of a clip: planned before, counted after."""

import math
from bisect import bisect_right
from dataclasses import dataclass, field

__all__ = ["FrameCount", "FramePlan"]


@dataclass(frozen=True, slots=True)
class FramePlan:
    """When each frame of a clip is due, in refreshes of the screen after its first frame."""

    num_frames: int
    """Frames of the clip."""
    fps: float
    """Frames per second of the clip."""
    screen_hz: float
    """Refreshes per second of the screen; not fewer than `fps`."""
    due: tuple[int, ...] = field(init=False)
    """The refresh at which each frame begins: the nearest to its time, so a frame is half a refresh off at most."""

    def __post_init__(self) -> None:
        if self.num_frames < 1:
            raise ValueError(f"FramePlan.num_frames must be 1 or more, got {self.num_frames}")
        # A measured 59.97 Hz shows a clip of 60 frames/s; one frame in 2,000 falls together with its neighbour.
        if not 0 < self.fps <= self.screen_hz * 1.01:
            raise ValueError(
                f"FramePlan.fps must be above 0 and not above the screen's {self.screen_hz:g} Hz, got {self.fps}"
            )
        due = tuple(math.floor(frame * self.screen_hz / self.fps + 0.5) for frame in range(self.num_frames))
        object.__setattr__(self, "due", due)

    @property
    def num_refreshes(self) -> int:
        """Refreshes from the first frame to the end of the last."""
        return max(self.due[-1] + 1, math.floor(self.num_frames * self.screen_hz / self.fps + 0.5))

    def frame_at(self, refresh: int) -> int | None:
        """Return the frame due at a refresh, counted from 0; None before the clip and after it."""
        if not 0 <= refresh < self.num_refreshes:
            return None
        return bisect_right(self.due, refresh) - 1


@dataclass(slots=True)
class FrameCount:
    """What a clip's playing really showed, held against the plan."""

    plan: FramePlan
    first_shown: dict[int, int] = field(default_factory=dict)
    """Frame -> the refresh at which it came to the screen."""

    def note(self, frame: int | None, *, refresh: int) -> None:
        """Note that `frame` was on the screen from `refresh` on."""
        if frame is not None:
            self.first_shown.setdefault(frame, refresh)

    @property
    def shown_frames(self) -> int:
        """Frames that were on the screen at all."""
        return len(self.first_shown)

    @property
    def dropped_frames(self) -> int:
        """Frames that were not on the screen when they were due: never shown, or late by a refresh or more."""
        never = self.plan.num_frames
        return sum(self.first_shown.get(frame, due + never) > due for frame, due in enumerate(self.plan.due))
