"""A session of a person in the lab, from the first check to the tables."""

import json
import os
import platform
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lipstudy import __version__
from lipstudy.errors import InputError, LipstudyError, OutputError, system_reason
from lipstudy.lab._lab_study import LabStudy, check_for_window
from lipstudy.lab._presenter import LabPresenter
from lipstudy.lab._psychopy import check_psychopy
from lipstudy.lab._speaker import Speaker, open_speaker
from lipstudy.lab._window import LabWindow, open_window
from lipstudy.study import (
    EventLog,
    Session,
    claim_slot,
    collect_trials,
    comparisons_of,
    event_log_path,
    issue_slot,
    run_session,
    write_tables,
)

__all__ = ["Booth", "LabSettings", "note_sitting", "open_booth", "run_participant"]

_CODE_LETTERS = "23456789ACDEFGHJKMNPQRTUVWXY"
"""Without letters and digits that are mistaken for each other."""


@dataclass(frozen=True, slots=True)
class LabSettings:
    """How the machine is used."""

    windowed: bool = False
    """A window instead of the whole screen: for trying out."""
    screen: int = 0
    """Which screen, from 0."""
    sound_device: str | None = None
    """Name of the sound device; the system's default if left out."""
    no_sound_needed: bool = False
    """Go on where no sound can be played."""
    no_vsync_needed: bool = False
    """Go on where flips do not wait for the screen."""
    photodiode: bool = False
    """Light the lower left corner while a first frame is shown."""
    font: Path | None = None
    """A font file for other scripts."""


@dataclass(frozen=True, slots=True)
class Booth:
    """The open window and sound device."""

    window: LabWindow
    speaker: Speaker | None
    settings: LabSettings


@contextmanager
def open_booth(settings: LabSettings, *, need_vsync: bool = True) -> Iterator[Booth]:
    """Open sound and window, and refuse what cannot prove its timing.

    Raises
    ------
    InputError
        If there is no sound device and sound is needed, no display, or flips do not wait for the screen and that is
        needed.
    """
    check_psychopy()
    window = open_window(fullscreen=not settings.windowed, screen=settings.screen, photodiode=settings.photodiode)
    # Sound first: what is wrong with it is told before the screen goes dark.
    with _sound(settings) as speaker, window as opened:
        if need_vsync and not settings.no_vsync_needed and not opened.rate.is_synchronised:
            raise InputError(
                "pictures do not wait for the refresh of this screen, so nobody can say when they are seen: turn"
                " vertical sync on in the driver of the graphics card, or give --no-vsync-needed and say so in the"
                " report"
            )
        yield Booth(opened, speaker, settings)


@contextmanager
def _sound(settings: LabSettings) -> Iterator[Speaker | None]:
    try:
        opened = open_speaker(settings.sound_device)
        speaker = opened.__enter__()
    except InputError:
        if not settings.no_sound_needed:
            raise
        yield None
        return
    try:
        yield speaker
    finally:
        opened.__exit__(None, None, None)


def run_participant(booth: Booth, lab: LabStudy, participant: str | None = None) -> Session:
    """Run one participant's session in an open booth, from wherever it stands, until it ends or is left.

    After a pause the participant may go on, close the window, or stop for good. Then the tables are written.

    Parameters
    ----------
    booth : Booth
    lab : LabStudy
    participant : str, optional
        Number or name of a slot; the next free one if left out.

    Returns
    -------
    Session
        The state that was reached.

    Raises
    ------
    InputError
        If the clips do not fit the screen or the memory, the slot is not in the plan, its session has ended, or it is
        open elsewhere.
    OutputError
        If the log cannot be written any more; what was written before is kept.
    """
    _check_sound(booth, lab)
    check_for_window(lab, booth.window)
    now = datetime.now().astimezone()
    if participant is None:
        name = issue_slot(lab.folder, lab.study, lab.plan, now=now)
    else:
        name = claim_slot(lab.folder, lab.study, lab.plan, participant, now=now)
    presenter = LabPresenter(booth.window, booth.speaker, lab.clips_folder, font=booth.settings.font)
    note_sitting(event_log_path(lab.folder, lab.plan, name).parent, booth)
    known = comparisons_of(collect_trials(lab.folder, lab.plan)) if lab.study.pairing == "adaptive" else ()
    try:
        while True:
            log = EventLog.of(lab.folder, lab.study, lab.plan, name)
            session = run_session(
                log,
                presenter,
                lab.clips,
                session=f"{name}-{now:%Y%m%d-%H%M%S}",
                simulated=False,
                clock=time.monotonic,
                new_code=new_code,
                date_and_time=_date_and_time,
                known=known,
            )
            if session.ended or presenter.closed:
                write_tables(lab.folder, lab.study, lab.plan)
                return session
    except LipstudyError as error:
        presenter.tell_trouble(str(error))
        raise


def note_sitting(folder: Path, booth: Booth) -> None:
    """Add a line to ``sittings.jsonl`` in a session's folder: on which machine it was begun or gone on with.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    line = json.dumps({"at": _date_and_time(), **machine_facts(booth)}) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "sittings.jsonl", "a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {system_reason(error)}") from error


def machine_facts(booth: Booth) -> dict[str, Any]:
    """Return what matters of the machine, as JSON can hold it."""
    rate, speaker = booth.window.rate, booth.speaker
    return {
        "lipstudy": __version__,
        "psychopy": check_psychopy(),
        "system": platform.platform(),
        "screen_px": list(booth.window.size_px),
        "screen_hz": rate.hz,
        "waits_for_screen": rate.is_synchronised,
        "flip_jitter_ms": round(rate.jitter_ms, 3),
        "sound_device": None if speaker is None else speaker.name,
        "sound_latency_ms": None if speaker is None else round(speaker.latency_s * 1000, 2),
        "photodiode": booth.settings.photodiode,
    }


def new_code() -> str:
    """Return a withdrawal code: twelve letters in three groups, 57 bits."""
    letters = [secrets.choice(_CODE_LETTERS) for _ in range(12)]
    return "-".join("".join(letters[start : start + 4]) for start in (0, 4, 8))


def _check_sound(booth: Booth, lab: LabStudy) -> None:
    if booth.speaker is None and "sound" in lab.study.checks:
        raise InputError(
            f"the study '{lab.study.name}' checks the sound, and this computer plays none: plug in headphones, or take"
            " 'sound' out of its checks"
        )


def _date_and_time() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
