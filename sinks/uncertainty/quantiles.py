"""The ends of 95 % intervals from many draws.

An account has tens of thousands of figures with ten thousand draws each, so that ordering them would take most of its
time.  Only the tails have to be ordered, and where they begin is told well enough by every so-many-th draw.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FEW = 500
"""Fewer draws are ordered as a whole; of more, one in so many is looked at first."""


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
    # Compiled code needs its compiler, for which those who draw nothing need not wait.
    from sinks.uncertainty.quantile_kernels import EVERY, find_ends

    n = rows.shape[1]
    # In the sample, so far beyond the quantile that one in some hundred samples lies.
    margin = math.ceil(2.4 * max(low, 1 - high) * -(-n // EVERY)) if n > _FEW else -1
    found = np.empty((len(rows), 2))
    find_ends(np.ascontiguousarray(rows, np.float64), low * (n - 1), high * (n - 1), margin, found)
    return found
