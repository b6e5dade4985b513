"""Rows of ``Activity.states`` as layers of polygons and tables give them; docs/architecture.md has the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from sinks.errors import LayerError, Problem, Problems
from sinks.vocabulary import NODATA

# A tolerance of the comparison and not a figure of science: published areas are rounded, outlines are generalised.
_AREA_TOLERANCE = 0.01

LEADING = ("source", "region_code", "date", "land_cover", "class", "ecosystem")


@dataclass(frozen=True)
class LayerStates:
    """What a layer gives to the activity table, and what was noted on the way.

    Attributes
    ----------
    states : DataFrame
        One row per region, date and stratum.
    notes : tuple of Problem
        What a careful reader has to know: each named and counted, none of them an error.
    outside_ha : float
        Area of the layer that lies in no region. [ha]
    changes : DataFrame, optional
        Transitions from the layer of the date before, as of ``Activity.changes``.
    """

    states: pd.DataFrame
    notes: tuple[Problem, ...] = ()
    outside_ha: float = 0.0
    changes: pd.DataFrame | None = None


def check_extent(layer: LayerStates, where: str, names: Mapping[str, str], area_ha: Mapping[str, float]) -> None:
    """Refuse a layer that has more land in a region than the region has.

    Parameters
    ----------
    layer : LayerStates
    where : str
        Its file, for messages.
    names, area_ha : mapping
        Name and area of each region by its code. [ha]

    Raises
    ------
    LayerError
        With every region and date, the area of the layer and that of the region.
    """
    problems = Problems()
    known = layer.states[layer.states["ecosystem"] != NODATA]
    sums = known.groupby(["region_code", "date"], as_index=False)["area_ha"].sum()
    for code, date, found in zip(sums["region_code"], sums["date"], sums["area_ha"], strict=True):
        region = area_ha[code]
        if found > (1.0 + _AREA_TOLERANCE) * region:
            shown = {"area": f"{found:,.0f}", "region": f"{region:,.0f}", "share": f"{100 * found / region:.0f}"}
            problems.add("table.more_than_region", where, code=code, name=names[code], date=date, **shown)
    problems.raise_as(LayerError)


def ordered(
    frame: pd.DataFrame, strata: Sequence[str], inputs: Iterable[str], extra: Sequence[str] = ()
) -> pd.DataFrame:
    """The columns in the order of the contract, the rows in the order of the columns that tell them apart."""
    keys = [*LEADING, *extra, *strata]
    measures = [column for name in inputs for column in (name, f"{name}_sd", f"{name}_observed_ha")]
    return frame[[*keys, "area_ha", *measures]].sort_values(keys, kind="stable", ignore_index=True)
