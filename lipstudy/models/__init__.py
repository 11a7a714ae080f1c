"""Speech to lip motion."""

from lipstudy.models._door import MODELS, LoadedModel, load_model
from lipstudy.models._moving import LipMotionModel, frames_in, lip_points, move_lips
from lipstudy.models._viseme_model import VisemeModel
from lipstudy.models._viseme_motion import VisemeLipMotion, viseme_track
from lipstudy.models._visemes import VISEMES, Segment, segments_of

__all__ = [
    "MODELS",
    "VISEMES",
    "LipMotionModel",
    "LoadedModel",
    "Segment",
    "VisemeLipMotion",
    "VisemeModel",
    "frames_in",
    "lip_points",
    "load_model",
    "move_lips",
    "segments_of",
    "viseme_track",
]
