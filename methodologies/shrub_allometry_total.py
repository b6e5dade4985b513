"""Biomass of planted shrubs by equations of their species, shoot and root together."""

from __future__ import annotations

from math import inf
from typing import Any

from methodologies._shrub import SPECIES_MODELS, crown_volume, plant_biomass
from sinks.methodology import Intermediate, Methodology
from sinks.text import Text


def carbon_density(
    shrub_height: Any,
    crown_area: Any,
    plant_density: Any,
    coefficient: Any,
    height_exponent: Any,
    area_exponent: Any,
    intercept: Any,
    carbon_fraction: Any,
) -> dict[str, Any]:
    """Carbon density of shrubs from the size of the mean plant and the number of plants.

    Parameters
    ----------
    shrub_height : array
        Mean height, H. [m]
    crown_area : array
        Mean crown area of a plant, S. [m2]
    plant_density : array
        Plants per area, N. [plant/ha]
    coefficient : array
        Coefficient a. [t DM/plant]
    height_exponent : array
        Exponent m of height; zero for equations in crown area. [1]
    area_exponent : array
        Exponent n of crown area. [1]
    intercept : array
        Intercept c. [t DM/plant]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``biomass``, above and below ground together. [t C/ha]

    Notes
    -----
    .. math:: C = N (a H^m S^n + c) \\cdot CF

    For species such as Salix psammophila (沙柳) whose shoot and root have no equations of their own; otherwise as
    ``shrub_allometry``.

    References
    ----------
    zhao_2019_shrubs, Table 2.
    """
    plant = plant_biomass(shrub_height, crown_area, coefficient, height_exponent, area_exponent, intercept)
    return {"biomass": plant_density * plant * carbon_fraction}


_MODEL = {"coefficient": "t DM/plant", "height_exponent": "1", "area_exponent": "1", "intercept": "t DM/plant"}

METHODOLOGY = Methodology(
    id="shrub_allometry_total",
    title=Text("灌木单株生物量模型法（全株）", "Shrub biomass by species equations (whole plant)"),
    source="zhao_2019_shrubs",
    locator="Table 2, total",
    approach="stock_difference",
    tier=2,
    acts_on="state",
    ecosystems=("shrub", "forest"),
    strata=("species", "crown_volume", "crown_area"),
    inputs={"shrub_height": "m", "crown_area": "m2", "plant_density": "plant/ha"},
    parameters={**_MODEL, "carbon_fraction": "t C/(t DM)"},
    outputs={"biomass": "t C/ha"},
    bounds={**{name: (0, inf) for name in _MODEL if name != "intercept"}, "carbon_fraction": (0, 1)},
    intermediates={"crown_volume": Intermediate("m3", crown_volume)},
    documents=dict.fromkeys(_MODEL, SPECIES_MODELS),
    valid_for=Text(
        "沙柳等只有全株模型的灌木，植株大小在建模范围内",
        "Shrubs such as Salix psammophila with an equation of the whole plant, of sizes within those of the equations",
    ),
    compute=carbon_density,
)
