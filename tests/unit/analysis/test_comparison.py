"""Methodologies side by side on a few rows: figures, why they differ, and why some cannot run."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.account.account import AccountInputs, Entry
from sinks.account.hierarchy import Hierarchy
from sinks.activity import Activity
from sinks.analysis.comparison import CANDIDATE, FIGURES, REASONS, REFUSALS, Comparison, compare
from sinks.methodology import Bound, Registry
from sinks.text import using_language

REGIONS = pd.DataFrame([("15", "Region", "region", None)], columns=["code", "name", "level", "parent"])
HEAD = "parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note\n"


@pytest.fixture
def basis() -> AccountInputs:
    rows = [
        {"source": "land_cover", "region_code": "15", "date": date, "land_cover": land, "class": land}
        | {"ecosystem": land, "area_ha": area}
        for date, areas in (("2020", (300.0, 700.0)), ("2023", (400.0, 600.0)))
        for land, area in zip(("forest", "grassland"), areas, strict=True)
    ]
    units = pd.DataFrame({"region_code": ["15"], "area_ha": [1000.0], "cells": [1000]})
    given = Activity(states=pd.DataFrame(rows), units=units)
    sources = dict.fromkeys(("forest", "grassland"), "land_cover")
    return AccountInputs(given, Hierarchy.of(REGIONS), ("2020", "2023"), (("2020", "2023"),), sources)


def table(folder: Path, name: str, *rows: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def densities(tmp_path: Path) -> Bound:
    rows = [
        f"{pool},{land},{value},t C/ha,,,,,{basis},ipcc_2006_v4,by hand,"
        for pool, land, value, basis in (
            ("biomass", "forest", 100, "user"),
            ("soil_organic_carbon", "forest", 80, "user"),
            ("biomass", "grassland", 10, "memory"),
        )
    ]
    return Registry().get("lookup_density").with_parameters(table(tmp_path, "densities", *rows))


@pytest.fixture
def rates(tmp_path: Path) -> Bound:
    row = "sequestration_rate,forest,2,t C/ha/yr,,,,,user,ipcc_2006_v4,by hand,"
    return Registry().get("fixed_rate").with_parameters(table(tmp_path, "rates", row))


def entries(densities: Bound, rates: Bound) -> list[Entry]:
    both = ("stock", "sink")
    return [
        Entry(densities, ("forest",), ("biomass",), both, "land_cover"),
        Entry(densities, ("forest",), ("soil_organic_carbon",), both, "land_cover"),
        Entry(rates, ("forest",), ("ecosystem",), ("sink",), "land_cover", "comparison"),
    ]


def figure(found: Comparison, methodology: str, quantity: str, pools: str) -> pd.Series:
    rows = found.figures[(found.figures["methodology"] == methodology) & (found.figures["pools"] == pools)]
    rows = rows[rows["quantity"] == quantity]
    assert len(rows[rows["period"] == rows["period"].max()]) == 1
    return rows.iloc[-1]


def test_each_entry_stands_alone_beside_the_record(basis: AccountInputs, densities: Bound, rates: Bound) -> None:
    found = compare(basis, entries(densities, rates))
    biomass = figure(found, "lookup_density", "net_removals", "biomass")
    # 100 ha more forest at 100 t C/ha of biomass and 80 of soil; 350 ha on the mean at 2 t C/ha/yr.
    assert biomass["value"] == pytest.approx(100 * 100 / 3 * 44 / 12)
    assert biomass["ratio"] == pytest.approx(1)
    rate = figure(found, "fixed_rate", "net_removals", "ecosystem")
    assert rate["value"] == pytest.approx(350 * 2 * 44 / 12)
    # "ecosystem" holds every pool, so it is set against all that the record has.
    assert rate["ratio"] == pytest.approx(700 / (18_000 / 3))
    assert list(found.figures.columns) == list(FIGURES)


def test_a_pool_that_the_record_does_not_have_has_no_ratio(
    basis: AccountInputs, densities: Bound, rates: Bound
) -> None:
    soil_only = entries(densities, rates)[1:2]
    other = Entry(densities, ("forest",), ("biomass",), ("stock",), "land_cover", "comparison")
    found = compare(basis, [*soil_only, other])
    assert pd.isna(figure(found, "lookup_density", "carbon_stock", "biomass")["ratio"])


def test_the_reasons_name_what_is_different(basis: AccountInputs, densities: Bound, rates: Bound) -> None:
    reasons = compare(basis, entries(densities, rates)).reasons
    assert list(reasons.columns) == list(REASONS)
    rate = reasons[reasons["role"] == "comparison"].iloc[0]
    assert rate["differs_in"] == "approach+pools"
    soil = reasons[reasons["pools"] == "soil_organic_carbon"].iloc[0]
    assert soil["soil_depth_cm"] == "0-100"
    assert set(reasons.loc[reasons["role"] == "record", "differs_in"]) == {""}


def test_unverified_parameters_are_counted(basis: AccountInputs, densities: Bound) -> None:
    both = Entry(densities, ("forest", "grassland"), ("biomass",), ("stock",), "land_cover")
    reasons = compare(basis, [both]).reasons.set_index("ecosystem")
    assert reasons["unverified"].to_dict() == {"forest": 0, "grassland": 1}
    assert reasons["without_interval"].to_dict() == {"forest": 1, "grassland": 1}


def test_all_tries_every_methodology_and_says_why_some_cannot_run(
    basis: AccountInputs, densities: Bound, rates: Bound
) -> None:
    registry = Registry()
    found = compare(basis, entries(densities, rates), registry=registry)
    tried = set(found.reasons["methodology"]) | set(found.refusals["methodology"])
    possible = {id for id in registry.ids if {"forest", "grassland"} & set(registry.get(id).methodology.ecosystems)}
    # Of fire only gases are counted, so that there is no pool to compare.
    assert possible - tried == {"fire"}
    assert list(found.refusals.columns) == list(REFUSALS)
    reason = found.refusals.set_index(["methodology", "ecosystem"])["reason"]
    with using_language("en"):
        again = compare(basis, entries(densities, rates), registry=registry)
        stock = again.refusals.query("methodology == 'growing_stock_bcef'")["reason"]
        assert stock.str.contains("growing_stock").all()
    assert ("growing_stock_bcef", "forest") in reason.index
    # What the project uses for forest is a candidate for grassland, with the project's own table.
    candidates = found.reasons[found.reasons["role"] == CANDIDATE]
    assert ("lookup_density", "grassland") in set(zip(candidates["methodology"], candidates["ecosystem"], strict=True))


def test_nothing_is_shown_where_nothing_is_estimated(basis: AccountInputs, densities: Bound) -> None:
    litter = Entry(densities, ("grassland",), ("soil_organic_carbon",), ("stock",), "land_cover")
    assert compare(basis, [litter]).figures.empty


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_reads_as_text_and_html(basis: AccountInputs, densities: Bound, rates: Bound, language: str) -> None:
    with using_language(language):
        found = compare(basis, entries(densities, rates), registry=Registry())
        text, html = str(found), found._repr_html_()
    for word in ("fixed_rate", "1.00", "lookup_density"):
        assert word in text
        assert word in html
    assert ("与正式核算之比" if language == "zh" else "Ratio to record") in text
