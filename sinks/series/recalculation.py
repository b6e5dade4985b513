"""What a recalculation changes: for every year and region the old figure, the new one, and what makes the difference.

Inventories are made anew for all years when a map or a method changes, and say for each of them by how much and why.
The parts by cause add up to the difference: they are the exact split of :mod:`sinks.analysis.decomposition`, in which
two accounts of one year differ by their areas, their densities, their methods or their parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sinks.analysis.decomposition import changed_parameters, decompose, leaves
from sinks.errors import Problem, RunError
from sinks.results.contents import RunContents
from sinks.vocabulary import ALL

COLUMNS = ("region_code", "region_name", "quantity", "period", "cause", "old", "new", "difference", "unit", "changed")

QUANTITIES = ("carbon_stock", "net_removals")

ALL_CAUSES = "all"
"""Of a row with the whole difference, between the old figure and the new one."""

REGION = "region"
"""Cause of a figure of which only one of the runs has the region."""


def recalculation(before: RunContents, after: RunContents, changed: Mapping[str, str]) -> pd.DataFrame:
    """Old figure, new figure, difference and causes for every year of both accounts.

    Parameters
    ----------
    before, after : RunContents
    changed : mapping of str to str
        Parts of the definition that have changed, and what in them (:func:`sinks.series.definition.changed_parts`).

    Returns
    -------
    DataFrame
        :data:`COLUMNS`.  A row with the cause ``all`` has the figures of both runs; those after it have the part of
        each cause (``area``, ``density``, ``method``, ``parameter``) in ``difference``, and add up to it.

    Raises
    ------
    RunError
        The runs have no period in common.
    """
    parameters = changed_parameters(before.parameters_used, after.parameters_used)
    periods = {quantity: common_periods(before.account, after.account, quantity) for quantity in QUANTITIES}
    if not any(periods.values()):
        have = [sorted(set(one.account["period"])) for one in (before, after)]
        raise RunError(Problem("series.no_common_period", "account", {"old": have[0], "new": have[1]}))
    said = "; ".join(f"{part}: {names}" for part, names in changed.items())
    found = []
    for quantity in QUANTITIES:
        for period in periods[quantity]:
            old, new = (_totals(one.account, quantity, period) for one in (before, after))
            split = [leaves(one.account, quantity, period) for one in (before, after)]
            effects = decompose(*split, same_time=False, new_parameters=parameters)
            parts = effects.groupby(["region_code", "effect"])["value"].sum()
            found += _rows(old, new, parts, {"quantity": quantity, "period": period, "changed": said})
    return pd.DataFrame(found, columns=list(COLUMNS))


def common_periods(before: pd.DataFrame, after: pd.DataFrame, quantity: str) -> list[str]:
    """Dates or periods that two accounts both have, ascending; nothing else is ever set against each other."""
    have = [set(one.loc[one["quantity"] == quantity, "period"]) for one in (before, after)]
    return sorted(have[0] & have[1])


def compare_vintages(before: RunContents, after: RunContents, names: Sequence[str]) -> pd.DataFrame:
    """The figures of two vintages side by side, for the same periods only.

    Returns
    -------
    DataFrame
        ``region_code, region_name, ecosystem, quantity, period, old, new, difference, unit, old_vintage,
        new_vintage``; missing where only one of them has the region or the ecosystem.

    Raises
    ------
    RunError
        They have no period in common.
    """
    keys = ["region_code", "region_name", "ecosystem", "quantity", "period", "unit"]
    found = []
    for quantity in ("area", *QUANTITIES):
        common = common_periods(before.account, after.account, quantity)
        old, new = (_sums(one.account, quantity, common)[[*keys, "value"]] for one in (before, after))
        both = old.merge(new, on=keys, how="outer", suffixes=("_old", "_new"), sort=True)
        both = both.rename(columns={"value_old": "old", "value_new": "new"})
        found.append(both.assign(difference=both["new"] - both["old"]))
    table = pd.concat(found, ignore_index=True)
    if table.empty:
        have = [sorted(set(one.account["period"])) for one in (before, after)]
        raise RunError(Problem("series.no_common_period", " / ".join(names), {"old": have[0], "new": have[1]}))
    columns = [*keys[:-1], "old", "new", "difference", "unit"]
    return table[columns].assign(old_vintage=names[0], new_vintage=names[1])


def _sums(account: pd.DataFrame, quantity: str, periods: Sequence[str]) -> pd.DataFrame:
    """Sums over strata and pools of a quantity."""
    whole = (account["stratum"] == ALL) & (account["pool"] == ALL)
    return account[whole & (account["quantity"] == quantity) & account["period"].isin(list(periods))]


def _totals(account: pd.DataFrame, quantity: str, period: str) -> pd.DataFrame:
    rows = _sums(account, quantity, [period])
    return rows[rows["ecosystem"] == ALL].set_index("region_code")[["region_name", "value", "unit"]]


def _rows(
    old: pd.DataFrame, new: pd.DataFrame, parts: pd.Series[float], shared: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Rows of one quantity and period: the whole difference of each region, and its parts."""
    found = []
    for code in dict.fromkeys([*old.index, *new.index]):
        one = (new if code in new.index else old).loc[code]
        figures = [frame["value"].get(code, np.nan) for frame in (old, new)]
        here = {**shared, "region_code": code, "region_name": one["region_name"], "unit": one["unit"]}
        difference = figures[1] - figures[0]
        found.append({**here, "cause": ALL_CAUSES, "old": figures[0], "new": figures[1], "difference": difference})
        if np.isnan(difference):
            found.append({**here, "cause": REGION, "old": np.nan, "new": np.nan, "difference": np.nan})
            continue
        own = parts[code] if code in parts.index.get_level_values(0) else pd.Series(dtype=float)
        found += [
            {**here, "cause": cause, "old": np.nan, "new": np.nan, "difference": float(value)}
            for cause, value in own.items()
            if value != 0
        ]
    return found
