"""Lip motion that was made elsewhere: a folder of landmark tracks as a model."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError, nearest_name
from lipstudy.face import MEDIAPIPE_478, load_track, neutral_of
from lipstudy.models._moving import FRAMES_FORGIVEN, frames_in
from lipstudy.speech import Speech

__all__ = ["FolderOfTracks", "tracks_in"]

_ENDING = ".track.npz"


def tracks_in(folder: Path) -> dict[str, Path]:
    """Return name -> path of the tracks in `folder`, in the order of their names."""
    return {path.name.removesuffix(_ENDING): path for path in sorted(folder.glob(f"*{_ENDING}"))}


class FolderOfTracks:
    """Tracks of someone else's model, chosen by the name of the speech: talk.wav moves as talk.track.npz.

    A track moves another face by its displacements from its own neutral, in inter-ocular distances, and is sampled
    anew where it has another frame rate (monotone cubic between its frames, so that no closure is overshot).
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._tracks = tracks_in(self._folder)

    def displacements(self, speech: Speech, *, fps: float, neutral: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        """Return the displacements of the track that bears the name of the speech.

        Raises
        ------
        InputError
            If there is none, it cannot be read, or its duration differs by more than two frames.
        """
        if speech.name not in self._tracks:
            raise InputError(
                f"{self._folder} holds no {speech.name}{_ENDING}{nearest_name(speech.name, self._tracks)}:"
                f" a track is needed for each speech, under its name"
            )
        path = self._tracks[speech.name]
        track = load_track(path)
        if track.topology.name != MEDIAPIPE_478.name:
            raise InputError(f"{path} is of topology '{track.topology.name}': {MEDIAPIPE_478.name} is needed")
        if abs(track.num_frames - frames_in(speech.duration_s, fps=track.fps)) > FRAMES_FORGIVEN:
            raise InputError(
                f"{path} lasts {track.duration_s:.2f} s and the speech {speech.duration_s:.2f} s: they must agree"
            )
        moved = track.points.astype(np.float64) - neutral_of(track)
        if abs(track.fps - fps) < 1e-6 or len(moved) == 1:
            return moved
        return _sampled(moved, fps=track.fps, times_s=np.arange(frames_in(speech.duration_s, fps=fps)) / fps)


def _sampled(values: NDArray[np.float64], *, fps: float, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.interpolate import PchipInterpolator

    last_s = (len(values) - 1) / fps
    return np.asarray(PchipInterpolator(np.arange(len(values)) / fps, values, axis=0)(np.minimum(times_s, last_s)))
