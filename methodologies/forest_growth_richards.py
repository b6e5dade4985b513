"""Forest biomass by stand age: Chapman-Richards curve fitted to a bureau's own plots."""

from __future__ import annotations

from typing import Any

from methodologies._growth import age_curve, pools
from sinks.parameters.growth_curves import richards
from sinks.text import Text


def above_ground_biomass(stand_age: Any, asymptote: Any, growth_rate: Any, shape: Any) -> Any:
    """Above-ground biomass at an age. [t DM/ha]"""
    return richards(stand_age, asymptote, growth_rate, shape)


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
        Rate of approach to it, k. [1/yr]
    shape : array
        Shape, c. [1]
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
    .. math:: C = B(t) (1 + R) \\cdot CF,\\quad B(t) = A (1 - e^{-k t})^c

    The growth between two dates is the difference of the two ages.  The biomass of a mean age is not the mean biomass:
    use stands or age classes.

    References
    ----------
    burkhart_2012, growth functions; ipcc_2006_v4, ch. 4, Table 4.4 for R and Table 4.3 for CF.
    """
    return pools(above_ground_biomass(stand_age, asymptote, growth_rate, shape), root_to_shoot, carbon_fraction)


METHODOLOGY = age_curve(
    "forest_growth_richards",
    Text("林龄—生物量生长曲线法（理查兹）", "Forest biomass by age (Chapman-Richards curve)"),
    "growth functions, Chapman-Richards",
    curve={"asymptote": "t DM/ha", "growth_rate": "1/yr", "shape": "1"},
    biomass=above_ground_biomass,
    compute=carbon_density,
)
