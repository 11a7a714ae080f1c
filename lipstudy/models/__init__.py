"""Speech to lip motion."""

from lipstudy.models._viseme_model import viseme_track
from lipstudy.models._visemes import VISEMES, Segment, segments_of

__all__ = [
    "VISEMES",
    "Segment",
    "segments_of",
    "viseme_track",
]
