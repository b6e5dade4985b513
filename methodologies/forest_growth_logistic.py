"""Forest biomass by stand age: logistic curve fitted to a bureau's own plots."""

from __future__ import annotations

from math import inf
from typing import Any

from methodologies._growth import OWN_PLOTS, VALID_FOR, pools
from sinks.growth import logistic
from sinks.methodology import Intermediate, Methodology
from sinks.text import Text


def above_ground_biomass(stand_age: Any, asymptote: Any, growth_rate: Any, shape: Any) -> Any:
    """Above-ground biomass at an age. [t DM/ha]"""
    return logistic(stand_age, asymptote, growth_rate, shape)


def carbon_density(
    stand_age: Any, asymptote: Any, growth_rate: Any, shape: Any, root_to_shoot: Any, carbon_fraction: Any
) -> dict[str, Any]:
    """Carbon density of living tree biomass from the age of the stand.

    Parameters
    ----------
    stand_age : array
        Age of the stand, t. [yr]
    asymptote : array
        Biomass of very old stands, A. [t DM/ha]
    growth_rate : array
        Rate of growth, k. [1/yr]
    shape : array
        Shape, b; biomass at age zero is A / (1 + b). [1]
    root_to_shoot : array
        Below-ground to above-ground biomass, R, looked up by above-ground biomass. [t DM/t DM]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``above_ground_biomass`` and ``below_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = B(t) (1 + R) \\cdot CF,\\quad B(t) = \\frac{A}{1 + b\\, e^{-k t}}

    The curve does not begin at zero.  The growth between two dates is the difference of the two ages.  The biomass of a
    mean age is not the mean biomass: use stands or age classes.

    References
    ----------
    burkhart_2012, growth functions; ipcc_2006_v4, ch. 4, Table 4.4 for R and Table 4.3 for CF.
    """
    return pools(above_ground_biomass(stand_age, asymptote, growth_rate, shape), root_to_shoot, carbon_fraction)


_CURVE = {"asymptote": "t DM/ha", "growth_rate": "1/yr", "shape": "1"}

METHODOLOGY = Methodology(
    id="forest_growth_logistic",
    title=Text("林龄—生物量生长曲线法（逻辑斯蒂）", "Forest biomass by age (logistic curve)"),
    source="burkhart_2012",
    locator="growth functions, logistic",
    approach="stock_difference",
    tier=2,
    acts_on="state",
    ecosystems=("forest",),
    strata=("species_group", "climate_domain", "forest_type", "above_ground_biomass_density"),
    inputs={"stand_age": "yr"},
    parameters={**_CURVE, "root_to_shoot": "t DM/t DM", "carbon_fraction": "t C/(t DM)"},
    outputs={"above_ground_biomass": "t C/ha", "below_ground_biomass": "t C/ha"},
    bounds={**dict.fromkeys(_CURVE, (0, inf)), "root_to_shoot": (0, inf), "carbon_fraction": (0, 1)},
    intermediates={"above_ground_biomass_density": Intermediate("t DM/ha", above_ground_biomass)},
    crosswalks={"forest_type": "species_groups.csv", "climate_domain": "climate_domains.csv"},
    edition="2006",
    documents=dict.fromkeys(_CURVE, OWN_PLOTS),
    valid_for=VALID_FOR,
    compute=carbon_density,
)
