"""Activity x methodology -> account: carbon stock, its change and net removals.

The account is a tidy table (:data:`COLUMNS`) by region, ecosystem, stratum and pool; sums over strata, pools,
ecosystems and regions are rows of their own, because an interval of a sum is not the sum of intervals.  Everything is
computed leaf by leaf - one stratum of one ecosystem, all its pools, for all region units at once - so that draws never
need more memory than one leaf and the running sums.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.activity import Activity
from sinks.book import Amount, Book, Hierarchy, Posting, TotalKey, per_year
from sinks.errors import AccountError, Problems, SinksError
from sinks.methodology import Bound, Kind, Resolved
from sinks.steps import COLUMNS as STEP_COLUMNS
from sinks.steps import step_changes
from sinks.uncertainty import Draws, Floats
from sinks.units import CO2_PER_C
from sinks.vocabulary import ALL, NODATA, NOT_APPLICABLE

Measure = Literal["stock", "sink"]
Leaf = tuple[str, str, dict[str, NDArray[np.intp]]]
"""Ecosystem, stratum, and the places of its rows by date or period."""
Made = TypeVar("Made")

# Draws of one evaluation stay below this many numbers (32 MB): rows beyond it are evaluated in turn.
_DRAWS_AT_ONCE = 4_000_000

# More do not help: sums over draws are bound by memory, and each thread holds the draws of a leaf.
_THREADS = min(8, os.cpu_count() or 1)


@dataclass(frozen=True)
class Entry:
    """What one methodology accounts for in this project.

    Attributes
    ----------
    method : Bound
        A methodology with the parameters and choices of the project.
    ecosystems, pools : tuple of str
        What it accounts for.
    accounts_for : tuple of {"stock", "sink"}
    source : str
        Activity source that gives the areas.
    role : {"record", "comparison"}
    """

    method: Bound
    ecosystems: tuple[str, ...]
    pools: tuple[str, ...]
    accounts_for: tuple[Measure, ...]
    source: str
    role: Literal["record", "comparison"] = "record"


@dataclass(frozen=True)
class Account:
    """The account of record, and the other methodologies beside it.

    Attributes
    ----------
    table : DataFrame
        The account, columns :data:`COLUMNS`.
    comparison : DataFrame
        The same columns, for methodologies with the role ``comparison``; never to be added to the account.
    used : tuple of (Entry, array of int)
        For each entry the rows of its parameter table that were used.
    not_estimated : tuple of (str, str, str, str)
        Methodology, ecosystem, stratum and pool that it has no parameter for.
    steps : DataFrame
        Jumps of stock because a stratum crossed the border of a parameter's range: :func:`sinks.steps.step_changes`.
    without_land : tuple of Entry
        Entries whose ecosystems the regions do not have.
    """

    table: pd.DataFrame
    comparison: pd.DataFrame
    used: tuple[tuple[Entry, NDArray[np.int64]], ...] = ()
    not_estimated: tuple[tuple[str, str, str, str], ...] = ()
    steps: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(STEP_COLUMNS)))
    without_land: tuple[Entry, ...] = ()


def account(
    activity: Activity,
    entries: Sequence[Entry],
    hierarchy: Hierarchy,
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
    area_source: Mapping[str, str],
    draws: Draws | None = None,
) -> Account:
    """Make the account.

    Parameters
    ----------
    activity : Activity
    entries : sequence of Entry
        Those with the role ``record`` make the account, the others the comparison.
    hierarchy : Hierarchy
    dates : sequence of str
        Dates for states; ``periods`` pairs of them for changes.
    area_source : mapping
        The layer that each ecosystem's area is taken from.
    draws : Draws, optional
        Without it the account has no intervals.

    Returns
    -------
    Account
    """
    sheets = _sheets(entries, activity, hierarchy, dates, periods)
    observed = _observed_share(activity, hierarchy, dates, area_source)
    book = Book(hierarchy, observed, draws)
    _post_areas(book, activity, dates, area_source)
    for sheet in sheets:
        if sheet.entry.role == "record":
            _post(book, sheet, dates, periods)
    book.post_totals()
    beside = []
    for sheet in sheets:
        if sheet.entry.role == "comparison":
            other = Book(hierarchy, observed, draws)
            _post(other, sheet, dates, periods)
            other.post_totals()
            beside.append(other.table())
    comparison = pd.concat(beside, ignore_index=True) if beside else book.table().iloc[:0]
    used = tuple((sheet.entry, _used(sheet)) for sheet in sheets)
    landless = tuple(entry for entry in entries if all(sheet.entry is not entry for sheet in sheets))
    estimated = tuple(sorted(book.not_estimated))
    return Account(book.table(), comparison, used, estimated, _steps(sheets, periods), landless)


def _steps(sheets: Sequence[_Sheet], periods: Sequence[tuple[str, str]]) -> pd.DataFrame:
    found = [
        step_changes(sheet.entry.method, sheet.resolved, sheet.observed, sheet.entry.pools, periods)
        for sheet in sheets
        if sheet.entry.method.acts_on == "state"
    ]
    filled = [part for part in found if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(STEP_COLUMNS))


@dataclass(frozen=True)
class Basis:
    """What every account of a project is made from, whatever the methodologies.

    Parameters
    ----------
    activity, hierarchy, dates, periods, area_source
        See :func:`account`.
    """

    activity: Activity
    hierarchy: Hierarchy
    dates: tuple[str, ...]
    periods: tuple[tuple[str, str], ...]
    area_source: Mapping[str, str]

    def account(self, entries: Sequence[Entry], draws: Draws | None = None) -> Account:
        """See :func:`account`."""
        return account(self.activity, entries, self.hierarchy, self.dates, self.periods, self.area_source, draws)

    def used(self, entries: Sequence[Entry]) -> list[tuple[Entry, NDArray[np.int64]]]:
        """For each entry the rows of its parameter table that are used, without making the account."""
        sheets = _sheets(entries, self.activity, self.hierarchy, self.dates, self.periods)
        return [(sheet.entry, _used(sheet)) for sheet in sheets]

    def removals(
        self, entries: Sequence[Entry], draws: Draws, ecosystems: Collection[str], pools: Collection[str]
    ) -> dict[str, Floats]:
        """Draws of the net removals of some ecosystems and pools together, by period, shape (n, regions)."""
        observed = _observed_share(self.activity, self.hierarchy, self.dates, self.area_source)
        book = Book(self.hierarchy, observed, draws)
        counted = [e for e in entries if e.role == "record" and set(e.ecosystems) & set(ecosystems)]
        for sheet in _sheets(counted, self.activity, self.hierarchy, self.dates, self.periods):
            _post(book, sheet, self.dates, self.periods)
        found = {f"{first}-{last}": np.zeros((draws.n, len(self.hierarchy.members))) for first, last in self.periods}
        for (ecosystem, pool, quantity, period), amount in book.totals():
            wanted = ecosystem in ecosystems and pool != ALL and (ALL in pools or pool in pools)
            if quantity == "net_removals" and wanted and amount.draws is not None:
                found.setdefault(period, np.zeros((draws.n, len(self.hierarchy.members))))
                found[period] += self.hierarchy.total(amount.draws).T
        return found

    def totals(self, entries: Sequence[Entry], draws: Draws) -> dict[TotalKey, Floats]:
        """Draws of stock, change and removals of all ecosystems and pools together, by region, shape (regions, n)."""
        observed = _observed_share(self.activity, self.hierarchy, self.dates, self.area_source)
        book = Book(self.hierarchy, observed, draws)
        for sheet in _sheets(entries, self.activity, self.hierarchy, self.dates, self.periods):
            _post(book, sheet, self.dates, self.periods)
        return {
            key: self.hierarchy.total(amount.draws)
            for key, amount in book.totals()
            if key[:2] == (ALL, ALL) and amount.draws is not None
        }


def _sheets(
    entries: Sequence[Entry],
    activity: Activity,
    hierarchy: Hierarchy,
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
) -> list[_Sheet]:
    """Look up everything that every entry needs, so that all gaps of all tables come in one error.

    An entry without any land is left out: a small region may have no wetland.  When no entry has any, the layers and
    the methodologies do not speak of the same land, which is an error.
    """
    problems, found = Problems(), []
    for entry in entries:
        rows = _rows(entry, activity, dates, periods)
        if rows.empty:
            continue
        try:
            found.append(_Sheet.of(entry, rows, entry.method.resolve(rows), hierarchy))
        except SinksError as error:
            problems.extend(error)
    if entries and not found and not problems:
        for entry in entries:
            problems.add("account.no_activity", entry.method.id, source=entry.source, ecosystems=entry.ecosystems)
    problems.raise_as(AccountError)
    return found


def _rows(entry: Entry, activity: Activity, dates: Sequence[str], periods: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """The activity rows that an entry accounts for."""
    if entry.method.acts_on == "state":
        rows = activity.states
        wanted = rows["ecosystem"].isin(entry.ecosystems) & rows["date"].isin(list(dates))
    else:
        rows = activity.changes
        spans = [f"{first}-{last}" for first, last in periods]
        known = entry.method.methodology.ecosystems
        wanted = rows["ecosystem_to"].isin(entry.ecosystems) & rows["ecosystem_from"].isin(known)
        wanted &= (rows["date_from"] + "-" + rows["date_to"]).isin(spans)
    return rows[wanted & (rows["source"] == entry.source)].reset_index(drop=True)


def _used(sheet: _Sheet) -> NDArray[np.int64]:
    """Rows of the parameter table that were used, each once."""
    # Parameters of a partial methodology are pools, of which the entry may take some only.
    every = not sheet.entry.method.methodology.partial
    found = sheet.resolved.used_rows().items()
    parts = [np.asarray(rows, dtype=np.int64) for name, rows in found if every or name in sheet.entry.pools]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)


def _observed_share(
    activity: Activity, hierarchy: Hierarchy, dates: Sequence[str], area_source: Mapping[str, str]
) -> dict[str, Floats]:
    """Observed area over the area of each region, by date and by period (the smaller of its two dates)."""
    whole = np.zeros(len(hierarchy.units))
    np.add.at(whole, hierarchy.numbers(activity.units["region_code"]), activity.units["area_ha"].to_numpy(float))
    share: dict[str, Floats] = {}
    for date in dates:
        rows = _accounted(activity.states, date, area_source)
        seen = np.zeros(len(hierarchy.units))
        np.add.at(seen, hierarchy.numbers(rows["region_code"]), rows["area_ha"].to_numpy(float))
        share[date] = hierarchy.total(seen) / hierarchy.total(whole)
    for first in dates:
        for last in dates:
            if first < last:
                share[f"{first}-{last}"] = np.minimum(share[first], share[last])
    return share


def _accounted(states: pd.DataFrame, date: str, area_source: Mapping[str, str]) -> pd.DataFrame:
    """State rows of a date that count, each ecosystem from its own source, land not observed left out."""
    wanted = states["ecosystem"].map(dict(area_source))
    return states[(states["date"] == date) & (states["source"] == wanted) & (states["ecosystem"] != NODATA)]


def _post_areas(book: Book, activity: Activity, dates: Sequence[str], area_source: Mapping[str, str]) -> None:
    for date in dates:
        rows = _accounted(activity.states, date, area_source)
        for (ecosystem, stratum), group in rows.groupby(["ecosystem", "class"], sort=True):
            area = book.units(book.hierarchy.numbers(group["region_code"]), group["area_ha"].to_numpy(float))
            errors = None if book.draws is None else book.draws.area(area_source[str(ecosystem)], str(ecosystem), date)
            amount = Amount(area, None if errors is None else area[:, None] * errors, area, area)
            book.post(Posting(str(ecosystem), str(stratum), ALL, "area", date, book.figures(amount), amount, ""))


@dataclass(frozen=True)
class _Sheet:
    """The rows of one entry as arrays: what every leaf takes its part of."""

    entry: Entry
    rows: pd.DataFrame
    resolved: Resolved
    central: Mapping[str, Floats]
    units: NDArray[np.intp]
    area: Floats
    observed: Floats
    times: NDArray[np.object_]

    @classmethod
    def of(cls, entry: Entry, rows: pd.DataFrame, resolved: Resolved, hierarchy: Hierarchy) -> _Sheet:
        times = rows["date"] if entry.method.acts_on == "state" else rows["date_from"] + "-" + rows["date_to"]
        return cls(
            entry,
            rows,
            resolved,
            resolved.pools(),
            hierarchy.numbers(rows["region_code"]),
            rows["area_ha"].to_numpy(float),
            _observed_area(rows, entry),
            times.to_numpy(object),
        )

    def leaves(self) -> Iterator[Leaf]:
        """Ecosystem, stratum, and for each date or period the places of its rows."""
        land = "ecosystem" if self.entry.method.acts_on == "state" else "ecosystem_to"
        keys = [self.rows[land], _labels(self.rows, self.entry)]
        for key, places in self.rows.groupby(keys, sort=True).indices.items():
            ecosystem, stratum = cast(tuple[str, str], key)
            times = self.times[places]
            yield ecosystem, stratum, {time: places[times == time] for time in sorted(set(times))}


def _post(book: Book, sheet: _Sheet, dates: Sequence[str], periods: Sequence[tuple[str, str]]) -> None:
    """Evaluate one entry leaf by leaf and post what it accounts for."""
    entry = sheet.entry
    table = None if book.draws is None else book.draws.table(entry.method)

    def evaluate(leaf: Leaf) -> list[Posting]:
        ecosystem, stratum, places = leaf
        found = {time: _evaluate(book, sheet, at, table) for time, at in places.items()}
        postings: list[Posting] = []
        for pool in entry.pools:
            if any(amounts[pool].valued_ha.any() for amounts in found.values()):
                amounts = {time: amounts[pool] for time, amounts in found.items()}
                postings += _leaf_postings(book, entry, (ecosystem, stratum, pool), amounts, dates, periods)
            else:
                book.not_estimated.add((entry.method.id, ecosystem, stratum, pool))
        return postings

    # Leaves do not depend on each other; they are posted in their order, so that sums come out the same.
    for postings in _in_threads(evaluate, sheet.leaves(), _THREADS if book.draws is not None else 1):
        for posting in postings:
            book.post(posting)


def _in_threads(function: Callable[[Leaf], Made], items: Iterable[Leaf], threads: int) -> Iterator[Made]:
    """``map`` in threads, in order, with few results waiting, for each holds the draws of a leaf."""
    if threads == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Made]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _leaf_postings(
    book: Book,
    entry: Entry,
    leaf: tuple[str, str, str],
    found: Mapping[str, Amount],
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
) -> Iterator[Posting]:
    """One leaf and pool: stocks at dates and their change, or the flux of each period."""
    method = entry.method.id
    if entry.method.acts_on == "change" or entry.method.kind(leaf[2]) in ("flux", "flux_total"):
        if "sink" in entry.accounts_for:
            for period, amount in _fluxes(book, entry, found, dates, periods):
                removals = amount.times(CO2_PER_C)
                yield Posting(*leaf, "net_removals", period, book.figures(removals), removals, method)
        return
    at = {date: found.get(date, book.nothing()) for date in dates}
    stock, sink = ("stock" in entry.accounts_for, "sink" in entry.accounts_for)
    for date in dates if stock else ():
        yield Posting(*leaf, "carbon_stock", date, book.figures(at[date]), at[date], method)
    for first, last in periods:
        period, change = f"{first}-{last}", at[last].minus(at[first])
        figures, rate = book.figures(change), per_year(period)
        if stock:
            yield Posting(*leaf, "stock_change", period, figures, change, method)
        if sink:
            due = None if stock else change.times(rate)
            yield Posting(*leaf, "net_removals", period, figures.times(rate), due, method)


def _fluxes(
    book: Book,
    entry: Entry,
    found: Mapping[str, Amount],
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
) -> Iterator[tuple[str, Amount]]:
    """Period and yearly flux [t C/yr]; that of states is the mean of the two dates."""
    if entry.method.acts_on == "change":
        yield from found.items()
        return
    at = {date: found.get(date, book.nothing()) for date in dates}
    if len(dates) == 1:
        yield dates[0], at[dates[0]]
    for first, last in periods:
        yield f"{first}-{last}", at[last].mean(at[first])


def _labels(rows: pd.DataFrame, entry: Entry) -> pd.Series[str]:
    """The stratum of each row as text: its values of the strata that the methodology tells apart, else its class."""
    ends = ("",) if entry.method.acts_on == "state" else ("", "_from", "_to")
    # What is the same everywhere says nothing about a row, and the ecosystem has a column of its own.
    names = [n for n in entry.method.strata if n not in (*entry.method.constants, *entry.method.inputs, "ecosystem")]
    columns = [name + end for name in names for end in ends if name + end in rows.columns]
    label = pd.Series("", index=rows.index)
    for column in columns:
        value = rows[column].astype(str)
        joined = (label + (" > " if column.endswith("_to") else " / ") + value).where(label != "", value)
        label = joined.where(value != NOT_APPLICABLE, label)
    classes = rows["class"] if ends == ("",) else rows["class_from"] + " > " + rows["class_to"]
    return label.where(label != "", classes)


def _evaluate(book: Book, sheet: _Sheet, at: NDArray[np.intp], table: Floats | None) -> dict[str, Amount]:
    """Amounts by pool of one leaf at one time, by unit: t C for stocks, t C/yr for fluxes."""
    method, units = sheet.entry.method, sheet.units[at]
    drawn = {} if table is None else _draw(book, sheet, at, table)
    area = book.units(units, sheet.area[at])
    amounts: dict[str, Amount] = {}
    for pool in sheet.entry.pools:
        value = sheet.central[pool][at]
        valued = np.where(np.isnan(value), 0.0, sheet.observed[at])
        amount = np.nan_to_num(value) * _size(method.kind(pool), valued)
        amounts[pool] = Amount(book.units(units, amount), drawn.get(pool), book.units(units, valued), area.copy())
    return amounts


def _size(kind: Kind, area: Floats) -> Floats:
    """What an output is multiplied by: densities and fluxes are per hectare, totals are not."""
    return area if kind in ("density", "flux") else np.ones_like(area)


def _observed_area(rows: pd.DataFrame, entry: Entry) -> Floats:
    """Area over which all inputs of the methodology were observed (at most the smallest of theirs)."""
    names = ("area_ha", *(f"{name}_observed_ha" for name in entry.method.methodology.inputs))
    areas: Floats = np.minimum.reduce([rows[name].to_numpy(float) for name in names if name in rows.columns])
    return areas


def _draw(book: Book, sheet: _Sheet, at: NDArray[np.intp], table: Floats) -> dict[str, Floats]:
    """Draws by pool and unit, shape (units, n), given the draws of the parameter table, shape (table rows, n)."""
    method, draws = sheet.entry.method, book.draws
    assert draws is not None
    # Transitions keep the areas of the map: only areas of states are ever adjusted.
    first = sheet.rows.iloc[at[0]]
    errors = draws.area(first["source"], first["ecosystem"], first["date"]) if "date" in first else None
    step = max(1, _DRAWS_AT_ONCE // draws.n)
    total = {pool: np.zeros((len(book.hierarchy.units), draws.n)) for pool in sheet.entry.pools}
    for start in range(0, len(at), step):
        part = at[start : start + step]
        resolved, used = _compact(sheet.resolved.take(part))
        values = resolved.pools_from_draws(table[used].T, _factors(sheet, part, draws))
        for pool in sheet.entry.pools:
            size = _size(method.kind(pool), sheet.observed[part])
            # Row by row, so that no array of the size of all draws is made on the way.
            for row in np.flatnonzero(~np.isnan(sheet.central[pool][part])):
                total[pool][sheet.units[part[row]]] += values[pool][:, row] * size[row]
    if errors is not None:
        for amount in total.values():
            amount *= errors
    return total


def _compact(resolved: Resolved) -> tuple[Resolved, NDArray[np.int64]]:
    """The same with only the rows of the parameter table that take part, and their places in the whole table."""
    rows = [found.rows[found.rows >= 0] for found in resolved.looked.values()]
    used = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *rows]))
    looked = {
        name: found._replace(rows=np.where(found.rows >= 0, np.searchsorted(used, found.rows), -1))
        for name, found in resolved.looked.items()
    }
    return replace(resolved, looked=looked), used


def _factors(sheet: _Sheet, part: NDArray[np.intp], draws: Draws) -> dict[str, Floats]:
    """Draws of the inputs relative to their means; the rows of a leaf at one time share their dates."""
    method, row = sheet.entry.method.methodology, sheet.rows.iloc[part[0]]
    found: dict[str, Floats] = {}
    for name in method.inputs:
        base = method.base_name(name)
        factor = draws.factor(base, str(row.get(f"date{name.removeprefix(base)}", ALL)))
        if factor is not None:
            found[name] = factor[:, None]
    return found
