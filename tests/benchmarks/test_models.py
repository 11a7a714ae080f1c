"""How fast the neural model is, beside the sound it hears and the features it reads; and that memory does not grow."""

import time
import tracemalloc
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from lipstudy.media import Sound
from lipstudy.models import NeuralLipMotion, checked_neutral, feature_blocks, lip_points
from lipstudy.speech import Speech

pytestmark = pytest.mark.benchmark

_SR = 16000
_MINUTE = 60.0


@pytest.fixture(autouse=True)
def _one_core() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _speech_like(seconds: float) -> NDArray[np.float32]:
    rng = np.random.default_rng(1)
    count = round(seconds * _SR)
    loud = np.maximum(np.sin(np.arange(count) / _SR * 2 * np.pi * 4), 0.02)
    return (0.1 * rng.standard_normal(count) * loud).astype(np.float32)


def _best_of(times: int, function: Callable[[], object]) -> float:
    function()  # loading is no part of it
    taken = []
    for _ in range(times):
        begin = time.process_time()
        function()
        taken.append(time.process_time() - begin)
    return min(taken)


def test_motion_is_made_a_hundred_times_faster_than_it_is_spoken() -> None:
    speech = Speech.of_sound(Sound(_speech_like(_MINUTE), _SR))
    model, rest = NeuralLipMotion(), checked_neutral(None)

    def make() -> None:
        moved = model.displacements(speech, fps=25, neutral=rest)
        for _ in lip_points(moved, duration_s=speech.duration_s, fps=25, neutral=rest):
            pass

    assert _MINUTE / _best_of(3, make) > 100


def test_the_network_costs_less_than_the_features_it_reads() -> None:
    speech, model = Speech.of_sound(Sound(_speech_like(_MINUTE), _SR)), NeuralLipMotion()

    def share_of_the_features() -> float:
        rounds = [  # one after the other, so that both meet the same machine
            (
                _best_of(1, lambda: list(feature_blocks(speech.blocks(sr=_SR)))),
                _best_of(1, lambda: list(model.parameters(speech, fps=25))),
            )
            for _ in range(7)
        ]
        features, both = np.min(rounds, axis=0)
        share = float((both - features) / features)
        print(f"features {1000 * features:.0f} ms a minute of speech, the network {share:.2f} of it")
        return share

    # What else runs on the machine falls on either: of a few tries one is quiet.
    assert any(share_of_the_features() < 1 for _ in range(4))


class _Endless:
    """Speech of any length that is never in memory as a whole."""

    phones = None

    def __init__(self, duration_s: float) -> None:
        self.duration_s = duration_s
        self._second = _speech_like(1.0)

    def blocks(self, *, sr: int, block_s: float = 10.0) -> Iterator[NDArray[np.float32]]:
        assert sr == _SR
        for _ in range(round(self.duration_s)):
            yield self._second


def test_memory_does_not_grow_from_ten_seconds_to_an_hour() -> None:
    model = NeuralLipMotion()

    def peak(duration_s: float) -> int:
        tracemalloc.start()
        for _ in model.parameters(_Endless(duration_s), fps=25):  # type: ignore[arg-type]
            pass
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(3600) < 3 * peak(40)
