"""All metrics of a pair of tracks."""

from collections.abc import Callable

from lipstudy.face import LandmarkTrack
from lipstudy.metrics._comparable import comparable
from lipstudy.metrics._contact import contact_agreement
from lipstudy.metrics._distance import lip_velocity_error, lip_vertex_error, mean_landmark_distance
from lipstudy.metrics._intensity import effective_articulation, log_lip_intensity_ratio
from lipstudy.metrics._time import aperture_correlation, aperture_dtw_cost, lag_frames, lag_ms, width_correlation

__all__ = ["METRICS", "measure"]

Metric = Callable[[LandmarkTrack, LandmarkTrack], float]
"""(track, reference) of the same length, frame rate and topology -> value."""

METRICS: dict[str, Metric] = {
    "lmd_iod": mean_landmark_distance,
    "lve_iod2": lip_vertex_error,
    "velocity_error_iod_per_s": lip_velocity_error,
    "aperture_correlation": aperture_correlation,
    "width_correlation": width_correlation,
    "aperture_dtw_iod": aperture_dtw_cost,
    "lag_frames": lag_frames,
    "lag_ms": lag_ms,
    "log_lip_intensity_ratio": log_lip_intensity_ratio,
    "effective_articulation": effective_articulation,
    "contact_agreement": contact_agreement,
}
"""Name, with its unit, -> metric. A new metric is a function with its formula and source, and an entry here."""


def measure(a: LandmarkTrack, b: LandmarkTrack) -> dict[str, float]:
    """Compare the lip motion of `a` with that of the reference `b`.

    Parameters
    ----------
    a, b : LandmarkTrack
        Of the same topology and frame rate; a difference in length of at most 2 frames is cut off, with a warning.

    Returns
    -------
    dict of str to float
        Metric -> value, for each of METRICS; their docstrings give formula, unit, range, source and traps. NaN with a
        warning where undefined.

    Raises
    ------
    InputError
        If topologies or frame rates differ, the lengths by more than 2 frames, or there are fewer than 3 frames.
    """
    a, b = comparable(a, b)
    return {name: metric(a, b) for name, metric in METRICS.items()}
