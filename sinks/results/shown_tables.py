"""Pure pivots of the account and the activity, shared by workbook, report, map and notebook.

Every function takes tidy tables and returns a new table in base units (ha, t C, t CO2/yr) with identifiers as labels;
:func:`in_ten_thousands` scales and :func:`sinks.output.term` names them.  Nothing is summed that the account already
sums: totals are read from the rows marked ``all``, so a printed total can never differ from the account.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from math import isfinite
from typing import Any

import pandas as pd

from sinks.account.totals import COLUMNS
from sinks.errors import AccountError, Problem, Problems
from sinks.results.labels import label, term
from sinks.results.region_names import english_names, region_name
from sinks.text import language
from sinks.vocabulary import ALL, NODATA, ecosystems, pools, quantities

SUMMARY_QUANTITIES = ("area", "carbon_stock", "net_removals")
"""What a summary shows; the change of stock is the same fact as the removals, in another unit."""

TEN_THOUSAND = 10_000
"""万, the unit prefix in which Chinese statistics print areas and tonnes."""

USER = "user"
"""Basis of a figure of one's own."""

_KEY = ["region_code", "ecosystem", "stratum", "pool", "quantity", "period"]
_STATISTICS = ("value", "low", "high", "coverage", "uncertain_share")
_SHARES = ("coverage", "uncertain_share")


def check_account(account: pd.DataFrame) -> None:
    """Refuse an account that the outputs could show only in part or in two ways.

    Raises
    ------
    AccountError
        A column is missing, a row stands twice, or an ecosystem, pool or quantity is not in the vocabulary.
    """
    missing = [name for name in COLUMNS if name not in account.columns]
    if missing:
        raise AccountError(Problem("output.missing_columns", "account", {"columns": missing}))
    problems = Problems()
    known = {
        "ecosystem": {*ecosystems(), ALL, NODATA},
        "pool": {*pools(), ALL},
        "quantity": {name for name, quantity in quantities().items() if quantity.kind == "account"},
    }
    for column, words in known.items():
        unknown = set(account[column].unique()) - words
        if unknown:
            problems.add("output.unknown_word", "account", column=column, words=unknown, known=words)
    twice = account.loc[account.duplicated(_KEY), _KEY]
    if len(twice):
        row = ", ".join(map(str, twice.iloc[0]))
        problems.add("output.duplicate_row", "account", count=len(twice), row=row)
    problems.raise_as(AccountError)


def summary_table(
    account: pd.DataFrame,
    level: str | None = None,
    period: str | Collection[str] | None = None,
    shown: Sequence[str] = SUMMARY_QUANTITIES,
) -> pd.DataFrame:
    """Area, stock and net removals of each region and ecosystem.

    Parameters
    ----------
    account : DataFrame
        The account.
    level : str, optional
        Only the regions of this level.
    period : str or collection of str, optional
        Only these periods, for example ``("2020", "2023", "2020-2023")``.
    shown : sequence of str
        Quantities of the account.

    Returns
    -------
    DataFrame
        Rows ``(region_code, ecosystem)``, regions as in the account, ecosystems as in the vocabulary, their total
        (``all``) last.  Columns ``(quantity, period, statistic)`` with the statistics ``value``, ``low``, ``high``
        [ha, t C, t CO2/yr], ``coverage`` and ``uncertain_share`` [1]; an interval, or a share of what is uncertain,
        that no row has is left out.  An absent row is NaN.
    """
    rows = account[(account["stratum"] == ALL) & (account["pool"] == ALL)]
    rows = rows[rows["quantity"].isin(shown)]
    if level is not None:
        rows = rows[rows["level"] == level]
    if period is not None:
        rows = rows[rows["period"].isin([period] if isinstance(period, str) else list(period))]
    ids = ["region_code", "ecosystem", "quantity", "period"]
    long = rows.melt(ids, list(_STATISTICS), var_name="statistic", value_name="number")
    wide = long.pivot(index=ids[:2], columns=[*ids[2:], "statistic"], values="number")
    regions = list(dict.fromkeys(rows["region_code"]))
    lands = ordered_ecosystems(rows["ecosystem"])
    index = [(code, land) for code in regions for land in lands if (code, land) in wide.index]
    columns = [
        (quantity, time, statistic)
        for quantity in shown
        for time in ordered_periods(rows["period"])
        for statistic in _STATISTICS
        if (quantity, time, statistic) in wide.columns and (quantity, statistic) != ("area", "uncertain_share")
    ]
    wide = wide.reindex(
        index=pd.MultiIndex.from_tuples(index, names=ids[:2]),
        columns=pd.MultiIndex.from_tuples(columns, names=[*ids[2:], "statistic"]),
    )
    empty = [c for c in wide.columns if c[2] in ("low", "high", "uncertain_share") and wide[c].isna().all()]
    return wide.drop(columns=empty)


