"""What the tests of stimulus sets share: recipes as a lab writes them, and a cluster."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lipstudy.stimuli import Recipe, load_recipe


@pytest.fixture(scope="session")
def declared() -> Callable[[Path, str], Recipe]:
    """Return a function that writes a recipe into a folder and reads it."""

    def write(folder: Path, text: str) -> Recipe:
        (folder / "recipe.yaml").write_text(text)
        return load_recipe(folder / "recipe.yaml")

    return write


@pytest.fixture
def scheduler() -> Iterator[Any]:
    """Return a Dask cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster
