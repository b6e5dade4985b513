"""Shrub biomass from crown cover, relative to forest of the region."""

from __future__ import annotations

from math import inf
from typing import Any

from methodologies._biomass import above_and_below
from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(
    canopy_cover: Any,
    shrub_to_forest_biomass: Any,
    forest_biomass: Any,
    root_to_shoot: Any,
    carbon_fraction: Any,
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

    Returns
    -------
    dict of array
        ``above_ground_biomass`` and ``below_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = CC \\cdot BDR \\cdot B_{FOREST} (1 + R) \\cdot CF

    References
    ----------
    ar_cm_001, default method for shrubs (recalled, not re-read); zhao_2019_shrubs for R.
    """
    return above_and_below(canopy_cover * shrub_to_forest_biomass * forest_biomass * carbon_fraction, root_to_shoot)


METHODOLOGY = Methodology(
    id="shrub_cover",
    title=Text("灌木林生物量盖度法", "Shrub biomass from crown cover"),
    source="ar_cm_001",
    locator="default method for shrubs",
    approach="stock_difference",
    tier=1,
    acts_on="state",
    ecosystems=("shrub",),
    strata=("shrub_type", "forest_region"),
    inputs={"canopy_cover": "1"},
    parameters={
        "shrub_to_forest_biomass": "1",
        "forest_biomass": "t DM/ha",
        "root_to_shoot": "t DM/t DM",
        "carbon_fraction": "t C/(t DM)",
    },
    outputs={"above_ground_biomass": "t C/ha", "below_ground_biomass": "t C/ha"},
    bounds={
        **dict.fromkeys(("shrub_to_forest_biomass", "carbon_fraction"), (0, 1)),
        **dict.fromkeys(("forest_biomass", "root_to_shoot"), (0, inf)),
    },
    documents={
        "forest_biomass": Text("本区森林资源清查的乔木林单位面积地上生物量", "the forest inventory of the region")
    },
    valid_for=Text("只有灌木盖度而没有单株调查的灌木林", "Shrubland of which only the crown cover is known"),
    compute=carbon_density,
)
