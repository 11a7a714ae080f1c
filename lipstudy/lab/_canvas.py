"""A picture to draw pages on: places in it, letters that fit its size and script."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lipstudy.errors import InputError
from lipstudy.lab._window import BACKGROUND

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

__all__ = ["TEXT", "Box", "Canvas", "check_font", "scale_of"]

TEXT = (236, 236, 232)

_SMALLEST_PX = (1024, 768)
"""The smallest screen that pages are made for; larger ones get larger letters."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the window, in pixels from its upper left corner."""

    left_px: float
    top_px: float
    width_px: float
    height_px: float

    def holds(self, x_px: float, y_px: float) -> bool:
        """Whether a point lies in it."""
        return (
            self.left_px <= x_px < self.left_px + self.width_px and self.top_px <= y_px < self.top_px + self.height_px
        )


class Canvas:
    """A picture to draw on, with letters that fit its size."""

    def __init__(self, size_px: tuple[int, int], font: Path | None) -> None:
        from PIL import Image, ImageDraw

        self.width, self.height = size_px
        self.scale = scale_of(size_px)
        self.image = Image.new("RGB", size_px, BACKGROUND)
        self.draw = ImageDraw.Draw(self.image)
        self._font = font
        self.boxes: dict[str, Box] = {}

    def px(self, length: float) -> int:
        """Return a length of the smallest screen on this one."""
        return round(length * self.scale)

    def font(self, height: float, *, bold: bool = False) -> "FreeTypeFont":
        """Return letters of a height on the smallest screen."""
        return _font(self._font, self.px(height), bold)

    def sign_font(self, height: float) -> "FreeTypeFont":
        """Return letters that have arrows."""
        return _font(_sign_font(), self.px(height), False)

    def wrapped(self, text: str, font: "FreeTypeFont", width_px: float) -> list[str]:
        """Return a text in lines of this width."""
        lines = []
        for paragraph in text.rstrip().split("\n"):
            line = ""
            for word in paragraph.split():
                longer = f"{line} {word}".lstrip()
                if line and font.getlength(longer) > width_px:
                    lines.append(line)
                    line = word
                else:
                    line = longer
                while font.getlength(line) > width_px:  # a word longer than a line, as a script without spaces writes
                    fits = next(n for n in range(len(line), 0, -1) if n == 1 or font.getlength(line[:n]) <= width_px)
                    lines.append(line[:fits])
                    line = line[fits:]
            lines.append(line)
        return lines

    def lines(
        self, lines: list[str], font: "FreeTypeFont", *, top_px: float, left_px: float | None = None, color: Any = TEXT
    ) -> float:
        """Write lines, centred without `left_px`; return where they end."""
        step = round(font.size * 1.45)
        for number, line in enumerate(lines):
            middle = top_px + number * step + step / 2
            if left_px is None:
                self.draw.text((self.width / 2, middle), line, font=font, fill=color, anchor="mm")
            else:
                self.draw.text((left_px, middle), line, font=font, fill=color, anchor="lm")
        return top_px + len(lines) * step

    def rounded(self, box: Box, *, fill: Any, edge: Any = None, radius: float = 10, line: float = 1) -> None:
        """Draw a rectangle with round corners, smooth because it is drawn four times as large first."""
        from PIL import Image, ImageDraw

        times = 4
        width, height = max(2, round(box.width_px)), max(2, round(box.height_px))
        tile = Image.new("RGB", (width * times, height * times), BACKGROUND)
        ImageDraw.Draw(tile).rounded_rectangle(
            (0, 0, width * times - 1, height * times - 1),
            radius=self.px(radius) * times,
            fill=fill,
            outline=edge,
            width=max(1, self.px(line)) * times if edge else 0,
        )
        self.image.paste(tile.resize((width, height), Image.Resampling.BOX), (round(box.left_px), round(box.top_px)))


def check_font(text: str, *, font: Path | None = None) -> None:
    """Raise InputError if the font cannot write `text`."""
    from fontTools.ttLib import TTFont, TTLibError

    path = font or _own_font(bold=False)
    try:
        letters = TTFont(path, fontNumber=0, lazy=True).getBestCmap()
    except (OSError, TTLibError) as error:
        raise InputError(f"{path} is no font that can be read: give a .ttf or .otf file") from error
    missing = next((letter for letter in text if letter.isprintable() and ord(letter) not in letters), None)
    if missing is not None:
        raise InputError(
            f"the font {path.name} cannot write '{missing}', which the study says: give a font file of that script"
            " with --font"
        )


def scale_of(size_px: tuple[int, int]) -> float:
    """Return how much larger everything is drawn than on the smallest screen that pages are made for."""
    return max(0.6, min(2.4, size_px[0] / _SMALLEST_PX[0], size_px[1] / _SMALLEST_PX[1]))


@lru_cache(maxsize=32)
def _font(path: Path | None, height_px: int, bold: bool) -> "FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(str(path or _own_font(bold=bold)), height_px)


def _own_font(*, bold: bool) -> Path:
    return _installed("psychopy") / "assets" / "fonts" / f"NotoSans-{'Bold' if bold else 'Regular'}.ttf"


def _sign_font() -> Path:
    return _installed("matplotlib") / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"


def _installed(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])
