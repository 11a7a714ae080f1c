"""The faces of a recipe's speakers: found once, kept in the folder of the set."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.clips import FILM_FACE_RENDERER_VERSION, PhotoFace, open_film_face, open_photograph
from lipstudy.face import MEDIAPIPE_478, close_lips, load_track, neutral_of, normalise_head, save_track, track_film
from lipstudy.records import atomic_path, hash_of, provenance, write_text
from lipstudy.stimuli._recipe import ASTRONAUT, Speaker
from lipstudy.stimuli._set_folder import SetFolder

__all__ = [
    "face_in",
    "key_of_stage",
    "lacks_of",
    "load_face",
    "neutral_in",
    "neutral_in_film",
    "neutral_in_photograph",
]


def face_in(photograph: Path) -> PhotoFace:
    """Find the face in a photograph, or in the portrait that ASTRONAUT stands for. Raises InputError."""
    if photograph != ASTRONAUT:
        return open_photograph(photograph)
    from skimage.data import astronaut

    return PhotoFace.of(np.asarray(astronaut(), np.uint8))


def neutral_in(face: PhotoFace) -> NDArray[np.float32]:
    """Return the neutral of the face in a photograph, (478, 3) head-normalised: its own, with the lips closed."""
    points, _ = normalise_head(face.landmarks_px[None].astype(np.float64), MEDIAPIPE_478)
    return np.asarray(close_lips(points[0], MEDIAPIPE_478), np.float32)


def load_face(path: Path) -> PhotoFace:
    """Read a photograph and its landmarks from the set's folder."""
    with np.load(path, allow_pickle=False) as archive:
        return PhotoFace(archive["image"], archive["landmarks_px"])


def neutral_in_photograph(speaker: Speaker, folder: SetFolder) -> NDArray[np.float32]:
    """Find the face of a photographed speaker, and keep it; return its neutral (478, 3). Raises InputError."""
    path, photograph = folder.face(speaker.name), speaker.photograph
    assert photograph is not None
    inputs = [] if speaker.file is None else [speaker.file]
    key = key_of_stage("face", {"photograph": str(photograph)}, inputs=inputs)
    if folder.made(path, key) is None:
        face = face_in(photograph)
        with atomic_path(path) as temporary:
            np.savez_compressed(temporary, image=face.image, landmarks_px=face.landmarks_px)
        folder.note(path, key)
    return neutral_in(load_face(path))


def neutral_in_film(item: tuple[Speaker, SetFolder]) -> NDArray[np.float32]:
    """Track the film of a speaker, and keep its track; return its neutral (478, 3). Raises InputError."""
    speaker, folder = item
    assert speaker.film is not None
    path, lacks_path = folder.film_track(speaker.name), folder.film_lacks(speaker.name)
    key = key_of_stage("face", {"renderer": FILM_FACE_RENDERER_VERSION}, inputs=[speaker.film])
    if folder.made(path, key) is None or folder.made(lacks_path, key) is None:
        track = track_film(speaker.film)
        # A film that cannot be used is told before the work, not after.
        lacks = open_film_face(speaker.film, track).lacks
        save_track(path, track)
        write_text(lacks_path, json.dumps(lacks, indent=2, ensure_ascii=False) + "\n")
        folder.note(path, key)
        folder.note(lacks_path, key)
    return np.asarray(neutral_of(load_track(path)), np.float32)


def lacks_of(speakers: Sequence[Speaker], folder: SetFolder) -> tuple[str, ...]:
    """Return what the films of the speakers lack, a sentence each; nothing for good ones and for photographs."""
    return tuple(
        f"the film of {speaker.name}: {sentence}"
        for speaker in speakers
        if speaker.film is not None
        for sentence in json.loads(folder.film_lacks(speaker.name).read_bytes())
    )


def key_of_stage(stage: str, arguments: Mapping[str, Any], *, inputs: list[Path] | None = None) -> str:
    """Return the hash of everything that a stage's result is made from."""
    return hash_of(provenance(stage=stage, arguments=arguments, inputs=inputs or []))
