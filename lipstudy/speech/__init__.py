"""What is said, when: phones in time, and synthetic speech for prompts."""

from lipstudy.speech._alignment import align_transcript
from lipstudy.speech._phones import PAUSE, Phone, check_tiling
from lipstudy.speech._speech import Speech
from lipstudy.speech._synthesis import Utterance, synthesise

__all__ = ["PAUSE", "Phone", "Speech", "Utterance", "align_transcript", "check_tiling", "synthesise"]
