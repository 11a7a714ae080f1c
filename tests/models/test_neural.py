"""The trained network at the door of the models: any frame rate, any face, long sound, and sound that is no speech."""

import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.face import MEDIAPIPE_478, inner_lip_gaps, lip_aperture, lip_displacement_rms, lips_in_contact
from lipstudy.media import Sound
from lipstudy.models import NeuralLipMotion, default_checkpoint, load_checkpoint, load_model, move_lips, save_checkpoint
from lipstudy.speech import Speech, synthesise

_SR = 16000


class _InPieces:
    """Speech that arrives in odd pieces."""

    phones = None

    def __init__(self, samples: NDArray[np.float32], piece: int) -> None:
        self._samples, self._piece = samples, piece
        self.duration_s = len(samples) / _SR

    def blocks(self, *, sr: int, block_s: float = 10.0) -> Iterator[NDArray[np.float32]]:
        assert sr == _SR
        for start in range(0, len(self._samples), self._piece):
            yield self._samples[start : start + self._piece]


@pytest.fixture(scope="module")
def spoken() -> Speech:
    """Half a minute of synthetic speech."""
    said = synthesise("Bob bought five more blue pots from my mum before Paul came by. " * 7)
    return Speech.of_sound(said.sound)


def _moved(samples: NDArray[np.floating], fps: float = 25) -> NDArray[np.float32]:
    speech = Speech.of_sound(Sound(np.asarray(samples, np.float32), _SR))
    return move_lips(load_model("tcn").model, speech, fps=fps).points


def test_pieces_of_any_length_give_the_same_motion_bit_for_bit(spoken: Speech) -> None:
    samples = spoken.sound(sr=_SR).samples
    model = NeuralLipMotion()
    once = np.concatenate([p for p, _ in model.parameters(spoken, fps=25)])
    for piece in (997, 160_000):
        odd = np.concatenate([p for p, _ in model.parameters(_InPieces(samples, piece), fps=25)])
        assert np.array_equal(once[: len(odd)], odd)


def test_another_frame_rate_samples_the_same_motion(spoken: Speech) -> None:
    model = load_model("tcn").model
    slow, fast = (move_lips(model, spoken, fps=fps) for fps in (25, 100))
    assert np.abs(fast.points[::4][: slow.num_frames] - slow.points).max() < 1e-5
    assert move_lips(model, spoken, fps=29.97).num_frames == int(np.ceil(spoken.duration_s * 29.97 - 1e-6))


def test_lips_open_close_and_never_cross(spoken: Speech) -> None:
    track = move_lips(load_model("tcn").model, spoken, fps=25)
    assert lip_aperture(track.points, track.topology).max() > 0.05
    assert 0.05 < lips_in_contact(track.points, track.topology).mean() < 0.8
    assert inner_lip_gaps(track.points, track.topology).min() > -1e-6


def test_another_face_is_moved_by_as_much(spoken: Speech) -> None:
    model = load_model("tcn").model
    generic = move_lips(model, spoken, fps=25)
    wide = generic.neutral * np.float32([1.1, 1, 1])
    other = move_lips(model, spoken, fps=25, neutral=wide)
    moves = [lip_aperture(each.points, each.topology) for each in (generic, other)]
    assert np.abs(moves[0] - moves[1]).max() < 0.01


@pytest.mark.parametrize("level", [0.0, 1e-5, 1e-3, 0.05])
def test_silence_gives_resting_lips_and_loud_noise_no_babble(level: float) -> None:
    noise = _moved(level * np.random.default_rng(2).standard_normal(3 * _SR))
    speech = move_lips(
        load_model("tcn").model, Speech.of_sound(synthesise("Bob bought five pots").sound), fps=25
    ).points
    assert lip_aperture(noise, MEDIAPIPE_478).max() < (0.03 if level < 1e-3 else 0.06)
    moving = [lip_displacement_rms(points, MEDIAPIPE_478).mean() for points in (noise, speech)]
    assert moving[0] < 0.25 * moving[1]


def test_a_tenth_of_a_second_telephone_and_clipped_sound_are_heard() -> None:
    said = synthesise("Bob bought five more blue pots").sound.samples
    assert len(_moved(said[8000:9600])) == 3
    assert np.isfinite(_moved(np.clip(8 * said, -1, 1))).all()


def test_samples_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="not numbers"):
        _moved(np.full(_SR, np.nan))


def test_a_speaker_who_was_not_trained_on_is_refused_with_the_nearest_name() -> None:
    known = default_checkpoint().speakers[0]
    with pytest.raises(InputError, match=f"'{known}x' .did you mean '{known}'"):
        NeuralLipMotion(speaker=f"{known}x")
    assert NeuralLipMotion(speaker=known)


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path, spoken: Speech) -> None:
    save_checkpoint(tmp_path, default_checkpoint())
    own, packaged = (move_lips(load_model(name).model, spoken, fps=25).points for name in (tmp_path, "tcn"))
    assert np.array_equal(own, packaged)
    assert load_model(tmp_path).name == tmp_path.name


def test_truncated_weights_are_told_in_one_sentence(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, default_checkpoint())
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(InputError, match="truncated or changed"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("version", [1, 99])
def test_another_version_is_told_in_one_sentence(tmp_path: Path, version: int) -> None:
    save_checkpoint(tmp_path, default_checkpoint())
    card = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps(card | {"format": version}))
    with pytest.raises(InputError, match=f"format {version},"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize(("name", "told"), [("card.json", "card of a trained model"), ("model.safetensors", "weights")])
def test_a_missing_file_is_named(tmp_path: Path, name: str, told: str) -> None:
    save_checkpoint(tmp_path, default_checkpoint())
    (tmp_path / name).unlink()
    with pytest.raises(InputError, match=told):
        load_model(tmp_path)


@pytest.mark.parametrize("change", [{"size": {}}, {"speakers": None}, {"closed_at": "0.2 or so"}])
def test_a_card_that_was_changed_is_told_in_one_sentence(tmp_path: Path, change: dict[str, object]) -> None:
    save_checkpoint(tmp_path, default_checkpoint())
    card = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps(card | change))
    with pytest.raises(InputError, match="was changed and no longer fits its weights"):
        load_checkpoint(tmp_path)


def test_the_default_model_is_small_and_says_what_it_saw() -> None:
    weights = resources.files("lipstudy.models").joinpath("tcn.safetensors")
    assert len(weights.read_bytes()) < 5e6
    checkpoint = default_checkpoint()
    assert sum(value.numel() for value in checkpoint.network.parameters()) < 2e6
    for wanted in ("data", "licence_of_data", "command", "caution", "film_seconds", "gains", "left_one_speaker_out"):
        assert wanted in checkpoint.card, wanted


@pytest.mark.needs_gpu
def test_a_gpu_gives_the_same_to_four_digits(spoken: Speech, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    on_gpu = np.concatenate([p for p, _ in NeuralLipMotion().parameters(spoken, fps=25)])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    on_cpu = np.concatenate([p for p, _ in NeuralLipMotion().parameters(spoken, fps=25)])
    assert np.abs(on_gpu - on_cpu).max() < 1e-4
