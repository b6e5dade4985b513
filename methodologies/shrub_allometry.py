"""Biomass of planted shrubs by equations of their species, above and below ground apart."""

from __future__ import annotations

from typing import Any

from methodologies._shrub import plant_biomass, plant_models
from sinks.text import Text


def carbon_density(
    shrub_height: Any,
    crown_area: Any,
    plant_density: Any,
    coefficient_above: Any,
    height_exponent_above: Any,
    area_exponent_above: Any,
    intercept_above: Any,
    coefficient_root: Any,
    height_exponent_root: Any,
    area_exponent_root: Any,
    intercept_root: Any,
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
    coefficient_above, coefficient_root : array
        Coefficient a of shoot and root. [t DM/plant]
    height_exponent_above, height_exponent_root : array
        Exponent m of height; zero for equations in crown area. [1]
    area_exponent_above, area_exponent_root : array
        Exponent n of crown area. [1]
    intercept_above, intercept_root : array
        Intercept c. [t DM/plant]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``above_ground_biomass`` and ``below_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = N (a H^m S^n + c) \\cdot CF

    An equation in crown volume has m = n.  Rows hold within the sizes of the plants they were fitted to: a plant that
    is larger or smaller finds no row.  The equation of the mean plant is not the mean of the equation: use stands or
    sub-compartments, not leagues.

    References
    ----------
    zhao_2019_shrubs, Table 2.
    """
    above = plant_biomass(
        shrub_height, crown_area, coefficient_above, height_exponent_above, area_exponent_above, intercept_above
    )
    root = plant_biomass(
        shrub_height, crown_area, coefficient_root, height_exponent_root, area_exponent_root, intercept_root
    )
    return {
        "above_ground_biomass": plant_density * above * carbon_fraction,
        "below_ground_biomass": plant_density * root * carbon_fraction,
    }


METHODOLOGY = plant_models(
    "shrub_allometry",
    Text("灌木单株生物量模型法（分地上、地下）", "Shrub biomass by species equations (shoot and root apart)"),
    "Table 2",
    organs=("_above", "_root"),
    outputs={"above_ground_biomass": "t C/ha", "below_ground_biomass": "t C/ha"},
    valid_for=Text(
        "柠条、小叶锦鸡儿、梭梭等有冠幅、株高和株数调查的灌木林，且植株大小在建模范围内",
        "Caragana, Haloxylon and other shrubs with crown, height and number surveyed, of sizes within those of the "
        "equations",
    ),
    compute=carbon_density,
)
