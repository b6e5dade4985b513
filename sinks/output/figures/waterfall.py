"""From emissions to net emissions, and progress against the path to the target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from textwrap import fill

from matplotlib.figure import Figure

from sinks.output.figures.fonts import drawable
from sinks.output.figures.style import FAINT, INK, NEUTRAL, SINK, SOURCE, new_figure, styled

_LABEL, _AXIS = 12, 36
"""Characters after which a label under a bar and one beside an axis go on in the next line."""


@dataclass(frozen=True)
class Step:
    """One step of a waterfall; ``total`` stands on zero and must equal what the steps before it sum to."""

    name: str
    value: float
    printed: str
    total: bool = False


def waterfall(steps: Sequence[Step], axis: str) -> Figure:
    """Bars that start where the last one ended.

    Parameters
    ----------
    steps : sequence of Step
        In order; a positive value adds to emissions, a negative one takes from them.
    axis : str
        What is measured, with its unit.

    Returns
    -------
    Figure
    """
    with styled():
        figure = new_figure(2.4)
        axes = figure.add_subplot()
        level = 0.0
        for place, step in enumerate(steps):
            start = 0.0 if step.total else level
            level = step.value if step.total else level + step.value
            colour = NEUTRAL if step.total else SOURCE if step.value > 0 else SINK
            axes.bar(place, level - start, bottom=start, width=0.6, color=colour, zorder=2)
            top = max(start, level)
            axes.annotate(
                drawable(step.printed), (place, top), (0, 2), textcoords="offset points", ha="center", fontsize=7.5
            )
            if place + 1 < len(steps):
                axes.plot([place + 0.3, place + 0.7], [level, level], color=FAINT, linewidth=0.8, zorder=1)
        axes.set_xticks(range(len(steps)), [fill(drawable(step.name), _LABEL) for step in steps], fontsize=8)
        axes.tick_params(axis="x", length=0)
        axes.axhline(0.0, color=INK, linewidth=0.8)
        axes.set_ylabel(drawable(axis))
        axes.margins(y=0.12)
    return figure


@dataclass(frozen=True)
class PathPoint:
    """Progress in one year [%]: as computed, with its interval, and as the path to the target asks (NaN: not known)."""

    year: int
    reached: float
    low: float
    high: float
    required: float


def target_path(points: Sequence[PathPoint], reached: str, required: str, axis: str) -> Figure:
    """Reached and required reduction of intensity by year.

    Parameters
    ----------
    points : sequence of PathPoint
        In order of years.
    reached, required : str
        Names of the two lines; where nothing is required there is one line, and no legend.
    axis : str
        What is measured, with its unit.

    Returns
    -------
    Figure
    """
    with styled():
        figure = new_figure(2.0)
        axes = figure.add_subplot()
        asked = [p for p in points if isfinite(p.required)]
        if asked:
            axes.plot(
                [p.year for p in asked],
                [p.required for p in asked],
                color=SOURCE,
                linestyle="--",
                marker="o",
                markersize=3,
                label=drawable(required),
            )
        done = [p for p in points if isfinite(p.reached)]
        axes.plot(
            [p.year for p in done],
            [p.reached for p in done],
            color=SINK,
            marker="s",
            markersize=4,
            linewidth=1.6,
            label=drawable(reached),
        )
        for point in done:
            if isfinite(point.low) and isfinite(point.high):
                axes.plot([point.year] * 2, [point.low, point.high], color=SINK, linewidth=1.0)
                axes.plot([point.year] * 2, [point.low, point.high], "_", color=SINK, markersize=6)
        axes.set_xticks(sorted({p.year for p in points}))
        axes.set_ylabel(fill(drawable(axis), _AXIS))
        axes.axhline(0.0, color=INK, linewidth=0.6)
        if asked:
            axes.legend(loc="best", fontsize=8)
    return figure
