"""What is recorded of each kind of trial, declared beside the kind: columns of the trial table."""

from lipstudy.records import TrialKind

__all__ = ["MEASURED", "RECORDED"]

_PROOF = ("rt_s", "plays_left", "played_left", "watched_left", "frames_left")
_OF_THE_RIGHT = ("plays_right", "played_right", "watched_right", "frames_right")
_COMPARED = ("response", *_PROOF, *_OF_THE_RIGHT)

RECORDED: dict[TrialKind, tuple[str, ...]] = {
    "2afc": _COMPARED,
    "catch_identical": _COMPARED,
    "rating": ("rating", *_PROOF),
    # These two kinds hold one clip or two, as the study rates or compares.
    "practice": _PROOF,
    "catch_swapped_speech": _PROOF,
    "catch_frozen_mouth": _PROOF,
    "catch_desynchronised": _PROOF,
}
"""Kind -> columns that every valid row of it holds, whatever the front end."""

MEASURED = ("rt_after_s", "dropped_frames", "av_offset_ms", "in_sync", "focus_lost_s", "screen_hz")
"""Columns that prove the presentation further, where the front end could measure them."""
