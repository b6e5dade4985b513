"""Fluxes of calendar years: statistics say what happened in a year, not how fast it went at a date.

A period ``(t0, t1]`` has the flows of its years ``t0 + 1`` to ``t1``; its figure is their mean.  Where years are
missing it is the mean of those that are known, and its coverage is their share; between the dates of the account each
step is taken by itself, so that a long period is the sum of its steps, exactly.

Maps are of the dates of the land cover only.  What they show of a year stands for the land about that date, and changes
evenly to the next; the years in between are named (:func:`years_between`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.amounts import Amount, steps_of
from sinks.account.entries import Entry, EntryRows
from sinks.account.unit_draws import UnitDraws
from sinks.activity import Activity
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import of_time

MISSING_COLUMNS = ("methodology", "period", "year", "region_code", "known")
"""A year that a region lacks, and how many years of the period it has."""


def has_flows(entry: Entry) -> bool:
    """Whether a flux, or what is given beside carbon, rests on what happened in a calendar year."""
    stocks = bool(entry.pools) and entry.is_difference
    return entry.method.acts_on == "state" and not stocks and bool(of_time(entry.method.inputs, "flow"))


def counts_years(entry: Entry, activity: Activity) -> bool:
    """Whether the flux of a period is made of its calendar years: of statistics and stands, not of maps."""
    return has_flows(entry) and not (activity.changes["source"] == entry.source).any()


def dates_of(entry: Entry, activity: Activity, dates: Sequence[str]) -> list[str]:
    """Dates whose rows an entry is evaluated on: those of the account, and all years between of flows."""
    if not counts_years(entry, activity):
        return list(dates)
    found = activity.states.loc[activity.states["source"] == entry.source, "date"].unique()
    first, last = int(min(dates)), int(max(dates))
    return sorted({*dates, *(str(date) for date in found if first < int(date) < last)})


def years_in(period: str) -> list[str]:
    """The calendar years of a period, its first date excluded.

    >>> years_in("2020-2023")
    ['2021', '2022', '2023']
    """
    first, last = period.split("-")
    return [str(year) for year in range(int(first) + 1, int(last) + 1)]


def known_years(rows: EntryRows, units: int) -> dict[str, NDArray[np.bool_]]:
    """Units of which something is known, by year."""
    known: dict[str, NDArray[np.bool_]] = {}
    for year in dict.fromkeys(rows.dates[rows.on_dates]):
        own = rows.on_dates & (rows.dates == year) & (rows.parts.known > 0)
        known[str(year)] = np.bincount(rows.units[own], minlength=units) > 0
    return known


def mean_of_years(
    found: Mapping[str, Amount], known: Mapping[str, NDArray[np.bool_]], step: str, nothing: Amount
) -> Amount:
    """The mean yearly flux over the years of a step that are known, unit by unit.

    Parameters
    ----------
    found : mapping of str to Amount
        Flux of the land in each year.
    known : mapping of str to array (units,) of bool
        Units of which the source has the year at all (:func:`known_years`): land that it does not have then is none.
    step : str
        Period between consecutive dates.
    nothing : Amount
        An amount of no land.

    Returns
    -------
    Amount
        Its land is the mean of the years known, and so much of it as there are years known counts as valued.
    """
    years = years_in(step)
    own = {year: found.get(year, nothing) for year in years}
    never = np.zeros(len(nothing.value), bool)
    used = {
        year: (amount.valued_ha > 0) | ((amount.area_ha == 0) & known.get(year, never)) for year, amount in own.items()
    }
    count = np.sum(list(used.values()), axis=0)
    weights = {year: here / np.maximum(count, 1) for year, here in used.items()}

    def mean(name: str) -> Floats:
        return np.asarray(sum(weights[year] * getattr(own[year], name) for year in years))

    area, without = mean("area_ha"), count == 0
    if without.any():
        # Land of which no year is known is land all the same: as much as the source has of it in other years.
        others = [amount.area_ha for amount in found.values()]
        times = np.sum([area > 0 for area in others], axis=0)
        area = np.where(without, np.sum(others, axis=0) / np.maximum(times, 1), area)
    drawn = [(amount.draws, weights[year]) for year, amount in own.items() if amount.draws is not None]
    draws = None if nothing.draws is None else UnitDraws.combined(drawn)
    valued = mean("valued_ha") * count / len(years)
    return Amount(mean("value"), draws, valued, area, mean("size"), mean("stated"), mean("land_ha"))


def missing_years(gathered: Iterable[EntryRows], activity: Activity, dates: Sequence[str]) -> pd.DataFrame:
    """Years that the flows of a period lack, by region unit.

    Returns
    -------
    DataFrame
        :data:`MISSING_COLUMNS`; a year counts as missing where the source has no figure for a part of its land.
    """
    found = []
    for rows in gathered:
        if len(dates) < 2 or not counts_years(rows.entry, activity):
            continue
        units = int(rows.units.max(initial=-1)) + 1
        codes = pd.Series(rows.parts.rows["region_code"].to_numpy(), rows.units).groupby(level=0).first()
        known = known_years(rows, units)
        never = np.zeros(units, bool)
        lacking = rows.on_dates & (rows.parts.area > 0) & ~(rows.parts.known > 0)
        for step in steps_of(dates, f"{min(dates)}-{max(dates)}"):
            years = years_in(step)
            count = np.sum([known.get(year, never) for year in years], axis=0)
            for year in years:
                partly = np.bincount(rows.units[lacking & (rows.dates == year)], minlength=units) > 0
                missing = np.flatnonzero(~known.get(year, never) | partly)
                found += [
                    (rows.entry.method.id, step, year, codes[unit], int(count[unit]))
                    for unit in missing
                    if unit in codes.index
                ]
    return pd.DataFrame(found, columns=list(MISSING_COLUMNS))


def years_between(entries: Iterable[Entry], activity: Activity, dates: Sequence[str]) -> dict[str, list[str]]:
    """Calendar years for which flows of maps are taken to change evenly, by methodology."""
    first, last = min(dates), max(dates)
    years = [year for year in (years_in(f"{first}-{last}") if first < last else []) if year not in dates]
    mapped = [entry for entry in entries if has_flows(entry) and not counts_years(entry, activity)]
    return {entry.method.id: years for entry in mapped if years}
