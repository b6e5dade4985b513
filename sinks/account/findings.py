"""Findings: what a reader of an account must know, reported with it on page one.

A finding is thin coverage, few cells, an assumption, an implausible transition; a law that does not hold is none but a
defect, see :mod:`sinks.account.laws`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import pandas as pd

from sinks.account.account import Account, Entry
from sinks.account.growth import implausible_growth
from sinks.account.hierarchy import Hierarchy
from sinks.account.totals import whole_of
from sinks.activity import LAND_COVER, Activity, known_dates
from sinks.parameters.estimate import is_specific
from sinks.parameters.nominal import nominal_errors
from sinks.text import LANGUAGES, Text, message, messages, using_language
from sinks.vocabulary import ALL, NODATA, ecosystems, pools, quantities, same_carbon
from sinks.vocabulary.bounds import bounds

Status = Literal["passed", "note", "warning", "failed"]

MOST_FROM_MEMORY = 0.05
"""Share of a headline that may rest on parameters recalled from memory."""

# Transitions that no land makes within a few years, so that they are most likely errors of one of the maps; the share
# of a region beyond which they are worth a line.
_IMPLAUSIBLE = (("bare", "forest"), ("water", "forest"), ("urban", "forest"), ("ice", "forest"))
_IMPLAUSIBLE_SHARE = 1e-4


@dataclass(frozen=True)
class Least:
    """What a project asks of its figures.

    Attributes
    ----------
    coverage : float
        Share of a region's area that must be observed.
    cells : int
        Cells below which a region's figure is not fit to be an account of record.
    interval_share : float, optional
        Share of a figure whose uncertainty must be stated for it to have an interval; None when there are no draws.
    """

    coverage: float
    cells: int
    interval_share: float | None = None


class Findings:
    """A growing table of checks."""

    COLUMNS = ("check", "status", "where", "region_code", "detail", "detail_zh", "detail_en")
    _ORDER: Mapping[str, int] = {"failed": 0, "warning": 1, "note": 2, "passed": 3}

    def __init__(self) -> None:
        self._rows: list[tuple[Status, str, str, str, Mapping[str, object]]] = []

    def add(self, id: str, status: Status, where: str, region_code: str = "", /, **values: object) -> None:
        """Note a finding.

        Parameters
        ----------
        id : str
            The message that explains it, which names the check.
        status : {"passed", "note", "warning", "failed"}
        where : str
            What it was found in, as a reader calls it.
        region_code : str
            The one region that it concerns; empty when it concerns more.
        **values
            For the placeholders of the message.
        """
        self._rows.append((status, where, region_code, id, values))

    def table(self) -> pd.DataFrame:
        """Failures first, then warnings, notes and passes.

        Returns
        -------
        DataFrame
            :attr:`COLUMNS`; ``detail`` is in the present language, beside it the same in Chinese and in English.
        """
        rows = [
            (id.removeprefix("checks."), status, where, code, message(id, **values), *_both(id, values))
            for status, where, code, id, values in sorted(self._rows, key=lambda row: self._ORDER[row[0]])
        ]
        return pd.DataFrame(rows, columns=list(self.COLUMNS), dtype=str)


def _both(id: str, values: Mapping[str, object]) -> list[str]:
    said = []
    for lang in LANGUAGES:
        with using_language(lang):
            said.append(message(id, **values))
    return said


def note_findings(
    result: Account,
    activity: Activity,
    hierarchy: Hierarchy,
    findings: Findings,
    *,
    least: Least,
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
    least : Least
        What the project asks for.
    adjusted : DataFrame, optional
        Error-adjusted areas (:func:`sinks.uncertainty.confusion_matrix.adjusted_areas`); without them the areas are
        said to be the map's.
    used : bool
        Whether the account is made of the adjusted areas.
    """
    names = dict(zip(hierarchy.regions["code"], hierarchy.regions["name"], strict=True))
    _note_coverage(result.table, names, least.coverage, findings)
    _note_known_once(result.table, hierarchy, findings)
    _note_left(result, findings)
    if least.interval_share is not None:
        _note_partial_intervals(result.table, hierarchy, least.interval_share, findings)
    _note_cells(activity, names, least.cells, findings)
    _note_transitions(activity, names, findings)
    _note_growth(activity, names, findings)
    _note_parameters(result, findings)
    _note_memory(result.basis, findings)
    _note_steps(result, hierarchy, findings)
    record = [entry for entry, _ in result.used if entry.role == "record"]
    approaches = sorted({entry.method.methodology.approach for entry in record if "sink" in entry.accounts_for})
    if len(approaches) > 1:
        labels = [messages()[f"compare.{approach}"] for approach in approaches]
        findings.add("checks.approaches_mixed", "warning", ALL, approaches=labels)
    for entry in result.without_land:
        values = {"method": entry.method.id, "ecosystems": _lands(entry.ecosystems)}
        findings.add("checks.no_land", "warning", entry.method.id, **values)
    _note_two_ways(record, findings)
    _note_not_estimated(result, findings)
    _note_history(result, activity, findings)
    _note_years(result, names, findings)
    if adjusted is not None and len(adjusted):
        _note_adjusted(adjusted, hierarchy, findings)
        findings.add("checks.adjusted_used" if used else "checks.map_used", "warning" if used else "note", ALL)
    elif (activity.changes["source"] == LAND_COVER).any():
        findings.add("checks.map_area", "note", ALL)


