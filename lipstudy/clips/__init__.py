"""Tracks to frames: landmarks, a photograph, a filmed face, the film itself with other lips.

What needs torch is loaded when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lipstudy.clips._film_face import FilmFace, open_film_face
from lipstudy.clips._film_frames import FILM_FACE_RENDERER_VERSION, render_film_face
from lipstudy.clips._footage import Footage, open_footage
from lipstudy.clips._landmarks import LANDMARK_RENDERER_VERSION, LANDMARK_STYLES, LandmarkStyle, render_landmarks
from lipstudy.clips._photograph import PHOTOGRAPH_RENDERER_VERSION, PhotoFace, open_photograph, render_photograph
from lipstudy.clips._read_back import ReadBack, load_read_back, save_read_back
from lipstudy.clips._refinement import (
    REFINEMENT_VERSION,
    Refinement,
    RefinementVerdict,
    load_refinement,
    load_verdict,
    save_refinement,
)
from lipstudy.clips._refinement_judging import judged
from lipstudy.clips._refinement_pairs import MouthPairs, load_pairs, mouth_pairs, save_pairs, steps_for
from lipstudy.clips._restage import RESTAGE_RENDERER_VERSION, RESTAGED_CRF, restage_frames
from lipstudy.clips._restage_film import RestageJob, restage_film
from lipstudy.clips._warp import FaceWarp, WarpMap, on_one_thread

if TYPE_CHECKING:
    from lipstudy.clips._refinement_teaching import Lesson, refined_frames, teach

__all__ = [
    "FILM_FACE_RENDERER_VERSION",
    "LANDMARK_RENDERER_VERSION",
    "LANDMARK_STYLES",
    "PHOTOGRAPH_RENDERER_VERSION",
    "REFINEMENT_VERSION",
    "RESTAGED_CRF",
    "RESTAGE_RENDERER_VERSION",
    "FaceWarp",
    "FilmFace",
    "Footage",
    "LandmarkStyle",
    "Lesson",
    "MouthPairs",
    "PhotoFace",
    "ReadBack",
    "Refinement",
    "RefinementVerdict",
    "RestageJob",
    "WarpMap",
    "judged",
    "load_pairs",
    "load_read_back",
    "load_refinement",
    "load_verdict",
    "mouth_pairs",
    "on_one_thread",
    "open_film_face",
    "open_footage",
    "open_photograph",
    "refined_frames",
    "render_film_face",
    "render_landmarks",
    "render_photograph",
    "restage_film",
    "restage_frames",
    "save_pairs",
    "save_read_back",
    "save_refinement",
    "steps_for",
    "teach",
]

_LOADED_WHEN_USED = ("Lesson", "refined_frames", "teach")


def __getattr__(name: str) -> Any:
    if name not in _LOADED_WHEN_USED:
        raise AttributeError(f"module 'lipstudy.clips' has no attribute '{name}'")
    return getattr(import_module("lipstudy.clips._refinement_teaching"), name)
