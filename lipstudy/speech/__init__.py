"""What is said, when: phones in time, and synthetic speech for prompts."""

from lipstudy.speech._alignment import AlignedWord, Alignment, align_speech
from lipstudy.speech._phones import PAUSE, Phone, check_tiling
from lipstudy.speech._speech import Speech
from lipstudy.speech._synthesis import Utterance, synthesise
from lipstudy.speech._textgrid import read_textgrid, textgrid_text

__all__ = [
    "PAUSE",
    "AlignedWord",
    "Alignment",
    "Phone",
    "Speech",
    "Utterance",
    "align_speech",
    "check_tiling",
    "read_textgrid",
    "synthesise",
    "textgrid_text",
]
