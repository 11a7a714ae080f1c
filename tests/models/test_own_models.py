"""The examples of models made elsewhere drive the road with no change to the package."""

from pathlib import Path

import numpy as np
import pytest

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, generic_neutral, lip_aperture, mouth_width
from lipstudy.media import Sound, write_sound
from lipstudy.metrics import aperture_correlation, width_correlation
from lipstudy.models import load_model, move_lips, viseme_track
from lipstudy.speech import Speech, synthesise

EXAMPLES = Path(__file__).parents[2] / "docs" / "own_models"


@pytest.mark.parametrize("name", ["blendshapes", "landmarks68"])
def test_an_example_is_short(name: str) -> None:
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) < 80


def write_weights(folder: Path, *, duration_s: float, **weights: np.ndarray) -> Speech:
    folder.mkdir(exist_ok=True)
    write_sound(folder / "talk.wav", Sound(np.zeros(round(16000 * duration_s), np.float32), 16000))
    np.savez(folder / "talk.npz", weights=np.stack(list(weights.values()), axis=1), names=list(weights), fps=60.0)
    return Speech.of_file(folder / "talk.wav")


def test_blendshape_weights_open_and_round_the_lips(tmp_path: Path) -> None:
    opening = np.sin(np.linspace(0, np.pi, 120)) * 0.5
    speech = write_weights(tmp_path, duration_s=2.0, jawOpen=opening, mouthPucker=opening[::-1], eyeBlinkLeft=opening)
    track = move_lips(load_model(f"{EXAMPLES / 'blendshapes.py'}:Blendshapes").model, speech, fps=30)
    assert track.num_frames == 60
    aperture, width = (f(track.points, MEDIAPIPE_478) for f in (lip_aperture, mouth_width))
    assert aperture.max() == pytest.approx(0.2, abs=0.02)
    assert int(aperture.argmax()) == pytest.approx(30, abs=1)
    assert width.min() < mouth_width(generic_neutral(), MEDIAPIPE_478) - 0.05
    assert aperture[0] < 0.02


@pytest.mark.parametrize("name", ["blendshapes:Blendshapes", "landmarks68:Landmarks68"])
def test_what_is_not_beside_the_speech_is_told(tmp_path: Path, name: str) -> None:
    write_sound(tmp_path / "talk.wav", Sound(np.zeros(1600, np.float32), 16000))
    file, cls = name.split(":")
    with pytest.raises(InputError, match=r"beside the speech 'talk': put talk\.npz there"):
        move_lips(load_model(f"{EXAMPLES / file}.py:{cls}").model, Speech.of_file(tmp_path / "talk.wav"), fps=25)


def test_landmarks_of_another_tracker_move_lips_alike(tmp_path: Path) -> None:
    utterance = synthesise("Bob bought five more blue pots.")
    said = viseme_track(utterance.phones, duration_s=utterance.sound.duration_s, fps=25)
    # As another tracker sees it: a tilted head of 120 px between the eyes, that drifts.
    tilt = np.array([[np.cos(0.2), np.sin(0.2)], [-np.sin(0.2), np.cos(0.2)]])
    points = 120 * said.points[:, list(MEDIAPIPE_478.subsets["points-68"]), :2] @ tilt
    points += np.arange(len(points))[:, None, None] * 0.3 + 400
    write_sound(tmp_path / "talk.wav", utterance.sound)
    np.savez(tmp_path / "talk.npz", points=points, fps=25.0)
    model = load_model(f"{EXAMPLES / 'landmarks68.py'}:Landmarks68").model
    track = move_lips(model, Speech.of_file(tmp_path / "talk.wav"), fps=25)
    assert aperture_correlation(track, said) > 0.99
    assert width_correlation(track, said) > 0.97
    assert lip_aperture(track.points, MEDIAPIPE_478).max() == pytest.approx(
        lip_aperture(said.points, MEDIAPIPE_478).max(), rel=0.1
    )


@pytest.mark.needs_shared_data
def test_recorded_weights_go_from_sound_to_track(grid: Path) -> None:
    sound = grid.parent / "facegood" / "1114_2_05.flac"
    model = load_model(f"{EXAMPLES / 'blendshapes.py'}:Blendshapes").model
    track = move_lips(model, Speech.of_file(sound), fps=30)
    with np.load(sound.with_suffix(".npz")) as given:
        jaw = given["weights"][:, list(given["names"]).index("mouth_stretch_c")]
    aperture = lip_aperture(track.points, MEDIAPIPE_478)
    count = min(len(jaw), len(aperture))
    assert np.corrcoef(jaw[:count], aperture[:count])[0, 1] > 0.7
