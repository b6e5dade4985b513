"""Shared estimates through a whole account, against numbers drawn with numpy alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.account.account import AccountInputs, Entry
from sinks.account.findings import Findings, Least, note_findings
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.analysis.sensitivity import compare_approaches, sensitivity
from sinks.errors import ParameterError
from sinks.methodology import Bound, Registry
from sinks.uncertainty.correlations import Correlation, check_correlations
from sinks.uncertainty.draws import Draws

HEAD = "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note,correlation,same_as\n"
AREAS = {"forest": 300.0, "grassland": 700.0}
REGIONS = pd.DataFrame([("15", "Region", "region", None)], columns=["code", "name", "level", "parent"])
Z95 = 1.959963984540054

SOIL = "80,t C/ha,60,100,95%,normal,user,ipcc_2006_v4,Table 9 row 2"
DENSITY = "5,t C/ha,2,11,95%,lognormal,user,ipcc_2006_v4,Table 8 row 1"
FOREST = (
    f"soil_organic_carbon,forest,{SOIL},,,",
    "biomass,forest,40,t C/ha,30,60,range,triangular,user,ipcc_2006_v4,Table 7,,,",
)
GRASSLAND = (
    f"soil_organic_carbon,grassland,{SOIL},,,",
    f"biomass,grassland,{DENSITY},,,",
    f"litter,grassland,{DENSITY},,,",
)


def activity() -> Activity:
    rows = [
        {"source": "land_cover", "region_code": "15", "date": "2020", "land_cover": land, "class": land}
        | {"ecosystem": land, "area_ha": area}
        for land, area in AREAS.items()
    ]
    units = pd.DataFrame({"region_code": ["15"], "area_ha": [sum(AREAS.values())], "cells": 1000})
    return Activity(states=pd.DataFrame(rows), units=units)


def basis() -> AccountInputs:
    return AccountInputs(activity(), Hierarchy.of(REGIONS), ("2020",), (), dict.fromkeys(AREAS, "land_cover"))


def method(folder: Path, name: str, rows: tuple[str, ...]) -> Bound:
    path = folder / f"{name}.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return Registry().get("lookup_density").with_parameters(path)


@pytest.fixture
def entries(tmp_path: Path) -> list[Entry]:
    """Two ecosystems, each with a table of its own: soil is one estimate in both, biomass and litter of grassland."""
    forest, grassland = method(tmp_path, "forest", FOREST), method(tmp_path, "grassland", GRASSLAND)
    return [
        Entry(forest, ("forest",), ("soil_organic_carbon", "biomass"), ("stock",), "land_cover"),
        Entry(grassland, ("grassland",), ("soil_organic_carbon", "biomass", "litter"), ("stock",), "land_cover"),
    ]


def test_monte_carlo_is_that_of_numpy(entries: list[Entry]) -> None:
    n, rng = 400_000, np.random.default_rng(2024)
    soil = rng.normal(80, 20 / Z95, n)
    sigma = np.log(11 / 2) / 2 / Z95
    grass = rng.lognormal(np.log(5) - sigma**2 / 2, sigma, n)
    total = (300 + 700) * soil + 300 * rng.triangular(30, 40, 60, n) + 700 * 2 * grass
    low, high = np.quantile(total, (0.025, 0.975))

    table = basis().account(entries, Draws(20_000, 11)).table
    row = table[(table["quantity"] == "carbon_stock") & (table["ecosystem"] == "all") & (table["pool"] == "all")].iloc[
        0
    ]
    assert row["value"] == pytest.approx(1000 * 80 + 300 * 40 + 700 * 10, rel=1e-12)
    allowed = 0.02 * (high - low) / 2
    assert row["low"] == pytest.approx(low, abs=allowed)
    assert row["high"] == pytest.approx(high, abs=allowed)


def test_a_sink_on_shared_estimates_is_that_of_numpy(entries: list[Entry]) -> None:
    """Of grassland that turns to forest the soil is one estimate before and after: it takes no part in the change.

    Litter has no estimate in forest, and that of grassland is no longer known there: no change either.
    """
    n, rng, turned, years = 400_000, np.random.default_rng(2025), 100.0, 3
    sigma = np.log(11 / 2) / 2 / Z95
    grass = rng.lognormal(np.log(5) - sigma**2 / 2, sigma, n)
    change = turned * (rng.triangular(30, 40, 60, n) - grass)
    low, high = np.quantile(change / years * 44 / 12, (0.025, 0.975))

    land = {"forest": ("forest", 300.0), "grassland": ("grassland", 600.0), "turned": ("grassland", turned)}
    rows = []
    for name, (before, area) in land.items():
        after = "forest" if name == "turned" else before
        ends = {"from": before, "to": after}
        row = {"source": "land_cover", "region_code": "15", "date_from": "2020", "date_to": "2023", "area_ha": area}
        rows.append(row | {f"{key}_{end}": ends[end] for end in ends for key in ("land_cover", "class", "ecosystem")})
    changes = pd.DataFrame(rows)
    states = [
        changes.groupby([f"{key}_{end}" for key in ("land_cover", "class", "ecosystem")])["area_ha"]
        .sum()
        .rename_axis(["land_cover", "class", "ecosystem"])
        .reset_index()
        .assign(source="land_cover", region_code="15", date=date)
        for end, date in (("from", "2020"), ("to", "2023"))
    ]
    units = pd.DataFrame({"region_code": ["15"], "area_ha": [1000.0], "cells": 1000})
    given = Activity(states=pd.concat(states, ignore_index=True), units=units, changes=changes)
    both = [replace(entry, accounts_for=("stock", "sink")) for entry in entries]
    dates, periods = ("2020", "2023"), (("2020", "2023"),)
    made = AccountInputs(given, Hierarchy.of(REGIONS), dates, periods, dict.fromkeys(AREAS, "land_cover"))
    table = made.account(both, Draws(20_000, 11)).table
    sums = table[(table["ecosystem"] == "all") & (table["pool"] == "all") & (table["stratum"] == "all")]
    row = sums[sums["quantity"] == "net_removals"].iloc[0]
    assert row["value"] == pytest.approx(turned * (40 - 5) / years * 44 / 12, rel=1e-9)
    allowed = 0.02 * (high - low) / 2
    assert row["low"] == pytest.approx(low, abs=allowed)
    assert row["high"] == pytest.approx(high, abs=allowed)


def test_a_shared_estimate_is_one_source_of_uncertainty(entries: list[Entry]) -> None:
    draws = Draws(20_000, 11, methods=[entry.method for entry in entries])
    found = sensitivity(basis(), entries, draws)
    top = found.top("15", "carbon_stock").set_index("name")
    assert len(top) == 3
    assert top.loc["soil_organic_carbon", "half_width"] == pytest.approx(1000 * 20, rel=1e-9)
    assert top.loc["soil_organic_carbon", "stratum"] == "ecosystem=forest; ecosystem=grassland"
    assert top.loc["biomass+litter", "half_width"] == pytest.approx(
        Z95 * 700 * 2 * 5 * np.sqrt(np.expm1((np.log(5.5) / 2 / Z95) ** 2)), rel=1e-9
    )
    assert top["share"].sum() == pytest.approx(1)
    both = compare_approaches(found, basis().account(entries, draws).table, draws)
    widths = [(both[f"approach_{n}_high"] - both[f"approach_{n}_low"]).iloc[0] for n in (1, 2)]
    assert widths[0] == pytest.approx(widths[1], rel=0.03)


@pytest.mark.parametrize(("locator", "said"), [("own survey", True), ("own survey Table 9", False)])
def test_rows_that_may_be_copies_are_named(tmp_path: Path, locator: str, said: bool) -> None:
    soil = f"80,t C/ha,60,100,95%,normal,user,bureau,{locator},,,"
    rows = (f"soil_organic_carbon,forest,{soil}", f"soil_organic_carbon,grassland,{soil}")
    lands = ("forest", "grassland")
    entry = Entry(method(tmp_path, "ours", rows), lands, ("soil_organic_carbon",), ("stock",), "land_cover")
    findings = Findings()
    made = basis().account([entry], Draws(50, 1))
    note_findings(made, activity(), Hierarchy.of(REGIONS), findings, least=Least(0, 1))
    found = findings.table()
    found = found[found["check"] == "alike_estimates"]
    assert len(found) == said
    if said:
        assert "ours.csv:2, ours.csv:3" in found["detail_en"].iloc[0]
        assert found["where"].iloc[0] == "bureau"


def test_a_declared_correlation_is_of_estimates_and_not_of_their_copies(tmp_path: Path) -> None:
    """Two estimates in three rows may be correlated by -0.9, which three rows that all differ may not."""
    rows = (
        f"soil_organic_carbon,forest,{SOIL},,,",
        f"soil_organic_carbon,grassland,{SOIL},,,",
        "soil_organic_carbon,wetland,120,t C/ha,90,150,95%,normal,user,ipcc_2006_v4,Table 9 row 3,,,",
    )
    bound, declared = method(tmp_path, "three", rows), Correlation("lookup_density", ("soil_organic_carbon",), -0.9)
    check_correlations([declared], [bound])
    drawn = Draws(20_000, 3, correlations=[declared]).table(bound)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert np.corrcoef(drawn[1:])[0, 1] == pytest.approx(-0.9, abs=0.01)


def test_what_one_table_correlates_is_correlated_in_the_other(tmp_path: Path) -> None:
    def rows(coefficient: str) -> tuple[str, ...]:
        return (
            f"soil_organic_carbon,forest,{SOIL},,{coefficient},soil",
            "biomass,forest,40,t C/ha,30,50,95%,normal,user,ipcc_2006_v4,Table 7,,,biomass",
        )

    together, apart = method(tmp_path, "one", rows("biomass=0.7")), method(tmp_path, "two", rows(""))
    draws = Draws(20_000, 3, methods=[together, apart])
    assert np.corrcoef(draws.table(apart))[0, 1] == pytest.approx(0.7, abs=0.02)
    np.testing.assert_array_equal(draws.table(together), draws.table(apart))

    other = method(tmp_path, "three", rows("biomass=0.2"))
    with pytest.raises(ParameterError) as caught:
        check_correlations([], [together, other])
    assert [problem.id for problem in caught.value.problems] == ["uncertainty.correlations_differ"]
    assert "one.csv:2" in str(caught.value)
    assert "three.csv:2" in str(caught.value)
