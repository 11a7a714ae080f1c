"""A real face, found once: NASA's photograph of the astronaut Eileen Collins."""

import numpy as np
import pytest

from lipstudy.face import MEDIAPIPE_478, detect_face, normalise_head


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    from skimage.data import astronaut

    return astronaut()


@pytest.fixture(scope="session")
def face_px(photograph: np.ndarray) -> np.ndarray:
    """Return landmarks of a smiling face with parted lips, (478, 3) pixels."""
    return detect_face(photograph)


@pytest.fixture(scope="session")
def face(face_px: np.ndarray) -> np.ndarray:
    """Return the same head-normalised, (478, 3)."""
    return normalise_head(face_px[None], MEDIAPIPE_478)[0][0]
