"""Litter and dead wood as shares of the carbon of trees, roots included."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(
    above_ground_biomass: Any,
    root_to_shoot: Any,
    litter_ratio: Any,
    dead_wood_ratio: Any,
    carbon_fraction: Any,
) -> dict[str, Any]:
    """Carbon density of litter and dead wood from the carbon of trees.

    Parameters
    ----------
    above_ground_biomass : array
        Of trees, B. [t DM/ha]
    root_to_shoot : array
        Below-ground to above-ground biomass, R. [t DM/t DM]
    litter_ratio, dead_wood_ratio : array
        Carbon of litter and of dead wood to that of trees, r. [1]
    carbon_fraction : array
        Carbon in tree biomass, CF. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``litter`` and ``dead_wood``. [t C/ha]

    Notes
    -----
    .. math:: C_{pool} = r_{pool}\\, B (1 + R)\\, CF

    The tool takes its ratios of the carbon of the trees with their roots (C_TREE), not of dry matter above ground.

    References
    ----------
    ar_tool12, default ratios, as ar_tool14_india has them, p. 16-17.
    """
    trees = above_ground_biomass * (1 + root_to_shoot) * carbon_fraction
    return {"litter": trees * litter_ratio, "dead_wood": trees * dead_wood_ratio}


METHODOLOGY = Methodology(
    id="dead_organic_matter_ratio",
    title=Text("枯落物与枯死木（占林木碳储量比例法）", "Litter and dead wood by ratio to the carbon of trees"),
    source="ar_tool12",
    locator="default factors, p. 17-18",
    approach="stock_difference",
    tier=1,
    acts_on="state",
    ecosystems=("forest",),
    inputs={"above_ground_biomass": "t DM/ha"},
    parameters={
        "root_to_shoot": "t DM/t DM",
        "litter_ratio": "1",
        "dead_wood_ratio": "1",
        "carbon_fraction": "t C/(t DM)",
    },
    outputs={"litter": "t C/ha", "dead_wood": "t C/ha"},
    bounds={
        **dict.fromkeys(("litter_ratio", "dead_wood_ratio", "carbon_fraction"), (0, 1)),
        "root_to_shoot": (0, inf),
    },
    valid_for=Text(
        "温带与寒带乔木林的初步估算；比例不随林龄、采伐和火灾变化，受干扰林分偏差大",
        "A first estimate for temperate and boreal tree forest; the ratios do not follow age, felling or fire",
    ),
    compute=carbon_density,
)
