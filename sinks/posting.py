"""Evaluating an entry leaf by leaf - one stratum of one ecosystem, all region units at once - and posting it.

Draws never need more memory than a few leaves and the running sums of the book.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sinks.book import Amount, Book, Posting, per_year, weights_of_dates
from sinks.methodology import Kind
from sinks.sheet import Entry, Leaf, Sheet, input_factors
from sinks.uncertainty import Floats
from sinks.units import CO2_PER_C

Made = TypeVar("Made")

# Draws of one evaluation stay below this many numbers (32 MB): rows beyond it are evaluated in turn.
_DRAWS_AT_ONCE = 4_000_000

# More do not help: sums over draws are bound by memory, and each thread holds the draws of a leaf.
_THREADS = min(8, os.cpu_count() or 1)


def post(book: Book, sheet: Sheet, dates: Sequence[str], periods: Sequence[tuple[str, str]]) -> None:
    """Evaluate one entry leaf by leaf and post what it accounts for.

    Parameters
    ----------
    book : Book
        It is added to.
    sheet : Sheet
    dates : sequence of str
        Dates for states; ``periods`` pairs of them for changes.
    """
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
    """Period and yearly flux [t C/yr]; that of states is the mean over the dates of the period."""
    if entry.method.acts_on == "change":
        yield from found.items()
        return
    at = {date: found.get(date, book.nothing()) for date in dates}
    if len(dates) == 1:
        yield dates[0], at[dates[0]]
    for first, last in periods:
        period = f"{first}-{last}"
        yield period, Amount.mean(at, weights_of_dates(dates, period))


def _evaluate(book: Book, sheet: Sheet, at: NDArray[np.intp], table: Floats | None) -> dict[str, Amount]:
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


def _draw(book: Book, sheet: Sheet, at: NDArray[np.intp], table: Floats) -> dict[str, Floats]:
    """Draws by pool and unit, shape (units, n), given the draws of the parameter table, shape (table rows, n)."""
    method, draws = sheet.entry.method, book.draws
    assert draws is not None
    # Transitions keep the areas of the map: only areas of states are ever adjusted.
    first = sheet.rows.iloc[at[0]]
    errors = draws.area(first["source"], first["ecosystem"], first["date"]) if "date" in first else None
    # The rows of a leaf at one time share their dates.
    factors = input_factors(first, method, draws)
    step = max(1, _DRAWS_AT_ONCE // draws.n)
    total = {pool: np.zeros((len(book.hierarchy.units), draws.n)) for pool in sheet.entry.pools}
    for start in range(0, len(at), step):
        part = at[start : start + step]
        resolved, used = sheet.resolved.take(part).compact()
        values = resolved.pools_from_draws(table[used].T, factors)
        for pool in sheet.entry.pools:
            size = _size(method.kind(pool), sheet.observed[part])
            # Row by row, so that no array of the size of all draws is made on the way.
            for row in np.flatnonzero(~np.isnan(sheet.central[pool][part])):
                total[pool][sheet.units[part[row]]] += values[pool][:, row] * size[row]
    if errors is not None:
        for amount in total.values():
            amount *= errors
    return total
