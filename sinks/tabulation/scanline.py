"""Scan conversion: from edges to the exact share of every cell, row by row.

The kernels of :mod:`sinks.tabulation.coverage`, in pixel coordinates: x in columns, y in rows, both borders integers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]
Offsets = NDArray[np.int64]

SNAP = 1e-12
"""Shares this close to 0 or 1 are 0 or 1."""

_EXCESS = 1e-6  # shares beyond 0 or 1 by more are not rounding: the boundary overlaps itself


_inlined = njit(cache=True, nogil=True, inline="always")
"""For functions called for every edge and cell: handing over so many arrays would take longer than what they do."""


class Entries(NamedTuple):
    """What the boundary of one region leaves in the cells of one row.

    `height` is the share of the row's height covered, which all cells to the east inherit; `east` the share of the cell
    that lies to the east of the boundary.
    """

    column: Indices
    height: Floats
    east: Floats


class Runs(NamedTuple):
    """Runs of cells along rows, compressed by row.

    Row ``r0 + i`` has the runs ``ptr[i]:ptr[i + 1]``, sorted by region and, within it, from west to east without
    overlap.  A run covers columns ``start <= column < stop``; its cells are covered by `region` to `fraction`, which
    is 1 exactly or belongs to a single cell.
    """

    ptr: Offsets
    start: Indices
    stop: Indices
    region: Indices
    fraction: Floats


class Edges(NamedTuple):
    """Edges in cells, each from its northern end (x0, y0) to its southern end (x1, y1), in the order of regions.

    `sign` is +1 where the region lies to the east of the edge and -1 where it lies to the west.
    """

    x0: Floats
    y0: Floats
    x1: Floats
    y1: Floats
    sign: Floats
    region: Indices


class EdgesByRow(NamedTuple):
    """Row ``r`` is crossed by the edges ``edge[ptr[r]:ptr[r + 1]]``, in the order of regions."""

    ptr: Offsets
    edge: Indices


class Bend(NamedTuple):
    """How height within a row grows from its northern (0) to its southern border (1).

    A row's share above the depth t is the cubic ``t + (t - t**2) * (north * (1 - t) - south * t)``: its slopes at the
    two borders are ``1 + north`` and ``1 + south``.  Both are 0 where map area and ground area are proportional.
    """

    north: Floats
    south: Floats


@njit(cache=True, nogil=True)
def bucket(top: Offsets, bottom: Offsets, height: int) -> tuple[Offsets, Indices]:
    """Edges by row, from the first row of each and the one after its last."""
    ptr = np.zeros(height + 1, dtype=np.int64)
    for edge in range(top.size):
        for row in range(top[edge], bottom[edge]):
            ptr[row + 1] += 1
    for row in range(height):
        ptr[row + 1] += ptr[row]
    listed = np.empty(ptr[height], dtype=np.int32)
    fill = ptr[:-1].copy()
    for edge in range(top.size):
        for row in range(top[edge], bottom[edge]):
            listed[fill[row]] = edge
            fill[row] += 1
    return ptr, listed


@_inlined
def _share_above(t: float, north: float, south: float) -> float:
    """Share of a row's height above the depth t; see :class:`_Bend`."""
    return t + (t - t * t) * (north * (1.0 - t) - south * t)


@_inlined
def _share_above_curvature(t: float, north: float, south: float) -> float:
    """Second derivative of :func:`_share_above`."""
    return 6.0 * (north + south) * t - 2.0 * (2.0 * north + south)


@_inlined
def _within_row(edges: Edges, edge: int, row: int) -> tuple[float, float, float, float]:
    """The ends (xa, ya), (xb, yb) of the part of an edge that lies in a row; the edge's own where they do."""
    x0, y0, x1, y1 = edges.x0[edge], edges.y0[edge], edges.x1[edge], edges.y1[edge]
    west, east = min(x0, x1), max(x0, x1)
    xa, ya, xb, yb = x0, y0, x1, y1
    if y0 < row:
        ya = float(row)
        xa = min(max(x0 + (ya - y0) * ((x1 - x0) / (y1 - y0)), west), east)
    if y1 > row + 1:
        yb = row + 1.0
        xb = min(max(x0 + (yb - y0) * ((x1 - x0) / (y1 - y0)), west), east)
    return xa, ya, xb, yb


