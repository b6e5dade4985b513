"""Why two accounts differ: area, density, method, parameters or data; the effects add up to the difference exactly.

What is split is a leaf: an ecosystem and pool of a region, with area ``a``, density ``d`` and amount ``a d``.  The
product rule in its symmetric form leaves no remainder::

    a1 d1 - a0 d0 = (a1 - a0) (d0 + d1)/2 + (d1 - d0) (a0 + a1)/2

Two finished accounts cannot tell a new method from a new year where both changed: run an account between them that
changes one thing, and explain each step.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from sinks.account.amounts import latest, years_of
from sinks.assessment.answer import Answer, Origin
from sinks.assessment.errors import AssessmentError
from sinks.assessment.words import word
from sinks.errors import Problem
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import ALL, quantities

_FIGURES = ("value", "unit", "low", "high", "interval", "distribution")
_WORDS = ("source", "locator", "note", "basis", "role")
"""Columns of a parameter table that change a result, and those that do not."""

Effect = Literal["area", "density", "method", "parameter", "data"]

KEY = ["region_code", "ecosystem", "pool"]


@dataclass(frozen=True, repr=False)
class Difference(Answer):
    """Why the figures of two runs differ.

    Attributes
    ----------
    effects : DataFrame
        As :func:`explain` has them.
    quantity : {"carbon_stock", "net_removals"}
    periods : (str, str)
        Dates or periods that are set against each other.
    last : (str, str)
        The last that each run has.
    unlike : tuple of str
        What the runs do not have in common (:func:`sinks.analysis.unlike.unlike`); said first.
    """

    effects: pd.DataFrame
    quantity: str
    periods: tuple[str, str]
    last: tuple[str, str]
    unlike: tuple[str, ...] = ()

    def data(self) -> dict[str, pd.DataFrame]:
        return {"diff": self.effects}

    def glance(self) -> list[pd.DataFrame]:
        """Effects by region, where the run is known by the names of its regions."""
        if self.origin is None:
            return [effects_by_region(self.effects)]
        regions = self.origin.regions
        return [shown_effects(self.effects, regions[regions["code"].isin(self.origin.inner())], self.quantity)]

    def printed(self, number: float) -> str:
        return f"{number:,.0f}"

    def remarks(self) -> list[str]:
        before, after = self.periods
        said = [word("note.diff_periods", before=before, after=after), word("note.diff")]
        if self.last != self.periods:
            said.insert(1, word("note.diff_last", before=self.last[0], after=self.last[1]))
        return [*self.unlike, *said, *self._left_out(self.effects, Origin.inner)]


def compared_periods(
    before: pd.DataFrame, after: pd.DataFrame, quantity: str, asked: tuple[str, str] | None = None
) -> tuple[str, str]:
    """The periods of two accounts that may be set against each other.

    The last ones where they are the same, else the last that both have, else the last ones if they are as long and do
    not overlap: then land, and not the length of the view, makes the difference.

    Parameters
    ----------
    before, after : DataFrame
        Account tables of the two runs.
    quantity : {"carbon_stock", "net_removals"}
    asked : (str, str), optional
        What is wanted instead: the period of each.

    Raises
    ------
    AssessmentError
        There is none, or what is asked for is unlike or is not there.
    """
    have = [sorted(set(table.loc[table["quantity"] == quantity, "period"].astype(str))) for table in (before, after)]
    for periods, wanted in zip(have, asked or ("", ""), strict=True):
        if not periods or (wanted and wanted not in periods):
            values = {"quantity": quantity, "period": wanted or "-", "found": periods}
            raise AssessmentError(Problem("assessment.no_leaves", "account", values))
    first, last = asked or (latest(have[0]), latest(have[1]))
    if asked is None and first != last and (common := set(have[0]) & set(have[1])):
        first = last = latest(common)
    if first != last and not _alike(first, last):
        values = {"before": first, "after": last, "have": have[0], "have_after": have[1]}
        raise AssessmentError(Problem("assessment.unlike_periods", quantity, values))
    return first, last


def _alike(one: str, other: str) -> bool:
    """Whether both are dates, or periods of as many years that do not overlap."""
    if "-" not in one and "-" not in other:
        return True
    if "-" not in one or "-" not in other or years_of(one) != years_of(other):
        return False
    earlier, later = sorted((one, other))
    return earlier.split("-")[1] <= later.split("-")[0]


def leaves(account: pd.DataFrame, quantity: str, period: str) -> pd.DataFrame:
    """Leaves of an account: area and amount of each ecosystem and pool of each region.

    Parameters
    ----------
    account : DataFrame
        The account table.
    quantity : {"carbon_stock", "net_removals"}
    period : str
        A date for a stock, a period for removals, whose area is that of its last date.

    Returns
    -------
    DataFrame
        ``region_code, ecosystem, pool, area, value, methodology``.

    Raises
    ------
    AssessmentError
        The account has no such quantity or period.
    """
    sums = account[account["stratum"] == ALL]
    rows = sums[(sums["quantity"] == quantity) & (sums["period"] == period)]
    rows = rows[(rows["ecosystem"] != ALL) & (rows["pool"] != ALL)]
    if rows.empty:
        have = account.loc[account["quantity"] == quantity, "period"]
        values = {"quantity": quantity, "period": period, "found": sorted(set(have))}
        raise AssessmentError(Problem("assessment.no_leaves", "account", values))
    areas = sums[(sums["quantity"] == "area") & (sums["period"] == period[-4:]) & (sums["pool"] == ALL)]
    areas = areas[["region_code", "ecosystem", "value"]].rename(columns={"value": "area"})
    merged = rows.merge(areas, on=["region_code", "ecosystem"], how="left")
    return merged[[*KEY, "area", "value", "methodology"]].fillna({"area": 0.0}).reset_index(drop=True)


def decompose(
    before: pd.DataFrame, after: pd.DataFrame, *, same_time: bool, new_parameters: Collection[str] = ()
) -> pd.DataFrame:
    """Explain the difference of two accounts, leaf by leaf.

    Parameters
    ----------
    before, after : DataFrame
        From :func:`leaves`.
    same_time : bool
        Whether both accounts are of the same date or period, so that other areas and densities mean other data.
    new_parameters : collection of str
        Methodologies whose parameters were changed in between.

    Returns
    -------
    DataFrame
        ``region_code, ecosystem, pool, effect, value``; its sum is the difference of the accounts. The density part of
        a leaf with another methodology is ``method``, with changed parameters ``parameter``, and holds whatever else
        happened to the density in the meantime.
    """
    both = _paired(before, after)
    area, density = _split(both)
    known = both["methodology_before"].notna() & both["methodology_after"].notna()
    method = known & (both["methodology_before"] != both["methodology_after"])
    parameter = known & both["methodology_after"].isin(set(new_parameters))
    of_density = np.select([method, parameter], ["method", "parameter"], "data" if same_time else "density")
    of_area = np.full(len(both), "data" if same_time else "area")
    parts = [both[KEY].assign(effect=name, value=value) for name, value in ((of_area, area), (of_density, density))]
    return _summed(parts)


def effects_by_region(effects: pd.DataFrame) -> pd.DataFrame:
    """Effects of :func:`explain` by region: a column for each kind that occurs, and ``total``, their sum."""
    table = effects.pivot_table(index="region_code", columns="effect", values="value", aggfunc="sum", fill_value=0.0)
    kinds = [kind for kind in get_args(Effect) if kind in table.columns]
    table = table[kinds]
    return table.assign(total=table.sum(axis=1)).rename_axis(columns=None).reset_index()


def shown_effects(effects: pd.DataFrame, regions: pd.DataFrame, quantity: str) -> pd.DataFrame:
    """:func:`effects_by_region` as people read it: regions by name in the order of their table, units in the headers.

    Parameters
    ----------
    effects : DataFrame
        From :func:`explain`.
    regions : DataFrame
        ``code, name``.
    quantity : {"carbon_stock", "net_removals"}
    """
    table, unit = effects_by_region(effects).set_index("region_code"), quantities()[quantity].unit
    named = regions.set_index("code")["name"]
    table = table.reindex([code for code in named.index if code in table.index])
    table.insert(0, "region_name", named.reindex(table.index))
    headers = {name: word(f"column.{name}", unit=unit) for name in get_args(Effect)} | {
        "region_code": word("column.region_code"),
        "region_name": word("column.region_name"),
        "total": word("column.sum", unit=unit),
    }
    return table.reset_index().rename(columns=headers)


def _paired(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    both = before.merge(after, on=KEY, how="outer", suffixes=("_before", "_after"))
    numbers = [f"{name}_{when}" for name in ("area", "value") for when in ("before", "after")]
    return both.fillna(dict.fromkeys(numbers, 0.0))


def _split(both: pd.DataFrame) -> tuple[Floats, Floats]:
    """Area and density parts of the change of every leaf, which add up to it."""
    a0, a1, v0, v1 = (both[f"{n}_{w}"].to_numpy(np.float64) for n in ("area", "value") for w in ("before", "after"))
    d0, d1 = (np.divide(v, a, out=np.zeros_like(v), where=a > 0) for v, a in ((v0, a0), (v1, a1)))
    # Where only one account has the land, its density is used for both: the whole amount is an effect of the area.
    d0, d1 = np.where(a0 > 0, d0, d1), np.where(a1 > 0, d1, d0)
    area = (a1 - a0) * (d0 + d1) / 2
    # An amount without an area (a total given as such) can only have changed by its density.
    return area, v1 - v0 - area


def _summed(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    rows = pd.concat(parts, ignore_index=True)
    return rows.groupby([*KEY, "effect"])["value"].sum().rename("value").reset_index()


def explain(
    before: pd.DataFrame,
    after: pd.DataFrame,
    quantity: str,
    periods: tuple[str, str],
    parameters: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Explain the difference between the accounts of two runs: :func:`leaves`, then :func:`decompose`.

    Parameters
    ----------
    before, after : DataFrame
        Account tables of the two runs.
    quantity : {"carbon_stock", "net_removals"}
    periods : (str, str)
        Date or period of each.
    parameters : (DataFrame, DataFrame), optional
        ``parameters_used`` of each run.

    Returns
    -------
    DataFrame
        ``region_code, ecosystem, pool, effect, value, period_before, period_after``.
    """
    first, last = leaves(before, quantity, periods[0]), leaves(after, quantity, periods[1])
    changed = changed_parameters(*parameters) if parameters is not None else set()
    effects = decompose(first, last, same_time=periods[0] == periods[1], new_parameters=changed)
    return effects.assign(period_before=periods[0], period_after=periods[1])


