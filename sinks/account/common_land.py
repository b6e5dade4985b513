"""Land whose carbon is known at both dates of a period.

A change of carbon is counted on common land only: observed at both dates, with all inputs, and of ecosystems whose
carbon the account knows before and after.  What is known at one date only is no change of the land but of what is known
of it: it is newly known, or no longer known, and stands apart with its area.

Rasters know what each piece of land was and became.  Statistics have rows: a row that both dates have is common, with
the area that it has at each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.activity import FROM, TO, Activity
from sinks.input_sets import BIN_KEYS
from sinks.uncertainty.draws import Floats
from sinks.vocabulary import NODATA, pools

ENDS = (FROM, TO)
OTHER = {FROM: TO, TO: FROM}

SCALE = "area_scale"
"""Columns ``area_scale_from`` and ``area_scale_to`` of transitions: adjusted area over that of the map."""

_UNMATCHED = -1

_NO_LAND = 1e-9
"""Shares of land that are rounding."""


@dataclass(frozen=True)
class Ends:
    """Both ends of the land of some ecosystems in every period, as rows of states.

    Attributes
    ----------
    rows : DataFrame
        Columns of states.
    bins : DataFrame
        Their bins, ``row`` by place in ``rows``.
    period, end : array (rows,) of str
    land : array (rows,) of int
        Number of the piece of land, the same at both its ends; -1 where the other date does not have it.
    """

    rows: pd.DataFrame
    bins: pd.DataFrame
    period: NDArray[np.object_]
    end: NDArray[np.object_]
    land: NDArray[np.int64]

    def dates(self) -> list[str]:
        """Date of each row."""
        return [period.split("-")[0 if end == FROM else 1] for period, end in zip(self.period, self.end, strict=True)]

    def sides(self) -> Iterator[tuple[str, str, NDArray[np.intp]]]:
        """Each period and end, with the places of its rows."""
        for period in dict.fromkeys(self.period):
            for end in ENDS:
                yield str(period), end, np.flatnonzero((self.period == period) & (self.end == end))


def ends_of(activity: Activity, source: str, ecosystems: Sequence[str], periods: Iterable[tuple[str, str]]) -> Ends:
    """The ends of the land that a source has of some ecosystems."""
    changing = (activity.changes["source"] == source).any()
    find = _ends_of_transitions if changing else _ends_of_rows
    found = [find(activity, source, ecosystems, period, end) for period in periods for end in ENDS]
    if not found:
        return Ends(
            activity.states.iloc[:0], activity.bins.iloc[:0], *(np.empty(0, object),) * 2, np.empty(0, np.int64)
        )
    begins = np.cumsum([0, *(len(one.rows) for one in found)])
    bins = [one.bins.assign(row=one.bins["row"] + begin) for one, begin in zip(found, begins[:-1], strict=True)]
    filled = [one.rows for one in found if len(one.rows)] or [found[0].rows]
    return Ends(
        pd.concat(filled, ignore_index=True),
        pd.concat([one for one in bins if len(one)] or bins[:1], ignore_index=True),
        np.concatenate([one.period for one in found]),
        np.concatenate([one.end for one in found]),
        np.concatenate([one.land for one in found]),
    )


def _ends_of_transitions(
    activity: Activity, source: str, ecosystems: Sequence[str], period: tuple[str, str], end: str
) -> Ends:
    changes = activity.changes
    wanted = (changes["source"] == source) & (changes["date_from"] == period[0]) & (changes["date_to"] == period[1])
    wanted &= changes[f"ecosystem{end}"].isin(ecosystems)
    places = np.flatnonzero(wanted.to_numpy(bool))
    rows = activity.end_rows(places, end)
    bins = activity.bins[activity.bins["end"] == end]
    number = np.full(len(changes), _UNMATCHED)
    number[places] = np.arange(len(places))
    bins = bins.assign(row=number[bins["row"].to_numpy()])
    bins = bins[bins["row"] >= 0]
    if SCALE in rows.columns:
        rows, bins = _scaled(rows, bins)
    return Ends(rows, bins, *_said(period, end, len(rows)), places.astype(np.int64))


def _scaled(rows: pd.DataFrame, bins: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows and bins with adjusted areas."""
    scale = rows[SCALE].to_numpy(float)
    areas = ["area_ha", *(name for name in rows.columns if str(name).endswith("_observed_ha"))]
    measured = [name for name in bins.columns if name not in BIN_KEYS]
    of_bins = scale[bins["row"].to_numpy()]
    return (
        rows.assign(**{name: rows[name] * scale for name in areas}).drop(columns=SCALE),
        bins.assign(**{name: bins[name] * of_bins for name in measured}),
    )


