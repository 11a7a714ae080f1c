"""Films and sound, in and out of files."""

from lipstudy.media._encoder import ENCODER_VERSION, encode_clip
from lipstudy.media._film import Film, open_film, read_frames
from lipstudy.media._loudness import (
    MAX_TRUE_PEAK_DBTP,
    at_loudness,
    loudest_lufs,
    loudness_lufs,
    true_peak_dbtp,
)
from lipstudy.media._measure import ClipMeasures, measure_clip
from lipstudy.media._silence import silent_stderr
from lipstudy.media._sound import (
    Sound,
    SoundCheck,
    check_sound,
    read_sound,
    resampled_blocks,
    sound_beside_picture,
    sound_blocks,
    write_sound,
)

__all__ = [
    "ENCODER_VERSION",
    "MAX_TRUE_PEAK_DBTP",
    "ClipMeasures",
    "Film",
    "Sound",
    "SoundCheck",
    "at_loudness",
    "check_sound",
    "encode_clip",
    "loudest_lufs",
    "loudness_lufs",
    "measure_clip",
    "open_film",
    "read_frames",
    "read_sound",
    "resampled_blocks",
    "silent_stderr",
    "sound_beside_picture",
    "sound_blocks",
    "true_peak_dbtp",
    "write_sound",
]
