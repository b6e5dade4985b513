"""The account beside plain loops: random small lands, added up parcel by parcel and draw by draw.

``python tests/differential/posting.py --cases 10000 --seed 1`` says what differs; ``--case N`` repeats one.  The
program is given the land as a table of areas by region, class and date, as the pass makes it.  The loops know of every
parcel what it was at each date, and take of the program nothing but what each row of a parameter table was drawn as:
how rows are looked up, posted, summed over regions, classes, pools and periods, and made into intervals is theirs.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sinks.account.account import AccountInputs
from sinks.account.entries import Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import CHANGE_KEYS, Activity
from sinks.methodology import Registry
from sinks.uncertainty.draws import Draws

REGISTRY = Registry()
REGIONS = {"1": None, "11": "1", "12": "1", "111": "11", "112": "11", "121": "12"}
UNITS = ("111", "112", "121")
LAND = {"f1": "forest", "f2": "forest", "g1": "grassland", "w1": "wetland", "b1": "bare", "": "nodata"}
POOLS = ("above_ground_biomass", "soil_organic_carbon")
C_TO_CO2 = 44 / 12
HEAD = "parameter,ecosystem,class,value,unit,low,high,interval,distribution,basis,source,locator,note"

Key = tuple[str, str, str, str, str, str]
"""Region, ecosystem, class, pool, quantity, period; ``all`` for a sum."""


@dataclass(frozen=True)
class Row:
    """A row of a parameter table: value, whether its interval is known, and its number in the table."""

    value: float
    stated: bool
    number: int


@dataclass(frozen=True)
class Parcel:
    """A piece of land and what it is at every date."""

    unit: str
    area: float
    land: tuple[str, ...]


@dataclass
class Sum:
    """What is added up for a line."""

    value: float = 0.0
    size: float = 0.0
    stated: float = 0.0
    draws: Any = 0.0
    known: bool = False

    def add(self, amount: float, row: Row, drawn: np.ndarray | None, weight: float = 1.0) -> None:
        self.value += amount * row.value * weight
        self.size += abs(amount * row.value * weight)
        self.stated += abs(amount * row.value * weight) * row.stated
        self.known = True
        if drawn is not None:
            self.draws = self.draws + amount * drawn[row.number] * weight


@dataclass(frozen=True)
class Lands:
    """A small land, its numbers, and how its account is asked for."""

    dates: tuple[str, ...]
    periods: tuple[tuple[str, str], ...]
    parcels: tuple[Parcel, ...]
    densities: dict[tuple[str, str], Row]
    rates: dict[str, Row]
    measures: tuple[str, ...]
    draws: int
    share: float
    entries: tuple[Entry, ...] = field(repr=False)


def make(seed: int, number: int, folder: Path) -> Lands:
    """The land of a case, the same every time."""
    rng = np.random.default_rng([seed, number])
    dates = tuple(str(year) for year in sorted(rng.choice(np.arange(2000, 2025), int(rng.integers(1, 5)), False)))
    steps, whole = list(pairwise(dates)), [(dates[0], dates[-1])] if len(dates) > 1 else []
    periods = tuple(dict.fromkeys(combinations(dates, 2) if rng.random() < 0.5 else [*steps, *whole]))
    kinds = list(LAND)
    parcels = []
    for unit in UNITS:
        for _ in range(int(rng.integers(1, 7))):
            land = [kinds[rng.integers(len(kinds))]]
            for _ in dates[1:]:
                land.append(kinds[rng.integers(len(kinds))] if rng.random() < 0.5 else land[-1])
            parcels.append(Parcel(unit, float(rng.uniform(1, 1000)), tuple(land)))
    densities, rates = _tables(rng, folder)
    measures = (("stock", "sink"), ("stock",), ("sink",))[rng.integers(3)]
    lookup = REGISTRY.get("lookup_density").with_parameters(folder / "densities.csv")
    rate = REGISTRY.get("fixed_rate").with_parameters(folder / "rates.csv")
    entries = (
        Entry(lookup, ("forest", "grassland", "wetland"), POOLS, measures, "land_cover"),  # type: ignore[arg-type]
        Entry(rate, ("bare",), ("ecosystem",), ("sink",), "land_cover"),
    )
    draws = (0, int(rng.integers(20, 60)), int(rng.integers(501, 700)))[rng.integers(3)]
    share = (0.0, 0.5, 0.95)[rng.integers(3)]
    return Lands(dates, periods, tuple(parcels), densities, rates, measures, draws, share, entries)


def _tables(rng: np.random.Generator, folder: Path) -> tuple[dict[tuple[str, str], Row], dict[str, Row]]:
    """Tables as files, and what stands in them; wetland has no biomass, and one class may lack a pool."""
    densities: dict[tuple[str, str], Row] = {}
    lines = {"densities": [HEAD], "rates": [HEAD]}

    def row(table: str, parameter: str, name: str, unit: str, value: float) -> Row:
        stated = bool(rng.random() < 0.6)
        half = abs(value) * float(rng.uniform(0.05, 0.6))
        ends = f"{value - half!r},{value + half!r},95%" if stated else ",,"
        lines[table].append(f"{parameter},{LAND[name]},{name},{value!r},{unit},{ends},,user,ipcc_2006_v4,by hand,")
        return Row(value, stated, len(lines[table]) - 2)

    for name in ("f1", "f2", "g1", "w1"):
        for pool in POOLS:
            if (name, pool) != ("w1", POOLS[0]):
                densities[name, pool] = row("densities", pool, name, "t C/ha", round(float(rng.uniform(1, 200)), 3))
    rates = {"b1": row("rates", "sequestration_rate", "b1", "t C/ha/yr", round(float(rng.uniform(-1, 2)), 3))}
    for table, text in lines.items():
        (folder / f"{table}.csv").write_text("\n".join(text) + "\n", encoding="utf-8")
    return densities, rates


# ---- the program ----------------------------------------------------------------------------------------------------


def made(lands: Lands) -> tuple[pd.DataFrame, list[np.ndarray | None]]:
    """The account of the program, and how it drew the rows of both tables."""
    drawn = Draws(lands.draws, 7, methods=[entry.method for entry in lands.entries]) if lands.draws else None
    regions = pd.DataFrame(
        [(code, code, "banner" if code in UNITS else f"level{len(code)}", above) for code, above in REGIONS.items()],
        columns=["code", "name", "level", "parent"],
    )
    sources = dict.fromkeys(("forest", "grassland", "wetland", "bare"), "land_cover")
    inputs = AccountInputs(
        _activity(lands), Hierarchy.of(regions), lands.dates, lands.periods, sources, interval_share=lands.share
    )
    table = inputs.account(list(lands.entries), drawn).table
    return table, [None if drawn is None else drawn.table(entry.method) for entry in lands.entries]


def _activity(lands: Lands) -> Activity:
    """Areas by region, class and date, and by transition, as the pass gives them."""

    def kinds(name: str, end: str = "") -> dict[str, str]:
        return {f"land_cover{end}": name, f"class{end}": name or "nodata", f"ecosystem{end}": LAND[name]}

    states: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    for at, date in enumerate(lands.dates):
        for parcel in lands.parcels:
            row = {"source": "land_cover", "region_code": parcel.unit, "date": date, **kinds(parcel.land[at])}
            states.append({**row, "area_ha": parcel.area})
    pairs = dict.fromkeys([*pairwise(lands.dates), (lands.dates[0], lands.dates[-1])])
    for first, last in (pair for pair in pairs if pair[0] < pair[1]):
        one, other = lands.dates.index(first), lands.dates.index(last)
        for parcel in lands.parcels:
            ends = kinds(parcel.land[one], "_from") | kinds(parcel.land[other], "_to")
            row = {"source": "land_cover", "region_code": parcel.unit, "date_from": first, "date_to": last, **ends}
            changes.append({**row, "area_ha": parcel.area})
    units = pd.DataFrame({"region_code": list(UNITS), "cells": 0})
    units["area_ha"] = [sum(parcel.area for parcel in lands.parcels if parcel.unit == unit) for unit in UNITS]
    return Activity(
        _summed(pd.DataFrame(states)),
        units,
        _summed(pd.DataFrame(changes)) if changes else pd.DataFrame(columns=[*CHANGE_KEYS, "area_ha"]),
    )


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby([name for name in rows.columns if name != "area_ha"], as_index=False, sort=True).sum()


# ---- the loops ------------------------------------------------------------------------------------------------------


def reference(lands: Lands, drawn: Sequence[np.ndarray | None]) -> dict[Key, Sum]:
    """Every line of the account but areas, by loops over parcels."""
    lines: dict[Key, Sum] = {}

    def add(
        parcel: Parcel, name: str, pool: str, what: tuple[str, str], row: Row, weight: float, table: int = 0
    ) -> None:
        for key in _above(parcel.unit, name, pool, *what):
            lines.setdefault(key, Sum()).add(parcel.area, row, drawn[table], weight)

    for parcel in lands.parcels:
        for pool in POOLS:
            known = [lands.densities.get((name, pool)) for name in parcel.land]
            for date, name, row in zip(lands.dates, parcel.land, known, strict=True):
                if row is not None and "stock" in lands.measures:
                    add(parcel, name, pool, ("carbon_stock", date), row, 1.0)
            for first, last in lands.periods:
                for quantity, at, weight in _of_period(lands, parcel, known, first, last):
                    row = known[at]
                    assert row is not None
                    add(parcel, parcel.land[at], pool, (quantity, f"{first}-{last}"), row, weight)
        for period, weights in _fluxes(lands):
            for at, weight in weights.items():
                row = lands.rates.get(parcel.land[at])
                if row is not None:
                    add(parcel, parcel.land[at], "ecosystem", ("net_removals", period), row, weight * C_TO_CO2, 1)
    return lines


def _of_period(
    lands: Lands, parcel: Parcel, known: Sequence[Row | None], first: str, last: str
) -> Iterator[tuple[str, int, float]]:
    """Quantity, place of the date, and how often its carbon is added, for the steps of a period."""
    years = int(last) - int(first)
    for one in range(lands.dates.index(first), lands.dates.index(last)):
        before, after = known[one], known[one + 1]
        if before is not None and after is not None:
            for at, sign in ((one + 1, 1.0), (one, -1.0)):
                if "stock" in lands.measures:
                    yield "stock_change", at, sign
                if "sink" in lands.measures:
                    yield "net_removals", at, sign * C_TO_CO2 / years
        elif "stock" in lands.measures and after is not None:
            yield "newly_known", one + 1, 1.0
        elif "stock" in lands.measures and before is not None:
            yield "no_longer_known", one, 1.0
            if parcel.land[one + 1]:
                yield "not_estimated", one, 1.0


def _fluxes(lands: Lands) -> Iterator[tuple[str, dict[int, float]]]:
    """Periods and the weight of each of their dates: a flux changes evenly between two dates."""
    if len(lands.dates) == 1:
        yield lands.dates[0], {0: 1.0}
    for first, last in lands.periods:
        weights: dict[int, float] = {}
        for at in range(lands.dates.index(first), lands.dates.index(last)):
            part = (int(lands.dates[at + 1]) - int(lands.dates[at])) / (int(last) - int(first)) / 2
            for end in (at, at + 1):
                weights[end] = weights.get(end, 0.0) + part
        yield f"{first}-{last}", weights


def _above(unit: str, name: str, pool: str, quantity: str, period: str) -> Iterator[Key]:
    """The line of a class and pool, and all sums above it, in every region around it."""
    code: str | None = unit
    while code is not None:
        yield code, LAND[name], name, pool, quantity, period
        for ecosystem in (LAND[name], "all"):
            for whole in (pool, "all"):
                yield code, ecosystem, "all", whole, quantity, period
        code = REGIONS[code]


def figures(found: Sum, draws: int, share: float) -> tuple[float, float, float, float]:
    """Value, both ends of the interval of 95 %, and the share whose uncertainty is stated."""
    # Without draws nothing is said of intervals, and no share of a figure has one.
    stated = found.stated * bool(draws) / found.size if found.size else math.nan
    low = high = math.nan
    if draws and stated >= share:
        order = sorted(np.broadcast_to(found.draws, draws))
        low, high = (_quantile(order, part) for part in (0.025, 0.975))
        if high - low <= 1e-11 * found.size:
            low = high = math.nan
    return found.value, low, high, stated


def _quantile(order: Sequence[float], part: float) -> float:
    place = part * (len(order) - 1)
    low = math.floor(place)
    high = min(low + 1, len(order) - 1)
    return float(order[low] + (order[high] - order[low]) * (place - low))


# ---- beside each other ----------------------------------------------------------------------------------------------


def differs(lands: Lands) -> str | None:
    """What is wrong with the account of a land, if anything is."""
    table, drawn = made(lands)
    expected = {key: (sum_, figures(sum_, lands.draws, lands.share)) for key, sum_ in reference(lands, drawn).items()}
    rows = table[table["quantity"] != "area"]
    keys = list(zip(*(rows[name] for name in _KEY), strict=True))
    if len(set(keys)) < len(keys):
        return f"a line stands twice\n    {lands}"
    columns = ("value", "low", "high", "uncertain_share")
    lines = dict(zip(keys, rows[list(columns)].itertuples(index=False, name=None), strict=True))
    for key in sorted({*lines, *expected}):
        sum_, right = expected.get(key, (Sum(), (math.nan,) * 4))
        for column, one, other in zip(columns, lines.get(key, (math.nan,) * 4), right, strict=True):
            size = 1.0 if column == "uncertain_share" else sum_.size
            if not (math.isnan(one) and math.isnan(other)) and not abs(one - other) <= 1e-9 * size:
                return f"{column} of {key}: {one!r}, expected {other!r}\n    {lands}"
    return None


_KEY = ("region_code", "ecosystem", "stratum", "pool", "quantity", "period")


def compare(seed: int, cases: int, *, first: int = 0) -> list[str]:
    """Cases one after the other; what is wrong."""
    findings = []
    with tempfile.TemporaryDirectory() as name:
        for number in range(first, first + cases):
            wrong = differs(make(seed, number, Path(name)))
            if wrong:
                findings.append(f"seed {seed} case {number}: {wrong}")
                print(findings[-1], flush=True)
    return findings


def main() -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--case", type=int)
    given = parser.parse_args()
    first, cases = (0, given.cases) if given.case is None else (given.case, 1)
    findings = compare(given.seed, cases, first=first)
    print(f"seed {given.seed}: {cases} cases, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
