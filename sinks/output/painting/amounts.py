"""What the account holds on each row of the activity table, so that it can be laid on the cells of that row.

A row of the activity table is the finest thing that a methodology sees: one class and stratum of one region unit at
one date, or one transition.  Its amounts, summed, are the account; this is checked before anything is painted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from sinks.account.account import Entry
from sinks.account.amounts import per_year, weights_of_dates
from sinks.account.entries import observed_area
from sinks.activity import Activity
from sinks.errors import Problem, RunError
from sinks.uncertainty.draws import Floats
from sinks.units import CO2_PER_C
from sinks.vocabulary import ALL, quantities

What = Literal["carbon_stock_density", "stock_change_density", "net_removals_density"]
WHAT: tuple[What, ...] = get_args(What)

_TOLERANCE = 1e-9
"""Rounding by which sums over rows may differ from the account's sums over leaves."""


@dataclass(frozen=True)
class Subject:
    """What is painted, and of when.

    Parameters
    ----------
    what : str
        One of :data:`WHAT`.
    period : str
        A date (``2020``) for stocks; two (``2020-2023``) for changes and removals, or one where the account has one.
    dates : tuple of str
        Dates of the account from the beginning to the end of the period.
    """

    what: What
    period: str
    dates: tuple[str, ...]

    @classmethod
    def of(cls, what: str, period: str | None, account: pd.DataFrame) -> Subject:
        """Check the words of a user against the account; without ``period`` there must be one only.

        Raises
        ------
        RunError
            The account does not have it, or has it of several periods.
        """
        for known in WHAT:
            if what == known:
                quantity = known.removesuffix("_density")
                present = sorted(set(account.loc[account["quantity"] == quantity, "period"].astype(str)))
                if period is None and len(present) == 1:
                    return cls(known, present[0], _dates(account, present[0]))
                if period not in present:
                    id = "painting.which_period" if period is None and present else "painting.no_period"
                    raise RunError(Problem(id, what, {"found": period, "present": present}))
                return cls(known, period, _dates(account, period))
        raise RunError(Problem("painting.unknown_what", what, {"known": list(WHAT)}))

    @property
    def quantity(self) -> str:
        """The quantity of the account whose density it is."""
        return self.what.removesuffix("_density")

    @property
    def unit(self) -> str:
        """Unit of the density: the account's, per hectare."""
        mass, slash, time = quantities()[self.quantity].unit.partition("/")
        return f"{mass}/ha{slash}{time}"


def _dates(account: pd.DataFrame, period: str) -> tuple[str, ...]:
    """Dates of the account within a period, which begin and end it."""
    first, _, last = period.partition("-")
    dates = {str(one) for one in account.loc[account["quantity"] == "area", "period"]}
    return tuple(sorted(date for date in dates if first <= date <= (last or first)))


@dataclass(frozen=True)
class Amounts:
    """Amounts by row, in the unit of the account.

    Attributes
    ----------
    states, changes : float64, [rows of ``Activity.states``], [rows of ``Activity.changes``]
        NaN where nothing is estimated, which is something else than zero.
    methods : tuple of str
        Methodologies that are painted.
    left_out : tuple of str
        Methodologies of the account whose areas come from another layer than the land cover.
    """

    states: Floats
    changes: Floats
    methods: tuple[str, ...]
    left_out: tuple[str, ...]


def amounts(
    subject: Subject, activity: Activity, entries: Sequence[Entry], source: str, account: pd.DataFrame
) -> Amounts:
    """Lay the account on the rows of the activity table.

    Parameters
    ----------
    subject : Subject
    activity : Activity
        That the account was made from.
    entries : sequence of Entry
        Methodologies of the project; those beside the account are left aside.
    source : str
        The layer that is painted: its name in ``Activity.states``.
    account : DataFrame
        The account, which the amounts must add up to.

    Raises
    ------
    RunError
        Nothing of the account stands on the layer, or the amounts do not add up to the account.
    """
    found = Amounts(np.full(len(activity.states), np.nan), np.full(len(activity.changes), np.nan), (), ())
    painted: dict[str, None] = {}
    left_out: dict[str, None] = {}
    expected = pd.Series(0.0, index=activity.units["region_code"].astype(str))
    for entry in entries:
        pools = [pool for pool in entry.pools if _shares(subject, entry, pool)]
        if entry.role != "record" or not pools:
            continue
        if entry.source != source:
            left_out[f"{entry.method.id} ({entry.source})"] = None
            continue
        painted[entry.method.id] = None
        expected = expected.add(_in_account(subject, entry, pools, account), fill_value=0.0)
        for frame, target in ((activity.states, found.states), (activity.changes, found.changes)):
            _add(subject, entry, pools, frame, target)
    if not painted:
        raise RunError(Problem("painting.not_on_raster", subject.what, {"left_out": list(left_out), "source": source}))
    made = Amounts(found.states, found.changes, tuple(painted), tuple(left_out))
    _check_sum(made, activity, expected)
    return made


