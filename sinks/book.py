"""The book that an account is written in: amounts by region unit, and the sums above them.

A leaf is one stratum and pool of one ecosystem.  Each leaf is written for every region as soon as it is known and added
to the sums over strata, pools and ecosystems, so that only the sums stay in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.uncertainty import Draws, Floats, interval
from sinks.vocabulary import ALL, quantities

COLUMNS = (
    "region_code",
    "region_name",
    "level",
    "ecosystem",
    "stratum",
    "pool",
    "quantity",
    "period",
    "value",
    "low",
    "high",
    "unit",
    "methodology",
    "coverage",
)


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
        parent = {c: p for c, p in zip(codes, frame["parent"], strict=True) if isinstance(p, str) and p in set(codes)}
        units = tuple(sorted(set(codes) - set(parent.values())))
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

    def numbers(self, codes: pd.Series[str]) -> NDArray[np.intp]:
        """Unit numbers of region codes."""
        return pd.Index(self.units).get_indexer(pd.Index(codes)).astype(np.intp)

    def total(self, values: Floats) -> Floats:
        """Sum values by unit (units on the first axis) to every region."""
        return np.stack([values[m].sum(axis=0) for m in self.members])


@dataclass
class Amount:
    """A running sum by unit: central value, draws, and the land it stands for."""

    value: Floats
    draws: Floats | None
    valued_ha: Floats
    area_ha: Floats

    def add(self, other: Amount) -> None:
        self.value += other.value
        if self.draws is not None and other.draws is not None:
            self.draws += other.draws
        self.valued_ha += other.valued_ha
        self.area_ha += other.area_ha

    def copy(self) -> Amount:
        draws = None if self.draws is None else self.draws.copy()
        return Amount(self.value.copy(), draws, self.valued_ha.copy(), self.area_ha.copy())

    def minus(self, other: Amount) -> Amount:
        """The change from ``other`` to this; draws are paired, for both share the parameters."""
        draws = None if self.draws is None or other.draws is None else self.draws - other.draws
        return Amount(self.value - other.value, draws, *self._mean_land(other))

    def mean(self, other: Amount) -> Amount:
        draws = None if self.draws is None or other.draws is None else (self.draws + other.draws) / 2
        return Amount((self.value + other.value) / 2, draws, *self._mean_land(other))

    def times(self, factor: float) -> Amount:
        return Amount(
            self.value * factor, None if self.draws is None else self.draws * factor, self.valued_ha, self.area_ha
        )

    def _mean_land(self, other: Amount) -> tuple[Floats, Floats]:
        return (self.valued_ha + other.valued_ha) / 2, (self.area_ha + other.area_ha) / 2


@dataclass(frozen=True)
class _Line:
    """One leaf or sum, for every region in which it occurs."""

    ecosystem: str
    stratum: str
    pool: str
    quantity: str
    period: str
    methodology: str
    regions: NDArray[np.intp]
    value: Floats
    low: Floats
    high: Floats
    coverage: Floats


class Book:
    """Collects the lines of one account and the sums over strata, pools and ecosystems."""

    def __init__(self, hierarchy: Hierarchy, observed: Mapping[str, Floats], draws: Draws | None) -> None:
        self.hierarchy = hierarchy
        self.observed = observed
        self.draws = draws
        self.not_estimated: set[tuple[str, str, str, str]] = set()
        self._lines: list[_Line] = []
        self._totals: dict[tuple[str, str, str, str], Amount] = {}
        self._methods: dict[tuple[str, str, str, str], set[str]] = {}

    def nothing(self) -> Amount:
        """The amount of a leaf at a date at which it does not occur."""
        n = len(self.hierarchy.units)
        draws = np.zeros((n, self.draws.n)) if self.draws is not None else None
        return Amount(np.zeros(n), draws, np.zeros(n), np.zeros(n))

    def units(self, numbers: NDArray[np.intp], values: Floats) -> Floats:
        """Sum values by row (first axis) to units, given the unit number of each row."""
        out = np.zeros((len(self.hierarchy.units), *values.shape[1:]))
        np.add.at(out, numbers, values)
        return out

    def post(
        self, ecosystem: str, stratum: str, pool: str, quantity: str, period: str, amount: Amount, method: str
    ) -> None:
        """Write one leaf for every region and add it to the sums above it."""
        self._write(ecosystem, stratum, pool, quantity, period, amount, method)
        # Areas have no pools: two of the four sums are then the same one, which must take the leaf once.
        for key in dict.fromkeys([(ecosystem, pool), (ecosystem, ALL), (ALL, pool), (ALL, ALL)]):
            total = (*key, quantity, period)
            self._methods.setdefault(total, set()).add(method)
            if total in self._totals:
                self._totals[total].add(amount)
            else:
                self._totals[total] = amount.copy()

    def post_totals(self) -> None:
        """Write the sums, when every leaf is posted."""
        for (ecosystem, pool, quantity, period), amount in self._totals.items():
            methods = self._methods[ecosystem, pool, quantity, period]
            self._write(ecosystem, ALL, pool, quantity, period, amount, "+".join(sorted(methods - {""})))
        self._totals.clear()

    def table(self) -> pd.DataFrame:
        """The account, columns :data:`COLUMNS`, in the order in which it was posted."""
        places = np.concatenate([line.regions for line in self._lines] or [np.empty(0, np.intp)])
        counts = [len(line.regions) for line in self._lines]
        named = self.hierarchy.regions.iloc[places].reset_index(drop=True)
        columns: dict[str, object] = {
            "region_code": named["code"],
            "region_name": named["name"],
            "level": named["level"],
            "unit": np.repeat([quantities()[line.quantity].unit for line in self._lines], counts),
        }
        for name in ("ecosystem", "stratum", "pool", "quantity", "period", "methodology"):
            columns[name] = np.repeat(np.array([getattr(line, name) for line in self._lines], dtype=object), counts)
        for name in ("value", "low", "high", "coverage"):
            columns[name] = np.concatenate([getattr(line, name) for line in self._lines] or [np.empty(0)])
        return pd.DataFrame(columns)[list(COLUMNS)]

    def _write(
        self, ecosystem: str, stratum: str, pool: str, quantity: str, period: str, amount: Amount, method: str
    ) -> None:
        area = self.hierarchy.total(amount.area_ha)
        present = np.flatnonzero((area > 0) | (ecosystem == stratum == ALL))
        if not present.size:
            return
        low = high = np.full(len(area), np.nan)
        if amount.draws is not None:
            low, high = interval(self.hierarchy.total(amount.draws))
            # Where nothing that is uncertain takes part, an interval is not known; it is not a point.
            low, high = np.where(low == high, np.nan, [low, high])
        with np.errstate(invalid="ignore", divide="ignore"):
            valued = np.where(area > 0, self.hierarchy.total(amount.valued_ha) / area, 1.0)
        coverage = valued * self.observed[period]
        figures = (self.hierarchy.total(amount.value), low, high, coverage)
        keys = (ecosystem, stratum, pool, quantity, period, method)
        self._lines.append(_Line(*keys, present, *(figure[present] for figure in figures)))
