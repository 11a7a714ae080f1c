"""Simulated studies, as tables of choices and as trial tables."""

import warnings
from collections.abc import Callable

import numpy as np
import pandas
import pytest

from lipstudy.inference import Assumptions, simulate_choices
from lipstudy.randomness import named_stream
from lipstudy.records import Trial


def _trial(number: int, row: dict[str, object]) -> Trial:
    left = row["side"] > 0
    changed, original = f"clip-{row['articulation']}", "clip-1.0"
    return Trial(
        participant=row["participant"], session=row["participant"], trial=number, block=1, kind="2afc",
        embodiment="photo", speaker="ada", sentence=row["item"],
        clip_left=changed if left else original, clip_right=original if left else changed,
        articulation_left=row["articulation"] if left else 1.0,
        articulation_right=1.0 if left else row["articulation"],
        response="left" if bool(row["chosen"]) == bool(left) else "right",
        rt_s=2.0, plays_left=1, plays_right=1, watched_left=1.0, watched_right=1.0, dropped_frames=None,
        av_offset_ms=None, valid=True, reason=None, simulated=True,
    )  # fmt: skip


@pytest.fixture(scope="session")
def choices() -> pandas.DataFrame:
    """A study with a clear effect: 24 people, 8 sentences, 4 scales."""
    study = Assumptions(effect=1.0, bend=-1.2, sd_participant=0.7, sd_slope=0.8, sd_sentence=0.7, sd_sentence_slope=0)
    return simulate_choices(study, named_stream(3, "test"))


@pytest.fixture(scope="session")
def as_trials() -> Callable[[pandas.DataFrame], list[Trial]]:
    """Turn a table of choices into a trial table."""

    def turn(table: pandas.DataFrame) -> list[Trial]:
        numbers = table.groupby("participant").cumcount() + 1
        return [
            _trial(int(n), {name: getattr(value, "item", lambda v=value: v)() for name, value in row.items()})
            for n, (_, row) in zip(numbers, table.iterrows(), strict=True)
        ]

    return turn


@pytest.fixture(scope="session")
def cbpp() -> pandas.DataFrame:
    return _loaded("load_cbpp")


@pytest.fixture(scope="session")
def verbagg() -> pandas.DataFrame:
    return _loaded("load_verbagg")


def _loaded(name: str) -> pandas.DataFrame:
    import mixedlm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(mixedlm, name)()


@pytest.fixture
def small() -> pandas.DataFrame:
    """Sixty answers of six people on five items, for tests of checks."""
    rng = np.random.default_rng(5)
    person, item, _ = (part.ravel() for part in np.meshgrid(range(6), range(5), range(2), indexing="ij"))
    return pandas.DataFrame(
        {
            "participant": [f"P{number}" for number in person],
            "item": [f"S{number}" for number in item],
            "x": rng.normal(size=60),
            "group": np.where(person % 2 == 0, "a", "b"),
            "chosen": rng.integers(0, 2, 60),
        }
    )
