"""The articulation scale: lip motion made smaller or larger."""

from lipstudy.motion._articulation import Articulated, check_articulation, scale_articulation
from lipstudy.motion._articulators import ARTICULATORS, articulators_of
from lipstudy.motion._limits import SpeakerLimits, speaker_limits
from lipstudy.motion._match import Matched, match_articulation
from lipstudy.motion._operators import MAX_ARTICULATION, OPERATORS
from lipstudy.motion._regions import articulation_weights, lip_columns

__all__ = [
    "ARTICULATORS",
    "MAX_ARTICULATION",
    "OPERATORS",
    "Articulated",
    "Matched",
    "SpeakerLimits",
    "articulation_weights",
    "articulators_of",
    "check_articulation",
    "lip_columns",
    "match_articulation",
    "scale_articulation",
    "speaker_limits",
]
