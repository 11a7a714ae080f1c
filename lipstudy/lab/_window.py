"""The window: PsychoPy's screen, keys and clock, and when each picture came to the screen."""

import ctypes
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipstudy.errors import InputError
from lipstudy.lab._inputs import Input, KeyPress, MousePress, TypedText
from lipstudy.lab._psychopy import import_psychopy

__all__ = ["BACKGROUND", "LabWindow", "ScreenRate", "Sprite", "open_window", "rate_of"]

Picture = NDArray[np.uint8]

BACKGROUND = (46, 49, 54)
"""Behind everything, 0-255: a quiet dark grey."""

_PACED_HZ = 60.0
"""Rate at which the computer's clock paces a window whose screen does not."""

_PATCH_PX = 48
_IDLE_S = 0.008
_REDRAW_S = 1.0
_KEYS = {"enter": "return", "num_enter": "return"}


@dataclass(frozen=True, slots=True)
class ScreenRate:
    """How often the screen is refreshed, as far as the program can tell."""

    hz: float
    """Refreshes per second."""
    is_synchronised: bool
    """Whether flips wait for the screen (vertical sync). If not, the computer's clock paces them."""
    jitter_ms: float
    """Median distance of a flip interval from the median interval."""


class Sprite:
    """Pictures that lie ready in the graphics memory, shown one at a time in one place of the window."""

    def __init__(self, window: Any, *, left_px: float, top_px: float, size_px: tuple[int, int]) -> None:
        from psychopy import visual

        self._gl = _gl()
        self._size_px = size_px
        self._textures: list[Any] = []
        # PsychoPy's ImageStim draws whatever texture an object of this attribute names.
        self.colorTexture = self._gl.GLuint()
        width, height = size_px
        self._stim = visual.ImageStim(
            window,
            image=self,
            units="pix",
            size=size_px,
            pos=(left_px + width / 2 - window.size[0] / 2, window.size[1] / 2 - top_px - height / 2),
            autoLog=False,
        )

    @property
    def num_pictures(self) -> int:
        """Pictures that lie ready."""
        return len(self._textures)

    def add(self, picture: Picture) -> None:
        """Lay a picture, (H, W, 3) uint8 RGB, into the graphics memory."""
        gl = self._gl
        texture = gl.GLuint()
        gl.glGenTextures(1, ctypes.byref(texture))
        gl.glBindTexture(gl.GL_TEXTURE_2D, texture)
        for name, value in (
            (gl.GL_TEXTURE_MIN_FILTER, gl.GL_NEAREST),
            (gl.GL_TEXTURE_MAG_FILTER, gl.GL_NEAREST),
            (gl.GL_TEXTURE_WRAP_S, gl.GL_CLAMP_TO_EDGE),
            (gl.GL_TEXTURE_WRAP_T, gl.GL_CLAMP_TO_EDGE),
        ):
            gl.glTexParameteri(gl.GL_TEXTURE_2D, name, value)
        gl.glBindTexture(gl.GL_TEXTURE_2D, 0)
        self._textures.append(texture)
        self._upload(texture, picture)

    def replace(self, picture: Picture) -> None:
        """Show `picture` in place of the first one; memory does not grow."""
        if self._textures:
            self._upload(self._textures[0], picture)
        else:
            self.add(picture)

    def draw(self, number: int = 0) -> None:
        """Draw one picture; it is seen after the next flip."""
        if self.colorTexture.value != self._textures[number].value:
            self.colorTexture.value = self._textures[number].value
            # ImageStim keeps its drawing commands, texture included, until something about it changes.
            self._stim.setPos(self._stim.pos, log=False)
        self._stim.draw()

    def free(self) -> None:
        """Give the graphics memory back."""
        for texture in self._textures:
            self._gl.glDeleteTextures(1, ctypes.byref(texture))
        self._textures.clear()

    def _upload(self, texture: Any, picture: Picture) -> None:
        gl, (width, height) = self._gl, self._size_px
        if picture.shape != (height, width, 3):
            raise ValueError(f"Sprite takes pictures of shape ({height}, {width}, 3), got {picture.shape}")
        data = np.ascontiguousarray(picture)
        gl.glBindTexture(gl.GL_TEXTURE_2D, texture)
        gl.glPixelStorei(gl.GL_UNPACK_ALIGNMENT, 1)
        gl.glTexImage2D(
            *(gl.GL_TEXTURE_2D, 0, gl.GL_RGB8, width, height, 0, gl.GL_RGB, gl.GL_UNSIGNED_BYTE),
            data.ctypes.data_as(ctypes.c_void_p),
        )
        gl.glBindTexture(gl.GL_TEXTURE_2D, 0)


