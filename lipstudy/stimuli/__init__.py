"""Stimulus sets: the clips of a crossed design, from a recipe or from elsewhere, checked, with manifest and page."""

from lipstudy.stimuli._adopt import Adopted, adopt_clips
from lipstudy.stimuli._build import BuildResult, build_set
from lipstudy.stimuli._checks import MAX_OFFSET_MS, clip_faults
from lipstudy.stimuli._estimate import Estimate, estimate_build
from lipstudy.stimuli._faces import face_in, neutral_in
from lipstudy.stimuli._recipe import FilmedSentence, Recipe, Sentence, Speaker, load_recipe

__all__ = [
    "MAX_OFFSET_MS",
    "Adopted",
    "BuildResult",
    "Estimate",
    "FilmedSentence",
    "Recipe",
    "Sentence",
    "Speaker",
    "adopt_clips",
    "build_set",
    "clip_faults",
    "estimate_build",
    "face_in",
    "load_recipe",
    "neutral_in",
]
