"""The joint table: what the pass found, and its two views as activity.

A row of the joint table is a combination of region, class at every date and strata that occurs.  States are its sums by
date, changes its sums by pair of dates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sinks.activity import AREA, CHANGE_KEYS, OBSERVED, STATE_KEYS, Activity, at_date
from sinks.geo.legends import Legend
from sinks.input_sets import BIN_KEYS, InputSet, no_bins
from sinks.layers.rasters.raster import STATIC, CategoricalLayer, ContinuousLayer, Layer
from sinks.tabulation.exact import ExactSums
from sinks.vocabulary import NODATA, NOT_APPLICABLE

Floats = npt.NDArray[np.float64]
SUM, SQUARES = "_sum", "_squares"

_LAND = ("land_cover", "class", "ecosystem")

_ELSEWHERE = -(2**31)
# Stands for the codes of a stratum on land that it does not divide; no legend has a class like it.


def column(layer: Layer, date: str) -> str:
    """Column of a layer at a date: ``land_cover@2020``; the name alone for a static layer."""
    return at_date(layer.name, date) if date in layer.files and date != STATIC else layer.name


@dataclass(frozen=True)
class Joint:
    """Areas and moments by region and joint class.

    Attributes
    ----------
    table : DataFrame
        ``region_code``; a column per categorical layer and date with its code (missing = not observed); ``area_ha``;
        per continuous layer and date ``<input>_sum`` (value times ha), ``<input>_squares`` (squared value times ha) and
        ``<input>_observed_ha``.
    units : DataFrame
        ``region_code``, ``area_ha`` of the polygon on the ellipsoid, ``cells`` touched, ``inside_share`` of the polygon
        that lies on the reference grid.
    dates : tuple of str
        Dates of the land cover, ascending.
    land_cover, strata, inputs
        The layers.
    history : tuple of str
        Further dates of which the table has the classes only; they show in the history of changes.
    watched : tuple of InputSet
        Inputs that are asked for together; ``table`` has ``known:<set>@<date>`` for each, false on land that asks for
        them and lacks one.
    bins : DataFrame
        ``joint`` (place in ``table``), ``date``, ``set``, ``group``, ``bin``, ``area_ha`` and moments
        (:func:`sinks.input_sets.moment_columns`).
    steps_only : bool
        Leave out what several steps between dates have in common: the history of changes, and the change from the
        first date to the last.
    exact, exact_bins : ExactSums or None
        The integers behind ``table`` and ``bins``; without them sums are those of the rounded columns.
    """

    table: pd.DataFrame
    units: pd.DataFrame
    dates: tuple[str, ...]
    land_cover: CategoricalLayer
    strata: tuple[CategoricalLayer, ...] = ()
    inputs: tuple[ContinuousLayer, ...] = ()
    history: tuple[str, ...] = ()
    watched: tuple[InputSet, ...] = ()
    bins: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"joint": [], "date": []}))
    steps_only: bool = False
    exact: ExactSums | None = None
    exact_bins: ExactSums | None = None

    @classmethod
    def blank(
        cls,
        land_cover: CategoricalLayer,
        strata: Sequence[CategoricalLayer] = (),
        inputs: Sequence[ContinuousLayer] = (),
        watched: Sequence[InputSet] = (),
    ) -> Joint:
        """The joint table of no land at all, which tells the columns of the activity before a pass."""
        dates = tuple(sorted(date for date in land_cover.files if date != STATIC))

        def columns(layers: Sequence[Layer]) -> list[str]:
            return [column(x, date) for x in layers for date in ((STATIC,) if STATIC in x.files else dates)]

        moments = [name + end for name in columns(inputs) for end in (SUM, SQUARES, OBSERVED)]
        kinds: dict[str, str] = {"region_code": "str", **dict.fromkeys(columns((land_cover, *strata)), "Int64")}
        kinds |= dict.fromkeys((AREA, *moments), "float64")
        kinds |= {at_date(one.column, date): "bool" for one in watched for date in dates}
        units = {"region_code": "str", "area_ha": "float64", "cells": "int64", "inside_share": "float64"}
        table, regions = (
            pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in given.items()}) for given in (kinds, units)
        )
        return cls(table, regions, dates, land_cover, tuple(strata), tuple(inputs), watched=tuple(watched))

    def activity(self) -> Activity:
        """States at every date; changes between consecutive dates and, of more than two, from the first to the last."""
        pairs = list(pairwise(self.dates))
        if len(self.dates) > 2 and not self.steps_only:
            pairs.append((self.dates[0], self.dates[-1]))
        states = [self._states(date) for date in self.dates]
        changes = [self._changes(*pair) for pair in pairs]
        return Activity(
            states=pd.concat([frame for frame, _ in states], ignore_index=True),
            units=self.units[["region_code", "area_ha", "cells"]].copy(),
            **({"changes": _together([frame for frame, _ in changes])} if changes else {}),
            strata=tuple(layer.name for layer in self.strata),
            inputs=tuple(layer.name for layer in self.inputs),
            input_sets=self.watched,
            bins=pd.concat([_stacked(states), _stacked(changes)], ignore_index=True) if self.watched else no_bins(),
        )

    def __repr__(self) -> str:
        return (
            f"Joint: {len(self.units)} units, dates {', '.join(self.dates)}, "
            f"{len(self.table)} joint classes, {self.table[AREA].sum():.6g} ha"
        )

    def _repr_html_(self) -> str:
        html: str = self.table.to_html(max_rows=20)
        return html

    def _states(self, date: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """States of a date, and their bins by place in them."""
        classes = {name: column(layer, date) for name, layer in self._categorical()}
        classes |= {watched.column: at_date(watched.column, date) for watched in self.watched}
        land = dict.fromkeys((layer.name for layer in self.strata), (classes[self.land_cover.name],))
        sums = self._sum_by(classes, [(item, date, item.name) for item in self.inputs], land)
        frame = sums.frame.copy()  # in one piece: columns were put in one by one
        frame["source"], frame["date"] = self.land_cover.name, date
        self._name_classes(frame, "")
        for layer in self.strata:
            frame[layer.name] = _stratum(frame[layer.name], layer.legend)
        means = {item.name: sums.moments(item.name) for item in self.inputs}
        spread = {f"{name}_sd": sd for name, (_, sd) in means.items()}
        frame = _with_columns(frame, {name: mean for name, (mean, _) in means.items()} | spread)
        keys = [*STATE_KEYS, *(layer.name for layer in self.strata), AREA]
        measured = [item.name + end for item in self.inputs for end in ("", "_sd", OBSERVED)]
        known = [watched.column for watched in self.watched]
        return frame[keys + measured + known], self._bins_of(sums, {"": date})

    def _changes(self, first: str, last: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Transitions between two dates, and the bins of both their ends."""
        ends = (("_from", first), ("_to", last))
        others = () if self.steps_only else {*self.dates, *self.history}
        earlier = sorted(date for date in others if date < last and date != first)
        past = tuple((at_date("", date), date) for date in earlier)
        cover = self.land_cover.name
        static = [layer for layer in self.strata if STATIC in layer.files]
        dated = [layer for layer in self.strata if STATIC not in layer.files]
        classes = {f"{cover}{end}": at_date(cover, date) for end, date in ends}
        classes |= {layer.name: column(layer, STATIC) for layer in static}
        classes |= {f"{layer.name}{end}": at_date(layer.name, date) for layer in dated for end, date in ends}
        classes |= {f"{name}{end}": f"{name}{end}" for name in (cover, *(x.name for x in dated)) for end, _ in past}
        known = {f"{x.column}{end}": at_date(x.column, date) for x in self.watched for end, date in ends}
        classes |= known
        wanted = [(item, date, f"{item.name}{end}") for item in self.inputs for end, date in ends]
        both = (classes[f"{cover}_from"], classes[f"{cover}_to"])
        land: dict[str, tuple[str, ...]] = dict.fromkeys((layer.name for layer in static), both)
        land |= {f"{x.name}{end}": (at_date(cover, date),) for x in dated for end, date in (*ends, *past)}
        sums = self._sum_by(classes, wanted, land)
        frame = sums.frame.copy()  # in one piece: columns were put in one by one
        frame["source"], frame["date_from"], frame["date_to"] = cover, first, last
        for end, _ in (*ends, *past):
            self._name_classes(frame, end)
            for layer in dated:
                frame[layer.name + end] = _stratum(frame[layer.name + end], layer.legend)
        for layer in static:
            frame[layer.name] = _stratum(frame[layer.name], layer.legend)
        frame = _with_columns(frame, {name: sums.moments(name)[0] for _, _, name in wanted})
        strata = [*(layer.name for layer in static), *(layer.name + end for layer in dated for end, _ in ends)]
        history = [name + end for end, _ in past for name in (*_LAND, *(layer.name for layer in dated))]
        measured = [name + end for _, _, name in wanted for end in ("", OBSERVED)]
        return frame[[*CHANGE_KEYS, *strata, *history, AREA, *measured, *known]], self._bins_of(sums, dict(ends))

    def _bins_of(self, sums: _Sums, ends: Mapping[str, str]) -> pd.DataFrame:
        """Bins of the summed rows: those of each end (``""``, ``_from``, ``_to``) at its date."""
        parts = [no_bins()]
        for end, date in ends.items() if len(self.bins) else ():
            places = np.flatnonzero((self.bins["date"] == date).to_numpy())
            own = self.bins.iloc[places].drop(columns="date")
            rows = own.assign(end=end, row=sums.numbers[own.pop("joint").to_numpy()])
            groups = rows.groupby(list(BIN_KEYS), sort=True, as_index=False)
            added, numbers, exact = groups.sum(min_count=1), groups.ngroup().to_numpy(), self.exact_bins
            if exact is not None and len(added):
                names = [name for name in added.columns if name not in BIN_KEYS]
                added = added.assign(**{name: exact.added(str(name), numbers, places) for name in names})
            parts.append(added)
        return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)

    def _categorical(self) -> list[tuple[str, CategoricalLayer]]:
        return [(layer.name, layer) for layer in (self.land_cover, *self.strata)]

    def _name_classes(self, frame: pd.DataFrame, end: str) -> None:
        """Code, fine class and ecosystem of the land cover, in place."""
        codes = frame.pop(f"{self.land_cover.name}{end}")
        classes = {code: self.land_cover.legend.get(int(code)) for code in codes.dropna().unique()}
        named = {code: (c.text, c.cls, c.ecosystem) for code, c in classes.items() if c is not None}
        rows = [named.get(code, (NODATA,) * 3) if pd.notna(code) else (NODATA,) * 3 for code in codes]
        for at, name in enumerate(_LAND):
            frame[f"{name}{end}"] = pd.Series([row[at] for row in rows], index=frame.index, dtype=str)

    def _sum_by(
        self,
        classes: dict[str, str],
        inputs: Sequence[tuple[Layer, str, str]],
        land: Mapping[str, tuple[str, ...]],
    ) -> _Sums:
        """Sums of the joint table over everything but region and ``classes`` (new name to column).

        ``land`` names, for each stratum, the columns with the land cover that decides whether it applies.
        """
        parts = {"region_code": self.table["region_code"], **{new: self.table[old] for new, old in classes.items()}}
        ends = ("", "_from", "_to", *(at_date("", date) for date in (*self.dates, *self.history)))
        strata = {layer.name + end: layer for layer in self.strata for end in ends}
        for name, columns in land.items():
            parts[name] = self._where_it_applies(strata[name], parts[name], columns)
        amounts = {AREA: AREA}
        for layer, date, name in inputs:
            amounts |= {name + end: column(layer, date) + end for end in (SUM, SQUARES, OBSERVED)}
        parts |= {new: self.table[old] for new, old in amounts.items()}
        by = ["region_code", *classes]
        groups = pd.DataFrame(parts).groupby(by, sort=True, dropna=False, as_index=False)
        added, numbers = groups.sum(), groups.ngroup().to_numpy()
        if self.exact is not None and len(added):
            added = added.assign(**{new: self.exact.added(old, numbers) for new, old in amounts.items()})
        return _Sums(added, numbers)

    def _where_it_applies(self, layer: CategoricalLayer, codes: pd.Series, columns: tuple[str, ...]) -> pd.Series:
        """A stratum's codes, marked where the land is not of the ecosystems that it divides."""
        if layer.ecosystems is None:
            return codes
        wanted = {c.code for c in self.land_cover.legend if c.ecosystem in layer.ecosystems}
        applies = np.logical_or.reduce([self.table[column].isin(wanted).to_numpy() for column in columns])
        return codes.where(applies, _ELSEWHERE)


