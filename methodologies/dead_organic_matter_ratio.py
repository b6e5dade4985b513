"""Litter and dead wood as shares of above-ground tree biomass."""

from __future__ import annotations

from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(
    above_ground_biomass: Any,
    litter_ratio: Any,
    dead_wood_ratio: Any,
    litter_carbon_fraction: Any,
    carbon_fraction: Any,
) -> dict[str, Any]:
    """Carbon density of litter and dead wood from above-ground biomass.

    Parameters
    ----------
    above_ground_biomass : array
        Of trees, B. [t DM/ha]
    litter_ratio, dead_wood_ratio : array
        Litter and dead wood to above-ground biomass, r. [t DM/t DM]
    litter_carbon_fraction : array
        Carbon in litter. [t C/(t DM)]
    carbon_fraction : array
        Carbon in dead wood. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``litter`` and ``dead_wood``. [t C/ha]

    Notes
    -----
    .. math:: C_{litter} = B\\, r_{litter}\\, CF_{litter},\\quad C_{dead} = B\\, r_{dead}\\, CF

    References
    ----------
    ar_tool12, default ratios; ipcc_2006_v4, ch. 2, Eq. 2.19, p. 2.23 for the carbon in litter.
    """
    return {
        "litter": above_ground_biomass * litter_ratio * litter_carbon_fraction,
        "dead_wood": above_ground_biomass * dead_wood_ratio * carbon_fraction,
    }


METHODOLOGY = Methodology(
    id="dead_organic_matter_ratio",
    title=Text("枯落物与枯死木（占地上生物量比例法）", "Litter and dead wood by ratio to above-ground biomass"),
    source="ar_tool12",
    locator="default factors, pp. 17-18",
    approach="stock_difference",
    tier=1,
    acts_on="state",
    ecosystems=("forest",),
    inputs={"above_ground_biomass": "t DM/ha"},
    parameters={
        "litter_ratio": "t DM/t DM",
        "dead_wood_ratio": "t DM/t DM",
        "litter_carbon_fraction": "t C/(t DM)",
        "carbon_fraction": "t C/(t DM)",
    },
    outputs={"litter": "t C/ha", "dead_wood": "t C/ha"},
    bounds=dict.fromkeys(("litter_ratio", "dead_wood_ratio", "litter_carbon_fraction", "carbon_fraction"), (0, 1)),
    valid_for=Text(
        "温带与寒带乔木林的初步估算；比例不随林龄、采伐和火灾变化，受干扰林分偏差大",
        "A first estimate for temperate and boreal tree forest; the ratios do not follow age, felling or fire",
    ),
    compute=carbon_density,
)
