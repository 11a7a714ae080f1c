"""Estimates to a page: results.json, figures, the methods paragraph."""

from lipstudy.report._analysis import analyse_trials
from lipstudy.report._page import Report, render_page, write_report

__all__ = ["Report", "analyse_trials", "render_page", "write_report"]
