"""Evaluating an entry leaf by leaf - one stratum of one ecosystem, all region units at once - and posting it.

Draws never need more memory than a few leaves and the running sums of the totals.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sinks.account.amounts import Amount, Posting, per_year, weights_of_dates
from sinks.account.entries import Entry, EntryRows, Leaf, input_factors
from sinks.account.totals import Totals
from sinks.methodology import Kind
from sinks.uncertainty.draws import Floats
from sinks.units import CO2_PER_C

T = TypeVar("T")

# Draws of one evaluation stay below this many numbers (32 MB): rows beyond it are evaluated in turn.
_DRAWS_AT_ONCE = 4_000_000

# More do not help: sums over draws are bound by memory, and each thread holds the draws of a leaf.
_THREADS = min(8, os.cpu_count() or 1)


def post(totals: Totals, entry_rows: EntryRows, dates: Sequence[str], periods: Sequence[tuple[str, str]]) -> None:
    """Evaluate one entry leaf by leaf and post what it accounts for.

    Parameters
    ----------
    totals : Totals
        It is added to.
    entry_rows : EntryRows
    dates : sequence of str
        Dates for states; ``periods`` pairs of them for changes.
    """
    entry = entry_rows.entry
    table = None if totals.draws is None else totals.draws.table(entry.method)

    def evaluate(leaf: Leaf) -> list[Posting]:
        ecosystem, stratum, places = leaf
        found = {time: _evaluate(totals, entry_rows, at, table) for time, at in places.items()}
        postings: list[Posting] = []
        for pool in entry.pools:
            if any(amounts[pool].valued_ha.any() for amounts in found.values()):
                amounts = {time: amounts[pool] for time, amounts in found.items()}
                postings += _leaf_postings(totals, entry, (ecosystem, stratum, pool), amounts, dates, periods)
            else:
                totals.not_estimated.add((entry.method.id, ecosystem, stratum, pool))
        return postings

    # Leaves do not depend on each other; they are posted in their order, so that sums come out the same.
    for postings in _in_threads(evaluate, entry_rows.leaves(), _THREADS if totals.draws is not None else 1):
        for posting in postings:
            totals.post(posting)


def _in_threads(function: Callable[[Leaf], T], items: Iterable[Leaf], threads: int) -> Iterator[T]:
    """``map`` in threads, in order, with few results waiting, for each holds the draws of a leaf."""
    if threads == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[T]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _leaf_postings(
    totals: Totals,
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
            for period, amount in _fluxes(totals, entry, found, dates, periods):
                removals = amount.times(CO2_PER_C)
                yield Posting(*leaf, "net_removals", period, totals.figures(removals), removals, method)
        return
    at = {date: found.get(date, totals.nothing()) for date in dates}
    stock, sink = ("stock" in entry.accounts_for, "sink" in entry.accounts_for)
    for date in dates if stock else ():
        yield Posting(*leaf, "carbon_stock", date, totals.figures(at[date]), at[date], method)
    for first, last in periods:
        period, change = f"{first}-{last}", at[last].minus(at[first])
        figures, rate = totals.figures(change), per_year(period)
        if stock:
            yield Posting(*leaf, "stock_change", period, figures, change, method)
        if sink:
            due = None if stock else change.times(rate)
            yield Posting(*leaf, "net_removals", period, figures.times(rate), due, method)


def _fluxes(
    totals: Totals,
    entry: Entry,
    found: Mapping[str, Amount],
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
) -> Iterator[tuple[str, Amount]]:
    """Period and yearly flux [t C/yr]; that of states is the mean over the dates of the period."""
    if entry.method.acts_on == "change":
        yield from found.items()
        return
    at = {date: found.get(date, totals.nothing()) for date in dates}
    if len(dates) == 1:
        yield dates[0], at[dates[0]]
    for first, last in periods:
        period = f"{first}-{last}"
        yield period, Amount.mean(at, weights_of_dates(dates, period))


def _evaluate(totals: Totals, entry_rows: EntryRows, at: NDArray[np.intp], table: Floats | None) -> dict[str, Amount]:
    """Amounts by pool of one leaf at one time, by unit: t C for stocks, t C/yr for fluxes."""
    method, units = entry_rows.entry.method, entry_rows.units[at]
    drawn = {} if table is None else _draw(totals, entry_rows, at, table)
    area = totals.units(units, entry_rows.area[at])
    amounts: dict[str, Amount] = {}
    for pool in entry_rows.entry.pools:
        value = entry_rows.central[pool][at]
        valued = np.where(np.isnan(value), 0.0, entry_rows.observed[at])
        amount = np.nan_to_num(value) * _size(method.kind(pool), valued)
        amounts[pool] = Amount(totals.units(units, amount), drawn.get(pool), totals.units(units, valued), area.copy())
    return amounts


def _size(kind: Kind, area: Floats) -> Floats:
    """What an output is multiplied by: densities and fluxes are per hectare, totals are not."""
    return area if kind in ("density", "flux") else np.ones_like(area)


def _draw(totals: Totals, entry_rows: EntryRows, at: NDArray[np.intp], table: Floats) -> dict[str, Floats]:
    """Draws by pool and unit, shape (units, n), given the draws of the parameter table, shape (table rows, n)."""
    method, draws = entry_rows.entry.method, totals.draws
    assert draws is not None
    # Transitions keep the areas of the map: only areas of states are ever adjusted.
    first = entry_rows.rows.iloc[at[0]]
    errors = draws.area(first["source"], first["ecosystem"], first["date"]) if "date" in first else None
    # The rows of a leaf at one time share their dates.
    factors = input_factors(first, method, draws)
    step = max(1, _DRAWS_AT_ONCE // draws.n)
    total = {pool: np.zeros((len(totals.hierarchy.units), draws.n)) for pool in entry_rows.entry.pools}
    for start in range(0, len(at), step):
        part = at[start : start + step]
        resolved, used = entry_rows.resolved.take(part).compact()
        values = resolved.pools_from_draws(table[used].T, factors)
        for pool in entry_rows.entry.pools:
            size = _size(method.kind(pool), entry_rows.observed[part])
            # Row by row, so that no array of the size of all draws is made on the way.
            for row in np.flatnonzero(~np.isnan(entry_rows.central[pool][part])):
                total[pool][entry_rows.units[part[row]]] += values[pool][:, row] * size[row]
    if errors is not None:
        for amount in total.values():
            amount *= errors
    return total
