"""What a face is: topologies, landmark tracks, head pose, neutral, tracking a film."""

from lipstudy.face._detector import detect_face, find_faces
from lipstudy.face._generic import generic_neutral, symmetric_face
from lipstudy.face._lip_motion import LipMotion, lip_displacement_rms, log_lip_intensity_ratio, log_ratio_of_rms
from lipstudy.face._lips import (
    CONTACT_GAP_IOD,
    inner_lip_gaps,
    lip_aperture,
    lips_in_contact,
    mouth_width,
    uncross_lips,
)
from lipstudy.face._neutral import close_lips, estimate_neutral, neutral_of
from lipstudy.face._pose import cut_times_s, cuts_in, normalise_head
from lipstudy.face._topology import MEDIAPIPE_478, Topology, topology_named
from lipstudy.face._track import HeadPose, LandmarkTrack, load_track, save_track, track_provenance
from lipstudy.face._track_chunks import save_track_chunks
from lipstudy.face._tracking import MAX_GAP_S, is_track_of, track_film

__all__ = [
    "CONTACT_GAP_IOD",
    "MAX_GAP_S",
    "MEDIAPIPE_478",
    "HeadPose",
    "LandmarkTrack",
    "LipMotion",
    "Topology",
    "close_lips",
    "cut_times_s",
    "cuts_in",
    "detect_face",
    "estimate_neutral",
    "find_faces",
    "generic_neutral",
    "inner_lip_gaps",
    "is_track_of",
    "lip_aperture",
    "lip_displacement_rms",
    "lips_in_contact",
    "load_track",
    "log_lip_intensity_ratio",
    "log_ratio_of_rms",
    "mouth_width",
    "neutral_of",
    "normalise_head",
    "save_track",
    "save_track_chunks",
    "symmetric_face",
    "topology_named",
    "track_film",
    "track_provenance",
    "uncross_lips",
]