def _lands(ids: Iterable[str]) -> list[Text]:
    return [ecosystems()[id].label for id in ids]


def _note_not_estimated(result: Account, findings: Findings) -> None:
    missing: dict[tuple[str, str, str], list[str]] = {}
    for method, ecosystem, stratum, pool in result.not_estimated:
        missing.setdefault((method, ecosystem, pool), []).append(stratum)
    for (method, ecosystem, pool), strata in missing.items():
        values = {"pool": pools()[pool].label, "method": method, "strata": strata}
        findings.add("checks.not_estimated", "note", ecosystem, **values)


def _note_history(result: Account, activity: Activity, findings: Findings) -> None:
    """Methodologies whose land changes for longer than land use is known before the account begins."""
    if activity.changes.empty:
        return
    since, first = known_dates(activity.changes)[0], str(activity.changes["date_from"].min())
    for entry, rows in result.used:
        table = entry.method.table.frame.iloc[rows]
        needed = table.loc[table["unit"] == "yr", "value"].max()
        if entry.role == "record" and entry.method.methodology.carried and int(first) - int(since) < needed:
            values = {"since": since, "first": first, "needed": f"{needed:g}"}
            findings.add("checks.short_history", "warning", entry.method.id, **values)


def _note_years(result: Account, names: Mapping[str, str], findings: Findings) -> None:
    """Calendar years without figures: of regions that lack some or all of a period, and of maps between their dates."""
    by_region = result.missing_years.groupby(["methodology", "period", "region_code"], sort=True)
    lacking: dict[tuple[str, str, tuple[str, ...], bool], list[str]] = {}
    for names_of_rows, rows in by_region:
        method, period, code = (str(name) for name in cast(tuple[str, str, str], names_of_rows))
        key = (method, period, tuple(rows["year"]), not rows["known"].any())
        lacking.setdefault(key, []).append(names[code])
    for (method, period, years, every), regions in lacking.items():
        values = {"period": period, "years": list(years), "regions": regions}
        if every:
            findings.add("checks.flow_period_missing", "failed", method, **values)
        else:
            findings.add("checks.flow_years_missing", "warning", method, **values)
    for method, between in result.years_between.items():
        findings.add("checks.flow_years_between", "note", method, years=list(between))


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
                str(region["code"]),
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
        code = str(row["region_code"])
        findings.add("checks.adjusted_area", status, where, code, date=row["period"], **values, **accuracies)


def _note_parameters(result: Account, findings: Findings) -> None:
    """Parameters without an interval, those that nobody has read in their document, and intervals by rule."""
    by_rule: dict[str, set[tuple[str, str, int]]] = {}
    for entry, rows in result.used:
        used = entry.method.table.frame.iloc[rows]
        fixed = int((used["interval"] == "").sum())
        unverified = int(used["unverified"].sum())
        if fixed:
            findings.add("checks.no_interval", "note", entry.method.id, count=fixed, all=len(used))
        if unverified:
            findings.add("checks.unverified", "warning", entry.method.id, count=unverified, all=len(used))
        for row in (entry.method.table.rows[number] for number in rows):
            if row.nominal:
                by_rule.setdefault(row.nominal, set()).add((entry.method.id, row.origin, row.line))
        for stratum, (own, known) in entry.method.table.strangers().items():
            findings.add("checks.strangers", "note", entry.method.id, stratum=stratum, own=own, known=known)
    for kind, given in by_rule.items():
        rule = nominal_errors()[kind]
        values = {"kind": rule.label, "percent": f"{rule.percent:g}", "count": len(given)}
        values |= {"methods": sorted({method for method, _, _ in given}), "source": f"{rule.source}, {rule.locator}"}
        findings.add("checks.nominal_error", "warning", ALL, **values)
    _note_alike(result, findings)


