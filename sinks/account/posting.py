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
from scipy.sparse import csr_array

from sinks.account.amounts import Amount, Posting, per_year, weights_of_dates
from sinks.account.entries import Chosen, Entry, EntryRows, Leaf, Time, input_factors
from sinks.account.totals import Totals
from sinks.activity import FROM, TO
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
        ecosystem, stratum, times = leaf
        found = _amounts(totals, entry_rows, ecosystem, times, table)
        postings: list[Posting] = []
        for pool in entry.pools:
            amounts = {time: of_pools[pool] for time, of_pools in found.items()}
            if any(amount.valued_ha.any() for amount in amounts.values()):
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
    found: Mapping[Time, Amount],
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
) -> Iterator[Posting]:
    """One leaf and pool: stocks at dates and their change, or the flux of each period."""
    method = entry.method.id
    if not entry.is_difference:
        if "sink" in entry.accounts_for:
            for period, amount in _fluxes(totals, entry, found, dates, periods):
                removals = amount.times(CO2_PER_C)
                yield Posting(*leaf, "net_removals", period, totals.figures(removals), removals, method)
        return
    at = {date: found.get(Time(date), totals.nothing()) for date in dates}
    stock, sink = ("stock" in entry.accounts_for, "sink" in entry.accounts_for)
    for date in dates if stock else ():
        yield Posting(*leaf, "carbon_stock", date, totals.figures(at[date]), at[date], method)
    for first, last in periods:
        period = f"{first}-{last}"

        def ends(end: str, part: str, period: str = period) -> Amount:
            return found.get(Time(period, end, part), totals.nothing())

        land = (at[first].area_ha + at[last].area_ha) / 2
        change, rate = ends(TO, "common").minus(ends(FROM, "common")).on_area(land), per_year(period)
        figures = totals.figures(change)
        if stock:
            yield Posting(*leaf, "stock_change", period, figures, change, method)
            for quantity, end, part in _APART:
                if (amount := ends(end, part)).valued_ha.any():
                    yield Posting(*leaf, quantity, period, totals.figures(amount), amount, method)
        if sink:
            due = None if stock else change.times(rate)
            yield Posting(*leaf, "net_removals", period, figures.times(rate), due, method)


_APART = (("newly_known", TO, "rest"), ("no_longer_known", FROM, "rest"), ("not_estimated", FROM, "left"))
"""What is no change of the land: quantity, end of the period, and which of its land."""


def _fluxes(
    totals: Totals,
    entry: Entry,
    found: Mapping[Time, Amount],
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
) -> Iterator[tuple[str, Amount]]:
    """Period and yearly flux [t C/yr]; that of states is the mean over the dates of the period."""
    if entry.method.acts_on == "change":
        yield from ((time.period, amount) for time, amount in found.items())
        return
    at = {date: found.get(Time(date), totals.nothing()) for date in dates}
    if len(dates) == 1:
        yield dates[0], at[dates[0]]
    for first, last in periods:
        period = f"{first}-{last}"
        yield period, Amount.mean(at, weights_of_dates(dates, period))


def _amounts(
    totals: Totals, entry_rows: EntryRows, ecosystem: str, times: Mapping[Time, Chosen], table: Floats | None
) -> dict[Time, dict[str, Amount]]:
    """Amounts of one leaf by time and pool, by unit: t C for stocks, t C/yr for fluxes."""
    drawn = {} if table is None else _draw(totals, entry_rows, ecosystem, times, table)
    found: dict[Time, dict[str, Amount]] = {}
    for time, (at, shares) in times.items():
        units, area = entry_rows.units[at], entry_rows.parts.area[at]
        found[time] = {}
        for pool in entry_rows.entry.pools:
            value, share = entry_rows.central[pool][at], 1.0 if shares is None else shares[pool]
            amount = np.nan_to_num(value) * share
            valued = np.where(np.isnan(value), 0.0, entry_rows.parts.known[at]) * share
            stated = np.where(entry_rows.stated[pool][at], np.abs(amount), 0.0)
            found[time][pool] = Amount(
                totals.units(units, amount),
                drawn.get((time, pool)),
                totals.units(units, valued),
                totals.units(units, area * share),
                totals.units(units, np.abs(amount)),
                totals.units(units, stated),
                totals.units(units, valued),
            )
    return found


def _draw(
    totals: Totals, entry_rows: EntryRows, ecosystem: str, times: Mapping[Time, Chosen], table: Floats
) -> dict[tuple[Time, str], Floats]:
    """Draws by time, pool and unit, shape (units, n), given the draws of the parameter table, shape (table rows, n).

    The methodology is drawn at its nodes, and these are summed as their hectares are: the nodes of a date serve all
    land of that date.
    """
    entry, draws, n_units = entry_rows.entry, totals.draws, len(totals.hierarchy.units)
    assert draws is not None
    mixes = _mixes(entry_rows, times, n_units)
    found = {key: np.zeros((n_units, draws.n)) for _, key, _ in mixes}
    step = max(1, _DRAWS_AT_ONCE // draws.n)
    for date in dict.fromkeys(date for date, _, _ in mixes):
        own = [(key, mix) for when, key, mix in mixes if when == date]
        nodes = np.unique(np.concatenate([mix.indices for _, mix in own]))
        first = entry_rows.parts.rows.iloc[int(np.flatnonzero(entry_rows.dates == date)[0])]
        factors = input_factors(first, entry.method, draws)
        for start in range(0, len(nodes), step):
            part = nodes[start : start + step]
            resolved, used = entry_rows.resolved.take(part).compact()
            values = resolved.pools_from_draws(table[used].T, factors)
            for (time, pool), mix in own:
                found[time, pool] += mix[:, part] @ np.nan_to_num(values[pool]).T
        # Transitions keep the areas of the map: only areas of states are ever adjusted.
        errors = draws.area(entry.source, ecosystem, str(date)) if entry.method.acts_on == "state" else None
        if errors is not None:
            for key, _ in own:
                found[key] *= errors
    return found


def _mixes(
    entry_rows: EntryRows, times: Mapping[Time, Chosen], n_units: int
) -> list[tuple[str, tuple[Time, str], csr_array]]:
    """For each date, time and pool the hectares of every node in every unit: a sparse array (units, nodes)."""
    found = []
    for time, (at, shares) in times.items():
        for pool in entry_rows.entry.pools:
            counted = np.where(np.isnan(entry_rows.central[pool][at]), 0.0, 1.0 if shares is None else shares[pool])
            kept = at[counted > 0]
            if not len(kept):
                continue
            nodes = entry_rows.parts.weights
            if entry_rows.entry.method.kind(pool) in ("stock_total", "flux_total"):
                nodes = csr_array((np.ones(len(kept)), (kept, kept)), nodes.shape)
            n = len(kept)
            sums = csr_array((counted[counted > 0], (entry_rows.units[kept], np.arange(n))), (n_units, n))
            found.append((str(entry_rows.dates[kept[0]]), (time, pool), csr_array(sums @ nodes[kept])))
    return found
