"""How loud a sound is, after EBU R 128, and the gain that brings it to a wanted loudness."""

import math

import numpy as np

from lipstudy.errors import InputError
from lipstudy.media._sound import Sound

__all__ = ["MAX_TRUE_PEAK_DBTP", "at_loudness", "loudest_lufs", "loudness_lufs", "true_peak_dbtp"]

MAX_TRUE_PEAK_DBTP = -1.0
"""What EBU R 128 allows a programme's true peak to be; above it codecs and players clip."""

_BLOCK_S = 0.4
_OVERSAMPLING = 4


def loudness_lufs(sound: Sound) -> float:
    """Return the integrated loudness of a sound.

    Unit: LUFS. Range: up to about 0; -inf for digital silence. A sound under 0.4 s is measured as one block.
    Source: EBU R 128 and ITU-R BS.1770-4, by pyloudnorm (Steinmetz & Reiss 2021).
    """
    import pyloudnorm

    if not np.any(sound.samples):
        return -math.inf
    # A block longer than the sound is refused; the filters want some samples to settle.
    block_s = min(_BLOCK_S, sound.duration_s)
    meter = pyloudnorm.Meter(sound.sr, block_size=block_s)
    with np.errstate(divide="ignore", invalid="ignore"):  # what lies under the gate has the logarithm of nothing
        return float(meter.integrated_loudness(sound.samples.astype(np.float64)))


def true_peak_dbtp(sound: Sound) -> float:
    """Return the true peak of a sound: of the waveform between its samples too.

    Unit: dB of full scale. Range: -inf for digital silence, up to a few dB over 0.
    Source: ITU-R BS.1770-4 annex 2, fourfold oversampling.
    """
    from scipy.signal import resample_poly

    peak = float(np.abs(resample_poly(sound.samples.astype(np.float64), _OVERSAMPLING, 1)).max(initial=0.0))
    return 20 * math.log10(peak) if peak > 0 else -math.inf


def loudest_lufs(sound: Sound) -> float:
    """Return the loudness that a sound can have by a gain alone, its true peak at MAX_TRUE_PEAK_DBTP.

    Unit: LUFS. Range: inf for digital silence.
    """
    own_lufs = loudness_lufs(sound)
    return own_lufs - true_peak_dbtp(sound) + MAX_TRUE_PEAK_DBTP if math.isfinite(own_lufs) else math.inf


def at_loudness(sound: Sound, *, lufs: float, what: str) -> Sound:
    """Return a sound multiplied so that its integrated loudness is `lufs`; digital silence stays as it is.

    Parameters
    ----------
    sound : Sound
        The sound.
    lufs : float
        Loudness wanted, LUFS.
    what : str
        Which sound it is, for the message.

    Raises
    ------
    InputError
        If its true peak would then exceed MAX_TRUE_PEAK_DBTP: no limiter is put on speech.
    """
    own_lufs = loudness_lufs(sound)
    if not math.isfinite(own_lufs):
        return sound
    gain_db = lufs - own_lufs
    peak_dbtp = true_peak_dbtp(sound) + gain_db
    if peak_dbtp > MAX_TRUE_PEAK_DBTP:
        possible = math.floor(10 * (lufs - peak_dbtp + MAX_TRUE_PEAK_DBTP)) / 10
        raise InputError(
            f"{what} would peak at {peak_dbtp:+.1f} dBTP if it were as loud as {lufs:g} LUFS, {MAX_TRUE_PEAK_DBTP:g} is"
            f" allowed: set 'loudness_lufs: {possible:g}' in the recipe"
        )
    return Sound((sound.samples * np.float32(10 ** (gain_db / 20))).astype(np.float32), sound.sr)