def _note_memory(basis: pd.DataFrame, findings: Findings) -> None:
    """Headlines that rest on numbers nobody has looked up, the worst region of each quantity."""
    whole = basis[(basis["ecosystem"] == ALL) & (basis["memory"] > MOST_FROM_MEMORY)]
    for quantity, rows in whole.groupby("quantity", sort=False):
        worst = rows.sort_values("memory", kind="stable").iloc[-1]
        values = {"quantity": quantities()[str(quantity)].label, "period": worst["period"]}
        values |= {"share": f"{worst['memory']:.1%}", "most": f"{MOST_FROM_MEMORY:.0%}"}
        regions = rows["region_code"].nunique()
        findings.add("checks.rests_on_memory", "warning", str(worst["region_name"]), count=regions, **values)


def _note_alike(result: Account, findings: Findings) -> None:
    """Rows that agree in source, value and interval but name no place in it: they may be copies of one estimate."""
    alike: dict[tuple[str, float, float, float, str], dict[str, str]] = {}
    for entry, rows in result.used:
        for row in (entry.method.table.rows[number] for number in rows):
            if row.interval and not row.same_as and not is_specific(row.locator):
                place = f"{row.origin}:{row.line}"
                alike.setdefault((row.source, row.value, row.low, row.high, row.unit), {})[place] = row.locator
    for (source, value, _, _, unit), places in alike.items():
        if len(places) > 1:
            values = {"rows": list(places), "value": f"{value:g} {unit}", "locators": sorted(set(places.values()))}
            findings.add("checks.alike_estimates", "note", source, count=len(places), **values)


def _note_two_ways(record: Sequence[Entry], findings: Findings) -> None:
    """Pools whose stock and whose sink come from different methodologies."""
    for stock in record:
        for sink in record:
            if stock.accounts_for == ("stock",) and "sink" in sink.accounts_for and "stock" not in sink.accounts_for:
                both = sorted(set(stock.ecosystems) & set(sink.ecosystems))
                if both and same_carbon(stock.pools, sink.pools):
                    values = {"stock": stock.method.id, "sink": sink.method.id}
                    findings.add("checks.stock_and_sink", "note", ", ".join(both), **values)


def _note_coverage(table: pd.DataFrame, names: Mapping[str, str], least: float, findings: Findings) -> None:
    sums = table[(table["stratum"] == ALL) & (table["coverage"] < least)]
    areas = sums[(sums["quantity"] == "area") & (sums["ecosystem"] == ALL)]
    for code, date, share in zip(areas["region_code"], areas["period"], areas["coverage"], strict=True):
        values = {"date": date, "share": f"{share:.2%}", "least": f"{least:.0%}"}
        findings.add("checks.coverage", "failed", names[code], code, **values)
    carbon = sums[sums["quantity"].isin(["carbon_stock", "net_removals"])]
    carbon = carbon[(carbon["ecosystem"] != ALL) & (carbon["pool"] != ALL)]
    for (ecosystem, pool), thin in carbon.groupby(["ecosystem", "pool"], sort=False):
        worst = thin.sort_values("coverage").iloc[0]
        share, count = f"{worst['coverage']:.2%}", thin["region_code"].nunique()
        values = {"pool": pools()[str(pool)].label, "date": worst["period"], "share": share, "count": count}
        where = f"{names[worst['region_code']]} {ecosystem}"
        findings.add("checks.coverage_pool", "warning", where, **values)


_KNOWN_ONCE = {"newly_known": "checks.newly_known", "no_longer_known": "checks.no_longer_known"}


