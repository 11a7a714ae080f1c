"""The folders that a lab edits: stimuli/, experiments/, analysis/, and how a study of its own gets them."""

from lipstudy.templates._new import create_study_folder, template_text

__all__ = ["create_study_folder", "template_text"]
