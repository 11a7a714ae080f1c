"""The command line: one verb a stage; it parses, calls, and tells."""

from lipstudy.cli._main import VERBS, main

__all__ = ["VERBS", "main"]
