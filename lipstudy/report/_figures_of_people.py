"""Figures of a ranking, and of how each person and each sentence bears on what was found."""

from collections.abc import Sequence
from typing import Any

from lipstudy.report._drawing import BLUE, GREY, INK, ORANGE, as_svg, drawing

__all__ = ["drop_one_figure", "people_figure", "ranking_figure"]

_ROW_IN = 0.36


def ranking_figure(ranking: Sequence[dict[str, Any]], drop_one: dict[str, Any], *, simulated: bool, item: str) -> str:
    """Return strengths in JOD with their intervals, best on top, and where they move without each person and item.

    Parameters
    ----------
    ranking : sequence of dict
        ``condition, jod, low, high``, in order.
    drop_one : dict
        ``participants`` and ``items``: lists of ``{"without": name, "jod": {condition: jod}}``.
    simulated : bool
    item : str
        What an item is called: "sentence", "scene".
    """
    with drawing(6.4, 1.3 + _ROW_IN * 1.5 * len(ranking), simulated=simulated) as (figure, axes):
        places = range(len(ranking), 0, -1)
        axes.axvline(0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        for place, row in zip(places, ranking, strict=True):
            first = place == len(ranking)
            axes.plot(
                [row["low"], row["high"]], [place, place], color=INK, linewidth=1.4, zorder=3,
                label="interval" if first else None,
            )  # fmt: skip
            axes.plot(
                [row["jod"]], [place], marker="o", color=INK, markersize=6.5, linestyle="none", zorder=5,
                label="strength" if first else None,
            )  # fmt: skip
            for key, offset, marker, color, name in (
                ("participants", 0.22, "|", BLUE, "without one person"),
                ("items", -0.22, "x", ORANGE, f"without one {item}"),
            ):
                moved = [entry["jod"].get(row["condition"]) for entry in drop_one[key]]
                shown = [value for value in moved if value is not None]
                if shown:
                    axes.plot(
                        shown, [place + offset] * len(shown), marker=marker, color=color, markersize=5,
                        linestyle="none", markeredgewidth=1.1, zorder=4, label=name if first else None,
                    )  # fmt: skip
        axes.set_yticks(list(places), [row["condition"] for row in ranking])
        axes.set_ylim(0.4, len(ranking) + 0.6)
        axes.set_xlabel("strength, JOD from the mean of all (1 JOD: preferred in 75 %)")
        return as_svg(figure)


def people_figure(people: Sequence[dict[str, Any]], *, simulated: bool) -> str:
    """Return each person's mean log-likelihood under a model of the others, the least like them on top.

    Parameters
    ----------
    people : sequence of dict
        ``participant, loglik, odd``.
    simulated : bool
    """
    rows = sorted(people, key=lambda person: float(person["loglik"]))
    named = len(rows) <= 40
    with drawing(6.4, 1.2 + (0.2 * len(rows) if named else 3.4), simulated=simulated) as (figure, axes):
        places = list(range(len(rows), 0, -1))
        for is_odd, marker, color, fill, name in (
            (False, "o", INK, "white", "person"),
            (True, "D", ORANGE, ORANGE, "stands out"),
        ):
            own = [
                (row["loglik"], place) for row, place in zip(rows, places, strict=True) if bool(row["odd"]) == is_odd
            ]
            if own:
                axes.plot(
                    [x for x, _ in own], [y for _, y in own], marker=marker, color=color, markerfacecolor=fill,
                    markersize=5.5, linestyle="none", label=name, zorder=3,
                )  # fmt: skip
        axes.axvline(-0.693147, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), label="guessing", zorder=1)
        axes.set_yticks(places if named else [], [row["participant"] for row in rows] if named else [])
        axes.tick_params(axis="y", labelsize=8)
        axes.set_ylim(0, len(rows) + 1)
        axes.set_xlabel("mean log-likelihood of an answer under a model of the others")
        return as_svg(figure)


def drop_one_figure(
    drop_one: dict[str, Any], *, estimate: float, low: float, high: float, label: str, simulated: bool
) -> str:
    """Return how an estimate moves without each person and each sentence, sorted, beside its interval.

    Parameters
    ----------
    drop_one : dict
        ``participants`` and ``items``: lists of ``{"without": name, "estimate": number or None}``.
    estimate, low, high : float
        With all the data.
    label : str
        Of the axis.
    simulated : bool
    """
    groups = [("participants", "o", BLUE, "without one person"), ("items", "s", ORANGE, "without one sentence")]
    with drawing(6.4, 3.4, simulated=simulated) as (figure, axes):
        axes.axhspan(low, high, color="#dddddd", alpha=0.7, linewidth=0, label="interval, all data", zorder=1)
        axes.axhline(estimate, color=INK, linewidth=1.2, zorder=2)
        axes.axhline(0, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=2)
        start = 0
        for key, marker, color, name in groups:
            rows = sorted(
                (row for row in drop_one[key] if row["estimate"] is not None), key=lambda row: float(row["estimate"])
            )
            places = range(start, start + len(rows))
            axes.plot(
                list(places), [row["estimate"] for row in rows], marker=marker, color=color, markerfacecolor="white",
                markersize=4, linestyle="none", label=name, zorder=3,
            )  # fmt: skip
            for place, row in ((places[0], rows[0]), (places[-1], rows[-1])) if len(rows) > 1 else ():
                axes.annotate(
                    str(row["without"])[:18], (place, row["estimate"]), xytext=(0, 7), textcoords="offset points",
                    ha="center", fontsize=8, color=INK, zorder=4,
                )  # fmt: skip
            start += len(rows) + 2
        axes.set_xticks([])
        axes.set_ylabel(label)
        return as_svg(figure)
