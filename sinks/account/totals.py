"""The lines of an account, and the sums over strata, pools and ecosystems above them.

A leaf is one stratum and pool of one ecosystem.  Each leaf is written for every region as soon as it is known and added
to the sums over strata, pools and ecosystems, so that only the sums stay in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.amounts import Amount, Figures, Posting, no_point, per_year
from sinks.account.hierarchy import Hierarchy
from sinks.account.unit_draws import UnitDraws
from sinks.uncertainty.draws import Draws, Floats
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
    "area_ha",
    "uncertain_share",
)


def whole_of(account: pd.DataFrame) -> pd.DataFrame:
    """The lines of an account, or of what has its columns, that are sums over ecosystems, strata and pools."""
    return account[(account["ecosystem"] == ALL) & (account["stratum"] == ALL) & (account["pool"] == ALL)]


_NO_FIGURES = Figures(*(np.empty(0),) * 7)


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
    area_ha: Floats
    uncertain_share: Floats


class Totals:
    """Collects the lines of one account and the sums over strata, pools and ecosystems.

    Parameters
    ----------
    hierarchy : Hierarchy
    observed : mapping of str to array (regions,)
        Share of each region that was observed, by date and period.
    draws : Draws or None
    interval_share : float
        Share of a figure, by the size of its parts, whose uncertainty must be stated for it to have an interval.
    only_sums : bool
        Nobody asks for lines, only for the sums and their draws: then no line is made.
    """

    def __init__(
        self,
        hierarchy: Hierarchy,
        observed: Mapping[str, Floats],
        draws: Draws | None,
        interval_share: float = 0.0,
        *,
        only_sums: bool = False,
    ) -> None:
        self.hierarchy = hierarchy
        self.observed = observed
        self.draws = draws
        self.interval_share = interval_share
        self.only_sums = only_sums
        self.not_estimated: set[tuple[str, str, str, str]] = set()
        self._lines: list[_Line] = []
        self._totals: dict[TotalKey, Amount] = {}
        self._methods: dict[TotalKey, set[str]] = {}
        self._followed: set[TotalKey] = set()

    def nothing(self) -> Amount:
        """The amount of a leaf at a date at which it does not occur."""
        n = len(self.hierarchy.units)
        draws = UnitDraws.nothing(n, self.draws.n) if self.draws is not None else None
        return Amount(np.zeros(n), draws, *(np.zeros(n) for _ in range(5)))

    def units(self, numbers: NDArray[np.intp], values: Floats) -> Floats:
        """Sum values by row (first axis) to units, given the unit number of each row."""
        out = np.zeros((len(self.hierarchy.units), *values.shape[1:]))
        np.add.at(out, numbers, values)
        return out

    def figures(self, amount: Amount) -> Figures:
        """An amount summed to every region, with its interval; safe to call from several threads."""
        if self.only_sums:
            return _NO_FIGURES
        total = self.hierarchy.total
        size = total(amount.size)
        share = np.divide(total(amount.stated), size, out=np.full(len(size), np.nan), where=size > 0)
        low = high = np.full(len(size), np.nan)
        if amount.draws is not None:
            # Most leaves are found in few regions, and most regions lack a part of what is uncertain.
            low, high = no_point(*self.hierarchy.intervals(amount.draws, share >= self.interval_share), size)
        land = (total(amount.valued_ha), total(amount.area_ha), total(amount.land_ha))
        return Figures(total(amount.value), low, high, *land, share)

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
        for ecosystem, pool, quantity, period in self._totals:
            if (ecosystem, pool, quantity, period) in self._followed:
                key = (ecosystem, pool, "net_removals", period)
                parts[key] = self._leaf_sum(key)
        for ecosystem, pool, quantity, period in self._methods:
            inside = [
                amount
                for (e, p, q, t), amount in parts.items()
                if (q, t) == (quantity, period) and ecosystem in (ALL, e) and pool in (ALL, p)
            ]
            total = inside[0].copy()
            for amount in inside[1:]:
                total.add(amount)
            total.land_ha = _land(parts, (ecosystem, pool, quantity, period))
            yield (ecosystem, pool, quantity, period), total

    def removals(self, ecosystems: Collection[str], pools: Collection[str]) -> Iterator[tuple[str, Floats]]:
        """Period and draws (units, n) of the net removals of some ecosystems, pool by pool; ``all`` are all pools."""
        for ecosystem, pool, quantity, period in self._methods:
            key = (ecosystem, pool, quantity, period)
            wanted = ecosystem in ecosystems and pool != ALL and (ALL in pools or pool in pools)
            if quantity == "net_removals" and wanted:
                drawn = self._leaf_sum(key).draws
                assert drawn is not None, "an account without draws has none to ask for"
                yield period, drawn.dense()

    def _leaf_sum(self, key: TotalKey) -> Amount:
        """The sum over the strata of one ecosystem and pool, with what follows from its change of stock."""
        ecosystem, pool, _, period = key
        change = (ecosystem, pool, "stock_change", period)
        if key[2] != "net_removals" or change not in self._followed or change not in self._totals:
            return self._totals[key]
        removals = self._totals[change].times(per_year(period))
        if key in self._totals:
            removals.add(self._totals[key])
        return removals

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
        for name in ("value", "low", "high", "coverage", "area_ha", "uncertain_share"):
            columns[name] = np.concatenate([getattr(line, name) for line in self._lines] or [np.empty(0)])
        return pd.DataFrame(columns)[list(COLUMNS)]

    def _write(self, keys: tuple[str, str, str, str, str, str], figures: Figures) -> None:
        if self.only_sums:
            return
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
        columns = (value, figures.low, figures.high, coverage, figures.land_ha, figures.uncertain_share)
        self._lines.append(_Line(*keys, present, *(column[present] for column in columns)))


def _land(parts: Mapping[TotalKey, Amount], key: TotalKey) -> Floats:
    """The land of a sum: of each ecosystem that of its largest pool, since pools share their hectares."""
    by_ecosystem: dict[str, Floats] = {}
    for (ecosystem, pool, quantity, period), amount in parts.items():
        if (quantity, period) == key[2:] and key[0] in (ALL, ecosystem) and key[1] in (ALL, pool):
            found = by_ecosystem.get(ecosystem)
            by_ecosystem[ecosystem] = amount.land_ha if found is None else np.maximum(found, amount.land_ha)
    return np.asarray(sum(by_ecosystem.values()))
