"""Activity x methodology -> account: carbon stock, its change and net removals.

The account is a tidy table (:data:`sinks.account.totals.COLUMNS`) by region, ecosystem, stratum and pool; sums over
strata, pools, ecosystems and regions are rows of their own, because an interval of a sum is not the sum of intervals.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.amounts import Amount, Posting
from sinks.account.basis import COLUMNS as BASIS_COLUMNS
from sinks.account.basis import basis_of_parts, basis_table
from sinks.account.calendar_years import MISSING_COLUMNS, counts_years, dates_of, missing_years, years_between
from sinks.account.common_land import KnownLand, land_of_other_end
from sinks.account.entries import Entry, EntryRows, Measure
from sinks.account.hierarchy import Hierarchy
from sinks.account.parameter_steps import COLUMNS as STEP_COLUMNS
from sinks.account.parameter_steps import step_changes
from sinks.account.posting import post
from sinks.account.totals import TotalKey, Totals, whole_of
from sinks.account.unit_draws import UnitDraws
from sinks.activity import FROM, Activity
from sinks.errors import AccountError, Problems, SinksError
from sinks.folds import folded, items, nouns, of_frame, part
from sinks.text import message
from sinks.uncertainty.draws import Draws, Floats
from sinks.vocabulary import ALL, NODATA

Counted = tuple[Collection[str], Collection[str]]
"""Ecosystems and pools whose net removals a rule counts."""

LEFT_COLUMNS = ("methodology", "period", "ecosystem", "became", "pool", "area_ha", "stock")
"""Land that left the account: what it was and became, its hectares, and the carbon it had. [ha, t C]"""

__all__ = ["Account", "AccountInputs", "Entry", "Measure", "counted_rows"]


@dataclass(frozen=True, repr=False)
class Account:
    """The account of record, and the other methodologies beside it.

    Attributes
    ----------
    table : DataFrame
        The account, columns :data:`sinks.account.totals.COLUMNS`.
    comparison : DataFrame
        The same columns, for methodologies with the role ``comparison``; never to be added to the account.
    used : tuple of (Entry, array of int)
        For each entry the rows of its parameter table that were used.
    not_estimated : tuple of (str, str, str, str)
        Methodology, ecosystem, stratum and pool that it has no parameter for.
    steps : DataFrame
        Jumps of stock because a stratum crossed the border of a parameter's range, see
        :func:`sinks.account.parameter_steps.step_changes`.
    without_land : tuple of Entry
        Entries whose ecosystems the regions do not have.
    left_land : DataFrame
        Land whose carbon was known at the beginning of a period and that was observed at its end, but for which the
        account then has no figure: :data:`LEFT_COLUMNS`.
    missing_years : DataFrame
        Calendar years whose flows are not known: :data:`sinks.account.calendar_years.MISSING_COLUMNS`.
    years_between : mapping of str to sequence of str
        By methodology, years between the dates of maps for which its flows are taken to change evenly.
    basis : DataFrame
        Share of stock and sink of every region by what their parameters rest on, see :mod:`sinks.account.basis`.
    counted : mapping of str to array (n, regions)
        Draws of the net removals that were asked for, by period.
    """

    table: pd.DataFrame
    comparison: pd.DataFrame
    used: tuple[tuple[Entry, NDArray[np.int64]], ...] = ()
    not_estimated: tuple[tuple[str, str, str, str], ...] = ()
    steps: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(STEP_COLUMNS)))
    without_land: tuple[Entry, ...] = ()
    left_land: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(LEFT_COLUMNS)))
    missing_years: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(MISSING_COLUMNS)))
    years_between: Mapping[str, Sequence[str]] = field(default_factory=dict)
    basis: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(BASIS_COLUMNS)))
    counted: Mapping[str, Floats] = field(default_factory=dict)

    def __repr__(self) -> str:
        table = self.table
        values = {"regions": table["region_code"].nunique(), "rows": len(table)}
        return message("folds.account_head", periods=sorted(table["period"].unique()), **values)

    def _repr_html_(self) -> str:
        table = self.table
        totals = whole_of(table)
        methods = [f"{entry.method.methodology.title} ({entry.method.id})" for entry, _ in self.used]
        gaps = [", ".join(one) for one in self.not_estimated]
        return folded(
            repr(self),
            [
                of_frame("folds.totals", totals, opened=True),
                part("folds.methodologies", items(methods), len(methods)),
                of_frame("folds.comparison", self.comparison, _FEW),
                part("folds.not_estimated", items(gaps), len(gaps)),
            ],
        )

    def __dir__(self) -> list[str]:
        return nouns(self)


_FEW = 10
"""Rows that show what a table holds."""


@dataclass(frozen=True)
class AccountInputs:
    """What every account of a project is made from, whatever the methodologies.

    Parameters
    ----------
    activity : Activity
    hierarchy : Hierarchy
    dates : tuple of str
        Dates for states.
    periods : tuple of (str, str)
        Pairs of them for changes.
    area_source : mapping
        The layer that each ecosystem's area is taken from.
    no_carbon : mapping of str to tuple of str
        Pools that the project states to hold no carbon, by ecosystem.
    interval_share : float
        Share of a figure whose uncertainty must be stated for it to have an interval.
    """

    activity: Activity
    hierarchy: Hierarchy
    dates: tuple[str, ...]
    periods: tuple[tuple[str, str], ...]
    area_source: Mapping[str, str]
    no_carbon: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    interval_share: float = 0.0
    _looked_up: dict[tuple[object, ...], tuple[Entry, EntryRows | None]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def account(self, entries: Sequence[Entry], draws: Draws | None = None, counted: Counted | None = None) -> Account:
        """Make the account.

        Parameters
        ----------
        entries : sequence of Entry
            Those with the role ``record`` make the account, the others the comparison.
        draws : Draws, optional
            Without it the account has no intervals.
        counted : (ecosystems, pools), optional
            Keep the draws of their net removals, as of :meth:`removals`, which would have to make them again.

        Raises
        ------
        AccountError
            With every gap of every parameter table, or when no entry has any land.
        """
        gathered = self._entry_rows(entries, draws)
        totals = self._totals(draws)
        _post_areas(totals, self.activity, self.dates, self.area_source)
        self._post(totals, [entry_rows for entry_rows in gathered if entry_rows.entry.role == "record"])
        totals.post_totals()
        beside = []
        for entry_rows in gathered:
            if entry_rows.entry.role == "comparison":
                other = self._totals(draws)
                self._post(other, [entry_rows])
                other.post_totals()
                beside.append(other.table())
        table = totals.table()
        return Account(
            table=table,
            comparison=pd.concat(beside, ignore_index=True) if beside else table.iloc[:0],
            used=tuple((entry_rows.entry, entry_rows.used_rows()) for entry_rows in gathered),
            not_estimated=tuple(sorted(totals.not_estimated)),
            steps=_steps(gathered, self.periods),
            left_land=_left_land(gathered, self.activity),
            without_land=tuple(entry for entry in entries if all(rows.entry is not entry for rows in gathered)),
            missing_years=missing_years(gathered, self.activity, self.dates),
            years_between=years_between((rows.entry for rows in gathered), self.activity, self.dates),
            basis=basis_table(table, basis_of_parts(gathered), self.hierarchy),
            counted={} if draws is None or counted is None else self._counted(totals, entries, draws, *counted),
        )

    def used(self, entries: Sequence[Entry], draws: Draws | None = None) -> list[tuple[Entry, NDArray[np.int64]]]:
        """For each entry the rows of its parameter table that are used, without making the account."""
        return [(entry_rows.entry, entry_rows.used_rows()) for entry_rows in self._entry_rows(entries, draws)]

    def removals(
        self, entries: Sequence[Entry], draws: Draws, ecosystems: Collection[str], pools: Collection[str]
    ) -> dict[str, Floats]:
        """Draws of the net removals of some ecosystems and pools together, by period, shape (n, regions).

        ``all`` stands for every ecosystem, or every pool, that the account has.
        """
        totals = self._totals(draws, only_sums=True)
        record = [entry for entry in entries if entry.role == "record"]
        lands = _lands(record, ecosystems)
        gathered = self._entry_rows(record, draws)
        self._post(totals, [rows for rows in gathered if lands & set(rows.entry.ecosystems)])
        return self._counted(totals, record, draws, ecosystems, pools)

    def _counted(
        self,
        totals: Totals,
        entries: Sequence[Entry],
        draws: Draws,
        ecosystems: Collection[str],
        pools: Collection[str],
    ) -> dict[str, Floats]:
        record = [entry for entry in entries if entry.role == "record"]
        found = {f"{first}-{last}": np.zeros((draws.n, len(self.hierarchy.members))) for first, last in self.periods}
        for period, drawn in totals.removals(_lands(record, ecosystems), pools):
            found.setdefault(period, np.zeros((draws.n, len(self.hierarchy.members))))
            found[period] += self.hierarchy.total(drawn).T
        return found

    def totals(self, entries: Sequence[Entry], draws: Draws) -> dict[TotalKey, Floats]:
        """Draws of stock, change and removals of all ecosystems and pools together, by region, shape (regions, n)."""
        totals = self._totals(draws, only_sums=True)
        self._post(totals, self._entry_rows(entries, draws))
        return {
            key: self.hierarchy.total(amount.draws.dense())
            for key, amount in totals.totals()
            if key[:2] == (ALL, ALL) and amount.draws is not None
        }

    def by_ecosystem(self, entries: Sequence[Entry], draws: Draws) -> dict[tuple[str, str, str], Floats]:
        """Draws of stock and removals by ecosystem, quantity and period, pools together, by unit, shape (units, n)."""
        record = [entry for entry in entries if entry.role == "record"]
        totals = self._totals(draws, only_sums=True)
        self._post(totals, self._entry_rows(record, draws))
        return {
            (ecosystem, quantity, period): amount.draws.dense()
            for (ecosystem, pool, quantity, period), amount in totals.totals()
            if pool == ALL and ecosystem != ALL and amount.draws is not None
        }

    def _totals(self, draws: Draws | None, *, only_sums: bool = False) -> Totals:
        return Totals(self.hierarchy, self._observed, draws, self.interval_share, only_sums=only_sums)

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        """Pairs of consecutive dates: what is known of changes between them makes every longer period."""
        return tuple(pairwise(sorted(self.dates)))

    @cached_property
    def _observed(self) -> dict[str, Floats]:
        return _observed_share(self.activity, self.hierarchy, self.dates, self.area_source)

    def _post(self, totals: Totals, gathered: Iterable[EntryRows]) -> None:
        for entry_rows in gathered:
            post(totals, entry_rows, self.dates, self.periods, flows=counts_years(entry_rows.entry, self.activity))

    def entry_rows(self, entries: Sequence[Entry], draws: Draws | None = None) -> list[EntryRows]:
        """The land of entries with both ends of every period, as transitions and not as sums.

        Raises
        ------
        AccountError
            As of :meth:`account`.
        """
        return self._entry_rows(entries, draws, with_ends=True)

    def _entry_rows(self, entries: Sequence[Entry], draws: Draws | None, *, with_ends: bool = False) -> list[EntryRows]:
        """Look up everything that every entry needs, so that all gaps of all tables come in one error.

        An entry without any land is left out: a small region may have no wetland.  When no entry has any, the layers
        and the methodologies do not speak of the same land, which is an error.
        """
        problems, found = Problems(), []
        for entry in entries:
            try:
                rows = self._rows_of(entry, draws, with_ends=with_ends)
            except SinksError as error:
                problems.extend(error)
                continue
            if rows is not None:
                found.append(rows)
        if entries and not found and not problems:
            for entry in entries:
                found_dates = sorted(
                    self.activity.states.loc[self.activity.states["source"] == entry.source, "date"].unique()
                )
                values = {"source": entry.source, "ecosystems": entry.ecosystems, "found": found_dates}
                problems.add("account.no_activity", entry.method.id, **values, dates=self.dates)
        problems.raise_as(AccountError)
        return _on_common_land(found, self.activity, self.no_carbon)

    def _rows_of(self, entry: Entry, draws: Draws | None, *, with_ends: bool) -> EntryRows | None:
        """The land of one entry, looked up once for whoever asks; None when it has none."""
        # Of draws, all that counts here is which inputs have a stated uncertainty.
        stated = None if draws is None else tuple(name in draws.inputs for name in entry.method.inputs)
        key = (id(entry), stated, with_ends and not entry.is_difference)
        if key not in self._looked_up:
            rows = _rows(entry, self.activity, dates_of(entry, self.activity, self.dates), self.steps)
            given = (self.activity, self.steps, self.hierarchy, draws)
            flows = counts_years(entry, self.activity)
            found = None if rows.empty else EntryRows.of(entry, rows, *given, flows=flows, with_ends=with_ends)
            self._looked_up[key] = entry, found
        return self._looked_up[key][1]


def _lands(record: Sequence[Entry], ecosystems: Collection[str]) -> set[str]:
    """The ecosystems that are named; all that entries of record account for, where ``all`` is."""
    return {name for entry in record for name in entry.ecosystems} if ALL in ecosystems else set(ecosystems)


def _on_common_land(
    gathered: Sequence[EntryRows], activity: Activity, no_carbon: Mapping[str, tuple[str, ...]]
) -> list[EntryRows]:
    """The same, each knowing on which land carbon is known at both dates.

    What the account knows is what its methodologies of record know.  One beside the account takes the place of those
    of its own ecosystems, so that it is compared on the same land.
    """
    record = KnownLand(no_carbon)
    for rows in gathered:
        if rows.entry.is_difference and rows.entry.role == "record":
            _note_known(record, rows)
    found = []
    for rows in gathered:
        if rows.ends is None or not rows.entry.is_difference:
            found.append(rows)
            continue
        known = record
        if rows.entry.role != "record":
            known = record.copy()
            _note_known(known, rows)
        other = land_of_other_end(activity, rows.entry.source, rows.ends)
        shares = {pool: known.other_end(rows.entry.source, rows.ends, pool, other) for pool in rows.entry.pools}
        found.append(replace(rows, common=shares))
    return found


def _note_known(known: KnownLand, rows: EntryRows) -> None:
    assert rows.ends is not None
    for pool in rows.entry.pools:
        known.add(rows.entry.source, rows.ends, pool, rows.known_at_ends(pool))


def _steps(gathered: Sequence[EntryRows], periods: Sequence[tuple[str, str]]) -> pd.DataFrame:
    found = [
        step_changes(rows.entry.method, *rows.at_means(), rows.entry.pools, periods)
        for rows in gathered
        if rows.entry.method.acts_on == "state"
    ]
    filled = [part for part in found if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=list(STEP_COLUMNS))


def _left_land(gathered: Sequence[EntryRows], activity: Activity) -> pd.DataFrame:
    """Land of record that left for what has no parameters, all regions together."""
    found = [pd.DataFrame(columns=list(LEFT_COLUMNS))]
    for rows in gathered:
        if rows.ends is None or not rows.entry.is_difference or rows.entry.role != "record" or not len(rows.ends.rows):
            continue
        at = np.flatnonzero(~rows.on_dates)
        land = rows.of_end[at]
        other = land_of_other_end(activity, rows.entry.source, rows.ends)
        for pool in rows.entry.pools:
            unknown = np.isnan(rows.central[pool][at])
            share = np.where((rows.ends.end == FROM) & rows.seen, 1 - rows.common[pool], 0.0)[land]
            columns = {
                "methodology": rows.entry.method.id,
                "period": rows.ends.period[land],
                "ecosystem": rows.ends.rows["ecosystem"].to_numpy()[land],
                "became": other[land],
                "pool": pool,
                "area_ha": np.where(unknown, 0.0, rows.parts.known[at]) * share,
                "stock": np.nan_to_num(rows.central[pool][at]) * share,
            }
            # Shares are quotients of sums, so that what is left of 1 may be rounding.
            found.append(pd.DataFrame(columns)[share > 1e-9])
    filled = [part for part in found if len(part)]
    if not filled:
        return found[0]
    keys = list(LEFT_COLUMNS[:5])
    sums = pd.concat(filled, ignore_index=True).groupby(keys, as_index=False, sort=True)[["area_ha", "stock"]].sum()
    return sums[sums["area_ha"] > 0].reset_index(drop=True)


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
    wanted &= rows["source"] == entry.source
    return rows[wanted].assign(place=np.flatnonzero(wanted)).reset_index(drop=True)


def _observed_share(
    activity: Activity, hierarchy: Hierarchy, dates: Sequence[str], area_source: Mapping[str, str]
) -> dict[str, Floats]:
    """Observed area over the area of each region, by date and by period (the smaller of its two dates)."""
    whole = np.zeros(len(hierarchy.units))
    np.add.at(whole, hierarchy.numbers(activity.units["region_code"]), activity.units["area_ha"].to_numpy(float))
    share: dict[str, Floats] = {}
    for date in dates:
        rows = counted_rows(activity.states, date, area_source)
        seen = np.zeros(len(hierarchy.units))
        np.add.at(seen, hierarchy.numbers(rows["region_code"]), rows["area_ha"].to_numpy(float))
        share[date] = hierarchy.total(seen) / hierarchy.total(whole)
    for first in dates:
        for last in dates:
            if first < last:
                share[f"{first}-{last}"] = np.minimum(share[first], share[last])
    return share


def counted_rows(states: pd.DataFrame, date: str, area_source: Mapping[str, str]) -> pd.DataFrame:
    """State rows of a date that count, each ecosystem from its own source, land not observed left out."""
    wanted = states["ecosystem"].map(dict(area_source))
    return states[(states["date"] == date) & (states["source"] == wanted) & (states["ecosystem"] != NODATA)]


def _post_areas(totals: Totals, activity: Activity, dates: Sequence[str], area_source: Mapping[str, str]) -> None:
    for date in dates:
        rows = counted_rows(activity.states, date, area_source)
        for (ecosystem, stratum), group in rows.groupby(["ecosystem", "class"], sort=True):
            area = totals.units(totals.hierarchy.numbers(group["region_code"]), group["area_ha"].to_numpy(float))
            errors = (
                None if totals.draws is None else totals.draws.area(area_source[str(ecosystem)], str(ecosystem), date)
            )
            stated = area if errors is not None else np.zeros_like(area)
            drawn = None if errors is None else UnitDraws.of(area[:, None] * errors)
            amount = Amount(area, drawn, *(area,) * 3, stated, area)
            totals.post(Posting(str(ecosystem), str(stratum), ALL, "area", date, totals.figures(amount), amount, ""))
