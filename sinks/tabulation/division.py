"""The runs of a band of rows, divided among the blocks of the band.

A band has as many runs as its boundaries have cells.  Were each block to look for its own among them, the cost would
grow with the product of runs and blocks; divided once, every block gets only what lies within it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numba import njit

from sinks.tabulation.blocks import Block
from sinks.tabulation.scanline import Runs

Ints = npt.NDArray[np.int64]


def divide(runs: Runs, blocks: Sequence[Block], cells: Ints) -> list[Runs]:
    """The part of the runs that lies within each block, cut at its borders.

    Parameters
    ----------
    runs : Runs
        Of a band of rows.
    blocks : sequence of Block
        Blocks of the band, from west to east.
    cells : int64, [regions]
        Number of cells of the blocks that each region touches is added here.
    """
    west = np.array([block.column for block in blocks], np.int64)
    east = np.array([block.column + block.columns for block in blocks], np.int64)
    ptr, parts = _divide(runs, west, east, cells)
    rows = runs.ptr.shape[0] - 1
    offsets = [ptr[at * rows : (at + 1) * rows + 1] for at in range(len(blocks))]
    return [Runs(of - of[0], *(part[of[0] : of[-1]] for part in parts)) for of in offsets]


@njit(nogil=True, cache=True)
def _first_blocks(east):  # type: ignore[no-untyped-def]
    """The first block that ends to the east of each column; looked up, since most runs are single cells."""
    found = np.empty(east[-1] + 1, np.int32)
    column = 0
    for block in range(east.shape[0]):
        found[column : east[block]] = block
        column = east[block]
    found[column:] = east.shape[0]
    return found


@njit(nogil=True, cache=True)
def _divide(runs, west, east, cells):  # type: ignore[no-untyped-def]
    """Offsets into the runs of all blocks, row after row and one block after the other; and those runs."""
    blocks, rows = west.shape[0], runs.ptr.shape[0] - 1
    first_blocks = _first_blocks(east)
    beyond = first_blocks.shape[0] - 1
    counts = np.zeros(blocks * rows + 1, np.int64)
    for row in range(rows):
        for run in range(runs.ptr[row], runs.ptr[row + 1]):
            block = first_blocks[min(runs.start[run], beyond)]
            while block < blocks and west[block] < runs.stop[run]:
                counts[block * rows + row + 1] += 1
                block += 1
    for at in range(blocks * rows):
        counts[at + 1] += counts[at]
    total = counts[-1]
    start, stop, region = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(total, np.int32)
    fraction = np.empty(total, np.float64)
    fill = counts[:-1].copy()
    for row in range(rows):
        for run in range(runs.ptr[row], runs.ptr[row + 1]):
            block = first_blocks[min(runs.start[run], beyond)]
            while block < blocks and west[block] < runs.stop[run]:
                at = fill[block * rows + row]
                start[at] = max(runs.start[run], west[block])
                stop[at] = min(runs.stop[run], east[block])
                region[at], fraction[at] = runs.region[run], runs.fraction[run]
                cells[region[at]] += stop[at] - start[at]
                fill[block * rows + row] += 1
                block += 1
    return counts, (start, stop, region, fraction)
