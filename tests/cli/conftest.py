"""The command line, called as a user does but in this process."""

import sys
from collections.abc import Callable

import pytest

from lipstudy.cli import main

Told = tuple[int, str, str]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Return a caller of the command line that gives exit code, stdout and stderr."""

    def run(*words: object) -> Told:
        monkeypatch.setattr(sys, "argv", ["lipstudy", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run
