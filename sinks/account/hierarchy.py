"""Regions of every level, and the units - the finest regions - that each consists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.unit_draws import UnitDraws
from sinks.uncertainty.draws import Floats, interval


@dataclass(frozen=True)
class Hierarchy:
    """Regions of every level and the units (finest regions) that each consists of.

    Attributes
    ----------
    units : tuple of str
        Codes of the units; positions in it are the unit numbers.
    regions : DataFrame
        ``code, name, level``, coarsest first.
    members : tuple of int arrays
        Unit numbers of each row of ``regions``.
    """

    units: tuple[str, ...]
    regions: pd.DataFrame
    members: tuple[NDArray[np.intp], ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Hierarchy:
        """From a table with ``code, name, level, parent``; a region without children is a unit."""
        codes = list(frame["code"])
        known = set(codes)
        parent = {c: p for c, p in zip(codes, frame["parent"], strict=True) if isinstance(p, str) and p in known}
        units = tuple(sorted(known - set(parent.values())))
        inside: dict[str, list[int]] = {code: [] for code in codes}
        depth = dict.fromkeys(codes, 0)
        for number, unit in enumerate(units):
            above: str | None = unit
            while above is not None:
                inside[above].append(number)
                above = parent.get(above)
        for code in codes:
            above = parent.get(code)
            while above is not None:
                depth[code] += 1
                above = parent.get(above)
        order = sorted(range(len(codes)), key=lambda i: (depth[codes[i]], codes[i]))
        regions = frame[["code", "name", "level"]].iloc[order].reset_index(drop=True)
        return cls(units, regions, tuple(np.array(inside[codes[i]], dtype=np.intp) for i in order))

    @classmethod
    def flat(cls, codes: Sequence[str]) -> Hierarchy:
        """Regions that are all units, and nothing above them."""
        units = tuple(sorted(codes))
        regions = pd.DataFrame({"code": units, "name": units, "level": ""})
        return cls(units, regions, tuple(np.array([number], dtype=np.intp) for number in range(len(units))))

    def numbers(self, codes: pd.Series[str]) -> NDArray[np.intp]:
        """Unit numbers of region codes; a code that is no unit is a ``KeyError``."""
        numbers = pd.Index(self.units).get_indexer(pd.Index(codes)).astype(np.intp)
        # get_indexer says -1, under which an amount would be added to the last unit.
        if (numbers < 0).any():
            raise KeyError(f"no units: {sorted(set(codes[numbers < 0]))}")
        return numbers

    def total(self, values: Floats) -> Floats:
        """Sum values by unit (units on the first axis) to every region."""
        order, starts = self._layout
        return np.add.reduceat(values[order], starts, axis=0)

    @cached_property
    def _layout(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The members of all regions one after the other, and where each region begins."""
        sizes = [len(members) for members in self.members]
        return np.concatenate(self.members), np.cumsum([0, *sizes[:-1]])

    def intervals(self, draws: UnitDraws, wanted: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        """The 95 % interval of the regions that are wanted, from draws by unit; NaN for the others."""
        low, high = np.full((2, len(self.members)), np.nan)
        for ends in (low, high):
            ends[wanted] = 0.0
        alone = np.flatnonzero(wanted & self._single)
        rows = draws.rows(np.array([self.members[region][0] for region in alone], np.intp))
        if (rows >= 0).any():
            there = alone[rows >= 0]
            low[there], high[there] = interval(draws.values[rows[rows >= 0]])
        for region in np.flatnonzero(wanted & ~self._single):
            rows = draws.rows(self.members[region])
            if (rows >= 0).any():
                low[region], high[region] = interval(draws.values[rows[rows >= 0]].sum(axis=0))
        return low, high

    @cached_property
    def _single(self) -> NDArray[np.bool_]:
        """Regions that are one unit."""
        return np.array([len(members) == 1 for members in self.members])
