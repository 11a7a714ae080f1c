"""Moving a photograph or a filmed face costs little more than encoding it; two processes do nearly twice the work."""

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from lipstudy.clips import (
    LandmarkStyle,
    PhotoFace,
    open_film_face,
    render_film_face,
    render_landmarks,
    render_photograph,
)
from lipstudy.face import LandmarkTrack, track_film
from lipstudy.media import encode_clip
from lipstudy.models import viseme_track
from lipstudy.speech import synthesise

pytestmark = pytest.mark.benchmark

SIZE_PX = 512
TEXT = "We threw the blue umbrella up, and both brown boats came back empty."
Frames = Iterator[np.ndarray]


@pytest.fixture(scope="module")
def track() -> LandmarkTrack:
    utterance = synthesise(TEXT)
    return viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=25)


@pytest.fixture(scope="module")
def astronaut_face() -> PhotoFace:
    from skimage.data import astronaut

    return PhotoFace.of(astronaut())


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def share_of_the_encoders_rate(frames: Callable[[], Frames], folder: Path) -> float:
    """Return the best of three: encoding ready frames, over drawing and encoding them."""
    drawn = list(frames())
    shares = []
    for _ in range(3):
        alone_s = seconds(lambda: encode_clip(folder / "a.mp4", drawn, fps=25, sound=None))
        both_s = seconds(lambda: encode_clip(folder / "b.mp4", frames(), fps=25, sound=None))
        shares.append(alone_s / both_s)
    print(f"{len(drawn)} frames, encoding over drawing and encoding: {np.round(shares, 3)}")
    return max(shares)


def test_a_photograph_is_moved_at_seven_tenths_of_the_encoders_own_rate(
    track: LandmarkTrack, astronaut_face: PhotoFace, tmp_path: Path
) -> None:
    assert share_of_the_encoders_rate(lambda: render_photograph(astronaut_face, track, size_px=SIZE_PX), tmp_path) > 0.7


@pytest.mark.needs_shared_data
def test_a_filmed_face_is_moved_at_seven_tenths_of_the_encoders_own_rate(
    track: LandmarkTrack, grid: Path, tmp_path: Path
) -> None:
    film = grid / "lrwp9a.mpg"
    face = open_film_face(film, track_film(film))
    assert share_of_the_encoders_rate(lambda: render_film_face(face, track, size_px=SIZE_PX), tmp_path) > 0.7


def made(job: tuple[str, Path]) -> None:
    from skimage.data import astronaut

    embodiment, path = job
    utterance = synthesise(TEXT)
    track = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=25)
    if embodiment == "landmarks":
        frames = render_landmarks(track, style=LandmarkStyle(), size_px=SIZE_PX)
    else:
        frames = render_photograph(PhotoFace.of(astronaut()), track, size_px=SIZE_PX)
    encode_clip(path, frames, fps=25, sound=None)


@pytest.mark.parametrize(("embodiment", "cores"), [("landmarks", 2), ("photo", 4)])
def test_two_processes_make_clips_at_nearly_twice_the_rate_of_one(embodiment: str, cores: int, tmp_path: Path) -> None:
    if (os.cpu_count() or 1) < cores:
        # Drawing a photograph and encoding it fill two cores by themselves.
        pytest.skip(f"two processes that make {embodiment} clips need {cores} cores, there are {os.cpu_count()}")
    jobs = [(embodiment, tmp_path / f"{number}.mp4") for number in range(4)]
    ratios = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        list(pool.map(made, jobs))  # both have their libraries loaded
        for _ in range(3):
            one_s = seconds(lambda: [pool.submit(made, job).result() for job in jobs])
            two_s = seconds(lambda: list(pool.map(made, jobs)))
            ratios.append(one_s / two_s)
    print(f"{embodiment}, one process over two: {np.round(ratios, 2)}")
    assert max(ratios) > 1.8