@_inlined
def _walk(
    xa: float,
    ta: float,
    xb: float,
    tb: float,
    sign: float,
    north: float,
    south: float,
    width: int,
    entries: Entries,
    n: int,
) -> int:
    """Take a piece of edge within one row through its cells; returns the new number of entries.

    The piece runs from (xa, ta) to (xb, tb), x in columns, t the depth within the row; it leaves one entry per cell.
    So does a level one: its entries are 0, but tell that the boundary passes.
    """
    if xa > xb:
        xa, ta, xb, tb, sign = xb, tb, xa, ta, -sign
    if xa >= width:
        return n
    column, height, east = entries
    ua = _share_above(ta, north, south)
    if xa < 0.0:  # all that lies west of the grid is passed on to the east in full
        t = tb if xb <= 0.0 else ta + (0.0 - xa) * ((tb - ta) / (xb - xa))
        u = _share_above(t, north, south)
        column[n], height[n], east[n] = 0, sign * (u - ua), sign * (u - ua)
        n += 1
        if xb <= 0.0:
            return n
        xa, ta, ua = 0.0, t, u
    slope = 0.0 if xb == xa else (tb - ta) / (xb - xa)
    x, t, u = xa, ta, ua
    cell = int(xa)
    while cell < width:
        ends = xb <= cell + 1
        x_next = xb if ends else cell + 1.0
        t_next = tb if ends else ta + (x_next - xa) * slope
        u_next = _share_above(t_next, north, south)
        du, dx, dt = u_next - u, x_next - x, t_next - t
        # The integral of x du along the piece, exact for the cubic: the mean x and a term for the row's curvature.
        bent = dx * dt * dt * _share_above_curvature(0.5 * (t + t_next), north, south) / 12.0
        column[n] = cell
        height[n] = sign * du
        east[n] = sign * (du * (1.0 - 0.5 * ((x - cell) + (x_next - cell))) - bent)
        n += 1
        if ends:
            break
        x, t, u = x_next, t_next, u_next
        cell += 1
    return n


@_inlined
def _entries_in_row(edges: Edges, edge: int, row: int, width: int) -> int:
    """Upper bound of the entries that an edge leaves in a row."""
    xa, _, xb, _ = _within_row(edges, edge, row)
    west, east = min(max(min(xa, xb), 0.0), width), min(max(max(xa, xb), 0.0), width)
    return int(east) - int(west) + 2


@njit(cache=True, nogil=True)
def _room_needed(edges: Edges, by_row: EdgesByRow, r0: int, r1: int, width: int) -> tuple[int, int]:
    """Upper bounds of the entries in all of the rows, and in the busiest one."""
    total, most = 0, 0
    for row in range(r0, r1):
        here = 0
        for i in range(by_row.ptr[row], by_row.ptr[row + 1]):
            here += _entries_in_row(edges, by_row.edge[i], row, width)
        total += here
        most = max(most, here)
    return total, most


@_inlined
def _walk_edge(edges: Edges, edge: int, bend: Bend, row: int, width: int, entries: Entries, n: int) -> int:
    """Take the part of an edge that lies in a row through its cells; returns the new number of entries."""
    xa, ya, xb, yb = _within_row(edges, edge, row)
    return _walk(xa, ya - row, xb, yb - row, edges.sign[edge], bend.north[row], bend.south[row], width, entries, n)


