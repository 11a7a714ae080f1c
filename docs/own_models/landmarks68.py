"""Lips moved by 68-point landmarks of someone else's model or tracker, as a model of lipstudy.

    lipstudy speak talk.wav --model docs/own_models/landmarks68.py:Landmarks68

reads ``talk.npz`` beside ``talk.wav``: ``points`` (frames, 68, 2 or 3) in pixels, x right and y down, and ``fps``. The
other 410 landmarks of lipstudy's face follow by a thin-plate spline through the 68 (a geometric guess, good for the
lips and the jaw line, which are among the 68). The speaker's rest is the frame whose lips are closest together.
"""

from pathlib import Path

import numpy as np
from scipy.interpolate import RBFInterpolator

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478
from lipstudy.models import frames_in
from lipstudy.motion import articulation_weights

EYES = (36, 45)
STILL = (27, 28, 29, 30, 36, 39, 42, 45)
INNER_LIPS = (62, 66)


class Landmarks68:
    """A model whose 68 landmarks lie beside the sound."""

    def displacements(self, speech, *, fps, neutral):
        if not isinstance(speech.source, Path) or not speech.source.with_suffix(".npz").exists():
            raise InputError(f"no landmarks beside the speech '{speech.name}': put {speech.name}.npz there")
        with np.load(speech.source.with_suffix(".npz")) as given:
            points, given_fps = given["points"][..., :2].astype(float), float(given["fps"])
        faces = np.stack([upright(frame) for frame in points])
        gap = np.linalg.norm(faces[:, INNER_LIPS[1]] - faces[:, INNER_LIPS[0]], axis=-1)
        moved = faces - faces[gap.argmin()]
        moved -= moved[:, STILL].mean(axis=1, keepdims=True)  # what the head still does
        times_s = np.arange(frames_in(speech.duration_s, fps=fps)) / fps
        frames = np.minimum(times_s * given_fps, len(moved) - 1)
        first = np.minimum(frames.astype(int), max(len(moved) - 2, 0))
        last = np.minimum(first + 1, len(moved) - 1)
        share = (frames - first)[:, None, None]
        moved = (1 - share) * moved[first] + share * moved[last]
        known = neutral[list(MEDIAPIPE_478.subsets["points-68"]), :2]
        known = known + 1e-6 * np.arange(68)[:, None]  # facing lips coincide at rest; a spline needs them apart
        follow = RBFInterpolator(known, np.eye(68), smoothing=1e-4)(neutral[:, :2])
        follow[list(MEDIAPIPE_478.subsets["points-68"])] = np.eye(68)
        flat = np.einsum("kn,tnj->tkj", follow, moved) * articulation_weights(MEDIAPIPE_478)[:, None]
        return np.concatenate([flat, np.zeros((*flat.shape[:2], 1))], axis=-1)


def upright(points):
    """Return one face (68, 2) with its eye corners level, one inter-ocular distance apart."""
    right, left = points[list(EYES)]
    axis = (left - right) / np.linalg.norm(left - right)
    turned = (points - (left + right) / 2) @ np.array([[axis[0], -axis[1]], [axis[1], axis[0]]])
    return turned / np.linalg.norm(left - right)
