"""What the tests share: the switches that turn a missing part into a failure, and the real recordings."""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lipstudy.face import LandmarkTrack

_NEEDS = {
    "needs_shared_data": "FAIL_WITHOUT_SHARED_DATA",
    "needs_chromium": "FAIL_WITHOUT_CHROMIUM",
    "needs_gpu": "FAIL_WITHOUT_GPU",
    "needs_display": "FAIL_WITHOUT_DISPLAY",
    "needs_sound": "FAIL_WITHOUT_SOUND",
    "needs_r": "FAIL_WITHOUT_R",
}


def shared_data() -> Path:
    """Return the folder of real recordings."""
    return Path(os.environ.get("LIPSTUDY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def _missing(need: str) -> str | None:
    if need == "needs_shared_data" and not (shared_data() / "grid").is_dir():
        return f"no recordings in {shared_data()}"
    if need == "needs_r" and not (shutil.which("Rscript") and any(Path("/usr/lib/R").glob("*-library/lme4"))):
        return "no R with lme4: Debian's r-cran-lme4"
    if need == "needs_gpu" and not _has_gpu():
        return "no GPU that torch can use"
    if need == "needs_chromium" and not (shutil.which("chromium") and shutil.which("chromedriver")):
        return "no Chromium with its driver"
    if need == "needs_display":
        if find_spec("psychopy") is None:
            return "no PsychoPy: pip install 'lipstudy[lab]'"
        if not (shutil.which("Xvfb") and shutil.which("xdotool")):
            return "no Xvfb with xdotool"
    if need == "needs_sound" and not (shutil.which("pulseaudio") and shutil.which("parec") and _alsa_reaches_pulse()):
        return "no PulseAudio with its ALSA plugin, which gives a sound device to a computer without one"
    return None


def _alsa_reaches_pulse() -> bool:
    return any(Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so"))


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def pytest_runtest_setup(item: pytest.Item) -> None:
    for need, switch in _NEEDS.items():
        if item.get_closest_marker(need) is None:
            continue
        reason = _missing(need)
        if reason and os.environ.get(switch):
            pytest.fail(f"{reason}, and {switch} is set")
        if reason:
            pytest.skip(reason)


@pytest.fixture(scope="session")
def grid() -> Path:
    """Return the folder of GRID clips; a test that asks for it carries `needs_shared_data`."""
    return shared_data() / "grid"


@pytest.fixture(scope="session")
def tracked(grid: Path, tmp_path_factory: pytest.TempPathFactory) -> "Callable[[str], LandmarkTrack]":
    """Return what gives the track of a GRID clip by its name, made once for all processes of a run."""
    from lipstudy.face import load_track, save_track, track_film

    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "tracks of GRID"

    @cache
    def track(name: str) -> "LandmarkTrack":
        kept = folder / f"{name}.track.npz"
        if not kept.exists():
            save_track(kept, track_film(grid / f"{name}.mpg"))
        return load_track(kept)

    return track


@pytest.fixture
def run_r() -> Callable[..., str]:
    """Run a script in R and return what it prints; a test that asks for it carries `needs_r`."""

    def run(script: str, *arguments: object) -> str:
        words = ["Rscript", "-", *map(str, arguments)]
        return subprocess.run(words, input=script, capture_output=True, text=True, check=True).stdout

    return run
