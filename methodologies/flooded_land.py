"""Reservoirs, ponds and ditches: carbon dioxide of newly flooded land, methane beside it (IPCC 2019)."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def balance(co2_c_emission: Any, ch4_emission: Any, trophic_adjustment: Any, downstream_ratio: Any) -> dict[str, Any]:
    """Yearly loss of carbon of flooded land, and methane beside it.

    Parameters
    ----------
    co2_c_emission : array
        Carbon lost as carbon dioxide by the soil and plants that were flooded, EF; zero after twenty years. [t C/ha/yr]
    ch4_emission : array
        Methane of the water surface, EF. [kg CH4/ha/yr]
    trophic_adjustment : array
        Factor for the trophic state, A; 1 where it is not known. [1]
    downstream_ratio : array
        Methane of the river below the dam to that of the reservoir, R_d; zero for ponds and ditches. [1]

    Returns
    -------
    dict of array
        ``ecosystem``, a gain is positive [t C/ha/yr]; beside it ``ch4``, emission per area.

    Notes
    -----
    .. math:: \\Delta C = -EF_{CO_2-C},\\quad CH_4 = A \\cdot EF_{CH_4} (1 + R_d)

    Carbon of biomass that is cleared before the water comes is not in the factor: that is a conversion of land.

    References
    ----------
    ipcc_2019_v4, ch. 7, Eq. 7.10 to 7.15, p. 7.11-7.25, Tables 7.9 to 7.15.
    """
    return {
        "ecosystem": -co2_c_emission,
        "ch4": trophic_adjustment * ch4_emission * (1 + downstream_ratio),
    }


METHODOLOGY = Methodology(
    id="flooded_land",
    title=Text("水库、塘坝与沟渠（IPCC 2019）", "Flooded land: reservoirs, ponds and ditches (IPCC 2019)"),
    source="ipcc_2019_v4",
    locator="ch. 7, section 7.3, p. 7.8-7.26",
    approach="rate",
    tier=1,
    acts_on="state",
    ecosystems=("water", "wetland"),
    strata=("water_body", "climate_zone", "trophic_state"),
    inputs={},
    parameters={
        "co2_c_emission": "t C/ha/yr",
        "ch4_emission": "kg CH4/ha/yr",
        "trophic_adjustment": "1",
        "downstream_ratio": "1",
    },
    outputs={"ecosystem": "t C/ha/yr"},
    other_gases={"ch4": "kg CH4/ha/yr"},
    bounds={"ch4_emission": (0, inf), "trophic_adjustment": (0, inf), "downstream_ratio": (0, inf)},
    options={"trophic": ("known", "not_adjusted")},
    only_if={"trophic_adjustment": ("trophic", "known", 1)},
    edition="2019",
    valid_for=Text(
        "人工淹没的水面：水库（20 年内与 20 年以上）、塘、沟渠；天然湖泊、河流不属于管理的土地，不适用",
        "Water made by people: reservoirs up to and over twenty years old, ponds, ditches; natural lakes and rivers "
        "are not managed land",
    ),
    compute=balance,
)
