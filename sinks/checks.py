"""Checks of a finished account: laws that must hold, and findings that a reader must see.

A broken law (a sum that does not add up) is a defect and raises; a finding (thin coverage, few cells, an assumption, an
implausible transition) is reported with the account, on page one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from sinks.account import Account, Entry
from sinks.activity import Activity
from sinks.book import Hierarchy
from sinks.errors import AccountError, Problems
from sinks.text import message
from sinks.vocabulary import ALL, NODATA, pools

Status = Literal["passed", "note", "warning", "failed"]

TOLERANCE = 1e-9
"""Relative tolerance of the laws of addition."""

_LAWS = (
    "checks.strata_sum",
    "checks.pools_sum",
    "checks.ecosystems_sum",
    "checks.regions_sum",
    "checks.transitions_sum",
)

# Transitions that no land makes within a few years, so that they are most likely errors of one of the maps; the share
# of a region beyond which they are worth a line.
_IMPLAUSIBLE = (("bare", "forest"), ("water", "forest"), ("urban", "forest"), ("ice", "forest"))
_IMPLAUSIBLE_SHARE = 1e-4


class Findings:
    """A growing table of checks."""

    COLUMNS = ("check", "status", "where", "detail")
    _ORDER: Mapping[str, int] = {"failed": 0, "warning": 1, "note": 2, "passed": 3}

    def __init__(self) -> None:
        self._rows: list[tuple[Status, str, str, Mapping[str, object]]] = []

    def add(self, id: str, status: Status, where: str, /, **values: object) -> None:
        """Note a finding; ``id`` is the message that explains it, and names the check."""
        self._rows.append((status, where, id, values))

    def table(self) -> pd.DataFrame:
        """Failures first, then warnings, notes and passes; the details in the present language."""
        rows = [
            (id.removeprefix("checks."), status, where, message(id, **values))
            for status, where, id, values in sorted(self._rows, key=lambda row: self._ORDER[row[0]])
        ]
        return pd.DataFrame(rows, columns=list(self.COLUMNS), dtype=str)


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
    for number, one in enumerate(record):
        for other in record[number + 1 :]:
            both = set(one.ecosystems) & set(other.ecosystems)
            measures = set(one.accounts_for) & set(other.accounts_for)
            clash = _same_carbon(one.pools, other.pools)
            if both and measures and clash:
                problems.add(
                    "checks.counted_twice",
                    where,
                    one=one.method.id,
                    other=other.method.id,
                    ecosystems=sorted(both),
                    pools=clash,
                )
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


def _same_carbon(one: Sequence[str], other: Sequence[str]) -> list[str]:
    """Pools that hold the same carbon, knowing that some pools contain others."""
    known = pools()
    clash = set(one) & set(other)
    for a, b in [(a, b) for a in one for b in other] + [(a, b) for a in other for b in one]:
        if a == "ecosystem" or (a == "biomass" and known[b].group == "biomass"):
            clash |= {a, b}
    return sorted(clash)


def check_laws(table: pd.DataFrame, activity: Activity, hierarchy: Hierarchy, findings: Findings) -> None:
    """Check the laws of addition on a finished account.

    Raises
    ------
    AccountError
        With every sum that does not add up within :data:`TOLERANCE`.
    """
    problems = Problems()
    _check_sums(table, problems)
    _check_regions(table, hierarchy, problems)
    _check_transitions(activity, problems)
    problems.raise_as(AccountError)
    for law in _LAWS:
        findings.add(law, "passed", ALL)


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
    """Rows of the transition table sum to the first date's areas, columns to the second's."""
    for end in ("from", "to"):
        changes = activity.changes
        parts = changes.rename(columns={f"date_{end}": "date", f"class_{end}": "class", "area_ha": "value"})
        states = activity.states.rename(columns={"area_ha": "value"})
        states = states[states["source"].isin(changes["source"].unique())]
        for period, group in parts.groupby(
            ["date_from" if end == "to" else "date", "date_to" if end == "from" else "date"]
        ):
            date = period[0] if end == "from" else period[1]
            keys = ["source", "region_code", "class"]
            _compare(group, states[states["date"] == date], keys, problems, where=f"{period[0]}-{period[1]}")


def _compare(
    parts: pd.DataFrame, whole: pd.DataFrame, keys: list[str], problems: Problems, where: str | None = None
) -> None:
    """Add a problem for each key at which the parts do not sum to the whole."""
    values = parts.assign(size=parts["value"].abs()).groupby(keys)
    sums = pd.DataFrame({"sum": values["value"].sum(), "size": values["size"].sum()})
    totals = whole.groupby(keys)["value"].sum()
    both = sums.join(totals.rename("total"), how="outer").fillna(0.0)
    scale = np.maximum(both["size"], both["total"].abs())
    wrong = both[(both["sum"] - both["total"]).abs() > TOLERANCE * scale]
    for key, row in wrong.iterrows():
        place = where or "/".join(map(str, key if isinstance(key, tuple) else (key,)))
        problems.add("checks.does_not_add_up", place, parts=row["sum"], total=row["total"], keys=keys)


def note_findings(
    result: Account,
    activity: Activity,
    hierarchy: Hierarchy,
    findings: Findings,
    *,
    coverage_min: float,
    cells_min: int,
    adjusted: pd.DataFrame | None = None,
    used: bool = False,
) -> None:
    """Write down what a reader must know: coverage, cells, assumptions, unverified parameters, odd transitions.

    Parameters
    ----------
    result : Account
    activity : Activity
    hierarchy : Hierarchy
    findings : Findings
        What is found is added to it.
    coverage_min : float
        Share of a region's area that must be observed.
    cells_min : int
        Cells below which a region's figure is not fit to be an account of record.
    adjusted : DataFrame, optional
        Error-adjusted areas (:func:`sinks.accuracy.adjusted_areas`); without them the areas are said to be the map's.
    used : bool
        Whether the account is made of the adjusted areas.
    """
    names = dict(zip(hierarchy.regions["code"], hierarchy.regions["name"], strict=True))
    _note_coverage(result.table, names, coverage_min, findings)
    _note_cells(activity, names, cells_min, findings)
    _note_transitions(activity, names, findings)
    _note_parameters(result, findings)
    _note_steps(result, hierarchy, findings)
    record = [entry for entry, _ in result.used if entry.role == "record"]
    approaches = sorted({entry.method.methodology.approach for entry in record if "sink" in entry.accounts_for})
    if len(approaches) > 1:
        findings.add("checks.approaches_mixed", "warning", ALL, approaches=approaches)
    for entry in result.without_land:
        findings.add("checks.no_land", "warning", entry.method.id, method=entry.method.id, ecosystems=entry.ecosystems)
    _note_two_ways(record, findings)
    missing: dict[tuple[str, str, str], list[str]] = {}
    for method, ecosystem, stratum, pool in result.not_estimated:
        missing.setdefault((method, ecosystem, pool), []).append(stratum)
    for (method, ecosystem, pool), strata in missing.items():
        findings.add("checks.not_estimated", "note", ecosystem, pool=pool, method=method, strata=strata)
    if len(activity.dates) <= 2 and any(entry.method.acts_on == "change" for entry in record):
        findings.add("checks.short_history", "note", ALL, dates=activity.dates)
    if adjusted is not None and len(adjusted):
        _note_adjusted(adjusted, hierarchy, findings)
        findings.add("checks.adjusted_used" if used else "checks.map_used", "warning" if used else "note", ALL)
    elif not activity.changes.empty:
        findings.add("checks.map_area", "note", ALL)


def _note_steps(result: Account, hierarchy: Hierarchy, findings: Findings) -> None:
    """Changes of stock that are steps of a parameter, in the coarsest regions, with the part of the change they are."""
    tables = pd.concat([table for table in (result.table, result.comparison) if len(table)] or [result.table])
    changes = tables[(tables["quantity"] == "stock_change") & (tables["stratum"] != ALL)]
    coarsest = hierarchy.regions["level"] == hierarchy.regions["level"].iloc[0]
    for number in np.flatnonzero(coarsest):
        region = hierarchy.regions.iloc[number]
        inside = [hierarchy.units[unit] for unit in hierarchy.members[number]]
        steps = result.steps[result.steps["region_code"].isin(inside)]
        for (method, period), rows in steps.groupby(["methodology", "period"]):
            own = changes[(changes["methodology"] == method) & (changes["period"] == period)]
            change, jump = own.loc[own["region_code"] == region["code"], "value"].sum(), rows["jump"].sum()
            findings.add(
                "checks.parameter_step",
                "warning",
                f"{region['name']} {method}",
                period=period,
                area=f"{rows['area_ha'].sum():,.0f}",
                jump=f"{jump:+,.0f}",
                change=f"{change:+,.0f}",
                share=f"{jump / change:.1%}" if change else "-",
                parameters=sorted({name for names in rows["parameters"] for name in names.split("+")}),
            )


def _note_adjusted(adjusted: pd.DataFrame, hierarchy: Hierarchy, findings: Findings) -> None:
    """What the accuracy assessment says of the areas of the coarsest regions; a map outside the interval is marked."""
    coarsest = hierarchy.regions["level"].iloc[0]
    for _, row in adjusted[adjusted["level"] == coarsest].iterrows():
        biased = not row["low"] <= row["map_ha"] <= row["high"]
        values = {name: f"{row[name]:,.0f}" for name in ("map_ha", "adjusted_ha", "low", "high")}
        accuracies = {name: f"{row[name]:.1%}" for name in ("users", "producers", "overall")}
        where = f"{row['region_name']} {row['class']}"
        status: Status = "warning" if biased else "note"
        findings.add("checks.adjusted_area", status, where, date=row["period"], **values, **accuracies)


def _note_parameters(result: Account, findings: Findings) -> None:
    """Parameters without an interval, and those that nobody has read in their document."""
    for entry, rows in result.used:
        used = entry.method.table.frame.iloc[rows]
        fixed = int((used["interval"] == "").sum())
        unverified = int(used["unverified"].sum())
        if fixed:
            findings.add("checks.no_interval", "note", entry.method.id, count=fixed, all=len(used))
        if unverified:
            findings.add("checks.unverified", "warning", entry.method.id, count=unverified, all=len(used))


def _note_two_ways(record: Sequence[Entry], findings: Findings) -> None:
    """Pools whose stock and whose sink come from different methodologies."""
    for stock in record:
        for sink in record:
            if stock.accounts_for == ("stock",) and "sink" in sink.accounts_for and "stock" not in sink.accounts_for:
                both = sorted(set(stock.ecosystems) & set(sink.ecosystems))
                if both and _same_carbon(stock.pools, sink.pools):
                    values = {"stock": stock.method.id, "sink": sink.method.id}
                    findings.add("checks.stock_and_sink", "note", ", ".join(both), **values)


def _note_coverage(table: pd.DataFrame, names: Mapping[str, str], least: float, findings: Findings) -> None:
    sums = table[(table["stratum"] == ALL) & (table["coverage"] < least)]
    areas = sums[(sums["quantity"] == "area") & (sums["ecosystem"] == ALL)]
    for code, date, share in zip(areas["region_code"], areas["period"], areas["coverage"], strict=True):
        findings.add("checks.coverage", "failed", names[code], date=date, share=f"{share:.2%}", least=f"{least:.0%}")
    stocks = sums[(sums["quantity"] == "carbon_stock") & (sums["ecosystem"] != ALL) & (sums["pool"] != ALL)]
    for (ecosystem, pool), thin in stocks.groupby(["ecosystem", "pool"], sort=False):
        worst = thin.sort_values("coverage").iloc[0]
        values = {"date": worst["period"], "share": f"{worst['coverage']:.2%}", "count": thin["region_code"].nunique()}
        where = f"{names[worst['region_code']]} {ecosystem}"
        findings.add("checks.coverage_pool", "warning", where, pool=pool, **values)


def _note_cells(activity: Activity, names: Mapping[str, str], least: int, findings: Findings) -> None:
    for code, cells in zip(activity.units["region_code"], activity.units["cells"], strict=True):
        if 0 < cells < least:
            findings.add("checks.cells", "failed", names.get(code, code), cells=int(cells), least=least)


def _note_transitions(activity: Activity, names: Mapping[str, str], findings: Findings) -> None:
    changes = activity.changes
    changes = changes[(changes["ecosystem_from"] != NODATA) & (changes["ecosystem_to"] != NODATA)]
    whole = changes.groupby(["region_code", "date_from", "date_to"])["area_ha"].sum()
    for before, after in _IMPLAUSIBLE:
        pair = changes[(changes["ecosystem_from"] == before) & (changes["ecosystem_to"] == after)]
        area = pair.groupby(["region_code", "date_from", "date_to"])["area_ha"].sum()
        for key in area.index[area > _IMPLAUSIBLE_SHARE * whole.reindex(area.index)]:
            code, first, last = key
            values = {"before": before, "after": after, "period": f"{first}-{last}", "area": f"{area[key]:,.0f}"}
            findings.add("checks.implausible", "warning", names.get(code, code), **values)
