"""A screen, a sound card and a small study for the tests of the lab."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lipstudy.media import Sound, encode_clip
from lipstudy.records import Clip, sha256_of_file, write_manifest, write_plan
from lipstudy.study import load_study, plan_study

ASOUND = """\
</usr/share/alsa/alsa.conf>
pcm.server { type pulse }
# The pulse plugin claims 32 channels; this binds two of them.
pcm.!default {
    type plug
    slave.pcm {
        type multi
        slaves.a { pcm "server" channels 2 }
        bindings.0 { slave a channel 0 }
        bindings.1 { slave a channel 1 }
    }
}
"""

PULSE = """\
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name=null rate=48000
set-default-sink null
"""


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """Return the name of a screen of 1280 x 1024 that this process may open windows on."""
    read, write = os.pipe()
    # Without -noreset it starts anew when its last window closes, and refuses whoever comes in that moment.
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=(write,),
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        name = f":{pipe.readline().strip()}"
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = name
    yield name
    if before is None:
        del os.environ["DISPLAY"]
    else:
        os.environ["DISPLAY"] = before
    server.terminate()
    server.wait()


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return an environment with a sound card that plays into nothing, and whose monitor can be recorded."""
    folder = tmp_path_factory.mktemp("sound")
    socket = folder / "socket"
    (folder / "pulse.pa").write_text(PULSE.format(socket=socket))
    (folder / "asound.conf").write_text(ASOUND)
    environment = {
        "XDG_RUNTIME_DIR": str(folder),
        "PULSE_SERVER": f"unix:{socket}",
        "PULSE_STATE_PATH": str(folder),
        "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
    }
    server = subprocess.Popen(
        ["pulseaudio", "-n", "-F", folder / "pulse.pa", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"],
        env=os.environ | environment,
        stderr=subprocess.DEVNULL,
    )
    end_s = time.monotonic() + 20
    while not socket.exists():
        assert time.monotonic() < end_s, "PulseAudio did not start"
        time.sleep(0.05)
    yield environment
    server.terminate()
    server.wait()


@pytest.fixture(scope="session")
def make_study(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return a maker of study folders with small clips: it takes lines of the study file, and returns that file."""

    def making(
        extra: str = "",
        *,
        frames: int = 10,
        fps: float = 25.0,
        side_px: int = 64,
        scales: tuple[float, ...] = (0.5, 1.0, 1.5),
        sentences: tuple[str, ...] = ("one", "two"),
        participants: int = 2,
        seed: int = 1,
    ) -> Path:
        folder = tmp_path_factory.mktemp("study")
        clips = []
        for place, sentence in enumerate(sentences):
            for scale in scales:
                name = f"{sentence}_{scale:g}"
                clips.append(_clip(folder, name, sentence, scale, frames, fps, side_px, 300.0 + 200 * place))
        write_manifest(folder / "clips.csv", clips)
        path = folder / "study.yaml"
        path.write_text(f"name: small\nclips: clips.csv\nparticipants: {participants}\n{extra}")
        write_plan(folder / "study.plan.csv", plan_study(load_study(path), clips, seed=seed))
        return path

    return making


def _clip(
    folder: Path, name: str, sentence: str, scale: float, frames: int, fps: float, side_px: int, hz: float
) -> Clip:
    path = folder / f"{name}.mp4"
    pictures = (np.full((side_px, side_px, 3), 40 + (number * 17) % 180, np.uint8) for number in range(frames))
    tone = np.sin(2 * np.pi * hz * np.arange(round(frames / fps * 16000)) / 16000) * 0.2
    encode_clip(path, pictures, fps=fps, sound=Sound(tone.astype(np.float32), 16000))
    return Clip(
        clip_id=name,
        path=path.name,
        sha256=sha256_of_file(path),
        speaker="anna",
        sentence=sentence,
        articulation=scale,
        operator="rest",
        embodiment="landmarks",
        source="landmarks",
        model="visemes",
        fps=fps,
        frames=frames,
        duration_s=frames / fps,
        av_offset_ms=0,
        renderer_version="1",
        width_px=side_px,
        height_px=side_px,
    )


@pytest.fixture(scope="session")
def press() -> Callable[[str, str], None]:
    """Return what presses a key on a display, as a keyboard does: a real event of the X server."""
    xdotool = shutil.which("xdotool")

    def pressing(display: str, key: str) -> None:
        subprocess.run([xdotool, "key", key], env=os.environ | {"DISPLAY": display}, check=True)

    return pressing


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return what starts a program in the background; it is ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def starting(arguments: list[str], **options: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(arguments, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        running.append(process)
        return process

    yield starting
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
