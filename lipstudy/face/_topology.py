"""Which landmark is what: contours as ordered loops, subsets, the mapping to 68 points."""

from collections.abc import Mapping
from dataclasses import dataclass

from lipstudy.errors import InputError, nearest_name

__all__ = ["MEDIAPIPE_478", "Topology", "topology_named"]

Indices = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """Names for the landmarks of one tracker."""

    name: str
    """Unique name, stored in every track."""
    num_points: int
    """Number of landmarks K."""
    loops: Mapping[str, Indices]
    """Closed contours: each a sequence of landmarks in order around the contour, the first not repeated."""
    lines: Mapping[str, Indices]
    """Open contours, in order."""
    subsets: Mapping[str, Indices]
    """Selections of landmarks by name."""
    inner_lip_pairs: tuple[tuple[int, int], ...]
    """(upper, lower) landmarks that face each other across the mouth opening, from right corner to left."""
    outer_lip_pairs: tuple[tuple[int, int], ...]
    """The landmarks of the outer contour beside each of `inner_lip_pairs`."""
    rigid: Indices
    """Landmarks that speech does not move: eye corners and nose bridge. Head pose is measured on them."""
    outer_eye_corners: tuple[int, int]
    """(right, left) outer eye corners; their distance is the unit, the inter-ocular distance (IOD)."""
    mouth_corners: tuple[int, int]
    """(right, left) outer mouth corners."""
    inner_lip_centres: tuple[int, int]
    """(upper, lower) centres of the inner lips; their distance is the aperture."""
    chin: int
    """The lowest landmark of the chin."""


_OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
_INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
_FACE_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
_RIGHT_EYE = (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7)
_LEFT_EYE = (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249)
_RIGHT_BROW = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)
_LEFT_BROW = (276, 283, 282, 295, 285, 336, 296, 334, 293, 300)
_JAW = (*_FACE_OVAL[8:29],)

_POINTS_68 = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),  # brows
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
)

MEDIAPIPE_478 = Topology(
    name="mediapipe-478",
    num_points=478,
    loops={
        "lips outer": _OUTER_LIPS,
        "lips inner": _INNER_LIPS,
        "face oval": _FACE_OVAL,
        "right eye": _RIGHT_EYE,
        "left eye": _LEFT_EYE,
        "right brow": _RIGHT_BROW,
        "left brow": _LEFT_BROW,
    },
    lines={
        "nose bridge": (168, 6, 197, 195, 5, 4),
        "nose base": (98, 97, 2, 326, 327),
        "jaw": _JAW,
    },
    subsets={"lips-40": (*_OUTER_LIPS, *_INNER_LIPS), "points-68": _POINTS_68},
    inner_lip_pairs=tuple((_INNER_LIPS[i], _INNER_LIPS[20 - i]) for i in range(1, 10)),
    outer_lip_pairs=tuple((_OUTER_LIPS[i], _OUTER_LIPS[20 - i]) for i in range(1, 10)),
    rigid=(33, 133, 362, 263, 168, 6, 197, 195),
    outer_eye_corners=(33, 263),
    mouth_corners=(61, 291),
    inner_lip_centres=(13, 14),
    chin=152,
)
"""The 478 landmarks of MediaPipe's FaceLandmarker. Right and left are the speaker's own."""

_TOPOLOGIES = {MEDIAPIPE_478.name: MEDIAPIPE_478}


def topology_named(name: str) -> Topology:
    """Return the topology called `name`. Raises InputError for an unknown one."""
    if name not in _TOPOLOGIES:
        raise InputError(
            f"the topology {name!r} is unknown{nearest_name(name, _TOPOLOGIES)}: known is {', '.join(_TOPOLOGIES)}"
        )
    return _TOPOLOGIES[name]
