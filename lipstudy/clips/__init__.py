"""Tracks to video: renderers, encoding, quality checks, stimulus sets."""

from lipstudy.clips._landmarks import LANDMARK_RENDERER_VERSION, LANDMARK_STYLES, LandmarkStyle, render_landmarks
from lipstudy.clips._recipe import Recipe, load_recipe

__all__ = [
    "LANDMARK_RENDERER_VERSION",
    "LANDMARK_STYLES",
    "LandmarkStyle",
    "Recipe",
    "load_recipe",
    "render_landmarks",
]
