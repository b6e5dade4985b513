"""The transition matrix as a heat map: what changed stands out, what stayed is grey."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sinks.output.figures.fonts import drawable
from sinks.output.figures.style import new_figure, styled


def transition_heatmap(
    areas: NDArray[np.float64], names: Sequence[str], axis_from: str, axis_to: str, printed: Sequence[Sequence[str]]
) -> Figure:
    """Areas before (rows) and after (columns).

    Parameters
    ----------
    areas : array, shape (n, n)
        Area of each transition; the diagonal did not change.
    names : sequence of str
        The n classes.
    axis_from, axis_to : str
        Titles of rows and columns.
    printed : sequence of sequence of str, n x n
        Text of each cell.

    Returns
    -------
    Figure
    """
    changed = areas.astype(float).copy()
    np.fill_diagonal(changed, 0.0)
    # Transitions differ by orders of magnitude; on the square root the small ones remain visible.
    shade = np.sqrt(changed / changed.max()) if changed.max() > 0 else changed
    colours = mpl.colormaps["YlGnBu"](0.85 * shade)
    colours[changed == 0] = (1, 1, 1, 1)
    colours[np.eye(len(names), dtype=bool)] = (0.90, 0.90, 0.90, 1)
    with styled():
        figure = new_figure(0.3 * len(names) + 1.0)
        axes = figure.add_subplot()
        axes.imshow(colours, aspect="auto")
        labels = [drawable(name) for name in names]
        long = max(map(len, labels)) > 6
        axes.set_xticks(
            range(len(names)), labels, fontsize=7.5, rotation=30 if long else 0, ha="left" if long else "center"
        )
        axes.set_yticks(range(len(names)), labels, fontsize=7.5)
        axes.xaxis.tick_top()
        axes.xaxis.set_label_position("top")
        axes.set_xlabel(drawable(axis_to))
        axes.set_ylabel(drawable(axis_from))
        axes.tick_params(length=0)
        for edge in axes.spines.values():
            edge.set_visible(False)
        axes.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="#FFFFFF", linewidth=1.2)
        axes.tick_params(which="minor", length=0)
        for row, cells in enumerate(printed):
            for column, cell in enumerate(cells):
                dark = row != column and shade[row, column] > 0.65
                axes.text(column, row, cell, ha="center", va="center", fontsize=7, color="white" if dark else "#222222")
    return figure
