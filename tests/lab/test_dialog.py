"""Pages in the window take keys, letters and the mouse; Esc twice pauses."""

from collections.abc import Iterator

import pytest

from lipstudy.lab import (
    Answer,
    Button,
    Dialog,
    EscapeWatch,
    Input,
    KeyPress,
    LabWindow,
    MousePress,
    Page,
    Slider,
    TextField,
    TypedText,
    draw_page,
    open_window,
)
from lipstudy.study import PauseAsked

pytestmark = pytest.mark.needs_display

GO_ON = Button("go_on", "Go on", "return", is_main=True)
SIZE = (1024, 768)


@pytest.fixture(scope="module")
def window(display: str) -> Iterator[LabWindow]:
    with open_window(fullscreen=False, size_px=SIZE, virtual_hz=60.0) as opened:
        yield opened


def asked(window: LabWindow, page: Page, *inputs: Input) -> Answer:
    """Return the answer to a page when `inputs` come one at a time."""
    dialog = Dialog(window)
    waiting = list(inputs)
    dialog.inputs = lambda: [waiting.pop(0)] if waiting else pytest.fail("no answer")  # type: ignore[method-assign]
    return dialog.ask(page)


def keys(*names: str) -> list[KeyPress]:
    return [KeyPress(name, float(number)) for number, name in enumerate(names)]


def click(page: Page, name: str, share: float = 0.5) -> MousePress:
    box = draw_page(page, SIZE).boxes[name]
    return MousePress(box.left_px + share * box.width_px, box.top_px + box.height_px / 2, 1.0)


def test_a_key_and_a_click_choose_the_same(window) -> None:
    page = Page(title="?", buttons=(GO_ON, Button("no", "No", "n")))
    assert asked(window, page, *keys("x", "n")).name == "no"
    assert asked(window, page, MousePress(1, 1, 0.0), click(page, "no")).name == "no"


def test_letters_are_typed_and_deleted_and_choose_nothing(window) -> None:
    page = Page(title="?", field=TextField(), buttons=(GO_ON, Button("no", "No", "n")))
    typed = [KeyPress("n", 0.0), TypedText("n", 0.0), TypedText("o", 0.1), KeyPress("backspace", 0.2)]
    answer = asked(window, page, *typed, KeyPress("return", 0.3))
    assert (answer.name, answer.field) == ("go_on", TextField("n"))


def test_a_slider_is_not_handed_in_before_it_was_touched(window) -> None:
    page = Page(title="?", field=Slider(("bad", "good")), buttons=(GO_ON,))
    answer = asked(window, page, *keys("return", "return"), click(page, "slider", 0.25), *keys("right", "return"))
    assert answer.field == Slider(("bad", "good"), 26)


@pytest.mark.parametrize(("key", "value"), [("home", 0), ("end", 100), ("up", 60), ("left", 49)])
def test_keys_move_a_slider_from_its_middle(window, key: str, value: int) -> None:
    page = Page(title="?", field=Slider(("bad", "good")), buttons=(GO_ON,))
    assert asked(window, page, *keys(key, "return")).field == Slider(("bad", "good"), value)


def test_esc_twice_pauses_and_once_does_not(window) -> None:
    page = Page(title="?", buttons=(GO_ON,))
    assert asked(window, page, *keys("escape", "return")).name == "go_on"
    with pytest.raises(PauseAsked, match=r"^$"):
        asked(window, page, *keys("escape", "escape"))


def test_the_corner_pauses_without_a_keyboard(window) -> None:
    page = Page(title="?", buttons=(GO_ON,))
    with pytest.raises(PauseAsked, match=r"^$"):
        asked(window, page, click(page, "pause"))


def test_esc_twice_with_a_long_time_between_does_not_pause() -> None:
    watch = EscapeWatch()
    assert watch.hears(KeyPress("escape", 0.0))
    assert watch.hears(KeyPress("escape", 5.0))
    with pytest.raises(PauseAsked, match=r"^$"):
        watch.hears(KeyPress("escape", 6.0))


def test_a_silent_keyboard_is_told_of_on_the_page(window) -> None:
    dialog = Dialog(window)
    notes: list[str] = []
    dialog.on_page = lambda page, drawn: notes.append(page.note)
    dialog.inputs = lambda: keys("return") if any(notes) else []  # type: ignore[method-assign]
    dialog.ask(Page(title="?", buttons=(GO_ON,)))
    assert "is the keyboard plugged in" in notes[-1]
