"""The command line as a whole: what every verb has in common."""

import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from lipstudy.cli import VERBS
from lipstudy.cli._main import lipstudy

HEAVY = ("torch", "pandas", "matplotlib", "psychopy", "mediapipe", "scipy", "cv2", "av", "numpy", "pydantic")


def command_of(verb: str) -> click.Command:
    command = lipstudy.get_command(click.Context(lipstudy), verb)
    assert command is not None
    return command


def modules_loaded_by(code: str) -> set[str]:
    listing = f"import sys\n{code}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def modules_loaded_by_command(*arguments: str) -> set[str]:
    return modules_loaded_by(
        f"from lipstudy.cli import main\nsys.argv = {['lipstudy', *arguments]}\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )


def test_import_of_the_package_loads_nothing_heavy() -> None:
    assert modules_loaded_by("import lipstudy").isdisjoint(HEAVY)


def test_help_loads_nothing_heavy_and_no_verb() -> None:
    assert modules_loaded_by_command("--help").isdisjoint(HEAVY)


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_loads_nothing_that_takes_seconds(verb: str) -> None:
    assert modules_loaded_by_command(verb, "--help").isdisjoint(HEAVY)


@pytest.mark.parametrize("verb", VERBS)
def test_line_in_the_list_of_verbs_is_the_verbs_own(verb: str) -> None:
    assert command_of(verb).get_short_help_str(limit=200).rstrip(".") == VERBS[verb][1].rstrip(".")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_an_example_json_and_quiet(verb: str) -> None:
    shown = CliRunner().invoke(command_of(verb), ["--help"], prog_name=f"lipstudy {verb}").output
    assert re.search(rf"Examples?:\n +lipstudy {verb}\b", shown)
    assert "--json" in shown
    assert "--quiet" in shown


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "lipstudy", *arguments], capture_output=True, text=True)


def test_a_mistyped_verb_is_told_with_the_nearest_one() -> None:
    done = run("trak", "talk.mp4")
    assert done.returncode == 2
    assert "there is no verb 'trak' (did you mean 'track'?)" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_arguments_show_the_help() -> None:
    done = run()
    assert done.returncode == 0
    assert done.stdout == run("--help").stdout
