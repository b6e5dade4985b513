"""Bars with their 95 % intervals, sinks and sources apart by colour, side and sign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinks.output.figures.fonts import drawable
from sinks.output.figures.style import INK, SINK, SOURCE, new_figure, styled

LONGEST_NAME = 16
"""Characters of a name beside a bar; the rest stands in the table that goes with the figure."""


@dataclass(frozen=True)
class Bar:
    """One bar: its name, value, the value as printed, and interval (NaN where there is none)."""

    name: str
    value: float
    printed: str
    low: float = float("nan")
    high: float = float("nan")
    colour: str | None = None


def bar_chart(bars: Sequence[Bar], axis: str, *, signed: bool) -> Figure:
    """Horizontal bars from top to bottom in the given order.

    Parameters
    ----------
    bars : sequence of Bar
        A bar whose value is NaN keeps its line and stays empty.
    axis : str
        What is measured, with its unit.
    signed : bool
        Colour by sign (sink, source) and draw zero; otherwise each bar has its own colour.

    Returns
    -------
    Figure
    """
    with styled():
        figure = new_figure(max(0.25 * len(bars) + 0.72, 1.4))
        axes = figure.add_subplot()
        places = np.arange(len(bars))[::-1]
        for place, bar in zip(places, bars, strict=True):
            if isfinite(bar.value):
                _draw(axes, float(place), bar, signed)
        axes.set_yticks(places, [drawable(_short(bar.name)) for bar in bars])
        axes.axvline(0.0, color=INK, linewidth=0.8, zorder=3)
        axes.set_xlabel(drawable(axis))
        axes.grid(axis="x", color="#E4E4E4", linewidth=0.6, zorder=0)
        axes.spines["left"].set_visible(False)
        axes.margins(x=0.14, y=0.02)
        axes.locator_params(axis="x", nbins=7)
    return figure


def _draw(axes: Axes, place: float, bar: Bar, signed: bool) -> None:
    colour = (SINK if bar.value >= 0 else SOURCE) if signed else (bar.colour or SINK)
    hatch = "//" if signed and bar.value < 0 else None
    axes.barh(place, bar.value, height=0.62, color=colour, edgecolor="white", linewidth=0.0, hatch=hatch, zorder=2)
    ends = [bar.value]
    if isfinite(bar.low) and isfinite(bar.high):
        ends += [bar.low, bar.high]
        axes.plot([bar.low, bar.high], [place, place], color=INK, linewidth=1.0, zorder=4)
        axes.plot([bar.low, bar.high], [place, place], "|", color=INK, markersize=5, zorder=4)
    right = bar.value >= 0
    axes.annotate(
        drawable(bar.printed),
        (max(ends) if right else min(ends), place),
        (3 if right else -3, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        fontsize=7,
        color=INK,
    )


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
