"""What the account holds on each row of the activity table, so that it can be laid on the cells of that row.

A row of the activity table is the finest thing that a painting can tell apart: one class and stratum of one region unit
at one date, or one transition.  Stocks lie on the land of a date, changes of stock on the transitions whose carbon is
known at both ends.  The amounts, summed, are the account; this is checked before anything is painted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.account import AccountInputs, Entry
from sinks.account.amounts import per_year, steps_of, weights_of_dates, years_of
from sinks.account.entries import EntryRows
from sinks.activity import FROM, Activity
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


def painted_pools(subject: Subject, entries: Sequence[Entry], source: str) -> tuple[str, ...]:
    """Pools of which the account has the quantity from methodologies that stand on a layer."""
    counted = [one for one in entries if one.role == "record" and one.source == source and _counts(subject, one)]
    return tuple(dict.fromkeys(pool for one in counted for pool in one.pools))


def amounts(
    subject: Subject,
    inputs: AccountInputs,
    entries: Sequence[Entry],
    source: str,
    account: pd.DataFrame,
    *,
    pool: str | None = None,
) -> Amounts:
    """Lay the account on the rows of the activity table.

    Parameters
    ----------
    subject : Subject
    inputs : AccountInputs
        That the account was made from.
    entries : sequence of Entry
        Methodologies of the project; those beside the account are left aside.
    source : str
        The layer that is painted: its name in ``Activity.states``.
    account : DataFrame
        The account, which the amounts must add up to.
    pool : str, optional
        This pool alone; by default all of them together.

    Raises
    ------
    RunError
        Nothing of the account stands on the layer, or the amounts do not add up to the account.
    """
    activity, record = inputs.activity, [entry for entry in entries if entry.role == "record"]
    counted = [one for one in record if _counts(subject, one) and (pool is None or pool in one.pools)]
    painted = tuple(dict.fromkeys(entry.method.id for entry in counted if entry.source == source))
    left_out = tuple(dict.fromkeys(f"{one.method.id} ({one.source})" for one in counted if one.source != source))
    if not painted:
        raise RunError(Problem("painting.not_on_raster", subject.what, {"left_out": list(left_out), "source": source}))
    made = Amounts(np.full(len(activity.states), np.nan), np.full(len(activity.changes), np.nan), painted, left_out)
    codes = activity.units["region_code"].astype(str)
    expected, size = pd.Series(0.0, index=codes), np.zeros(len(inputs.hierarchy.units))
    # On which land carbon is known at both dates all methodologies of record say together.
    for rows in inputs.entry_rows(record):
        if rows.entry.source == source and _counts(subject, rows.entry):
            pools = [one for one in rows.entry.pools if pool in (None, one)]
            expected = expected.add(_in_account(subject, rows.entry, pools, account), fill_value=0.0)
            for part in _laid(subject, rows):
                _add(rows, part._replace(factors={one: part.factors[one] for one in pools}), made, size)
    _check_sum(made, activity, expected, pd.Series(size, index=[str(unit) for unit in inputs.hierarchy.units]))
    return made


def _counts(subject: Subject, entry: Entry) -> bool:
    """Whether the account has the quantity from an entry; a flux has no stock, and one date no change."""
    if subject.quantity != "net_removals":
        return entry.is_difference and "stock" in entry.accounts_for
    return "sink" in entry.accounts_for and (len(subject.dates) > 1 or not entry.is_difference)


class _Part(NamedTuple):
    """Parts of an entry, the rows of states or of changes that they lie on, and by pool how much of each counts."""

    of_changes: bool
    at: NDArray[np.intp]
    places: NDArray[np.intp]
    factors: Mapping[str, Floats]


def _laid(subject: Subject, rows: EntryRows) -> Iterator[_Part]:
    """What of an entry the account counts, time by time.

    A stock-difference pool changes between consecutive dates on common land; a flux is the mean over the dates of the
    period, one of transitions the mean over the periods between them.
    """
    entry, dates = rows.entry, subject.dates
    if subject.quantity == "carbon_stock" or rows.ends is None or not entry.is_difference:
        for time, weight in _weights(subject, entry).items():
            at = np.flatnonzero(rows.on_dates & (rows.dates == time))
            factors = dict.fromkeys(entry.pools, np.full(len(at), weight))
            yield _Part(entry.method.acts_on == "change", at, rows.place[at], factors)
        return
    rate = per_year(subject.period) if subject.quantity == "net_removals" else 1.0
    inside = steps_of(dates, subject.period)
    for period, end, own in rows.ends.sides():
        if period in inside:
            at = np.flatnonzero(np.isin(rows.of_end, own))
            land, signed = rows.of_end[at], -rate if end == FROM else rate
            yield _Part(
                True, at, rows.ends.land[land], {pool: signed * rows.common[pool][land] for pool in entry.pools}
            )


def _weights(subject: Subject, entry: Entry) -> dict[str, float]:
    """Factor from the amount of a row to the account, by the row's date, or period of transitions."""
    dates, period = subject.dates, subject.period
    if subject.quantity == "carbon_stock":
        return {period: 1.0}
    if entry.method.acts_on == "change":
        return {step: CO2_PER_C * years_of(step) / years_of(period) for step in steps_of(dates, period)}
    return {date: CO2_PER_C * weight for date, weight in weights_of_dates(dates, period).items()}


