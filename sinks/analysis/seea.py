"""Ecosystem accounts in the layout of the System of Environmental-Economic Accounting (SEEA EA): extent and carbon.

The extent account has the hectares of every ecosystem type at the beginning and at the end of a period, what came to
the type and what left it; the carbon account its stock, what it gained and lost on land known at both dates, and what
became known or was no longer known, which the standard calls reappraisals.  Both are rearrangements of the account and
of its transitions: opening + additions - reductions = closing holds in every row, to the rounding of a sum.

References
----------
United Nations et al. 2021, System of Environmental-Economic Accounting - Ecosystem Accounting, extent account and
accounting for carbon: the layout is in its terms (opening, additions, reductions, reappraisals, closing); no number is
taken from it.
"""

from __future__ import annotations

import pandas as pd

from sinks.account.account import AccountInputs, counted_rows
from sinks.vocabulary import ALL, NODATA

EXTENT_COLUMNS = (
    *("region_code", "region_name", "period", "ecosystem", "opening", "additions", "reductions", "net_change"),
    *("closing", "unit"),
)
CARBON_COLUMNS = (
    *("region_code", "region_name", "period", "ecosystem", "opening", "additions", "reductions"),
    *("upward_reappraisals", "downward_reappraisals", "closing", "unit"),
)


def extent_account(basis: AccountInputs, period: str) -> pd.DataFrame:
    """Hectares of every ecosystem at both ends of a period, and the land that came and left in it.

    Parameters
    ----------
    basis : AccountInputs
        Activity and regions of the run.
    period : str
        ``2020-2023``.

    Returns
    -------
    DataFrame
        :data:`EXTENT_COLUMNS`, one row for each region and ecosystem type and one for ``all`` of them [ha].  Land
        that was observed at one end only comes or leaves.
    """
    first, last = period.split("-")
    changes = basis.activity.changes
    changes = changes[(changes["date_from"] == first) & (changes["date_to"] == last)]
    # Each ecosystem has its area from one source, in the transitions as in the states.
    of_land = changes["source"] == changes["ecosystem_to"].map(lambda name: basis.area_source.get(name, ""))
    of_left = changes["source"] == changes["ecosystem_from"].map(lambda name: basis.area_source.get(name, ""))
    moved = changes["ecosystem_from"] != changes["ecosystem_to"]
    parts = {
        "opening": _of_states(basis, first),
        "additions": _summed(changes[moved & of_land], "ecosystem_to"),
        "reductions": _summed(changes[moved & of_left], "ecosystem_from"),
        "closing": _of_states(basis, last),
    }
    units = pd.concat(parts, axis=1).fillna(0.0)
    table = _to_regions(basis, units.reset_index())
    table["net_change"] = table["additions"] - table["reductions"]
    return table.assign(period=period, unit="ha")[list(EXTENT_COLUMNS)]


def carbon_account(account: pd.DataFrame, period: str) -> pd.DataFrame:
    """Carbon of every ecosystem at both ends of a period, and why it differs.

    Parameters
    ----------
    account : DataFrame
        The account of record.
    period : str

    Returns
    -------
    DataFrame
        :data:`CARBON_COLUMNS` [t C].  Additions and reductions are the gains and losses of strata and pools on land
        known at both dates; sinks that are rates and no stocks are not in it.
    """
    first, last = period.split("-")
    leaves = account[(account["stratum"] != ALL) & (account["pool"] != ALL)]
    quantities = leaves["quantity"].isin(["carbon_stock", "stock_change", "newly_known", "no_longer_known"])
    leaves = leaves[quantities & leaves["value"].notna()]
    change = leaves[(leaves["quantity"] == "stock_change") & (leaves["period"] == period)]
    keys = ["region_code", "ecosystem"]

    def of(rows: pd.DataFrame, name: str) -> pd.Series[float]:
        return rows.groupby(keys, sort=False)["value"].sum().rename(name)

    stocks = leaves[leaves["quantity"] == "carbon_stock"]
    within = leaves[leaves["period"] == period]
    columns = [
        of(stocks[stocks["period"] == first], "opening"),
        of(change[change["value"] > 0], "additions"),
        -of(change[change["value"] < 0], "reductions"),
        of(within[within["quantity"] == "newly_known"], "upward_reappraisals"),
        of(within[within["quantity"] == "no_longer_known"], "downward_reappraisals"),
        of(stocks[stocks["period"] == last], "closing"),
    ]
    table = pd.concat(columns, axis=1).fillna(0.0).reset_index()
    whole = table.groupby("region_code", sort=False)[[str(column.name) for column in columns]].sum().reset_index()
    table = pd.concat([table, whole.assign(ecosystem=ALL)], ignore_index=True)
    names = account.drop_duplicates("region_code").set_index("region_code")["region_name"]
    order = {code: place for place, code in enumerate(names.index)}
    table = table.assign(region_name=table["region_code"].map(names), period=period, unit="t C")
    placed = table.assign(place=table["region_code"].map(order)).sort_values("place", kind="stable")
    return placed[list(CARBON_COLUMNS)].reset_index(drop=True)


def _of_states(basis: AccountInputs, date: str) -> pd.Series[float]:
    rows = counted_rows(basis.activity.states, date, basis.area_source)
    return _summed(rows, "ecosystem")


def _summed(rows: pd.DataFrame, land: str) -> pd.Series[float]:
    observed = rows[rows[land] != NODATA]
    return observed.assign(ecosystem=observed[land].astype(str)).groupby(["region_code", "ecosystem"])["area_ha"].sum()


def _to_regions(basis: AccountInputs, units: pd.DataFrame) -> pd.DataFrame:
    """Sums of units for every region, by ecosystem and for all of them."""
    regions, found = basis.hierarchy.regions, []
    for place, members in enumerate(basis.hierarchy.members):
        codes = [basis.hierarchy.units[unit] for unit in members]
        inside = units[units["region_code"].isin(codes)].drop(columns="region_code")
        by_land = inside.groupby("ecosystem", sort=True).sum().reset_index()
        whole = by_land.drop(columns="ecosystem").sum().to_frame().T.assign(ecosystem=ALL)
        both = pd.concat([by_land, whole], ignore_index=True)
        found.append(both.assign(region_code=regions["code"].iloc[place], region_name=regions["name"].iloc[place]))
    return pd.concat(found, ignore_index=True)
