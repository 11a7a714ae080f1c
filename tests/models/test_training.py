"""Training: the same for the same seed, stopped and gone on with, ended in time."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lipstudy.models import Recipe, Take, default_checkpoint, train_lips
from lipstudy.randomness import named_stream

_SMALL = Recipe(size=replace(default_checkpoint().network.size, speakers=0, members=1), epochs=5, steps=3, batch=4)


def made_takes(count: int, *, name: str = "take") -> list[Take]:
    """Takes whose aperture follows the first band of what is heard."""
    takes = []
    for number in range(count):
        rng = named_stream(3, name, number)
        heard = np.repeat(rng.standard_normal((40, 25)), 2, axis=0).astype(np.float32)
        parameters = 0.02 * rng.standard_normal((40, 6)).astype(np.float32)
        parameters[:, 0] = 0.05 * heard[::2, 0]
        takes.append(
            Take(
                name=f"{name}{number}",
                speaker="ab"[number % 2],
                features=heard,
                parameters=parameters,
                contact=(parameters[:, 0] < 0).astype(np.float32),
                seen=np.ones(40, np.float32),
            )
        )
    return takes


def _same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def _train(**changes: object) -> torch.nn.Module:
    given = {"start": default_checkpoint().network, "recipe": _SMALL, "seed": 1} | changes
    return train_lips(made_takes(6), **given).network  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    first = _train()
    assert _same(first, _train())
    assert not _same(first, _train(seed=2))


def test_the_hearing_is_left_as_it_was() -> None:
    assert _same(_train().hearing, default_checkpoint().network.hearing)


def test_training_learns_what_can_be_learned() -> None:
    trained = train_lips(
        made_takes(12), start=default_checkpoint().network, recipe=replace(_SMALL, epochs=30, steps=8), seed=1
    )
    assert trained.course.training[-1] < 0.8 * trained.course.training[0]
    assert trained.speakers == ("a", "b")


def test_training_ends_when_the_takes_left_out_get_no_better() -> None:
    course = train_lips(
        made_takes(2),
        start=default_checkpoint().network,
        recipe=replace(_SMALL, epochs=60, patience=3),
        seed=1,
        validation=made_takes(2, name="other"),
    ).course
    assert len(course.training) < 60
    assert course.best_epoch == int(np.argmin(course.validation)) == len(course.validation) - 4


def test_a_run_that_stopped_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise StoppedError("after 3")

    with pytest.raises(StoppedError, match="after 3"):
        _train(folder=tmp_path, progress=stop)
    told: list[int] = []
    assert _same(_train(folder=tmp_path, progress=lambda done, _: told.append(done)), _train())
    assert told == [4, 5]


def test_the_state_of_other_films_or_another_recipe_is_not_taken_up(tmp_path: Path) -> None:
    _train(folder=tmp_path)
    other = replace(_SMALL, velocity=1.0)
    assert _same(_train(folder=tmp_path, recipe=other), _train(recipe=other))


_KILLED = """
import importlib.util, sys, pathlib
specification = importlib.util.spec_from_file_location("training_test", sys.argv[1])
module = importlib.util.module_from_spec(specification)
specification.loader.exec_module(module)
module._train(folder=pathlib.Path(sys.argv[2]), progress=lambda done, _: print(done, flush=True))
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_run_that_was_killed_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _KILLED, __file__, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        while run.stdout.readline().strip() != "2":
            assert run.poll() is None
        run.send_signal(signal.SIGKILL)
    assert (tmp_path / "training.pt").is_file()
    assert _same(_train(folder=tmp_path), _train())
