"""Where a face lies in a square clip: the same for faces drawn as lines and for photographs, so that they compare."""

__all__ = ["EYES_AT", "IOD_SHARE"]

IOD_SHARE = 0.32
"""One inter-ocular distance as a part of the frame's side: the face is some 60 % of its height."""
EYES_AT = 0.42
"""Height of the eyes, as a part of the frame's side from its top: the jaw has room to open at twice the motion."""
