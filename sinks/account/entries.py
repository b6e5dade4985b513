"""What one methodology accounts for in a project, and its land as arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.account.ages import ages_of, through_ages
from sinks.account.common_land import Ends, ends_of, land_of_other_end
from sinks.account.density_scale import scaled
from sinks.account.hierarchy import Hierarchy
from sinks.account.quadrature import Parts, parts_of, set_of
from sinks.activity import FROM, Activity
from sinks.input_sets import InputSet
from sinks.methodology import Bound, Resolved
from sinks.uncertainty.draws import Draws, Floats
from sinks.uncertainty.stated import stated_parts
from sinks.vocabulary import ALL, NODATA, NOT_APPLICABLE

Measure = Literal["stock", "sink"]


class Time(NamedTuple):
    """When land is looked at: at a date, over a period, or at one end of the land of a period.

    ``part`` tells, of an end, the land that is common to both dates (``common``) from the rest (``rest``), and of the
    rest at the beginning what was observed later but is not estimated then (``left``); ``through`` is what counts for
    the mean flux of the period.
    """

    period: str
    end: str = ""
    part: str = ""


class Chosen(NamedTuple):
    """Parts of an entry, and by pool the share of each that counts; all of it where no share is given."""

    places: NDArray[np.intp]
    shares: Mapping[str, Floats] | None = None


Leaf = tuple[str, str, dict[Time, Chosen]]
"""Ecosystem, stratum, and what of its land belongs to each time."""


@dataclass(frozen=True)
class Entry:
    """What one methodology accounts for in this project.

    Attributes
    ----------
    method : Bound
        A methodology with the parameters and choices of the project.
    ecosystems, pools : tuple of str
        What it accounts for.
    accounts_for : tuple of {"stock", "sink"}
    source : str
        Activity source that gives the areas.
    role : {"record", "comparison"}
    """

    method: Bound
    ecosystems: tuple[str, ...]
    pools: tuple[str, ...]
    accounts_for: tuple[Measure, ...]
    source: str
    role: Literal["record", "comparison"] = "record"

    @property
    def is_difference(self) -> bool:
        """Whether its sink is a difference of stocks."""
        return self.method.acts_on == "state" and all(
            self.method.kind(pool) in ("density", "stock_total") for pool in self.pools
        )


@dataclass(frozen=True)
class EntryRows:
    """The land of one entry as arrays: what every leaf takes its part of.

    Attributes
    ----------
    entry : Entry
    parts : Parts
        Rows, or bins of rows: first those of dates (or transitions), then both ends of every period.
    resolved : Resolved
        The methodology at the nodes of the parts.
    central : mapping of str to array (parts,)
        Carbon of each part by pool, t C or t C/yr; NaN where it is not known.
    stated : mapping of str to array (parts,)
        By pool, whether all that the figure rests on has a stated uncertainty.
    units : array (parts,) of int
    dates : array (parts,) of str
        Date or period of the land of each part.
    ends : Ends or None
        Both ends of the periods; None where the sink is no difference of stocks.
    of_end : array (parts,) of int
        Place of a part's row in ``ends``; -1 for the rest.
    common : mapping of str to array (rows of ends,)
        By pool, the share of each end's land whose carbon is known at the other end too.
    seen : array (rows of ends,) of bool
        Land that was observed at the other end.
    place : array (parts,) of int
        Place of a part's row in the activity's states or changes; -1 for ends.
    counted : array (parts,)
        Of ends, how much of each part counts for the mean flux of its period.
    by_age : bool
        Whether the flux follows the ages that land passes through, and is therefore known by period and not by date.
    """

    entry: Entry
    parts: Parts
    resolved: Resolved
    central: Mapping[str, Floats]
    stated: Mapping[str, NDArray[np.bool_]]
    units: NDArray[np.intp]
    dates: NDArray[np.object_]
    ends: Ends | None
    of_end: NDArray[np.intp]
    common: Mapping[str, Floats]
    seen: NDArray[np.bool_]
    place: NDArray[np.intp]
    counted: Floats
    by_age: bool

    @classmethod
    def of(
        cls,
        entry: Entry,
        rows: pd.DataFrame,
        activity: Activity,
        periods: Sequence[tuple[str, str]],
        hierarchy: Hierarchy,
        draws: Draws | None = None,
        *,
        flows: bool = False,
        with_ends: bool = False,
    ) -> EntryRows:
        """Look up everything that an entry needs.

        Parameters
        ----------
        entry, activity, periods, hierarchy, draws
            As of the account.
        rows : DataFrame
            Its rows of the activity, numbered from 0, with their ``place`` there.
        flows : bool
            The rows are calendar years with flows, each with the ages of its own year.
        with_ends : bool
            Have both ends of the periods although the sink is no difference of stocks.

        Raises
        ------
        MethodologyError, ParameterError
            As the evaluation of the methodology.
        """
        state = entry.method.acts_on == "state"
        ages = ages_of(entry.method, rows) if state and not (entry.is_difference or flows) else ()
        wanted = entry.is_difference or (state and bool(with_ends or ages))
        ends = ends_of(activity, entry.source, entry.ecosystems, periods) if wanted else None
        bins = _bins_of(rows, activity) if state else activity.bins.iloc[:0]
        place, rows = rows["place"].to_numpy(np.intp), rows.drop(columns="place")
        dates = (rows["date"] if state else rows["date_from"] + "-" + rows["date_to"]).to_numpy(object)
        rows, bins, dates = _with_ends(rows, bins, dates, ends)
        other = np.empty(0, object) if ends is None else land_of_other_end(activity, entry.source, ends)
        parts = scaled(_parts(entry, rows, bins, activity.input_sets))
        of_end = np.maximum(parts.origin - len(place), -1)
        counted, by_age = np.where(of_end >= 0, 0.5, 0.0), bool(ages) and len(other) > 0
        if ends is not None and by_age:
            parts, counted = through_ages(parts, of_end, ends, other, ages)
        resolved = entry.method.resolve(parts.nodes.reset_index(drop=True), entry.pools)
        return cls(
            entry,
            parts,
            resolved,
            *_central(entry, parts, resolved, draws),
            hierarchy.numbers(parts.rows["region_code"]),
            dates[parts.origin],
            ends,
            np.maximum(parts.origin - len(place), -1),
            {},
            other != NODATA,
            np.append(place, np.full(len(rows) - len(place), -1))[parts.origin],
            counted,
            by_age,
        )

    def at_means(self) -> tuple[Resolved, Floats]:
        """The rows of dates that are evaluated at the means of their inputs, and the hectares known of them."""
        weights = self.parts.weights
        single = (np.diff(weights.indptr) <= 1) & self.on_dates
        places = np.flatnonzero(single & (self.parts.known > 0))
        only = weights.indptr[places]
        return self.resolved.take(weights.indices[only]), weights.data[only]

    @property
    def on_dates(self) -> NDArray[np.bool_]:
        """Parts that are land of a date or a transition, and no end of a period."""
        return self.of_end < 0

    def known_at_ends(self, pool: str) -> Floats:
        """Hectares of each row of ``ends`` on which a pool is known."""
        assert self.ends is not None
        at = np.flatnonzero(~self.on_dates)
        known = np.where(np.isnan(self.central[pool][at]), 0.0, self.parts.known[at])
        return np.bincount(self.of_end[at], known, len(self.ends.rows)).astype(np.float64)

    def leaves(self) -> Iterator[Leaf]:
        """Ecosystem, stratum, and what of its land belongs to each time."""
        land = "ecosystem" if self.entry.method.acts_on == "state" else "ecosystem_to"
        keys = [self.parts.rows[land], _labels(self.parts.rows, self.entry, self.parts)]
        for key, places in self.parts.rows.groupby(keys, sort=True).indices.items():
            ecosystem, stratum = cast(tuple[str, str], key)
            yield ecosystem, stratum, dict(self._times(np.asarray(places)))

    def _times(self, places: NDArray[np.intp]) -> Iterator[tuple[Time, Chosen]]:
        if self.by_age:
            yield from self._through(places)
            return
        of_dates = places[self.on_dates[places]]
        for date in sorted(set(self.dates[of_dates])):
            yield Time(str(date)), Chosen(of_dates[self.dates[of_dates] == date])
        if self.ends is None:
            return
        of_ends = places[~self.on_dates[places]]
        rows = self.of_end[of_ends]
        for period, end, _ in self.ends.sides():
            own = (self.ends.period[rows] == period) & (self.ends.end[rows] == end)
            if own.any():
                at, land = of_ends[own], rows[own]
                common = {pool: share[land] for pool, share in self.common.items()}
                rest = {pool: 1 - share for pool, share in common.items()}
                yield Time(period, end, "common"), Chosen(at, common)
                yield Time(period, end, "rest"), Chosen(at, rest)
                if end == FROM:
                    left = {pool: share * self.seen[land] for pool, share in rest.items()}
                    yield Time(period, end, "left"), Chosen(at, left)

    def _through(self, places: NDArray[np.intp]) -> Iterator[tuple[Time, Chosen]]:
        """What counts for the mean flux of each period, by the end whose errors of inputs it shares."""
        assert self.ends is not None
        of_ends = places[self.counted[places] > 0]
        rows = self.of_end[of_ends]
        for period, end, _ in self.ends.sides():
            own = of_ends[(self.ends.period[rows] == period) & (self.ends.end[rows] == end)]
            if len(own):
                yield Time(period, end, "through"), Chosen(own, dict.fromkeys(self.entry.pools, self.counted[own]))

    @property
    def strata(self) -> pd.Series[str]:
        """The stratum of each part, as its leaf is called."""
        return _labels(self.parts.rows, self.entry, self.parts)

    def used_rows(self) -> NDArray[np.int64]:
        """Rows of the parameter table that were used, each once."""
        # Parameters of a partial methodology are pools, of which the entry may take some only.
        every = not self.entry.method.methodology.partial
        found = self.resolved.used_rows().items()
        parts = [np.asarray(rows, dtype=np.int64) for name, rows in found if every or name in self.entry.pools]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)


def _with_ends(
    rows: pd.DataFrame, bins: pd.DataFrame, dates: NDArray[np.object_], ends: Ends | None
) -> tuple[pd.DataFrame, pd.DataFrame, NDArray[np.object_]]:
    """Rows of dates and, after them, both ends of the periods; their bins, and the date of each."""
    if ends is None or ends.rows.empty:
        return rows, bins, dates
    first, last = zip(*(period.split("-") for period in ends.period), strict=True)
    of_ends = np.where(ends.end == FROM, np.array(first, object), np.array(last, object))
    both = [part for part in (bins, ends.bins.assign(row=ends.bins["row"] + len(rows))) if len(part)]
    return (
        pd.concat([rows, ends.rows.assign(date=of_ends)], ignore_index=True),
        pd.concat(both, ignore_index=True) if both else bins,
        np.concatenate([dates, of_ends]),
    )


def _bins_of(rows: pd.DataFrame, activity: Activity) -> pd.DataFrame:
    """Bins of some states, by place in ``rows``."""
    own = activity.bins[activity.bins["end"] == ""]
    number = np.full(len(activity.states), -1)
    number[rows["place"].to_numpy()] = np.arange(len(rows))
    own = own.assign(row=number[own["row"].to_numpy()])
    return own[own["row"] >= 0]


def _parts(entry: Entry, rows: pd.DataFrame, bins: pd.DataFrame, sets: Sequence[InputSet]) -> Parts:
    known = observed_area(rows, entry.method, sets)
    # The total of a row is no sum over its hectares.
    totals = any(entry.method.kind(pool) in ("stock_total", "flux_total") for pool in entry.pools)
    return parts_of(rows, bins.iloc[:0] if totals else bins, entry.method, sets, known)


def _central(
    entry: Entry, parts: Parts, resolved: Resolved, draws: Draws | None
) -> tuple[dict[str, Floats], dict[str, NDArray[np.bool_]]]:
    """Carbon of each part by pool, and whether all it rests on has a stated uncertainty."""
    found = resolved.pools()
    certain = stated_parts(entry.method, resolved, entry.pools, draws)
    central, stated = {}, {}
    weights = parts.weights
    for pool in entry.pools:
        unknown = np.isnan(found[pool])
        if entry.method.kind(pool) in ("density", "flux"):
            amount = weights @ np.where(unknown, 0.0, found[pool])
            lost = (abs(weights) @ unknown.astype(float)) > 0
        else:
            amount, lost = np.where(unknown, 0.0, found[pool]), unknown
        central[pool] = np.where(lost, np.nan, amount)
        stated[pool] = (abs(weights) @ (~certain[pool]).astype(float)) == 0
    return central, stated


def _labels(rows: pd.DataFrame, entry: Entry, parts: Parts) -> pd.Series[str]:
    """The stratum of each row as text: its values of the strata that the methodology tells apart, else its class."""
    ends = ("",) if entry.method.acts_on == "state" else ("", "_from", "_to")
    # What is the same everywhere says nothing about a row, and the ecosystem has a column of its own.
    spread = {name for name in entry.method.strata if name in rows.columns and rows[name].dtype.kind == "f"}
    hidden = {*entry.method.constants, *entry.method.inputs, *spread, "ecosystem"}
    columns = [name + end for name in entry.method.strata if name not in hidden for end in ends]
    label = pd.Series("", index=rows.index)
    for column in (name for name in columns if name in rows.columns):
        value = rows[column].astype(str)
        joined = (label + (" > " if column.endswith("_to") else " / ") + value).where(label != "", value)
        label = joined.where(value != NOT_APPLICABLE, label)
    classes = rows["class"] if ends == ("",) else rows["class_from"] + " > " + rows["class_to"]
    return label.where(label != "", classes)


def observed_area(rows: pd.DataFrame, method: Bound, sets: Sequence[InputSet] = ()) -> Floats:
    """Area [ha] over which all inputs of the methodology were observed.

    Where the activity watched them together, that is known; else it is at most the smallest of their areas.
    """
    layers = chain.from_iterable(method.methodology.layers.values())
    names = ("area_ha", *(f"{name}_observed_ha" for name in layers))
    areas: Floats = np.minimum.reduce([rows[name].to_numpy(float) for name in names if name in rows.columns])
    watched = set_of(method, rows, sets)
    return areas if watched is None else np.where(rows[watched.column].to_numpy(bool), areas, 0.0)


def input_factors(row: pd.Series[Any], method: Bound, draws: Draws) -> dict[str, Floats]:
    """Draws of the inputs relative to their means, shape (n, 1), for rows that all have the dates of ``row``."""
    found: dict[str, Floats] = {}
    for name in chain.from_iterable(method.methodology.layers.values()):
        base = method.methodology.base_name(name)
        factor = draws.factor(base, str(row.get(f"date{name.removeprefix(base)}", ALL)))
        if factor is not None:
            found[name] = factor[:, None]
    return found
