"""What the tests of stimulus sets share: recipes as a lab writes them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lipstudy.clips import Recipe, load_recipe


@pytest.fixture(scope="session")
def declared() -> Callable[[Path, str], Recipe]:
    """Return a function that writes a recipe into a folder and reads it."""

    def write(folder: Path, text: str) -> Recipe:
        (folder / "recipe.yaml").write_text(text)
        return load_recipe(folder / "recipe.yaml")

    return write
