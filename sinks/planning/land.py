"""Removals of every piece of land between two dates, by what it was and what it became.

The account says how much the forest of a region gained.  An inventory asks for land that stayed forest and land that
became forest, and an effect for the same land inside and outside a project: both need the removals of transitions.
A stock method is evaluated on both ends of each transition, a flux method on the land as the account does::

    removals = area x (density after - density before) x 44/12 / years

Summed over all transitions this is the account's figure, as long as the method is linear in its layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.entries import Entry, input_factors, observed_area
from sinks.activity import FROM, TO, Activity, as_states
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
        Removals of each pool [t CO2/yr]: the central value, then the draws; zero on land the entry does not speak of.
    estimated : array (rows,) of bool
        Land that the entry speaks of at one of the dates.
    """

    entry: Entry
    rows: pd.DataFrame
    pools: Mapping[str, Floats]
    estimated: NDArray[np.bool_]

    def total(self) -> Floats:
        """All pools together, shape (rows, 1 + n)."""
        total: Floats = np.sum(list(self.pools.values()), axis=0)
        return total


def counts_for_sink(entry: Entry) -> bool:
    """Whether the sink of record rests on the entry."""
    return entry.role == "record" and "sink" in entry.accounts_for


def can_be_split(entry: Entry, activity: Activity) -> bool:
    """Whether the entry's source knows transitions and its figures belong to hectares, not to whole rows."""
    has_changes = bool((activity.changes["source"] == entry.source).any())
    return has_changes and all(entry.method.kind(pool) in ("density", "flux") for pool in entry.pools)


def row_removals(activity: Activity, entry: Entry, period: str, draws: Draws | None = None) -> RowRemovals:
    """Removals of an entry by transition.

    Parameters
    ----------
    activity : Activity
    entry : Entry
        One that :func:`can_be_split`.
    period : str
        For example ``"2020-2023"``.
    draws : Draws, optional
        The account's; without them only central values.

    Returns
    -------
    RowRemovals
        Land with a gap in a layer counts for nothing, as in the account.

    Raises
    ------
    MethodologyError, ParameterError
        As the evaluation of the methodology.
    """
    changes = activity.changes
    first, last = period.split("-")
    wanted = (changes["source"] == entry.source) & (changes["date_from"] == first) & (changes["date_to"] == last)
    rows = changes[wanted].reset_index(drop=True)
    width = 1 + (draws.n if draws is not None else 0)
    pools = {pool: np.zeros((len(rows), width)) for pool in entry.pools}
    estimated = np.zeros(len(rows), dtype=bool)
    for places, frame, weights in _evaluations(entry, rows, int(last) - int(first)):
        estimated[places] = True
        if len(frame):
            for pool, value in _values(entry, frame, draws).items():
                pools[pool][places] += value * weights[pool]
    return RowRemovals(entry, rows, pools, estimated)


def _evaluations(
    entry: Entry, rows: pd.DataFrame, years: int
) -> Iterator[tuple[NDArray[np.intp], pd.DataFrame, dict[str, float]]]:
    """What is evaluated: places in ``rows``, the rows as the method sees them, and the weight of each pool."""
    if entry.method.acts_on == "change":
        known = entry.method.methodology.ecosystems
        fits = rows["ecosystem_to"].isin(entry.ecosystems) & rows["ecosystem_from"].isin(known)
        yield np.flatnonzero(fits), rows[fits].reset_index(drop=True), dict.fromkeys(entry.pools, CO2_PER_C)
        return
    for end, sign in ((FROM, -1.0), (TO, 1.0)):
        fits = rows["ecosystem" + end].isin(entry.ecosystems)
        # A stock counts by its change, a flux by the mean of the two dates, as in the account, which over a longer
        # period also counts the dates in between: their land this pair of dates does not know.
        weights = {
            pool: CO2_PER_C * (sign / years if entry.method.kind(pool) == "density" else 0.5) for pool in entry.pools
        }
        yield np.flatnonzero(fits), as_states(rows[fits], end), weights


def _values(entry: Entry, frame: pd.DataFrame, draws: Draws | None) -> dict[str, Floats]:
    """Carbon of each row and pool, shape (rows, 1 + n): t C for stocks, t C/yr for fluxes."""
    resolved = entry.method.resolve(frame)
    area, central = observed_area(frame, entry.method), resolved.pools()
    drawn: dict[str, Floats] = {}
    if draws is not None:
        factors = input_factors(frame.iloc[0], entry.method, draws)
        drawn = resolved.pools_from_draws(draws.table(entry.method).T, factors)
    found = {}
    for pool in entry.pools:
        parts = [central[pool][:, None], *([drawn[pool].T] if pool in drawn else [])]
        # What is not estimated in the account must not come in by the draws either.
        estimated = ~np.isnan(central[pool])[:, None]
        found[pool] = np.where(estimated, np.concatenate(parts, axis=1), 0.0) * area[:, None]
    return found
