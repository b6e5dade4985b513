"""Compiled: the ends of 95 % intervals, found in the tails of many draws.

Neither numpy's sort nor its partition: compiling them takes longer than a run, and only a few ranks are asked for.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EVERY = 50
"""Of many draws one in so many is looked at first."""


@njit(nogil=True, cache=True)
def find_ends(rows: Floats, low: float, high: float, margin: int, found: Floats) -> None:
    """Values at the ranks ``low`` and ``high``, into ``found``; the sample has the tails to its ``margin``."""
    n = rows.shape[1]
    lower, upper = np.empty(n), np.empty(n)
    sampled = (n + EVERY - 1) // EVERY
    sample = np.empty(sampled)
    for row in range(rows.shape[0]):
        draws = rows[row]
        least, most = np.inf, -np.inf
        if margin >= 0:
            for place in range(sampled):
                sample[place] = draws[place * EVERY]
            least, most = _select(sample, margin), _select(sample, sampled - 1 - margin)
        below, above, known = _tails(draws, least, most, lower, upper)
        if not known:
            found[row, 0] = found[row, 1] = np.nan
            continue
        if below <= np.int64(low) + 1 or above < n - np.int64(high):
            # The limits from the sample cut off too few draws for these ranks, so all draws are kept.
            below, above, _ = _tails(draws, np.inf, -np.inf, lower, upper)
        found[row, 0] = _interpolated(lower[:below], low, np.int64(0))
        found[row, 1] = _interpolated(upper[:above], high, np.int64(n - above))


@njit(nogil=True, cache=True)
def _tails(draws: Floats, least: float, most: float, lower: Floats, upper: Floats) -> tuple[int, int, bool]:
    """Copy the draws up to ``least`` and from ``most``; how many of each, and whether all draws are numbers."""
    below = above = 0
    known = True
    for at in range(draws.shape[0]):
        value = draws[at]
        # Written whether or not it counts: to guess which would cost more than the writes.
        lower[below] = value
        below += value <= least
        upper[above] = value
        above += value >= most
        known &= value == value
    return below, above, known


@njit(nogil=True, cache=True)
def _interpolated(part: Floats, place: float, skipped: np.int64) -> float:
    """The value at a fractional rank, of which ``part`` holds those after the ``skipped`` smallest; it is reordered."""
    below = np.int64(place)
    first = below - skipped
    second = min(first + 1, part.shape[0] - 1)
    upper = _select(part, second)
    lower = upper
    if second > first:
        lower = part[0]
        for at in range(1, second):
            lower = max(lower, part[at])
    return float(lower + (place - below) * (upper - lower))


@njit(nogil=True, cache=True)
def _select(values: Floats, rank: int) -> float:
    """The value of a rank (Hoare's selection); what is smaller is brought before it and what is larger behind."""
    left, right = 0, values.shape[0] - 1
    while left < right:
        pivot = values[(left + right) // 2]
        up, down = left, right
        while up <= down:
            while values[up] < pivot:
                up += 1
            while values[down] > pivot:
                down -= 1
            if up <= down:
                values[up], values[down] = values[down], values[up]
                up += 1
                down -= 1
        if rank <= down:
            right = down
        elif rank >= up:
            left = up
        else:
            break
    return float(values[rank])
