"""A talking face made of numbers, and tracks of real recordings."""

from collections.abc import Callable

import numpy as np
import pytest

from lipstudy.face import MEDIAPIPE_478, HeadPose, LandmarkTrack, generic_neutral

Talk = Callable[..., LandmarkTrack]


@pytest.fixture(scope="session")
def talk() -> Talk:
    """Return a maker of tracks: a smooth random opening of the mouth, one for each seed, never in contact."""
    face = generic_neutral().astype(np.float64)

    def make(*, seed: int = 1, frames: int = 75, fps: float = 25) -> LandmarkTrack:
        rng = np.random.default_rng(seed)
        time = np.arange(frames)[:, None] / 25
        waves = np.sin(2 * np.pi * (rng.uniform(1, 4, 6) * time + rng.random(6)))
        opening, spread = 0.2 + 0.025 * waves[:, :3].sum(axis=1), 0.02 * waves[:, 3:].sum(axis=1)
        points = np.repeat(face[None], frames, axis=0)
        lips = list(MEDIAPIPE_478.subsets["lips-40"])
        pairs = (*MEDIAPIPE_478.inner_lip_pairs, *MEDIAPIPE_478.outer_lip_pairs)
        below = np.isin(lips, [lower for _, lower in pairs])
        points[:, lips, 1] += np.where(below, 0.7, -0.3) * opening[:, None]
        points[:, lips, 0] += np.sign(face[lips, 0]) * spread[:, None]
        return LandmarkTrack(
            points=points.astype(np.float32),
            fps=fps,
            topology=MEDIAPIPE_478,
            pose=HeadPose.still(frames),
            valid=np.ones(frames, bool),
        )

    return make


@pytest.fixture(scope="session")
def filmed(tracked: Callable[[str], LandmarkTrack]) -> list[LandmarkTrack]:
    """Return the tracks of three speakers of the GRID corpus."""
    return [tracked(name) for name in ("bbaf2n", "sbia1a", "lbbc2a")]
