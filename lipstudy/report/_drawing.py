"""What all figures share: their style, the mark of simulated data, the way to SVG."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["BLUE", "GREY", "INK", "ORANGE", "as_svg", "drawing"]

BLUE, ORANGE = "#0072B2", "#D55E00"
"""Of the palette of Okabe & Ito (2008), which the colour-blind tell apart; in grey one is darker than the other."""
INK, GREY = "#111111", "#777777"


@contextmanager
def drawing(width_in: float, height_in: float, *, simulated: bool) -> Iterator[tuple[Any, Any]]:
    """Give a figure and its axes in the house's style, with "SIMULATED" written across them where it is so."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    style = {"svg.hashsalt": "lipstudy", "svg.fonttype": "path", "font.size": 11, "axes.linewidth": 0.8}
    with rc_context(style):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        axes = figure.add_subplot()
        if simulated:
            axes.text(
                0.5, 0.5, "SIMULATED", transform=axes.transAxes, ha="center", va="center", rotation=24, fontsize=42,
                color="#e4e4e4", weight="bold", zorder=0,
            )  # fmt: skip
        for edge in ("top", "right"):
            axes.spines[edge].set_visible(False)
        yield figure, axes


def as_svg(figure: Any) -> str:
    """Return a figure as an SVG element, the same bytes for the same drawing. To be called within `drawing`."""
    handles, labels = figure.axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(
            handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=9, columnspacing=1.2
        )
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
