"""A new study folder, copied from the templates."""

import shutil
from contextlib import suppress
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from lipstudy.errors import InputError
from lipstudy.records import write_bytes

__all__ = ["create_study_folder", "template_text"]

FOLDERS = ("stimuli", "experiments", "analysis")


def create_study_folder(folder: str | Path) -> list[Path]:
    """Copy the templates to a new study folder.

    Parameters
    ----------
    folder : str or Path
        The folder to make. It may exist if it is empty.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        If the folder holds files already.
    OutputError
        If it cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and is not empty: give the name of a new folder")
    templates = [*_template_files(), ("README.md", _installed() / "README.md")]
    was_there = folder.exists()
    written: list[Path] = []
    try:
        for name, template in templates:
            write_bytes(folder / name, template.read_bytes())
            written.append(folder / name)
    except BaseException:  # a full disk, Ctrl-C: half a study folder would be in the way of the next try
        _take_back(folder, keep=was_there)
        raise
    return written


def _take_back(folder: Path, *, keep: bool) -> None:
    for entry in list(folder.iterdir()) if folder.is_dir() else []:  # empty before, so all of it is ours
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    if not keep:
        with suppress(OSError):
            folder.rmdir()


def template_text(name: str) -> str:
    """Return the text of a template, for instance "stimuli/articulation.yaml"."""
    return dict(_template_files())[name].read_text(encoding="utf-8")


def _template_files() -> list[tuple[str, Traversable]]:
    installed = _installed()
    # A wheel carries the three folders in the package; a checkout has them at its top.
    root = installed if (installed / FOLDERS[0]).is_dir() else Path(str(installed)).parents[1]
    return [
        (f"{name}/{file.name}", file)
        for name in FOLDERS
        for file in sorted((root / name).iterdir(), key=lambda file: file.name)
        if file.is_file() and not file.name.startswith(".")
    ]


def _installed() -> Traversable:
    return files("lipstudy.templates")
