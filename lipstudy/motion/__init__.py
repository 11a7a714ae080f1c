"""Speech to lip motion, and the articulation scale."""

from lipstudy.motion._articulation import (
    MAX_ARTICULATION,
    OPERATORS,
    Articulated,
    check_articulation,
    scale_articulation,
)
from lipstudy.motion._regions import articulation_weights
from lipstudy.motion._viseme_model import viseme_track
from lipstudy.motion._visemes import VISEMES, Segment, segments_of

__all__ = [
    "MAX_ARTICULATION",
    "OPERATORS",
    "VISEMES",
    "Articulated",
    "Segment",
    "articulation_weights",
    "check_articulation",
    "scale_articulation",
    "segments_of",
    "viseme_track",
]
