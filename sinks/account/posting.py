"""Evaluating an entry leaf by leaf - one stratum of one ecosystem, all region units at once - and posting it.

Draws never need more memory than a few leaves and the running sums of the totals.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sinks.account.amounts import Amount, Posting, per_year, steps_of, weights_of_dates, years_of
from sinks.account.calendar_years import known_years, mean_of_years
from sinks.account.drawing import Mix, draw, mix_of
from sinks.account.entries import Chosen, Entry, EntryRows, Leaf, Time
from sinks.account.totals import Totals
from sinks.account.unit_draws import UnitDraws
from sinks.activity import FROM, TO
from sinks.uncertainty.draws import Floats
from sinks.units import CO2_PER_C


def post(
    totals: Totals,
    entry_rows: EntryRows,
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
    *,
    flows: bool = False,
) -> None:
    """Evaluate one entry leaf by leaf and post what it accounts for.

    Parameters
    ----------
    totals : Totals
        It is added to.
    entry_rows : EntryRows
    dates : sequence of str
        Dates for states; ``periods`` pairs of them for changes.
    flows : bool
        Whether the figures are those of calendar years.
    """
    entry = entry_rows.entry
    known = known_years(entry_rows, len(totals.hierarchy.units)) if flows else None
    table = None if totals.draws is None else totals.draws.table(entry.method)

    def evaluate(leaf: Leaf) -> list[Posting]:
        ecosystem, stratum, times = leaf
        found = _amounts(totals, entry_rows, ecosystem, times, table)
        postings: list[Posting] = []
        for pool in entry.pools:
            amounts = {time: of_pools[pool] for time, of_pools in found.items()}
            if any(amount.valued_ha.any() for amount in amounts.values()):
                name = (ecosystem, stratum, pool)
                if entry.is_difference:
                    postings += _stock_postings(totals, entry, name, amounts, dates, periods)
                else:
                    for period, amount in _fluxes(totals, entry_rows, amounts, dates, periods, known):
                        removals = amount.times(CO2_PER_C)
                        figures = totals.figures(removals)
                        postings.append(Posting(*name, "net_removals", period, figures, removals, entry.method.id))
            else:
                totals.not_estimated.add((entry.method.id, ecosystem, stratum, pool))
        return postings

    # One after the other: sums over draws are bound by memory, and threads, each with the draws of a leaf, won nothing.
    for leaf in entry_rows.leaves():
        for posting in evaluate(leaf):
            totals.post(posting)


def _stock_postings(
    totals: Totals,
    entry: Entry,
    leaf: tuple[str, str, str],
    found: Mapping[Time, Amount],
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
) -> Iterator[Posting]:
    """One leaf and pool: stocks at dates and their change."""
    method = entry.method.id
    at = {date: found.get(Time(date), totals.nothing()) for date in dates}
    stock, sink = ("stock" in entry.accounts_for, "sink" in entry.accounts_for)
    for date in dates if stock else ():
        yield Posting(*leaf, "carbon_stock", date, totals.figures(at[date]), at[date], method)
    steps = {step: _change(totals, found, at, step) for step in _steps(dates)}
    for period in ("-".join(pair) for pair in periods):
        inside = steps_of(dates, period)
        change, rate = Amount.chained({step: steps[step] for step in inside}), per_year(period)
        figures = totals.figures(change)
        if stock:
            yield Posting(*leaf, "stock_change", period, figures, change, method)
            for quantity, end, part in _APART:
                apart = [found[time] for step in inside if (time := Time(step, end, part)) in found]
                amount = _sum(totals, apart)
                if amount.valued_ha.any():
                    yield Posting(*leaf, quantity, period, totals.figures(amount), amount, method)
        if sink:
            due = None if stock else change.times(rate)
            yield Posting(*leaf, "net_removals", period, figures.times(rate), due, method)


def _steps(dates: Sequence[str]) -> list[str]:
    return steps_of(dates, f"{min(dates)}-{max(dates)}")


def _change(totals: Totals, found: Mapping[Time, Amount], at: Mapping[str, Amount], step: str) -> Amount:
    """The change between consecutive dates on land whose carbon is known at both, as a part of all land of the leaf."""
    first, last = step.split("-")
    ends = [found.get(Time(step, end, "common"), totals.nothing()) for end in (TO, FROM)]
    return ends[0].minus(ends[1]).on_area((at[first].area_ha + at[last].area_ha) / 2)


def _sum(totals: Totals, amounts: Sequence[Amount]) -> Amount:
    total = totals.nothing()
    for amount in amounts:
        total.add(amount)
    return total


_APART = (("newly_known", TO, "rest"), ("no_longer_known", FROM, "rest"), ("not_estimated", FROM, "left"))
"""What is no change of the land: quantity, end of the period, and which of its land."""


def _fluxes(
    totals: Totals,
    entry_rows: EntryRows,
    found: Mapping[Time, Amount],
    dates: Sequence[str],
    periods: Sequence[tuple[str, str]],
    known: Mapping[str, NDArray[np.bool_]] | None,
) -> Iterator[tuple[str, Amount]]:
    """Period and yearly flux [t C/yr] of a leaf and pool.

    That of transitions, of calendar years (``known`` has the units of which each is known) and of ages is one of the
    steps between dates, which make every longer period; that of states is the mean over the dates of the period.
    """
    at = {time.period: amount for time, amount in found.items() if not time.part}
    change = entry_rows.entry.method.acts_on == "change"
    if len(dates) == 1 and not change:
        yield dates[0], at.get(dates[0], totals.nothing())
        return
    named = ["-".join(pair) for pair in periods]
    if known is None and not change and not entry_rows.by_age:
        every = {date: at.get(date, totals.nothing()) for date in dates}
        for period in named:
            yield period, Amount.mean(every, weights_of_dates(dates, period))
        return
    steps: dict[str, Amount] = {}
    for step in _steps(dates):
        if known is not None:
            steps[step] = mean_of_years(at, known, step, totals.nothing())
        elif entry_rows.by_age:
            steps[step] = _sum(totals, [amount for time, amount in found.items() if time.period == step])
        else:
            steps[step] = at.get(step, totals.nothing())
    for period in named:
        inside = {step: steps[step] for step in steps_of(dates, period)}
        if any(amount.area_ha.any() for amount in inside.values()):
            yield period, Amount.mean(inside, {step: years_of(step) / years_of(period) for step in inside})


def _amounts(
    totals: Totals, entry_rows: EntryRows, ecosystem: str, times: Mapping[Time, Chosen], table: Floats | None
) -> dict[Time, dict[str, Amount]]:
    """Amounts of one leaf by time and pool, by unit: t C for stocks, t C/yr for fluxes."""
    drawn = _draws(totals, entry_rows, ecosystem, times, table)
    # Land of which nothing counts has draws too, all zero: without any, a difference with it would have none either.
    none = totals.nothing().draws
    found: dict[Time, dict[str, Amount]] = {}
    for time, (at, shares) in times.items():
        units, area = entry_rows.units[at], entry_rows.parts.area[at]
        found[time] = {}
        for pool in entry_rows.entry.pools:
            value, share = entry_rows.central[pool][at], 1.0 if shares is None else shares[pool]
            amount = np.nan_to_num(value) * share
            valued = np.where(np.isnan(value), 0.0, entry_rows.parts.known[at]) * share
            # What is known at one end only is said of the land on which it is known.
            meant = valued if time.part in ("rest", "left") else area * share
            stated = np.where(entry_rows.stated[pool][at], np.abs(amount), 0.0)
            found[time][pool] = Amount(
                totals.units(units, amount),
                drawn.get((time, pool), none),
                totals.units(units, valued),
                totals.units(units, meant),
                totals.units(units, np.abs(amount)),
                totals.units(units, stated),
                totals.units(units, valued),
            )
    return found


def _draws(
    totals: Totals, entry_rows: EntryRows, ecosystem: str, times: Mapping[Time, Chosen], table: Floats | None
) -> dict[Hashable, UnitDraws]:
    """Draws by (time, pool)."""
    if table is None or totals.draws is None:
        return {}
    # Transitions keep the areas of the map: only areas of states are ever adjusted.
    erring = ecosystem if entry_rows.entry.method.acts_on == "state" else None
    mixes, size = [], len(totals.hierarchy.units)
    for time, (at, shares) in times.items():
        for pool in entry_rows.entry.pools:
            share = np.ones(len(at)) if shares is None else shares[pool]
            hectares = mix_of(entry_rows, pool, at, share, entry_rows.units[at], size)
            if hectares is not None:
                mixes.append(Mix((time, pool), pool, str(entry_rows.dates[at[0]]), hectares, erring))
    return draw(entry_rows, mixes, table, totals.draws)
