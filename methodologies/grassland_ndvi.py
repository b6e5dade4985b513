"""Grassland biomass from the annual maximum of NDVI, by a power law fitted to plots."""

from __future__ import annotations

from math import inf
from typing import Any

from methodologies._biomass import above_and_below
from methodologies._grass import OWN_PLOTS
from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(ndvi_max: Any, carbon_at_full_ndvi: Any, exponent: Any, root_to_shoot: Any) -> dict[str, Any]:
    """Carbon density of grassland biomass from NDVI.

    Parameters
    ----------
    ndvi_max : array
        Annual maximum of NDVI. [1]
    carbon_at_full_ndvi : array
        Carbon above ground that the law gives at an NDVI of one, a. [t C/ha]
    exponent : array
        Exponent, b. [1]
    root_to_shoot : array
        Below-ground to above-ground biomass, R. [t DM/t DM]

    Returns
    -------
    dict of array
        ``above_ground_biomass`` and ``below_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C_{above} = a \\cdot NDVI_{max}^b,\\quad C_{below} = R \\cdot C_{above}

    The law belongs to the sensor and the plots it was fitted to; ``sinks.parameters.growth_curves`` fits it to one's
    own.

    References
    ----------
    piao_2007, regression of above-ground biomass on NDVImax; piao_2004 for ratios by grassland type.
    """
    return above_and_below(carbon_at_full_ndvi * ndvi_max**exponent, root_to_shoot)


METHODOLOGY = Methodology(
    id="grassland_ndvi",
    title=Text("草地生物量遥感法（NDVI 幂函数）", "Grassland biomass from NDVI (power law)"),
    source="piao_2007",
    locator="regression of above-ground biomass on NDVImax",
    approach="stock_difference",
    tier=2,
    acts_on="state",
    ecosystems=("grassland",),
    strata=("curve_set", "grassland_type"),
    inputs={"ndvi_max": "1"},
    parameters={"carbon_at_full_ndvi": "t C/ha", "exponent": "1", "root_to_shoot": "t DM/t DM"},
    outputs={"above_ground_biomass": "t C/ha", "below_ground_biomass": "t C/ha"},
    bounds=dict.fromkeys(("carbon_at_full_ndvi", "exponent", "root_to_shoot"), (0, inf)),
    options={"curve_set": ("piao_2007", "local")},
    documents=dict.fromkeys(("carbon_at_full_ndvi", "exponent", "root_to_shoot"), OWN_PLOTS),
    valid_for=Text(
        "与拟合所用传感器、合成方法一致的 NDVI；内蒙古应以本地样地重新拟合（curve_set = local）",
        "NDVI of the sensor and composite that the law was fitted to; for Inner Mongolia fit it to plots of one's own "
        "(curve_set = local)",
    ),
    compute=carbon_density,
)
