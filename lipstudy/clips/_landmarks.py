"""The landmark embodiment: a face drawn as lines, points or with filled lips, in the same place in every clip."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from lipstudy.clips._framing import EYES_AT, IOD_SHARE
from lipstudy.errors import InputError
from lipstudy.face import LandmarkTrack, Topology

__all__ = ["LANDMARK_RENDERER_VERSION", "LANDMARK_STYLES", "LandmarkStyle", "render_landmarks"]

LANDMARK_RENDERER_VERSION = "landmarks-3"
"""Changes when the same track and style give other pixels."""

Frame = NDArray[np.uint8]


def _six_digits(colour: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise ValueError(f"'{colour}' is not a colour: write red, green and blue in quotes, '#1f2a37'")
    return colour


Colour = Annotated[str, AfterValidator(_six_digits), Field(description="red, green, blue: '#1f2a37'")]
Share = Annotated[float, Field(gt=0, le=0.1, description="part of the frame's side")]


class LandmarkStyle(BaseModel):
    """How landmarks are drawn. Widths are parts of the frame's side, so that every size looks the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shows: Literal["face", "lips"] = Field(default="face", description="the whole face, or the lips alone and larger")
    draws: Literal["lines", "points", "filled"] = Field(
        default="lines", description="contours, the landmarks themselves, or contours with filled lips"
    )
    size: float = Field(default=1.0, ge=0.5, le=1.5, description="of the face in the picture; 1 leaves the jaw room")
    background: Colour = "#ffffff"
    colour: Colour = Field(default="#5b6770", description="of everything but the lips")
    lip_colour: Colour = "#1c2733"
    mouth_colour: Colour = Field(default="#3a1418", description="between filled lips")
    line_width: Share = 0.0045
    lip_line_width: Share = 0.0065
    point_width: Share = 0.011


LANDMARK_STYLES = {
    "face": LandmarkStyle(),
    "face-points": LandmarkStyle(draws="points"),
    "lips": LandmarkStyle(shows="lips", lip_line_width=0.009),
    "lips-points": LandmarkStyle(shows="lips", draws="points", point_width=0.018),
    "face-filled": LandmarkStyle(draws="filled", lip_colour="#b4636c"),
    "lips-filled": LandmarkStyle(shows="lips", draws="filled", lip_colour="#b4636c"),
    "dark": LandmarkStyle(background="#000000", colour="#9aa5ae", lip_colour="#ffffff"),
}
"""Styles with a name."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where head-normalised units lie in the frame: the same for every speaker and clip."""

    iod: float
    """One inter-ocular distance as a part of the frame's side."""
    middle_iod: float
    """Height (below the eyes, IOD) that lies in the middle of the frame."""


_LAYOUTS = {
    "face": _Layout(iod=IOD_SHARE, middle_iod=(0.5 - EYES_AT) / IOD_SHARE),
    "lips": _Layout(iod=0.95, middle_iod=0.82),
}
_PARTS = ("face oval", "right eye", "left eye", "right brow", "left brow", "nose bridge", "nose base")
_LIPS = ("lips outer", "lips inner")
# OpenCV takes whole numbers of 1/64 pixel: motion far under a pixel stays visible as a change of shade.
_SUBPIXEL_BITS = 6
_TOGETHER_FRAMES = 256


@dataclass(frozen=True, slots=True, eq=False)
class _Stroke:
    """One contour, area or set of points through all frames, ready to draw."""

    positions: NDArray[np.int32]
    """(T, N, 2) in 1/64 pixel."""
    colour: tuple[int, int, int]
    width_px: float
    kind: Literal["line", "loop", "area", "points"]

    def draw(self, frame: Frame, index: int) -> None:
        if self.kind == "area":
            cv2.fillPoly(frame, [self.positions[index]], self.colour, cv2.LINE_AA, _SUBPIXEL_BITS)
            return
        if self.kind != "points":
            thickness = max(1, round(self.width_px))
            cv2.polylines(
                frame,
                [self.positions[index]],
                self.kind == "loop",
                self.colour,
                thickness,
                cv2.LINE_AA,
                _SUBPIXEL_BITS,
            )
            return
        radius = max(1, round(self.width_px / 2 * 2**_SUBPIXEL_BITS))
        for x, y in self.positions[index].tolist():
            cv2.circle(frame, (x, y), radius, self.colour, cv2.FILLED, cv2.LINE_AA, _SUBPIXEL_BITS)


