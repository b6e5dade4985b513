"""What a long period has is what the periods inside it have together, for every methodology of the library."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import AccountInputs, Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import CHANGE_KEYS, Activity
from sinks.errors import SinksError
from sinks.methodology import Bound, Registry
from sinks.vocabulary import quantities

REGISTRY = Registry((), ("methodologies",))
DATES = ("2014", "2016", "2017", "2021")
YEARS = tuple(str(year) for year in range(2013, 2023))
UNITS = ("01", "02", "03")
REGIONS = pd.DataFrame(
    [("0", "Region", "region", None), *((code, code, "unit", "0") for code in UNITS)],
    columns=["code", "name", "level", "parent"],
)
HIERARCHY = Hierarchy.of(REGIONS)

# Parameters of these, or some of them, are the user's: here numbers of our own stand for them.
OWN_NUMBERS = {
    "frozen_ground",
    "ccer_14_001",
    "ccer_forest_management",
    "ccer_grassland",
    "ccer_shrub",
    "cropland_soil",
    "db1502_022",
    "db1502_030",
    "db1502_031",
    "db15_3766",
    "db15_4248",
    "forest_management",
    "forest_growth_logistic",
    "forest_growth_richards",
    "forest_growth_schumacher",
    "natural_forest_protection",
    "provincial_inventory",
    "shrub_cover",
}
WITHOUT_POOLS = {"fire"}
CASES = sorted(set(REGISTRY.ids) - WITHOUT_POOLS)


def value_of(cell: str) -> object:
    """A stratum that a cell of a table matches: of a range a number inside."""
    found = re.fullmatch(r"[\[(]([\d.]*),([\d.]*)[\])]", cell)
    if not found:
        return cell
    low, high = (float(end) if end else None for end in found.groups())
    return (low + high) / 2 if low is not None and high is not None else (low or 0) + 1 if high is None else high / 2


def some_strata(bound: Bound, rng: np.random.Generator) -> dict[str, object]:
    """Values of every stratum, as cells of the table or its crosswalks have them."""
    known: dict[str, list[object]] = {}
    for row in bound.table.rows:
        for name, cell in row.cells.items():
            if cell is not None:
                known.setdefault(name, []).append(value_of(str(cell)))
    for crosswalk in bound.table.crosswalks:
        known.setdefault(crosswalk.source, []).extend(crosswalk.values)
    options = bound.methodology.options
    return {
        name: options[name][rng.integers(len(options[name]))]
        if name in options
        else known[name][rng.integers(len(known[name]))]
        for name in bound.strata
        if name in options or name in known
    }


def inputs_of(bound: Bound, rng: np.random.Generator) -> dict[str, float]:
    found = {}
    for name in bound.inputs:
        quantity = quantities()[name]
        low, high = max(quantity.low, -5.0), min(quantity.high, 40.0)
        found[name] = float(rng.uniform(low, high))
    return found


Land = dict[str, Any]
"""Ecosystem, strata and inputs of a piece of land."""


def some_land(bound: Bound, rng: np.random.Generator) -> Land:
    ecosystem = bound.methodology.ecosystems[rng.integers(len(bound.methodology.ecosystems))]
    named = dict.fromkeys(("land_cover", "class"), ecosystem)
    return {**named, **some_strata(bound, rng), **inputs_of(bound, rng), "ecosystem": ecosystem}


def later(land: Land, bound: Bound, rng: np.random.Generator) -> Land:
    """The same land with inputs that are a little different."""
    return land | {name: land[name] * rng.uniform(0.97, 1.03) for name in bound.inputs}


def transition(before: Land, after: Land, first: str, last: str, area: float) -> dict[str, Any]:
    ends = {f"{name}{end}": value for end, land in (("_from", before), ("_to", after)) for name, value in land.items()}
    return {"source": "s", "date_from": first, "date_to": last, "area_ha": area, **before, **ends}


def activity(bound: Bound, before: Land, after: Land) -> Activity:
    """Three units with land in every year, or with transitions between all dates."""
    rng = np.random.default_rng(1)
    states, changes = [], []
    for code in UNITS:
        for year in YEARS:
            row = {"source": "s", "region_code": code, "date": year, **later(before, bound, rng)}
            states.append({**row, "area_ha": float(rng.uniform(100, 1000))})
        for first, last in pairwise(DATES):
            ends = (later(land, bound, rng) for land in (before, after))
            changes.append({**transition(*ends, first, last, float(rng.uniform(100, 1000))), "region_code": code})
    blank = pd.DataFrame(columns=[*CHANGE_KEYS, "area_ha"])
    return Activity(
        pd.DataFrame(states),
        pd.DataFrame({"region_code": list(UNITS), "area_ha": 1000.0, "cells": 0}),
        pd.DataFrame(changes) if bound.acts_on == "change" else blank,
        tuple(name for name in bound.strata if name not in ("ecosystem", "class", *bound.inputs)),
        tuple(bound.inputs),
    )


def bound_of(id: str, folder: Path) -> Bound:
    """A methodology of the library, with numbers of our own where the user has to give them."""
    bound = REGISTRY.get(id)
    if id not in OWN_NUMBERS:
        return bound
    bounds, lines = (
        bound.methodology.table_bounds,
        ["parameter,value,unit,low,high,interval,distribution,basis,source,locator,note"],
    )
    for number, (name, unit) in enumerate(bound.methodology.table_parameters.items()):
        low, high = bounds.get(name, (0.0, 1.0))
        part = 0.3 + 0.05 * number
        value = low + (high - low) * part if np.isfinite(low + high) else max(low, 0.0) + part
        lines.append(f"{name},{value},{unit},,,,,user,{bound.methodology.source},by hand,")
    path = folder / f"{id}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return bound.with_parameters(path)


def with_land(id: str, folder: Path) -> tuple[Entry, pd.Series[float]]:
    """A methodology of the library with land that its table speaks of, and its sink by region and period."""
    bound, rng = bound_of(id, folder), np.random.default_rng(0)
    for _ in range(100):
        before, after = some_land(bound, rng), some_land(bound, rng)
        row = {**before, "area_ha": 1.0} if bound.acts_on == "state" else transition(before, after, *DATES[:2], 1.0)
        for pools in (bound.pools, *((pool,) for pool in bound.pools)):
            try:
                found = bound.resolve(pd.DataFrame([row]), pools).pools()
                if not all(np.isfinite(found[pool]).all() and found[pool].any() for pool in pools):
                    continue
                lands = dict.fromkeys(
                    (before["ecosystem"], after["ecosystem"]) if bound.acts_on == "change" else (before["ecosystem"],)
                )
                entry = Entry(bound, tuple(lands), pools, ("sink",), "s")
                table = figures(entry, activity(bound, before, after))
            except SinksError:
                continue
            if table.notna().all():
                return entry, table
    raise AssertionError(f"no land for {id}")


def figures(entry: Entry, made: Activity) -> pd.Series[float]:
    """Sink by region and period."""
    inputs = AccountInputs(made, HIERARCHY, DATES, tuple(combinations(DATES, 2)), dict.fromkeys(entry.ecosystems, "s"))
    table = inputs.account([entry]).table
    rows = table[(table["quantity"] == "net_removals") & (table["stratum"] == "all") & (table["pool"] == "all")]
    return rows[rows["ecosystem"] == "all"].set_index(["region_code", "period"])["value"]


def years(period: str) -> int:
    first, last = period.split("-")
    return int(last) - int(first)


@pytest.mark.parametrize("id", CASES)
def test_a_long_period_is_the_sum_of_the_periods_inside_it(id: str, tmp_path: Path) -> None:
    _, found = with_land(id, tmp_path)
    for code in ("0", *UNITS):
        for first, last in combinations(DATES, 2):
            inside = [f"{a}-{b}" for a, b in pairwise(date for date in DATES if first <= date <= last)]
            parts = [found[code, one] * years(one) for one in inside]
            size = sum(map(abs, parts))
            assert found[code, f"{first}-{last}"] * years(f"{first}-{last}") == pytest.approx(
                sum(parts), rel=1e-12, abs=1e-12 * size
            )
            assert size > 0
