"""Stock and sink year by year: a line for each definition, and none between two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sinks.output.figures.fonts import drawable
from sinks.output.figures.style import FAINT, INK, NEUTRAL, SINK, SOURCE, new_figure, styled

_COLOURS = (INK, "#009E73", "#CC79A7", "#E69F00")
"""Of the lines of segments, in turn."""


@dataclass(frozen=True)
class YearPoint:
    """A figure of a year, or of the years from ``first`` to ``last``, with its interval (NaN where there is none).

    ``segment`` is the definition that it is of; ``doubted`` where it may be noise of the maps.
    """

    first: int
    last: int
    value: float
    low: float
    high: float
    segment: int
    doubted: bool = False


def year_lines(
    stocks: Sequence[YearPoint], sinks: Sequence[YearPoint], axes_words: tuple[str, str], broken: str
) -> Figure:
    """Stocks at dates above, yearly sinks over the steps between them below.

    Parameters
    ----------
    stocks, sinks : sequence of YearPoint
        Points of one segment are joined, points of two never.
    axes_words : (str, str)
        What both panels measure, with its unit.
    broken : str
        What is written where a segment begins.

    Returns
    -------
    Figure
    """
    with styled():
        figure = new_figure(3.9)
        above, below = figure.subplots(2, 1, sharex=True)
        segments = list(dict.fromkeys(point.segment for point in stocks))
        for number, segment in enumerate(segments):
            own = [point for point in stocks if point.segment == segment]
            colour = _COLOURS[number % len(_COLOURS)]
            years, values = [point.first for point in own], [point.value for point in own]
            above.plot(years, values, "o-", color=colour, markersize=3.5, linewidth=1.3, zorder=3)
            low, high = ([getattr(point, end) for point in own] for end in ("low", "high"))
            above.vlines(years, low, high, color=colour, linewidth=0.9, zorder=2)
            if number:
                _begin(
                    (above, below), own[0], max(p.first for p in stocks if p.segment == segments[number - 1]), broken
                )
        _steps(below, sinks)
        for axes, words in zip((above, below), axes_words, strict=True):
            axes.set_ylabel(drawable(words), fontsize=8)
            axes.grid(axis="y", color="#E4E4E4", linewidth=0.6, zorder=0)
        years = sorted({point.first for point in stocks})
        below.set_xticks(years, [str(year) for year in years])
    return figure


def _steps(axes: Axes, sinks: Sequence[YearPoint]) -> None:
    """A bar as wide as its years, beside those of other segments; grey and hatched where it may be noise."""
    axes.axhline(0.0, color=INK, linewidth=0.8, zorder=3)
    for point in sinks:
        same = [other.segment for other in sinks if (other.first, other.last) == (point.first, point.last)]
        width = (point.last - point.first) * 0.86 / len(same)
        middle = (point.first + point.last) / 2 + width * (same.index(point.segment) - (len(same) - 1) / 2)
        colour = NEUTRAL if point.doubted else SINK if point.value >= 0 else SOURCE
        hatch = "//" if point.doubted or point.value < 0 else None
        axes.bar(
            middle, point.value, width=width, color=colour, edgecolor="white", linewidth=0.6, hatch=hatch, zorder=2
        )
        if np.isfinite([point.low, point.high]).all():
            axes.vlines(middle, point.low, point.high, color=INK, linewidth=1.0, zorder=4)


def _begin(panels: Sequence[Axes], first: YearPoint, last_before: int, words: str) -> None:
    """The first point of another definition: a ring, and a border where no years are of both definitions."""
    panels[0].plot([first.first], [first.value], "o", mfc="none", mec=FAINT, markersize=9, zorder=4)
    panels[0].annotate(drawable(words), (first.first, first.value), (6, -12), textcoords="offset points", fontsize=7)
    if first.first > last_before:
        for axes in panels:
            axes.axvline((first.first + last_before) / 2, color=FAINT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
