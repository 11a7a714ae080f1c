"""The track and its file."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lipstudy.errors import InputError, OutputError
from lipstudy.face import MEDIAPIPE_478, HeadPose, LandmarkTrack, load_track, save_track

FRAMES = 6


@pytest.fixture
def track(face: np.ndarray) -> LandmarkTrack:
    rng = np.random.default_rng(2)
    points = (face + rng.normal(0, 0.01, (FRAMES, *face.shape))).astype(np.float32)
    return LandmarkTrack(
        points=points,
        fps=29.97,
        topology=MEDIAPIPE_478,
        pose=HeadPose(rng.uniform(50, 60, FRAMES), np.tile(np.eye(3), (FRAMES, 1, 1)), rng.uniform(0, 9, (FRAMES, 3))),
        valid=np.array([True, True, False, True, True, True]),
        neutral=face.astype(np.float32),
        raw_points_px=(points * 60).astype(np.float32),
        frame_size_px=(360, 288),
        provenance={"stage": "track", "inputs": {"talk.mp4": "ab" * 32}},
    )


def saved_with(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def test_track_comes_back_as_it_was_saved(tmp_path: Path, track: LandmarkTrack) -> None:
    save_track(tmp_path / "a.track.npz", track)
    back = load_track(tmp_path / "a.track.npz")
    for name in ("points", "valid", "neutral", "raw_points_px"):
        assert np.array_equal(getattr(back, name), getattr(track, name))
    for name in ("scale_px", "rotation", "translation_px"):
        assert np.array_equal(getattr(back.pose, name), getattr(track.pose, name))
    assert (back.fps, back.topology, back.frame_size_px) == (29.97, MEDIAPIPE_478, (360, 288))
    assert back.provenance == track.provenance


def test_same_track_gives_the_same_bytes(tmp_path: Path, track: LandmarkTrack) -> None:
    save_track(tmp_path / "a.track.npz", track)
    save_track(tmp_path / "b.track.npz", track)
    assert (tmp_path / "a.track.npz").read_bytes() == (tmp_path / "b.track.npz").read_bytes()


def test_file_is_read_by_numpy_alone(tmp_path: Path, track: LandmarkTrack) -> None:
    save_track(tmp_path / "a.track.npz", track)
    with np.load(tmp_path / "a.track.npz", allow_pickle=False) as archive:
        assert archive["points"].shape == (FRAMES, 478, 3)
        assert float(archive["fps"]) == 29.97
        assert json.loads(str(archive["provenance"]))["stage"] == "track"


def test_track_of_somebody_else_needs_points_and_fps_only(tmp_path: Path, track: LandmarkTrack) -> None:
    back = load_track(saved_with(tmp_path / "own.npz", points=track.points.astype(np.float64), fps=25))
    assert back.points.dtype == np.float32
    assert back.valid.all()
    assert np.array_equal(back.pose.to_pixels(back.points), back.points)
    assert back.neutral is None


def test_duration_and_description(track: LandmarkTrack) -> None:
    assert track.num_frames == FRAMES
    assert track.duration_s == pytest.approx(6 / 29.97)
    assert repr(track) == "LandmarkTrack(6 frames, 0.20 s at 29.97 fps, mediapipe-478)"


def test_other_points_leave_the_raw_ones_behind(track: LandmarkTrack) -> None:
    moved = track.with_points(track.points.astype(np.float64) + 1)
    assert moved.points.dtype == np.float32
    assert moved.raw_points_px is None
    assert moved.pose is track.pose


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"fps": 25}, "holds no 'points'"),
        ({"points": np.zeros((4, 478, 3))}, "holds no 'fps'"),
        ({"points": np.zeros((4, 468, 3)), "fps": 25}, "topology 'mediapipe-468' is unknown"),
        ({"points": np.zeros((4, 478, 3)), "fps": 25, "topology": "dlib-68"}, "topology 'dlib-68' is unknown"),
        ({"points": np.zeros((4, 100, 3)), "fps": 25, "topology": "mediapipe-478"}, "must be float32 of shape"),
        (
            {"points": np.zeros((4, 478)), "fps": 25},
            r"numbers of shape \(frames, points, 3\), got float64 of \(4, 478\)",
        ),
        ({"points": np.zeros((4, 478, 2)), "fps": 25}, "must be float32 of shape"),
        ({"points": np.full((4, 478, 3), np.nan), "fps": 25}, "points must be finite"),
        ({"points": np.zeros((4, 478, 3)), "fps": 0}, "fps must be a positive number, got 0"),
        ({"points": np.zeros((4, 478, 3)), "fps": np.nan}, "fps must be a positive number, got nan"),
        ({"points": np.zeros((4, 478, 3)), "fps": 25, "valid": np.ones(3, bool)}, "valid must be of shape"),
        ({"points": np.zeros((4, 478, 3)), "fps": 25, "neutral": np.zeros((3, 3))}, "neutral must be of shape"),
    ],
)
def test_unusable_track_is_refused_with_its_name_and_reason(tmp_path: Path, arrays: dict, said: str) -> None:
    with pytest.raises(InputError, match=rf"odd\.npz.*{said}"):
        load_track(saved_with(tmp_path / "odd.npz", **arrays))


@pytest.mark.parametrize("content", [b"", b"this is text", b"PK\x03\x04 broken archive"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.track.npz").write_bytes(content)
    with pytest.raises(InputError, match="is not a landmark track: make one with 'lipstudy track'"):
        load_track(tmp_path / "a.track.npz")


@pytest.mark.parametrize("place", [0.0, 0.05, 0.3, 0.6, 0.99])
def test_damaged_archive_is_refused(tmp_path: Path, track: LandmarkTrack, place: float) -> None:
    save_track(tmp_path / "a.track.npz", track)
    data = bytearray((tmp_path / "a.track.npz").read_bytes())
    begin = int(place * len(data))
    data[begin : begin + 100] = b"\xaa" * 100
    (tmp_path / "a.track.npz").write_bytes(data)
    with pytest.raises(InputError, match="is not a landmark track"):
        load_track(tmp_path / "a.track.npz")


def test_single_array_is_no_track(tmp_path: Path) -> None:
    np.save(tmp_path / "points.npy", np.zeros((4, 478, 3)))
    with pytest.raises(InputError, match="is not a landmark track"):
        load_track(tmp_path / "points.npy")


def test_pickles_are_not_opened(tmp_path: Path) -> None:
    path = saved_with(tmp_path / "evil.npz", points=np.array([{"a": 1}], dtype=object), fps=25)
    with pytest.raises(InputError, match="is not a landmark track"):
        load_track(path)


def test_missing_track_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file .*gone\.track\.npz: a landmark track"):
        load_track(tmp_path / "gone.track.npz")


def test_track_is_not_written_under_a_file(tmp_path: Path, track: LandmarkTrack) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot write"):
        save_track(tmp_path / "file" / "a.track.npz", track)


def test_track_checks_what_it_is_given(track: LandmarkTrack) -> None:
    with pytest.raises(ValueError, match="float32"):
        replace(track, points=track.points.astype(np.float64))
    with pytest.raises(ValueError, match="pose must have 6 frames, got 2"):
        replace(track, pose=HeadPose.still(2))
    with pytest.raises(ValueError, match="raw_points_px must be of shape"):
        replace(track, raw_points_px=np.zeros((2, 478, 3), np.float32))
