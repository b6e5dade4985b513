"""The tables of many regions from one pass over the account or the activity, where each by itself takes longer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sinks.results.shown_tables import ordered_ecosystems, units_of
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import ALL, pools

Statistics = tuple[float, float, float]
"""Value and both ends of the interval; NaN where there is none."""


@dataclass(frozen=True)
class PoolTable:
    """One quantity of one region and period, by ecosystem and pool, totals (``all``) last.

    Attributes
    ----------
    ecosystems, pools : list of str
    cells : mapping of (ecosystem, pool) to (value, low, high)
        [t C, t CO2/yr]; without those for which the account has no row.
    """

    ecosystems: list[str]
    pools: list[str]
    cells: Mapping[tuple[str, str], Statistics]


def pool_tables(account: pd.DataFrame, codes: Collection[str]) -> dict[tuple[str, str, str], PoolTable]:
    """Tables of all quantities and periods of some regions, by ``(region_code, quantity, period)``.

    What :func:`sinks.results.shown_tables.ecosystem_by_pool` gives one at a time.
    """
    rows = account[(account["stratum"] == ALL) & account["region_code"].isin(list(codes))]
    columns = ("region_code", "quantity", "period", "ecosystem", "pool", "value", "low", "high")
    found: dict[tuple[str, str, str], dict[tuple[str, str], Statistics]] = defaultdict(dict)
    for code, quantity, period, land, pool, *statistics in zip(*(rows[name].tolist() for name in columns), strict=True):
        found[code, quantity, period][land, pool] = tuple(statistics)
    order = (*pools(), ALL)
    tables = {}
    for key, cells in found.items():
        there = {pool for _, pool in cells}
        lands = ordered_ecosystems({land for land, _ in cells})
        tables[key] = PoolTable(lands, [pool for pool in order if pool in there], cells)
    return tables


@dataclass(frozen=True)
class Transitions:
    """Area by ecosystem before (rows) and after (columns), of one region, source and pair of dates.

    Attributes
    ----------
    code, source, first, last : str
    before, after : list of str
        Ecosystems, ``all`` at the end.
    area_ha : array (before, after)
        A transition that does not occur is 0.
    """

    code: str
    source: str
    first: str
    last: str
    before: list[str]
    after: list[str]
    area_ha: Floats


def region_transitions(changes: pd.DataFrame, regions: pd.DataFrame) -> Iterator[Transitions]:
    """Matrices of every region, source and pair of dates, regions in the order of their table.

    What :func:`sinks.results.shown_tables.transition_matrix` gives one at a time, but for rounding.

    Parameters
    ----------
    changes : DataFrame
        ``Activity.changes``.
    regions : DataFrame
        ``code, parent``.
    """
    keys = ["source", "date_from", "date_to", "ecosystem_from", "ecosystem_to"]
    codes = list(regions["code"])
    inside = [(code, unit) for code in codes for unit in units_of(regions, code)]
    above = pd.DataFrame(inside, columns=["region", "region_code"])
    # Rows of a region keep their order, so that its sums are those of its rows alone.
    rows = changes[["region_code", *keys, "area_ha"]].merge(above, on="region_code", how="inner")
    sums = rows.groupby(["region", *keys], sort=False)["area_ha"].sum()
    cells: dict[tuple[str, str, str, str], dict[tuple[str, str], float]] = defaultdict(dict)
    for (code, source, first, last, before, after), area in zip(sums.index.tolist(), sums.tolist(), strict=True):
        cells[code, source, first, last][before, after] = area
    place = {code: number for number, code in enumerate(codes)}
    for key in sorted(cells, key=lambda key: (place[key[0]], key[1:])):
        yield _with_totals(key, cells[key])


def _with_totals(key: tuple[str, str, str, str], cells: Mapping[tuple[str, str], float]) -> Transitions:
    before, after = (ordered_ecosystems({pair[side] for pair in cells}) for side in (0, 1))
    area = np.zeros((len(before) + 1, len(after) + 1))
    for (land, became), hectares in cells.items():
        area[before.index(land), after.index(became)] = hectares
    area[:-1, -1] = area[:-1, :-1].sum(axis=1)
    area[-1] = area[:-1].sum(axis=0)
    return Transitions(*key, [*before, ALL], [*after, ALL], area)
