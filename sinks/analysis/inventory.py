"""A league's inventory: land remaining and land converted, the provincial guide's layout, and memo items.

The first three tables come from the same emissions by transition, so that each of them sums to the account with its
sign turned.  What the split cannot place - sources without transitions - has a row of its own.  Land whose carbon is
not known at both dates has its area and no figure.

Land stays in its conversion category for ``conversion_years`` (twenty by default: ipcc_2006_v4, ch. 2, section 2.3.1.1,
p. 2.13): *converted* is land that changed its category in the period, or less than that before it began.  A change
happens at the start of the interval between two dates in which it is seen, as in ``soil_transition``.  Where land use
is known for fewer years, what changed earlier counts as remaining, and the tables say so.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.account import AccountInputs
from sinks.account.amounts import steps_of, years_of
from sinks.account.entries import Entry, EntryRows
from sinks.account.other_gases import other_gases
from sinks.activity import known_dates, land_at
from sinks.analysis.seea import carbon_account, extent_account
from sinks.assessment.answer import Answer, Origin
from sinks.assessment.errors import AssessmentError
from sinks.assessment.words import word
from sinks.errors import Problem
from sinks.planning.land import can_be_split, counts_for_sink, row_removals
from sinks.text import message
from sinks.units import factor
from sinks.vocabulary import ALL, pools

UNIT = "Gg CO2"

GROUPS = ("biomass", "dead_organic_matter", "soil", "products", "ecosystem")
"""Columns of the table: groups of pools; ``ecosystem`` is what a methodology does not separate into pools."""

REMAINING, CONVERTED, NOT_SPLIT = "remaining", "converted", "not_split"
"""Land that stayed in its category, land that came to it, and emissions that no transition can be named for."""

PRODUCTS = "harvested_wood_products"
_PRODUCTS_CODES = {"ipcc_2006": "3D1", "crf": "4.G"}
_MARKS = {REMAINING: ("a", ".1"), CONVERTED: ("b", ".2"), NOT_SPLIT: ("", "")}

CRF_COLUMNS = (
    *("region_code", "region_name", "period", "category", "subcategory", "ipcc_2006", "crf", "area_ha"),
    *(*(group for group in GROUPS if group != "products"), "total", "unit"),
)
PROVINCIAL_COLUMNS = ("region_code", "region_name", "period", "item", "co2", "notation", "unit")
MEMO_COLUMNS = ("region_code", "region_name", "item", "detail", "period", "value", "unit", "methodology")

_EMISSION = ("region_code", "ecosystem_from", "ecosystem_to", "converted", "pool", "emission")
_PROVINCIAL_UNIT = "10^4 t CO2"
_WOODED = ("forest", "shrub")
_PERMAFROST = "permafrost"
"""Name of the stratum whose classes are reported as area; classes called as in
:data:`_NO_PERMAFROST` are land without it."""
_NO_PERMAFROST = ("", "-", "none", "no_frost", "no_permafrost")


@dataclass(frozen=True, repr=False)
class Inventory(Answer):
    """The tables of one period.

    Attributes
    ----------
    crf : DataFrame
        :data:`CRF_COLUMNS`, emissions positive [Gg CO2/yr]; category ``all`` is the sum of a region.
    provincial : DataFrame
        :data:`PROVINCIAL_COLUMNS`; ``notation`` is NE (not estimated) or IE (included elsewhere) where there is no
        figure.
    memo : DataFrame
        :data:`MEMO_COLUMNS`: methane, nitrous oxide, wood products, permafrost; never added to the tables.
    notes : tuple of Problem
    seea_extent, seea_carbon : DataFrame
        Ecosystem accounts of the period, see :mod:`sinks.analysis.seea`.
    """

    crf: pd.DataFrame
    provincial: pd.DataFrame
    memo: pd.DataFrame
    notes: tuple[Problem, ...]
    seea_extent: pd.DataFrame
    seea_carbon: pd.DataFrame

    WORKBOOK = "inventory"

    def data(self) -> dict[str, pd.DataFrame]:
        return {
            "inventory_crf": self.crf,
            "inventory_provincial": self.provincial,
            "inventory_memo": self.memo,
            "seea_extent": self.seea_extent,
            "seea_carbon": self.seea_carbon,
        }

    def glance(self) -> list[pd.DataFrame]:
        """Sums of the regions, without the codes of categories."""
        sums = self.crf[self.crf["category"] == ALL].drop(columns=["category", "subcategory", "ipcc_2006", "crf"])
        return [self._of(sums, Origin.inner)]

    def remarks(self) -> list[str]:
        signs = [word("note.sign"), word("note.blank")]
        return [
            *signs,
            *(message(note.id, **note.values) for note in self.notes),
            *self._left_out(self.crf, Origin.inner),
        ]


@cache
def categories() -> dict[str, dict[str, str]]:
    """The inventory category of every ecosystem, with its codes, names and years of conversion."""
    text = files("sinks.analysis").joinpath("inventory.csv").read_text(encoding="utf-8-sig")
    return {row["ecosystem"]: row for row in csv.DictReader(text.splitlines())}


def inventory(
    basis: AccountInputs, entries: Sequence[Entry], account: pd.DataFrame, period: str | None = None
) -> Inventory:
    """Make the inventory of a period.

    Parameters
    ----------
    basis : AccountInputs
        Activity and regions of the run.
    entries : sequence of Entry
        The run's; only those of record count.
    account : DataFrame
        The run's account, which the tables are held against.
    period : str, optional
        By default the account's last; of those that end alike, the shortest.

    Raises
    ------
    AssessmentError
        The account has no net removals for the period.
    """
    found = account.loc[account["quantity"] == "net_removals", "period"].unique()
    periods = sorted((one for one in found if "-" in one), key=lambda one: (one[-4:], one))
    chosen = period or (periods[-1] if periods else "")
    if chosen not in periods:
        values = {"quantity": "net_removals", "period": chosen, "found": periods}
        raise AssessmentError(Problem("assessment.no_leaves", "account", values))
    emissions = _emissions(basis, entries, account, chosen)
    areas = _areas(basis, chosen)
    crf = _crf(emissions, areas, basis.hierarchy.regions, chosen)
    provincial = _provincial(emissions, basis.hierarchy.regions, chosen)
    memo, notes = _memo(basis, entries, emissions, chosen), _history_notes(basis, chosen)
    ecosystem = extent_account(basis, chosen), carbon_account(account, chosen)
    return Inventory(crf, provincial, memo, notes, *ecosystem)


def _history_notes(basis: AccountInputs, period: str) -> tuple[Problem, ...]:
    """What the tables cannot know of conversions before the first land cover."""
    first = period.split("-")[0]
    since = min([first, *known_dates(basis.activity.changes)])
    needed = max(int(row["conversion_years"]) for row in categories().values())
    if int(first) - int(since) >= needed:
        return ()
    return (Problem("assessment.inventory_history", "inventory", {"since": since, "first": first, "needed": needed}),)


def _emissions(basis: AccountInputs, entries: Sequence[Entry], account: pd.DataFrame, period: str) -> pd.DataFrame:
    """Emissions [t CO2/yr] by region, ecosystem before and after, conversion and pool.

    Ecosystems are empty where they are not known.
    """
    parts = []
    # Conversions are known by what all methodologies together know of the land at both dates.
    land = {id(rows.entry): rows for rows in basis.entry_rows([one for one in entries if one.role == "record"])}
    for entry in (one for one in entries if counts_for_sink(one)):
        posted = _posted(account, entry, period)
        if can_be_split(entry, basis.activity) and id(entry) in land:
            split = _split(basis, land[id(entry)], period)
            parts.append(split)
            placed = split.groupby(["region_code", "pool"])["emission"].sum()
            whole = posted.groupby(["region_code", "pool"])["emission"].sum()
            rest = whole.sub(placed, fill_value=0.0).rename("emission").reset_index()
            # Of pools that are totals of rows, transitions tell no part.
            scale = posted["emission"].abs().sum()
            rest = rest[rest["emission"].abs() > 1e-9 * scale]
            parts.append(rest.assign(ecosystem_from="", ecosystem_to="", converted=False))
        else:
            placeless = posted.rename(columns={"ecosystem": "ecosystem_to"})
            parts.append(placeless.assign(ecosystem_from="", converted=False))
    return pd.concat(parts, ignore_index=True)[list(_EMISSION)] if parts else pd.DataFrame(columns=list(_EMISSION))


def _posted(account: pd.DataFrame, entry: Entry, period: str) -> pd.DataFrame:
    """What the account posted for an entry: ``region_code, ecosystem, pool, emission``."""
    rows = account[(account["quantity"] == "net_removals") & (account["period"] == period)]
    rows = rows[(rows["stratum"] != ALL) & (rows["methodology"] == entry.method.id)]
    rows = rows[rows["ecosystem"].isin(entry.ecosystems) & rows["pool"].isin(entry.pools)]
    return rows[["region_code", "ecosystem", "pool"]].assign(emission=-rows["value"])


def _split(basis: AccountInputs, land: EntryRows, period: str) -> pd.DataFrame:
    """Emissions of an entry by transition, for every region; land that is not known at both dates stays out.

    A longer period is the mean of those between its dates, in each of which land is of the category that it then has.
    """
    parts = [pd.DataFrame(columns=list(_EMISSION))]
    for step in steps_of(basis.dates, period):
        part = _split_step(basis, land, step)
        parts.append(part.assign(emission=part["emission"] * years_of(step) / years_of(period)))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def _split_step(basis: AccountInputs, land: EntryRows, period: str) -> pd.DataFrame:
    """The same between consecutive dates."""
    found, hierarchy = row_removals(basis.activity, land, period), basis.hierarchy
    known = categories()
    seen = (found.rows["ecosystem_from"].isin(known) & found.rows["ecosystem_to"].isin(known)).to_numpy(bool)
    units, rows = hierarchy.numbers(found.rows["region_code"]), found.rows.assign(converted=_converted(found.rows))
    parts = []
    for pool, removals in found.pools.items():
        keys = ["ecosystem_from", "ecosystem_to", "converted"]
        for key, places in rows[seen & found.estimated[pool]].groupby(keys, sort=True).groups.items():
            (before, after, converted), at = cast(tuple[str, str, bool], key), places.to_numpy()
            total = np.zeros(len(hierarchy.units))
            # The one place where a gain of carbon becomes a negative emission of land.
            np.add.at(total, units[at], -removals[at, 0])
            part = pd.DataFrame({"region_code": hierarchy.regions["code"], "emission": hierarchy.total(total)})
            parts.append(part.assign(ecosystem_from=before, ecosystem_to=after, converted=converted, pool=pool))
    return pd.concat(parts, ignore_index=True)[list(_EMISSION)] if parts else pd.DataFrame(columns=list(_EMISSION))


def _areas(basis: AccountInputs, period: str) -> pd.DataFrame:
    """Area at the end of the period by region, category and subcategory [ha]."""
    first, last = period.split("-")
    rows, hierarchy = basis.activity.changes, basis.hierarchy
    source = rows["ecosystem_to"].map(dict(basis.area_source))
    rows = rows[(rows["date_from"] == first) & (rows["date_to"] == last) & (rows["source"] == source)]
    rows = rows[rows["ecosystem_from"].isin(categories()) & rows["ecosystem_to"].isin(categories())]
    marked = _categorised(rows.assign(converted=_converted(rows)))
    parts = []
    for key, group in marked.groupby(["category", "subcategory"], sort=True):
        category, subcategory = cast(tuple[str, str], key)
        total = np.zeros(len(hierarchy.units))
        np.add.at(total, hierarchy.numbers(group["region_code"]), group["area_ha"].to_numpy(np.float64))
        part = pd.DataFrame({"region_code": hierarchy.regions["code"], "area_ha": hierarchy.total(total)})
        parts.append(part.assign(category=category, subcategory=subcategory))
    columns = ["region_code", "category", "subcategory", "area_ha"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _converted(rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Land of transitions over one period that belongs to a conversion category in it."""
    of = {name: row["category"] for name, row in categories().items()}
    years = {row["category"]: int(row["conversion_years"]) for row in categories().values()}
    category, seen = np.full(len(rows), "", object), np.zeros(len(rows))
    changed = np.full(len(rows), -np.inf)
    for date in known_dates(rows):
        now = np.array([of.get(str(name), "") for name in land_at(rows, "ecosystem", date)], object)
        known = now != ""
        moved = known & (category != "") & (now != category)
        changed[moved] = seen[moved]
        category, seen = np.where(known, now, category), np.where(known, float(date[:4]), seen)
    started = rows["date_from"].astype(str).str[:4].to_numpy(np.float64)
    stays = np.array([years.get(name, 0) for name in category], np.float64)
    converted: NDArray[np.bool_] = started - changed < stays
    return converted