def _ends_of_rows(
    activity: Activity, source: str, ecosystems: Sequence[str], period: tuple[str, str], end: str
) -> Ends:
    """Rows of statistics or stands: what has the same region, class and strata at both dates is the same land."""
    states = activity.states
    own = (states["source"] == source) & states["ecosystem"].isin(ecosystems)
    first, last = (states[own & (states["date"] == date)] for date in period)
    keys = ["region_code", "land_cover", "class", "ecosystem"]
    keys += [name for name in (*activity.strata, "stand") if name in states.columns]
    numbers = pd.concat([first, last])[keys].astype(str).groupby(keys, sort=True).ngroup().to_numpy()
    ours, theirs = numbers[: len(first)], numbers[len(first) :]
    chosen = first if end == FROM else last
    if end == TO:
        ours, theirs = theirs, ours
    land = np.where(np.isin(ours, theirs), ours, _UNMATCHED).astype(np.int64)
    return Ends(chosen.reset_index(drop=True), activity.bins.iloc[:0], *_said(period, end, len(chosen)), land)


def _said(period: tuple[str, str], end: str, n: int) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    return np.full(n, "-".join(period), object), np.full(n, end, object)


class KnownLand:
    """Of every piece of land and end, the share of its area on which each pool's carbon is known.

    Parameters
    ----------
    no_carbon : mapping of str to sequence of str
        Pools that are stated to hold no carbon, by ecosystem: known, and zero.
    """

    def __init__(self, no_carbon: Mapping[str, Sequence[str]] | None = None) -> None:
        self._known: dict[tuple[str, str, str, str], Floats] = {}
        self._no_carbon = {
            (ecosystem, part) for ecosystem, named in (no_carbon or {}).items() for pool in named for part in held(pool)
        }

    def copy(self) -> KnownLand:
        """The same, to which more can be added."""
        other = KnownLand()
        other._known, other._no_carbon = {key: found.copy() for key, found in self._known.items()}, self._no_carbon
        return other

    def add(self, source: str, ends: Ends, pool: str, known: Floats) -> None:
        """Note the hectares of each row on which a pool is known."""
        area = ends.rows["area_ha"].to_numpy(float)
        for period, end, own in ends.sides():
            own = own[ends.land[own] >= 0]
            size = int(ends.land[own].max(initial=-1)) + 1
            whole, part = (np.bincount(ends.land[own], values[own], size) for values in (area, known))
            share = np.divide(part, whole, out=np.zeros(size), where=whole > 0)
            for name in held(pool):
                key = (source, period, end, name)
                noted = self._known.get(key, np.empty(0))
                longer = np.zeros(max(size, len(noted)))
                longer[: len(noted)] = noted
                longer[:size] = np.maximum(longer[:size], share)
                self._known[key] = longer

    def other_end(self, source: str, ends: Ends, pool: str, land_of_other: NDArray[np.object_]) -> Floats:
        """Share of each row's land on which the pool is known at the other end of its period.

        Parameters
        ----------
        source : str
        ends : Ends
        pool : str
        land_of_other : array (rows,) of str
            Ecosystem of the land at the other end.
        """
        found = np.ones(len(ends.rows))
        for part in held(pool):
            share = np.zeros(len(ends.rows))
            for period, end, own in ends.sides():
                noted = self._known.get((source, period, OTHER[end], part), np.empty(0))
                own = own[(ends.land[own] >= 0) & (ends.land[own] < len(noted))]
                share[own] = noted[ends.land[own]]
            stated = np.array([(ecosystem, part) in self._no_carbon for ecosystem in land_of_other], bool)
            found = np.minimum(found, np.where(stated, 1.0, share))
        # Hectares of bins add up to those of their row but for rounding, which is no land.
        return np.where(found < _NO_LAND, 0.0, np.where(found > 1 - _NO_LAND, 1.0, found))


def land_of_other_end(activity: Activity, source: str, ends: Ends) -> NDArray[np.object_]:
    """Ecosystem of each row's land at the other end of its period; ``nodata`` where it was not observed."""
    changing = (activity.changes["source"] == source).any()
    if not changing:
        # A row that both dates have is of one ecosystem at both.
        return np.where(ends.land >= 0, ends.rows["ecosystem"].to_numpy(object), NODATA)
    before, after = (activity.changes[f"ecosystem{end}"].to_numpy(object) for end in ENDS)
    return np.where(ends.end == FROM, after[ends.land], before[ends.land])


def held(pool: str) -> tuple[str, ...]:
    """The pools that a pool consists of; itself, where it is not a sum.

    >>> held("biomass")
    ('above_ground_biomass', 'below_ground_biomass')
    """
    if pool == "ecosystem":
        return tuple(name for name, one in pools().items() if one.group in _LAND and name != "biomass")
    if pool == "biomass":
        return tuple(name for name, one in pools().items() if one.group == "biomass" and name != "biomass")
    return (pool,)


_LAND = ("biomass", "dead_organic_matter", "soil")
