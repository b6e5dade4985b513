"""Land that no stands are given for: carried on from the account's stock and sink up to its saturation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sinks.account.hierarchy import Hierarchy
from sinks.assessment.errors import AssessmentError
from sinks.assessment.input_tables import records
from sinks.errors import Problem
from sinks.uncertainty.draws import Floats
from sinks.units import CO2_PER_C
from sinks.vocabulary import ALL

Drawn = Mapping[tuple[str, str, str], Floats]
"""Draws of sums of an account by ecosystem, quantity and period, shape (units, n)."""


@dataclass(frozen=True)
class Present:
    """An ecosystem as it is, carried on.

    Attributes
    ----------
    ecosystem : str
    area_ha : array (regions,)
    stock, removals : array (regions, years, 1 + n)
        [t C, t CO2/yr]
    known : array of bool (regions,)
        Where the account has intervals of stock and sink, so that the draws may make one.
    """

    ecosystem: str
    area_ha: Floats
    stock: Floats
    removals: Floats
    known: np.ndarray


def carry_present_on(
    account: pd.DataFrame, hierarchy: Hierarchy, limits: pd.DataFrame, years: Sequence[int], drawn: Drawn, n: int
) -> list[Present]:
    """Every ecosystem that has a limit, unit by unit, so that regions are the sums of their units.

    Parameters
    ----------
    account : DataFrame
        The run's account.
    hierarchy : Hierarchy
    limits : DataFrame
        The parsed table ``limits``.
    years : sequence of int
        Not before the last date of the account.
    drawn : mapping
        The account's draws; empty without any.
    n : int
        Number of draws.
    """
    every, date = present_land(account)
    table = every[every["region_code"].isin(hierarchy.units)]
    table = table.merge(limits[["ecosystem", "value"]].rename(columns={"value": "limit"}), on="ecosystem")
    ahead, found = np.asarray(years, dtype=np.float64) - int(date), []
    periods = _periods(account, date)
    for ecosystem, rows in table.groupby("ecosystem", sort=True):
        shape = (len(hierarchy.units), len(years), 1 + n)
        stock, removals, area = np.zeros(shape), np.zeros(shape), np.zeros(len(hierarchy.units))
        keys = [(str(ecosystem), *one) for one in periods]
        there = all(key in drawn for key in keys)
        for number, row in zip(hierarchy.numbers(rows["region_code"]), records(rows), strict=True):
            begun = [np.array([[row[name]]]) for name in ("stock", "sink")]
            if there:
                begun = [np.hstack((one, drawn[key][number][None])) for one, key in zip(begun, keys, strict=True)]
            # Without draws the central value stands in their place, and no interval is made of it.
            stock[number], removals[number] = saturating(begun[0], begun[1], row["limit"] * row["area"], ahead[:, None])
            area[number] = row["area"]
        known = _known(account, hierarchy, str(ecosystem), periods) & there
        areas, stocks, sinks = (hierarchy.total(values) for values in (area, stock, removals))
        found.append(Present(str(ecosystem), areas, stocks, sinks, known))
    return found


def _periods(account: pd.DataFrame, date: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """Quantity and period of the stock and of the sink that the course begins with."""
    sinks = [one for one in account["period"].unique() if one.endswith(f"-{date}")]
    return ("carbon_stock", date), ("net_removals", max(sinks))


def _known(
    account: pd.DataFrame, hierarchy: Hierarchy, ecosystem: str, periods: Sequence[tuple[str, str]]
) -> np.ndarray:
    sums = account[(account["ecosystem"] == ecosystem) & (account["stratum"] == ALL) & (account["pool"] == ALL)]
    known = np.ones(len(hierarchy.regions), dtype=bool)
    for quantity, period in periods:
        rows = sums[(sums["quantity"] == quantity) & (sums["period"] == period)].set_index("region_code")
        # A region without the ecosystem has nothing to be uncertain of.
        bare = set(rows.index[rows["low"].isna()])
        known &= ~hierarchy.regions["code"].isin(bare).to_numpy()
    return known


def saturating(stock: float | Floats, removals: float | Floats, limit: float, years: Floats) -> tuple[Floats, Floats]:
    """Stock and sink of present land that slows down as it nears its limit.

    The sink falls in proportion to what is left to the limit, the simplest course that begins at the present sink and
    never exceeds the limit (an assumption, not a measurement)::

        C(t) = L - (L - C0) exp(-F0 t / (L - C0)),   F(t) = F0 exp(-F0 t / (L - C0))

    Parameters
    ----------
    stock, removals : float or array
        ``C0`` [t C] and ``F0`` [t CO2/yr]; arrays, such as draws, are broadcast against the years.
    limit : float
        ``L`` [t C].
    years : array
        ``t`` from now [yr].

    Returns
    -------
    stock [t C], removals [t CO2/yr] : array
        Land at its limit or beyond keeps its stock; a source goes on as it is, for a limit says nothing about losses.
    """
    flux, room = np.asarray(removals / CO2_PER_C), np.asarray(limit - stock)
    slowing = (flux > 0) & (room > 0)
    left = np.exp(-np.where(slowing, flux, 0.0) * years / np.where(slowing, room, 1.0))
    full = (flux > 0) & (room <= 0)
    ahead = np.where(slowing, limit - room * left, stock + np.where(full, 0.0, flux) * years)
    return ahead, np.where(slowing, removals * left, np.where(full, 0.0, removals * np.ones_like(left)))


def present_land(account: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Area, stock and sink of each ecosystem at the last date: ``region_code, ecosystem, area, stock, sink``."""
    rows = account[(account["stratum"] == ALL) & (account["ecosystem"] != ALL) & (account["pool"] == ALL)]
    date = max(one for one in rows["period"].unique() if "-" not in one)
    periods = [one for one in rows["period"].unique() if one.endswith(f"-{date}")]
    if not periods:
        values = {"quantity": "net_removals", "period": f"...-{date}", "found": sorted(rows["period"].unique())}
        raise AssessmentError(Problem("assessment.no_leaves", "account", values))
    wanted = {"area": ("area", date), "stock": ("carbon_stock", date), "sink": ("net_removals", max(periods))}
    key = ["region_code", "ecosystem"]
    parts = [
        rows[(rows["quantity"] == quantity) & (rows["period"] == period)].set_index(key)["value"].rename(name)
        for name, (quantity, period) in wanted.items()
    ]
    # The course into the future starts from a stock and a sink, so land without one of them is left out.
    return pd.concat(parts, axis=1, join="inner").dropna().reset_index(), date
