"""Grassland biomass by climate zone (IPCC Tier 1)."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(total_biomass: Any, carbon_fraction: Any) -> dict[str, Any]:
    """Carbon density of grassland biomass from the default of its climate zone.

    Parameters
    ----------
    total_biomass : array
        Above and below ground, at peak. [t DM/ha]
    carbon_fraction : array
        Carbon in dry matter. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``biomass``, above and below ground together. [t C/ha]

    Notes
    -----
    .. math:: C = B \\cdot CF

    Under Tier 1 the biomass of grassland that stays grassland does not change; only conversion does.

    References
    ----------
    ipcc_2006_v4, ch. 6, Table 6.4 (transcribed; the chapter could not be read).
    """
    return {"biomass": total_biomass * carbon_fraction}


METHODOLOGY = Methodology(
    id="grassland_tier1",
    title=Text("草地生物量缺省值法（IPCC）", "Grassland biomass by default (IPCC Tier 1)"),
    source="ipcc_2006_v4",
    locator="ch. 6, Table 6.4",
    approach="stock_difference",
    tier=1,
    acts_on="state",
    ecosystems=("grassland",),
    strata=("climate_zone",),
    inputs={},
    parameters={"total_biomass": "t DM/ha", "carbon_fraction": "t C/(t DM)"},
    outputs={"biomass": "t C/ha"},
    bounds={"total_biomass": (0, inf), "carbon_fraction": (0, 1)},
    valid_for=Text(
        "没有本地产草量或遥感生物量时的初步估算；缺省值不分草地类型，误差 ±75%",
        "A first estimate where neither hay yield nor biomass is known; one value for all grassland of a climate zone, "
        "+-75 %",
    ),
    compute=carbon_density,
)
