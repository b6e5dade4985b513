"""The account as reports print it: every figure moved to a printed number such that parts add up to their totals.

It goes from the top down: the total of the region that holds all others is rounded; its regions, ecosystems and pools
add up to it; then each region's own tables to the numbers it has in the table of the region above.  So a figure reads
the same in every table and every report of a run, and none is further than one unit of the last digit from its value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import nan

import numpy as np

from sinks.output.report.adding import STEP, crossed, nearest, parts_of
from sinks.vocabulary import ALL

Key = tuple[str, str, str, str, str]
"""Region, ecosystem, pool, quantity, period."""

Shown = dict[tuple[str, str], float]
"""Printed numbers of a region, quantity and period, by ecosystem and pool, in units of the last digit."""


class PrintedAccount:
    """Printed numbers of an account, worked out as they are asked for.

    Parameters
    ----------
    values : mapping of (region, ecosystem, pool, quantity, period) to float
        The account's sums over strata [t, ha].
    parents : mapping of str to str
        Code of the region above; empty where there is none.
    """

    def __init__(self, values: Mapping[Key, float], parents: Mapping[str, str]) -> None:
        self._values, self._parents = values, parents
        self._lines: dict[tuple[str, str, str], Shown] = {}
        self._whole: dict[tuple[str, str, str], Shown] = {}
        self._below: dict[str, list[str]] = {}
        for code, parent in parents.items():
            self._below.setdefault(parent, []).append(code)
        self._names: dict[tuple[str, str, str], tuple[list[str], list[str]]] = {}
        for region, land, pool, quantity, period in values:
            lands, pools = self._names.setdefault((region, quantity, period), ([], []))
            for name, found in ((land, lands), (pool, pools)):
                if name != ALL and name not in found:
                    found.append(name)

    def value(self, region: str, ecosystem: str, pool: str, quantity: str, period: str) -> float:
        """A figure as printed [t, ha]; NaN where the account has none."""
        shown = self._by_pool(region, quantity, period).get((ecosystem, pool), nan)
        return shown * STEP

    def _exact(self, region: str, land: str, pool: str, quantity: str, period: str) -> float:
        return self._values.get((region, land, pool, quantity, period), nan)

    def _by_pool(self, region: str, quantity: str, period: str) -> Shown:
        place = (region, quantity, period)
        if place not in self._whole:
            lands, pools = self._names.get(place, ([], []))
            shown = dict(self._margins(region, quantity, period))
            cells = np.array([[self._exact(region, land, pool, *place[1:]) for pool in pools] for land in lands])
            if cells.size:
                totals = np.array([self._exact(region, ALL, pool, *place[1:]) for pool in pools])
                sides = [self._exact(region, land, ALL, *place[1:]) for land in lands]
                # The pools' totals are a line of their own with the other sign: every column then adds up to nothing.
                whole, total = self._exact(region, ALL, ALL, *place[1:]), shown[ALL, ALL]
                settled = crossed(
                    np.vstack([cells, -totals]),
                    [*sides, -whole],
                    [0.0] * len(pools),
                    [*(shown[land, ALL] for land in lands), -total],
                    [0.0] * len(pools),
                )
                for names, line in zip([*lands, ALL], [*settled[:-1], -settled[-1]], strict=True):
                    shown |= {(names, pool): float(number) for pool, number in zip(pools, line, strict=True)}
            self._whole[place] = shown
        return self._whole[place]

    def _margins(self, region: str, quantity: str, period: str) -> Shown:
        """Ecosystems of a region, and all together: as the table of the region above has them."""
        place = (region, quantity, period)
        if place not in self._lines:
            parent = self._parents.get(region, "")
            if quantity == "area":
                self._settle_dates(region)
            elif parent in self._parents and self._names.get((parent, quantity, period)):
                self._settle_below(parent, quantity, period)
            if place not in self._lines:
                lands = self._names.get(place, ([], []))[0]
                whole = self._exact(region, ALL, ALL, quantity, period)
                total = float(nearest(np.array(whole)))
                exact = [self._exact(region, land, ALL, quantity, period) for land in lands]
                self._lines[place] = _named(lands, parts_of(exact, whole, total), total)
        return self._lines[place]

    def _settle_dates(self, region: str) -> None:
        """Areas at the first and the last date together, so that dates, change and total all add up."""
        periods = sorted(period for code, quantity, period in self._names if (code, quantity) == (region, "area"))
        if len(periods) < 2:
            return
        first, last = periods[0], periods[-1]
        lands = list(dict.fromkeys(land for period in (first, last) for land in self._names[region, "area", period][0]))
        before, after = (
            np.nan_to_num([self._exact(region, land, ALL, "area", period) for land in lands])
            for period in (first, last)
        )
        wholes = [self._exact(region, ALL, ALL, "area", period) for period in (first, last)]
        totals = [float(number) for number in nearest(np.array(wholes))]
        cells = np.column_stack([before, after - before, -after])
        sides, below = [0.0] * len(lands), [wholes[0], wholes[1] - wholes[0], -wholes[1]]
        settled = crossed(cells, sides, below, sides, [totals[0], totals[1] - totals[0], -totals[1]])
        for period, column, total in ((first, settled[:, 0], totals[0]), (last, -settled[:, 2], totals[1])):
            self._lines[region, "area", period] = _named(lands, [float(number) for number in column], total)

    def _settle_below(self, parent: str, quantity: str, period: str) -> None:
        """The regions of one region, each with its ecosystems, so that both ways add up to what is above."""
        above = self._margins(parent, quantity, period)
        codes = [code for code in self._below.get(parent, ()) if (code, quantity, period) in self._names]
        lands = self._names[parent, quantity, period][0]
        totals = [self._exact(code, ALL, ALL, quantity, period) for code in codes]
        rows = parts_of(totals, self._exact(parent, ALL, ALL, quantity, period), above.get((ALL, ALL), nan))
        cells = np.array([[self._exact(code, land, ALL, quantity, period) for land in lands] for code in codes])
        below = [self._exact(parent, land, ALL, quantity, period) for land in lands]
        settled = crossed(cells, totals, below, rows, [above[land, ALL] for land in lands]) if cells.size else cells
        for code, line, total in zip(codes, settled, rows, strict=True):
            self._lines[code, quantity, period] = _named(lands, [float(number) for number in line], total)


def _named(lands: Sequence[str], numbers: Sequence[float], total: float) -> Shown:
    return {(land, ALL): number for land, number in zip(lands, numbers, strict=True)} | {(ALL, ALL): total}