class _Sums:
    """Summed moments, from which means come, and the number of the sum to which each row of the joint table went."""

    def __init__(self, frame: pd.DataFrame, numbers: npt.NDArray[Any]) -> None:
        self.frame, self.numbers = frame, numbers

    def moments(self, name: str) -> tuple[Floats, Floats]:
        """Mean and standard deviation over the observed area; NaN where none was observed."""
        observed = self.frame[name + OBSERVED].to_numpy(np.float64)
        weight = np.where(observed > 0, observed, np.nan)
        mean = self.frame[name + SUM].to_numpy(np.float64) / weight
        variance = self.frame[name + SQUARES].to_numpy(np.float64) / weight - mean**2
        # Rounding can leave a constant field with a variance just below zero.
        return mean, np.sqrt(np.where(variance < 0, 0.0, variance))


def _stacked(parts: Sequence[tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """Bins of several tables of rows, by place in all of them together."""
    begin, found = 0, [no_bins()]
    for rows, bins in parts:
        found.append(bins.assign(row=bins["row"] + begin))
        begin += len(rows)
    return pd.concat([part for part in found if len(part)] or found, ignore_index=True)


def _together(changes: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Changes of all pairs of dates; what a row's history does not reach is empty, not missing."""
    stacked = pd.concat(changes, ignore_index=True)
    past = [name for name in stacked.columns if at_date("", "") in name]
    return stacked.assign(**{name: stacked[name].fillna("") for name in past})


def _with_columns(frame: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Columns put in all at once; one by one a table of monthly inputs falls into hundreds of pieces."""
    new = pd.DataFrame(dict(columns), index=frame.index)
    return pd.concat([frame.drop(columns=[name for name in new if name in frame]), new], axis=1)


def _stratum(codes: pd.Series, legend: Legend) -> pd.Series:
    """Fine classes of a stratum's codes; ``nodata`` where it was not observed."""
    known = {code: legend.get(int(code)) for code in codes.dropna().unique() if code != _ELSEWHERE}
    classes = {code: found.cls for code, found in known.items() if found is not None}
    classes[_ELSEWHERE] = NOT_APPLICABLE
    named = [classes[code] if pd.notna(code) else NODATA for code in codes]
    return pd.Series(named, index=codes.index, dtype=str)
