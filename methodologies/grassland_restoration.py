"""Gain of carbon of degraded grassland after exclosure, by years since."""

from __future__ import annotations

from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def sink(biomass: Any, soil_organic_carbon: Any) -> dict[str, Any]:
    """Yearly gain of carbon by kind and age of restoration.

    Parameters
    ----------
    biomass : array
        Living biomass, above and below ground together. [t C/ha/yr]
    soil_organic_carbon : array
        Soil organic carbon, to the depth that the table's row states. [t C/ha/yr]

    Returns
    -------
    dict of array
        ``biomass``, ``soil_organic_carbon``; NaN for a pool that the table does not have for the stratum. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C_{pool} = r_{pool}(\\text{restoration, years since})

    Rates are differences between plots of different age, and hold within the ages observed only: an older exclosure
    finds no row.  The depth of soil (stratum ``depth``) is that of the study, not the 30 or 100 cm used elsewhere.

    References
    ----------
    su_2003_horqin, li_2015_horqin, wang_2011: rates by age and depth.
    """
    return {"biomass": biomass, "soil_organic_carbon": soil_organic_carbon}


_POOLS = (
    "biomass",
    "soil_organic_carbon",
)

METHODOLOGY = Methodology(
    id="grassland_restoration",
    title=Text("草地恢复固碳速率法", "Grassland restoration: rates by age"),
    source="su_2003_horqin",
    locator="abstract",
    approach="rate",
    tier=2,
    acts_on="state",
    ecosystems=("grassland", "bare"),
    strata=("restoration", "depth", "restoration_age"),
    inputs={},
    parameters=dict.fromkeys(_POOLS, "t C/ha/yr"),
    outputs=dict.fromkeys(_POOLS, "t C/ha/yr"),
    documents=dict.fromkeys(
        _POOLS,
        Text("当地围封、禁牧长期监测样地", "long-term exclosure plots of the region"),
    ),
    partial=True,
    valid_for=Text(
        "围封、禁牧或自然恢复的退化草地，年限在文献观测期内；超出观测年限须补充参数",
        "Degraded grassland under exclosure or natural recovery, within the years observed; beyond them give rows of "
        "your own",
    ),
    compute=sink,
)