def _categorised(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with the inventory category of the land as it is now, and whether it is converted to it."""
    of = {name: row["category"] for name, row in categories().items()}
    before, after = rows["ecosystem_from"].map(of), rows["ecosystem_to"].map(of)
    kind = np.where(before.isna() | after.isna(), NOT_SPLIT, np.where(rows["converted"], CONVERTED, REMAINING))
    return rows.assign(category=after.fillna(""), subcategory=kind)


def _crf(emissions: pd.DataFrame, areas: pd.DataFrame, regions: pd.DataFrame, period: str) -> pd.DataFrame:
    rows = _categorised(emissions)
    products = rows["pool"].map({name: pool.group for name, pool in pools().items()}) == "products"
    rows.loc[products, ["category", "subcategory"]] = [PRODUCTS, NOT_SPLIT]
    rows["group"] = rows["pool"].map({name: pool.group for name, pool in pools().items()})
    rows["emission"] = rows["emission"] * factor("t CO2", UNIT)
    keys = ["region_code", "category", "subcategory"]
    table = _grouped(rows, keys).merge(areas, on=keys, how="outer")
    table = table[(table["area_ha"].fillna(0) > 0) | table["total"].notna()]
    sums = _grouped(rows.assign(category=ALL, subcategory=""), keys)
    land = areas.groupby("region_code")["area_ha"].sum()
    sums = sums.assign(area_ha=sums["region_code"].map(land))
    table = pd.concat([table, sums], ignore_index=True)
    codes = {row["category"]: row for row in categories().values()}
    codes |= {PRODUCTS: _PRODUCTS_CODES, ALL: {"ipcc_2006": "3B", "crf": "4"}, "": {"ipcc_2006": "", "crf": ""}}
    for place, name in enumerate(("ipcc_2006", "crf")):
        ends = table["subcategory"].map({kind: marks[place] for kind, marks in _MARKS.items()}).fillna("")
        table[name] = table["category"].map({category: code[name] for category, code in codes.items()}) + ends
    table = _in_order(table, regions, list(codes))
    return table.assign(period=period, unit=f"{UNIT}/yr")[list(CRF_COLUMNS)].reset_index(drop=True)


def _grouped(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    # With min_count a group without any estimate sums to NaN and not to zero.
    sums = rows.groupby([*keys, "group"])["emission"].sum(min_count=1).unstack("group")
    columns = [group for group in GROUPS if group != "products"]
    total = sums.sum(axis=1, min_count=1)
    return sums.reindex(columns=columns).assign(total=total).reset_index()


def _in_order(table: pd.DataFrame, regions: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Regions as in the account, categories as in the guidelines; with the regions' names."""
    table = table.assign(region_name=table["region_code"].map(dict(zip(regions["code"], regions["name"], strict=True))))
    place = {code: number for number, code in enumerate(regions["code"])}
    rank = {name: number for number, name in enumerate(order)}
    kinds = {name: number for number, name in enumerate(_MARKS)}
    keys = table["region_code"].map(place), table["category"].map(rank), table["subcategory"].map(kinds).fillna(-1)
    return table.iloc[np.lexsort([key.to_numpy(np.float64) for key in reversed(keys)])]


@cache
def provincial_items() -> tuple[dict[str, str], ...]:
    """Rows of the provincial guide's table: item, and the notation where it has no figure."""
    text = files("sinks.analysis").joinpath("provincial.csv").read_text(encoding="utf-8-sig")
    return tuple(csv.DictReader(text.splitlines()))


def _provincial(emissions: pd.DataFrame, regions: pd.DataFrame, period: str) -> pd.DataFrame:
    """The guide's items in its order; they and what lies outside the guide sum to the account."""
    place = _provincial_item(emissions)
    sums = emissions.assign(item=place).groupby(["region_code", "item"])["emission"].sum()
    sums *= factor("t CO2", _PROVINCIAL_UNIT)
    rows = []
    for code, name in zip(regions["code"], regions["name"], strict=True):
        own = {str(item): float(value) for item, value in sums.loc[[code]].droplevel(0).items()} if code in sums else {}
        guide = [value for item, value in own.items() if item != "outside_guide"]
        whole = {"guide_total": sum(guide), "land_total": sum(own.values())} if own else {}
        for item in provincial_items():
            value = {**own, **whole}.get(item["item"], np.nan)
            notation = "" if np.isfinite(value) else item["notation"] or "NE"
            rows.append((code, name, period, item["item"], value, notation, f"{_PROVINCIAL_UNIT}/yr"))
    return pd.DataFrame(rows, columns=list(PROVINCIAL_COLUMNS))


def _provincial_item(emissions: pd.DataFrame) -> NDArray[np.object_]:
    """The item of the guide that each emission belongs to: biomass of woody plants, or outside the guide."""
    biomass = emissions["pool"].map({name: pool.group for name, pool in pools().items()}) == "biomass"
    before, after = emissions["ecosystem_from"], emissions["ecosystem_to"]
    cleared = biomass & before.isin(_WOODED) & ~after.isin(_WOODED) & (after != "")
    found = np.full(len(emissions), "outside_guide", dtype=object)
    found[(biomass & (after == "forest")).to_numpy()] = "arbor_forest"
    found[(biomass & (after == "shrub")).to_numpy()] = "shrub_land"
    found[cleared.to_numpy()] = "forest_conversion"
    return found


def _memo(basis: AccountInputs, entries: Sequence[Entry], emissions: pd.DataFrame, period: str) -> pd.DataFrame:
    """Gases of the period's last date, wood products, and permafrost where a layer gives it."""
    last, regions = period.split("-")[1], basis.hierarchy.regions
    names = dict(zip(regions["code"], regions["name"], strict=True))
    found = other_gases(basis.activity, [one for one in entries if one.role == "record"], basis.hierarchy, [last])
    parts = [
        found[found["gas"].isin(["ch4", "n2o"])].rename(
            columns={"gas": "item", "ecosystem": "detail", "date": "period"}
        )
    ]
    products = emissions[emissions["pool"] == PRODUCTS].groupby("region_code")["emission"].sum()
    parts.append(
        pd.DataFrame({"region_code": products.index, "value": products.to_numpy()}).assign(
            item="hwp", detail="", period=period, unit="t CO2/yr", methodology=""
        )
    )
    parts.append(_permafrost(basis, last))
    memo = pd.concat([part for part in parts if len(part)] or [pd.DataFrame(columns=list(MEMO_COLUMNS))])
    return memo.assign(region_name=memo["region_code"].map(names))[list(MEMO_COLUMNS)].reset_index(drop=True)


def _permafrost(basis: AccountInputs, date: str) -> pd.DataFrame:
    states, hierarchy = basis.activity.states, basis.hierarchy
    if _PERMAFROST not in states.columns:
        return pd.DataFrame(columns=list(MEMO_COLUMNS))
    source = states["ecosystem"].map(dict(basis.area_source))
    rows = states[(states["date"] == date) & (states["source"] == source) & ~states[_PERMAFROST].isin(_NO_PERMAFROST)]
    parts = []
    for zone, group in rows.groupby(_PERMAFROST, sort=True):
        total = np.zeros(len(hierarchy.units))
        np.add.at(total, hierarchy.numbers(group["region_code"]), group["area_ha"].to_numpy(np.float64))
        part = pd.DataFrame({"region_code": hierarchy.regions["code"], "value": hierarchy.total(total)})
        parts.append(part.assign(item="permafrost_area", detail=str(zone), period=date, unit="ha", methodology=""))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(MEMO_COLUMNS))
