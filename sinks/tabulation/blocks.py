"""How the reference grid is cut into blocks, and blocks into tasks.

Blocks follow the files' own tiling, so that no tile is decoded twice, and hold a few million cells, so that memory does
not depend on the size of the raster.  How the grid is cut changes the time of the pass and never its result.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from sinks.geo.grid import Grid

TARGET_CELLS = 1 << 21
"""Cells of a block, about: enough to make the cost of a read call vanish, few enough to stay in the cache."""

TASK_CELLS = 1 << 26
"""Most cells of a task: what a worker does before it reports.

A task holds a whole band of rows of all but the largest grids, so that the cover of the band is found once.
"""

_TARGET_ROWS = 512
_MOST_CELLS = 1 << 24


class Block(NamedTuple):
    """A window of the reference grid."""

    row: int
    column: int
    rows: int
    columns: int

    @property
    def cells(self) -> int:
        return self.rows * self.columns


Task = tuple[Block, ...]
"""Blocks of one band of rows that a worker does in one go."""


def block_shape(grid: Grid, tilings: Iterable[tuple[int, int]], block_size: int | None = None) -> tuple[int, int]:
    """Rows and columns of a block.

    Parameters
    ----------
    grid : Grid
    tilings : iterable of (rows, columns)
        Own blocks of the files that are read directly; striped files have blocks as wide as the grid.
    block_size : int, optional
        Side of a square block, where the caller wants a certain one.
    """
    if block_size is not None:
        return min(block_size, grid.height), min(block_size, grid.width)
    shapes = list(tilings) or [(_TARGET_ROWS, _TARGET_ROWS)]
    tile_rows = min(max(rows for rows, _ in shapes), grid.height)
    tile_columns = min(max(columns for _, columns in shapes), grid.width)
    if tile_columns * 2 > grid.width:
        # Striped: a window narrower than the grid would decode each strip again for its neighbour.
        rows = _multiple(tile_rows, TARGET_CELLS // grid.width)
        return min(rows, grid.height, max(1, _MOST_CELLS // grid.width)), grid.width
    rows = min(_multiple(tile_rows, _TARGET_ROWS), grid.height)
    return rows, min(_multiple(tile_columns, TARGET_CELLS // rows), grid.width)


def plan(grid: Grid, shape: tuple[int, int], touched: npt.NDArray[np.bool_]) -> list[Task]:
    """Every block that a region touches, in reading order, gathered into tasks.

    Parameters
    ----------
    grid : Grid
    shape : tuple of int
        Rows and columns of a block; blocks at the right and lower margin are smaller.
    touched : bool array, [ceil(height / rows), ceil(width / columns)]
        Blocks that a region touches; the others are never read.
    """
    rows, columns = shape
    tasks: list[Task] = []
    for at_row in range(math.ceil(grid.height / rows)):
        pending: list[Block] = []
        for at_column in np.flatnonzero(touched[at_row]):
            row, column = at_row * rows, int(at_column) * columns
            block = Block(row, column, min(rows, grid.height - row), min(columns, grid.width - column))
            if pending and sum(b.cells for b in pending) + block.cells > TASK_CELLS:
                tasks.append(tuple(pending))
                pending = []
            pending.append(block)
        if pending:
            tasks.append(tuple(pending))
    return tasks


def _multiple(unit: int, target: int) -> int:
    """The multiple of ``unit`` next to ``target``, at least one."""
    return unit * max(1, round(target / unit))
