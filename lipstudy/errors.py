"""What a user can get wrong, each told in one sentence."""

import difflib
from collections.abc import Iterable

__all__ = ["InputError", "LipstudyError", "OutputError", "nearest_name", "system_reason"]


class LipstudyError(Exception):
    """Root of every error that a user can cause.

    The message is one sentence that says what is wrong, the value, what is allowed and what to do.
    The command line prints it without a traceback and ends with exit code 2.
    """


class InputError(LipstudyError):
    """A file or a value that was given cannot be used."""


class OutputError(LipstudyError):
    """A result cannot be written."""


def nearest_name(name: str, allowed: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the allowed name nearest to `name`, or an empty string."""
    nearest = difflib.get_close_matches(name, list(allowed), n=1, cutoff=0.5)
    return f" (did you mean '{nearest[0]}'?)" if nearest else ""


def system_reason(error: OSError) -> str:
    """Return what the operating system says of an error, without number and file, as part of a sentence."""
    return (error.strerror or str(error)).lower()
