"""What a person does: keys, typed letters, the mouse."""

from dataclasses import dataclass

__all__ = ["Input", "KeyPress", "MousePress", "TypedText"]


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A key went down."""

    key: str
    """Its name: left, right, up, down, return, space, escape, backspace, home, end; letters and digits as they are."""
    time_s: float
    """When the window heard of it, by the window's clock: up to one refresh late."""


@dataclass(frozen=True, slots=True)
class TypedText:
    """Letters were typed, as the keyboard's layout makes them."""

    text: str
    time_s: float
    """As of KeyPress."""


@dataclass(frozen=True, slots=True)
class MousePress:
    """The left button went down, or was moved while down."""

    x_px: float
    """From the left edge of the window."""
    y_px: float
    """From its upper edge."""
    time_s: float
    """As of KeyPress."""


Input = KeyPress | TypedText | MousePress