class LabWindow:
    """A window that shows pictures, tells when they came to the screen, and hears keys and mouse.

    Positions are in pixels from the upper left corner, times in seconds by the clock that the sound has, too.
    """

    def __init__(self, handle: Any, *, photodiode: bool, virtual_hz: float | None) -> None:
        """Wrap an open PsychoPy window; `open_window` is the way in."""
        from psychtoolbox import GetSecs

        self._handle = handle
        self._now_s = GetSecs
        self._virtual_s: float | None = None if virtual_hz is None else 0.0
        self._inputs: list[Input] = []
        self._focus_left_s: float | None = None
        self._focus_lost_s = 0.0
        self._patch = photodiode
        self._patch_sprite = self.sprite((0, self.size_px[1] - _PATCH_PX), (_PATCH_PX, _PATCH_PX))
        for level in (0, 255):
            self._patch_sprite.add(np.full((_PATCH_PX, _PATCH_PX, 3), level, np.uint8))
        self._page = self.sprite((0, 0), self.size_px)
        self._last_tick = 0
        self._shown_s = 0.0
        self.rate = ScreenRate(virtual_hz or _PACED_HZ, False, 0.0)
        """What `measure_rate` found; before that, a guess."""
        self._listen()

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height."""
        width, height = self._handle.size
        return int(width), int(height)

    @property
    def is_virtual(self) -> bool:
        """Whether time is counted in flips and nobody waits: a rehearsal at full speed."""
        return self._virtual_s is not None

    @property
    def now_s(self) -> float:
        """The time."""
        return float(self._now_s()) if self._virtual_s is None else self._virtual_s

    def sprite(self, top_left_px: tuple[float, float], size_px: tuple[int, int]) -> Sprite:
        """Return an empty place for pictures."""
        return Sprite(self._handle, left_px=top_left_px[0], top_px=top_left_px[1], size_px=size_px)

    def show(self, page: Picture) -> float:
        """Show a picture that fills the window; return when it came to the screen."""
        self._page.replace(page)
        self._page.draw()
        self._shown_s = self.flip()
        return self._shown_s

    def idle(self) -> None:
        """Wait a moment while the page that was shown last stays."""
        if self._virtual_s is not None:
            self._virtual_s += 1 / self.rate.hz
            return
        time.sleep(_IDLE_S)
        if self._page.num_pictures and self.now_s - self._shown_s > _REDRAW_S:  # another window may have covered it
            self._page.draw()
            self._shown_s = self.flip()

    def flip(self, *, mark: bool = False) -> float:
        """Bring what was drawn to the screen, and return when that was.

        With vertical sync that is the moment at which the screen begins to be refreshed from above; without, a tick of
        the computer's clock. `mark` lights the corner patch for a photodiode, if there is one.
        """
        if self._patch:
            self._patch_sprite.draw(int(mark))
        if self._virtual_s is not None:
            self._handle.flip()
            self._virtual_s += 1 / self.rate.hz
            return self._virtual_s
        if not self.rate.is_synchronised:
            _gl().glFinish()  # drawing shall be over at the tick, not begin with it
            self._wait_for_tick()
        self._handle.flip()
        return float(self._now_s())

    def measure_rate(self, *, seconds: float = 1.0) -> ScreenRate:
        """Measure how often the screen is refreshed, on an empty window; remember and return it."""
        if self._virtual_s is not None:
            return self.rate
        intervals_s = self._flip_for(seconds / 2, busy_s=0.0)
        self.rate = rate_of(intervals_s, self._flip_for(seconds / 2, busy_s=0.4 * median(intervals_s)))
        return self.rate

    def read_inputs(self) -> list[Input]:
        """Return what was done since the last call."""
        self._handle.winHandle.dispatch_events()
        inputs, self._inputs = self._inputs, []
        return inputs

    @property
    def focus_lost_s(self) -> float:
        """Seconds in which another window had the focus, since the window was opened."""
        running = 0.0 if self._focus_left_s is None else self.now_s - self._focus_left_s
        return self._focus_lost_s + running

    def show_mouse(self, visible: bool) -> None:
        """Show or hide the mouse pointer."""
        self._handle.winHandle.set_mouse_visible(visible)

    def screenshot(self) -> Picture:
        """Return what the window shows, (H, W, 3) uint8 RGB. Call it between drawing and flip."""
        return np.asarray(self._handle._getFrame(buffer="back").convert("RGB"))

    def _flip_for(self, seconds: float, *, busy_s: float) -> list[float]:
        """Return the times between flips, each of them `busy_s` after the one before at the earliest."""
        intervals_s: list[float] = []
        start_s = before_s = float(self._now_s())
        while before_s < start_s + seconds or len(intervals_s) < 13:
            time.sleep(busy_s)
            self._handle.flip()
            now_s = float(self._now_s())
            intervals_s.append(now_s - before_s)
            before_s = now_s
        return intervals_s[3:]

    def _wait_for_tick(self) -> None:
        now_s = float(self._now_s())
        tick = max(self._last_tick + 1, int(now_s * self.rate.hz) + 1)
        self._last_tick = tick
        remaining_s = tick / self.rate.hz - now_s
        if remaining_s > 0.002:
            time.sleep(remaining_s - 0.001)
        while float(self._now_s()) < tick / self.rate.hz:
            pass

    def _listen(self) -> None:
        from pyglet.window import key as keys

        names = keys._key_names

        def on_key_press(symbol: int, modifiers: int) -> None:
            name = names.get(symbol, "").lower().removeprefix("_")
            self._inputs.append(KeyPress(_KEYS.get(name, name.removeprefix("num_")), self.now_s))

        def on_text(text: str) -> None:
            printable = "".join(letter for letter in text if letter.isprintable())
            if printable:
                self._inputs.append(TypedText(printable, self.now_s))

        def on_mouse(x: float, y: float, buttons: int) -> None:
            if buttons & 1:
                self._inputs.append(MousePress(x, self.size_px[1] - y, self.now_s))

        def on_deactivate() -> None:
            if self._focus_left_s is None:
                self._focus_left_s = self.now_s

        def on_activate() -> None:
            if self._focus_left_s is not None:
                self._focus_lost_s += self.now_s - self._focus_left_s
                self._focus_left_s = None

        self._handle.winHandle.push_handlers(
            on_key_press=on_key_press,
            on_text=on_text,
            on_mouse_press=lambda x, y, button, modifiers: on_mouse(x, y, button),
            on_mouse_drag=lambda x, y, dx, dy, buttons, modifiers: on_mouse(x, y, buttons),
            on_deactivate=on_deactivate,
            on_activate=on_activate,
            on_close=lambda: True,  # a click on the frame's cross shall not take the window away from a session
        )


@contextmanager
def open_window(
    *,
    fullscreen: bool = True,
    size_px: tuple[int, int] = (1280, 960),
    screen: int = 0,
    photodiode: bool = False,
    virtual_hz: float | None = None,
) -> Iterator[LabWindow]:
    """Open the window of a session, measure its screen, and close it at the end.

    Parameters
    ----------
    fullscreen : bool
        Whether it fills the screen; if not, it is a window of `size_px`.
    size_px : (int, int)
        Width and height of a window that does not fill the screen.
    screen : int >= 0
        Which screen, from 0.
    photodiode : bool
        Whether the lower left corner is lit while a clip's first frame is shown.
    virtual_hz : float, optional
        Nobody waits, and time is counted in flips, so many a second: for a rehearsal.

    Raises
    ------
    InputError
        If PsychoPy is missing or faulty, there is no display, no such screen, or no OpenGL.
    """
    import_psychopy()
    from psychopy import visual

    red, green, blue = (level / 127.5 - 1 for level in BACKGROUND)
    _check_screen(screen)
    try:
        handle = visual.Window(
            size=size_px,
            fullscr=fullscreen,
            screen=screen,
            winType="pyglet",
            units="pix",
            color=(red, green, blue),
            allowGUI=not fullscreen,
            checkTiming=False,
            gammaErrorPolicy="ignore",
            waitBlanking=True,
            autoLog=False,
            title="lipstudy",
        )
    except Exception as error:
        if not any(word in f"{type(error)} {error}".lower() for word in ("display", "opengl", "gl", "config")):
            raise
        raise InputError(
            f"no window can be opened on this screen: {error}; install the driver of the graphics card"
        ) from error
    try:
        window = LabWindow(handle, photodiode=photodiode, virtual_hz=virtual_hz)
        window.measure_rate()
        yield window
    finally:
        handle.close()


def rate_of(intervals_s: Sequence[float], busy_intervals_s: Sequence[float]) -> ScreenRate:
    """Return the rate of a screen.

    Parameters
    ----------
    intervals_s : sequence of float
        Times between flips that follow each other at once.
    busy_intervals_s : sequence of float
        Times between flips with some work, of 0.4 of that time, before each.
    """
    middle_s = median(intervals_s)
    jitter_s = median(abs(interval - middle_s) for interval in intervals_s)
    # A flip that waits for the screen hides the work before it; one that returns at once is later by it.
    waits = median(busy_intervals_s) < 1.2 * middle_s
    if not (waits and 1 / 400 < middle_s < 1 / 20 and jitter_s < 0.1 * middle_s):
        return ScreenRate(_PACED_HZ, False, jitter_s * 1000)
    regular = [interval for interval in intervals_s if abs(interval - middle_s) < 0.25 * middle_s]
    return ScreenRate(round(len(regular) / sum(regular), 3), True, jitter_s * 1000)


def _check_screen(screen: int) -> None:
    import pyglet

    screens = pyglet.canvas.get_display().get_screens()
    if screen >= len(screens):
        raise InputError(
            f"there is no screen {screen}: this computer has {len(screens)}, counted from 0; give another --screen"
        )


def _gl() -> Any:
    import pyglet

    return pyglet.gl
