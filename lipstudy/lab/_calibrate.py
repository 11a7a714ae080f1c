"""Calibration: what a machine shows and plays, how exactly, and what it cannot say of itself."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from lipstudy.execution import Progress
from lipstudy.lab._inputs import Input, KeyPress
from lipstudy.lab._page import clip_boxes
from lipstudy.lab._playback import LoadedClip, Played, play
from lipstudy.lab._run import Booth, machine_facts
from lipstudy.lab._speaker import SPEAKER_SR
from lipstudy.records import Clip, atomic_path, write_text
from lipstudy.study import IN_SYNC_MS, PauseAsked

__all__ = ["UNKNOWN", "Calibration", "PlayedRate", "calibrate", "write_calibration"]

_RATES = (25.0, 30.0)
_CLIP_S = 3.0

UNKNOWN = (
    "What the screen adds after the computer has handed a picture over: its electronics and the panel, usually 5 to 40"
    " ms. To measure it, start 'lipstudy calibrate --photodiode', hold a photodiode to the lower left corner of the"
    " screen, and record it together with the sound.",
    "What the sound card and the headphones add after the sound has left the computer: little by cable, 100 to 300 ms"
    " by Bluetooth. Never use wireless headphones. To measure it, record the headphone plug beside the photodiode: in"
    " each clip the first click comes with the first white corner.",
    "When a key really went down: keyboards are looked at by the system 100 to 1,000 times a second, and by this"
    " program once in each refresh of the screen. For answers that take a second this does not matter.",
    "Whether the sound that the device says it has played is loud enough to be heard: the sound check of the study"
    " asks the participant.",
)
"""In words: what no program on this computer can measure, and how to measure it."""


@dataclass(frozen=True, slots=True)
class PlayedRate:
    """What was found while two clips of one rate played beside each other."""

    fps: float
    """Frames per second of the clips."""
    playings: int
    frames: int
    """Frames that two clips should have shown, over all playings."""
    shown_frames: int
    """Frames that were on the screen at all."""
    dropped_frames: int
    """Frames that were not there when they were due."""
    late_flips: int
    """Flips that missed a refresh or more."""
    flips: int
    interval_ms: float
    """Median time between flips."""
    jitter_ms: float | None
    """Standard deviation of that time, late flips left out; None if all were late."""
    av_offsets_ms: tuple[float, ...]
    """Sound after picture in each playing, by the device's own account."""
    intervals_ms: tuple[float, ...]
    """The times between flips, one after the other."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was found on a machine."""

    at: str
    seconds: float
    size_px: int
    """Side of the clips."""
    machine: dict[str, Any]
    rates: tuple[PlayedRate, ...]
    complete: bool
    """False if it was stopped by Esc."""

    @property
    def findings(self) -> list[str]:
        """Return in words what was found, the worst first."""
        told = []
        if not self.machine["waits_for_screen"]:
            told.append(
                "BAD: pictures do not wait for the refresh of the screen. The times here are those of the computer's"
                " clock; when a picture was seen is not known. Turn vertical sync on in the graphics driver."
            )
        for rate in self.rates:
            share = rate.dropped_frames / max(1, rate.frames)
            word = "GOOD" if share <= 0.001 else "BAD" if share > 0.01 else "FAIR"
            told.append(
                f"{word}: {rate.dropped_frames} of {rate.frames} frames dropped at {rate.fps:g} frames/s"
                f" ({rate.late_flips} of {rate.flips} flips late, {_jitter(rate.jitter_ms)})."
            )
        told += self._about_sound()
        return sorted(told, key=lambda line: ("BAD", "FAIR", "GOOD").index(line.split(":")[0]))

    def _about_sound(self) -> list[str]:
        offsets = [offset for rate in self.rates for offset in rate.av_offsets_ms]
        if not offsets:
            return ["BAD: no sound was played: there is no sound device."]
        worst = max(offsets, key=abs)
        word = "GOOD" if abs(worst) <= IN_SYNC_MS / 2 else "FAIR" if abs(worst) <= IN_SYNC_MS else "BAD"
        return [
            f"{word}: sound started {median(offsets):+.1f} ms after the picture (median of {len(offsets)}; the furthest"
            f" {worst:+.1f} ms; rows over {IN_SYNC_MS:g} ms are marked), by what the sound device says of itself."
        ]


def calibrate(
    booth: Booth, *, seconds: float = 60.0, size_px: int = 512, progress: Progress | None = None
) -> Calibration:
    """Play two clips beside each other, at 25 and at 30 frames per second, and count what came when.

    Parameters
    ----------
    booth : Booth
        With or without a speaker.
    seconds : float > 0
        How long in all.
    size_px : int > 0
        Side of the two square clips.
    progress : callable, optional
        Called with clips played and clips in all.

    Raises
    ------
    InputError
        If two clips of that size do not fit the screen.
    """
    window = booth.window
    boxes = clip_boxes([(size_px, size_px)] * 2, window.size_px, together=True, scale=False)
    rounds = max(1, math.ceil(seconds / len(_RATES) / _CLIP_S))
    rates: list[PlayedRate] = []
    stopped = False
    done = 0
    for fps in _RATES:
        loaded = [_test_clip(booth, fps, size_px, (box.left_px, box.top_px), side) for side, box in enumerate(boxes)]
        played: list[Played] = []
        try:
            while len(played) < rounds and not stopped:
                try:
                    played.append(play(window, loaded, speaker=booth.speaker, on_inputs=_escape))
                except PauseAsked:
                    stopped = True
                done += 1
                if progress is not None:
                    progress(done, rounds * len(_RATES))
        finally:
            for one in loaded:
                one.free()
        if played:
            rates.append(_summed(fps, loaded[0].clip.frames, played, window.rate.hz))
    at = datetime.now().astimezone().isoformat(timespec="seconds")
    return Calibration(at, seconds, size_px, machine_facts(booth), tuple(rates), complete=not stopped)


