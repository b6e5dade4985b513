"""The activity table: areas and means by region, stratum and date, and by land-cover transition.

The only thing that methodologies see of rasters, stands and statistics.  Its columns are the contract written in
docs/architecture.md; columns of strata and inputs stand between the fixed ones and depend on the project.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sinks.folds import folded, nouns, of_frame
from sinks.input_sets import InputSet, no_bins

STATE_KEYS = ("source", "region_code", "date", "land_cover", "class", "ecosystem")
CHANGE_KEYS = (
    "source",
    "region_code",
    "date_from",
    "date_to",
    "land_cover_from",
    "class_from",
    "ecosystem_from",
    "land_cover_to",
    "class_to",
    "ecosystem_to",
)
UNIT_COLUMNS = ("region_code", "area_ha", "cells")
AREA = "area_ha"

LAND_COVER = "land_cover"
"""Name of the source that the land-cover layer makes."""

OBSERVED = "_observed_ha"
"""End of the column with the hectares on which an input was observed: ``growing_stock_observed_ha``."""

FROM, TO = "_from", "_to"
"""Ends of the columns of transitions."""

_AT = "@"
"""Between the name of a column and the date it is of: ``class@2000`` of a transition from 2010 to 2020."""

_PARTS = ("states", "changes", "units", "bins")
_META = b"sinks"


def _no_changes() -> pd.DataFrame:
    return pd.DataFrame(columns=[*CHANGE_KEYS, AREA])


@dataclass(frozen=True)
class Activity:
    """What covers the land of every region, and what became of it.

    Attributes
    ----------
    states : DataFrame
        One row per source, region unit, date and stratum: :data:`STATE_KEYS`, strata, ``area_ha``, and for each input
        ``<input>`` (mean over the observed part), ``<input>_sd``, ``<input>_observed_ha``.
    changes : DataFrame
        One row per source, unit, pair of dates, pair of strata and history: :data:`CHANGE_KEYS`, static strata, what
        the land was at every other date before the later one (``class@2000``; empty where the row does not reach that
        far), ``area_ha``, and for each input mean and observed area at both dates.  Consecutive dates, and the first
        with the last.
    units : DataFrame
        ``region_code``, ``area_ha`` of the polygon on the ellipsoid, ``cells`` of the reference grid touched.
    strata : tuple of str
        Columns that are strata.
    inputs : tuple of str
        Names of the inputs.
    input_sets : tuple of InputSet
        Inputs that methodologies take together.  ``states`` has a column ``known:<set>`` for each (``changes``: with
        ``_from`` and ``_to``), false on land that asks for them and lacks one.
    bins : DataFrame
        Land by bins of the inputs of a set: ``end`` (empty for states, ``_from`` or ``_to`` for changes), ``row``
        (place in ``states`` or ``changes``), ``set``, ``group``, ``bin``, ``area_ha`` and moments
        (:func:`sinks.input_sets.moment_columns`).
    """

    states: pd.DataFrame
    units: pd.DataFrame
    changes: pd.DataFrame = field(default_factory=_no_changes)
    strata: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    input_sets: tuple[InputSet, ...] = ()
    bins: pd.DataFrame = field(default_factory=no_bins)

    def __post_init__(self) -> None:
        for name, frame, needed in (
            ("states", self.states, [*STATE_KEYS, AREA]),
            ("changes", self.changes, [*CHANGE_KEYS, AREA]),
            ("units", self.units, UNIT_COLUMNS),
        ):
            missing = [column for column in needed if column not in frame.columns]
            if missing:
                raise ValueError(f"Activity.{name} lacks {missing}")

    def end_rows(self, places: NDArray[np.intp], end: str) -> pd.DataFrame:
        """Transitions as states at one of their ends, in the order given.

        Parameters
        ----------
        places : array of int
            Places in :attr:`changes`.
        end : str
            :data:`FROM` or :data:`TO`.

        Returns
        -------
        DataFrame
            Columns as of :attr:`states` as far as transitions have them.
        """
        other = FROM if end == TO else TO
        changes = self.changes.iloc[places]
        kept = changes[[name for name in changes.columns if not str(name).endswith((other, other + OBSERVED))]]
        # A stratum that one source has once and for all, another may have at each date.
        both = [name for name in self.strata if name in kept.columns and name + end in kept.columns]
        dated = {name + end: kept[name + end].where(kept[name + end].notna(), kept[name]) for name in both}
        kept = kept.assign(**dated).drop(columns=both)
        rows = kept.rename(columns=lambda name: str(name).removesuffix(end).replace(end + OBSERVED, OBSERVED))
        return self._as_divided(rows.reset_index(drop=True))

    def _as_divided(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of ends with strata as the states have them.

        A stratum that has no date stands in a transition when it divides the land at either end.  At the end that it
        does not divide, the states have one value for all land.
        """
        static = [name for name in self.strata if name in rows.columns and name in self.changes.columns]
        if not static or rows.empty:
            return rows
        sources, found = tuple(rows["source"].unique()), {}
        for name in static:
            said = rows["ecosystem"].map(self._single(sources, name))
            found[name] = rows[name].where(said.isna(), said)
        return rows.assign(**found)

    def _single(self, sources: tuple[str, ...], stratum: str) -> pd.Series[str]:
        """By ecosystem, the one value that all its land has of a stratum; asked for at every end of every period."""
        key = (sources, stratum)
        if key not in self._singles:
            states = self.states[self.states["source"].isin(sources)]
            of_ecosystem = states.groupby("ecosystem")[stratum].agg(["nunique", "first"])
            self._singles[key] = of_ecosystem.loc[of_ecosystem["nunique"] == 1, "first"]
        return self._singles[key]

    @cached_property
    def _singles(self) -> dict[tuple[tuple[str, ...], str], pd.Series[str]]:
        return {}

    @property
    def dates(self) -> tuple[str, ...]:
        """Dates of the states, ascending."""
        return tuple(sorted(self.states["date"].unique()))

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources, in order of appearance."""
        return tuple(self.states["source"].unique())

    def to_parquet(self, folder: str | Path) -> None:
        """Write ``states``, ``changes``, ``units`` and ``bins`` as Parquet files into a folder, made when absent."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        sets = [asdict(one) for one in self.input_sets]
        named = json.dumps({"strata": self.strata, "inputs": self.inputs, "input_sets": sets}).encode()
        for part in _PARTS:
            table = pa.Table.from_pandas(getattr(self, part), preserve_index=False)
            table = table.replace_schema_metadata({**(table.schema.metadata or {}), _META: named})
            pq.write_table(table, target / f"{part}.parquet")

    @classmethod
    def from_parquet(cls, folder: str | Path) -> Activity:
        """Read what :meth:`to_parquet` wrote."""
        import pyarrow.parquet as pq

        tables = {part: pq.read_table(Path(folder) / f"{part}.parquet") for part in _PARTS}
        named = json.loads((tables["states"].schema.metadata or {}).get(_META, b"{}"))
        frames = {part: table.to_pandas() for part, table in tables.items()}
        sets = tuple(InputSet.from_json(one) for one in named.get("input_sets", ()))
        return cls(
            **frames,
            strata=tuple(named.get("strata", ())),
            inputs=tuple(named.get("inputs", ())),
            input_sets=sets,
        )

    def __repr__(self) -> str:
        return (
            f"Activity: {len(self.units)} units, dates {', '.join(self.dates)}, sources {', '.join(self.sources)}; "
            f"{len(self.states)} states, {len(self.changes)} changes"
        )

    def _repr_html_(self) -> str:
        areas = self.states.pivot_table(
            values=AREA, index="region_code", columns=["date", "ecosystem"], aggfunc="sum", fill_value=0.0
        )
        return folded(
            repr(self),
            [
                of_frame("folds.areas", areas.round(1), index=True, opened=True),
                of_frame("folds.states", self.states, _FEW),
                of_frame("folds.changes", self.changes, _FEW),
                of_frame("folds.units", self.units),
            ],
        )

    def __dir__(self) -> list[str]:
        return nouns(self)


