"""Sound at a wanted moment, through PsychoPy's low-latency engine, and when it really came."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.lab._psychopy import check_psychopy
from lipstudy.study import ClipFailedError

__all__ = ["SPEAKER_SR", "Speaker", "open_speaker"]

SPEAKER_SR = 48000
"""Samples per second of every sound that is played."""

_SHARED = ("default", "pulse", "pipewire", "sysdefault")
"""Names under which ALSA reaches a sound server."""

_LATENCY_CLASS = 1
"""PortAudio's low latency while other programs may still be heard; 2 and above take the card for themselves."""

_BUFFERED_S = 0.05
"""Sound that lies ready in the device. Starts are asked for long before, so this costs nothing; it bridges busy
moments: with PortAudio's own 10 ms one start in four came half a second late on a busy computer."""

_WARM_UPS = 8
_PUNCTUAL_S = 0.005


class Speaker:
    """An open sound device.

    The engine is PsychPortAudio, which PsychoPy's own sound is built on. It is spoken to directly, because PsychoPy's
    wrapper keeps to itself when a sound really started.
    """

    def __init__(self, stream: Any, *, name: str) -> None:
        """Wrap an open stream; `open_speaker` is the way in."""
        self._stream = stream
        self.name = name
        """The device, as the system names it."""

    def load(self, samples: NDArray[np.float32]) -> None:
        """Make ready to play `samples`, (N,) float32 at SPEAKER_SR, on both channels.

        Raises ClipFailedError if the device is gone.
        """
        with self._told():
            self._stream.fill_buffer(np.repeat(samples.astype(np.float32)[:, None], 2, axis=1))

    def start_at(self, time_s: float) -> None:
        """Let the sound be heard from `time_s` on, by the window's clock; returns at once.

        Raises ClipFailedError if the device is gone.
        """
        with self._told():
            self._stream.start(repetitions=1, when=time_s, wait_for_start=0)

    @property
    def started_s(self) -> float | None:
        """When the first sample left, by the device's own account; None before."""
        start_s = float(self._stream.status["StartTime"])
        return start_s or None

    @property
    def latency_s(self) -> float:
        """What the device says of its own latency; it is allowed for in every start."""
        return float(self._stream.status["PredictedLatency"])

    @property
    def num_gaps(self) -> int:
        """Times that the sound ran dry since it was started."""
        return int(self._stream.status["XRuns"])

    def stop(self) -> None:
        """Fall silent."""
        self._stream.stop(block_until_stopped=0)

    def warm_up(self) -> None:
        """Play silence until it starts when it should: the first sounds after opening may come a second late.

        Raises
        ------
        InputError
            If the device takes no sound, or never starts it in time.
        """
        from psychtoolbox import GetSecs

        self.load(np.zeros(SPEAKER_SR // 10, np.float32))
        late_s = float("inf")
        for _ in range(_WARM_UPS):
            due_s = float(GetSecs()) + 0.1
            self.start_at(due_s)
            started_s = self.wait_for_start(timeout_s=3)
            if started_s is None:
                break
            late_s = started_s - due_s
            time.sleep(0.15)  # to its end
            self.stop()
            if abs(late_s) < _PUNCTUAL_S:
                return
        remedy = "choose another with --sound-device, or unplug it and plug it in again"
        if late_s == float("inf"):
            raise InputError(f"the sound device '{self.name}' takes no sound: {remedy}")
        raise InputError(f"the sound device '{self.name}' starts every sound {late_s * 1000:.0f} ms late: {remedy}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what the engine raises when its device is gone into a clip that failed."""
        try:
            yield
        except Exception as error:
            raise ClipFailedError(f"the sound device '{self.name}' plays no more: is it still plugged in?") from error

    def wait_for_start(self, *, timeout_s: float) -> float | None:
        """Wait until the sound has started, and return when; None if it has not after `timeout_s`."""
        end_s = time.monotonic() + timeout_s
        while (started_s := self.started_s) is None and time.monotonic() < end_s:
            time.sleep(0.005)
        return started_s


@contextmanager
def open_speaker(name: str | None = None) -> Iterator[Speaker]:
    """Open a sound device, and close it at the end.

    Parameters
    ----------
    name : str, optional
        The device or a part of its name; the system's default if left out.

    Raises
    ------
    InputError
        If there is no device, none of that name, or it cannot be opened.
    """
    device = _chosen(_devices(name), name)
    from psychtoolbox import audio

    try:
        stream = audio.Stream(
            device["DeviceIndex"],
            mode=1,
            latency_class=_LATENCY_CLASS,
            freq=SPEAKER_SR,
            channels=2,
            suggested_latency=_BUFFERED_S,
        )
    except Exception as error:
        told = " ".join(str(error).split())
        raise InputError(
            f"the sound device '{device['DeviceName']}' cannot be opened for stereo at {SPEAKER_SR} Hz: {told}; close"
            " other programs that play sound, or choose another with --sound-device"
        ) from error
    try:
        stream.run_mode = 1  # stays awake between sounds, or each would start late
        speaker = Speaker(stream, name=str(device["DeviceName"]))
        speaker.warm_up()
        yield speaker
    finally:
        stream.close()


def _devices(name: str | None = None) -> list[Any]:
    check_psychopy()
    from psychtoolbox import audio

    audio.verbosity(0)
    if sys.platform == "linux" and (name is None or name in _SHARED):
        # Or the engine would halt the sound server as soon as it wakes up, and then play into it.
        audio.tune_engine([], [], [], 0)
    try:
        with _silenced():
            found = audio.get_devices()
    except Exception:  # the engine has one kind of error for everything, this one is for no sound card at all
        found = []
    return [device for device in found if device["NrOutputChannels"] >= 2]


@contextmanager
def _silenced() -> Iterator[None]:
    """Keep the engine, which is a C library, from printing; what is wrong is told in a sentence of our own."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        sys.stdout.flush()  # the engine prints through Python's own buffer
        for number, handle in enumerate(kept, start=1):
            os.dup2(handle, number)
            os.close(handle)


def _chosen(devices: list[Any], name: str | None) -> Any:
    if not devices:
        raise InputError(
            "this computer has no sound device: plug in headphones or a sound card, or give --no-sound-needed if the"
            " clips are silent"
        )
    names = [device["DeviceName"] for device in devices]
    if name is None:
        return devices[names.index("default")] if "default" in names else _default(devices)
    exact = [device for device in devices if device["DeviceName"] == name]
    found = exact or [device for device in devices if name.lower() in device["DeviceName"].lower()]
    if not found:
        raise InputError(f"there is no sound device '{name}': this computer has {', '.join(names)}")
    return found[0]


def _default(devices: list[Any]) -> Any:
    try:
        import sounddevice

        wanted = sounddevice.query_devices(kind="output")["name"]
    except Exception:  # no library, or no default: its errors are of many kinds, and the first device will do
        return devices[0]
    return next((device for device in devices if device["DeviceName"] == wanted), devices[0])
