"""Gases beside the account, on rows that can be added up by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import Entry
from sinks.account.hierarchy import Hierarchy
from sinks.account.other_gases import COLUMNS, Potentials, in_tonnes, other_gases
from sinks.activity import CHANGE_KEYS, Activity
from sinks.methodology import Bound, Registry

REGISTRY = Registry((), ("methodologies",))
HIERARCHY = Hierarchy.of(
    pd.DataFrame(
        [("15", "Region", "region", None), ("1501", "A", "league", "15"), ("1502", "B", "league", "15")],
        columns=["code", "name", "level", "parent"],
    )
)
OURS = """# extends: wetland_organic
parameter,value,unit,low,high,interval,distribution,basis,source,locator,note
doc_emission,0,t C/ha/yr,,,,,user,by hand,-,
"""


def activity(*rows: dict[str, object]) -> Activity:
    fixed = {"source": "land_cover", "date": "2020", "vegetation": "boreal_forest", "fire_type": ""}
    states = pd.DataFrame([{**fixed, "land_cover": "1", "class": row["ecosystem"], **row} for row in rows])
    changes = pd.DataFrame(columns=[*CHANGE_KEYS, "area_ha"])
    areas = {"region_code": ["1501", "1502"], "area_ha": [100.0, 100.0], "cells": [1, 1]}
    return Activity(states=states, changes=changes, units=pd.DataFrame(areas), inputs=())


def entry(method: Bound, ecosystem: str) -> Entry:
    return Entry(method, (ecosystem,), method.pools, ("sink",), "land_cover")


FIRE = entry(REGISTRY.get("fire").with_constants({"fuel": "consumption"}), "forest")


def value(table: pd.DataFrame, code: str, gas: str, column: str = "value") -> float:
    rows = table[(table["region_code"] == code) & (table["gas"] == gas)]
    assert len(rows) == 1
    return float(rows[column].iloc[0])


def forest(code: str, burnt: float, area: float = 50.0) -> dict[str, object]:
    return {"region_code": code, "ecosystem": "forest", "area_ha": area, "burnt_area": burnt}


def test_regions_are_the_sums_of_their_leagues() -> None:
    table = other_gases(
        activity(forest("1501", 10), forest("1501", 5), forest("1502", 2)), [FIRE], HIERARCHY, ("2020",)
    )
    assert tuple(table.columns) == COLUMNS
    # 41 t/ha and 4.7 g/kg
    assert value(table, "1501", "ch4") == pytest.approx(15 * 41 * 4.7e-3)
    assert value(table, "15", "ch4") == pytest.approx(17 * 41 * 4.7e-3)
    assert set(table["unit"]) == {"t CO2/yr", "t CH4/yr", "t N2O/yr"}


def test_land_whose_fires_are_not_known_is_not_without_fires() -> None:
    table = other_gases(activity(forest("1501", 10, 30), forest("1501", np.nan, 90)), [FIRE], HIERARCHY, ("2020",))
    assert value(table, "1501", "ch4", "coverage") == pytest.approx(0.25)
    assert "1502" not in set(table["region_code"])


def test_emissions_per_hectare_are_multiplied_by_the_area(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    fen = {"region_code": "1502", "ecosystem": "wetland", "area_ha": 40.0, "climate_domain": "boreal"}
    method = REGISTRY.get("wetland_organic").with_parameters(path).with_constants({"nutrient": "rich"})
    table = other_gases(activity(fen), [entry(method, "wetland")], HIERARCHY, ("2020",))
    assert value(table, "15", "ch4") == pytest.approx(40 * 137 * 16 / 12 / 1000, rel=1e-4)


def test_without_such_a_methodology_the_table_is_empty() -> None:
    other = entry(REGISTRY.get("fixed_rate"), "forest")
    table = other_gases(activity(forest("1501", 10)), [other], HIERARCHY, ("2020",))
    assert table.empty
    assert tuple(table.columns) == COLUMNS


def test_only_the_dates_and_ecosystems_of_the_entry_count() -> None:
    rows = activity(forest("1501", 10), {**forest("1501", 99), "date": "2010"}, {**forest("1501", 7), "source": "x"})
    table = other_gases(rows, [FIRE], HIERARCHY, ("2020",))
    assert value(table, "1501", "co2") == pytest.approx(10 * 41 * 1.569)


def test_kilograms_per_hectare_become_tonnes() -> None:
    assert in_tonnes(np.array([500.0]), "kg CH4/ha/yr", "ch4", np.array([2.0]))[0] == pytest.approx(1.0)
    assert in_tonnes(np.array([500.0]), "kg N2O/yr", "n2o", np.array([2.0]))[0] == pytest.approx(0.5)


def test_potentials_of_a_report_weigh_gases() -> None:
    table = other_gases(activity(forest("1501", 10)), [FIRE], HIERARCHY, ("2020",))
    assert table["co2e"].isna().all()
    weighed = Potentials.of(REGISTRY, "ar5").weigh(table)
    assert tuple(weighed.columns) == COLUMNS
    assert value(weighed, "15", "ch4", "co2e") == pytest.approx(value(table, "15", "ch4") * 28)
    assert value(weighed, "15", "n2o", "co2e") == pytest.approx(value(table, "15", "n2o") * 265)
    assert value(weighed, "15", "co2", "co2e") == value(table, "15", "co2")
    assert set(weighed["gwp"]) == {"ar5"}


def test_the_rows_of_the_potentials_used_are_those_of_the_report() -> None:
    found = Potentials.of(REGISTRY, "ar2")
    assert list(found.used["assessment"]) == ["ar2", "ar2"]
    assert set(found.used["source"]) <= set(found.sources)