def _add(rows: EntryRows, part: _Part, made: Amounts, size: Floats) -> None:
    """Add what one methodology gives on some of its land to the rows of the activity, and its size to the units."""
    target = made.changes if part.of_changes else made.states
    for pool, factor in part.factors.items():
        amount = rows.central[pool][part.at] * factor
        known = np.flatnonzero(~np.isnan(amount) & (factor != 0))
        places = part.places[known]
        target[places] = np.nan_to_num(target[places])
        # Bins of a row lie on it together, so that places repeat.
        np.add.at(target, places, amount[known])
        np.add.at(size, rows.units[part.at[known]], np.abs(amount[known]))


def _in_account(subject: Subject, entry: Entry, pools: Sequence[str], account: pd.DataFrame) -> pd.Series[float]:
    """What the account says of some pools of one entry, by region."""
    leaves = account[(account["quantity"] == subject.quantity) & (account["period"].astype(str) == subject.period)]
    leaves = leaves[(leaves["methodology"] == entry.method.id) & (leaves["stratum"] != ALL)]
    leaves = leaves[leaves["ecosystem"].isin(entry.ecosystems) & leaves["pool"].isin(pools)]
    return leaves.groupby(leaves["region_code"].astype(str))["value"].sum()


def _check_sum(made: Amounts, activity: Activity, expected: pd.Series[float], size: pd.Series[float]) -> None:
    """The painting would show another account than the run's if parameters or methodologies had changed since.

    A change is a small difference of large stocks, so its rounding error is compared with the ``size`` of those.
    """
    parts = [
        pd.Series(np.nan_to_num(values), index=frame["region_code"].astype(str).to_numpy())
        for values, frame in ((made.states, activity.states), (made.changes, activity.changes))
    ]
    rows = pd.concat(parts)
    codes = activity.units["region_code"].astype(str)
    found = rows.groupby(level=0).sum().reindex(codes, fill_value=0.0)
    wanted = expected.reindex(codes, fill_value=0.0)
    wrong = (found - wanted).abs() > _TOLERANCE * size.reindex(codes, fill_value=0.0).clip(lower=wanted.abs())
    if wrong.any():
        code = str(wrong.idxmax())
        values = {"count": int(wrong.sum()), "code": code, "found": f"{found[code]:.9g}"}
        raise RunError(Problem("painting.other_account", "run", {**values, "expected": f"{wanted[code]:.9g}"}))
