"""Change of topsoil carbon of cropland as measured, by soil group."""

from __future__ import annotations

from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def soil_change(soil_organic_carbon: Any) -> dict[str, Any]:
    """Yearly change of carbon in topsoil between two surveys.

    Parameters
    ----------
    soil_organic_carbon : array
        Change of density between the surveys by the years between them; a loss is negative. [t C/ha/yr]

    Returns
    -------
    dict of array
        ``soil_organic_carbon``, to 10 cm. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C = \\frac{D_{2015} - D_{1980}}{35\\,\\mathrm{yr}}

    Whatever was done to the land in these years is in the rate: fertiliser, straw and erosion.  It says what the black
    soils have lost, not what they will do under other management; for that see ``cropland_soil`` or
    ``soil_transition``.

    References
    ----------
    songnen_2017, Table 1.
    """
    return {"soil_organic_carbon": soil_organic_carbon}


METHODOLOGY = Methodology(
    id="cropland_soil_rates",
    title=Text("农田表土碳实测变化率（黑土等土类）", "Cropland topsoil carbon as measured, by soil group"),
    source="songnen_2017",
    locator="Table 1",
    approach="rate",
    tier=2,
    acts_on="state",
    ecosystems=("cropland",),
    strata=("soil_group",),
    inputs={},
    parameters={"soil_organic_carbon": "t C/ha/yr"},
    outputs={"soil_organic_carbon": "t C/ha/yr"},
    soil_depth_cm=(0, 10),
    documents={
        "soil_organic_carbon": Text("当地两期土壤普查（第二次、第三次全国土壤普查）", "two soil surveys of the region")
    },
    valid_for=Text(
        "松嫩平原及其西缘（呼伦贝尔、兴安、通辽东部）旱作农田 0—10 cm；1980—2015 年平均",
        "Upland fields of the Songnen Plain and its western edge, 0-10 cm; mean of 1980-2015",
    ),
    compute=soil_change,
)
