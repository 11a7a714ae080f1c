"""What a face is: topologies, landmark tracks, head pose, neutral, tracking a film."""

from lipstudy.face._lip_motion import lip_displacement_rms, log_lip_intensity_ratio
from lipstudy.face._lips import (
    CONTACT_GAP_IOD,
    inner_lip_gaps,
    lip_aperture,
    lips_in_contact,
    mouth_width,
    uncross_lips,
)
from lipstudy.face._topology import MEDIAPIPE_478, Topology, topology_named
from lipstudy.face._track import HeadPose, LandmarkTrack, load_track, save_track

__all__ = [
    "CONTACT_GAP_IOD",
    "MEDIAPIPE_478",
    "HeadPose",
    "LandmarkTrack",
    "Topology",
    "inner_lip_gaps",
    "lip_aperture",
    "lip_displacement_rms",
    "lips_in_contact",
    "load_track",
    "log_lip_intensity_ratio",
    "mouth_width",
    "save_track",
    "topology_named",
    "uncross_lips",
]