def ecosystem_by_pool(
    account: pd.DataFrame, region: str, period: str, quantity: str = "carbon_stock", statistic: str = "value"
) -> pd.DataFrame:
    """One quantity of one region by ecosystem (rows) and pool (columns), totals (``all``) last.

    Parameters
    ----------
    account : DataFrame
        The account.
    region : str
        Region code.
    period : str
        For example ``"2020"`` for a stock, ``"2020-2023"`` for removals.
    quantity : str
        ``carbon_stock`` [t C], ``stock_change`` [t C] or ``net_removals`` [t CO2/yr].
    statistic : str
        ``value``, ``low`` or ``high``.

    Returns
    -------
    DataFrame
        Index ``ecosystem``, columns ``pool``; NaN where the account has no row.
    """
    rows = account[
        (account["region_code"] == region)
        & (account["period"] == period)
        & (account["quantity"] == quantity)
        & (account["stratum"] == ALL)
    ]
    wide = rows.pivot(index="ecosystem", columns="pool", values=statistic)
    order = [name for name in (*pools(), ALL) if name in wide.columns]
    return wide.reindex(index=ordered_ecosystems(rows["ecosystem"]), columns=order)


def strata_detail(account: pd.DataFrame, region: str) -> pd.DataFrame:
    """The rows of one region below ecosystem level, as they stand in the account."""
    rows = account[(account["region_code"] == region) & (account["stratum"] != ALL)]
    return rows.loc[:, [*_KEY[1:], "value", "low", "high", "unit", "methodology", *_SHARES]].reset_index(drop=True)


def transition_matrix(
    changes: pd.DataFrame,
    units: str | Collection[str],
    date_from: str,
    date_to: str,
    source: str | None = None,
) -> pd.DataFrame:
    """Area by ecosystem before (rows) and after (columns), with totals.

    Parameters
    ----------
    changes : DataFrame
        ``Activity.changes``.
    units : str or collection of str
        Code of one region unit, or of all the units of a coarser region (:func:`units_of`).
    date_from, date_to : str
        The pair of dates.
    source : str, optional
        Layer to use; needed where several describe the same land.

    Returns
    -------
    DataFrame
        [ha] Index ``ecosystem_from``, columns ``ecosystem_to``, both ending with ``all``.  A transition that does
        not occur is 0: unlike a missing figure it was observed not to happen.

    Raises
    ------
    AccountError
        Several sources and none chosen: adding them would count land twice.
    """
    wanted = [units] if isinstance(units, str) else list(units)
    rows = changes[
        changes["region_code"].isin(wanted) & (changes["date_from"] == date_from) & (changes["date_to"] == date_to)
    ]
    if source is None:
        sources = sorted(set(rows["source"]))
        if len(sources) > 1:
            where = f"{date_from}-{date_to}"
            raise AccountError(Problem("output.several_sources", where, {"sources": sources}))
    else:
        rows = rows[rows["source"] == source]
    matrix = rows.pivot_table(
        index="ecosystem_from", columns="ecosystem_to", values="area_ha", aggfunc="sum", fill_value=0.0
    )
    matrix = matrix.reindex(
        index=ordered_ecosystems(rows["ecosystem_from"]), columns=ordered_ecosystems(rows["ecosystem_to"])
    )
    matrix[ALL] = matrix.sum(axis=1)
    matrix.loc[ALL] = matrix.sum(axis=0)
    return matrix.rename_axis(index="ecosystem_from", columns="ecosystem_to").astype(float)


