"""Estimates to a page: results.json, figures, the methods paragraph."""

from lipstudy.report._analysis import analyse_trials
from lipstudy.report._chosen import Curve
from lipstudy.report._page import Report, render_page, write_report
from lipstudy.report._ranking_page import PairColumns, RankingReport, write_ranking

__all__ = [
    "Curve",
    "PairColumns",
    "RankingReport",
    "Report",
    "analyse_trials",
    "render_page",
    "write_ranking",
    "write_report",
]