def changed_parameters(before: pd.DataFrame, after: pd.DataFrame) -> set[str]:
    """Methodologies with a parameter that has another value, unit or interval in the second run.

    A row that only one of the runs needed is a stratum come or gone, not a changed parameter; sources and notes may be
    reworded without another result.

    Parameters
    ----------
    before, after : DataFrame
        ``parameters_used`` of each run: ``methodology``, ``parameter``, strata, ``value``, ``unit``, ...
    """
    key = [c for c in before.columns if c in after.columns and c not in (*_FIGURES, *_WORDS)]
    figures = [c for c in _FIGURES if c in before.columns and c in after.columns]
    first, last = (_figures_by_key(frame.astype(str), key, figures) for frame in (before, after))
    # The methodology is the first part of every key.
    place = key.index("methodology")
    return {row[place] for row in first.keys() & last.keys() if first[row] != last[row]}


def _figures_by_key(
    frame: pd.DataFrame, key: list[str], figures: list[str]
) -> dict[tuple[str, ...], set[tuple[str, ...]]]:
    """Figures of each row of a parameter table; two rows may differ in their words alone."""
    found: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
    for row in frame[[*key, *figures]].itertuples(index=False, name=None):
        found.setdefault(row[: len(key)], set()).add(row[len(key) :])
    return found
