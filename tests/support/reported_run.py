"""A run of two leagues and three banners for reports, and how to read what a report says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from docx.oxml.ns import qn
from shapely.geometry import box

from sinks.account.totals import COLUMNS
from sinks.activity import AREA, STATE_KEYS, UNIT_COLUMNS, Activity
from sinks.output.report.blocks import Paragraph
from sinks.output.report.facts import Facts
from sinks.output.report.page import Page
from sinks.output.report.word.document import Template
from sinks.results.contents import RunContents, StoredRegions
from sinks.vocabulary import ALL

EVIL = "{{ 7*7 }}<b>&\x07很长的名字" + "长" * 80
REGIONS = {
    "150000": ("内蒙古自治区", "region", ""),
    "150600": ("鄂尔多斯市", "league", "150000"),
    "150700": ("呼伦贝尔市", "league", "150000"),
    "150602": ("东胜区", "banner", "150600"),
    "150621": (EVIL, "banner", "150600"),
    "150702": ("海拉尔区", "banner", "150700"),
}
# Stock [t C] of the banners by ecosystem and pool, 2020 and 2023.  Ordos has no wetland; Hailar loses forest.
STOCK = {
    ("150602", "forest", "biomass"): (1_000_000.0, 1_300_000.0),
    ("150602", "grassland", "biomass"): (900_000.0, 600_000.0),
    ("150621", "forest", "biomass"): (33_333.0, 66_666.0),
    ("150621", "forest", "soil_organic_carbon"): (50_005.0, 50_005.0),
    ("150702", "forest", "biomass"): (2_000_000.0, 1_400_000.0),
    ("150702", "wetland", "soil_organic_carbon"): (80_000.0, 80_000.0),
}
DATES = ("2020", "2023")


def inside(code: str) -> set[str]:
    found = {code}
    while True:
        more = found | {c for c, (_, _, parent) in REGIONS.items() if parent in found}
        if more == found:
            return found
        found = more


def make_account(dates: Iterable[str] = DATES, intervals: bool = True, codes: Iterable[str] = REGIONS) -> pd.DataFrame:
    dates = tuple(dates)
    rows: list[tuple[Any, ...]] = []

    def add(code: str, eco: str, pool: str, quantity: str, period: str, value: float, unit: str) -> None:
        name, level, _ = REGIONS[code]
        mine = {key for key in STOCK if key[0] in inside(code) and eco in (key[1], ALL)}
        hectares = 1000.0 * sum(pool in (key[2], ALL) for key in mine)
        spread = abs(value) * 0.1 if intervals and quantity != "area" else float("nan")
        low, high = value - spread, value + spread
        rows.append(
            (code, name, level, eco, ALL, pool, quantity, period, value, low, high, unit, "m", 0.9, hectares, 1.0)
        )

    for code in codes:
        mine = {key: pair for key, pair in STOCK.items() if key[0] in inside(code)}
        for eco in [*{key[1] for key in mine}, ALL]:
            of_eco = {key: pair for key, pair in mine.items() if eco in (key[1], ALL)}
            for date in dates:
                add(code, eco, ALL, "area", date, 1000.0 * len(of_eco), "ha")
            for pool in [*{key[2] for key in of_eco}, ALL]:
                pairs = [pair for key, pair in of_eco.items() if pool in (key[2], ALL)]
                first, last = (sum(pair[end] for pair in pairs) for end in (0, 1))
                for date, value in zip(DATES, (first, last), strict=True):
                    if date in dates:
                        add(code, eco, pool, "carbon_stock", date, value, "t C")
                if len(dates) == 2:
                    add(code, eco, pool, "stock_change", "2020-2023", last - first, "t C")
                    removals = (last - first) / 3 * 44 / 12
                    add(code, eco, pool, "net_removals", "2020-2023", removals, "t CO2/yr")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def make_contents(account: pd.DataFrame | None = None, codes: Iterable[str] = REGIONS, **record: Any) -> RunContents:
    codes = list(codes)
    shapes = {c: box(110 + i, 40, 111 + i, 41) for i, c in enumerate(("150602", "150621", "150702"))}
    union = {c: gpd.GeoSeries([s for b, s in shapes.items() if b in inside(c)]).union_all() for c in REGIONS}
    frame = gpd.GeoDataFrame(
        {
            "code": codes,
            "name": [REGIONS[c][0] for c in codes],
            "level": [REGIONS[c][1] for c in codes],
            "parent": [REGIONS[c][2] for c in codes],
        },
        geometry=[union[c] for c in codes],
        crs="EPSG:4490",
    )
    changes = pd.DataFrame(
        {
            "source": "land_cover",
            "region_code": ["150602", "150602", "150621", "150702"],
            "date_from": "2020",
            "date_to": "2023",
            **dict.fromkeys(("land_cover_from", "class_from", "land_cover_to", "class_to"), ""),
            "ecosystem_from": ["forest", "grassland", "forest", "wetland"],
            "ecosystem_to": ["forest", "forest", "forest", "nodata"],
            "area_ha": [1000.0, 770.0, 2000.0, 55.0],
        }
    )
    parameters = pd.DataFrame(
        {
            "methodology": "m",
            "parameter": ["bcef", "carbon_fraction"],
            "value": [0.5, 0.47],
            "unit": ["t DM/m3", "1"],
            "low": [0.4, np.nan],
            "high": [0.6, np.nan],
            "interval": ["range", ""],
            "basis": ["read", "memory"],
            "unverified": [False, True],
            "source": "ipcc_2006_v4",
            "locator": "Table 4.5",
        }
    )
    checks = pd.DataFrame(
        [
            ("cells", "failed", "海拉尔区", "150702", "该地区只有 12 个栅格。", "only 12 cells."),
            ("unverified", "warning", "m", "", "有 1 个参数未核实。", "1 parameter is not verified."),
            ("pools_sum", "passed", ALL, "", "各碳库之和等于合计。", "pools sum to the total."),
        ],
        columns=["check", "status", "where", "region_code", "detail_zh", "detail_en"],
    )
    return RunContents(
        account=make_account(codes=codes) if account is None else account,
        regions=StoredRegions(frame),
        activity=Activity(
            states=pd.DataFrame(columns=[*STATE_KEYS, AREA]),
            changes=changes,
            units=pd.DataFrame(columns=list(UNIT_COLUMNS)),
        ),
        parameters_used=parameters,
        sources=pd.DataFrame({"key": ["ipcc_2006_v4"], "title": ["Guidelines"], "issuer": ["IPCC"], "year": ["2006"]}),
        checks=checks,
        record={"created": "2026-01-31T08:00:00+00:00", "demonstration": True, "title": "试算", **record},
    )


def table_after(document: Any, caption: str) -> list[list[str]]:
    """Cells of the table that follows the caption."""
    body = list(document.element.body)
    start = next(i for i, node in enumerate(body) if node.tag == qn("w:p") and caption in text_of(node))
    node = next(node for node in body[start:] if node.tag == qn("w:tbl"))
    return [[text_of(cell) for cell in row.iter(qn("w:tc"))] for row in node.iter(qn("w:tr"))]


def text_of(node: Any) -> str:
    return "".join(text.text or "" for text in node.iter(qn("w:t")))


def page(code: str = "150600", contents: RunContents | None = None, **given: Any) -> Page:
    """A page without figures, which are slow to draw and have tests of their own."""
    given.setdefault("tags", frozenset(tag for tag in Template().tags if "figure" not in tag))
    return Page(Facts(contents or make_contents()), code, **given)


def text(found: Any) -> str:
    return "\n".join(block.text for blocks in found.values() for block in blocks if isinstance(block, Paragraph))
