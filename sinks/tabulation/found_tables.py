"""What a pass found, as tables: integer sums become hectares, and digits become codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sinks.activity import OBSERVED, at_date
from sinks.input_sets import moment_columns
from sinks.tabulation.crosstab import Partial, Spec
from sinks.tabulation.exact import ExactSums, Moments
from sinks.tabulation.joint import SQUARES, SUM, column
from sinks.tabulation.pass_layers import PassLayers


def sums_table(
    layers: PassLayers, spec: Spec, regions: Sequence[str], total: Partial
) -> tuple[pd.DataFrame, ExactSums]:
    """The sums in hectares, with codes for digits; and the integers that they are made of."""
    region, digits = spec.digits(total.keys)
    columns: dict[str, Any] = {"region_code": np.array(regions, object)[region]}
    for axis, found, (layer, date) in zip(spec.axes, digits, layers.categorical, strict=True):
        codes = np.array([*axis.codes, 0, 0], np.int64)[found]
        columns[column(layer, date)] = pd.arrays.IntegerArray(codes, found >= axis.absent)
    for (watched, date), lacking in zip(layers.watches, spec.lacking(total.keys), strict=True):
        columns[at_date(watched.column, date)] = ~lacking
    areas, of_inputs = {"area_ha": total.sums[:, 0]}, {}
    for at, (item, (quantity, date)) in enumerate(zip(spec.inputs, layers.continuous, strict=True)):
        observed, *limbs = total.sums[:, 1 + 5 * at : 6 + 5 * at].T
        name = column(quantity, date)
        of_inputs[name + SUM] = Moments.of(limbs[0], limbs[1], item.exponents[0])
        of_inputs[name + SQUARES] = Moments.of(limbs[2], limbs[3], item.exponents[1])
        areas[name + OBSERVED] = observed
    exact = ExactSums(spec.areas, areas, of_inputs)
    return pd.DataFrame(columns | exact.table()), exact


def bins_table(layers: PassLayers, spec: Spec, total: Partial) -> tuple[pd.DataFrame, ExactSums]:
    """The bins: the place of their land in the joint table, date, set, group, bin, area and moments.

    With them the integers that areas and moments are made of.
    """
    groups = [
        (watched, date, number, group, binned)
        for (watched, date), watch in zip(layers.watches, spec.watches, strict=True)
        for number, (group, binned) in enumerate(zip(watched.groups, watch.groups, strict=True))
    ]
    names = moment_columns(max((len(group.inputs) for _, _, _, group, _ in groups), default=0))
    parts, begin = [pd.DataFrame({"joint": pd.Series([], dtype="int64"), "date": pd.Series([], dtype="str")})], 0
    areas, of_bins = [np.zeros(0, np.int64)], {name: [Moments.none(0)] for name in names}
    keys, places = (total.bin_keys // spec.bins, total.bin_keys % spec.bins) if spec.bins else (total.bin_keys,) * 2
    for watched, date, number, group, binned in groups:
        own = np.flatnonzero((places >= begin) & (places < begin + binned.bins))
        sums, has = total.bin_sums[own], moment_columns(len(group.inputs))
        areas.append(sums[:, 0])
        for name in names:
            at = has.index(name) if name in has else -1
            limbs = (sums[:, 1 + 2 * at], sums[:, 2 + 2 * at], binned.exponents[at])
            of_bins[name].append(Moments.of(*limbs) if name in has else Moments.none(len(own)))
        found = {"joint": np.searchsorted(total.keys, keys[own]), "date": date, "set": watched.id, "group": number}
        parts.append(pd.DataFrame({**found, "bin": places[own] - begin}))
        begin += binned.bins
    stacked = {name: Moments.stacked(limbs) for name, limbs in of_bins.items()}
    exact = ExactSums(spec.areas, {"area_ha": np.concatenate(areas)}, stacked)
    filled = [part for part in parts if len(part)]
    if not filled:
        return parts[0], exact
    return pd.concat(filled, ignore_index=True).assign(**exact.table()), exact
