"""Activity x methodology -> account: carbon stock, its change and net removals.

The account is a tidy table (:data:`COLUMNS`) by region, ecosystem, stratum and pool; sums over strata, pools,
ecosystems and regions are rows of their own, because an interval of a sum is not the sum of intervals.  Everything is
computed leaf by leaf - one stratum of one ecosystem, all its pools, for all region units at once - so that draws never
need more memory than one leaf and the running sums.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.activity import Activity
from sinks.uncertainty import Draws, Floats, interval
from sinks.units import CO2_PER_C
from sinks.vocabulary import ALL, NODATA, quantities

COLUMNS = (
    "region_code",
    "region_name",
    "level",
    "ecosystem",
    "stratum",
    "pool",
    "quantity",
    "period",
    "value",
    "low",
    "high",
    "unit",
    "methodology",
    "coverage",
)

Measure = Literal["stock", "sink"]
Kind = Literal["density", "flux", "stock_total", "flux_total"]

# Draws of one evaluation stay below this many numbers (32 MB): rows beyond it are evaluated in turn.
_DRAWS_AT_ONCE = 4_000_000


class BoundMethodology(Protocol):
    """A methodology together with the parameter table it uses in this project."""

    @property
    def id(self) -> str: ...
    @property
    def acts_on(self) -> Literal["state", "change"]: ...
    @property
    def strata(self) -> tuple[str, ...]: ...
    @property
    def inputs(self) -> tuple[str, ...]: ...

    def kind(self, pool: str) -> Kind:
        """What the output of a pool is, from its unit."""

    def evaluate(self, rows: pd.DataFrame) -> Mapping[str, Floats]:
        """Central values by pool, one for each row; NaN where an input was not observed."""

    def evaluate_draws(self, rows: pd.DataFrame, draws: Draws) -> Mapping[str, Floats]:
        """Draws by pool, shape (draws.n, rows)."""


@dataclass(frozen=True)
class Entry:
    """What one methodology accounts for in this project."""

    method: BoundMethodology
    ecosystems: tuple[str, ...]
    pools: tuple[str, ...]
    accounts_for: tuple[Measure, ...]
    source: str
    strata: Mapping[str, str] = field(default_factory=dict)
    role: Literal["record", "comparison"] = "record"


@dataclass(frozen=True)
class Hierarchy:
    """Regions of every level and the units (finest regions) that each consists of.

    Attributes
    ----------
    units : tuple of str
        Codes of the units; positions in it are the unit numbers.
    regions : DataFrame
        ``code, name, level``, coarsest first.
    members : tuple of int arrays
        Unit numbers of each row of ``regions``.
    """

    units: tuple[str, ...]
    regions: pd.DataFrame
    members: tuple[NDArray[np.intp], ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Hierarchy:
        """From a table with ``code, name, level, parent``; a region without children is a unit."""
        codes = list(frame["code"])
        parent = {c: p for c, p in zip(codes, frame["parent"], strict=True) if isinstance(p, str) and p in set(codes)}
        units = tuple(sorted(set(codes) - set(parent.values())))
        inside: dict[str, list[int]] = {code: [] for code in codes}
        depth = dict.fromkeys(codes, 0)
        for number, unit in enumerate(units):
            above: str | None = unit
            while above is not None:
                inside[above].append(number)
                above = parent.get(above)
        for code in codes:
            above = parent.get(code)
            while above is not None:
                depth[code] += 1
                above = parent.get(above)
        order = sorted(range(len(codes)), key=lambda i: (depth[codes[i]], codes[i]))
        regions = frame[["code", "name", "level"]].iloc[order].reset_index(drop=True)
        return cls(units, regions, tuple(np.array(inside[codes[i]], dtype=np.intp) for i in order))

    def numbers(self, codes: pd.Series[str]) -> NDArray[np.intp]:
        """Unit numbers of region codes."""
        return pd.Index(self.units).get_indexer(pd.Index(codes)).astype(np.intp)

    def total(self, values: Floats) -> Floats:
        """Sum values by unit (units on the first axis) to every region."""
        return np.stack([values[m].sum(axis=0) for m in self.members])


@dataclass
class _Sum:
    """A running sum by unit: central value, draws, and the land it stands for."""

    value: Floats
    draws: Floats | None
    valued_ha: Floats
    area_ha: Floats

    def add(self, other: _Sum) -> None:
        self.value += other.value
        if self.draws is not None and other.draws is not None:
            self.draws += other.draws
        self.valued_ha += other.valued_ha
        self.area_ha += other.area_ha

    def copy(self) -> _Sum:
        draws = None if self.draws is None else self.draws.copy()
        return _Sum(self.value.copy(), draws, self.valued_ha.copy(), self.area_ha.copy())

    def minus(self, other: _Sum) -> _Sum:
        """The change from ``other`` to this; draws are paired, for both share the parameters."""
        draws = None if self.draws is None or other.draws is None else self.draws - other.draws
        return _Sum(self.value - other.value, draws, *self._mean_land(other))

    def mean(self, other: _Sum) -> _Sum:
        draws = None if self.draws is None or other.draws is None else (self.draws + other.draws) / 2
        return _Sum((self.value + other.value) / 2, draws, *self._mean_land(other))

    def times(self, factor: float) -> _Sum:
        return _Sum(
            self.value * factor, None if self.draws is None else self.draws * factor, self.valued_ha, self.area_ha
        )

    def _mean_land(self, other: _Sum) -> tuple[Floats, Floats]:
        return (self.valued_ha + other.valued_ha) / 2, (self.area_ha + other.area_ha) / 2


@dataclass(frozen=True)
class Account:
    """The account of record, and the other methodologies beside it.

    Attributes
    ----------
    table : DataFrame
        The account, columns :data:`COLUMNS`.
    comparison : DataFrame
        The same columns, for methodologies with the role ``comparison``; never to be added to the account.
    """

    table: pd.DataFrame
    comparison: pd.DataFrame


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
    observed = _observed_share(activity, hierarchy, dates, area_source)
    book = _Book(hierarchy, observed, draws)
    _post_areas(book, activity, dates, area_source)
    for entry in (e for e in entries if e.role == "record"):
        _post(book, entry, activity, dates, periods)
    book.post_totals()
    beside = []
    for entry in (e for e in entries if e.role == "comparison"):
        other = _Book(hierarchy, observed, draws)
        _post(other, entry, activity, dates, periods)
        other.post_totals()
        table = other.table()
        beside.append(table.assign(methodology=table["methodology"].replace("", entry.method.id)))
    comparison = pd.concat(beside, ignore_index=True) if beside else book.table().iloc[:0]
    return Account(book.table(), comparison)


class _Book:
    """Collects the rows of one account and the sums over strata, pools and ecosystems."""

    def __init__(self, hierarchy: Hierarchy, observed: Mapping[str, Floats], draws: Draws | None) -> None:
        self.hierarchy = hierarchy
        self.observed = observed
        self.draws = draws
        self._totals: dict[tuple[str, str, str, str], _Sum] = {}
        self._methods: dict[tuple[str, str, str, str], set[str]] = {}
        self._blocks: list[pd.DataFrame] = []

    def nothing(self) -> _Sum:
        """The amount of a leaf at a date at which it does not occur."""
        n = len(self.hierarchy.units)
        draws = np.zeros((n, self.draws.n)) if self.draws is not None and self.draws.n else None
        return _Sum(np.zeros(n), draws, np.zeros(n), np.zeros(n))

    def units(self, rows: pd.DataFrame, values: Floats) -> Floats:
        """Sum values by row (first axis) to units."""
        out = np.zeros((len(self.hierarchy.units), *values.shape[1:]))
        np.add.at(out, self.hierarchy.numbers(rows["region_code"]), values)
        return out

    def post(
        self, ecosystem: str, stratum: str, pool: str, quantity: str, period: str, amount: _Sum, method: str
    ) -> None:
        """Write one leaf for every region and add it to the sums above it."""
        self._write(ecosystem, stratum, pool, quantity, period, amount, method)
        for key in {(ecosystem, pool), (ecosystem, ALL), (ALL, pool), (ALL, ALL)}:
            total = (*key, quantity, period)
            self._methods.setdefault(total, set()).add(method)
            if total in self._totals:
                self._totals[total].add(amount)
            else:
                self._totals[total] = amount.copy()

    def post_totals(self) -> None:
        """Write the sums, when every leaf is posted."""
        for (ecosystem, pool, quantity, period), amount in self._totals.items():
            methods = self._methods[ecosystem, pool, quantity, period]
            self._write(ecosystem, ALL, pool, quantity, period, amount, "+".join(sorted(methods - {""})))
        self._totals.clear()

    def table(self) -> pd.DataFrame:
        """The account, in the order in which it was posted."""
        if not self._blocks:
            return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
        return pd.concat(self._blocks, ignore_index=True)

    def _write(
        self, ecosystem: str, stratum: str, pool: str, quantity: str, period: str, amount: _Sum, method: str
    ) -> None:
        regions = self.hierarchy.regions
        area = self.hierarchy.total(amount.area_ha)
        present = (area > 0) | ((ecosystem == ALL) & (stratum == ALL))
        if not present.any():
            return
        value = self.hierarchy.total(amount.value)
        low = high = np.full(len(regions), np.nan)
        if amount.draws is not None:
            low, high = interval(self.hierarchy.total(amount.draws))
        with np.errstate(invalid="ignore", divide="ignore"):
            valued = np.where(area > 0, self.hierarchy.total(amount.valued_ha) / area, 1.0)
        block = pd.DataFrame(
            {
                "region_code": regions["code"],
                "region_name": regions["name"],
                "level": regions["level"],
                "ecosystem": ecosystem,
                "stratum": stratum,
                "pool": pool,
                "quantity": quantity,
                "period": period,
                "value": value,
                "low": low,
                "high": high,
                "unit": quantities()[quantity].unit,
                "methodology": method,
                "coverage": valued * self.observed[period],
            }
        )
        self._blocks.append(block[present])


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


def _post_areas(book: _Book, activity: Activity, dates: Sequence[str], area_source: Mapping[str, str]) -> None:
    for date in dates:
        rows = _accounted(activity.states, date, area_source)
        for (ecosystem, stratum), group in rows.groupby(["ecosystem", "class"], sort=True):
            area = book.units(group, group["area_ha"].to_numpy(float))
            book.post(str(ecosystem), str(stratum), ALL, "area", date, _Sum(area, None, area, area), "")


def _post(
    book: _Book, entry: Entry, activity: Activity, dates: Sequence[str], periods: Sequence[tuple[str, str]]
) -> None:
    """Evaluate one entry leaf by leaf and post what it accounts for."""
    if entry.method.acts_on == "change":
        rows = activity.changes[activity.changes["source"] == entry.source]
        for leaf, group in _leaves(entry, rows, "ecosystem_to"):
            for (first, last), span in group.groupby(["date_from", "date_to"], sort=True):
                if (first, last) in periods:
                    for pool, (_, amount) in _evaluate(book, entry, span).items():
                        _post_flux(book, entry, leaf, pool, f"{first}-{last}", amount)
        return
    rows = activity.states[(activity.states["source"] == entry.source) & activity.states["date"].isin(list(dates))]
    for leaf, group in _leaves(entry, rows, "ecosystem"):
        found = {str(date): _evaluate(book, entry, part) for date, part in group.groupby("date", sort=True)}
        for pool in entry.pools:
            _post_states(book, entry, leaf, pool, found, dates, periods)


def _post_states(
    book: _Book,
    entry: Entry,
    leaf: tuple[str, str],
    pool: str,
    found: Mapping[str, Mapping[str, tuple[Kind, _Sum]]],
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
) -> None:
    """Post one leaf of a methodology on states: stocks at dates and their change, or the mean flux of a period."""
    kind = next(iter(found.values()))[pool][0]
    at = {date: found[date][pool][1] if date in found else book.nothing() for date in dates}
    if kind in ("flux", "flux_total"):
        if len(dates) == 1:
            _post_flux(book, entry, leaf, pool, dates[0], at[dates[0]])
        for first, last in periods:
            _post_flux(book, entry, leaf, pool, f"{first}-{last}", at[last].mean(at[first]))
        return
    if "stock" in entry.accounts_for:
        for date in dates:
            book.post(*leaf, pool, "carbon_stock", date, at[date], entry.method.id)
    if "sink" in entry.accounts_for:
        for first, last in periods:
            period, change = f"{first}-{last}", at[last].minus(at[first])
            book.post(*leaf, pool, "stock_change", period, change, entry.method.id)
            per_year = CO2_PER_C / (int(last) - int(first))
            book.post(*leaf, pool, "net_removals", period, change.times(per_year), entry.method.id)


def _post_flux(book: _Book, entry: Entry, leaf: tuple[str, str], pool: str, period: str, amount: _Sum) -> None:
    if "sink" in entry.accounts_for:
        book.post(*leaf, pool, "net_removals", period, amount.times(CO2_PER_C), entry.method.id)


def _leaves(entry: Entry, rows: pd.DataFrame, ecosystem: str) -> Iterator[tuple[tuple[str, str], pd.DataFrame]]:
    """The rows an entry accounts for, one (ecosystem, stratum) after the other."""
    rows = rows[rows[ecosystem].isin(entry.ecosystems)].assign(**entry.strata)
    if not rows.empty:
        for (land, stratum), group in rows.groupby([rows[ecosystem], _labels(rows, entry)], sort=True):
            yield (str(land), str(stratum)), group


def _labels(rows: pd.DataFrame, entry: Entry) -> pd.Series[str]:
    """The stratum of each row as text: its values of the methodology's strata that vary, else its class."""
    suffixes = ("",) if entry.method.acts_on == "state" else ("_from", "_to")
    # A stratum that no row has, or that is the same everywhere by declaration, says nothing about a row.
    columns = [
        column
        for name in entry.method.strata
        if name not in entry.strata
        for column in (name if name in rows.columns else None, *(f"{name}{s}" for s in suffixes if s))
        if column is not None and column in rows.columns and not pd.api.types.is_numeric_dtype(rows[column])
    ]
    if not columns:
        columns = [f"class{s}" for s in suffixes]
    label = rows[columns[0]].astype(str)
    for column in columns[1:]:
        label = label + (" > " if column.endswith("_to") else " / ") + rows[column].astype(str)
    return label