@_inlined
def _sort(entries: Entries, n: int) -> None:
    """Sort entries by column (Shell's method: they come nearly in order, and mostly few)."""
    column, height, east = entries
    gap = n
    while gap > 1:
        gap = max(1, gap * 4 // 9)
        for i in range(gap, n):
            c, h, a = column[i], height[i], east[i]
            j = i - gap
            while j >= 0 and column[j] > c:
                column[j + gap], height[j + gap], east[j + gap] = column[j], height[j], east[j]
                j -= gap
            column[j + gap], height[j + gap], east[j + gap] = c, h, a


@_inlined
def _append(runs: Runs, n: int, row_first: int, start: int, stop: int, region: int, share: float) -> int:
    """Append a run, or lengthen the one before if the two are whole and adjacent; returns the new number of runs."""
    if share == 0.0 or stop <= start:
        return n
    if share == 1.0 and n > row_first and runs.fraction[n - 1] == 1.0 and runs.stop[n - 1] == start:
        runs.stop[n - 1] = stop
        return n
    runs.start[n], runs.stop[n], runs.region[n], runs.fraction[n] = start, stop, region, share
    return n + 1


@_inlined
def _sweep_region(
    entries: Entries, n_entries: int, region: int, row: int, width: int, runs: Runs, n: int, fault: Floats
) -> int:
    """Turn the sorted entries of one region in one row into runs; returns their new number."""
    column, height, east = entries
    row_first, carried, k = n, 0.0, 0
    while k < n_entries:
        cell, share = column[k], carried
        while k < n_entries and column[k] == cell:
            share += east[k]
            carried += height[k]
            k += 1
        if abs(share) <= SNAP:
            share = 0.0
        elif abs(share - 1.0) <= SNAP:
            share = 1.0
        reach = column[k] if k < n_entries else width
        if reach > cell + 1:  # no boundary in the cells up to there: they are all in or all out, but for rounding
            carried = np.round(carried)
        worst = share if abs(share - 0.5) > abs(carried - 0.5) or reach == cell + 1 else carried
        if (worst < -_EXCESS or worst > 1.0 + _EXCESS) and fault[0] < 0:
            fault[0], fault[1], fault[2], fault[3] = region, row, cell, worst
        n = _append(runs, n, row_first, cell, cell + 1, region, share)
        if reach > cell + 1:
            n = _append(runs, n, row_first, cell + 1, reach, region, carried)
    return n


@njit(cache=True, nogil=True)
def sweep(edges: Edges, by_row: EdgesByRow, bend: Bend, r0: int, r1: int, width: int) -> tuple[Runs, Floats]:
    """The runs of rows ``r0 <= row < r1``, and the first fault found.

    A fault is a cell that a region covers less than nothing or more than once: ``(region, row, column, share)``, with
    region -1 where there is none.
    """
    total, most = _room_needed(edges, by_row, r0, r1, width)
    entries = Entries(np.empty(most, np.int32), np.empty(most, np.float64), np.empty(most, np.float64))
    runs = Runs(
        np.zeros(r1 - r0 + 1, np.int64),
        np.empty(2 * total, np.int32),
        np.empty(2 * total, np.int32),
        np.empty(2 * total, np.int32),
        np.empty(2 * total, np.float64),
    )
    fault = np.array([-1.0, 0.0, 0.0, 0.0])
    n = 0
    for row in range(r0, r1):
        i, end = by_row.ptr[row], by_row.ptr[row + 1]
        while i < end:
            region = edges.region[by_row.edge[i]]
            n_entries = 0
            while i < end and edges.region[by_row.edge[i]] == region:
                n_entries = _walk_edge(edges, by_row.edge[i], bend, row, width, entries, n_entries)
                i += 1
            _sort(entries, n_entries)
            n = _sweep_region(entries, n_entries, region, row, width, runs, n, fault)
        runs.ptr[row - r0 + 1] = n
    kept = Runs(runs.ptr, runs.start[:n].copy(), runs.stop[:n].copy(), runs.region[:n].copy(), runs.fraction[:n].copy())
    return kept, fault


@njit(cache=True, nogil=True)
def touched(edges: Edges, by_row: EdgesByRow, bend: Bend, height: int, width: int) -> NDArray[np.bool_]:
    """Cells (height, width) that any region covers or whose border any boundary meets."""
    mask = np.zeros((height, width), np.bool_)
    _, most = _room_needed(edges, by_row, 0, height, width)
    entries = Entries(np.empty(most, np.int32), np.empty(most, np.float64), np.empty(most, np.float64))
    for row in range(height):
        i, end = by_row.ptr[row], by_row.ptr[row + 1]
        while i < end:
            region = edges.region[by_row.edge[i]]
            n = 0
            while i < end and edges.region[by_row.edge[i]] == region:
                n = _walk_edge(edges, by_row.edge[i], bend, row, width, entries, n)
                i += 1
            _sort(entries, n)
            carried = 0.0
            for k in range(n):
                mask[row, entries.column[k]] = True
                carried += entries.height[k]
                if carried > 0.5:  # 0 or 1, but for rounding, wherever the next cell is not met as well
                    mask[row, entries.column[k] : entries.column[k + 1] if k + 1 < n else width] = True
    return mask
