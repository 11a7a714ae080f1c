"""Films and sound, in and out of files."""

from lipstudy.media._film import Film, open_film, read_frames
from lipstudy.media._sound import Sound, read_sound, write_sound

__all__ = ["Film", "Sound", "open_film", "read_frames", "read_sound", "write_sound"]
