"""What every clip must hold before it is shown to anyone."""

from lipstudy.media import ClipMeasures, Sound
from lipstudy.stimuli._looks import Looks

__all__ = ["CHECKS_VERSION", "MAX_OFFSET_MS", "clip_faults", "look_faults", "loudness_faults", "motion_faults"]

CHECKS_VERSION = "checks-1"
"""Changes when a clip is measured or judged in another way: clips made before are then made and checked again."""

MAX_OFFSET_MS = 1.0
"""Sound and picture of a clip start together to within this."""
_MAX_SOUND_DIFFERENCE_MS = 1.0
_MAX_LOUDNESS_DIFFERENCE_LU = 0.5

# What good clips measure stands in brackets: the portrait of the demo and restaged film of GRID, articulation 0 to 2.
_MAX_APERTURE_ERROR_IOD = 0.04
"""[0.003 to 0.016]"""
_MAX_ARTICULATION_ERROR = 0.5
"""Of the articulation found again. [up to 0.28 in a clip of a second, 0.16 in longer ones]"""
_MIN_CONTACTS_KEPT_SHARE = 0.8
"""[0.97 to 1]"""
_LEAST_CONTACTS = 5
_MAX_FLICKER_LEVELS = 1.0
"""[0 to 0.12]"""
_MIN_SHARPNESS_RATIO = 0.6
"""[0.94 to 1.06; more where a small film is enlarged]"""
_MAX_FOLDED_SHARE = 0.05
"""[0]"""


def clip_faults(measured: ClipMeasures, *, frames: int, fps: float, sound: Sound | None) -> list[str]:
    """Return what is wrong with a clip, in words; nothing if it is as it should be.

    Parameters
    ----------
    measured : ClipMeasures
        Read back from the file.
    frames : int
        Number of frames drawn.
    fps : float
        Frames per second wanted.
    sound : Sound or None
        The sound given; None if it is not known.
    """
    faults = []
    if measured.frames != frames:
        faults.append(f"it holds {measured.frames} frames, {frames} were drawn")
    if not measured.constant_frame_rate:
        faults.append("its frames are not equally far apart in time")
    if abs(measured.fps - fps) > 1e-3:
        faults.append(f"it plays at {measured.fps:.4f} frames per second, not {fps:.4f}")
    own_ms = 1000 * measured.sound_duration_s
    given_ms = own_ms if sound is None else 1000 * sound.duration_s
    if abs(own_ms - given_ms) > _MAX_SOUND_DIFFERENCE_MS:
        faults.append(f"the sound given lasts {given_ms:.1f} ms, its own {own_ms:.1f} ms")
    if not abs(measured.av_offset_ms) < MAX_OFFSET_MS:  # NaN, no sound at all, is a fault too
        faults.append(f"its sound starts {measured.av_offset_ms:+.2f} ms after its picture")
    return faults


def loudness_faults(measured_lufs: float | None, *, wanted_lufs: float | None) -> list[str]:
    """Return what is wrong with the loudness of a clip, in words; silence and speech as recorded have none wanted."""
    if measured_lufs is None or wanted_lufs is None:
        return []
    if abs(measured_lufs - wanted_lufs) <= _MAX_LOUDNESS_DIFFERENCE_LU:
        return []
    return [f"its loudness is {measured_lufs:.1f} LUFS, not {round(wanted_lufs, 1):g}"]


def motion_faults(*, crossing_frames: int, original_crossing_frames: int) -> list[str]:
    """Return what is wrong with the landmarks of a clip, in words; crossings of the recording itself are not."""
    more = crossing_frames - original_crossing_frames
    return [f"its lips cross in {_frames(more)}"] if more > 0 else []


def look_faults(looks: Looks, *, frames: int, folded_frames: int) -> list[str]:
    """Return what is wrong with the picture of a photo clip, in words.

    Parameters
    ----------
    looks : Looks
        What was found in the file.
    frames : int
        Number of frames drawn.
    folded_frames : int
        Frames whose warp turned over.
    """
    faults = []
    if looks.face_share < 1:
        missed = round((1 - looks.face_share) * looks.checked_frames)
        faults.append(f"no face is found in {missed} of {_frames(looks.checked_frames)}")
    error = looks.retracked_aperture_error_iod
    if error is not None and error > _MAX_APERTURE_ERROR_IOD:
        faults.append(f"the opening of the mouth misses the one asked for by {error:.3f} IOD")
    found, asked = looks.retracked_articulation, looks.asked_articulation
    if found is not None and asked is not None and abs(found - asked) > _MAX_ARTICULATION_ERROR:
        faults.append(f"an articulation of {found:.2f} is found in it, {asked:.2f} was asked for")
    kept = looks.retracked_contacts_kept_share
    if kept is not None and looks.contact_frames >= _LEAST_CONTACTS and kept < _MIN_CONTACTS_KEPT_SHARE:
        faults.append(f"only {100 * kept:.0f} % of the lip contacts are found closed")
    if looks.flicker_levels is not None and looks.flicker_levels > _MAX_FLICKER_LEVELS:
        faults.append(f"it flickers by {looks.flicker_levels:.1f} of 255 levels while the lips rest")
    if looks.sharpness_ratio is not None and looks.sharpness_ratio < _MIN_SHARPNESS_RATIO:
        faults.append(f"the lower face is blurred: {100 * looks.sharpness_ratio:.0f} % of its source's sharpness")
    if folded_frames > _MAX_FOLDED_SHARE * frames:
        faults.append(f"the picture folds in {_frames(folded_frames)} of {frames}")
    return faults


def _frames(count: int) -> str:
    return "1 frame" if count == 1 else f"{count} frames"