def _note_known_once(table: pd.DataFrame, hierarchy: Hierarchy, findings: Findings) -> None:
    """Carbon that is known at one end of a period only, in the coarsest regions: it is in no change."""
    coarsest = hierarchy.regions["level"].iloc[0]
    sums = whole_of(table)
    sums = sums[sums["quantity"].isin(list(_KNOWN_ONCE)) & (sums["level"] == coarsest)]
    for _, row in sums[sums["area_ha"] > 0].iterrows():
        values = {"period": row["period"], "area": f"{row['area_ha']:,.0f}", "stock": f"{row['value']:,.0f}"}
        findings.add(_KNOWN_ONCE[row["quantity"]], "note", row["region_name"], str(row["region_code"]), **values)


def _note_left(result: Account, findings: Findings) -> None:
    """Land that became what the account has no parameters for: its carbon is neither kept nor lost."""
    if result.left_land.empty:
        return
    keys = ["period", "ecosystem", "became"]
    # Pools share their hectares; what several methodologies say of one pool is the same land too.
    land = result.left_land.groupby(keys, sort=True)["area_ha"].max()
    stock = result.left_land.groupby(keys, sort=True)["stock"].sum()
    for period, ecosystem, became in land.index:
        before, after = _lands((ecosystem, became))
        place = (period, ecosystem, became)
        values = {"period": period, "area": f"{land[place]:,.0f}", "stock": f"{stock[place]:,.0f}"}
        # Land of the same ecosystem has a methodology; what it lacks is an input, or a row of a table.
        id = "checks.land_unmeasured" if after == before else "checks.land_left"
        findings.add(id, "warning", ecosystem, before=before, after=after, **values)


def _note_partial_intervals(table: pd.DataFrame, hierarchy: Hierarchy, least: float, findings: Findings) -> None:
    """Totals of the coarsest regions that have no interval because too little of them has a stated uncertainty."""
    coarsest = hierarchy.regions["level"].iloc[0]
    sums = whole_of(table)
    sums = sums[sums["quantity"].isin(["carbon_stock", "net_removals"]) & (sums["level"] == coarsest)]
    for _, row in sums[sums["uncertain_share"] < least].iterrows():
        values: dict[str, object] = {
            "period": row["period"],
            "share": f"{row['uncertain_share']:.1%}",
            "least": f"{least:.0%}",
        }
        quantity = quantities()[row["quantity"]].label
        findings.add(
            "checks.interval_partial",
            "warning",
            row["region_name"],
            str(row["region_code"]),
            quantity=quantity,
            **values,
        )


def _note_cells(activity: Activity, names: Mapping[str, str], least: int, findings: Findings) -> None:
    for code, cells in zip(activity.units["region_code"], activity.units["cells"], strict=True):
        if 0 < cells < least:
            findings.add("checks.cells", "failed", names.get(code, code), code, cells=int(cells), least=least)


def _note_growth(activity: Activity, names: Mapping[str, str], findings: Findings) -> None:
    limit, areas = bounds("check")["growing_stock_per_year"], activity.units.set_index("region_code")["area_ha"]
    for row in implausible_growth(activity).to_dict("records"):
        code, area = str(row["region_code"]), float(row["area_ha"])
        if area > _IMPLAUSIBLE_SHARE * float(areas.get(code, 0.0)):
            values = {"period": row["period"], "area": f"{area:,.0f}", "growth": f"{row['growth']:,.3g}"}
            values |= {"expected": str(limit), "reason": limit.reason}
            findings.add("checks.implausible_growth", "warning", names.get(code, code), code, **values)


def _note_transitions(activity: Activity, names: Mapping[str, str], findings: Findings) -> None:
    changes = activity.changes
    changes = changes[(changes["ecosystem_from"] != NODATA) & (changes["ecosystem_to"] != NODATA)]
    keys = ["source", "region_code", "date_from", "date_to"]
    whole = changes.groupby(keys)["area_ha"].sum()
    for before, after in _IMPLAUSIBLE:
        pair = changes[(changes["ecosystem_from"] == before) & (changes["ecosystem_to"] == after)]
        area = pair.groupby(keys)["area_ha"].sum()
        for key in area.index[area > _IMPLAUSIBLE_SHARE * whole.reindex(area.index)]:
            _, code, first, last = key
            turned = dict(zip(("before", "after"), _lands((before, after)), strict=True))
            values = {"period": f"{first}-{last}", "area": f"{area[key]:,.0f}"}
            findings.add("checks.implausible", "warning", names.get(code, code), code, **turned, **values)
