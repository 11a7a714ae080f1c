"""Tracks to video: renderers, encoding, quality checks, stimulus sets."""

from lipstudy.clips._adopt import Adopted, adopt_clips
from lipstudy.clips._build import BuildResult, build_set
from lipstudy.clips._checks import MAX_OFFSET_MS, clip_faults
from lipstudy.clips._estimate import Estimate, estimate_build
from lipstudy.clips._faces import face_in, neutral_in
from lipstudy.clips._film_face import FILM_FACE_RENDERER_VERSION, FilmFace, open_film_face, render_film_face
from lipstudy.clips._landmarks import LANDMARK_RENDERER_VERSION, LANDMARK_STYLES, LandmarkStyle, render_landmarks
from lipstudy.clips._photograph import PHOTOGRAPH_RENDERER_VERSION, PhotoFace, open_photograph, render_photograph
from lipstudy.clips._recipe import FilmedSentence, Recipe, Sentence, Speaker, load_recipe
from lipstudy.clips._restage import RESTAGE_RENDERER_VERSION, RESTAGED_CRF, restage_frames
from lipstudy.clips._restage_film import RestageJob, restage_film
from lipstudy.clips._takes import sound_beside_picture
from lipstudy.clips._warp import FaceWarp, WarpMap

__all__ = [
    "FILM_FACE_RENDERER_VERSION",
    "LANDMARK_RENDERER_VERSION",
    "LANDMARK_STYLES",
    "MAX_OFFSET_MS",
    "PHOTOGRAPH_RENDERER_VERSION",
    "RESTAGED_CRF",
    "RESTAGE_RENDERER_VERSION",
    "Adopted",
    "BuildResult",
    "Estimate",
    "FaceWarp",
    "FilmFace",
    "FilmedSentence",
    "LandmarkStyle",
    "PhotoFace",
    "Recipe",
    "RestageJob",
    "Sentence",
    "Speaker",
    "WarpMap",
    "adopt_clips",
    "build_set",
    "clip_faults",
    "estimate_build",
    "face_in",
    "load_recipe",
    "neutral_in",
    "open_film_face",
    "open_photograph",
    "render_film_face",
    "render_landmarks",
    "render_photograph",
    "restage_film",
    "restage_frames",
    "sound_beside_picture",
]
