"""What every clip must hold before it is shown to anyone."""

from lipstudy.media import ClipMeasures, Sound

__all__ = ["MAX_OFFSET_MS", "clip_faults"]

MAX_OFFSET_MS = 1.0
"""Sound and picture of a clip start together to within this."""
_MAX_SOUND_DIFFERENCE_MS = 1.0


def clip_faults(measured: ClipMeasures, *, frames: int, fps: float, sound: Sound) -> list[str]:
    """Return what is wrong with a clip, in words; nothing if it is as it should be.

    Parameters
    ----------
    measured : ClipMeasures
        Read back from the file.
    frames : int
        Number of frames drawn.
    fps : float
        Frames per second wanted.
    sound : Sound
        The sound given.
    """
    faults = []
    if measured.frames != frames:
        faults.append(f"it holds {measured.frames} frames, {frames} were drawn")
    if not measured.constant_frame_rate:
        faults.append("its frames are not equally far apart in time")
    if abs(measured.fps - fps) > 1e-3:
        faults.append(f"it plays at {measured.fps:.4f} frames per second, not {fps:.4f}")
    given_ms, own_ms = 1000 * sound.duration_s, 1000 * measured.sound_duration_s
    if abs(own_ms - given_ms) > _MAX_SOUND_DIFFERENCE_MS:
        faults.append(f"the sound given lasts {given_ms:.1f} ms, its own {own_ms:.1f} ms")
    if not abs(measured.av_offset_ms) < MAX_OFFSET_MS:  # NaN, no sound at all, is a fault too
        faults.append(f"its sound starts {measured.av_offset_ms:+.2f} ms after its picture")
    return faults
