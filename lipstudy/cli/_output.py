"""What every verb has: results on stdout, progress and messages on stderr, a seed, names for its results."""

import functools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from lipstudy.execution import Progress

__all__ = ["Output", "output_options", "seed_option", "track_stem"]


@dataclass(frozen=True, slots=True)
class Output:
    """What a verb tells, and to whom."""

    json: bool
    """Print one JSON object on stdout instead of sentences."""
    quiet: bool
    """Print no progress and no messages."""

    def tell(self, message: str) -> None:
        """Print a message for a person on stderr."""
        if not self.quiet:
            click.echo(message, err=True)

    def result(self, value: dict[str, Any], text: str) -> None:
        """Print a verb's result on stdout: `value` as a JSON object if asked for, else `text`."""
        click.echo(json.dumps(value, indent=2, allow_nan=False) if self.json else text)

    @contextmanager
    def progress(self, label: str, unit: str, *, at_once: bool = True) -> Iterator[Progress]:
        """Give a Progress callback that draws a bar on stderr: at once, or when it is first called."""
        from tqdm import tqdm

        with ExitStack() as bars:

            @functools.cache
            def bar() -> "tqdm[Any]":
                drawn = tqdm(desc=label, unit=f" {unit}", disable=self.quiet, leave=True, dynamic_ncols=True)
                return bars.enter_context(drawn)

            def show(done: int, total: int) -> None:
                bar().total = total
                bar().update(done - bar().n)

            if at_once:
                bar()
            yield show


def output_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Add --json and -q to a verb and hand it an Output as its argument `output`."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
    @click.option("-q", "--quiet", is_flag=True, help="No progress, no messages.")
    @functools.wraps(verb)
    def with_output(*args: Any, as_json: bool, quiet: bool, **options: Any) -> None:
        verb(*args, output=Output(as_json, quiet), **options)

    return with_output


seed_option = click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of every random number."
)


def track_stem(track: Path) -> str:
    """Return the name of a track without its ending: "talk" for talk.track.npz."""
    return track.name.removesuffix(".npz").removesuffix(".track")