def write_calibration(path: Path, calibration: Calibration) -> Path:
    """Write a calibration as JSON, and beside it a picture of every flip; return the picture. Raises OutputError."""
    told = asdict(calibration) | {"findings": calibration.findings, "unknown": list(UNKNOWN)}
    write_text(path, json.dumps(told) + "\n")
    picture = path.with_suffix(".png")
    _draw_flips(picture, calibration)
    return picture


def _draw_flips(path: Path, calibration: Calibration) -> None:
    """Draw the time before each flip: a calm screen is one line, each point above it a refresh that was missed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 2.6 * len(calibration.rates)), layout="constrained")
    period_ms = 1000 / calibration.machine["screen_hz"]
    panels = figure.subplots(len(calibration.rates), 1, squeeze=False)[:, 0]
    for panel, rate in zip(panels, calibration.rates, strict=True):
        panel.axhline(1.5 * period_ms, color="0.7", linewidth=1)
        panel.plot(rate.intervals_ms, ".", markersize=3, color="#2f6f9f")
        panel.set_ylim(0, max(3 * period_ms, 1.05 * max(rate.intervals_ms)))
        panel.set_ylabel("ms")
        told = f"{rate.fps:g} frames/s: {rate.late_flips} of {rate.flips} flips late (above the line), "
        panel.set_title(f"{told}{rate.dropped_frames} of {rate.frames} frames dropped", fontsize=10, loc="left")
    panels[-1].set_xlabel("flip")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)


def _jitter(jitter_ms: float | None) -> str:
    return "all" if jitter_ms is None else f"jitter {jitter_ms:.2f} ms"


def _escape(inputs: list[Input]) -> bool:
    if any(isinstance(done, KeyPress) and done.key == "escape" for done in inputs):
        raise PauseAsked
    return False


def _test_clip(booth: Booth, fps: float, size_px: int, top_left_px: tuple[float, float], side: int) -> LoadedClip:
    """Return a clip that is made, not read: a bar that wanders, noise that no driver can skip, a click a second."""
    frames = round(_CLIP_S * fps)
    sprite = booth.window.sprite(top_left_px, (size_px, size_px))
    noise = np.random.default_rng(side).integers(90, 110, (size_px, size_px, 3), dtype=np.uint8)
    for frame in range(frames):
        picture = np.roll(noise, frame * 7, axis=1)
        left_px = int(frame / frames * size_px)
        picture[:, left_px : left_px + max(2, size_px // 24)] = 235
        sprite.add(picture)
    speech = np.zeros(round(_CLIP_S * SPEAKER_SR), np.float32)
    click = np.hanning(96).astype(np.float32) * np.where(np.arange(96) % 16 < 8, 0.3, -0.3).astype(np.float32)
    for second in range(int(_CLIP_S)):
        speech[second * SPEAKER_SR : second * SPEAKER_SR + len(click)] = click
    clip = Clip(
        clip_id=f"test{side}",
        path=f"test{side}.mp4",
        sha256="0" * 64,
        speaker="test",
        sentence="test",
        articulation=1,
        operator="rest",
        embodiment="landmarks",
        source="landmarks",
        model="none",
        fps=fps,
        frames=frames,
        duration_s=frames / fps,
        av_offset_ms=0,
        renderer_version="0",
    )
    return LoadedClip(clip, sprite, speech if side == 0 else None)


def _summed(fps: float, frames: int, played: Sequence[Played], hz: float) -> PlayedRate:
    intervals = np.concatenate([np.diff(one.flip_times_s) for one in played])
    late = intervals > 1.5 / hz
    offsets = tuple(one.av_offset_ms for one in played if one.av_offset_ms is not None)
    return PlayedRate(
        fps=fps,
        playings=len(played),
        frames=frames * sum(len(one.clips) for one in played),
        shown_frames=sum(clip.shown_frames for one in played for clip in one.clips),
        dropped_frames=sum(clip.dropped_frames for one in played for clip in one.clips),
        late_flips=int(late.sum()),
        flips=len(intervals),
        interval_ms=round(float(np.median(intervals)) * 1000, 3),
        jitter_ms=round(float(intervals[~late].std()) * 1000, 3) if (~late).any() else None,
        av_offsets_ms=offsets,
        intervals_ms=tuple(round(float(interval) * 1000, 3) for interval in intervals),
    )
