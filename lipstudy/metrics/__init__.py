"""Objective measures of lip motion, each with its source."""

from lipstudy.metrics._comparable import comparable
from lipstudy.metrics._contact import contact_agreement
from lipstudy.metrics._distance import lip_velocity_error, lip_vertex_error, mean_landmark_distance
from lipstudy.metrics._intensity import effective_articulation, lip_intensity, log_lip_intensity_ratio
from lipstudy.metrics._measure import METRICS, measure
from lipstudy.metrics._time import aperture_correlation, aperture_dtw_cost, lag_frames, lag_ms, width_correlation

__all__ = [
    "METRICS",
    "aperture_correlation",
    "aperture_dtw_cost",
    "comparable",
    "contact_agreement",
    "effective_articulation",
    "lag_frames",
    "lag_ms",
    "lip_intensity",
    "lip_velocity_error",
    "lip_vertex_error",
    "log_lip_intensity_ratio",
    "mean_landmark_distance",
    "measure",
    "width_correlation",
]
