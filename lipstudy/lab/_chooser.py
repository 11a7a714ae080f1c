"""Which study, and whose session: two pages for a lab assistant."""

from datetime import datetime
from pathlib import Path

from lipstudy.errors import InputError, LipstudyError
from lipstudy.lab._dialog import Dialog
from lipstudy.lab._lab_study import LabStudy, find_studies, open_study
from lipstudy.lab._page import Button, Page
from lipstudy.lab._presenter import CHOICE_KEYS
from lipstudy.lab._run import Booth, run_participant
from lipstudy.study import SlotState, slot_states

__all__ = ["run_chosen"]

_CLOSE = Button("close", "Close", "escape")
_MOST = 6
"""Buttons of a kind on one page."""


def run_chosen(booth: Booth, folder: Path) -> int:
    """Let studies and slots be chosen on the screen and run them, until "Close"; return how many sessions ended.

    Parameters
    ----------
    booth : Booth
    folder : Path
        Where studies with a plan are looked for, and in its ``experiments``.

    Raises
    ------
    InputError
        If there is none.
    """
    paths = find_studies(folder)
    if not paths:
        raise InputError(
            f"there is no study with a plan in {folder.resolve()}: start this in the folder of the study, or write a"
            " plan with 'lipstudy plan'"
        )
    dialog = Dialog(booth.window, font=booth.settings.font)
    ended = 0
    while True:
        page = Page(
            title="Which study?",
            buttons=(*_numbered([path.stem for path in paths[:_MOST]]), _CLOSE),
            stacked=True,
            may_pause=False,
        )
        chosen = dialog.ask(page).name
        if chosen == "close":
            return ended
        try:
            lab = open_study(next(path for path in paths if path.stem == chosen), font=booth.settings.font)
            participant = _choose_slot(dialog, lab)
            if participant is not None:
                ended += run_participant(booth, lab, participant or None).ended
        except LipstudyError as error:
            _tell(dialog, str(error))


def _choose_slot(dialog: Dialog, lab: LabStudy) -> str | None:
    """Return the participant to go on with, "" for the next free slot, or None to go back."""
    states = slot_states(lab.folder, lab.study, lab.plan, now=datetime.now().astimezone())
    count = {state: sum(slot.state == state for slot in states) for state in ("complete", "in_progress")}
    free = next((slot for wanted in ("again", "free") for slot in states if slot.state == wanted), None)
    begun = [slot for slot in states if slot.state == "in_progress"][-_MOST + 2 :]
    buttons = [] if free is None else [Button("", f"Next participant: {_shown(free)}", "return", is_main=True)]
    buttons += [
        Button(str(slot.participant), f"Go on with {slot.participant}", key)
        for key, slot in zip(CHOICE_KEYS, begun, strict=False)
    ]
    text = f"{count['complete']} of {len(states)} sessions are complete, {count['in_progress']} were begun."
    page = Page(
        title=lab.study.name,
        text=text,
        buttons=(*buttons, Button("back", "Back", "escape")),
        stacked=True,
        may_pause=False,
    )
    chosen = dialog.ask(page).name
    return None if chosen == "back" else chosen


def _shown(slot: SlotState) -> str:
    return slot.slot if slot.state == "free" else f"{slot.slot}, given out again"


def _numbered(names: list[str]) -> list[Button]:
    return [Button(name, name, key) for key, name in zip(CHOICE_KEYS, names, strict=False)]


def _tell(dialog: Dialog, message: str) -> None:
    back = Button("back", "Back", "return", is_main=True)
    dialog.ask(Page(title="This does not work", text=message, buttons=(back,), may_pause=False))
