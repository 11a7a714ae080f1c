"""results.json and report.html: one self-contained page, whose every number is in the JSON beside it."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from lipstudy.errors import InputError
from lipstudy.execution import Progress
from lipstudy.inference import Scale
from lipstudy.records import (
    Clip,
    StudyLock,
    Trial,
    hash_of,
    provenance,
    read_lock,
    read_manifest,
    read_participants,
    read_trials,
    write_text,
)
from lipstudy.report._analysis import analyse_trials
from lipstudy.report._chosen import Curve
from lipstudy.report._clips import embedded_clips
from lipstudy.report._figure import curve_figure
from lipstudy.report._figures_of_people import drop_one_figure, people_figure, ranking_figure
from lipstudy.report._ranking_page import PairColumns, write_ranking
from lipstudy.report._report_tables import report_tables
from lipstudy.report._tables import write_tables
from lipstudy.report._templates import rendered
from lipstudy.report._words import REFERENCES, headline, methods, what_the_curve_hangs_on
from lipstudy.report._words_of_claims import what_more_was_asked

__all__ = ["Report", "render_page", "write_report"]

_TABLES = "tables"
"""Folder beside the page."""


@dataclass(frozen=True, slots=True)
class Report:
    """What `write_report` made."""

    page: Path
    """The page."""
    results_path: Path
    """``results.json``."""
    results: dict[str, Any]
    """What it holds."""


def write_report(
    data: str | Path,
    output: str | Path,
    *,
    clips: str | Path | None = None,
    clip_sentences: Sequence[str] | None = None,
    most_clip_mb: float = 10.0,
    scale: Scale | None = None,
    curve: Curve | None = None,
    equivalence_log_odds: float | None = None,
    title: str = "Preferred articulation",
    seed: int = 1,
    draws: int = 1000,
    simulations: int = 0,
    workers: int = 2,
    tell: Callable[[str], None] = lambda message: None,
    progress: Progress | None = None,
) -> Report:
    """Analyse a trial table and write ``results.json``, the report page, and tables and figures for a paper.

    The design is recognised: clips that differ in articulation get a preference curve; clips of the same articulation
    that differ in system are ranked. ``participants.csv`` (verdicts) and ``study.lock.json`` (what was fixed
    beforehand) are read if they stand beside the trial table.

    Parameters
    ----------
    data : str or Path
        ``trials.csv``, or the folder that holds it.
    output : str or Path
        The page (``.html``), with ``results.json`` beside it; or a folder, for ``report.html`` in it.
    clips : str or Path, optional
        ``clips.csv``, or its folder: the page then plays clips side by side.
    clip_sentences : sequence of str, optional
        Take only these sentences' clips into the page.
    most_clip_mb : float > 0
        Most megabytes of clips to take into the page.
    scale, curve, equivalence_log_odds, simulations
        As for `analyse_trials`: what the study file declared, unless given.
    title : str
        Heading of the page.
    seed : int >= 0
        Of the bootstraps.
    draws : int >= 100
        Of each bootstrap.
    workers : int >= 1
        Processes that fit models of a large study.
    tell : callable
        Called with a sentence before each step.
    progress : Progress, optional
        Of each bootstrap.

    Returns
    -------
    Report

    Raises
    ------
    InputError
        If the trial table or the manifest cannot be used.
    OutputError
        If the results cannot be written.
    """
    if not 0 < most_clip_mb < math.inf:
        raise InputError(f"the most megabytes of clips must be a number over 0, got {most_clip_mb:g}: 10 is a good one")
    table = _file_in(data, "trials.csv")
    trials = read_trials(table)
    page = Path(output)
    if page.suffix.lower() not in (".html", ".htm"):
        page = page / "report.html"
    if _compares_systems(trials):
        tell("the clips differ in system, not in articulation: ranking the systems")
        ranking = write_ranking(
            table, page.parent, columns=PairColumns(), seed=seed, draws=draws, title=title, progress=progress,
            page_name=page.name, results_name="results.json", tables_name=_TABLES,
        )  # fmt: skip
        return Report(ranking.page, ranking.results_path, ranking.results)
    inputs = [table]
    verdicts, lock = _beside(table, inputs)
    shown: dict[str, Any] | None = None
    videos: dict[str, str] = {}
    manifest_clips: list[Clip] | None = None
    if clips is not None:
        manifest = _file_in(clips, "clips.csv")
        tell("reading the clips")
        shown, videos = embedded_clips(manifest, most_mb=most_clip_mb, sentences=clip_sentences)
        manifest_clips = read_manifest(manifest)
        inputs.append(manifest)
    arguments = {
        "title": title,
        "scale": scale,
        "curve": curve,
        "equivalence_log_odds": equivalence_log_odds,
        "draws": draws,
        "simulations": simulations,
        "most_clip_mb": most_clip_mb,
        "clip_sentences": list(clip_sentences or ()),
    }
    origin = provenance(stage="analyze", arguments=arguments, inputs=inputs, seed=seed)
    results_path = page.with_name("results.json")
    results = _earlier(results_path, origin)
    if results is None:
        analysed = analyse_trials(
            trials, scale=scale, curve=curve, equivalence_log_odds=equivalence_log_odds, seed=seed, draws=draws,
            simulations=simulations, verdicts=verdicts, lock=lock, clips=manifest_clips, tell=tell,
            workers=workers, progress=progress,
        )  # fmt: skip
        results = {"title": title, **analysed, "shown_clips": shown, "provenance": origin}
        results |= {
            "headline": headline(results),
            "claims": what_more_was_asked(results),
            "hangs_on": what_the_curve_hangs_on(results),
            "methods": methods(results),
            "references": list(REFERENCES),
        }
        # Read back as the file says it: lists for tuples, names for numbers as keys.
        results = json.loads(json.dumps(results, allow_nan=False))
        results["sha256"] = hash_of(results)
    else:
        tell(f"{results_path} is up to date: nothing to fit")
    text = json.dumps(results, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    tell("drawing the page")
    figures = _figures(results)
    html = render_page(results, videos, figures=figures)
    write_text(results_path, text)
    write_tables(page.parent / _TABLES, report_tables(results), simulated=results["simulated"])
    for name, svg in figures.items():
        write_text(page.parent / _TABLES / f"{name}.svg", svg)
    write_text(page, html)
    return Report(page, results_path, results)


def _compares_systems(trials: Sequence[Trial]) -> bool:
    pairs = [trial for trial in trials if trial.kind == "2afc" and trial.clip_left != trial.clip_right]
    return any(trial.system_left != trial.system_right for trial in pairs) and all(
        trial.articulation_left == trial.articulation_right for trial in pairs
    )


def _beside(table: Path, inputs: list[Path]) -> tuple[dict[str, str], StudyLock | None]:
    """Return the verdicts and the lock that stand beside a trial table, and add their files to the inputs."""
    participants, lock = table.with_name("participants.csv"), table.with_name("study.lock.json")
    verdicts: dict[str, str] = {}
    if participants.is_file():
        verdicts = {row.participant: row.verdict for row in read_participants(participants)}
        inputs.append(participants)
    if not lock.is_file():
        return verdicts, None
    inputs.append(lock)
    return verdicts, read_lock(lock)


def _figures(results: dict[str, Any]) -> dict[str, str]:
    simulated = results["simulated"]
    drawn = {
        f"curve_{analysis['name']}": curve_figure(analysis, simulated=simulated) for analysis in results["analyses"]
    }
    found, ranked = results["sensitivity"], results["strengths"]
    if found:
        groups = {
            key: [{**row, "estimate": None if row["estimate"] is None else 100 * row["estimate"]} for row in found[key]]
            for key in ("participants", "items")
        }
        drawn["drop_one"] = drop_one_figure(
            groups, estimate=100 * found["difference"], low=100 * found["low"], high=100 * found["high"],
            label="over- less under-articulation, points", simulated=simulated,
        )  # fmt: skip
    if ranked:
        drawn["strengths"] = ranking_figure(ranked["ranking"], ranked["drop_one"], simulated=simulated, item="sentence")
        if ranked["people"]:
            drawn["people"] = people_figure(ranked["people"], simulated=simulated)
    return drawn


def render_page(results: dict[str, Any], videos: dict[str, str], *, figures: dict[str, str] | None = None) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    results : dict
        What ``results.json`` holds: the page shows no other number.
    videos : dict
        clip_id -> H.264 video in base64, for the clips of ``results["shown_clips"]``.
    figures : dict, optional
        Figures drawn from these results, SVG; drawn here if not given.
    """
    from markupsafe import Markup

    figures = _figures(results) if figures is None else figures
    return rendered(
        "page.html",
        results,
        figures={"drop_one": "", "people": "", "strengths": ""} | {name: Markup(svg) for name, svg in figures.items()},
        tables=dict.fromkeys(("exclusions", "drop_one", "people", "family", "moderators", "side_bias"))
        | {table.name: table for table in report_tables(results)},
        script=Markup(files("lipstudy.report").joinpath("page.js").read_text("utf-8")),
        videos=videos,
        results_name="results.json",
        tables_name=f"{_TABLES}/",
    )


def _earlier(path: Path, origin: dict[str, Any]) -> dict[str, Any] | None:
    """Return the results at `path` if they come from the same inputs, arguments and versions, and are untouched."""
    revision = origin["revision"]
    if revision is not None and revision.endswith("-dirty"):  # the program may have changed since
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
        recorded = found.pop("sha256")
        same = found["provenance"] == origin and hash_of(found) == recorded
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return {**found, "sha256": recorded} if same else None


def _file_in(path: str | Path, name: str) -> Path:
    path = Path(path)
    if path.is_dir():
        if not (path / name).is_file():
            raise InputError(f"the folder {path} has no {name}: name the file itself, or another folder")
        return path / name
    return path
