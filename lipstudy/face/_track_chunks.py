"""A landmark track that is too long for memory, written as it comes."""

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.execution import Progress
from lipstudy.face._topology import Topology
from lipstudy.records import atomic_path

__all__ = ["save_track_chunks"]

_NPY: Any = np.lib.format  # its functions have no types
_SAME_TIME = (1980, 1, 1, 0, 0, 0)
"""As NumPy writes it: the same track gives the same bytes at any time of day."""


def save_track_chunks(
    path: str | Path,
    chunks: Iterable[NDArray[np.float32]],
    *,
    num_frames: int,
    fps: float,
    topology: Topology,
    neutral: NDArray[np.float32],
    provenance: Mapping[str, Any],
    progress: Progress | None = None,
) -> None:
    """Write the track of a still head to ``*.track.npz`` chunk by chunk, atomically; `load_track` reads it.

    Parameters
    ----------
    path : str or Path
        Where to write.
    chunks : iterable of ndarray of shape (n, K, 3)
        float32, finite, head-normalised landmarks in order; never more than one of them is in memory.
    num_frames : int
        Frames in all chunks together.
    fps : float
        Frames per second.
    topology : Topology
        What each of the K points is.
    neutral : ndarray of shape (K, 3)
        The closed rest pose.
    provenance : mapping
        Where the track comes from.
    progress : callable, optional
        Called with (frames written, frames in all).

    Raises
    ------
    ValueError
        If the chunks hold another number of frames or points.
    OutputError
        If it cannot be written.
    """
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        written = 0
        with archive.open(_member("points"), "w", force_zip64=True) as file:
            shape = (num_frames, topology.num_points, 3)
            header = {"descr": np.dtype("<f4").str, "fortran_order": False, "shape": shape}
            _NPY.write_array_header_1_0(file, header)
            for chunk in chunks:
                if chunk.shape[1:] != shape[1:] or written + len(chunk) > num_frames:
                    raise ValueError(f"chunks must make {shape} points, got {chunk.shape} after {written} frames")
                file.write(np.ascontiguousarray(chunk, "<f4").tobytes())
                written += len(chunk)
                if progress is not None:
                    progress(written, num_frames)
        if written != num_frames:
            raise ValueError(f"chunks must make {num_frames} frames, got {written}")
        arrays = {
            "fps": np.float64(fps),
            "topology": np.str_(topology.name),
            "valid": np.ones(num_frames, bool),
            "neutral": neutral,
            "provenance": np.str_(json.dumps(dict(provenance), sort_keys=True)),
        }
        for name, array in arrays.items():
            with archive.open(_member(name), "w") as file:
                _NPY.write_array(file, np.asanyarray(array), allow_pickle=False)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(f"{name}.npy", date_time=_SAME_TIME)
    member.compress_type = zipfile.ZIP_DEFLATED
    return member
