"""A film's track shows what the tracker saw, without its noise, and tells of what it did not see."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import find_peaks

from lipstudy.errors import InputError
from lipstudy.face import (
    MAX_GAP_S,
    MEDIAPIPE_478,
    LandmarkTrack,
    inner_lip_gaps,
    is_track_of,
    lip_aperture,
    lips_in_contact,
    save_track,
    track_film,
)
from lipstudy.media import encode_clip

FPS = 25.0
UPPER, LOWER = MEDIAPIPE_478.inner_lip_centres
RIGHT, LEFT = MEDIAPIPE_478.outer_eye_corners


@pytest.fixture(scope="module")
def grid_tracks(grid: Path, tracked: Callable[[str], LandmarkTrack]) -> dict[str, LandmarkTrack]:
    return {clip.stem: tracked(clip.stem) for clip in sorted(grid.glob("*.mpg"))}


@pytest.fixture(scope="module")
def portrait(photograph: np.ndarray) -> np.ndarray:
    return photograph[0:256, 96:352]


def film_of(path: Path, frames: list[np.ndarray]) -> Path:
    encode_clip(path, frames, fps=FPS, sound=None, preset="veryfast")
    return path


def aperture_of(points: np.ndarray) -> np.ndarray:
    """Return the distance of the inner-lip centres over that of the outer eye corners, per frame."""
    lips = np.linalg.norm(points[:, LOWER] - points[:, UPPER], axis=-1)
    return lips / np.linalg.norm(points[:, LEFT] - points[:, RIGHT], axis=-1)


def lag_frames(one: np.ndarray, other: np.ndarray) -> float:
    """Return by how much `one` follows `other`: the vertex of the parabola through the best correlation."""
    score = np.correlate(one - one.mean(), other - other.mean(), mode="full")
    best = int(np.argmax(score))
    before, at, after = score[best - 1 : best + 2]
    return best - (len(other) - 1) + (before - after) / 2 / (before - 2 * at + after)


def in_the_picture(points: np.ndarray) -> np.ndarray:
    return points[..., :2]


def in_depth(points: np.ndarray) -> np.ndarray:
    return points


def test_lag_is_measured_to_a_few_hundredths_of_a_frame() -> None:
    time = np.arange(75)
    bump = np.exp(-(((time - 40) / 4) ** 2))
    assert lag_frames(bump, bump) == pytest.approx(0, abs=1e-9)
    assert lag_frames(np.exp(-(((time - 40.4) / 4) ** 2)), bump) == pytest.approx(0.4, abs=0.03)


def test_a_track_is_known_by_the_bytes_of_its_film(tmp_path: Path, portrait: np.ndarray) -> None:
    film = film_of(tmp_path / "talk.mp4", [portrait] * 3)
    path, track = tmp_path / "talk.track.npz", track_film(film)
    assert not is_track_of(path, film)
    save_track(path, track)
    assert is_track_of(path, film)
    renamed = film.rename(tmp_path / "again.mp4")
    assert is_track_of(path, renamed)
    assert not is_track_of(path, film_of(tmp_path / "other.mp4", [portrait] * 4))


@pytest.mark.parametrize("changed", [{"stage": "articulate"}, {"lipstudy": "0.0.1"}, {"inputs": None}])
def test_what_was_made_otherwise_is_no_track_of_the_film(
    tmp_path: Path, portrait: np.ndarray, changed: dict[str, str | None]
) -> None:
    film = film_of(tmp_path / "talk.mp4", [portrait] * 3)
    track = track_film(film)
    save_track(tmp_path / "a.npz", track.with_points(track.points, provenance={**track.provenance, **changed}))
    assert not is_track_of(tmp_path / "a.npz", film)


@pytest.mark.needs_shared_data
def test_every_frame_of_grid_is_valid(grid_tracks: dict[str, LandmarkTrack]) -> None:
    assert len(grid_tracks) == 12
    for track in grid_tracks.values():
        assert track.num_frames == 75
        assert track.valid.all()
        assert track.frame_size_px == (360, 288)


@pytest.mark.needs_shared_data
@pytest.mark.parametrize("view", [in_the_picture, in_depth])
def test_aperture_neither_lags_nor_shrinks_against_the_tracker(grid_tracks: dict[str, LandmarkTrack], view) -> None:
    for name, track in grid_tracks.items():
        assert track.raw_points_px is not None
        seen, ours = aperture_of(view(track.raw_points_px)), aperture_of(view(track.points))
        peaks, _ = find_peaks(seen, prominence=0.03)
        kept = [ours[max(0, peak - 1) : peak + 2].max() / seen[peak] for peak in peaks]
        assert abs(lag_frames(ours, seen)) < 0.05, name
        assert np.corrcoef(ours, seen)[0, 1] > 0.98, name
        assert np.mean(kept) == pytest.approx(1, abs=0.05), name
        assert ours.max() / seen.max() == pytest.approx(1, abs=0.05), name


@pytest.mark.needs_shared_data
def test_jitter_is_less_and_no_contact_is_lost(grid_tracks: dict[str, LandmarkTrack]) -> None:
    from lipstudy.face import normalise_head

    lips = list(MEDIAPIPE_478.subsets["lips-40"])
    shares = []
    for track in grid_tracks.values():
        seen, _ = normalise_head(track.raw_points_px, MEDIAPIPE_478)
        jitter = [np.abs(np.diff(points[:, lips], 2, axis=0)).mean() for points in (track.points, seen)]
        shares.append(jitter[0] / jitter[1])
        assert not (lips_in_contact(seen, MEDIAPIPE_478) & ~lips_in_contact(track.points, MEDIAPIPE_478)).any()
        assert inner_lip_gaps(track.points, MEDIAPIPE_478).min() >= 0
    assert np.mean(shares) < 0.8


@pytest.mark.needs_shared_data
def test_track_lies_on_the_film(grid_tracks: dict[str, LandmarkTrack]) -> None:
    for track in grid_tracks.values():
        off_px = track.pose.to_pixels(track.points) - track.raw_points_px
        assert np.sqrt((off_px[..., :2] ** 2).sum(axis=-1)).mean() < 1


def test_track_tells_where_it_comes_from(tmp_path: Path, portrait: np.ndarray) -> None:
    from lipstudy import __version__
    from lipstudy.records import sha256_of_file

    film = film_of(tmp_path / "still.mp4", [portrait] * 6)
    done: list[tuple[int, int]] = []
    track = track_film(film, progress=lambda *state: done.append(state))
    assert done == [(frame, 6) for frame in range(1, 7)]
    assert track.provenance["stage"] == "track"
    assert track.provenance["lipstudy"] == __version__
    assert track.provenance["inputs"] == {"still.mp4": sha256_of_file(film)}


def test_film_of_three_frames_is_tracked(tmp_path: Path, portrait: np.ndarray) -> None:
    track = track_film(film_of(tmp_path / "short.mp4", [portrait] * 3))
    assert track.num_frames == 3
    assert lip_aperture(track.points, MEDIAPIPE_478) == pytest.approx(0.11, abs=0.03)
    assert track.neutral is not None
    assert lip_aperture(track.neutral, MEDIAPIPE_478) == 0


def test_short_gaps_are_interpolated_and_marked(tmp_path: Path, portrait: np.ndarray) -> None:
    frames = [np.roll(portrait, 2 * number, axis=1) for number in range(12)]
    missing = [0, 5, 6, 7, 11]
    for number in missing:
        frames[number] = np.zeros_like(portrait)
    track = track_film(film_of(tmp_path / "blink.mp4", frames))
    assert np.flatnonzero(~track.valid).tolist() == missing
    assert np.isnan(track.raw_points_px[missing]).all()
    assert np.isfinite(track.points).all()
    nose_px = track.pose.to_pixels(track.points)[:, 4, 0]
    assert np.diff(nose_px[4:9]) == pytest.approx(2, abs=0.7)


def test_longer_gaps_are_refused_with_their_frames(tmp_path: Path, portrait: np.ndarray) -> None:
    dark = np.zeros_like(portrait)
    too_long = int(MAX_GAP_S * FPS) + 1
    film = film_of(tmp_path / "away.mp4", [portrait] * 4 + [dark] * too_long + [portrait] * 3 + [dark] * 9)
    with pytest.raises(InputError, match=r"away\.mp4 shows no face in frames 4 to 9 and frames 13 to 21: gaps of up"):
        track_film(film)


def test_film_without_a_face_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (4, 96, 128, 3), np.uint8)
    with pytest.raises(InputError, match=r"noise\.mp4: no face is found in the film \(128 x 96 pixels\)"):
        track_film(film_of(tmp_path / "noise.mp4", list(noise)))


@pytest.mark.parametrize("whole", [True, False])
def test_film_with_two_faces_is_refused(
    tmp_path: Path, photograph: np.ndarray, portrait: np.ndarray, whole: bool
) -> None:
    one = photograph if whole else portrait
    film = film_of(tmp_path / "pair.mp4", [np.hstack([one, one[:, ::-1]])] * 4)
    with pytest.raises(InputError, match=r"pair\.mp4.* shows more than one face"):
        track_film(film)


def test_second_face_that_comes_later_is_named_with_its_frames(tmp_path: Path, portrait: np.ndarray) -> None:
    alone, both = np.hstack([portrait, np.zeros_like(portrait)]), np.hstack([portrait, portrait])
    film = film_of(tmp_path / "visit.mp4", [alone] * 6 + [both] * 4)
    with pytest.raises(InputError, match=r"visit\.mp4 shows more than one face in frame 6"):
        track_film(film)


def test_stray_second_face_does_not_take_over(tmp_path: Path, portrait: np.ndarray) -> None:
    alone, both = np.hstack([portrait, np.zeros_like(portrait)]), np.hstack([portrait, portrait])
    frames = [alone] * 30 + [both] + [alone] * 29
    track = track_film(film_of(tmp_path / "stray.mp4", frames))
    assert track.valid.all()
    assert np.ptp(track.raw_points_px[:, 4, 0]) < 5
