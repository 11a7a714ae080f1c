"""Lips moved by blendshape weights of someone else's model (ARKit's names), as a model of lipstudy.

    lipstudy speak talk.flac --model docs/own_models/blendshapes.py:Blendshapes

reads ``talk.npz`` beside ``talk.flac``: ``weights`` (frames, shapes) from 0 to 1, ``names`` and ``fps``. What a shape
does to lips is not in such a file. Here it is OPENING: estimates by eye, in inter-ocular distances for a weight of 1,
on the three lip shapes (aperture, width, chin) that lipstudy estimated on film. Replace them by those of your rig.
"""

from pathlib import Path

import numpy as np

from lipstudy.errors import InputError
from lipstudy.models import frames_in, load_viseme_model

# ARKit's name: (aperture, mouth width, chin down)
OPENING = {
    "jawOpen": (0.40, 0.0, 0.30),
    "mouthClose": (-0.40, 0.0, 0.0),
    "mouthFunnel": (0.08, -0.12, 0.02),
    "mouthPucker": (-0.02, -0.18, 0.0),
    "mouthRollLower": (-0.05, 0.0, 0.0),
    "mouthRollUpper": (-0.05, 0.0, 0.0),
    "mouthPressLeft": (-0.05, 0.0, 0.0),
    "mouthPressRight": (-0.05, 0.0, 0.0),
    "mouthSmileLeft": (0.0, 0.08, 0.0),
    "mouthSmileRight": (0.0, 0.08, 0.0),
    "mouthStretchLeft": (0.0, 0.08, 0.0),
    "mouthStretchRight": (0.0, 0.08, 0.0),
    "mouthLowerDownLeft": (0.06, 0.0, 0.0),
    "mouthLowerDownRight": (0.06, 0.0, 0.0),
    "mouthUpperUpLeft": (0.03, 0.0, 0.0),
    "mouthUpperUpRight": (0.03, 0.0, 0.0),
}
# FACEGOOD's names for the same; both corners of a lip give half of a funnel each.
ALSO_CALLED = {
    "mouth_stretch_c": "jawOpen",
    "mouth_oh_c": "mouthFunnel",
    "mouth_oo_c": "mouthPucker",
    "mouth_lipStretch_l": "mouthStretchLeft",
    "mouth_lipStretch_r": "mouthStretchRight",
    "mouth_lipCornerPull_l": "mouthSmileLeft",
    "mouth_lipCornerPull_r": "mouthSmileRight",
    "mouth_lowerLipDepress_l": "mouthLowerDownLeft",
    "mouth_lowerLipDepress_r": "mouthLowerDownRight",
    "mouth_upperLipRaise_l": "mouthUpperUpLeft",
    "mouth_upperLipRaise_r": "mouthUpperUpRight",
}


class Blendshapes:
    """A model whose weights lie beside the sound."""

    def displacements(self, speech, *, fps, neutral):
        if not isinstance(speech.source, Path) or not speech.source.with_suffix(".npz").exists():
            raise InputError(f"no weights beside the speech '{speech.name}': put {speech.name}.npz there")
        with np.load(speech.source.with_suffix(".npz")) as given:
            weights, names, given_fps = given["weights"], given["names"].astype(str), float(given["fps"])
        opening = np.array([OPENING.get(ALSO_CALLED.get(name, name), (0, 0, 0)) for name in names])
        lips = weights @ opening
        times_s = np.arange(frames_in(speech.duration_s, fps=fps)) / fps
        sampled = [np.interp(times_s, np.arange(len(lips)) / given_fps, channel) for channel in lips.T]
        sampled[0] = np.maximum(sampled[0], 0)  # lips cannot be less than closed
        return np.einsum("pt,pkj->tkj", sampled, load_viseme_model().basis[:3])
