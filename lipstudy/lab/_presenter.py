"""The presenter of the lab: every screen of a session in PsychoPy's window."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from lipstudy.errors import InputError
from lipstudy.lab._dialog import Dialog
from lipstudy.lab._page import Button, Page, TextField, split_text
from lipstudy.lab._speaker import SPEAKER_SR, Speaker
from lipstudy.lab._trial import TrialRunner
from lipstudy.lab._window import LabWindow
from lipstudy.records import Clip
from lipstudy.study import (
    AttentionScreen,
    BreakScreen,
    CheckScreen,
    ClipFailedError,
    ConsentScreen,
    FeedbackScreen,
    InstructionsScreen,
    PauseAsked,
    Presenter,
    QuestionScreen,
    ResumeScreen,
    StopAsked,
    ThanksScreen,
    TrialAnswer,
    TrialScreen,
)

__all__ = ["CHOICE_KEYS", "LabPresenter"]

CHOICE_KEYS = "123456789abcdefghijklmnopqrstuvwxyz"
"""The keys of the answers to a question, in their order."""

_GO_ON = Button("go_on", "Go on", "return", other_keys=("space",), is_main=True)


class LabPresenter(Presenter):
    """Shows the screens of a session in a window and returns what is answered by keys or mouse."""

    def __init__(
        self, window: LabWindow, speaker: Speaker | None, clips_folder: Path, *, font: Path | None = None
    ) -> None:
        """Prepare to show screens.

        Parameters
        ----------
        window : LabWindow
        speaker : Speaker, optional
            Nothing is heard without one.
        clips_folder : Path
            The folder of the manifest.
        font : Path, optional
            A font file for other scripts.
        """
        self.window = window
        self.dialog = Dialog(window, font=font)
        self._speaker = speaker
        self._trials = TrialRunner(self.dialog, speaker, clips_folder)
        self.closed = False
        """Whether the resuming screen was left with "Close"."""

    def offer_to_go_on(self, screen: ResumeScreen) -> None:
        """Say how much is done, and let go on, close or stop be chosen."""
        done = f"{screen.trials_done} of {screen.trials_in_all} trials are done."
        if screen.trials_done == 0:
            done = "The trials have not begun yet."
        page = Page(
            title="Paused",
            text=f"The session of participant {screen.participant} waits here; nothing is lost. {done}\n\nYou may go"
            " on now, close the window and go on at another time, or stop for good.",
            buttons=(
                _GO_ON,
                Button("close", "Close, go on later", "c"),
                Button("stop", "Stop for good", "s"),
            ),
            may_pause=False,
        )
        while True:
            match self.dialog.ask(page).name:
                case "close":
                    self.closed = True
                    raise PauseAsked
                case "stop":
                    if self._is_sure():
                        raise StopAsked
                case _:
                    return

    def ask_consent(self, screen: ConsentScreen) -> bool:
        """Show the consent text, in parts if it is long, and ask at its end."""
        agree = Button("agree", "I agree", "return", is_main=True)
        return self._read("Consent", screen.consent.text, (agree, Button("refuse", "I do not agree", "n"))) == "agree"

    def check(self, screen: CheckScreen) -> str:
        """Play the tones or show the letters, and return what was counted or read."""
        again = "" if screen.attempt == 1 else "That was not quite right. Please try once more. "
        if screen.check == "vision":
            page = Page(
                title="Check of your sight",
                text=f"{again}Please type the letters that you see.",
                big=" ".join(screen.expected),
                field=TextField(),
                buttons=(_only_return(_GO_ON),),
            )
            return self._typed(page)
        return self._count_tones(screen, again)

    def instruct(self, screen: InstructionsScreen) -> None:
        """Show the instructions, in parts if they are long."""
        self._read("Instructions", screen.text, (_GO_ON,))

    def present(self, screen: TrialScreen, clips: tuple[Clip, ...]) -> TrialAnswer:
        """Play the clips of a trial and return the answer with its proof."""
        return self._trials.run(screen, clips)

    def give_feedback(self, screen: FeedbackScreen) -> None:
        """Tell whether the answer was right, and which clip had the fault."""
        sequential = screen.trial.presentation == "sequential"
        sides = {"left": "first" if sequential else "left", "right": "second" if sequential else "right"}
        wrong = next((word for side, word in sides.items() if side != screen.trial.correct), "other")
        where = f"In the {wrong} clip the lips did not go with the speech."
        title = "Right" if screen.right else "Not this time"
        self.dialog.ask(Page(title=title, text=f"{where} This was practice.", buttons=(_GO_ON,)))

    def rest(self, screen: BreakScreen) -> None:
        """Offer a break."""
        self.dialog.ask(
            Page(
                title="Time for a break",
                text=f"{screen.trials_done} of {screen.trials_in_all} are done. Look away from the screen and rest your"
                " eyes; go on when you like.",
                buttons=(_GO_ON,),
                done=screen.trials_done,
                in_all=screen.trials_in_all,
            )
        )

    def ask(self, screen: QuestionScreen | AttentionScreen) -> str | float:
        """Ask a question and return its answer."""
        question = screen.question
        done = screen.number - 1 if isinstance(screen, QuestionScreen) else None
        in_all = screen.questions_in_all if isinstance(screen, QuestionScreen) else 0
        page = Page(title=question.prompt, done=done, in_all=in_all, unit="question")
        if question.kind == "choice":
            buttons = tuple(
                Button(choice, choice, key) for key, choice in zip(CHOICE_KEYS, question.choices, strict=False)
            )
            return self.dialog.ask(replace(page, buttons=buttons, stacked=True)).name
        page = replace(page, field=TextField(), buttons=(_only_return(_GO_ON),))
        return self._number(page) if question.kind == "number" else self._typed(page)

    def thank(self, screen: ThanksScreen) -> None:
        """Thank, and show the withdrawal code until it was noted."""
        if screen.code is None:
            text = "You did not agree, so nothing was kept. Please tell the person who looks after you."
            self.dialog.ask(Page(title="Thank you", text=text, buttons=(_GO_ON,), may_pause=False))
            return
        over = "That was all." if screen.complete else "The session is over; what you answered is kept."
        self.dialog.ask(
            Page(
                title="Thank you",
                text=f"{over}\n\nThis is your withdrawal code. With it, your answers can be deleted later; nobody else"
                " knows it, so please note it or photograph it now.",
                big=screen.code,
                buttons=(Button("noted", "I have noted it", "return", is_main=True),),
                may_pause=False,
            )
        )

    def tell_trouble(self, message: str) -> None:
        """Say that something is wrong with the computer, and wait until someone has read it."""
        text = f"Please call the person who looks after you. Nothing that you answered is lost.\n\n{message}"
        self.dialog.ask(Page(title="The computer needs help", text=text, buttons=(_GO_ON,), may_pause=False))

    def _read(self, title: str, text: str, last: tuple[Button, ...]) -> str:
        parts = split_text(text, self.window.size_px, font=self.dialog.font)
        number = 0
        back = Button("back", "Back", "left", other_keys=("backspace",))
        while True:
            at_end = number == len(parts) - 1
            buttons = (*(last if at_end else (_GO_ON,)), *((back,) if number else ()))
            note = f"Page {number + 1} of {len(parts)}" if len(parts) > 1 else ""
            chosen = self.dialog.ask(Page(title=title, text=parts[number], buttons=buttons, note=note)).name
            if chosen == "back":
                number -= 1
            elif at_end:
                return chosen
            else:
                number += 1

    def _is_sure(self) -> bool:
        page = Page(
            title="Stop for good?",
            text="The session cannot be taken up again. What you have answered so far is kept.",
            buttons=(Button("back", "Back", "return", is_main=True), Button("stop", "Stop for good", "s")),
            may_pause=False,
        )
        return self.dialog.ask(page).name == "stop"

    def _typed(self, page: Page) -> str:
        answer = self.dialog.ask(page)
        assert isinstance(answer.field, TextField)
        return answer.field.text.strip()

    def _number(self, page: Page) -> float:
        while True:
            text = self._typed(page)
            try:
                value = float(text.replace(",", "."))
            except ValueError:
                value = math.nan
            if math.isfinite(value):
                return value
            page = replace(page, field=TextField(text), text="Please give a number, like 34.")

    def _count_tones(self, screen: CheckScreen, again: str) -> str:
        digits = tuple(Button(str(number), str(number), str(number)) for number in range(1, 7))
        replay = Button("replay", "Play again", "r")
        page = Page(
            title="Check of the sound",
            text=f"{again}Put the headphones on. You hear a few short tones. How many are there?",
            buttons=(*digits, replay),
        )
        while True:
            self._play_tones(int(screen.expected))
            answer = self.dialog.ask(page).name
            if answer != "replay":
                return answer

    def _play_tones(self, count: int) -> None:
        self.dialog.tell(Page(title="Check of the sound", text="Listen."), seconds=0.6)
        samples = tones(count)
        if self._speaker is not None:
            try:
                self._speaker.load(samples)
                self._speaker.start_at(self.window.now_s + 0.2)
            except ClipFailedError as error:
                raise InputError(str(error)) from error
        self.dialog.tell(Page(title="Check of the sound", text="Listen."), seconds=0.3 + len(samples) / SPEAKER_SR)
        if self._speaker is not None:
            self._speaker.stop()


def tones(count: int) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """Return `count` tones of a fifth of a second with pauses, at the loudness of quiet speech."""
    times_s = np.arange(int(0.2 * SPEAKER_SR)) / SPEAKER_SR
    edge = np.minimum(1, np.minimum(times_s, times_s[::-1]) / 0.01)
    tone = np.sin(2 * np.pi * 660 * times_s) * edge * 0.1
    return np.tile(np.concatenate([tone, np.zeros(int(0.35 * SPEAKER_SR))]), count).astype(np.float32)


def _only_return(button: Button) -> Button:
    """Return a button that a typed space does not press."""
    return Button(button.name, button.text, button.key, is_main=button.is_main)
