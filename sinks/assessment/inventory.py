"""League tables in the layout of greenhouse-gas inventories (IPCC 2006 categories 3B, common reporting table 4).

An inventory counts emissions: a removal is negative.  The sign is turned here and nowhere else.  Land that stayed in
its category and land converted to it are not told apart, which would need twenty years of land use.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import pandas as pd

from sinks.assessment.errors import AssessmentError
from sinks.errors import Problem
from sinks.units import factor
from sinks.vocabulary import ALL, pools

UNIT = "Gg CO2"

GROUPS = ("biomass", "dead_organic_matter", "soil", "products", "ecosystem")
"""Columns of the table: groups of pools; ``ecosystem`` is what a methodology does not separate into pools."""

MEMO_ITEMS = ("ch4", "n2o", "hwp", "permafrost_area")
"""What is reported beside the table and not added to it."""


@cache
def categories() -> dict[str, dict[str, str]]:
    """The inventory category of every ecosystem, with its codes and names."""
    text = files("sinks.assessment").joinpath("inventory.csv").read_text(encoding="utf-8-sig")
    return {row["ecosystem"]: row for row in csv.DictReader(text.splitlines())}


def inventory_table(account: pd.DataFrame, period: str) -> pd.DataFrame:
    """Net emissions of CO2 by region, land category and group of pools.

    Parameters
    ----------
    account : DataFrame
        The account table.
    period : str

    Returns
    -------
    DataFrame
        ``region_code, region_name, period, category, ipcc_2006, crf``, one column for each of :data:`GROUPS`, ``total``
        and ``unit`` [Gg CO2/yr, emissions positive]. NaN means not estimated (NE). The row ``all`` is the sum of the
        categories of a region.

    Raises
    ------
    AssessmentError
        The account has no net removals for the period.
    """
    rows = account[(account["quantity"] == "net_removals") & (account["period"] == period)]
    rows = rows[(rows["stratum"] == ALL) & (rows["ecosystem"] != ALL) & (rows["pool"] != ALL)]
    if rows.empty:
        have = account.loc[account["quantity"] == "net_removals", "period"]
        values = {"quantity": "net_removals", "period": period, "found": sorted(set(have))}
        raise AssessmentError(Problem("assessment.no_leaves", "account", values))
    rows = rows.assign(
        category=rows["ecosystem"].map({name: row["category"] for name, row in categories().items()}),
        group=rows["pool"].map({name: pool.group for name, pool in pools().items()}),
        # The one place where a gain of carbon becomes a negative emission.
        emission=-rows["value"] * factor("t CO2", UNIT),
    )
    table = _by_group(rows)
    whole = _by_group(rows.assign(category=ALL))
    return _with_codes(pd.concat([table, whole], ignore_index=True), period)


def memo_items(items: pd.DataFrame) -> pd.DataFrame:
    """Items reported beside the table, checked: ``region_code, item, value, unit, source``.

    Raises
    ------
    AssessmentError
        An item is not one of :data:`MEMO_ITEMS`, or has no source.
    """
    wrong = items[~items["item"].isin(MEMO_ITEMS) | (items["source"].fillna("") == "")]
    if len(wrong):
        values = {"items": sorted(set(wrong["item"])), "known": MEMO_ITEMS}
        raise AssessmentError(Problem("assessment.memo_item", "memo items", values))
    return items.sort_values(["region_code", "item"]).reset_index(drop=True)


def _by_group(rows: pd.DataFrame) -> pd.DataFrame:
    keys = ["region_code", "region_name", "category"]
    # min_count keeps a group that nobody estimated apart from one whose sum is zero.
    sums = rows.groupby([*keys, "group"])["emission"].sum(min_count=1).unstack("group")
    table = sums.reindex(columns=list(GROUPS))
    return table.assign(total=table.sum(axis=1, min_count=1)).reset_index()


def _with_codes(table: pd.DataFrame, period: str) -> pd.DataFrame:
    codes = {row["category"]: row for row in categories().values()} | {ALL: {"ipcc_2006": "3B", "crf": "4"}}
    order = {name: place for place, name in enumerate(codes)}
    table = table.assign(
        period=period,
        ipcc_2006=table["category"].map({name: row["ipcc_2006"] for name, row in codes.items()}),
        crf=table["category"].map({name: row["crf"] for name, row in codes.items()}),
        unit=f"{UNIT}/yr",
    )
    table = table.sort_values(["region_code", "category"], key=lambda c: c.map(order) if c.name == "category" else c)
    columns = ["region_code", "region_name", "period", "category", "ipcc_2006", "crf", *GROUPS, "total", "unit"]
    return table[columns].reset_index(drop=True)
