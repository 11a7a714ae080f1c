"""Pages: what a screen says and offers, and how it is laid out and drawn. No window in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.lab._canvas import TEXT, Box, Canvas, scale_of
from lipstudy.lab._window import BACKGROUND

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

__all__ = [
    "Button",
    "DrawnPage",
    "Page",
    "Panel",
    "Slider",
    "TextField",
    "clip_boxes",
    "draw_page",
    "split_text",
]

_FAINT = (150, 154, 160)
_RAISED = (66, 71, 78)
_EDGE = (98, 104, 112)
_ACCENT = (92, 158, 214)

_PROMPT, _ROW, _SLIDER, _FOOT = 56, 46, 70, 50
"""Heights on the smallest screen: the question above clips, the buttons below, the slider, the line at the foot."""

_GAP = 48
"""Between two clips, where the screen is wide enough."""


@dataclass(frozen=True, slots=True)
class Button:
    """Something to choose, by mouse or key."""

    name: str
    """What a choice returns."""
    text: str
    key: str
    """The key that chooses it; also shown, by its usual sign."""
    other_keys: tuple[str, ...] = ()
    """Keys that choose it, too, and are not shown."""
    is_main: bool = False
    """Whether it stands out."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The place of a clip: an empty frame that can be chosen."""

    name: str
    text: str
    key: str
    box: Box


