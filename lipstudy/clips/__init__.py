"""Tracks to frames: landmarks, a photograph, a filmed face, the film itself with other lips."""

from lipstudy.clips._film_face import FILM_FACE_RENDERER_VERSION, FilmFace, open_film_face, render_film_face
from lipstudy.clips._landmarks import LANDMARK_RENDERER_VERSION, LANDMARK_STYLES, LandmarkStyle, render_landmarks
from lipstudy.clips._photograph import PHOTOGRAPH_RENDERER_VERSION, PhotoFace, open_photograph, render_photograph
from lipstudy.clips._restage import RESTAGE_RENDERER_VERSION, RESTAGED_CRF, restage_frames
from lipstudy.clips._restage_film import RestageJob, restage_film
from lipstudy.clips._warp import FaceWarp, WarpMap, on_one_thread

__all__ = [
    "FILM_FACE_RENDERER_VERSION",
    "LANDMARK_RENDERER_VERSION",
    "LANDMARK_STYLES",
    "PHOTOGRAPH_RENDERER_VERSION",
    "RESTAGED_CRF",
    "RESTAGE_RENDERER_VERSION",
    "FaceWarp",
    "FilmFace",
    "LandmarkStyle",
    "PhotoFace",
    "RestageJob",
    "WarpMap",
    "on_one_thread",
    "open_film_face",
    "open_photograph",
    "render_film_face",
    "render_landmarks",
    "render_photograph",
    "restage_film",
    "restage_frames",
]
