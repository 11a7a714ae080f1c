"""The lab: sessions in PsychoPy's window, with proof of what was on the screen. Screen, sound, keys and clock only."""

from lipstudy.lab._calibrate import UNKNOWN, Calibration, calibrate, write_calibration
from lipstudy.lab._canvas import Box, check_font
from lipstudy.lab._chooser import run_chosen
from lipstudy.lab._dialog import Answer, Dialog, EscapeWatch
from lipstudy.lab._frame_plan import FrameCount, FramePlan
from lipstudy.lab._inputs import Input, KeyPress, MousePress, TypedText
from lipstudy.lab._lab_study import LabStudy, check_for_window, find_studies, open_study
from lipstudy.lab._page import (
    Button,
    DrawnPage,
    Page,
    Panel,
    Slider,
    TextField,
    clip_boxes,
    draw_page,
    split_text,
)
from lipstudy.lab._playback import LoadedClip, Played, load_clip, play
from lipstudy.lab._presenter import LabPresenter
from lipstudy.lab._psychopy import check_psychopy
from lipstudy.lab._rehearse import Rehearsal, RehearsalPresenter, rehearse_study
from lipstudy.lab._run import Booth, LabSettings, open_booth, run_participant
from lipstudy.lab._speaker import SPEAKER_SR, Speaker, open_speaker
from lipstudy.lab._window import LabWindow, ScreenRate, open_window, rate_of

__all__ = [
    "SPEAKER_SR",
    "UNKNOWN",
    "Answer",
    "Booth",
    "Box",
    "Button",
    "Calibration",
    "Dialog",
    "DrawnPage",
    "EscapeWatch",
    "FrameCount",
    "FramePlan",
    "Input",
    "KeyPress",
    "LabPresenter",
    "LabSettings",
    "LabStudy",
    "LabWindow",
    "LoadedClip",
    "MousePress",
    "Page",
    "Panel",
    "Played",
    "Rehearsal",
    "RehearsalPresenter",
    "ScreenRate",
    "Slider",
    "Speaker",
    "TextField",
    "TypedText",
    "calibrate",
    "check_font",
    "check_for_window",
    "check_psychopy",
    "clip_boxes",
    "draw_page",
    "find_studies",
    "load_clip",
    "open_booth",
    "open_speaker",
    "open_study",
    "open_window",
    "play",
    "rate_of",
    "rehearse_study",
    "run_chosen",
    "run_participant",
    "split_text",
    "write_calibration",
]
