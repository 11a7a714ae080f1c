"""Tracks that are written as they come."""

from pathlib import Path

import numpy as np
import pytest

from lipstudy.face import (
    MEDIAPIPE_478,
    HeadPose,
    LipMotion,
    generic_neutral,
    lip_displacement_rms,
    load_track,
    save_track_chunks,
)

RNG = np.random.default_rng(3)
POINTS = (generic_neutral() + RNG.normal(0, 0.02, (23, 478, 3))).astype(np.float32)


def save(path: Path, chunks: list[np.ndarray], *, num_frames: int = 23) -> None:
    save_track_chunks(
        path,
        chunks,
        num_frames=num_frames,
        fps=29.97,
        topology=MEDIAPIPE_478,
        neutral=generic_neutral(),
        provenance={"stage": "test"},
    )


def test_a_track_in_chunks_is_read_like_any_other(tmp_path: Path) -> None:
    save(tmp_path / "a.track.npz", [POINTS[:10], POINTS[10:11], POINTS[11:]])
    track = load_track(tmp_path / "a.track.npz")
    assert np.array_equal(track.points, POINTS)
    assert (track.fps, track.topology, dict(track.provenance)) == (29.97, MEDIAPIPE_478, {"stage": "test"})
    assert np.array_equal(track.neutral, generic_neutral())
    assert track.valid.all()
    assert np.array_equal(track.pose.rotation, HeadPose.still(23).rotation)


def test_the_same_track_gives_the_same_bytes(tmp_path: Path) -> None:
    save(tmp_path / "a.track.npz", [POINTS])
    save(tmp_path / "b.track.npz", [POINTS[:5], POINTS[5:]])
    assert (tmp_path / "a.track.npz").read_bytes() == (tmp_path / "b.track.npz").read_bytes()


@pytest.mark.parametrize("num_frames", [22, 24])
def test_another_number_of_frames_writes_nothing(tmp_path: Path, num_frames: int) -> None:
    with pytest.raises(ValueError, match=r"chunks must make "):
        save(tmp_path / "a.track.npz", [POINTS], num_frames=num_frames)
    assert not list(tmp_path.iterdir())


def test_lip_motion_in_chunks_is_that_of_the_whole() -> None:
    motion = LipMotion(MEDIAPIPE_478)
    for chunk in (POINTS[:1], POINTS[1:1], POINTS[1:9], POINTS[9:]):
        motion.add(chunk)
    assert motion.displacement_rms() == pytest.approx(lip_displacement_rms(POINTS, MEDIAPIPE_478), rel=1e-9)
    assert np.isnan(LipMotion(MEDIAPIPE_478).displacement_rms()).all()
