"""Integer sums of the pass as tables in hectares: the joint classes, and the bins of watched inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from sinks.activity import OBSERVED, at_date
from sinks.geo.grid import CellAreas
from sinks.input_sets import InputSet, moment_columns
from sinks.layers.rasters.raster import Layer
from sinks.tabulation.crosstab import Ints, Partial, Spec
from sinks.tabulation.joint import SQUARES, SUM, column
from sinks.tabulation.slots import LOW_BITS

Floats = npt.NDArray[np.float64]

Dated = tuple[Layer, str]


def joint_table(
    spec: Spec,
    total: Partial,
    codes: Sequence[str],
    categorical: Sequence[Dated],
    continuous: Sequence[Dated],
    watches: Sequence[tuple[InputSet, str]],
) -> pd.DataFrame:
    """The sums in hectares, with codes for digits.

    Parameters
    ----------
    spec : Spec
    total : Partial
    codes : sequence of str
        Region units in the order of their numbers.
    categorical, continuous, watches : sequence of pairs
        What the axes, inputs and watches of ``spec`` are, each with its date.
    """
    region, digits = spec.digits(total.keys)
    columns: dict[str, Any] = {"region_code": np.array(codes, object)[region]}
    for axis, found, (layer, date) in zip(spec.axes, digits, categorical, strict=True):
        numbers = np.array([*axis.codes, 0, 0], np.int64)[found]
        columns[column(layer, date)] = pd.arrays.IntegerArray(numbers, found >= axis.absent)
    for (watched, date), lacking in zip(watches, spec.lacking(total.keys), strict=True):
        columns[at_date(watched.column, date)] = ~lacking
    columns["area_ha"] = spec.areas.to_ha(total.sums[:, 0])
    for at, (item, (quantity, date)) in enumerate(zip(spec.inputs, continuous, strict=True)):
        observed, *limbs = total.sums[:, 1 + 5 * at : 6 + 5 * at].T
        name = column(quantity, date)
        columns[name + SUM] = _moment(spec.areas, limbs[0], limbs[1], item.exponents[0])
        columns[name + SQUARES] = _moment(spec.areas, limbs[2], limbs[3], item.exponents[1])
        columns[name + OBSERVED] = spec.areas.to_ha(observed)
    return pd.DataFrame(columns)


def bin_table(spec: Spec, total: Partial, watches: Sequence[tuple[InputSet, str]]) -> pd.DataFrame:
    """The bins: the place of their land in the joint table, date, set, group, bin, area and moments."""
    groups = [
        (watched, date, number, group, binned)
        for (watched, date), watch in zip(watches, spec.watches, strict=True)
        for number, (group, binned) in enumerate(zip(watched.groups, watch.groups, strict=True))
    ]
    parts, begin = [pd.DataFrame({"joint": pd.Series([], dtype="int64"), "date": pd.Series([], dtype="str")})], 0
    keys, places = (total.bin_keys // spec.bins, total.bin_keys % spec.bins) if spec.bins else (total.bin_keys,) * 2
    for watched, date, number, group, binned in groups:
        own = np.flatnonzero((places >= begin) & (places < begin + binned.bins))
        sums = total.bin_sums[own]
        moments = {
            name: _moment(spec.areas, sums[:, 1 + 2 * at], sums[:, 2 + 2 * at], binned.exponents[at])
            for at, name in enumerate(moment_columns(len(group.inputs)))
        }
        found = {"joint": np.searchsorted(total.keys, keys[own]), "date": date, "set": watched.id, "group": number}
        area = spec.areas.to_ha(sums[:, 0])
        parts.append(pd.DataFrame({**found, "bin": places[own] - begin, "area_ha": area, **moments}))
        begin += binned.bins
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def _moment(areas: CellAreas, low: Ints, high: Ints, exponent: int) -> Floats:
    """Two limbs as value times hectares."""
    whole = np.ldexp(high.astype(np.float64), LOW_BITS) + low.astype(np.float64)
    per_unit = float(areas.to_ha(np.array(1)))
    return np.asarray(np.ldexp(whole, -exponent) * per_unit, np.float64)
