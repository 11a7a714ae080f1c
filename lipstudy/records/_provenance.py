"""Where a result comes from: version, revision, arguments, seed, hashes of what went in."""

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from lipstudy import __version__
from lipstudy.records._atomic import sha256_of_file

__all__ = ["hash_of", "provenance"]

_TOLD_VERSIONS = ("numpy", "scipy", "pandas", "mediapipe", "opencv-contrib-python", "av", "mixedlm", "glmm")


def provenance(
    *, stage: str, arguments: Mapping[str, Any], inputs: Iterable[str | Path] = (), seed: int | None = None
) -> dict[str, Any]:
    """Return what is needed to make a result again, ready for JSON.

    Parameters
    ----------
    stage : str
        The stretch of the road, for instance "track".
    arguments : mapping
        The arguments given, values that JSON can hold.
    inputs : iterable of path
        The files read; each is recorded by name and SHA-256.
    seed : int, optional
        The seed, where chance is involved.

    Returns
    -------
    dict
        Keys ``stage, lipstudy, revision, python, versions, arguments, seed, inputs``. There is no time of day in
        it: the same work gives the same bytes.
    """
    return {
        "stage": stage,
        "lipstudy": __version__,
        "revision": _git_revision(),
        "python": platform.python_version(),
        "versions": _versions(),
        "arguments": dict(arguments),
        "seed": seed,
        "inputs": {Path(path).name: sha256_of_file(path) for path in inputs},
    }


def hash_of(value: Any) -> str:
    """Return the SHA-256 of a JSON-able value, the same whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _git_revision() -> str | None:
    folder = Path(__file__).parents[2]
    if not (folder / ".git").exists():  # installed from a wheel: a repository further up is not ours
        return None
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


@cache
def _versions() -> dict[str, str]:
    installed = {}
    for name in _TOLD_VERSIONS:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed
