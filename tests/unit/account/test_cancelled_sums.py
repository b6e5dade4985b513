"""A sum whose parts cancel has no interval as wide as the rounding of its parts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import AccountInputs, Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.methodology import Registry
from sinks.uncertainty.draws import Draws

HEAD = "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note\n"
REGIONS = pd.DataFrame(
    [("15", "Region", "region", None), ("1501", "A", "league", "15"), ("1502", "B", "league", "15")],
    columns=["code", "name", "level", "parent"],
)
MOVED = 1234.1


def account(folder: Path, locators: tuple[str, str]) -> pd.DataFrame:
    """In league A grassland becomes forest, in league B as much forest grassland; both have the same density."""
    path = folder / "densities.csv"
    rows = [
        f"soil_organic_carbon,{land},80.3,t C/ha,60.1,100.5,95%,,user,ipcc_2006_v4,{locator},"
        for land, locator in zip(("forest", "grassland"), locators, strict=True)
    ]
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    method = Registry().get("lookup_density").with_parameters(path)
    areas = {
        ("1501", "2020"): (3333.3, 98765.4),
        ("1501", "2023"): (3333.3 + MOVED, 98765.4 - MOVED),
        ("1502", "2020"): (7777.7, 43210.9),
        ("1502", "2023"): (7777.7 - MOVED, 43210.9 + MOVED),
    }
    states = [
        {"source": "land_cover", "region_code": code, "date": date, "land_cover": land, "class": land}
        | {"ecosystem": land, "area_ha": area}
        for (code, date), both in areas.items()
        for land, area in zip(("forest", "grassland"), both, strict=True)
    ]
    units = pd.DataFrame({"region_code": ["1501", "1502"], "area_ha": [102098.7, 50988.6], "cells": 1000})
    lands = ("forest", "grassland")
    basis = AccountInputs(
        Activity(states=pd.DataFrame(states), units=units),
        Hierarchy.of(REGIONS),
        ("2020", "2023"),
        (("2020", "2023"),),
        dict.fromkeys(lands, "land_cover"),
    )
    entry = Entry(method, lands, ("soil_organic_carbon",), ("stock", "sink"), "land_cover")
    table = basis.account([entry], Draws(2_000, 5)).table
    return table[(table["stratum"] == "all") & (table["pool"] == "all")].set_index(
        ["region_code", "ecosystem", "quantity"]
    )


@pytest.mark.parametrize("quantity", ["stock_change", "net_removals"])
def test_what_cancels_in_every_draw_has_no_interval(tmp_path: Path, quantity: str) -> None:
    found = account(tmp_path, ("Table 1 row 2", "Table 1 row 2"))
    # One estimate: the soil that a league's grassland loses its forest gains, whatever the density is.
    for code in ("15", "1501", "1502"):
        row = found.loc[(code, "all", quantity)]
        assert abs(row["value"]) < 1e-6
        assert np.isnan([row["low"], row["high"]]).all()
    # Over the region each ecosystem moves nothing; within a league it does, and that is uncertain.
    for land in ("forest", "grassland"):
        assert np.isnan(found.loc[("15", land, quantity), "low"])
        assert found.loc[("1501", land, quantity), "high"] - found.loc[("1501", land, quantity), "low"] > 1e3


@pytest.mark.parametrize("quantity", ["stock_change", "net_removals"])
def test_what_cancels_on_average_only_keeps_its_interval(tmp_path: Path, quantity: str) -> None:
    found = account(tmp_path, ("Table 1 row 2", "Table 1 row 3"))
    row = found.loc[("1501", "all", quantity)]
    assert abs(row["value"]) < 1e-6
    factor = {"stock_change": 1, "net_removals": 44 / 12 / 3}[quantity]
    assert (row["high"] - row["low"]) / 2 == pytest.approx(MOVED * 20.2 * np.sqrt(2) * factor, rel=0.06)
    assert np.isnan(found.loc[("15", "all", quantity), "low"])
