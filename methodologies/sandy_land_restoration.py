"""Gain of carbon of sandy land after fixation, planting or exclosure, by years since."""

from __future__ import annotations

from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def sink(biomass: Any, soil_organic_carbon: Any, ecosystem: Any) -> dict[str, Any]:
    """Yearly gain of carbon by kind and age of restoration.

    Parameters
    ----------
    biomass : array
        Living biomass, above and below ground together. [t C/ha/yr]
    soil_organic_carbon : array
        Soil organic carbon, to the depth that the table's row states. [t C/ha/yr]
    ecosystem : array
        All pools together, where a source gives no more. [t C/ha/yr]

    Returns
    -------
    dict of array
        ``biomass``, ``soil_organic_carbon``, ``ecosystem``; NaN for a pool that the table does not have for the
        stratum. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C_{pool} = r_{pool}(\\text{restoration, years since})

    Rates hold within the ages observed only.  Land is counted either by its pools or, where a source gives no more, as
    a whole ecosystem.

    References
    ----------
    li_2012_horqin, hasier_2019_muus, zhao_2016_otindag: rates by age.
    """
    return {"biomass": biomass, "soil_organic_carbon": soil_organic_carbon, "ecosystem": ecosystem}


_POOLS = (
    "biomass",
    "soil_organic_carbon",
    "ecosystem",
)

METHODOLOGY = Methodology(
    id="sandy_land_restoration",
    title=Text("沙地治理固碳速率法", "Sandy-land restoration: rates by age"),
    source="li_2012_horqin",
    locator="abstract",
    approach="rate",
    tier=2,
    acts_on="state",
    ecosystems=("bare", "grassland", "shrub", "forest"),
    strata=("restoration", "depth", "restoration_age"),
    inputs={},
    parameters=dict.fromkeys(_POOLS, "t C/ha/yr"),
    outputs=dict.fromkeys(_POOLS, "t C/ha/yr"),
    documents=dict.fromkeys(
        _POOLS,
        Text("当地防沙治沙工程碳汇监测", "monitoring of sand control projects of the region"),
    ),
    partial=True,
    valid_for=Text(
        "固沙造林、封沙育草的沙地，年限在文献观测期内；人工杨树速率远高于区域均值，不宜外推",
        "Sandy land under fixation or exclosure, within the ages observed; the rate of planted poplar is far above any "
        "regional mean",
    ),
    compute=sink,
)
