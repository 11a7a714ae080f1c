"""How far apart the lips of two tracks are, frame by frame.

All of these are symmetric: half and one and a half times the motion cost the same, and so may a delay of 80 ms.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.face import LandmarkTrack

__all__ = ["lip_velocity_error", "lip_vertex_error", "mean_landmark_distance"]

Floats = NDArray[np.floating[Any]]


def mean_landmark_distance(a: LandmarkTrack, b: LandmarkTrack) -> float:
    """Return the LMD: mean over frames and lip landmarks of ||a - b||.

    Unit: IOD. Range: >= 0; 0 for the same lips. Landmarks: the 40 of "lips-40" in three axes; the sets of papers
    differ, so their numbers cannot be compared with these. Symmetric in over- and under-articulation. No published
    correlation with opinion is known.

    Source: Chen et al. (ECCV 2018), who give it in pixels of a fixed picture size.
    """
    return float(np.linalg.norm(_lips(a) - _lips(b), axis=-1).mean())


def lip_vertex_error(a: LandmarkTrack, b: LandmarkTrack) -> float:
    """Return the LVE: mean over frames of the largest ||a - b||^2 among the lip landmarks.

    Unit: IOD squared. Range: >= 0; 0 for the same lips. The squared distance is what the reference implementations
    average, although some papers print it without the square. One noisy landmark decides each frame. Symmetric in
    over- and under-articulation. No published correlation with opinion is known.

    Source: Richard et al., MeshTalk (ICCV 2021), on mesh vertices; here on "lips-40".
    """
    return float(np.square(_lips(a) - _lips(b)).sum(axis=-1).max(axis=-1).mean())


def lip_velocity_error(a: LandmarkTrack, b: LandmarkTrack) -> float:
    """Return the mean over frames and lip landmarks of ||v_a - v_b||, with v = (x(t + 1) - x(t)) fps.

    Unit: IOD per second. Range: >= 0; 0 for the same motion, also at another place. A delay weighs more in it than a
    scale does, and tracker noise more than in any other measure here. No published correlation with opinion is known.

    Source: Zhou et al., MakeItTalk (2020), their D-VL, relative to the width of the mouth there; here in IOD.
    """
    velocity_a, velocity_b = (np.diff(_lips(each), axis=0) * each.fps for each in (a, b))
    return float(np.linalg.norm(velocity_a - velocity_b, axis=-1).mean())


def _lips(track: LandmarkTrack) -> Floats:
    return track.points[:, list(track.topology.subsets["lips-40"]), :].astype(np.float64)
