"""Films and sound, in and out of files."""

from lipstudy.media._encoder import ENCODER_VERSION, encode_clip
from lipstudy.media._film import Film, open_film, read_frames
from lipstudy.media._measure import ClipMeasures, measure_clip
from lipstudy.media._sound import Sound, read_sound, write_sound

__all__ = [
    "ENCODER_VERSION",
    "ClipMeasures",
    "Film",
    "Sound",
    "encode_clip",
    "measure_clip",
    "open_film",
    "read_frames",
    "read_sound",
    "write_sound",
]
