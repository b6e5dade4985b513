"""Printed numbers that add up: parts to the total that is printed, in tables of one way and of two.

Rounding every number by itself leaves tables whose parts miss their total by a unit of the last digit.  Here the
total is rounded, and its parts are moved to a neighbouring number where that is needed, so that together they are
moved as little as possible (the largest-remainder rule; in two directions, controlled rounding as a flow of least
cost: Cox 1987, *A constructive procedure for unbiased controlled rounding*, JASA 82, 520-524, has the task).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isclose, isfinite

import numpy as np

from sinks.output.report.words import DECIMALS, UNITS

STEP: float = UNITS["zh"] / 10 ** DECIMALS["zh"]
"""A unit of the last printed digit [t, ha], in either language: 0.01 万 and 0.1 thousand."""

SAME = 1e-6
"""Relative difference below which parts add up to a total before rounding."""

Array = np.ndarray


def nearest(values: Array) -> Array:
    """Numbers in units of the last digit, each rounded by itself, half to even."""
    return np.round(values / STEP)


def parts_of(values: Sequence[float], total: float, printed: float) -> list[float]:
    """Parts of a total, in units of the last digit, that add up to its printed number.

    Parameters
    ----------
    values : sequence of float
        Parts [t, ha]; NaN where there is none.
    total : float
        Their total [t, ha].
    printed : float
        The total as printed, in units of the last digit.

    Returns
    -------
    list of float
        NaN where the part is.  Each by itself, where the parts are not all of the total.
    """
    cells = np.array([list(values)], dtype=float)
    found = crossed(cells, [total], list(values), [printed], None)
    return [float(cell) for cell in found[0]]


def crossed(
    cells: Array,
    row_totals: Sequence[float],
    column_totals: Sequence[float],
    rows: Sequence[float],
    columns: Sequence[float] | None,
) -> Array:
    """Cells of a table, in units of the last digit, that add up to printed totals at the side and below.

    Parameters
    ----------
    cells : array, rows x columns
        Figures [t, ha]; NaN where there is none.
    row_totals, column_totals : sequence of float
        Their totals [t, ha].
    rows, columns : sequence of float
        The totals as printed, in units of the last digit; without ``columns`` only rows add up.

    Returns
    -------
    array, rows x columns
        Each cell by itself, where the figures do not add up before they are rounded, or the totals allow no other.
    """
    printed = nearest(cells)
    if not _adds_up(cells, row_totals) or (columns is not None and not _adds_up(cells.T, column_totals)):
        return printed
    if columns is None:
        return np.array([_line(*line) for line in zip(cells, printed, rows, strict=True)])
    # A line without any figure has no total either.
    asked, below = np.nan_to_num(np.array(rows, dtype=float)), np.nan_to_num(np.array(columns, dtype=float))
    return _Flow(cells, printed).settled(asked, below) if asked.sum() == below.sum() else printed


def _adds_up(lines: Array, totals: Sequence[float]) -> bool:
    return all(
        isclose(float(np.nansum(line)), total, rel_tol=SAME, abs_tol=SAME * STEP)
        or (not np.isfinite(line).any() and total != total)
        for line, total in zip(lines, totals, strict=True)
    )


def _line(cells: Array, printed: Array, total: float) -> Array:
    """One line of parts: those that lose least are moved."""
    moved, missing = printed.copy(), int(total - np.nansum(printed))
    way = 1 if missing > 0 else -1
    for _ in range(abs(missing)):
        cost = np.where(_free(cells), (moved + way - cells / STEP) ** 2 - (moved - cells / STEP) ** 2, np.inf)
        if not np.isfinite(cost).any():
            return printed
        moved[int(np.argmin(cost))] += way
    return moved


def _free(cells: Array) -> Array:
    """Cells that may be moved: there, and no exact zero, which has to read as one."""
    free: Array = np.isfinite(cells) & (cells != 0)
    return free


class _Flow:
    """Units of the last digit that flow from lines that have too many to lines that have too few, at least cost."""

    def __init__(self, cells: Array, printed: Array) -> None:
        self.exact, self.natural, self.units, self.free = cells / STEP, printed, printed.copy(), _free(cells)

    def settled(self, rows: Array, columns: Array) -> Array:
        tall = len(rows)
        # A positive need asks for units in a row; in a column, whose side is turned round, for fewer.
        need = np.concatenate(
            [rows - np.nansum(self.units, axis=1), np.nansum(self.units, axis=0) - columns],
        )
        while (need > 0).any():
            path = self._path(need, tall)
            if path is None:
                return self.natural
            for start, end in pairwise(path):
                self._move(start, end, tall)
            need[path[0]] -= 1
            need[path[-1]] += 1
        return self.units

    def _move(self, start: int, end: int, tall: int) -> None:
        if start < tall:
            self.units[start, end - tall] += 1
        else:
            self.units[end, start - tall] -= 1

    def _path(self, need: Array, tall: int) -> list[int] | None:
        """The cheapest way from a line with a need to one with too many (Bellman and Ford)."""
        count = len(need)
        cost = np.where(need > 0, 0.0, np.inf)
        before = np.full(count, -1)
        up, down = self._costs()
        for _ in range(count):
            through_rows = cost[:tall, None] + up
            through_columns = cost[None, tall:] + down
            better = through_rows.min(axis=0) < cost[tall:] - 1e-12
            before[tall:][better] = through_rows.argmin(axis=0)[better]
            cost[tall:][better] = through_rows.min(axis=0)[better]
            again = through_columns.min(axis=1) < cost[:tall] - 1e-12
            before[:tall][again] = tall + through_columns.argmin(axis=1)[again]
            cost[:tall][again] = through_columns.min(axis=1)[again]
            if not (better.any() or again.any()):
                break
        ends = np.where(need < 0, cost, np.inf)
        if not isfinite(float(ends.min())):
            return None
        path = [int(np.argmin(ends))]
        while before[path[-1]] >= 0:
            path.append(int(before[path[-1]]))
        return path[::-1]

    def _costs(self) -> tuple[Array, Array]:
        """What one unit more and one unit less costs in each cell: the growth of its squared error."""
        error = np.where(self.free, self.units - self.exact, 0.0)
        up = np.where(self.free, 2 * error + 1, np.inf)
        down = np.where(self.free, 1 - 2 * error, np.inf)
        return up, down
