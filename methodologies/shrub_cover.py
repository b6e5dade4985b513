"""Shrub biomass from crown cover, relative to forest of the region."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from methodologies._biomass import above_and_below
from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(
    canopy_cover: Any,
    shrub_to_forest_biomass: Any,
    forest_biomass: Any,
    root_to_shoot: Any,
    carbon_fraction: Any,
    minimum_cover: Any,
) -> dict[str, Any]:
    """Carbon density of shrubs from their crown cover.

    Parameters
    ----------
    canopy_cover : array
        Crown cover of shrubs, CC. [1]
    shrub_to_forest_biomass : array
        Biomass of shrubs at full cover to that of forest, BDR. [1]
    forest_biomass : array
        Above-ground biomass of forest of the region, B_FOREST. [t DM/ha]
    root_to_shoot : array
        Below-ground to above-ground biomass, R. [t DM/t DM]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]
    minimum_cover : array
        Crown cover below which the tool counts no shrubs. [1]

    Returns
    -------
    dict of array
        ``above_ground_biomass`` and ``below_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = CC \\cdot BDR \\cdot B_{FOREST} (1 + R) \\cdot CF, \\quad C = 0 \\text{ where } CC < CC_{min}

    References
    ----------
    ar_tool14_india, defaults of the CDM tool for shrubs; zhao_2019_shrubs for R as measured.
    """
    covered = np.where(canopy_cover < minimum_cover, 0 * canopy_cover, canopy_cover)
    return above_and_below(covered * shrub_to_forest_biomass * forest_biomass * carbon_fraction, root_to_shoot)


METHODOLOGY = Methodology(
    id="shrub_cover",
    title=Text("灌木林生物量盖度法", "Shrub biomass from crown cover"),
    source="ar_tool14_india",
    locator="default method for shrubs",
    approach="stock_difference",
    tier=1,
    acts_on="state",
    ecosystems=("shrub",),
    strata=("ratio_set", "shrub_type", "forest_region"),
    inputs={"canopy_cover": "1"},
    parameters={
        "shrub_to_forest_biomass": "1",
        "forest_biomass": "t DM/ha",
        "root_to_shoot": "t DM/t DM",
        "carbon_fraction": "t C/(t DM)",
        "minimum_cover": "1",
    },
    outputs={"above_ground_biomass": "t C/ha", "below_ground_biomass": "t C/ha"},
    bounds={
        **dict.fromkeys(("shrub_to_forest_biomass", "carbon_fraction", "minimum_cover"), (0, 1)),
        **dict.fromkeys(("forest_biomass", "root_to_shoot"), (0, inf)),
    },
    options={"ratio_set": ("tool", "measured")},
    documents={
        "forest_biomass": Text("本区森林资源清查的乔木林单位面积地上生物量", "the forest inventory of the region")
    },
    valid_for=Text("只有灌木盖度而没有单株调查的灌木林", "Shrubland of which only the crown cover is known"),
    compute=carbon_density,
)
