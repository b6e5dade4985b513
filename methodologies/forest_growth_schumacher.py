"""Forest biomass by stand age: Schumacher curve fitted to a bureau's own plots."""

from __future__ import annotations

from typing import Any

from methodologies._growth import age_curve, pools
from sinks.parameters.growth_curves import schumacher
from sinks.text import Text


def above_ground_biomass(stand_age: Any, asymptote: Any, time_scale: Any) -> Any:
    """Above-ground biomass at an age. [t DM/ha]"""
    return schumacher(stand_age, asymptote, time_scale)


def carbon_density(
    stand_age: Any, asymptote: Any, time_scale: Any, root_to_shoot: Any, carbon_fraction: Any
) -> dict[str, Any]:
    """Carbon density of living tree biomass from the age of the stand.

    Parameters
    ----------
    stand_age : array
        Age of the stand, t. [yr]
    asymptote : array
        Biomass of very old stands, A. [t DM/ha]
    time_scale : array
        Age at which a stand has 1/e of it, b. [yr]
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
    .. math:: C = B(t) (1 + R) \\cdot CF,\\quad B(t) = A\\, e^{-b/t}

    The growth between two dates is the difference of the two ages.  The biomass of a mean age is not the mean biomass:
    use stands or age classes.

    References
    ----------
    burkhart_2012, growth functions; ipcc_2006_v4, ch. 4, Table 4.4 for R and Table 4.3 for CF.
    """
    return pools(above_ground_biomass(stand_age, asymptote, time_scale), root_to_shoot, carbon_fraction)


METHODOLOGY = age_curve(
    "forest_growth_schumacher",
    Text("林龄—生物量生长曲线法（舒马赫）", "Forest biomass by age (Schumacher curve)"),
    "growth functions, Schumacher",
    curve={"asymptote": "t DM/ha", "time_scale": "yr"},
    biomass=above_ground_biomass,
    compute=carbon_density,
)
