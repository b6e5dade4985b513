"""Rows of ``Activity.states`` as layers of polygons and tables give them; docs/architecture.md has the contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from sinks.errors import Problem

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
    """

    states: pd.DataFrame
    notes: tuple[Problem, ...] = ()
    outside_ha: float = 0.0


def ordered(
    frame: pd.DataFrame, strata: Sequence[str], inputs: Iterable[str], extra: Sequence[str] = ()
) -> pd.DataFrame:
    """The columns in the order of the contract, the rows in the order of the columns that tell them apart."""
    keys = [*LEADING, *extra, *strata]
    measures = [column for name in inputs for column in (name, f"{name}_sd", f"{name}_observed_ha")]
    return frame[[*keys, "area_ha", *measures]].sort_values(keys, kind="stable", ignore_index=True)
