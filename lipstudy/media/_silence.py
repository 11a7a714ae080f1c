"""Keeping native code from writing to the terminal what is told in a sentence."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["silent_stderr"]


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Send what native code writes to stderr nowhere: MediaPipe's start-up log and libpng obey no setting."""
    sys.stderr.flush()
    saved = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)
