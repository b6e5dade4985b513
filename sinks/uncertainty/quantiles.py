"""The ends of 95 % intervals from many draws.

An account has tens of thousands of figures with ten thousand draws each, so that ordering them would take most of its
time.  Only the tails have to be ordered, and where they begin is told well enough by every so-many-th draw.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEW, _EVERY = 500, 50
"""Fewer draws are ordered as a whole; of more, every so-many-th is looked at first."""


def ends(rows: Floats, low: float, high: float) -> Floats:
    """Two quantiles of every row, interpolated linearly between order statistics, as numpy's default.

    Parameters
    ----------
    rows : array, [rows, n]
        A row with a NaN has no quantiles.
    low, high : float
        Below and above a half.

    Returns
    -------
    array, [rows, 2]
    """
    n = rows.shape[1]
    # In the sample, so far beyond the quantile that one in some hundred samples lies.
    margin = math.ceil(2.4 * max(low, 1 - high) * -(-n // _EVERY)) if n > _FEW else -1
    found = np.empty((len(rows), 2))
    _ends(np.ascontiguousarray(rows, np.float64), low * (n - 1), high * (n - 1), margin, found)
    return found


@njit(nogil=True, cache=True)
def _ends(rows: Floats, low: float, high: float, margin: int, found: Floats) -> None:
    """Values at the ranks ``low`` and ``high``, into ``found``; the sample has the tails to its ``margin``."""
    n = rows.shape[1]
    lower, upper = np.empty(n), np.empty(n)
    for row in range(rows.shape[0]):
        draws = rows[row]
        least, most = np.inf, -np.inf
        if margin >= 0:
            sample = np.sort(draws[::_EVERY])
            least, most = sample[margin], sample[-1 - margin]
        below, above, known = _tails(draws, least, most, lower, upper)
        if not known:
            found[row] = np.nan
            continue
        if below <= np.int64(low) + 1 or above < n - np.int64(high):
            # The limits from the sample cut off too few draws for these ranks, so all draws are kept and sorted.
            below, above, _ = _tails(draws, np.inf, -np.inf, lower, upper)
        found[row, 0] = _interpolated(lower[:below], low, 0)
        found[row, 1] = _interpolated(upper[:above], high, n - above)


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
def _interpolated(part: Floats, place: float, skipped: int) -> float:
    """The value at a fractional rank, of which ``part`` holds those after the ``skipped`` smallest."""
    below = np.int64(place)
    first = below - skipped
    second = min(first + 1, part.shape[0] - 1)
    ordered = np.partition(part, second)
    upper = ordered[second]
    lower = ordered[:second].max() if second > first else upper
    return float(lower + (place - below) * (upper - lower))
