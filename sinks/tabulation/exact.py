"""The integers behind the tables of a pass, so that rows can be added once more without rounding.

Hectares are quotients and round.  Where rows of a joint table are added in this form, what is found of a date depends
on that date alone, and not on how many other dates the same pass has told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.geo.grid import CellAreas
from sinks.tabulation import moments

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LOW_MASK = (1 << moments.LOW_BITS) - 1


@dataclass(frozen=True)
class Moments:
    """Sums of values times areas in two limbs, with the power of two that made them integers.

    Attributes
    ----------
    low, high : array (rows,) of int64
        ``high * 2**32 + low``.
    exponent : array (rows,) of int64
        Rows that are added share it.
    there : array (rows,) of bool
        False where a row has no such moment at all.
    """

    low: Ints
    high: Ints
    exponent: Ints
    there: NDArray[np.bool_]

    @classmethod
    def of(cls, low: Ints, high: Ints, exponent: int) -> Moments:
        """Moments of one input, which every row has."""
        return cls(low, high, np.full(len(low), exponent, np.int64), np.ones(len(low), np.bool_))

    @classmethod
    def none(cls, rows: int) -> Moments:
        """Rows without the moment."""
        nothing = np.zeros(rows, np.int64)
        return cls(nothing, nothing, nothing, np.zeros(rows, np.bool_))

    @classmethod
    def stacked(cls, parts: list[Moments]) -> Moments:
        """Rows of several tables, one after the other."""
        columns = ((one.low, one.high, one.exponent, one.there) for one in parts)
        low, high, exponent, there = (np.concatenate(column) for column in zip(*columns, strict=True))
        return cls(low, high, exponent, there)


@dataclass(frozen=True)
class ExactSums:
    """The integer sums of a table by the names of its columns.

    Attributes
    ----------
    cells : CellAreas
        Which knows the unit of the areas.
    areas : mapping of str to array (rows,) of int64
    moments : mapping of str to Moments
    """

    cells: CellAreas
    areas: Mapping[str, Ints]
    moments: Mapping[str, Moments]

    def table(self) -> dict[str, Floats]:
        """Every column as it is: hectares, and values times hectares."""
        found = {name: self.cells.to_ha(units) for name, units in self.areas.items()}
        return found | {name: self._of(one) for name, one in self.moments.items()}

    def added(self, name: str, groups: NDArray[np.integer[Any]], rows: NDArray[np.intp] | None = None) -> Floats:
        """A column added up by group.

        Parameters
        ----------
        name : str
        groups : array of int
            The group of each row; every group from 0 on has a row.
        rows : array of int, optional
            The rows meant, by default all.

        Returns
        -------
        array (groups,)
            Hectares, or values times hectares; NaN where no row of a group has the moment.
        """
        taken: slice | NDArray[np.intp] = slice(None) if rows is None else rows
        if name in self.areas:
            return self.cells.to_ha(_sum(self.areas[name][taken], groups))
        one = self.moments[name]
        low, high = _sum(one.low[taken], groups), _sum(one.high[taken], groups)
        there = _sum(one.there[taken].astype(np.int64), groups) > 0
        exponent = pd.Series(one.exponent[taken]).groupby(groups).max().to_numpy(np.int64)
        return self._of(Moments(low & _LOW_MASK, high + (low >> moments.LOW_BITS), exponent, there))

    def _of(self, one: Moments) -> Floats:
        """Two limbs as value times hectares."""
        whole = np.ldexp(one.high.astype(np.float64), moments.LOW_BITS) + one.low.astype(np.float64)
        per_unit = float(self.cells.to_ha(np.array(1)))
        found = np.asarray(np.ldexp(whole, -one.exponent) * per_unit, np.float64)
        return np.where(one.there, found, np.nan)


def _sum(values: Ints, groups: NDArray[np.integer[Any]]) -> Ints:
    return pd.Series(values).groupby(groups).sum().to_numpy(np.int64)
