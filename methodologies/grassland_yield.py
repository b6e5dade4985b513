"""Grassland biomass from hay yield."""

from __future__ import annotations

from math import inf
from typing import Any

from methodologies._biomass import above_and_below
from methodologies._grass import OWN_PLOTS, RATIO_SETS
from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(grass_yield: Any, root_to_shoot: Any, carbon_fraction: Any) -> dict[str, Any]:
    """Carbon density of grassland biomass from peak dry matter above ground.

    Parameters
    ----------
    grass_yield : array
        Hay yield at peak, Y. [t DM/ha]
    root_to_shoot : array
        Below-ground to above-ground biomass, R. [t DM/t DM]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``above_ground_biomass`` and ``below_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = Y (1 + R) \\cdot CF

    The two terms of the bracket are the two pools.  Peak yield follows the rain of the year: a difference between two
    years is weather before it is a sink.  Roots do not follow the yield of one year as the ratio has it.

    References
    ----------
    ipcc_2006_v4, ch. 6 (biomass by root-to-shoot ratio); piao_2004 for ratios by grassland type.
    """
    return above_and_below(grass_yield * carbon_fraction, root_to_shoot)


METHODOLOGY = Methodology(
    id="grassland_yield",
    title=Text("草地生物量产草量法", "Grassland biomass from hay yield"),
    source="ipcc_2006_v4",
    locator="ch. 6, biomass by root-to-shoot ratio",
    approach="stock_difference",
    tier=2,
    acts_on="state",
    ecosystems=("grassland",),
    strata=("ratio_set", "climate_zone", "grassland_type"),
    inputs={"grass_yield": "t DM/ha"},
    parameters={"root_to_shoot": "t DM/t DM", "carbon_fraction": "t C/(t DM)"},
    outputs={"above_ground_biomass": "t C/ha", "below_ground_biomass": "t C/ha"},
    bounds={"root_to_shoot": (0, inf), "carbon_fraction": (0, 1)},
    options={"ratio_set": RATIO_SETS},
    documents={"root_to_shoot": OWN_PLOTS},
    valid_for=Text(
        "有干草产量（盛草期）的天然草地；两期相减须用多年平均产量，否则年际降水差异会被当作碳汇",
        "Natural grassland with hay yield at peak; differences between dates need means of several years, or the rain "
        "of a year counts as a sink",
    ),
    compute=carbon_density,
)
