"""Intervals: IPCC approach 1 (error propagation) and approach 2 (Monte Carlo).

One :class:`Draws` serves a whole account.  A parameter row is drawn once and the draw is used for every region and
date, so that what is common to all of them does not average out in the sum: the interval of the whole is right only
then (IPCC 2006, vol. 1, ch. 3, on correlated inputs).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sinks.methodology import Bound
    from sinks.parameters import ParameterTable

Floats = NDArray[np.float64]

QUANTILES = (0.025, 0.975)
"""Ends of the 95 % interval, which the inventory guidelines ask for."""


@dataclass(frozen=True)
class InputUncertainty:
    """Uncertainty of the mean of an input layer.

    Parameters
    ----------
    percent : float
        Half width of the 95 % interval as a percentage of the mean.
    dates_correlated : bool
        Whether the error is the same at every date (a bias of the map) or drawn anew for each (an independent survey).
    """

    percent: float
    dates_correlated: bool = False


class Draws:
    """``n`` reproducible draws of everything that is uncertain.

    The generator of each thing is seeded by its name, so that adding a methodology or a layer does not change the draws
    of the others.
    """

    # Half width of the 95 % interval of a normal distribution in standard deviations.
    Z95 = 1.959963984540054

    def __init__(self, n: int, seed: int, inputs: Mapping[str, InputUncertainty] | None = None) -> None:
        self.n = n
        self.seed = seed
        self.inputs = dict(inputs or {})
        self._factors: dict[str, Floats] = {}
        self._tables: dict[ParameterTable, Floats] = {}

    def generator(self, name: str) -> np.random.Generator:
        """The random generator of the thing called ``name``."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])

    def table(self, method: Bound) -> Floats:
        """Draws of every row of a methodology's parameter table: one draw of a row serves all regions and dates.

        Returns
        -------
        array (rows, n)
        """
        if method.table not in self._tables:
            drawn = method.table.draw(self.generator(f"parameters:{method.id}"), self.n)
            self._tables[method.table] = np.ascontiguousarray(drawn.T)
        return self._tables[method.table]

    def factor(self, input: str, date: str) -> Floats | None:
        """Factors by which the mean of an input at a date is off, or None when no uncertainty was declared.

        Returns
        -------
        array (n,)
            Around 1.
        """
        uncertainty = self.inputs.get(input)
        if uncertainty is None:
            return None
        name = f"input:{input}" if uncertainty.dates_correlated else f"input:{input}@{date}"
        if name not in self._factors:
            sigma = uncertainty.percent / 100 / self.Z95
            self._factors[name] = 1 + sigma * self.generator(name).standard_normal(self.n)
        return self._factors[name]


def interval(draws: Floats) -> tuple[Floats, Floats]:
    """The 95 % interval of draws along the last axis.

    Parameters
    ----------
    draws : array (..., n)

    Returns
    -------
    low, high : array (...)
    """
    rows = np.ascontiguousarray(draws).reshape(-1, draws.shape[-1])
    ends = np.array([_ends(row) for row in rows]).reshape(*draws.shape[:-1], len(QUANTILES))
    return ends[..., 0], ends[..., 1]


# Fewer draws are ordered as a whole; of more, every so-many-th tells where the tails begin.
_FEW, _EVERY = 2_000, 20


def _ends(draws: Floats) -> tuple[float, float]:
    """Quantiles of one row, interpolated linearly between order statistics, as numpy's default.

    Only the tails are put in order: values beyond twice the quantiles of a sample of the draws.  That is exact as long
    as the sample does not lie, which is seen from the count of what is beyond, and then everything is put in order.
    """
    n = len(draws)
    below_low, below_high = (math.floor(q * (n - 1)) for q in QUANTILES)
    if n > _FEW:
        sample = draws[::_EVERY]
        margin = math.ceil(2 * QUANTILES[0] * len(sample))
        sample = np.partition(sample, (margin, len(sample) - 1 - margin))
        lower = draws[draws <= sample[margin]]
        upper = draws[draws >= sample[-1 - margin]]
        if len(lower) > below_low + 1 and len(upper) >= n - below_high:
            return _quantile(lower, QUANTILES[0], n, 0), _quantile(upper, QUANTILES[1], n, n - len(upper))
    return _quantile(draws, QUANTILES[0], n, 0), _quantile(draws, QUANTILES[1], n, 0)


def _quantile(part: Floats, q: float, n: int, skipped: int) -> float:
    """Quantile of ``n`` values of which ``part`` are the ones that come after the ``skipped`` smallest."""
    place = q * (n - 1)
    below = math.floor(place)
    first, second = below - skipped, min(below + 1, n - 1) - skipped
    ordered = np.partition(part, (first, second))
    return float(ordered[first] + (place - below) * (ordered[second] - ordered[first]))


def combine_product(percents: Sequence[float]) -> float:
    """Uncertainty of a product of independent quantities, in percent (IPCC 2006, vol. 1, ch. 3, Eq. 3.1).

    >>> round(combine_product([5, 50]), 3)
    50.249
    """
    return float(np.sqrt(np.sum(np.square(np.asarray(percents, dtype=float)))))


def combine_sum(values: Sequence[float], percents: Sequence[float]) -> float:
    """Uncertainty of a sum of independent quantities, in percent of the sum (IPCC 2006, vol. 1, ch. 3, Eq. 3.2).

    >>> round(combine_sum([100, 200], [10, 20]), 3)
    13.744
    """
    x = np.asarray(values, dtype=float)
    return float(np.sqrt(np.sum(np.square(x * np.asarray(percents, dtype=float)))) / abs(x.sum()))