_FEW = 10
"""Rows that show what the columns of a long table hold."""


def at_date(name: str, date: str) -> str:
    """The column that has the history of another: ``class@2000``."""
    return f"{name}{_AT}{date}"


def past_dates(changes: pd.DataFrame) -> tuple[str, ...]:
    """Dates of the history columns of transitions, ascending; none where only two dates are known."""
    head = at_date("ecosystem", "")
    return tuple(sorted(str(name).removeprefix(head) for name in changes.columns if str(name).startswith(head)))


def known_dates(changes: pd.DataFrame) -> tuple[str, ...]:
    """Every date that transitions speak of, ascending."""
    return tuple(sorted({*past_dates(changes), *changes["date_from"], *changes["date_to"]}))


def land_at(changes: pd.DataFrame, name: str, date: str) -> NDArray[np.object_]:
    """What the land of every transition was at a date.

    Parameters
    ----------
    changes : DataFrame
        Rows of ``Activity.changes``.
    name : str
        A column without its end: ``class``, ``ecosystem``, or a stratum that has a date.
    date : str

    Returns
    -------
    array (rows,)
        Empty text where a row does not reach so far.
    """
    past = at_date(name, date)
    found = changes[past].fillna("").to_numpy(object) if past in changes.columns else np.full(len(changes), "", object)
    for end in ("from", "to"):
        found = np.where(changes[f"date_{end}"] == date, changes[f"{name}_{end}"].to_numpy(object), found)
    return found


