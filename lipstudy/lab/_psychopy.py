"""PsychoPy: whether it is there, and whether this release can be trusted with a session."""

from importlib.metadata import PackageNotFoundError, version

from lipstudy.errors import InputError

__all__ = ["check_psychopy", "import_psychopy"]

_WANTED = (2026, 2)
_FAULTS = (((2025, 2, 0), (2026, 1, 1), "it shows films as black pictures (its issue 7567)"),)
"""First and last faulty release, and what is wrong with them."""


def check_psychopy(release: str | None = None) -> str:
    """Return the release of PsychoPy that is installed, if it can be trusted with a session.

    Parameters
    ----------
    release : str, optional
        The release to judge; the one that is installed by default.

    Raises
    ------
    InputError
        If PsychoPy is missing, or the release has known faults or was never tried.
    """
    if release is None:
        try:
            release = version("psychopy")
        except PackageNotFoundError as error:
            raise InputError("sessions in the lab need PsychoPy: run pip install 'lipstudy[lab]'") from error
    remedy = "run pip install 'lipstudy[lab]', which brings 2026.2"
    numbers = tuple(int(part) for part in release.split(".")[:3] if part.isdigit())
    for first, last, fault in _FAULTS:
        if first <= numbers <= last:
            raise InputError(f"PsychoPy {release} cannot be trusted with a session, {fault}: {remedy}")
    if numbers[:2] != _WANTED:
        raise InputError(f"PsychoPy {release} was never tried with lipstudy: {remedy}")
    return release


def import_psychopy() -> None:
    """Load PsychoPy's window, quietly. Raises InputError if there is no display, or as `check_psychopy`."""
    check_psychopy()
    from psychopy import logging

    # What PsychoPy tells on the console is about its own monitor centre, which is not used.
    logging.console.setLevel(logging.CRITICAL)
    try:
        import psychopy.visual.window
    except Exception as error:
        if "display" not in f"{type(error).__name__} {error}".lower():
            raise
        raise InputError(
            "there is no display: start this on the computer with the screen, not over a plain ssh connection"
        ) from error
    psychopy.visual.window.reportNDroppedFrames = 0
