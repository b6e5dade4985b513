"""Carbon density by class and pool from a table: what the InVEST carbon model does."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text
from sinks.vocabulary import ecosystems


def carbon_density(
    above_ground_biomass: Any,
    below_ground_biomass: Any,
    biomass: Any,
    dead_wood: Any,
    litter: Any,
    soil_organic_carbon: Any,
    ecosystem: Any,
) -> dict[str, Any]:
    """Carbon density of each pool, as the table has it for the class.

    Parameters
    ----------
    above_ground_biomass, below_ground_biomass : array
        Living biomass, where a source tells the two apart. [t C/ha]
    biomass : array
        Living biomass, where a source does not tell them apart. [t C/ha]
    dead_wood, litter : array
        Dead organic matter. [t C/ha]
    soil_organic_carbon : array
        Soil organic carbon, to 100 cm in the table that comes with it. [t C/ha]
    ecosystem : array
        All pools together, where a source gives no more. [t C/ha]

    Returns
    -------
    dict of array
        ``above_ground_biomass``, ``below_ground_biomass``, ``biomass``, ``dead_wood``, ``litter``,
        ``soil_organic_carbon``, ``ecosystem``; NaN for a pool that the table does not have for the class. [t C/ha]

    Notes
    -----
    .. math:: C_{pool} = D_{class, pool}

    Carbon changes only where land changes its class: growth inside a class is not seen.

    References
    ----------
    ipcc_2006_v4, ch. 2, Eq. 2.3 (the pools, which add up); the densities have a source each.
    """
    return {
        "above_ground_biomass": above_ground_biomass,
        "below_ground_biomass": below_ground_biomass,
        "biomass": biomass,
        "dead_wood": dead_wood,
        "litter": litter,
        "soil_organic_carbon": soil_organic_carbon,
        "ecosystem": ecosystem,
    }


POOLS = (
    "above_ground_biomass",
    "below_ground_biomass",
    "biomass",
    "dead_wood",
    "litter",
    "soil_organic_carbon",
    "ecosystem",
)

METHODOLOGY = Methodology(
    id="lookup_density",
    title=Text("碳密度查表法（同 InVEST 碳储量模型）", "Carbon densities by class (as the InVEST carbon model)"),
    source="ipcc_2006_v4",
    locator="ch. 2, Eq. 2.3",
    approach="stock_difference",
    tier=1,
    acts_on="state",
    ecosystems=tuple(ecosystems()),
    inputs={},
    parameters=dict.fromkeys(POOLS, "t C/ha"),
    outputs=dict.fromkeys(POOLS, "t C/ha"),
    bounds=dict.fromkeys(POOLS, (0, inf)),
    soil_depth_cm=(0, 100),
    partial=True,
    valid_for=Text(
        "初步估算与比较。碳储量只随地类变化而变化，同一地类内部的生长与退化反映不出来",
        "A first look, and comparison. Stock changes only where the class changes; growth or degradation inside a "
        "class is not seen",
    ),
    compute=carbon_density,
)
