"""Removals of every piece of land between two dates, by what it was and what it became.

The account says how much the forest of a region gained.  An inventory asks for land that stayed forest and land that
became forest, and an effect for the same land inside and outside a project: both need the removals of transitions.
A stock method is evaluated on both ends of each transition, on land whose carbon is known at both, a flux method on the
land as the account does::

    removals = area x (density after - density before) x 44/12 / years

Summed over all transitions this is the account's figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.drawing import Mix, draw, mix_of
from sinks.account.entries import Entry, EntryRows
from sinks.activity import FROM, Activity
from sinks.uncertainty.draws import Draws, Floats
from sinks.units import CO2_PER_C


@dataclass(frozen=True)
class RowRemovals:
    """Removals of one methodology by transition.

    Attributes
    ----------
    entry : Entry
    rows : DataFrame
        Rows of ``Activity.changes``.
    pools : mapping of str to array (rows, 1 + n)
        Removals of each pool [t CO2/yr]: the central value, then the draws; zero on land that is not estimated.
    estimated : mapping of str to array (rows,) of bool
        Land on which the removals of a pool are known.
    spoken_of : array (rows,) of bool
        Land that the entry speaks of at one of the dates, known or not.
    """

    entry: Entry
    rows: pd.DataFrame
    pools: Mapping[str, Floats]
    estimated: Mapping[str, NDArray[np.bool_]]
    spoken_of: NDArray[np.bool_]

    def total(self) -> Floats:
        """All pools together, shape (rows, 1 + n)."""
        total: Floats = np.sum(list(self.pools.values()), axis=0)
        return total

    @property
    def known(self) -> NDArray[np.bool_]:
        """Land of which some pool is estimated."""
        known: NDArray[np.bool_] = np.any(list(self.estimated.values()), axis=0)
        return known


def counts_for_sink(entry: Entry) -> bool:
    """Whether the sink of record rests on the entry."""
    return entry.role == "record" and "sink" in entry.accounts_for


def can_be_split(entry: Entry, activity: Activity) -> bool:
    """Whether the entry's source knows transitions and its figures belong to hectares, not to whole rows."""
    has_changes = bool((activity.changes["source"] == entry.source).any())
    return has_changes and all(entry.method.kind(pool) in ("density", "flux") for pool in entry.pools)


def row_removals(activity: Activity, rows: EntryRows, period: str, draws: Draws | None = None) -> RowRemovals:
    """Removals of an entry by transition.

    Parameters
    ----------
    activity : Activity
    rows : EntryRows
        Land of an entry that :func:`can_be_split` (:meth:`sinks.account.account.AccountInputs.entry_rows`).
    period : str
        Between consecutive dates of the rows, for example ``"2020-2023"``; a longer one is their sum.
    draws : Draws, optional
        The account's; without them only central values.

    Returns
    -------
    RowRemovals
        Land whose carbon is not known at both dates counts for nothing, as in the account.
    """
    changes, entry = activity.changes, rows.entry
    first, last = period.split("-")
    wanted = (changes["source"] == entry.source) & (changes["date_from"] == first) & (changes["date_to"] == last)
    number = np.full(len(changes), -1)
    number[np.flatnonzero(wanted)] = np.arange(int(wanted.sum()))
    n = int(wanted.sum())
    pools = {pool: np.zeros((n, 1 + (draws.n if draws is not None else 0))) for pool in entry.pools}
    estimated, spoken_of = {pool: np.zeros(n, dtype=bool) for pool in entry.pools}, np.zeros(n, dtype=bool)
    mixes = []
    for at, target, weights, date in _sides(rows, number, period):
        spoken_of[target] = True
        for pool, weight in weights.items():
            value = np.nan_to_num(rows.central[pool][at]) * weight
            estimated[pool][target[~np.isnan(rows.central[pool][at]) & (weight != 0)]] = True
            np.add.at(pools[pool][:, 0], target, value)
            hectares = mix_of(rows, pool, at, weight, target, n)
            if hectares is not None:
                mixes.append(Mix((pool, date), pool, date, hectares))
    if draws is not None:
        for key, values in draw(rows, mixes, draws.table(entry.method), draws).items():
            pools[key[0]][:, 1:] += values.dense()  # type: ignore[index]  # keys are those given above
    return RowRemovals(entry, changes[wanted].reset_index(drop=True), pools, estimated, spoken_of)


def _sides(
    rows: EntryRows, number: NDArray[np.intp], period: str
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp], dict[str, Floats], str]]:
    """Parts that count, the transition of each, the weight of each by pool, and their date."""
    entry = rows.entry
    if rows.ends is None:
        at = np.flatnonzero(rows.on_dates & (rows.dates == period))
        yield at, number[rows.place[at]], dict.fromkeys(entry.pools, np.full(len(at), CO2_PER_C)), period
        return
    first, last = period.split("-")
    years = int(last) - int(first)
    places = np.flatnonzero(~rows.on_dates)
    of_end = rows.of_end[places]
    for own_period, end, _ in rows.ends.sides():
        own = (rows.ends.period[of_end] == own_period) & (rows.ends.end[of_end] == end)
        if own_period != period or not own.any():
            continue
        at, land = places[own], of_end[own]
        sign = -1.0 if end == FROM else 1.0
        # A stock counts by its change, a flux by the mean of the two dates or of the ages between, as in the account.
        weights = {
            pool: CO2_PER_C * (rows.common[pool][land] * sign / years if entry.is_difference else rows.counted[at])
            for pool in entry.pools
        }
        yield at, number[rows.ends.land[land]], weights, first if end == FROM else last
