"""A page in the window until it is answered, by mouse or keys."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lipstudy.lab._inputs import Input, KeyPress, MousePress, TypedText
from lipstudy.lab._page import DrawnPage, Page, Slider, TextField, draw_page
from lipstudy.lab._window import LabWindow
from lipstudy.study import PauseAsked

__all__ = ["Answer", "Dialog", "EscapeWatch"]

_TWICE_S = 2.0
_SILENT_S = 90.0
_NO_KEYS = (
    "Nothing pressed for a while. If keys do nothing, is the keyboard plugged in? The mouse can do everything here."
)
_MAX_TYPED = 2000


@dataclass(frozen=True, slots=True)
class Answer:
    """What was chosen on a page."""

    name: str
    """The button or panel."""
    time_s: float
    """When."""
    field: TextField | Slider | None
    """What was typed or set."""


class EscapeWatch:
    """Notices Esc twice within two seconds."""

    def __init__(self) -> None:
        """Begin with none."""
        self._first_s: float | None = None

    def hears(self, key: KeyPress) -> bool:
        """Note a key; return whether Esc waits for its second press. Raises PauseAsked at the second."""
        if key.key != "escape":
            self._first_s = None
            return False
        if self._first_s is not None and key.time_s - self._first_s < _TWICE_S:
            self._first_s = None
            raise PauseAsked
        self._first_s = key.time_s
        return True


class Dialog:
    """Shows pages in a window and waits for their answers."""

    def __init__(self, window: LabWindow, *, font: Path | None = None) -> None:
        """Prepare to show pages in `window`."""
        self.window = window
        self.font = font
        self.escape = EscapeWatch()
        self.on_page: Callable[[Page, DrawnPage], None] | None = None
        """Called with every page that was shown: for pictures of the screens."""

    def inputs(self) -> list[Input]:
        """Return what was done since the last call."""
        return self.window.read_inputs()

    def ask(self, page: Page) -> Answer:
        """Show a page until one of its buttons or panels is chosen.

        Keys that were pressed before it was seen do not count.

        Raises
        ------
        PauseAsked
            If Esc was pressed twice or the corner was clicked, where the page allows it.
        """
        self.window.show_mouse(True)
        drawn = self._show(page)
        self.window.read_inputs()
        heard_s = self.window.now_s
        while True:
            changed, quiet = page, True
            for done in self.inputs():
                quiet = False
                changed, chosen = self._after(done, changed, drawn)
                if chosen is not None:
                    return Answer(chosen, done.time_s, changed.field)
            now_s = self.window.now_s
            heard_s = heard_s if quiet else now_s
            if now_s - heard_s > _SILENT_S and not changed.note:
                changed = replace(changed, note=_NO_KEYS)
            if changed != page:
                page = changed
                drawn = self._show(page)
            else:
                self.window.idle()

    def tell(self, page: Page, *, seconds: float = 0.0) -> None:
        """Show a page that waits for nobody."""
        self._show(page)
        end_s = self.window.now_s + seconds
        while self.window.now_s < end_s:
            self.window.idle()

    def _show(self, page: Page) -> DrawnPage:
        drawn = draw_page(page, self.window.size_px, font=self.font)
        self.window.show(drawn.picture)
        if self.on_page is not None:
            self.on_page(page, drawn)
        return drawn

    def _after(self, done: Input, page: Page, drawn: DrawnPage) -> tuple[Page, str | None]:
        """Return the page after an input, and what it chose."""
        match done:
            case KeyPress(key="escape") if page.may_pause:
                waits = self.escape.hears(done)
                return replace(page, note="Press Esc once more to pause." if waits else ""), None
            case KeyPress():
                self.escape.hears(done) if page.may_pause else None
                return _after_key(done.key, replace(page, note=""))
            case TypedText(text=text) if isinstance(page.field, TextField):
                return replace(page, field=TextField((page.field.text + text)[:_MAX_TYPED])), None
            case MousePress(x_px=x_px, y_px=y_px):
                return _after_mouse(x_px, y_px, page, drawn)
        return page, None


def _after_key(key: str, page: Page) -> tuple[Page, str | None]:
    shown = page.field
    if isinstance(shown, TextField):
        if key == "backspace":
            return replace(page, field=TextField(shown.text[:-1])), None
        if key != "return":
            return page, None  # a letter of what is typed is no choice
    if isinstance(shown, Slider) and key in _SLIDES:
        start = 50 if shown.value is None else shown.value
        return replace(page, field=replace(shown, value=max(0, min(100, _SLIDES[key](start))))), None
    for button in page.buttons:
        if key == button.key or key in button.other_keys:
            return page, _allowed(button.name, page)
    for panel in page.panels:
        if panel.key and key == panel.key:
            return page, panel.name
    return page, None


def _after_mouse(x_px: float, y_px: float, page: Page, drawn: DrawnPage) -> tuple[Page, str | None]:
    hit = next((name for name, box in drawn.boxes.items() if box.holds(x_px, y_px)), None)
    if hit is None:
        return page, None
    if hit == "pause":
        raise PauseAsked
    if hit == "slider" and isinstance(page.field, Slider):
        box = drawn.boxes[hit]
        value = round(100 * (x_px - box.left_px) / box.width_px)
        return replace(page, field=replace(page.field, value=max(0, min(100, value)))), None
    return page, _allowed(hit, page)


def _allowed(name: str, page: Page) -> str | None:
    """Return the choice, unless it hands in a slider that was not touched."""
    untouched = isinstance(page.field, Slider) and page.field.value is None
    is_main = any(button.name == name and button.is_main for button in page.buttons)
    return None if untouched and is_main else name


_SLIDES: dict[str, Callable[[int], int]] = {
    "left": lambda value: value - 1,
    "right": lambda value: value + 1,
    "down": lambda value: value - 10,
    "up": lambda value: value + 10,
    "home": lambda value: 0,
    "end": lambda value: 100,
}
