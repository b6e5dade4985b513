"""What noise of the maps lets be said of a sink: no headline, a headline with a doubt, or a zero that says nothing."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from sinks.account.amounts import per_year
from sinks.analysis.noise_of_maps import withheld as withheld_in
from sinks.results.contents import RunContents
from sinks.vocabulary import ALL


class Doubt(NamedTuple):
    """How much of a sink may be noise of the maps [t CO2/yr], and the ratio of the sink by class densities to it."""

    noise: float
    ratio: float


def doubts(contents: RunContents) -> dict[tuple[str, str], Doubt]:
    """Regions and periods whose sink by class densities is one to two times the noise of the maps."""
    rows = _of_all_land(contents)
    rows = rows[(rows["verdict"] == "doubtful") & ~rows["withheld"].astype(bool)]
    return {
        (str(row["region_code"]), str(row["period"])): Doubt(
            float(row["noise_t_c"]) * per_year(str(row["period"])), float(row["signal_to_noise"])
        )
        for row in rows.to_dict("records")
    }


def unmoved(contents: RunContents) -> frozenset[tuple[str, str]]:
    """Regions and periods whose maps changed, but nowhere from one class with a density to another.

    A sink that is the difference of class densities is zero there, and says nothing of the land.
    """
    rows = _of_all_land(contents)
    rows = rows[(rows["verdict"] == "no_carbon") & (rows["map_observed_share"] > 0)]
    rows = rows[rows["other_t_c"].fillna(0.0) == 0]
    return frozenset(zip(rows["region_code"].astype(str), rows["period"].astype(str), strict=True))


def _of_all_land(contents: RunContents) -> pd.DataFrame:
    table = contents.tables.get("noise")
    columns = ["region_code", "period", "verdict", "withheld", "noise_t_c", "signal_to_noise", "other_t_c"]
    if table is None:
        return pd.DataFrame(columns=[*columns, "map_observed_share"])
    return table[table["ecosystem_from"] == ALL]


def withheld(contents: RunContents) -> frozenset[tuple[str, str]]:
    """Regions and periods of a run whose sink is no headline, see :mod:`sinks.analysis.noise_of_maps`.

    Parameters
    ----------
    contents : RunContents

    Returns
    -------
    frozenset of (region_code, period)
        Empty where no sink lives on the class of the land.
    """
    table = contents.tables.get("noise")
    return frozenset() if table is None else withheld_in(table)
