"""A finished run of two leagues whose figures can be followed by hand, with texts that look like formulas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely.geometry import box

from sinks.account.findings import Findings
from sinks.account.totals import COLUMNS
from sinks.activity import Activity
from sinks.results.contents import RunContents, StoredRegions
from sinks.vocabulary import ALL

EVIL = "=cmd|' /C calc'!A0"
# Two leagues of one region: (code, ecosystem) -> stock 2020 and 2023 [t C]; 150700 has no wetland and loses grassland.
STOCK = {
    ("150600", "forest"): (1_000_000.0, 1_300_000.0),
    ("150600", "wetland"): (50_000.0, 50_000.0),
    ("150700", "forest"): (2_000_000.0, 2_060_000.0),
    ("150700", "grassland"): (900_000.0, 600_000.0),
}
NAMES = {"150000": ("内蒙古自治区", "region"), "150600": ("鄂尔多斯市", "league"), "150700": (EVIL, "league")}


def make_account() -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    hectares: dict[str, float] = {}

    def add(code: str, eco: str, stratum: str, pool: str, quantity: str, period: str, value: float, unit: str) -> None:
        name, level = NAMES[code]
        spread = abs(value) * 0.1
        low, high = (float("nan"),) * 2 if quantity == "area" else (value - spread, value + spread)
        figures = (value, low, high, unit, "m", 0.9, hectares[eco], 1.0)
        rows.append((code, name, level, eco, stratum, pool, quantity, period, *figures))

    for code in ("150000", "150600", "150700"):
        stock = {eco: pair for (region, eco), pair in STOCK.items() if region == code}
        if code == "150000":
            ecos = {eco for _, eco in STOCK}
            stock = {
                eco: (
                    sum(pair[0] for (_, e), pair in STOCK.items() if e == eco),
                    sum(pair[1] for (_, e), pair in STOCK.items() if e == eco),
                )
                for eco in sorted(ecos)
            }
        stock[ALL] = (sum(p[0] for p in stock.values()), sum(p[1] for p in stock.values()))
        hectares.clear()
        hectares.update({eco: first / 50 for eco, (first, _) in stock.items()})
        for eco, (first, last) in stock.items():
            for date in ("2020", "2023"):
                add(code, eco, ALL, ALL, "area", date, hectares[eco], "ha")
            for pool, share in (("biomass", 0.25), ("soil_organic_carbon", 0.75), (ALL, 1.0)):
                add(code, eco, ALL, pool, "carbon_stock", "2020", first * share, "t C")
                add(code, eco, ALL, pool, "carbon_stock", "2023", last * share, "t C")
                removals = (last - first) * share / 3 * 44 / 12
                add(code, eco, ALL, pool, "net_removals", "2020-2023", removals, "t CO2/yr")
            if eco != ALL:
                add(code, eco, EVIL, "biomass", "carbon_stock", "2020", first * 0.25, "t C")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def make_contents(**changed: Any) -> RunContents:
    frame = gpd.GeoDataFrame(
        {
            "code": list(NAMES),
            "name": [name for name, _ in NAMES.values()],
            "level": [level for _, level in NAMES.values()],
            "parent": [None, "150000", "150000"],
        },
        geometry=[box(108, 38, 112, 40), box(108, 38, 110, 40), box(110, 38, 112, 40)],
        crs="EPSG:4490",
    )
    states = pd.DataFrame(
        {
            "source": "land_cover",
            "region_code": ["150600", "150600", "150700"],
            "date": "2020",
            "land_cover": ["2", "12", "2"],
            "class": ["forest", "forest", "forest"],
            "ecosystem": "forest",
            "area_ha": [100.0, 300.0, 50.0],
            "growing_stock": [80.0, 40.0, float("nan")],
            "growing_stock_sd": [1.0, 1.0, float("nan")],
            "growing_stock_observed_ha": [100.0, 100.0, 0.0],
        }
    )
    changes = pd.DataFrame(
        {
            "source": "land_cover",
            "region_code": ["150600", "150600", "150700", "150700"],
            "date_from": "2020",
            "date_to": "2023",
            "land_cover_from": ["2", "4", "2", ""],
            "class_from": ["forest", "grassland", "forest", "nodata"],
            "ecosystem_from": ["forest", "grassland", "forest", "nodata"],
            "land_cover_to": ["2", "2", "4", ""],
            "class_to": ["forest", "forest", "grassland", "nodata"],
            "ecosystem_to": ["forest", "forest", "grassland", "nodata"],
            "area_ha": [100.0, 20.0, 5.0, 1.0],
        }
    )
    units = pd.DataFrame({"region_code": ["150600", "150700"], "area_ha": [420.0, 60.0], "cells": [42, 6]})
    parameters = pd.DataFrame(
        {
            "methodology": "m",
            "parameter": ["bcef", "bcef", "carbon_fraction"],
            "species_group": ["larch", "150", None],
            "value": [0.1 + 0.2, 1.0, 0.47],
            "unit": ["t DM/m3", "t DM/m3", ""],
            "low": [0.1, float("nan"), 0.4],
            "high": [0.5, float("nan"), 0.5],
            "basis": ["read", "memory", "read"],
            "unverified": [False, True, False],
            "source": "ipcc",
            "locator": ["Table 4.5", "-", "'quoted'"],
            "note": [EVIL, 'two\nlines, "quoted"', "@SUM(1)"],
        }
    )
    sources = pd.DataFrame(
        {
            "key": ["ipcc"],
            "title": ["+1 Guidelines"],
            "title_zh": ["指南"],
            "issuer": ["IPCC"],
            "year": [2006],
            "identifier": ["\tx"],
            "url": [None],
        }
    )
    checks = pd.DataFrame(
        [["sum", "passed", "", "", "", "", ""], ["areas", "failed", "Hulunbuir", "150700", "-5 %", "-5 %", "-5 %"]],
        columns=list(Findings.COLUMNS),
    )
    record = {
        "created": "2026-01-31T08:00:00+00:00",
        "demonstration": True,
        "title": "演示",
        "project": {"dates": ["2020", "2023"], "draws": 1000, "share": 0.25},
    }
    contents = RunContents(
        make_account(),
        StoredRegions(frame),
        Activity(states, units, changes, strata=("species_group",), inputs=("growing_stock",)),
        parameters,
        sources,
        checks,
        record,
        make_account().iloc[5:8].assign(methodology="another").reset_index(drop=True),
    )
    return replace(contents, **changed)
