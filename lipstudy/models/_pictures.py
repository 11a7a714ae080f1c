"""Pictures of models: how training went, and what the lips do against what they did on film."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from lipstudy.models._evaluation import Evaluation, courses
from lipstudy.models._films import Film
from lipstudy.models._training import Course

__all__ = ["evaluation_png", "learning_curve_png"]

_BLUE, _ORANGE = "#0072B2", "#D55E00"
_FILMS_SHOWN = 4
_NAMES = ("aperture", "width", "protrusion")


def learning_curve_png(course: Course) -> bytes:
    """Return a picture of the losses over the epochs, with the epoch whose weights were kept."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 3.6), layout="constrained")
    axes = figure.add_subplot()
    epochs = np.arange(1, len(course.training) + 1)
    axes.plot(epochs, course.training, color=_BLUE, label="films trained on")
    if course.validation:
        axes.plot(epochs, course.validation, color=_ORANGE, linestyle="--", label="films left out")
    axes.axvline(course.best_epoch + 1, color="#777777", linewidth=0.8, label="weights kept")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    return _png(figure)


def evaluation_png(evaluation: Evaluation, films: Sequence[Film]) -> bytes:
    """Return a picture of aperture, width and protrusion: over time for the first films, and for each class."""
    from matplotlib.figure import Figure

    shown = min(_FILMS_SHOWN, len(films))
    has_classes = bool(evaluation.classes)
    figure = Figure(figsize=(4.0 * shown + 0.5, 6.6 + 3.2 * has_classes), layout="constrained")
    parts = figure.subfigures(1 + has_classes, 1, height_ratios=[6.6, 3.2][: 1 + has_classes])
    over_time = np.atleast_1d(parts)[0].subplots(len(_NAMES), shown, squeeze=False, sharex="col")
    for column in range(shown):
        film, score = films[column], evaluation.scores[column]
        on_film, made = courses(film.track), courses(evaluation.moved[column])
        times_s = np.arange(film.track.num_frames) / film.fps
        for row, name in enumerate(_NAMES):
            axes = over_time[row, column]
            axes.plot(times_s, on_film[name], color="black", linewidth=1.2, label="film")
            axes.plot(times_s, made[name], color=_ORANGE, linewidth=1.4, label="model")
            axes.text(0.02, 0.93, f"r = {getattr(score, name + '_r'):.2f}", transform=axes.transAxes, va="top")
            if column == 0:
                axes.set_ylabel(f"{name} (IOD)")
        over_time[0, column].set_title(f"{score.film} ({score.speaker})", fontsize=10)
        over_time[-1, column].set_xlabel("time (s)")
    over_time[0, 0].legend(frameon=False, loc="upper right", fontsize=8)
    if has_classes:
        _draw_classes(np.atleast_1d(parts)[1], evaluation.classes)
    return _png(figure)


def _draw_classes(part: Any, classes: Sequence[dict[str, Any]]) -> None:
    for axes, name in zip(part.subplots(1, len(_NAMES)), _NAMES, strict=True):
        place = np.arange(len(classes))
        axes.plot(place, [row[f"{name}_film"] for row in classes], "o", color="black", label="film")
        axes.plot(place, [row[f"{name}_model"] for row in classes], "x", color=_ORANGE, label="model")
        axes.set_xticks(
            place, [f"{row['class']} ({row['said']})" for row in classes], rotation=60, ha="right", fontsize=7
        )
        axes.set_ylabel(f"{name} (IOD)")
        axes.grid(axis="x", linewidth=0.3)


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
