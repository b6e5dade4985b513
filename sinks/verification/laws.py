"""Laws of the account, on the files as they are: sums, stocks and change, signs, coverage, reconciliation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sinks.verification.findings import AREA, SUM, Deviation, Findings
from sinks.verification.written import Written

ALL = "all"
CO2_PER_C = 44.0 / 12.0
"""Mass of carbon dioxide [t] in which there is one tonne of carbon."""

UNITS = {
    "area": "ha",
    "carbon_stock": "t C",
    "stock_change": "t C",
    "net_removals": "t CO2/yr",
    "newly_known": "t C",
    "no_longer_known": "t C",
    "not_estimated": "t C",
}
_NOT_NEGATIVE = ("area", "carbon_stock", "newly_known", "no_longer_known", "not_estimated")
_STOCK_LINES = ("stock_first", "stock_change", "newly_known", "no_longer_known")
_SINK_LINES = ("common_change", "sink_elsewhere", "no_sink", "other_sink", "no_stock")


def check_laws(run: Written, findings: Findings) -> None:
    """Every law that the written files must keep.

    Parameters
    ----------
    run : Written
    findings : Findings
        Gets a row for each.
    """
    account = run.account
    totals = account[account["stratum"] == ALL]
    _check_parts(account, totals, findings)
    _check_regions(run, account, findings)
    _check_change(account, findings)
    _check_sink(run, account, findings)
    _check_units(account, findings)
    _check_reconciliation(run, totals, findings)
    _check_land(run, totals, findings)
    _check_shares(account, findings)


def apart(parts: pd.DataFrame, whole: pd.DataFrame, keys: Sequence[str]) -> Deviation:
    """Greatest difference between the sums of ``parts`` and ``whole``, relative to the sizes of what was added.

    Parameters
    ----------
    parts, whole : DataFrame
        With ``keys`` and ``value``; a key that one of them lacks counts as zero there.
    """
    keys = list(keys)
    sums = parts.assign(size=parts["value"].abs()).groupby(keys, dropna=False)[["value", "size"]].sum()
    both = sums.join(whole.groupby(keys, dropna=False)["value"].sum().rename("whole"), how="outer").fillna(0.0)
    scale = np.maximum(both["size"].to_numpy(float), both["whole"].abs().to_numpy(float))
    off = np.abs((both["value"] - both["whole"]).to_numpy(float)) / np.where(scale > 0, scale, 1.0)
    return worst(off, [_named(key) for key in both.index])


def worst(off: np.ndarray, names: Sequence[str]) -> Deviation:
    """The greatest of some deviations; what is not a number is off without end."""
    if not len(off):
        return Deviation()
    off = np.where(np.isnan(off), np.inf, off)
    place = int(off.argmax())
    return Deviation(len(off), float(off[place]), names[place])


def _named(key: object) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _check_parts(account: pd.DataFrame, totals: pd.DataFrame, findings: Findings) -> None:
    """Strata add up to pools, pools to ecosystems, ecosystems to the whole."""
    keys = ["region_code", "quantity", "period"]
    leaves = account[account["stratum"] != ALL]
    of_land = totals["ecosystem"] != ALL
    of_pool = totals["pool"] != ALL
    is_area = totals["quantity"] == "area"
    whole = totals[of_land & (of_pool | is_area)]
    findings.compare("strata_add_up", "account.csv", apart(leaves, whole, [*keys, "ecosystem", "pool"]), SUM)
    pools, whole = totals[of_land & of_pool & ~is_area], totals[of_land & ~of_pool & ~is_area]
    findings.compare("pools_add_up", "account.csv", apart(pools, whole, [*keys, "ecosystem"]), SUM)
    lands, whole = totals[of_land & ~of_pool], totals[~of_land & ~of_pool]
    findings.compare("ecosystems_add_up", "account.csv", apart(lands, whole, keys), SUM)


def _check_regions(run: Written, account: pd.DataFrame, findings: Findings) -> None:
    """Every divided region is the sum of the undivided ones inside it, and these add up to the whole."""
    members = run.members
    sizes = members.groupby("region_code")["inner"].size()
    divided = set(sizes.index[sizes > 1])
    links = members[members["region_code"].isin(divided)]
    inside = links.merge(account.rename(columns={"region_code": "inner"}), on="inner")
    keys = ["region_code", "ecosystem", "stratum", "pool", "quantity", "period"]
    whole = account[account["region_code"].isin(divided)]
    findings.compare("regions_add_up", "account.csv", apart(inside, whole, keys), SUM)
    unknown = sorted(set(account["region_code"]) - set(run.regions["code"]))
    if unknown:
        findings.fail("regions_add_up", "account.csv", len(unknown), "verification.unknown_regions", codes=unknown)


def _check_change(account: pd.DataFrame, findings: Findings) -> None:
    """stock(t1) = stock(t0) + change + newly known - no longer known, in every row."""
    keys = ["region_code", "ecosystem", "stratum", "pool"]
    stocks = account[account["quantity"] == "carbon_stock"]
    flows = account[account["quantity"].isin(["stock_change", "newly_known", "no_longer_known"])]
    found = Deviation()
    for period in sorted(flows["period"].unique()):
        first, _, last = str(period).partition("-")
        of = flows[flows["period"] == period]
        signed = of.assign(value=np.where(of["quantity"] == "no_longer_known", -of["value"], of["value"]))
        begun = stocks[stocks["period"] == first]
        found = found.beside(apart(pd.concat([begun, signed]), stocks[stocks["period"] == last], keys))
    findings.compare("stocks_and_change", "account.csv", found, SUM)


def _years(period: pd.Series[str]) -> pd.Series[float]:
    ends = period.str.split("-", expand=True).astype(float)
    return ends[1] - ends[0]


def _check_sink(run: Written, account: pd.DataFrame, findings: Findings) -> None:
    """Where a methodology works by the difference of stocks, its sink is the change as CO2 a year, gains positive."""
    by_difference = {m["id"] for m in run.record.get("methodologies", ()) if m.get("approach") == "stock_difference"}
    rows = account[(account["stratum"] != ALL) & account["methodology"].isin(by_difference)]
    keys = ["region_code", "ecosystem", "stratum", "pool", "period", "methodology"]
    change = rows[rows["quantity"] == "stock_change"][[*keys, "value"]]
    sink = rows[rows["quantity"] == "net_removals"][[*keys, "value"]]
    both = change.merge(sink, on=keys, suffixes=("_change", "_sink"))
    # What could not be estimated at all has neither.
    both = both[both["value_change"].notna() | both["value_sink"].notna()]
    expected = both["value_change"] * CO2_PER_C / _years(both["period"]) if len(both) else both["value_change"]
    scale = expected.abs().where(expected != 0, 1.0)
    off = ((both["value_sink"] - expected).abs() / scale).to_numpy(float)
    names = [_named(tuple(key)) for key in both[keys].itertuples(index=False)]
    findings.compare("change_and_sink", "account.csv", worst(off, names), SUM)


def _check_units(account: pd.DataFrame, findings: Findings) -> None:
    """Each quantity has its unit; land and stocks are not negative."""
    expected = account["quantity"].map(UNITS)
    other = account[account["unit"] != expected]
    below = account[account["quantity"].isin(_NOT_NEGATIVE) & (account["value"] < 0)]
    for rows, id in ((other, "verification.other_unit"), (below, "verification.negative")):
        if len(rows):
            row = rows.iloc[0]
            place = _named((row["region_code"], row["ecosystem"], row["pool"], row["quantity"], row["period"]))
            values = {"where": place, "count": len(rows), "found": row["unit"] if rows is other else row["value"]}
            findings.fail("units_and_signs", "account.csv", len(rows), id, **values)
    if not len(other) and not len(below):
        findings.same("units_and_signs", "account.csv", len(account))


def _check_reconciliation(run: Written, totals: pd.DataFrame, findings: Findings) -> None:
    """The lines from stock to stock and from change to sink add up, and their ends are those of the account."""
    if not (run.folder / "reconciliation.csv").is_file():
        findings.leave("reconciliation", "reconciliation.csv", "verification.nothing_there")
        return
    lines, keys = run.csv("reconciliation"), ["region_code", "ecosystem", "period"]
    found = Deviation()
    for parts, end in ((_STOCK_LINES, "stock_last"), (_SINK_LINES, "sink_of_record")):
        whole = lines[lines["line"] == end]
        there = pd.MultiIndex.from_frame(whole[keys])
        of = lines[lines["line"].isin(parts)]
        of = of[pd.MultiIndex.from_frame(of[keys]).isin(there)]
        found = found.beside(apart(of, whole, keys))
    sums = totals[(totals["pool"] == ALL) & (totals["quantity"] == "net_removals")]
    sinks = lines[lines["line"] == "sink_of_record"]
    sinks = sinks.assign(value=sinks["value"] * CO2_PER_C / _years(sinks["period"])) if len(sinks) else sinks
    found = found.beside(apart(sums, sinks, keys))
    findings.compare("reconciliation", "reconciliation.csv", found, SUM)


def _check_land(run: Written, totals: pd.DataFrame, findings: Findings) -> None:
    """No land twice and none lost: dates agree with each other, with the transitions, the account and the polygons."""
    states, units = run.states, run.unit_areas
    land = states[states["source"] == "land_cover"]
    found = Deviation()
    if len(land):
        by_date = land.groupby(["region_code", "date"])["area_ha"].sum().unstack("date")
        polygons = units.reindex(by_date.index)
        beyond = by_date.sub(polygons, axis=0).div(polygons, axis=0).clip(lower=0.0)
        uneven = by_date.sub(by_date.mean(axis=1), axis=0).abs().div(polygons, axis=0)
        names = [str(code) for code in by_date.index]
        found = worst(np.nanmax(beyond.to_numpy(), axis=1), names).beside(worst(uneven.max(axis=1).to_numpy(), names))
        found = Deviation(by_date.size, found.greatest, found.where)
    findings.compare("total_area", "activity.parquet", found, AREA)
    if set(states["source"].unique()) == {"land_cover"}:
        seen = land[land["ecosystem"] != "nodata"].merge(run.members, left_on="region_code", right_on="inner")
        seen = seen.drop(columns="region_code_x").rename(
            columns={"region_code_y": "region_code", "date": "period", "area_ha": "value"}
        )
        told = totals[(totals["quantity"] == "area") & (totals["ecosystem"] != ALL)]
        seen = seen[seen["period"].isin(told["period"].unique())]
        findings.compare("total_area", "account.csv", apart(seen, told, ["region_code", "ecosystem", "period"]), SUM)
    _check_transitions(run, findings)


def _check_transitions(run: Written, findings: Findings) -> None:
    """Rows of the transition table add up to the first date's areas, columns to the second's."""
    changes, states = run.changes, run.states
    found = Deviation()
    if len(changes):
        states = states[states["source"].isin(changes["source"].unique())].rename(columns={"area_ha": "value"})
        for (first, last), of in changes.rename(columns={"area_ha": "value"}).groupby(["date_from", "date_to"]):
            for end, date in (("from", first), ("to", last)):
                # A survey of stands has no row for land that it does not have.
                seen = of[(of["source"] == "land_cover") | (of[f"ecosystem_{end}"] != "nodata")]
                parts = seen.rename(columns={f"class_{end}": "class"})
                found = found.beside(apart(parts, states[states["date"] == date], ["source", "region_code", "class"]))
    findings.compare("transitions", "transitions.parquet", found, SUM)


def _check_shares(account: pd.DataFrame, findings: Findings) -> None:
    """Coverage and shares lie between 0 and 1; intervals are the right way round, or not there at both ends."""
    found = Deviation()
    for column in ("coverage", "uncertain_share"):
        shares = account[account[column].notna()]
        values = shares[column].to_numpy(float)
        off = np.maximum(np.maximum(values - 1.0, -values), 0.0)
        names = [_named((row.region_code, row.ecosystem, row.pool, row.period)) for row in shares.itertuples()]
        found = found.beside(worst(off, names))
    # A region's observed and whole area come from two ways to measure it.
    findings.compare("coverage", "account.csv", found, AREA)
    low, high = account["low"], account["high"]
    wrong = account[(low.isna() != high.isna()) | (low > high)]
    tested = int((low.notna() | high.notna()).sum())
    if len(wrong):
        row = wrong.iloc[0]
        where = _named((row["region_code"], row["ecosystem"], row["pool"], row["quantity"], row["period"]))
        findings.fail("intervals", "account.csv", len(wrong), "verification.interval", where=where, count=len(wrong))
    elif tested:
        findings.same("intervals", "account.csv", tested)
    else:
        findings.leave("intervals", "account.csv", "verification.nothing_there")
