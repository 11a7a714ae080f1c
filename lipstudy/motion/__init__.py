"""The articulation scale: lip motion made smaller or larger."""

from lipstudy.motion._articulation import (
    MAX_ARTICULATION,
    OPERATORS,
    Articulated,
    check_articulation,
    scale_articulation,
)
from lipstudy.motion._limits import SpeakerLimits, speaker_limits
from lipstudy.motion._regions import articulation_weights, lip_columns

__all__ = [
    "MAX_ARTICULATION",
    "OPERATORS",
    "Articulated",
    "SpeakerLimits",
    "articulation_weights",
    "check_articulation",
    "lip_columns",
    "scale_articulation",
    "speaker_limits",
]
