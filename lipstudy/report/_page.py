"""results.json and report.html: one self-contained page, whose every number is in the JSON beside it."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from lipstudy.errors import InputError
from lipstudy.inference import Scale
from lipstudy.records import hash_of, provenance, read_trials, write_text
from lipstudy.report._analysis import analyse_trials
from lipstudy.report._clips import embedded_clips
from lipstudy.report._figure import curve_figure
from lipstudy.report._words import REFERENCES, headline, methods, p_value, percent, quantity

__all__ = ["Report", "render_page", "write_report"]


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
    scale: Scale = "log2",
    title: str = "Preferred articulation",
    seed: int | None = None,
    tell: Callable[[str], None] = lambda message: None,
) -> Report:
    """Analyse a trial table and write ``results.json`` and the report page.

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
    scale : {"log2", "linear"}
        How articulation enters the model.
    title : str
        Heading of the page.
    seed : int, optional
        The study's seed, for the record; nothing here is drawn by chance.
    tell : callable
        Called with a sentence before each step.

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
    inputs = [table]
    shown: dict[str, Any] | None = None
    videos: dict[str, str] = {}
    if clips is not None:
        manifest = _file_in(clips, "clips.csv")
        tell("reading the clips")
        shown, videos = embedded_clips(manifest, most_mb=most_clip_mb, sentences=clip_sentences)
        inputs.append(manifest)
    arguments = {
        "title": title,
        "scale": scale,
        "most_clip_mb": most_clip_mb,
        "clip_sentences": list(clip_sentences or ()),
    }
    origin = provenance(stage="analyze", arguments=arguments, inputs=inputs, seed=seed)
    page = Path(output)
    if page.suffix.lower() not in (".html", ".htm"):
        page = page / "report.html"
    results_path = page.with_name("results.json")
    results = _earlier(results_path, origin)
    if results is None:
        results = {"title": title, **analyse_trials(trials, scale=scale, tell=tell), "shown_clips": shown}
        results["provenance"] = origin
        results |= {"headline": headline(results), "methods": methods(results), "references": list(REFERENCES)}
        # Read back as the file says it: lists for tuples, names for numbers as keys.
        results = json.loads(json.dumps(results, allow_nan=False))
        results["sha256"] = hash_of(results)
    else:
        tell(f"{results_path} is up to date: nothing to fit")
    text = json.dumps(results, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    tell("drawing the page")
    html = render_page(results, videos)
    write_text(results_path, text)
    write_text(page, html)
    return Report(page, results_path, results)


def render_page(results: dict[str, Any], videos: dict[str, str]) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    results : dict
        What ``results.json`` holds: the page shows no other number.
    videos : dict
        clip_id -> H.264 video in base64, for the clips of ``results["shown_clips"]``.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    room = files("lipstudy.report")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"quantity": quantity, "percent": percent, "p_value": p_value}
    template = environment.from_string(room.joinpath("page.html").read_text("utf-8"))
    simulated = results["simulated"]
    return template.render(
        results=results,
        figures={
            analysis["name"]: Markup(curve_figure(analysis, simulated=simulated)) for analysis in results["analyses"]
        },
        style=Markup(room.joinpath("page.css").read_text("utf-8")),
        script=Markup(room.joinpath("page.js").read_text("utf-8")),
        videos=videos,
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