def _shares(subject: Subject, entry: Entry, pool: str) -> dict[str, float]:
    """Factor from the amount of a row to the account, by the row's date (or period, of transitions).

    The rules are the account's: a stock-difference pool changes by what the last date has more than the first; a flux
    is the mean over the dates of the period.
    """
    method, dates, measures = entry.method, subject.dates, entry.accounts_for
    flux = method.acts_on == "change" or method.kind(pool) in ("flux", "flux_total")
    if subject.quantity == "carbon_stock":
        return {} if flux or "stock" not in measures else {subject.period: 1.0}
    needed = "stock" if subject.quantity == "stock_change" else "sink"
    if needed not in measures or (flux and needed == "stock"):
        return {}
    if method.acts_on == "change":
        return {subject.period: CO2_PER_C}
    if flux:
        return {date: CO2_PER_C * weight for date, weight in weights_of_dates(dates, subject.period).items()}
    if len(dates) == 1:
        return {}
    factor = per_year(subject.period) if subject.quantity == "net_removals" else 1.0
    return {dates[0]: -factor, dates[-1]: factor}


def _add(subject: Subject, entry: Entry, pools: Sequence[str], frame: pd.DataFrame, target: Floats) -> None:
    """Add what one methodology gives on the rows of a table, in place."""
    for time, places in _places(subject, entry, frame):
        rows = frame.iloc[places].reset_index(drop=True)
        values, observed = entry.method.evaluate(rows), observed_area(rows, entry.method)
        for pool in pools:
            factor = _shares(subject, entry, pool).get(time)
            if factor is None:
                continue
            total = entry.method.kind(pool) in ("stock_total", "flux_total")
            amount = values[pool] * factor * (1.0 if total else observed)
            known = ~np.isnan(amount)
            target[places[known]] = np.nan_to_num(target[places[known]]) + amount[known]


def _places(
    subject: Subject, entry: Entry, frame: pd.DataFrame
) -> Iterator[tuple[str, np.ndarray[tuple[int], np.dtype[np.intp]]]]:
    """Rows that an entry accounts for, by date or period."""
    if frame.empty or ("date" in frame.columns) != (entry.method.acts_on == "state"):
        return
    own = frame["source"] == entry.source
    if entry.method.acts_on == "state":
        wanted, times, needed = own & frame["ecosystem"].isin(entry.ecosystems), frame["date"], subject.dates
    else:
        wanted = own & frame["ecosystem_to"].isin(entry.ecosystems)
        wanted &= frame["ecosystem_from"].isin(entry.method.methodology.ecosystems)
        times, needed = frame["date_from"] + "-" + frame["date_to"], (subject.period,)
    for time in needed:
        places = np.flatnonzero((wanted & (times == time)).to_numpy(bool))
        if places.size:
            yield time, places


def _in_account(subject: Subject, entry: Entry, pools: Sequence[str], account: pd.DataFrame) -> pd.Series[float]:
    """What the account says of one entry, by region."""
    leaves = account[(account["quantity"] == subject.quantity) & (account["period"].astype(str) == subject.period)]
    leaves = leaves[(leaves["methodology"] == entry.method.id) & (leaves["stratum"] != ALL)]
    leaves = leaves[leaves["ecosystem"].isin(entry.ecosystems) & leaves["pool"].isin(pools)]
    return leaves.groupby(leaves["region_code"].astype(str))["value"].sum()


def _check_sum(made: Amounts, activity: Activity, expected: pd.Series[float]) -> None:
    """The painting would show another account than the run's if parameters or methodologies had changed since."""
    parts = [
        pd.Series(np.nan_to_num(values), index=frame["region_code"].astype(str).to_numpy())
        for values, frame in ((made.states, activity.states), (made.changes, activity.changes))
    ]
    rows = pd.concat(parts)
    codes = activity.units["region_code"].astype(str)
    found = rows.groupby(level=0).sum().reindex(codes, fill_value=0.0)
    wanted = expected.reindex(codes, fill_value=0.0)
    # A change is a small difference of large stocks, so its rounding error is compared with the sizes of those.
    size = rows.abs().groupby(level=0).sum().reindex(codes, fill_value=0.0)
    wrong = (found - wanted).abs() > _TOLERANCE * size.clip(lower=wanted.abs())
    if wrong.any():
        code = str(wrong.idxmax())
        values = {"count": int(wrong.sum()), "code": code, "found": f"{found[code]:.9g}"}
        raise RunError(Problem("painting.other_account", "run", {**values, "expected": f"{wanted[code]:.9g}"}))
