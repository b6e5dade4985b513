"""An interval means what it says: it stands where enough of a figure has a stated uncertainty, and nowhere else.

Land, densities and which of them have an interval are drawn at random; the shares are added up here with numpy alone.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sinks.account.account import AccountInputs, Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.methodology import Bound, Registry
from sinks.uncertainty.draws import Draws

HEAD = "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
REGIONS = pd.DataFrame(
    [("15", "Region", "region", None), ("1501", "A", "league", "15"), ("1502", "B", "league", "15")],
    columns=["code", "name", "level", "parent"],
)
LEAGUES, LANDS, POOLS = ("1501", "1502"), ("forest", "grassland"), ("biomass", "soil_organic_carbon")
DATES, PERIOD = ("2020", "2023"), "2020-2023"
REGISTRY = Registry((), ("methodologies",))
N = 40

Flows = dict[tuple[str, str, str], float]
"""Hectares by league, land before and land after."""

Densities = dict[tuple[str, str], tuple[float, bool]]
"""Carbon of pool and land [t C/ha], and whether its uncertainty is stated."""

flows = st.fixed_dictionaries({key: st.floats(1, 1e5) for key in product(LEAGUES, LANDS, LANDS)})
densities = st.fixed_dictionaries({key: st.tuples(st.floats(0.5, 300), st.booleans()) for key in product(POOLS, LANDS)})


def activity(land: Flows) -> Activity:
    """What the flows are as transitions, and at either date."""
    kinds = ("land_cover", "class", "ecosystem")
    changes = pd.DataFrame(
        [
            {"source": "lc", "region_code": code, "date_from": DATES[0], "date_to": DATES[1], "area_ha": area}
            | {f"{kind}_from": before for kind in kinds}
            | {f"{kind}_to": after for kind in kinds}
            for (code, before, after), area in land.items()
        ]
    )
    states = [
        {"source": "lc", "region_code": code, "date": date, **dict.fromkeys(kinds, name)}
        | {"area_ha": sum(area for key, area in land.items() if key[0] == code and key[1 + end] == name)}
        for code, name, (end, date) in product(LEAGUES, LANDS, enumerate(DATES))
    ]
    areas = [sum(area for key, area in land.items() if key[0] == code) for code in LEAGUES]
    units = pd.DataFrame({"region_code": LEAGUES, "area_ha": areas, "cells": 1000})
    return Activity(states=pd.DataFrame(states), changes=changes, units=units, inputs=())


def table(folder: Path, carbon: Densities) -> Bound:
    rows = [
        f"{pool},{land},{value},t C/ha,"
        + (f"{0.8 * value},{1.3 * value},95%,normal" if stated else ",,,")
        + ",user,survey,p. 1,\n"
        for (pool, land), (value, stated) in carbon.items()
    ]
    (folder / "own.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    return REGISTRY.get("lookup_density").with_parameters(folder / "own.csv")


def shares(land: Flows, carbon: Densities, code: str) -> dict[tuple[str, str], float]:
    """Share of each figure whose uncertainty is stated, by size of its parts: of a change both its ends."""

    def sizes(end: int, stated_only: bool) -> float:
        return sum(
            area * value
            for key, area in land.items()
            if key[0].startswith(code)
            for pool in POOLS
            for value, stated in [carbon[pool, key[1 + end]]]
            if stated or not stated_only
        )

    stated, whole = (np.array([sizes(end, only) for end in (0, 1)]) for only in (True, False))
    change = stated.sum() / whole.sum()
    return {
        ("carbon_stock", DATES[0]): stated[0] / whole[0],
        ("carbon_stock", DATES[1]): stated[1] / whole[1],
        ("stock_change", PERIOD): change,
        ("net_removals", PERIOD): change,
    }


def moved(land: Flows, carbon: Densities, code: str) -> float:
    """How much of a change, of the size of its parts, what is stated can move: land that comes and goes cancels."""
    net, whole = dict.fromkeys(LANDS, 0.0), 0.0
    for (own, before, after), area in land.items():
        if own.startswith(code):
            net[after] += area
            net[before] -= area
            whole += area * sum(carbon[pool, name][0] for pool in POOLS for name in (before, after))
    return max(abs(net[name]) * value for (_, name), (value, stated) in carbon.items() if stated) / whole


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("intervals")


@settings(max_examples=25)
@given(flows, densities, st.sampled_from([0.0, 0.3, 0.9, 1.0]))
def test_an_interval_stands_where_enough_is_stated(folder: Path, land: Flows, carbon: Densities, least: float) -> None:
    entry = Entry(table(folder, carbon), LANDS, POOLS, ("stock", "sink"), "lc")
    given = AccountInputs(
        activity(land), Hierarchy.of(REGIONS), DATES, (DATES,), dict.fromkeys(LANDS, "lc"), interval_share=least
    )
    found = given.account([entry], Draws(N, 1)).table
    sums = found[(found["ecosystem"] == "all") & (found["pool"] == "all")]
    lines = sums.set_index(["region_code", "quantity", "period"])
    for code in ("15", *LEAGUES):
        for (quantity, period), share in shares(land, carbon, code).items():
            line = lines.loc[(code, quantity, period)]
            assert line["uncertain_share"] == pytest.approx(share, rel=1e-9, abs=1e-12)
            if abs(share - least) < 1e-9 and share not in (0.0, 1.0):
                continue
            # Where nothing is uncertain there is no interval, however little is asked for.
            interval = share >= least * (1 - 1e-12) and share > 0
            if interval and quantity in ("stock_change", "net_removals"):
                movement = moved(land, carbon, code)
                if 1e-14 < movement < 1e-8:
                    continue
                interval = movement > 1e-8
            assert np.isfinite([line["low"], line["high"]]).all() == interval, (quantity, share, least)
            assert not interval or line["low"] < line["value"] < line["high"] or quantity != "carbon_stock"
