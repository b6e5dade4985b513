"""What figures rest on: shares by the weakest basis of the parameters behind them, on land added up by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import Account, AccountInputs, Entry
from sinks.account.basis import COLUMNS, ORDER
from sinks.account.findings import Findings, Least, note_findings
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.methodology import Bound, Registry
from sinks.results.labels import label

HEAD = "parameter,ecosystem,class,value,unit,low,high,interval,distribution,basis,source,locator,note,formula\n"
REGIONS = pd.DataFrame(
    [("15", "Region", "region", None), ("1501", "A", "league", "15"), ("1502", "B", "league", "15")],
    columns=["code", "name", "level", "parent"],
)
LAND = {
    ("1501", "2020"): {"forest": 200.0, "grassland": 800.0},
    ("1501", "2023"): {"forest": 300.0, "grassland": 700.0},
    ("1502", "2020"): {"grassland": 500.0},
    ("1502", "2023"): {"grassland": 500.0},
}
FLOWS = {("1501", "forest", "forest"): 200.0, ("1501", "grassland", "forest"): 100.0}
FLOWS |= {("1501", "grassland", "grassland"): 700.0, ("1502", "grassland", "grassland"): 500.0}
BASES = {
    ("biomass", "forest"): (10.0, "read"),
    ("soil_organic_carbon", "forest"): (100.0, "derived"),
    ("biomass", "grassland"): (1.0, "memory"),
    ("soil_organic_carbon", "grassland"): (50.0, "assumed"),
}


def activity() -> Activity:
    states = [
        {"source": "lc", "region_code": code, "date": date, "land_cover": land, "class": land, "ecosystem": land}
        | {"area_ha": area}
        for (code, date), lands in LAND.items()
        for land, area in lands.items()
    ]
    changes = [
        {"source": "lc", "region_code": code, "date_from": "2020", "date_to": "2023", "area_ha": area}
        | {f"{kind}_from": before for kind in ("land_cover", "class", "ecosystem")}
        | {f"{kind}_to": after for kind in ("land_cover", "class", "ecosystem")}
        for (code, before, after), area in FLOWS.items()
    ]
    units = pd.DataFrame({"region_code": ["1501", "1502"], "area_ha": [1000.0, 500.0], "cells": [1000, 500]})
    return Activity(states=pd.DataFrame(states), changes=pd.DataFrame(changes), units=units, inputs=())


def table(tmp_path: Path) -> Bound:
    rows = [
        f"{pool},{land},,{value:g},t C/ha,,,,,{basis},ipcc_2006_v4,by hand,a note,{value:g} x 1\n"
        for (pool, land), (value, basis) in BASES.items()
    ]
    (tmp_path / "own.csv").write_text(HEAD + "".join(rows), encoding="utf-8")
    return Registry().get("lookup_density").with_parameters(tmp_path / "own.csv")


def account(method: Bound, accounts_for: tuple[str, ...] = ("stock", "sink")) -> Account:
    pools = ("biomass", "soil_organic_carbon")
    entry = Entry(method, ("forest", "grassland"), pools, accounts_for, "lc")  # type: ignore[arg-type]
    sources = dict.fromkeys(("forest", "grassland"), "lc")
    inputs = AccountInputs(activity(), Hierarchy.of(REGIONS), ("2020", "2023"), (("2020", "2023"),), sources)
    return inputs.account([entry])


def expected(code: str, date: str) -> Mapping[str, float]:
    """Shares of the stock by hand: hectares x density, each pool under its own basis."""
    sums = dict.fromkeys(ORDER, 0.0)
    for (region, when), lands in LAND.items():
        if when == date and region.startswith(code):
            for land, area in lands.items():
                for pool in ("biomass", "soil_organic_carbon"):
                    density, basis = BASES[pool, land]
                    sums[basis] += area * density
    total = sum(sums.values())
    return {basis: amount / total for basis, amount in sums.items()} | {"size": total}


@pytest.mark.parametrize("code", ["15", "1501", "1502"])
@pytest.mark.parametrize("date", ["2020", "2023"])
def test_stock_by_basis(tmp_path: Path, code: str, date: str) -> None:
    found = account(table(tmp_path)).basis
    assert tuple(found.columns) == COLUMNS
    row = found[(found["region_code"] == code) & (found["period"] == date) & (found["ecosystem"] == "all")].iloc[0]
    assert {name: row[name] for name in (*ORDER, "size")} == pytest.approx(dict(expected(code, date)), rel=1e-12)


def test_sink_by_basis(tmp_path: Path) -> None:
    """100 ha of grassland become forest: +10 and +100 for forest, -1 and -50 for grassland, per hectare."""
    found = account(table(tmp_path)).basis
    row = found[(found["region_code"] == "15") & (found["quantity"] == "net_removals") & (found["ecosystem"] == "all")]
    gross = np.array([10.0, 100.0, 0.0, 0.0, 50.0, 1.0])
    assert row[list(ORDER)].to_numpy()[0] == pytest.approx(gross / gross.sum(), rel=1e-12)
    assert row["size"].iloc[0] == pytest.approx(gross.sum() * 100 / 3 * 44 / 12, rel=1e-12)


def test_a_figure_holds_as_much_as_its_weakest_parameter() -> None:
    """Stem volume by a line seen in a copy and a carbon fraction that was read; the ratio of roots takes no part."""
    method = Registry((), ("methodologies",)).get("growing_stock_fang").with_constants(
        {"parameter_set": "fang_v1", "roots": "included"}
    )  # fmt: skip
    states = activity().states.assign(growing_stock=50.0, growing_stock_observed_ha=lambda rows: rows["area_ha"])
    states = states[states["ecosystem"] == "forest"].assign(species_group="poplar")
    given = Activity(
        states=states, changes=activity().changes.iloc[:0], units=activity().units, inputs=("growing_stock",)
    )
    entry = Entry(method, ("forest",), ("biomass",), ("stock",), "lc")
    inputs = AccountInputs(given, Hierarchy.of(REGIONS), ("2020", "2023"), (), {"forest": "lc"})
    row = inputs.account([entry]).basis.iloc[0]
    assert row["transcribed"] == 1


def test_a_headline_on_memory_is_a_warning(tmp_path: Path) -> None:
    found, findings = account(table(tmp_path)), Findings()
    hierarchy = Hierarchy.of(REGIONS)
    note_findings(found, activity(), hierarchy, findings, least=Least(0.0, 0))
    warned = findings.table().query("check == 'rests_on_memory'")
    # Of league B 500 of 25,500 t C rest on memory, of the region's sink 1 of 161: neither is more than 5 %.
    assert warned.empty
    BASES["biomass", "grassland"] = (5.0, "memory")
    try:
        findings = Findings()
        note_findings(account(table(tmp_path)), activity(), hierarchy, findings, least=Least(0.0, 0))
    finally:
        BASES["biomass", "grassland"] = (1.0, "memory")
    (warning,) = findings.table().query("check == 'rests_on_memory'").to_dict("records")
    assert (warning["status"], warning["where"]) == ("warning", "B")
    assert "9.1%" in warning["detail_en"]
    assert "9.1%" in warning["detail_zh"]


@pytest.mark.parametrize("basis", ORDER)
def test_every_basis_has_a_word_for_readers(basis: str) -> None:
    assert label(f"column.{basis}")
