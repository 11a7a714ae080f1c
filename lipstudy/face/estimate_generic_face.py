"""Estimate the generic face from film: ``python -m lipstudy.face.estimate_generic_face FOLDER -o generic_face.npz``.

Every film of FOLDER (``*.mpg``) is tracked; the neutrals of the films are averaged, made symmetric, and their lips
closed.
"""

import argparse
import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError, LipstudyError
from lipstudy.execution import run_each
from lipstudy.face._generic import symmetric_face
from lipstudy.face._neutral import close_lips
from lipstudy.face._topology import MEDIAPIPE_478
from lipstudy.face._tracking import track_film
from lipstudy.records import provenance, write_bytes, write_text

__all__ = ["estimate_generic_face", "main"]

_DESCRIPTION = {
    "what": "Mean closed rest pose of ten speakers, head-normalised, topology mediapipe-478, symmetric.",
    "data": "GRID audiovisual sentence corpus, twelve clips of ten speakers: Cooke, M., Barker, J., Cunningham, S., & "
    "Shao, X. (2006). An audio-visual corpus for speech perception and automatic speech recognition. JASA, 120(5).",
    "licence_of_data": "CC BY 4.0. No clip, picture or landmark of a single speaker is stored here.",
    "command": "python -m lipstudy.face.estimate_generic_face FOLDER -o generic_face.npz",
    "chance": "none: no seed",
}


def estimate_generic_face(neutrals: Sequence[NDArray[np.floating[Any]]]) -> NDArray[np.float32]:
    """Return the symmetric mean, lips closed, of speakers' neutrals, each of shape (478, 3)."""
    mean = symmetric_face(np.mean(neutrals, axis=0), MEDIAPIPE_478)
    return np.asarray(close_lips(mean, MEDIAPIPE_478), np.float32)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m lipstudy.face.estimate_generic_face", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of films (*.mpg)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the face, .npz; its card is the .json")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    given = parser.parse_args(arguments)
    try:
        films = sorted(given.folder.glob("*.mpg"))
        if not films:
            raise InputError(f"{given.folder} holds no film (*.mpg): name a folder of GRID clips")
        tracks = dict(run_each(track_film, films, workers=given.workers))
        neutrals = [neutral for _, track in sorted(tracks.items()) if (neutral := track.neutral) is not None]
        buffer = io.BytesIO()
        np.savez_compressed(buffer, neutral=estimate_generic_face(neutrals))
        write_bytes(given.output, buffer.getvalue())
        card = _DESCRIPTION | {"provenance": provenance(stage="generic face", arguments={}, inputs=films)}
        write_text(given.output.with_suffix(".json"), json.dumps(card, indent=2) + "\n")
    except LipstudyError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
