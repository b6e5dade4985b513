"""Lines through years with their 95 % intervals as bands, in panels one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from sinks.output.figures.fonts import drawable
from sinks.output.figures.style import INK, new_figure, styled

# The order of Okabe and Ito (2008), without the yellow, which is no line on white paper.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")


@dataclass(frozen=True)
class Line:
    """A course: its name, years, values and interval (NaN where there is none)."""

    name: str
    years: ArrayLike
    values: ArrayLike
    low: ArrayLike
    high: ArrayLike


def line_panels(panels: Sequence[tuple[str, Sequence[Line]]], title: str) -> Figure:
    """A panel for each quantity, one above the other, with one legend.

    Parameters
    ----------
    panels : sequence of (str, sequence of Line)
        What is measured, with its unit, and the lines; lines of one name have one colour in all panels.
    title : str
    """
    with styled():
        figure = new_figure(2.3 * len(panels) + 0.5)
        every = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
        names = list(dict.fromkeys(line.name for _, lines in panels for line in lines))
        for axes, (measured, lines) in zip(every, panels, strict=True):
            draw_lines(axes, lines, names, measured)
        every[0].set_title(drawable(title), loc="left", fontsize=9)
        every[0].legend(fontsize=7)
    return figure


def draw_lines(axes: Axes, lines: Sequence[Line], names: Sequence[str], measured: str) -> None:
    """Draw lines on axes of the caller's, each in the colour of its place among the names."""
    for line in lines:
        number = list(names).index(line.name)
        colour = _COLOURS[number % len(_COLOURS)]
        style = ("-", "--", ":")[number // len(_COLOURS) % 3]
        axes.plot(line.years, line.values, style, color=colour, linewidth=1.4, label=drawable(line.name))
        axes.fill_between(line.years, line.low, line.high, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(0.0, color=INK, linewidth=0.6)
    axes.set_ylabel(drawable(measured))
    axes.grid(axis="y", color="#E4E4E4", linewidth=0.6)
