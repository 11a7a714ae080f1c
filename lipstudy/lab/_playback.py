"""Playing clips: frames by the refreshes of the screen, sound at the moment of the first one, and both counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import LipstudyError
from lipstudy.lab._frame_plan import FrameCount, FramePlan
from lipstudy.lab._inputs import Input
from lipstudy.lab._speaker import SPEAKER_SR, Speaker
from lipstudy.lab._window import LabWindow, Sprite
from lipstudy.media import open_film, read_frames, read_sound
from lipstudy.records import Clip
from lipstudy.study import ClipFailedError

__all__ = ["ClipPlayed", "LoadedClip", "Played", "clip_size_px", "load_clip", "play", "trial_bytes"]

_LEAD_S = 0.25
"""From asking for the sound to the first frame: longer than the latency of any sound card in use."""

_PADDED_BYTES = 4
"""Bytes of a pixel in the graphics memory."""


@dataclass(frozen=True, slots=True)
class LoadedClip:
    """A clip whose frames lie in the graphics memory and whose speech is decoded."""

    clip: Clip
    sprite: Sprite
    speech: NDArray[np.float32] | None
    """(N,) samples at SPEAKER_SR, beginning with the first frame; None if the file has no sound."""

    def free(self) -> None:
        """Give the graphics memory back."""
        self.sprite.free()


@dataclass(frozen=True, slots=True)
class ClipPlayed:
    """One playing of one clip."""

    shown_frames: int
    """Frames that were on the screen."""
    dropped_frames: int
    """Frames that were not on the screen when they were due."""
    seen_s: float
    """Up to where it was played, seconds of the clip."""


@dataclass(frozen=True, slots=True)
class Played:
    """One playing of clips that begin together."""

    clips: tuple[ClipPlayed, ...]
    first_frame_s: float
    """When the first frames came to the screen, by the window's clock."""
    end_s: float
    """When the last frame left it, or when the playing was stopped."""
    av_offset_ms: float | None
    """Sound after picture; None if there was no sound, or nobody said when it began."""
    flip_times_s: tuple[float, ...]
    """When each picture of the playing came to the screen."""


def trial_bytes(clips: Sequence[Clip], sizes_px: Sequence[tuple[int, int]]) -> int:
    """Return the graphics memory that clips need which are shown together."""
    return sum(
        clip.frames * width * height * _PADDED_BYTES for clip, (width, height) in zip(clips, sizes_px, strict=True)
    )


def clip_size_px(clip: Clip, path: Path) -> tuple[int, int]:
    """Return width and height of a clip, by its manifest or else its file. Raises InputError if neither tells."""
    if clip.width_px is not None and clip.height_px is not None:
        return clip.width_px, clip.height_px
    film = open_film(path)
    return film.width_px, film.height_px


def load_clip(window: LabWindow, clip: Clip, path: Path, *, top_left_px: tuple[float, float]) -> LoadedClip:
    """Decode a clip: frames into the graphics memory, speech into samples.

    Raises
    ------
    ClipFailedError
        If the file is missing, cannot be decoded, or is not the clip that the manifest tells of.
    """
    sprite = None
    try:
        film = open_film(path)
        sprite = window.sprite(top_left_px, (film.width_px, film.height_px))
        for frame in read_frames(path):
            sprite.add(frame)
        speech = read_sound(path, sr=SPEAKER_SR).samples if film.has_sound else None
        if sprite.num_pictures != clip.frames:
            raise ClipFailedError(f"{clip.clip_id} has {sprite.num_pictures} frames, its manifest says {clip.frames}")
    except BaseException as error:
        if sprite is not None:
            sprite.free()
        if isinstance(error, LipstudyError | OSError):
            raise ClipFailedError(str(error)) from error
        raise
    return LoadedClip(clip, sprite, speech)


def play(
    window: LabWindow,
    clips: Sequence[LoadedClip],
    *,
    speaker: Speaker | None,
    on_inputs: Callable[[list[Input]], bool],
) -> Played:
    """Play clips that begin together, with the speech of the first that has any.

    Every flip shows the frame that is due at that refresh. A flip that comes late is noticed by its time: the refreshes
    missed are left out, so the picture stays with the sound, and the frames due in them are counted as dropped.

    Parameters
    ----------
    window : LabWindow
    clips : sequence of LoadedClip
    speaker : Speaker, optional
        Nothing is heard without one.
    on_inputs : callable
        Called at every refresh with what was done; a true answer stops the playing.

    Raises
    ------
    ClipFailedError
        If there is speech and the sound device never began to play it.
    """
    hz = window.rate.hz
    counts = [FrameCount(FramePlan(loaded.clip.frames, loaded.clip.fps, hz)) for loaded in clips]
    num_refreshes = max(count.plan.num_refreshes for count in counts)
    speech = next((loaded.speech for loaded in clips if loaded.speech is not None), None)
    if window.is_virtual or speech is None:
        speaker = None
    if speaker is not None and speech is not None:
        speaker.load(speech)
    times_s: list[float] = []
    refresh = 0
    stopped = False
    sound_s: float | None = None
    try:
        _lead_in(window, speaker)
        while refresh < num_refreshes and not stopped:
            frames = [count.plan.frame_at(refresh) for count in counts]
            for loaded, frame in zip(clips, frames, strict=True):
                if frame is not None:
                    loaded.sprite.draw(frame)
            times_s.append(window.flip(mark=refresh == 0))
            # Late flips in the lead-in move the whole picture; from the first frame on, its own time counts.
            shown_at = round((times_s[-1] - times_s[0]) * hz)
            for count, frame in zip(counts, frames, strict=True):
                count.note(frame, refresh=shown_at)
            refresh = max(refresh, shown_at) + 1
            if speaker is not None and sound_s is None:
                sound_s = speaker.started_s
            stopped = on_inputs(window.read_inputs())
        end_s = window.flip()
        if speaker is not None:
            sound_s = sound_s or speaker.started_s
    finally:
        if speaker is not None:
            speaker.stop()
    if speaker is not None and sound_s is None and not stopped:
        raise ClipFailedError(f"the sound device '{speaker.name}' did not play the speech of {_names(clips)}")
    return Played(
        tuple(_clip_played(count, stopped_s=end_s - times_s[0] if stopped else None) for count in counts),
        first_frame_s=times_s[0],
        end_s=end_s,
        av_offset_ms=None if sound_s is None else round((sound_s - times_s[0]) * 1000, 2),
        flip_times_s=(*times_s, end_s),
    )


def _lead_in(window: LabWindow, speaker: Speaker | None) -> None:
    """Ask for the sound at the flip that will show the first frame, and flip until just before it."""
    flips = max(2, round(_LEAD_S * window.rate.hz))
    begun_s = window.flip()
    due_s = begun_s + flips / window.rate.hz
    if speaker is not None:
        speaker.start_at(due_s)
    # The last flip before the first frame ends one refresh before it.
    while window.flip() < due_s - 1.5 / window.rate.hz:
        pass


def _names(clips: Sequence[LoadedClip]) -> str:
    return " and ".join(loaded.clip.clip_id for loaded in clips)


def _clip_played(count: FrameCount, *, stopped_s: float | None) -> ClipPlayed:
    duration_s = count.plan.num_frames / count.plan.fps
    seen_s = duration_s if stopped_s is None else min(duration_s, stopped_s)
    return ClipPlayed(count.shown_frames, count.dropped_frames, seen_s)
