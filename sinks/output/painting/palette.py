"""From the raw codes of the layers to a density: which cells belong to which row of the activity table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from numba import njit

from sinks.activity import AREA, CHANGE_KEYS, STATE_KEYS, Activity
from sinks.errors import Problem, RunError
from sinks.geo.grid import Grid
from sinks.layers.rasters.raster import STATIC, CategoricalLayer, inspect
from sinks.output.painting.amounts import Amounts
from sinks.tabulation import Joint
from sinks.tabulation.crosstab import Axis
from sinks.tabulation.joint import column
from sinks.tabulation.kernels import find_slot

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_VALUE = "painted"

_SAME_AREA = 1e-9
"""Relative; areas of the same cells differ only by the order in which hectares are added."""


@dataclass(frozen=True)
class Palette:
    """Densities by region unit and joint code.

    Attributes
    ----------
    axes : tuple of Axis
        Layers that are read, each a digit of the joint code.
    strides : tuple of int
        Place value of each.
    joints : int
        Number of joint codes there could be in a region.
    keys : int64, [2**n]
        Open-addressing table of ``region * joints + joint code``; -1 is free.
    densities : float64, [2**n]
        Per hectare, NaN where nothing is estimated.
    """

    axes: tuple[Axis, ...]
    strides: tuple[int, ...]
    joints: int
    keys: Ints
    densities: Floats


def narrowed(joint: Joint, dates: Sequence[str]) -> Joint:
    """The joint table of some of its dates, areas summed over the others."""

    def at(layer: CategoricalLayer) -> CategoricalLayer:
        return layer if STATIC in layer.files else replace(layer, files={date: layer.files[date] for date in dates})

    land_cover, strata = at(joint.land_cover), tuple(at(layer) for layer in joint.strata)
    names = [column(layer, date) for layer, date in _slots(land_cover, strata, dates)]
    by = ["region_code", *names]
    table = joint.table[[*by, AREA]].groupby(by, dropna=False, sort=True, as_index=False).sum()
    # The integers behind the table are of its rows before.
    whole = replace(joint, exact=None, exact_bins=None)
    return replace(whole, table=table, dates=tuple(dates), land_cover=land_cover, strata=strata, inputs=())


def densities(joint: Joint, activity: Activity, found: Amounts) -> Floats:
    """Density of each row of a joint table that was :func:`narrowed` to the subject's dates; NaN: not estimated.

    A cell's density is the sum of those of the rows of the activity table that it belongs to: one at each date, and
    one of transitions.  What is not estimated counts as nothing there, unless nothing at all is estimated.

    Parameters
    ----------
    joint : Joint
        Of the land cover and strata as they are now.
    activity : Activity
        Of the run, with the areas of the map.
    found : Amounts
        What is laid on its rows.

    Raises
    ------
    RunError
        The layers do not hold the areas that the account was made from.
    """
    cells = replace(joint, table=joint.table.assign(region_code=np.arange(len(joint.table)).astype(str))).activity()
    codes = joint.table["region_code"].astype(str).to_numpy()
    total = np.full(len(joint.table), np.nan)
    for now, run, values, keys in (
        (cells.states, activity.states, found.states, STATE_KEYS),
        (cells.changes, activity.changes, found.changes, CHANGE_KEYS),
    ):
        if now.empty or np.isnan(values).all():
            continue
        strata = [name for name in now.columns if name not in (*keys, AREA)]
        run, values = _as_told_apart(run, values, [*keys, *strata])
        now = _of_times(now, run[~np.isnan(values)])
        places = now["region_code"].to_numpy().astype(np.intp)
        rows = _rows_of(now.assign(region_code=codes[places]), run, [*keys, *strata])
        area = np.bincount(rows, now[AREA].to_numpy(float), len(run)).astype(np.float64)
        _check_areas(area, run, np.unique(rows))
        part = (values / np.where(area > 0, area, np.nan))[rows]
        known = ~np.isnan(part)
        seen = np.nan_to_num(total[places[known]])
        # A cell has one row at each date, so that places repeat.
        total[places[known]] = seen
        np.add.at(total, places[known], part[known])
    return total


def palette(joint: Joint, found: Floats, reference: Grid, codes: Sequence[str]) -> Palette:
    """The table that cells are looked up in.

    Parameters
    ----------
    joint : Joint
        Narrowed.
    found : float64, [rows of ``joint.table``]
        Densities.
    reference : Grid
    codes : sequence of str
        Region units in the order of their numbers.
    """
    axes, digits = [], []
    for layer, date in _slots(joint.land_cover, joint.strata, joint.dates):
        numbers = layer.legend.numbers
        axis = Axis(inspect(layer, date).on(reference, layer.resampling), numbers)
        raw = joint.table[column(layer, date)]
        axes.append(axis)
        digits.append(np.where(raw.isna(), axis.absent, np.searchsorted(numbers, raw.fillna(numbers[0]).to_numpy(int))))
    strides = tuple(math.prod(axis.size for axis in axes[:at]) for at in range(len(axes)))
    joints = math.prod(axis.size for axis in axes)
    region = pd.Index(codes).get_indexer(pd.Index(joint.table["region_code"].astype(str)))
    keys = region * joints + sum(digit * stride for digit, stride in zip(digits, strides, strict=True))
    size = 1 << (2 * max(len(keys), 1)).bit_length()
    table, values = np.full(size, -1, np.int64), np.full(size, np.nan)
    _fill(np.asarray(keys, np.int64), found, table, values)
    return Palette(tuple(axes), strides, joints, table, values)


def plain_palette(regions: int) -> Palette:
    """A table that reads no layer: every cell of every region has the density one."""
    size = 1 << (2 * max(regions, 1)).bit_length()
    table, values = np.full(size, -1, np.int64), np.full(size, np.nan)
    _fill(np.arange(regions, dtype=np.int64), np.ones(regions), table, values)
    return Palette((), (), 1, table, values)


@njit(cache=True)
def _fill(keys: Ints, found: Floats, table: Ints, values: Floats) -> None:
    """Enter the densities ``found`` of ``keys`` into an open-addressing table and the values beside it."""
    for key, density in zip(keys, found):  # noqa: B905 - numba's zip has no strict
        slot = find_slot(table, key)
        table[slot] = key
        values[slot] = density


def _slots(
    land_cover: CategoricalLayer, strata: Sequence[CategoricalLayer], dates: Sequence[str]
) -> list[tuple[CategoricalLayer, str]]:
    """Every file of the layers at the dates."""
    return [(layer, d) for layer in (land_cover, *strata) for d in ((STATIC,) if STATIC in layer.files else dates)]


def _rows_of(now: pd.DataFrame, run: pd.DataFrame, keys: Sequence[str]) -> npt.NDArray[np.intp]:
    """For each row of ``now`` the place in ``run`` of the row with the same keys."""

    def index(frame: pd.DataFrame) -> pd.MultiIndex:
        return pd.MultiIndex.from_frame(frame[list(keys)].astype(str))

    there = np.flatnonzero(run["source"].astype(str).isin(now["source"].unique()).to_numpy(bool))
    found = index(run.iloc[there]).get_indexer(index(now))
    if (found < 0).any():
        first: Mapping[Any, Any] = now[list(keys)].iloc[int(np.argmin(found))].to_dict()
        row = [f"{name} = {value}" for name, value in first.items()]
        raise RunError(Problem("painting.new_row", "run", {"count": int((found < 0).sum()), "row": row}))
    return there[found]


def _of_times(now: pd.DataFrame, run: pd.DataFrame) -> pd.DataFrame:
    """Rows of the dates, or pairs of them, on which something is laid; the run need not have any other."""
    times = [name for name in ("date", "date_from", "date_to") if name in now.columns]
    wanted = pd.MultiIndex.from_frame(run[times])
    return now[pd.MultiIndex.from_frame(now[times]).isin(wanted)]


def _as_told_apart(run: pd.DataFrame, values: Floats, keys: Sequence[str]) -> tuple[pd.DataFrame, Floats]:
    """Rows and their amounts as a cell is told: by its class and strata at the dates painted.

    The run also tells rows apart by their history, and by whether the inputs of a methodology were observed.
    """
    missing = [name for name in keys if name not in run.columns]
    if missing:
        raise RunError(Problem("painting.other_strata", "run", {"missing": missing}))
    groups = run.assign(**{_VALUE: values}).groupby(list(keys), sort=False, dropna=False)[[AREA, _VALUE]]
    # What has no estimate for any of its rows stays missing; it is not zero.
    summed = groups.sum(min_count=1).reset_index()
    return summed, summed[_VALUE].to_numpy(np.float64)


def _check_areas(area: Floats, run: pd.DataFrame, rows: npt.NDArray[np.intp]) -> None:
    """The files must be those of the run, or what is painted would not add up to the account."""
    expected = run[AREA].to_numpy(float)
    off = np.abs(area[rows] - expected[rows]) > _SAME_AREA * expected[rows]
    if off.any():
        row = run.iloc[rows[np.argmax(off)]]
        values = {"code": row["region_code"], "found": f"{area[rows][np.argmax(off)]:.9g}", "expected": row[AREA]}
        raise RunError(Problem("painting.other_areas", "run", {**values, "count": int(off.sum())}))
