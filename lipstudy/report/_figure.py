"""The figure of a preference curve: readable in grey, and by the colour-blind."""

from typing import Any

from lipstudy.report._drawing import BLUE, GREY, INK, ORANGE, as_svg, drawing

__all__ = ["curve_figure"]


def curve_figure(analysis: dict[str, Any], *, simulated: bool) -> str:
    """Return the preference curve of one analysis as an SVG element.

    Parameters
    ----------
    analysis : dict
        One entry of ``results["analyses"]``; nothing else is drawn.
    simulated : bool
        Whether "SIMULATED" is written across the figure.

    Returns
    -------
    str
        ``<svg ...>``, the same bytes for the same numbers.
    """
    with drawing(6.0, 4.2, simulated=simulated) as (figure, axes):
        _draw_curve(axes, analysis)
        _draw_observed(axes, analysis["observed"])
        _draw_peak(axes, analysis["preferred"])
        ticks = sorted({*analysis["articulations"], 1.0})
        axes.set_xscale("log", base=2) if min(ticks) > 0 else None
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
        margin = (max(ticks) / max(min(ticks), 0.05)) ** 0.06
        axes.set_xlim(min(ticks) / margin if min(ticks) > 0 else -0.1, max(ticks) * margin)
        axes.set_ylim(-0.08, 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
        axes.axhline(0.5, color=GREY, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axes.axvline(1.0, color=GREY, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        axes.set_xlabel("articulation scale (1 is the original)")
        axes.set_ylabel("preferred to the original")
        return as_svg(figure)


def _draw_curve(axes: Any, analysis: dict[str, Any]) -> None:
    curve = analysis["curve"]
    if not curve:
        return
    x = [point["articulation"] for point in curve]
    axes.fill_between(
        x, [point["low"] for point in curve], [point["high"] for point in curve], color=BLUE, alpha=0.18,
        linewidth=0, label="interval", zorder=2,
    )  # fmt: skip
    axes.plot(x, [point["probability"] for point in curve], color=BLUE, linewidth=2.2, label="model", zorder=3)


def _draw_observed(axes: Any, observed: list[dict[str, Any]]) -> None:
    if not observed:
        return
    x, y = [row["articulation"] for row in observed], [row["share"] for row in observed]
    # An end that is the share itself may differ from it in the last digit.
    below = [max(0.0, row["share"] - row["low"]) for row in observed]
    above = [max(0.0, row["high"] - row["share"]) for row in observed]
    axes.errorbar(
        x, y, yerr=[below, above], fmt="o", color=INK, markersize=5, markerfacecolor="white", capsize=3,
        linewidth=1, label="observed", zorder=4,
    )  # fmt: skip
    for row in observed:
        axes.annotate(
            f"n = {row['total']}", (row["articulation"], -0.07), ha="center", va="bottom", fontsize=8.5, color="#333333"
        )


def _draw_peak(axes: Any, preferred: dict[str, Any] | None) -> None:
    if preferred is None or preferred["articulation"] is None or preferred["fieller"] is None:
        return
    low, high = preferred["fieller"]
    axes.plot([low, high], [0.96, 0.96], color=ORANGE, linewidth=2.2, solid_capstyle="butt", zorder=4)
    axes.plot([preferred["articulation"]], [0.96], marker="D", color=ORANGE, markersize=6, linestyle="none",
              label="peak, interval", zorder=5)  # fmt: skip