def concat(activities: Iterable[Activity]) -> Activity:
    """One activity with the rows of several sources.

    Strata and inputs that a source does not have are empty in its rows.  Of the units, a region's polygon area and cell
    count come from the first activity that counted cells in it (stands and statistics count none).

    Raises
    ------
    ValueError
        When two activities hold a source of the same name: their areas would count twice.
    """
    found = list(activities)
    if not found:
        raise ValueError("concat needs at least one Activity")
    names = [source for activity in found for source in activity.sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"sources given twice: {twice}")
    if len(found) == 1:
        return found[0]
    strata = tuple(dict.fromkeys(name for activity in found for name in activity.strata))
    sets = tuple(dict.fromkeys(one for activity in found for one in activity.input_sets))
    known = [one.column + end for one in sets for end in ("", "_from", "_to")]
    inputs = tuple(dict.fromkeys(name for activity in found for name in activity.inputs))
    units = _stack([activity.units for activity in found], [])
    units = units.sort_values("cells", ascending=False, kind="stable").drop_duplicates("region_code")
    units = units.sort_values("region_code").reset_index(drop=True)
    return Activity(
        states=_known(_stack([activity.states for activity in found], [*STATE_KEYS, *strata]), known),
        changes=_known(_stack([activity.changes for activity in found], [*CHANGE_KEYS, *strata]), known),
        units=units,
        strata=strata,
        inputs=inputs,
        input_sets=sets,
        bins=_stack_bins(found),
    )


def _known(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """Rows of sources that watch nothing lack nothing; their inputs say what was observed."""
    present = [name for name in columns if name in frame.columns]
    return frame.assign(**{name: frame[name].astype(object).fillna(True).astype(bool) for name in present})


def _stack_bins(found: list[Activity]) -> pd.DataFrame:
    """Bins of several activities, by place in their rows together."""
    states = changes = 0
    parts = [no_bins()]
    for activity in found:
        begin = np.where(activity.bins["end"] == "", states, changes)
        parts.append(activity.bins.assign(row=activity.bins["row"] + begin))
        states, changes = states + len(activity.states), changes + len(activity.changes)
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def _stack(frames: list[pd.DataFrame], first: list[str]) -> pd.DataFrame:
    """Rows of all frames; the columns named first in that order, the rest as they appear."""
    filled = [frame for frame in frames if len(frame)]
    if not filled:
        return frames[0].copy()
    stacked = pd.concat(filled, ignore_index=True)
    head = [column for column in first if column in stacked.columns]
    return stacked[[*head, *(column for column in stacked.columns if column not in head)]]
