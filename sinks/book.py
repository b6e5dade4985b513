"""The book that an account is written in: amounts by region unit, and the sums above them.

A leaf is one stratum and pool of one ecosystem.  Each leaf is written for every region as soon as it is known and added
to the sums over strata, pools and ecosystems, so that only the sums stay in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.uncertainty import Draws, Floats, interval
from sinks.units import CO2_PER_C
from sinks.vocabulary import ALL, quantities

TotalKey = tuple[str, str, str, str]
"""Ecosystem, pool, quantity and period of a sum over strata."""

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


# Draws that are all the same differ by the rounding of their sums.
_ROUNDING = 1e-11


def no_point(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The ends of intervals, NaN where they meet: nothing uncertain took part, so that no interval is known."""
    met = np.isclose(low, high, rtol=_ROUNDING, atol=0)
    return np.where(met, np.nan, low), np.where(met, np.nan, high)


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

    def intervals(self, draws: Floats) -> tuple[Floats, Floats]:
        """The 95 % interval of every region from draws by unit, (units, n); those of units are not copied."""
        low, high = np.empty((2, len(self.members)))
        of_units = interval(draws)
        for region, members in enumerate(self.members):
            if len(members) == 1:
                low[region], high[region] = (ends[members[0]] for ends in of_units)
            else:
                low[region], high[region] = interval(draws[members].sum(axis=0))
        return low, high


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

    @classmethod
    def mean(cls, parts: Mapping[str, Amount], weights: Mapping[str, float]) -> Amount:
        """The weighted mean of amounts at several dates, and of the land they stand for."""

        def of(name: str) -> Floats:
            return np.asarray(sum(weight * getattr(parts[date], name) for date, weight in weights.items()))

        without = any(parts[date].draws is None for date in weights)
        return cls(of("value"), None if without else of("draws"), of("valued_ha"), of("area_ha"))

    def times(self, factor: float) -> Amount:
        draws = None if self.draws is None else self.draws * factor
        return Amount(self.value * factor, draws, self.valued_ha.copy(), self.area_ha.copy())

    def _mean_land(self, other: Amount) -> tuple[Floats, Floats]:
        return (self.valued_ha + other.valued_ha) / 2, (self.area_ha + other.area_ha) / 2


@dataclass(frozen=True)
class Figures:
    """What a line says of every region: value, ends of the interval, and the land it stands for."""

    value: Floats
    low: Floats
    high: Floats
    valued_ha: Floats
    area_ha: Floats

    def times(self, factor: float) -> Figures:
        """The same in another unit; ``factor`` is positive, so that the ends keep their order."""
        return Figures(self.value * factor, self.low * factor, self.high * factor, self.valued_ha, self.area_ha)


@dataclass(frozen=True)
class Posting:
    """One leaf to be written; without ``amount`` its sums follow from another posting (removals from the change)."""

    ecosystem: str
    stratum: str
    pool: str
    quantity: str
    period: str
    figures: Figures
    amount: Amount | None
    method: str


def per_year(period: str) -> float:
    """Factor from a change of carbon over a period ``2020-2023`` [t C] to net removals [t CO2/yr]."""
    first, last = period.split("-")
    return CO2_PER_C / (int(last) - int(first))


def weights_of_dates(dates: Sequence[str], period: str) -> dict[str, float]:
    """How much each date within a period counts for its mean yearly flux; the weights sum to one.

    Between dates a flux is taken to change evenly (trapezoidal rule), so that what a long period removes is what the
    periods inside it remove together.
    """
    first, _, last = period.partition("-")
    inside = [date for date in sorted(dates) if first <= date <= (last or first)]
    if len(inside) == 1:
        return {inside[0]: 1.0}
    weights = dict.fromkeys(inside, 0.0)
    for before, after in pairwise(inside):
        share = (int(after) - int(before)) / (int(inside[-1]) - int(inside[0]))
        weights[before] += share / 2
        weights[after] += share / 2
    return weights


def latest(periods: Iterable[str]) -> str:
    """The last date, or of the periods the one that ends last, and of those the longest; empty without any."""
    return max(periods, key=lambda period: (period[-4:], -int(period[:4])), default="")


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
        self._totals: dict[TotalKey, Amount] = {}
        self._methods: dict[TotalKey, set[str]] = {}
        self._followed: set[TotalKey] = set()

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

    def figures(self, amount: Amount) -> Figures:
        """An amount summed to every region, with its interval; safe to call from several threads."""
        total = self.hierarchy.total
        low = high = np.full(len(self.hierarchy.members), np.nan)
        if amount.draws is not None:
            low, high = no_point(*self.hierarchy.intervals(amount.draws))
        return Figures(total(amount.value), low, high, total(amount.valued_ha), total(amount.area_ha))

    def post(self, posting: Posting) -> None:
        """Write one leaf for every region and add it to the sums above it."""
        leaf, pool, tail = posting.ecosystem, posting.pool, (posting.quantity, posting.period)
        self._write((leaf, posting.stratum, pool, *tail, posting.method), posting.figures)
        # Areas have no pools: two of the four sums are then the same one.
        for above in dict.fromkeys([(leaf, pool), (leaf, ALL), (ALL, pool), (ALL, ALL)]):
            self._methods.setdefault((*above, *tail), set()).add(posting.method)
        if posting.amount is None:
            self._followed.add((leaf, pool, "stock_change", posting.period))
        else:
            key = (leaf, pool, *tail)
            if key in self._totals:
                self._totals[key].add(posting.amount)
            else:
                self._totals[key] = posting.amount.copy()

    def post_totals(self) -> None:
        """Write the sums, when every leaf is posted."""
        for key, amount in self.totals():
            ecosystem, pool, quantity, period = key
            method = "+".join(sorted(self._methods[key] - {""}))
            self._write((ecosystem, ALL, pool, quantity, period, method), self.figures(amount))

    def totals(self) -> Iterator[tuple[TotalKey, Amount]]:
        """Every sum over strata, and over pools and ecosystems, in the order in which they were first posted to."""
        parts = dict(self._totals)
        for (ecosystem, pool, quantity, period), change in self._totals.items():
            if (ecosystem, pool, quantity, period) in self._followed:
                key = (ecosystem, pool, "net_removals", period)
                removals = change.times(per_year(period))
                if key in parts:
                    removals.add(parts[key])
                parts[key] = removals
        for ecosystem, pool, quantity, period in self._methods:
            inside = [
                amount
                for (e, p, q, t), amount in parts.items()
                if (q, t) == (quantity, period) and ecosystem in (ALL, e) and pool in (ALL, p)
            ]
            total = inside[0].copy()
            for amount in inside[1:]:
                total.add(amount)
            yield (ecosystem, pool, quantity, period), total

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

    def _write(self, keys: tuple[str, str, str, str, str, str], figures: Figures) -> None:
        ecosystem, stratum, _, _, period, _ = keys
        area = figures.area_ha
        present = np.flatnonzero((area > 0) | (ecosystem == stratum == ALL))
        if not present.size:
            return
        with np.errstate(invalid="ignore", divide="ignore"):
            valued = np.where(area > 0, figures.valued_ha / area, 1.0)
        coverage = valued * self.observed[period]
        # Carbon of a region none of whose land was accounted, or could be estimated, is not known; it is not zero.
        value = np.where(figures.valued_ha > 0, figures.value, np.nan) if keys[3] != "area" else figures.value
        columns = (value, figures.low, figures.high, coverage)
        self._lines.append(_Line(*keys, present, *(column[present] for column in columns)))