@dataclass(frozen=True, slots=True)
class TextField:
    """Where something is typed."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Slider:
    """A line on which a point is set, from 0 to 100."""

    labels: tuple[str, str]
    value: int | None = None
    """None until it was touched, so that no mark suggests an answer."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one screen says and offers."""

    title: str = ""
    text: str = ""
    big: str = ""
    """Letters to read, a code to note."""
    buttons: tuple[Button, ...] = ()
    stacked: bool = False
    """Whether the buttons stand below each other, as choices do."""
    panels: tuple[Panel, ...] = ()
    field: TextField | Slider | None = None
    ends: tuple[str, str] | None = None
    """What the first and the last button of a row mean, written above them."""
    done: int | None = None
    """How much of the session is done, for the line at the foot; None for no line."""
    in_all: int = 0
    unit: str = "trial"
    note: str = ""
    """A small line at the foot."""
    may_pause: bool = True
    """Whether the corner offers a pause."""


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page as a picture, and where its parts are."""

    picture: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    boxes: dict[str, Box] = field(default_factory=dict)
    """Name of a button or panel, "pause" or "slider" -> its place."""


_SIGNS = {"return": "Enter", "space": "Space", "left": "\u2190", "right": "\u2192", "down": "\u2193", "escape": "Esc"}


def draw_page(page: Page, size_px: tuple[int, int], *, font: Path | None = None) -> DrawnPage:
    """Lay a page out and draw it.

    Parameters
    ----------
    page : Page
    size_px : (int, int)
        Width and height of the window, from 1024 x 768.
    font : Path, optional
        A font file for other scripts; Noto Sans by default.
    """
    canvas = Canvas(size_px, font)
    foot_px = _draw_foot(canvas, page)
    if page.panels:
        _draw_trial(canvas, page, foot_px)
    else:
        _draw_text_page(canvas, page, foot_px)
    if page.may_pause:
        _draw_pause(canvas)
    return DrawnPage(np.asarray(canvas.image).copy(), canvas.boxes)


def clip_boxes(
    clip_sizes_px: Sequence[tuple[int, int]], size_px: tuple[int, int], *, together: bool, scale: bool
) -> list[Box]:
    """Return where clips stand in a window, at their own size.

    Parameters
    ----------
    clip_sizes_px : sequence of (int, int)
        Width and height of each clip.
    size_px : (int, int)
        Width and height of the window.
    together : bool
        Whether they stand beside each other; if not, each stands in the middle.
    scale : bool
        Whether a slider, or the words of a scale, stand below.

    Raises
    ------
    InputError
        If the window is too small.
    """
    width, height = size_px
    factor = scale_of(size_px)
    widths = [clip_width for clip_width, _ in clip_sizes_px]
    needed = sum(widths) if together else max(widths)
    tallest = max(clip_height for _, clip_height in clip_sizes_px)
    room_px = height - round((_PROMPT + _ROW + 8 + (_SLIDER if scale else 0) + _FOOT) * factor)
    if needed > width or tallest > room_px:
        raise InputError(
            f"the screen is too small: it has {width} x {height} pixels, and the clips need at least"
            f" {needed} x {tallest + height - room_px}; use a larger screen, or build smaller clips (size_px)"
        )
    middle_px = _PROMPT * factor + room_px / 2
    gap_px = min(_GAP * factor, (width - needed) / (len(widths) + 1)) if together else 0
    left_px = (width - needed - gap_px * (len(widths) - 1)) / 2
    boxes = []
    for clip_width, clip_height in clip_sizes_px:
        x_px = left_px if together else (width - clip_width) / 2
        boxes.append(Box(round(x_px), round(middle_px - clip_height / 2), clip_width, clip_height))
        left_px += clip_width + gap_px
    return boxes


def split_text(text: str, size_px: tuple[int, int], *, font: Path | None = None) -> list[str]:
    """Return a long text in parts that fit a page with buttons, broken between paragraphs or lines."""
    canvas = Canvas(size_px, font)
    letters = canvas.font(22)
    rows = max(4, int((canvas.height - canvas.px(150 + 170)) / round(letters.size * 1.45)))
    lines = canvas.wrapped(text, letters, _text_width(canvas))
    parts = []
    while len(lines) > rows:
        breaks = [number for number in range(rows // 2, rows) if not lines[number]]
        cut = breaks[-1] if breaks else rows
        parts.append("\n".join(lines[:cut]))
        lines = lines[cut:]
        while lines and not lines[0]:
            lines.pop(0)
    return [*parts, "\n".join(lines)]


def _text_width(canvas: Canvas) -> float:
    return min(canvas.width * 0.84, canvas.px(820))


def _draw_text_page(canvas: Canvas, page: Page, foot_px: float) -> None:
    title, letters, big = canvas.font(32, bold=True), canvas.font(22), canvas.font(64, bold=True)
    text = canvas.wrapped(page.text, letters, _text_width(canvas)) if page.text else []
    heading = canvas.wrapped(page.title, title, _text_width(canvas)) if page.title else []
    row_px, gap_px = canvas.px(56), canvas.px(14)
    heights = [
        len(heading) * round(title.size * 1.45) + (canvas.px(22) if heading else 0),
        len(text) * round(letters.size * 1.45),
        canvas.px(130) if page.big else 0,
        canvas.px(120 if isinstance(page.field, Slider) else 90) if page.field else 0,
    ]
    buttons_px = len(page.buttons) * (row_px + gap_px) if page.stacked else row_px
    free_px = foot_px - sum(heights) - buttons_px - canvas.px(36)
    top_px = max(canvas.px(40), free_px * 0.42)
    left_px = (canvas.width - _text_width(canvas)) / 2
    top_px = canvas.lines(heading, title, top_px=top_px, left_px=left_px) + (canvas.px(22) if heading else 0)
    top_px = canvas.lines(text, letters, top_px=top_px, left_px=left_px)
    if page.big:
        canvas.lines([page.big], big, top_px=top_px + canvas.px(18))
        top_px += heights[2]
    if page.field is not None:
        _draw_field(canvas, page.field, top_px + canvas.px(20), left_px)
        top_px += heights[3]
    top_px += canvas.px(36)
    if page.stacked:
        _draw_stack(canvas, page.buttons, top_px, left_px, row_px, gap_px)
    else:
        _draw_row(canvas, page.buttons, top_px, row_px, left_px=left_px)


def _draw_trial(canvas: Canvas, page: Page, foot_px: float) -> None:
    top_px = min(panel.box.top_px for panel in page.panels)
    bottom_px = max(panel.box.top_px + panel.box.height_px for panel in page.panels)
    letters = canvas.font(26, bold=True)
    prompt = canvas.wrapped(page.title, letters, canvas.width * 0.82)
    canvas.lines(prompt, letters, top_px=max(0, (top_px - len(prompt) * round(letters.size * 1.45)) / 2))
    for panel in page.panels:
        canvas.rounded(panel.box, fill=_RAISED if panel.key else BACKGROUND, edge=_EDGE, radius=6)
        x_px = panel.box.left_px + panel.box.width_px / 2
        y_px = panel.box.top_px + panel.box.height_px / 2
        canvas.draw.text((x_px, y_px), panel.text, font=canvas.font(34, bold=True), fill=TEXT, anchor="mm")
        if panel.key:
            sign = _SIGNS.get(panel.key, panel.key.upper())
            place = (x_px, y_px + canvas.px(48))
            canvas.draw.text(place, sign, font=canvas.sign_font(30), fill=_FAINT, anchor="mm")
            canvas.boxes[panel.name] = panel.box
    row_px = canvas.px(_ROW)
    if isinstance(page.field, Slider):
        _draw_field(canvas, page.field, bottom_px + canvas.px(14), (canvas.width - _text_width(canvas)) / 2)
        bottom_px += canvas.px(_SLIDER)
    if page.ends is not None:
        bottom_px += canvas.px(_SLIDER) / 2
    row_top_px = bottom_px + (foot_px - bottom_px - row_px) / 2
    _draw_row(canvas, page.buttons, row_top_px, row_px, ends=page.ends)


def _draw_row(
    canvas: Canvas,
    buttons: tuple[Button, ...],
    top_px: float,
    height_px: float,
    *,
    left_px: float | None = None,
    ends: tuple[str, str] | None = None,
) -> None:
    gap_px = canvas.px(14)
    for size in (20, 18, 16, 14):  # many or long answers get smaller letters
        letters = canvas.font(size)
        widths = [_button_width(canvas, button, letters) for button in buttons]
        total_px = sum(widths) + gap_px * (len(buttons) - 1)
        if total_px <= canvas.width * 0.97:
            break
    x_px = (canvas.width - total_px) / 2 if left_px is None else left_px
    for button, width_px in zip(buttons, widths, strict=True):
        _draw_button(canvas, button, Box(x_px, top_px, width_px, height_px), letters)
        x_px += width_px + gap_px
    if ends is not None and buttons:
        steps = [canvas.boxes[button.name] for button in buttons if button.name.isdigit()]
        words = f"{buttons[0].text}: {ends[0]}     {len(steps)}: {ends[1]}"
        middle = (steps[0].left_px + steps[-1].left_px + steps[-1].width_px) / 2
        place = (middle, top_px - canvas.px(24))
        canvas.draw.text(place, words, font=canvas.font(19), fill=TEXT, anchor="mm")


def _draw_stack(
    canvas: Canvas, buttons: tuple[Button, ...], top_px: float, left_px: float, height_px: float, gap_px: float
) -> None:
    letters = canvas.font(20)
    width_px = max(canvas.px(360), *(_button_width(canvas, button, letters) for button in buttons), canvas.px(0))
    for number, button in enumerate(buttons):
        box = Box(left_px, top_px + number * (height_px + gap_px), min(width_px, _text_width(canvas)), height_px)
        _draw_button(canvas, button, box, letters)


def _button_width(canvas: Canvas, button: Button, letters: "FreeTypeFont") -> float:
    sign = _sign(button)
    return letters.getlength(button.text) + canvas.sign_font(15).getlength(sign) + canvas.px(64 if sign else 44)


def _sign(button: Button) -> str:
    """Return what is shown of the key; nothing where the text says it."""
    return "" if button.key == button.text else _SIGNS.get(button.key, button.key.upper())


def _draw_button(canvas: Canvas, button: Button, box: Box, letters: "FreeTypeFont") -> None:
    canvas.rounded(box, fill=_ACCENT if button.is_main else _RAISED, edge=None if button.is_main else _EDGE)
    color = (18, 22, 26) if button.is_main else TEXT
    middle = box.top_px + box.height_px / 2
    canvas.draw.text((box.left_px + canvas.px(22), middle), button.text, font=letters, fill=color, anchor="lm")
    sign = _sign(button)
    place = (box.left_px + box.width_px - canvas.px(20), middle)
    canvas.draw.text(
        place, sign, font=canvas.sign_font(15), fill=(40, 62, 82) if button.is_main else _FAINT, anchor="rm"
    )
    canvas.boxes[button.name] = box


def _draw_field(canvas: Canvas, shown: TextField | Slider, top_px: float, left_px: float) -> None:
    width_px = _text_width(canvas)
    if isinstance(shown, TextField):
        box = Box(left_px, top_px, width_px, canvas.px(54))
        canvas.rounded(box, fill=(34, 36, 40), edge=_ACCENT)
        letters = canvas.font(22)
        text = shown.text
        while letters.getlength(text) > width_px - canvas.px(44):
            text = text[1:]  # the end that is being typed stays in sight
        place = (left_px + canvas.px(16), top_px + canvas.px(27))
        canvas.draw.text(place, text, font=letters, fill=TEXT, anchor="lm")
        caret_px = place[0] + letters.getlength(text) + canvas.px(3)
        canvas.draw.rectangle((caret_px, top_px + canvas.px(13), caret_px + 1, top_px + canvas.px(41)), fill=_ACCENT)
        return
    middle = top_px + canvas.px(18)
    canvas.rounded(Box(left_px, middle - canvas.px(3), width_px, canvas.px(6)), fill=_EDGE, radius=3)
    canvas.boxes["slider"] = Box(left_px, top_px - canvas.px(8), width_px, canvas.px(52))
    small = canvas.font(18)
    for text, x_px, anchor in ((shown.labels[0], left_px, "lm"), (shown.labels[1], left_px + width_px, "rm")):
        canvas.draw.text((x_px, middle + canvas.px(28)), text, font=small, fill=_FAINT, anchor=anchor)
    if shown.value is not None:
        x_px = left_px + width_px * shown.value / 100
        side = canvas.px(26)
        canvas.rounded(Box(x_px - side / 2, middle - side / 2, side, side), fill=_ACCENT, radius=13)


def _draw_foot(canvas: Canvas, page: Page) -> float:
    """Draw the progress line and the note; return where the page above them ends."""
    top_px = canvas.height - canvas.px(_FOOT - 8)
    small = canvas.font(16)
    if page.done is not None and page.in_all:
        width_px = canvas.px(300)
        left_px = (canvas.width - width_px) / 2
        box = Box(left_px, top_px + canvas.px(20), width_px, canvas.px(6))
        canvas.rounded(box, fill=_RAISED, radius=3)
        share = min(1.0, page.done / page.in_all)
        if share > 0:
            canvas.rounded(Box(left_px, box.top_px, width_px * share, box.height_px), fill=_ACCENT, radius=3)
        told = f"{page.unit.capitalize()} {min(page.done + 1, page.in_all)} of {page.in_all}"
        canvas.draw.text((canvas.width / 2, top_px + canvas.px(6)), told, font=small, fill=_FAINT, anchor="mm")
    if page.note:
        place = (canvas.width - canvas.px(24), top_px + canvas.px(20))
        canvas.draw.text(place, page.note, font=small, fill=_FAINT, anchor="rm")
    return top_px - canvas.px(8)


def _draw_pause(canvas: Canvas) -> None:
    small = canvas.font(15)
    width_px = small.getlength("Pause  Esc Esc") + canvas.px(24)
    box = Box(canvas.width - width_px - canvas.px(14), canvas.px(12), width_px, canvas.px(30))
    canvas.rounded(box, fill=BACKGROUND, edge=_RAISED, radius=8)
    place = (box.left_px + box.width_px / 2, box.top_px + box.height_px / 2)
    canvas.draw.text(place, "Pause  Esc Esc", font=small, fill=_FAINT, anchor="mm")
    canvas.boxes["pause"] = box