def transition_keys(changes: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Every ``(source, date_from, date_to)`` for which there is a matrix, in order."""
    return sorted(set(zip(changes["source"], changes["date_from"], changes["date_to"], strict=True)))


def activity_summary(states: pd.DataFrame) -> pd.DataFrame:
    """Area and mean inputs by source, region unit, date and ecosystem.

    Parameters
    ----------
    states : DataFrame
        ``Activity.states``.

    Returns
    -------
    DataFrame
        ``source, region_code, date, ecosystem, area_ha`` and, for every input, its mean over the area on which it
        was observed; NaN where it was observed nowhere.
    """
    keys = ["source", "region_code", "date", "ecosystem"]
    inputs = [name for name in states.columns if f"{name}_observed_ha" in states.columns]
    work = states[[*keys, "area_ha"]].copy()
    for name in inputs:
        observed = states[f"{name}_observed_ha"]
        work[name] = (states[name] * observed).where(observed > 0, 0.0)
        work[f"{name}_observed_ha"] = observed
    out = work.groupby(keys, sort=False).sum().reset_index()
    for name in inputs:
        observed = out.pop(f"{name}_observed_ha")
        out[name] = (out[name] / observed.where(observed > 0)).astype(float)
    rank = {name: place for place, name in enumerate((*ecosystems(), NODATA))}
    order = out["ecosystem"].map(rank).rename("rank")
    return (
        out.assign(rank=order)
        .sort_values([*keys[:3], "rank"], kind="stable")
        .drop(columns="rank")
        .reset_index(drop=True)
    )


def verification(row: Mapping[Any, Any]) -> str:
    """Whether a parameter row was verified: ``True`` (unverified), ``False``, or ``user`` for figures of one's own.

    Nobody can verify a user's own figure against a document of the library, so it is called neither.
    """
    return USER if row.get("basis") == USER else str(bool(row.get("unverified", True)))


def methodology_titles(record: Mapping[str, Any]) -> dict[str, str]:
    """Title of every methodology of a run in the present language, by id, as the run recorded it."""
    return {found["id"]: str(found["title"][language()]) for found in record.get("methodologies") or ()}


def methodology_names(ids: str, titles: Mapping[str, str]) -> str:
    """The methodologies of a row of the account in words; several are joined by ``+`` there."""
    return label("list.separator").join(titles.get(id, id) for id in ids.split("+"))


def shown_checks(
    checks: pd.DataFrame, titles: Mapping[str, str] | None = None, regions: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The checks as a reader sees them: ``check, status, where, region_code, detail`` in the present language.

    With ``titles`` (:func:`methodology_titles`) methodologies are called by their titles and not by their ids; with the
    frame of ``regions`` these have the English names that the project gives them.
    """
    shown = checks.drop(columns=["detail_zh", "detail_en"])
    own = {} if regions is None else dict(zip(regions["name"].astype(str), english_names(regions), strict=True))
    where = [_place(place, titles or {}, own) for place in checks["where"]]
    details = [_with_titles(detail, titles or {}) for detail in checks[f"detail_{language()}"]]
    return shown.assign(where=where, detail=details)


def _place(where: str, titles: Mapping[str, str], own: Mapping[str, str]) -> str:
    """Where a check looked, in words: ``all``, ecosystems and methodologies have names, regions are theirs."""
    if where == ALL:
        return label("checks.everywhere")
    return label("list.separator").join(_named(part, titles, own) for part in where.split(", "))


def _named(part: str, titles: Mapping[str, str], own: Mapping[str, str]) -> str:
    """A place, or a region and what was looked at in it: ``海南区 forest``."""
    # A name may have blanks of its own.
    region, between, last = ("", "", part) if part in own else part.rpartition(" ")
    last = titles.get(last) or term("ecosystem", region_name(last, own.get(last, "")))
    return f"{region_name(region, own.get(region, ''))}{between}{last}"


def _with_titles(detail: str, titles: Mapping[str, str]) -> str:
    """A sentence in which ids of methodologies, which are whole words, stand as titles."""
    if not titles:
        return detail
    ids = "|".join(map(re.escape, sorted(titles, key=len, reverse=True)))
    # In a Chinese sentence an id is set off by blanks, a Chinese title is not: the blanks go with the id.
    blank = " ?" if language() == "zh" else ""
    pattern = rf"{blank}(?<![A-Za-z0-9_])({ids})(?![A-Za-z0-9_]){blank}"
    return re.sub(pattern, lambda found: label("quoted", name=titles[found[1]]), detail)


def units_of(regions: pd.DataFrame, code: str) -> tuple[str, ...]:
    """Codes of the finest regions inside ``code`` (itself, when nothing is finer), in the order of ``regions``."""
    children: dict[str, list[str]] = {}
    for child, parent in zip(regions["code"], regions["parent"], strict=True):
        children.setdefault(parent, []).append(child)
    inside, open_codes = set(), [code]
    while open_codes:
        here = open_codes.pop()
        below = children.get(here, [])
        open_codes.extend(below)
        if not below:
            inside.add(here)
    return tuple(child for child in regions["code"] if child in inside)


def in_ten_thousands(table: pd.DataFrame) -> pd.DataFrame:
    """The table in 万 ha, 万 t C, 万 t CO2/yr; columns of shares stay as they are."""
    deepest = table.columns.get_level_values(-1)
    keep = table.columns[deepest.isin(_SHARES)]
    scaled = table / TEN_THOUSAND
    scaled[keep] = table[keep]
    return scaled


@dataclass(frozen=True)
class RoundedParts:
    """Parts and total as printed.

    Attributes
    ----------
    parts : tuple of Decimal or None
        Printed parts; None where the part is missing.
    total : Decimal or None
        Printed total, always the total itself rounded.
    adds_up : bool
        Whether the printed parts sum to the printed total; when not, a note under the table has to say so.
    """

    parts: tuple[Decimal | None, ...]
    total: Decimal | None
    adds_up: bool


def round_to_total(parts: Sequence[float], total: float, decimals: int = 2) -> RoundedParts:
    """Round parts so that they add up, as printed, to the printed total (largest remainder).

    The total is rounded half to even (GB/T 8170-2008); each part moves by less than one unit of the last place.  Where
    the unrounded parts do not sum to the total (a part is missing or not shown), nothing is forced: every number is
    rounded by itself and ``adds_up`` tells whether they happen to agree.

    Parameters
    ----------
    parts : sequence of float
        Parts in the unit of print, of either sign; NaN = missing.
    total : float
        Their total; NaN = missing.
    decimals : int
        Digits after the decimal point.

    Examples
    --------
    >>> [str(part) for part in round_to_total([0.335, 0.335, 0.33], 1.0).parts]
    ['0.34', '0.33', '0.33']
    """
    step = Decimal(1).scaleb(-decimals)
    present = [(place, Decimal(repr(float(part)))) for place, part in enumerate(parts) if isfinite(part)]
    alone = {place: _units(part, step, ROUND_HALF_EVEN) for place, part in present}
    if not isfinite(total):
        return RoundedParts(_printed(alone, len(parts), step), None, False)
    whole = _units(Decimal(repr(float(total))), step, ROUND_HALF_EVEN)
    gap = abs(sum((part for _, part in present), Decimal(0)) - Decimal(repr(float(total))))
    # Sums of floats differ from the exact sum of their parts in the last digits; that does not mean a part is missing.
    same = gap <= max(step * Decimal("1e-6"), abs(Decimal(repr(float(total)))) * Decimal("1e-9"))
    if same:
        alone = _largest_remainder(present, alone, whole, step)
    adds_up = sum(alone.values()) == whole
    return RoundedParts(_printed(alone, len(parts), step), whole * step, adds_up)


def _largest_remainder(
    present: list[tuple[int, Decimal]], alone: dict[int, int], whole: int, step: Decimal
) -> dict[int, int]:
    floors = {place: _units(part, step, ROUND_FLOOR) for place, part in present}
    owed = whole - sum(floors.values())
    if not 0 <= owed <= len(present):
        return alone
    by_remainder = sorted(present, key=lambda item: (floors[item[0]] * step - item[1], item[0]))
    for place, _ in by_remainder[:owed]:
        floors[place] += 1
    return floors


def _units(number: Decimal, step: Decimal, rounding: str) -> int:
    return int((number / step).to_integral_value(rounding))


def _printed(units: dict[int, int], count: int, step: Decimal) -> tuple[Decimal | None, ...]:
    return tuple(units[place] * step if place in units else None for place in range(count))


def ordered_ecosystems(found: Collection[str]) -> list[str]:
    """The ecosystems of ``found`` in the order of the vocabulary, land not observed and the total last."""
    there = set(found)
    return [name for name in (*ecosystems(), NODATA, ALL) if name in there]


def ordered_periods(found: Collection[str]) -> list[str]:
    """The periods of ``found`` once each: dates first, then spans of dates."""
    return sorted(set(found), key=lambda period: ("-" in period, period))
