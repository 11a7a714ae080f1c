"""A rehearsal: the whole study through the real window, keys pressed by a simulated viewer, at full speed."""

import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from lipstudy.execution import Progress
from lipstudy.lab._inputs import Input, KeyPress, TypedText
from lipstudy.lab._lab_study import LabStudy, check_for_window
from lipstudy.lab._page import DrawnPage, Page
from lipstudy.lab._presenter import CHOICE_KEYS, LabPresenter
from lipstudy.lab._window import LabWindow, open_window
from lipstudy.records import Clip, Trial
from lipstudy.study import (
    AttentionScreen,
    BreakScreen,
    CheckScreen,
    ConsentScreen,
    EventLog,
    FeedbackScreen,
    InstructionsScreen,
    QuestionScreen,
    ResumeScreen,
    SimulatedPresenter,
    SimulatedViewer,
    SimulatedViewers,
    ThanksScreen,
    TrialAnswer,
    TrialScreen,
    freeze_study,
    run_session,
    write_tables,
)

__all__ = ["Rehearsal", "RehearsalPresenter", "rehearse_study"]

OnPage = Callable[[Page, DrawnPage], None]

_TYPED = "type "
"""Marks letters that are typed, among the names of keys."""


class RehearsalPresenter(LabPresenter):
    """The lab's presenter with the keys of a simulated viewer: every screen is drawn, every clip played."""

    def __init__(self, window: LabWindow, clips_folder: Path, viewer: SimulatedViewer, *, font: Path | None) -> None:
        """Prepare to show screens to `viewer`."""
        super().__init__(window, None, clips_folder, font=font)
        self._viewer = viewer
        self._knows = SimulatedPresenter(viewer)
        self._keys: list[str] = []
        self.dialog.inputs = self._press_next  # type: ignore[method-assign]

    def offer_to_go_on(self, screen: ResumeScreen) -> None:
        """Go on."""
        self._keys = ["return"]
        super().offer_to_go_on(screen)

    def ask_consent(self, screen: ConsentScreen) -> bool:
        """Read every part, and agree."""
        self._keys = ["return"] * 50
        return super().ask_consent(screen)

    def check(self, screen: CheckScreen) -> str:
        """Type or press what is right."""
        self._keys = [_TYPED + screen.expected, "return"] if screen.check == "vision" else [screen.expected]
        return super().check(screen)

    def instruct(self, screen: InstructionsScreen) -> None:
        """Read every part."""
        self._keys = ["return"] * 50
        super().instruct(screen)

    def present(self, screen: TrialScreen, clips: tuple[Clip, ...]) -> TrialAnswer:
        """Watch as often as the viewer wants, and press the answer."""
        choice = self._viewer.choose(screen.trial, screen.study)
        self._keys = ["r"] * (choice.plays - 1)
        rating = screen.study.rating
        if rating is None:
            self._keys.append("down" if choice.response == "no_preference" else str(choice.response))
        elif rating.kind == "slider":
            value = int(choice.rating or 0)
            self._keys += ["home", *(["up"] * (value // 10)), *(["right"] * (value % 10)), "return"]
        else:
            self._keys.append(f"{choice.rating:.0f}")
        return super().present(screen, clips)

    def give_feedback(self, screen: FeedbackScreen) -> None:
        """Read."""
        self._keys = ["return"]
        super().give_feedback(screen)

    def rest(self, screen: BreakScreen) -> None:
        """Go on at once."""
        self._keys = ["return"]
        super().rest(screen)

    def ask(self, screen: QuestionScreen | AttentionScreen) -> str | float:
        """Answer as a simulated viewer does."""
        answer = self._knows.ask(screen)
        question = screen.question
        if question.kind == "choice":
            self._keys = [CHOICE_KEYS[question.choices.index(str(answer))]]
        else:
            self._keys = [_TYPED + (f"{answer:g}" if isinstance(answer, float) else answer), "return"]
        return super().ask(screen)

    def thank(self, screen: ThanksScreen) -> None:
        """Leave."""
        self._keys = ["return"]
        super().thank(screen)

    def _press_next(self) -> list[Input]:
        """Return what the window heard, and the viewer's next key."""
        heard = self.window.read_inputs()
        if not self._keys:
            return heard
        key, now_s = self._keys.pop(0), self.window.now_s
        typed = key.removeprefix(_TYPED)
        return [*heard, KeyPress(key, now_s) if typed == key else TypedText(typed, now_s)]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal found."""

    trials: tuple[Trial, ...]
    """The rows that it would have left."""
    seconds: float
    """How long it took."""

    @property
    def failed(self) -> list[Trial]:
        """Trials that could not be shown."""
        return [trial for trial in self.trials if not trial.valid]


def rehearse_study(
    lab: LabStudy,
    *,
    participants: list[str] | None = None,
    windowed: bool = False,
    screen: int = 0,
    font: Path | None = None,
    folder: Path | None = None,
    seed: int = 1,
    on_page: OnPage | None = None,
    progress: Progress | None = None,
) -> Rehearsal:
    """Run simulated viewers through the real window.

    Every screen is drawn and every frame of every clip is shown, without waiting and without sound; keys go the way of
    a person's. What is found is what would stop a session: a clip that cannot be shown, a text that does not fit.

    Parameters
    ----------
    lab : LabStudy
    participants : list of str, optional
        The slots; the first one by default.
    windowed, screen, font
        As of a session.
    folder : Path, optional
        Where event logs and tables go; thrown away if left out.
    seed : int >= 0
        The seed of the viewers.
    on_page : callable, optional
        Called with every page shown.
    progress : callable, optional
        Called with sessions done and sessions in all.

    Raises
    ------
    InputError
        If there is no display, or the clips do not fit the screen or the memory.
    """
    begun_s = time.monotonic()
    fastest_hz = max(clip.fps for clip in lab.clips.values())
    slots = participants or [lab.plan[0].participant]
    keep = nullcontext(folder) if folder is not None else tempfile.TemporaryDirectory(prefix="lipstudy-")
    with (
        keep as name,
        open_window(fullscreen=not windowed, screen=screen, virtual_hz=fastest_hz) as window,
    ):
        target = Path(name)
        check_for_window(lab, window)
        freeze_study(target, lab.study, lab.plan)
        for done, slot in enumerate(slots, start=1):
            viewer = SimulatedViewer(SimulatedViewers(), slot, seed=seed)
            presenter = RehearsalPresenter(window, lab.clips_folder, viewer, font=font)
            presenter.dialog.on_page = on_page
            run_session(
                EventLog.of(target, lab.study, lab.plan, slot),
                presenter,
                lab.clips,
                session=f"{slot}-rehearsal-{seed}",
                simulated=True,
                clock=lambda: window.now_s,
                new_code=lambda: "REHEARSAL",
            )
            if progress is not None:
                progress(done, len(slots))
        trials = write_tables(target, lab.study, lab.plan)
    return Rehearsal(tuple(trials), time.monotonic() - begun_s)
