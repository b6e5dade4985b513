"""Biomass of planted shrubs by equations of their species, shoot and root together."""

from __future__ import annotations

from typing import Any

from methodologies._shrub import plant_biomass, plant_models
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


METHODOLOGY = plant_models(
    "shrub_allometry_total",
    Text("灌木单株生物量模型法（全株）", "Shrub biomass by species equations (whole plant)"),
    "Table 2, total",
    organs=("",),
    outputs={"biomass": "t C/ha"},
    valid_for=Text(
        "沙柳等只有全株模型的灌木，植株大小在建模范围内",
        "Shrubs such as Salix psammophila with an equation of the whole plant, of sizes within those of the equations",
    ),
    compute=carbon_density,
)
