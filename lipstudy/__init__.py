"""Lip articulation studies: from a recording of a talking face to what viewers prefer."""

from lipstudy.errors import LipstudyError

__all__ = ["LipstudyError", "__version__"]

__version__ = "0.1.0"
