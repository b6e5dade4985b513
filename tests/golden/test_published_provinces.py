"""Forest carbon of Jilin, Shandong and Kanas as published, by type and inventory, through the library's methodologies.

The inputs are `data/published/forest_carbon.csv`: areas with densities (Jilin, Shandong), or with volumes and the
regressions of the paper (Kanas).  The account is held against the stocks that the papers print, and against their sums.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import Account, AccountInputs, Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.methodology import Bound, Registry

FILE = Path("data/published/forest_carbon.csv")
REGISTRY = Registry((), ("methodologies",))
TG = 1e6

# What the papers print of their sums: stock at both inventories and gain a year [Tg C].
SUMS = {"Jilin": (471.29, 505.76, 6.89), "Shandong": (34.75, 43.98, 1.85)}

# Rows whose stock is not their area times their density, beyond what rounding of the three leaves open, with the excess
# of the product in percent: slips or later corrections of the papers, of which none can be decided from outside.
BEYOND_ROUNDING = {
    ("Jilin", "2014", "阔叶混交林"): 0.20,
    ("Jilin", "2014", "蒙古栎林"): -0.03,
    ("Jilin", "2014", "针阔混交林"): -0.06,
    ("Jilin", "2014", "黄花落叶松林"): -0.09,
    ("Jilin", "2014", "杨树林"): -0.12,
    ("Jilin", "2009", "杂木林"): -0.23,
    ("Jilin", "2009", "樟子松林"): 5.94,
    ("Jilin", "2014", "樟子松林"): 8.22,
    ("Jilin", "2009", "胡桃楸林"): 0.25,
    ("Jilin", "2009", "榆树林"): -0.35,
    ("Jilin", "2009", "硕桦林"): -0.61,
}


def published() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def dates_of(province: str) -> tuple[str, str]:
    found = sorted({row["date"] for row in published() if row["province"] == province})
    return found[0], found[-1]


def made(province: str, bound: Bound, **columns: str) -> Account:
    """The account of a province, every type a class of its own whose land only grows or shrinks."""
    rows = [row for row in published() if row["province"] == province and float(row["area_ha"]) > 0]
    states = pd.DataFrame(
        {"source": "table", "region_code": row["region_code"], "date": row["date"], "land_cover": row["type_zh"]}
        | {"class": row["type_zh"], "ecosystem": "forest", "area_ha": float(row["area_ha"])}
        | ({"species_group": row["type_zh"]} if row["a_b"] else {})
        | {name: number(row, how) for name, how in columns.items()}
        for row in rows
    )
    for name in columns:
        states[f"{name}_observed_ha"] = states["area_ha"]
    unit = states["region_code"].iloc[0]
    units = pd.DataFrame(
        {"region_code": [unit], "area_ha": [states.groupby("date")["area_ha"].sum().max()], "cells": [1]}
    )
    ends = [f"{kind}_{end}" for kind in ("land_cover", "class", "ecosystem") for end in ("from", "to")]
    changes = pd.DataFrame(columns=["source", "region_code", "date_from", "date_to", "area_ha", *ends])
    activity = Activity(states=states, changes=changes, units=units, inputs=tuple(columns))
    entry = Entry(bound, ("forest",), ("biomass",), ("stock",), "table")
    frame = pd.DataFrame([(unit, province, "province", None)], columns=["code", "name", "level", "parent"])
    return AccountInputs(activity, Hierarchy.of(frame), dates_of(province), (), {"forest": "table"}).account([entry])


def number(row: dict[str, str], how: str) -> float:
    if how == "density":
        return float(row["density_t_c_per_ha"])
    return float(row["volume_m3"]) / float(row["area_ha"])


def by_type(account: Account, date: str) -> dict[str, float]:
    rows = account.table
    rows = rows[(rows["quantity"] == "carbon_stock") & (rows["period"] == date)]
    rows = rows[(rows["stratum"] != "all") & (rows["pool"] != "all")]
    return dict(zip(rows["stratum"], rows["value"], strict=True))


def whole(account: Account, date: str) -> float:
    return sum(by_type(account, date).values())


@pytest.mark.parametrize("province", ["Jilin", "Shandong"])
def test_stock_of_every_type_and_both_inventories(province: str) -> None:
    account = made(province, REGISTRY.get("measured_density"), carbon_density="density")
    for row in published():
        if row["province"] != province or not row["stock_tg_c"] or not float(row["area_ha"]):
            continue
        found, printed = by_type(account, row["date"])[row["type_zh"]] / TG, float(row["stock_tg_c"])
        area, density = float(row["area_ha"]) / TG, float(row["density_t_c_per_ha"])
        # Half a unit of the last digit of stock, density and area (hundreds of hectares).
        open_by_rounding = 0.005 + area * 0.005 + density * 50 / TG
        where = (province, row["date"], row["type_zh"])
        if where in BEYOND_ROUNDING:
            assert 100 * (found / printed - 1) == pytest.approx(BEYOND_ROUNDING[where], abs=0.01), where
            assert abs(found - printed) > open_by_rounding, where
        else:
            assert abs(found - printed) <= open_by_rounding, where


@pytest.mark.parametrize("province", SUMS)
def test_sums_and_yearly_gain_of_a_province(province: str) -> None:
    account = made(province, REGISTRY.get("measured_density"), carbon_density="density")
    first, last = dates_of(province)
    before, after, gain = SUMS[province]
    found = [whole(account, date) / TG for date in (first, last)]
    assert found == pytest.approx([before, after], rel=1.5e-3)
    assert (found[1] - found[0]) / (int(last) - int(first)) == pytest.approx(gain, rel=0.012)


def test_kanas_by_volume_and_regression(tmp_path: Path) -> None:
    """Up to 0.34 % below print for three of six species, more than the printed a and b leave open."""
    head = (
        "# extends: growing_stock_fang\nparameter,parameter_set,species_group,value,unit,low,high,interval,distribution"
    )
    lines = {
        f"{name},fang_v2,{row['type_zh']},{value},{unit},,,,,user,{row['source']},Table 3,"
        for row in published()
        if row["a_b"]
        for name, value, unit in zip(("fang_a", "fang_b"), row["a_b"].split(";"), ("t DM/m3", "t DM/ha"), strict=True)
    }
    path = tmp_path / "kanas.csv"
    path.write_text("\n".join([f"{head},basis,source,locator,note", *sorted(lines)]) + "\n", encoding="utf-8")
    bound = REGISTRY.get("growing_stock_fang").with_parameters(path)
    bound = bound.with_constants({"parameter_set": "fang_v2", "roots": "included"})
    account = made("Xinjiang (Kanas)", bound, growing_stock="volume")
    for row in published():
        if row["province"].startswith("Xinjiang"):
            found = by_type(account, row["date"])[row["type_zh"]] / TG
            assert found == pytest.approx(float(row["stock_tg_c"]), rel=4e-3)
    for date in ("2009", "2014"):
        rows = [row for row in published() if row["province"].startswith("Xinjiang") and row["date"] == date]
        printed = sum(float(row["stock_tg_c"]) for row in rows)
        assert whole(account, date) / TG == pytest.approx(printed, rel=1e-3)


def test_linear_models_against_the_regressions_of_kanas() -> None:
    """The national models of `growing_stock_linear` hold roots, those of Kanas do not: compared above ground."""
    groups = {"西伯利亚落叶松": "larch", "西伯利亚云杉": "spruce", "疣枝桦": "birch", "欧洲山杨": "poplar"}
    ratios = {}
    for row in published():
        if row["type_zh"] in groups and row["date"] == "2009":
            land = pd.DataFrame({"ecosystem": ["forest"], "species_group": [groups[row["type_zh"]]]})
            land["growing_stock"] = float(row["volume_m3"]) / float(row["area_ha"])
            above = REGISTRY.get("growing_stock_linear").evaluate(land)["above_ground_biomass"][0]
            ratios[row["type_zh"]] = above / (float(row["stock_tg_c"]) * TG / float(row["area_ha"]))
    # Larch and birch, two thirds of the region's forest, agree within the error of a plot (13.4 and 14.5 %).
    assert ratios["西伯利亚落叶松"] == pytest.approx(1.0, abs=0.134)
    assert ratios["疣枝桦"] == pytest.approx(1.0, abs=0.145)
    assert np.mean(list(ratios.values())) == pytest.approx(1.0, abs=0.15)