def _evaluate(book: _Book, entry: Entry, rows: pd.DataFrame) -> dict[str, tuple[Kind, _Sum]]:
    """Amounts by pool of one leaf: t C for stocks, t C/yr for fluxes, by unit."""
    area = rows["area_ha"].to_numpy(float)
    observed = _observed_area(rows, entry, area)
    central = entry.method.evaluate(rows)
    drawn = _draw(book, entry, rows, observed) if book.draws is not None and book.draws.n else {}
    amounts: dict[str, tuple[Kind, _Sum]] = {}
    for pool in entry.pools:
        kind = entry.method.kind(pool)
        valued = np.where(np.isnan(central[pool]), 0.0, observed)
        size = valued if kind in ("density", "flux") else np.ones_like(valued)
        value = np.nan_to_num(central[pool]) * size
        amounts[pool] = (
            kind,
            _Sum(book.units(rows, value), drawn.get(pool), book.units(rows, valued), book.units(rows, area)),
        )
    return amounts


def _observed_area(rows: pd.DataFrame, entry: Entry, area: Floats) -> Floats:
    """Area over which all inputs of the methodology were observed (at most the smallest of theirs)."""
    suffixes = ("",) if entry.method.acts_on == "state" else ("", "_from", "_to")
    columns = [f"{name}{s}_observed_ha" for name in entry.method.inputs for s in suffixes]
    present = [rows[c].to_numpy(float) for c in columns if c in rows.columns]
    return np.minimum.reduce([area, *present]) if present else area


def _draw(book: _Book, entry: Entry, rows: pd.DataFrame, observed: Floats) -> dict[str, Floats]:
    """Draws by pool and unit, shape (units, n)."""
    assert book.draws is not None
    step = max(1, _DRAWS_AT_ONCE // book.draws.n)
    total: dict[str, Floats] = {}
    for start in range(0, len(rows), step):
        part = rows.iloc[start : start + step]
        for pool, values in entry.method.evaluate_draws(part, book.draws).items():
            if pool not in entry.pools:
                continue
            kind = entry.method.kind(pool)
            size = observed[start : start + step] if kind in ("density", "flux") else 1.0
            by_unit = book.units(part, np.nan_to_num(values * size).T)
            total[pool] = total[pool] + by_unit if pool in total else by_unit
    return total
