"""Draws of an amount by unit, kept for the units that have any of it: most strata are found in few regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sinks.uncertainty.draws import Floats


@dataclass(frozen=True)
class UnitDraws:
    """Draws by unit; a unit that is not named has none of the amount, and zero is drawn for it.

    Attributes
    ----------
    units : int
        Number of all units.
    places : array (k,) of int
        Numbers of the units that have any, ascending.
    values : array (k, n)
        Their draws.
    """

    units: int
    places: NDArray[np.intp]
    values: Floats

    @classmethod
    def nothing(cls, units: int, n: int) -> UnitDraws:
        """The draws of nothing."""
        return cls(units, np.empty(0, np.intp), np.empty((0, n)))

    @classmethod
    def of(cls, values: Floats) -> UnitDraws:
        """From draws of every unit, (units, n)."""
        return cls(len(values), np.arange(len(values)), values)

    @classmethod
    def combined(cls, parts: Sequence[tuple[UnitDraws, float | Floats]]) -> UnitDraws:
        """The sum of draws, each times a factor, which may be one for each unit; in the order given."""
        first = parts[0][0]
        places = np.unique(np.concatenate([part.places for part, _ in parts]))
        values = np.zeros((len(places), first.values.shape[1]))
        for part, factor in parts:
            of_row = factor[part.places][:, None] if isinstance(factor, np.ndarray) else factor
            added = part.values if isinstance(factor, float) and factor == 1 else part.values * of_row
            if len(part.places) == len(places):
                values += added
            else:
                values[np.searchsorted(places, part.places)] += added
        return cls(first.units, places, values)

    def plus(self, other: UnitDraws) -> UnitDraws:
        """The sum; these draws may be changed by it, the other's are not."""
        if len(self.places) == len(other.places) and (self.places == other.places).all():
            np.add(self.values, other.values, out=self.values)
            return self
        if np.isin(other.places, self.places, assume_unique=True).all():
            self.values[np.searchsorted(self.places, other.places)] += other.values
            return self
        return self.combined([(self, 1.0), (other, 1.0)])

    def minus(self, other: UnitDraws) -> UnitDraws:
        """The difference, draw by draw."""
        if len(self.places) == len(other.places) and (self.places == other.places).all():
            return UnitDraws(self.units, self.places, self.values - other.values)
        places = np.union1d(self.places, other.places)
        values = np.zeros((len(places), self.values.shape[1]))
        values[np.searchsorted(places, self.places)] = self.values
        values[np.searchsorted(places, other.places)] -= other.values
        return UnitDraws(self.units, places, values)

    def times(self, factor: float) -> UnitDraws:
        """Every draw times a factor."""
        return UnitDraws(self.units, self.places, self.values * factor)

    def copy(self) -> UnitDraws:
        """Draws of their own."""
        return UnitDraws(self.units, self.places, self.values.copy())

    def rows(self, units: NDArray[np.intp]) -> NDArray[np.intp]:
        """Row of each unit in ``values``; -1 for one that has nothing."""
        row = np.full(self.units, -1, np.intp)
        row[self.places] = np.arange(len(self.places))
        return row[units]

    def dense(self) -> Floats:
        """Draws of every unit, (units, n)."""
        if len(self.places) == self.units:
            return self.values
        found = np.zeros((self.units, self.values.shape[1]))
        found[self.places] = self.values
        return found
