"""Ecosystem accounts: opening + additions - reductions = closing, and both ends equal to the account."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import Account, AccountInputs, Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.analysis.seea import CARBON_COLUMNS, EXTENT_COLUMNS, carbon_account, extent_account
from sinks.methodology import Registry

LANDS = ("forest", "grassland", "bare")
REGIONS = pd.DataFrame(
    [("15", "Region", "region", None), *((f"15{n:02}", f"League {n}", "league", "15") for n in (1, 2, 3))],
    columns=["code", "name", "level", "parent"],
)
HEAD = "parameter,ecosystem,class,value,unit,low,high,interval,distribution,basis,source,locator,note\n"


def transitions() -> pd.DataFrame:
    """Hectares from every land to every other, and land seen at one date only."""
    rng = np.random.default_rng(7)
    names = (*LANDS, "nodata")
    rows = [
        {"source": "lc", "region_code": code, "date_from": "2020", "date_to": "2023"}
        | {
            f"{kind}_{end}": land
            for kind in ("land_cover", "class", "ecosystem")
            for end, land in (("from", a), ("to", b))
        }
        | {"area_ha": float(rng.integers(0, 5000))}
        for code in REGIONS["code"][1:]
        for a in names
        for b in names
    ]
    return pd.DataFrame(rows)


def activity() -> Activity:
    changes = transitions()
    ends = []
    for end, date in (("from", "2020"), ("to", "2023")):
        summed = changes.groupby(["region_code", f"ecosystem_{end}"])["area_ha"].sum().reset_index()
        land = summed[f"ecosystem_{end}"]
        ends.append(
            summed[["region_code", "area_ha"]].assign(
                source="lc", date=date, land_cover=land, ecosystem=land, **{"class": land}
            )
        )
    area = changes.groupby("region_code")["area_ha"].sum()
    units = pd.DataFrame({"region_code": area.index, "area_ha": area.to_numpy(), "cells": 1000})
    return Activity(states=pd.concat(ends, ignore_index=True), changes=changes, units=units, inputs=())


def inputs() -> AccountInputs:
    sources = dict.fromkeys(LANDS, "lc")
    return AccountInputs(activity(), Hierarchy.of(REGIONS), ("2020", "2023"), (("2020", "2023"),), sources)


def account(tmp_path: Path) -> Account:
    path = tmp_path / "own.csv"
    rows = (("biomass", "forest", 40), ("soil_organic_carbon", "forest", 100), ("biomass", "grassland", 4))
    lines = (f"{pool},{land},,{value},t C/ha,,,,,user,survey,p. 1,\n" for pool, land, value in rows)
    path.write_text(HEAD + "".join(lines), encoding="utf-8")
    method = Registry().get("lookup_density").with_parameters(path)
    entries = [
        Entry(method, ("forest",), ("biomass", "soil_organic_carbon"), ("stock", "sink"), "lc"),
        Entry(method, ("grassland",), ("biomass",), ("stock", "sink"), "lc"),
    ]
    return inputs().account(entries)


def test_extent_is_that_of_the_transitions_and_of_the_account(tmp_path: Path) -> None:
    found = extent_account(inputs(), "2020-2023")
    assert tuple(found.columns) == EXTENT_COLUMNS
    assert (found["opening"] + found["additions"] - found["reductions"]).to_numpy() == pytest.approx(
        found["closing"].to_numpy(), rel=1e-9
    )
    changes = transitions()
    for code in REGIONS["code"]:
        here = changes[changes["region_code"].str.startswith(code)]
        for land in LANDS:
            row = found[(found["region_code"] == code) & (found["ecosystem"] == land)].iloc[0]
            came = here[(here["ecosystem_to"] == land) & (here["ecosystem_from"] != land)]["area_ha"].sum()
            left = here[(here["ecosystem_from"] == land) & (here["ecosystem_to"] != land)]["area_ha"].sum()
            assert (row["additions"], row["reductions"]) == pytest.approx((came, left), rel=1e-12)
    table = account(tmp_path).table
    areas = table[(table["quantity"] == "area") & (table["stratum"] == "all")]
    for name, date in (("opening", "2020"), ("closing", "2023")):
        theirs = areas[areas["period"] == date].set_index(["region_code", "ecosystem"])["value"]
        ours = found.set_index(["region_code", "ecosystem"])[name]
        assert ours.to_dict() == pytest.approx(theirs.to_dict(), rel=1e-9)


def test_carbon_closes_and_equals_the_account(tmp_path: Path) -> None:
    table = account(tmp_path).table
    found = carbon_account(table, "2020-2023")
    assert tuple(found.columns) == CARBON_COLUMNS
    closing = (
        found["opening"] + found["additions"] - found["reductions"]
        + found["upward_reappraisals"] - found["downward_reappraisals"]
    )  # fmt: skip
    assert closing.to_numpy() == pytest.approx(found["closing"].to_numpy(), rel=1e-9)
    # Bare land has no parameters: what came from it was not known before, what went to it is not known afterwards.
    assert (found["upward_reappraisals"] > 0).all()
    assert (found["downward_reappraisals"] > 0).all()
    whole = table[(table["stratum"] == "all") & (table["pool"] == "all")]
    for quantity, date, name in (("carbon_stock", "2020", "opening"), ("carbon_stock", "2023", "closing")):
        rows = whole[(whole["quantity"] == quantity) & (whole["period"] == date)]
        theirs = rows.set_index(["region_code", "ecosystem"])["value"].to_dict()
        assert found.set_index(["region_code", "ecosystem"])[name].to_dict() == pytest.approx(theirs, rel=1e-9)
    rows = whole[(whole["quantity"] == "stock_change") & (whole["period"] == "2020-2023")]
    change = (found["additions"] - found["reductions"]).set_axis(
        pd.MultiIndex.from_frame(found[["region_code", "ecosystem"]])
    )
    theirs = rows.set_index(["region_code", "ecosystem"])["value"].to_dict()
    assert change.to_dict() == pytest.approx(theirs, rel=1e-9, abs=1e-3)