def render_landmarks(track: LandmarkTrack, *, style: LandmarkStyle, size_px: int) -> Iterator[Frame]:
    """Draw a track, frame by frame.

    The head does not move: what is drawn are head-normalised points in a layout fixed for all clips, so that two clips
    beside each other differ in nothing but the motion of the face.

    Parameters
    ----------
    track : LandmarkTrack
        The face.
    style : LandmarkStyle
        Colours, widths, which contours.
    size_px : int, 32 to 4096
        Side of the square frame.

    Yields
    ------
    ndarray of shape (size_px, size_px, 3), uint8
        RGB, a new array each time.

    Raises
    ------
    InputError
        If the size is out of range.
    """
    if not 32 <= size_px <= 4096:
        raise InputError(f"the size of a clip must be 32 to 4096 pixels, got {size_px}")
    return _frames(track, style, size_px)


def _frames(track: LandmarkTrack, style: LandmarkStyle, size_px: int) -> Iterator[Frame]:
    strokes = _strokes(track, style, size_px)
    ground = np.empty((size_px, size_px, 3), np.uint8)
    ground[:] = _rgb(style.background)
    # Contours that nothing moves (eyes, brows and nose of a synthetic face) are drawn once.
    moving = []
    for stroke in strokes:
        if np.ptp(stroke.positions, axis=0).any():
            moving.append(stroke)
        else:
            stroke.draw(ground, 0)
    for index in range(track.num_frames):
        frame = ground.copy()
        for stroke in moving:
            stroke.draw(frame, index)
        yield frame


def _strokes(track: LandmarkTrack, style: LandmarkStyle, size_px: int) -> list[_Stroke]:
    layout = _LAYOUTS[style.shows]
    iod = layout.iod * style.size
    positions = np.empty((*track.points.shape[:2], 2), np.int32)
    for start in range(0, track.num_frames, _TOGETHER_FRAMES):
        block = slice(start, start + _TOGETHER_FRAMES)
        placed = track.points[block, :, :2].astype(np.float64) * iod + [0.5, 0.5 - layout.middle_iod * iod]
        # Whole numbers are the middles of pixels in OpenCV, their borders in ours.
        positions[block] = np.round((size_px * placed - 0.5) * 2**_SUBPIXEL_BITS)
    if style.draws == "points":
        return _point_strokes(positions, track.topology, style, size_px)
    parts = _PARTS if style.shows == "face" else ()
    drawn = [(name, _rgb(style.colour), style.line_width) for name in parts]
    if style.draws == "lines":
        drawn += [(name, _rgb(style.lip_colour), style.lip_line_width) for name in _LIPS]
    strokes = [
        _Stroke(
            np.ascontiguousarray(positions[:, track.topology.contour(name)]),
            colour,
            width * size_px,
            "loop" if name in track.topology.loops else "line",
        )
        for name, colour, width in drawn
    ]
    if style.draws == "filled":
        for name, colour in zip(_LIPS, (style.lip_colour, style.mouth_colour), strict=True):
            outline = np.ascontiguousarray(positions[:, track.topology.contour(name)])
            strokes.append(_Stroke(outline, _rgb(colour), 0, "area"))
    return strokes


def _point_strokes(
    positions: NDArray[np.int32], topology: Topology, style: LandmarkStyle, size_px: int
) -> list[_Stroke]:
    shown, lips = _shown_points(topology, style), set(topology.subsets["lips-40"])
    others = [point for point in shown if point not in lips]
    lips_shown = [point for point in shown if point in lips]
    width_px = style.point_width * size_px
    strokes = [_Stroke(positions[:, others], _rgb(style.colour), width_px, "points")] if others else []
    return [*strokes, _Stroke(positions[:, lips_shown], _rgb(style.lip_colour), width_px, "points")]


def _shown_points(topology: Topology, style: LandmarkStyle) -> tuple[int, ...]:
    return topology.subsets["points-68" if style.shows == "face" else "lips-40"]


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
