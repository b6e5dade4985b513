"""What must hold of an account: methodologies that may be added, and sums that add up.

What breaks it raises; what only has to be known is a finding (:mod:`sinks.account.findings`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sinks.account.account import Entry
from sinks.account.findings import Findings
from sinks.account.hierarchy import Hierarchy
from sinks.activity import LAND_COVER, Activity
from sinks.errors import AccountError, Problems
from sinks.vocabulary import ALL, NODATA, same_carbon

TOLERANCE = 1e-9
"""Relative tolerance of the laws of addition."""

AREA_TOLERANCE = 0.01
"""Relative tolerance of tabulated land against the polygon that it lies in: the fraction of a boundary cell is taken in
the plane of its grid, so the two agree to rounding on most grids and to less than this on cells of half a degree."""

_LAWS = (
    "checks.total_area",
    "checks.strata_sum",
    "checks.pools_sum",
    "checks.ecosystems_sum",
    "checks.regions_sum",
    "checks.transitions_sum",
    "checks.change_of_stock",
)


def check_entries(entries: Sequence[Entry], where: str = "methodologies") -> None:
    """Refuse methodologies that would count the same carbon twice, or add what cannot be added.

    Raises
    ------
    AccountError
        Two methodologies of record for the same ecosystem, pool and measure; soil organic carbon to different depths;
        different editions of the IPCC defaults; net ecosystem production beside another sink.
    """
    problems = Problems()
    record = [entry for entry in entries if entry.role == "record"]
    for number, other in enumerate(record):
        for one in record[:number]:
            both = set(one.ecosystems) & set(other.ecosystems)
            measures = set(one.accounts_for) & set(other.accounts_for)
            clash = same_carbon(one.pools, other.pools)
            if both and measures and clash:
                problems.add(
                    "checks.counted_twice",
                    where,
                    one=one.method.id,
                    other=other.method.id,
                    ecosystems=sorted(both),
                    pools=clash,
                )
                break  # one that it clashes with is enough to say: of a thousand there would be half a million
    _check_conversions(record, where, problems)
    for measure in ("stock", "sink"):
        soil = [e for e in record if "soil_organic_carbon" in e.pools and measure in e.accounts_for]
        depths = {e.method.methodology.soil_depth_cm for e in soil}
        # A methodology whose soil has no depth of its own (a rate, an organic soil) fits every other.
        depths -= {None}
        if len(depths) > 1:
            problems.add("checks.soil_depths", where, depths=sorted(map(str, depths)))
    editions = {e.method.edition for e in record} - {None}
    if len(editions) > 1:
        problems.add("checks.editions", where, editions=sorted(map(str, editions)))
    problems.raise_as(AccountError)


def _check_conversions(record: Sequence[Entry], where: str, problems: Problems) -> None:
    """Land that leaves an ecosystem takes its carbon out of a stock difference: conversion may not count it again."""
    sinks = [entry for entry in record if "sink" in entry.accounts_for]
    for stock in (entry for entry in sinks if entry.method.acts_on == "state"):
        pools = [pool for pool in stock.pools if stock.method.kind(pool) in ("density", "stock_total")]
        for change in (entry for entry in sinks if entry.method.acts_on == "change"):
            left = set(stock.ecosystems) & set(change.method.methodology.ecosystems)
            clash = same_carbon(pools, change.pools)
            if left and clash and not set(stock.ecosystems) & set(change.ecosystems):
                values = {"stock": stock.method.id, "change": change.method.id, "pools": clash}
                problems.add("checks.counted_twice_converted", where, ecosystems=sorted(left), **values)


def check_laws(table: pd.DataFrame, activity: Activity, hierarchy: Hierarchy, findings: Findings) -> None:
    """Check the laws of addition on a finished account.

    Raises
    ------
    AccountError
        With every sum that does not add up within :data:`TOLERANCE`.
    """
    problems = Problems()
    _check_total_area(activity, problems)
    _check_sums(table, problems)
    _check_regions(table, hierarchy, problems)
    _check_transitions(activity, problems)
    _check_changes(table, problems)
    problems.raise_as(AccountError)
    for law in _LAWS:
        findings.add(law, "passed", ALL)


def _check_total_area(activity: Activity, problems: Problems) -> None:
    """The rasters have the same land at every date, unobserved land included, and no more of it than their regions."""
    states = activity.states[activity.states["source"] == LAND_COVER]
    areas = states.groupby(["region_code", "date"])["area_ha"].sum().unstack("date")
    polygons = activity.units.set_index("region_code")["area_ha"].reindex(areas.index)
    unlike = areas.max(axis=1) - areas.min(axis=1) > TOLERANCE * areas.max(axis=1)
    beyond = areas.max(axis=1) > polygons * (1 + AREA_TOLERANCE)
    for code in areas.index[unlike | areas.isna().any(axis=1)]:
        problems.add("account.area_of_dates_differs", str(code), found=dict(areas.loc[code].round(4)))
    for code in areas.index[beyond]:
        problems.add("account.area_beyond_region", str(code), found=areas.loc[code].max(), region=polygons[code])


def _check_sums(table: pd.DataFrame, problems: Problems) -> None:
    keys = ["region_code", "quantity", "period"]
    leaves = table[table["stratum"] != ALL]
    totals = table[table["stratum"] == ALL]
    # Areas have no pools: their leaves and the totals above them both stand under "all".
    by_leaf = totals[(totals["ecosystem"] != ALL) & ((totals["pool"] != ALL) | (totals["quantity"] == "area"))]
    _compare(leaves, by_leaf, [*keys, "ecosystem", "pool"], problems)
    carbon = totals[totals["quantity"] != "area"]
    by_pool = carbon[(carbon["ecosystem"] != ALL) & (carbon["pool"] != ALL)]
    _compare(by_pool, carbon[(carbon["ecosystem"] != ALL) & (carbon["pool"] == ALL)], [*keys, "ecosystem"], problems)
    by_land = totals[(totals["ecosystem"] != ALL) & (totals["pool"] == ALL)]
    _compare(by_land, totals[(totals["ecosystem"] == ALL) & (totals["pool"] == ALL)], keys, problems)


def _check_regions(table: pd.DataFrame, hierarchy: Hierarchy, problems: Problems) -> None:
    """Every region is the sum of the units inside it."""
    keys = ["ecosystem", "stratum", "pool", "quantity", "period"]
    unit_rows = table[table["region_code"].isin(hierarchy.units)]
    for code, members in zip(hierarchy.regions["code"], hierarchy.members, strict=True):
        if len(members) > 1:
            inside = unit_rows[unit_rows["region_code"].isin([hierarchy.units[m] for m in members])]
            _compare(inside, table[table["region_code"] == code], keys, problems, where=str(code))


def _check_transitions(activity: Activity, problems: Problems) -> None:
    """Rows of the transition table sum to the first date's areas, columns to the second's.

    Rasters have a row for land that was not observed, surveys of stands have none.
    """
    for end in ("from", "to"):
        changes = activity.changes
        changes = changes[(changes["source"] == LAND_COVER) | (changes[f"ecosystem_{end}"] != NODATA)]
        parts = changes.rename(columns={f"date_{end}": "date", f"class_{end}": "class", "area_ha": "value"})
        states = activity.states.rename(columns={"area_ha": "value"})
        states = states[states["source"].isin(changes["source"].unique())]
        for period, group in parts.groupby(
            ["date_from" if end == "to" else "date", "date_to" if end == "from" else "date"]
        ):
            date = period[0] if end == "from" else period[1]
            keys = ["source", "region_code", "class"]
            _compare(group, states[states["date"] == date], keys, problems, where=f"{period[0]}-{period[1]}")


def _check_changes(table: pd.DataFrame, problems: Problems) -> None:
    """Stocks at both ends of a period differ by the change on common land, and by what is newly or no longer known."""
    keys = ["region_code", "ecosystem", "stratum", "pool"]
    stocks = table[table["quantity"] == "carbon_stock"]
    changes = table[table["quantity"].isin(["stock_change", "newly_known", "no_longer_known"])]
    for period in changes["period"].unique():
        first, last = str(period).split("-")
        whole = changes[changes["period"] == period]
        gone = whole["quantity"] == "no_longer_known"
        # What is no longer known stands on the side of the stocks, so that all terms are sizes that add up.
        signed = [
            stocks[stocks["period"] == last],
            stocks[stocks["period"] == first].assign(value=lambda rows: -rows["value"]),
            whole[gone],
        ]
        _compare(pd.concat(signed), whole[~gone], keys, problems, where=str(period))


def _compare(
    parts: pd.DataFrame, whole: pd.DataFrame, keys: list[str], problems: Problems, where: str | None = None
) -> None:
    """Add a problem for each key at which the parts do not sum to the whole."""
    sums = parts.assign(sum=parts["value"], size=parts["value"].abs()).groupby(keys)[["sum", "size"]].sum()
    totals = whole.groupby(keys)["value"].sum()
    both = sums.join(totals.rename("total"), how="outer").fillna(0.0)
    scale = np.maximum(both["size"], both["total"].abs())
    wrong = both[(both["sum"] - both["total"]).abs() > TOLERANCE * scale]
    for key, row in wrong.iterrows():
        place = where or "/".join(map(str, key if isinstance(key, tuple) else (key,)))
        problems.add("checks.does_not_add_up", place, parts=row["sum"], total=row["total"], keys=keys)
