"""Equations of the IPCC Guidelines (2006, vol. 4, ch. 2; unchanged in the 2019 Refinement) that methodologies share.

Every function takes and returns plain arrays or quantities with units; names and units are those of the guidelines.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def biomass_growth(above_ground_growth: Any, root_to_shoot: Any) -> Any:
    """Eq. 2.10: total growth of biomass, G_TOTAL = G_W (1 + R). [t DM/ha/yr]"""
    return above_ground_growth * (1 + root_to_shoot)


def wood_loss(wood_removal: Any, bcef_r: Any, root_to_shoot: Any, bark_fraction: Any, carbon_fraction: Any) -> Any:
    """Eq. 2.12: loss by wood removal, L = H BCEF_R (1 + R + bark) CF. [t C/yr]

    The bark term is not in the equation but in the worked example of ch. 4, p. 4.18; zero gives the equation.
    """
    return wood_removal * bcef_r * (1 + root_to_shoot + bark_fraction) * carbon_fraction


def fuelwood_loss(
    whole_trees: Any, tree_parts: Any, bcef_r: Any, root_to_shoot: Any, basic_wood_density: Any, carbon_fraction: Any
) -> Any:
    """Eq. 2.13: loss by fuelwood, L = (FG_trees BCEF_R (1 + R) + FG_part D) CF. [t C/yr]"""
    return (whole_trees * bcef_r * (1 + root_to_shoot) + tree_parts * basic_wood_density) * carbon_fraction


def disturbance_loss(
    disturbed_area: Any, disturbed_biomass: Any, root_to_shoot: Any, carbon_fraction: Any, fraction_lost: Any
) -> Any:
    """Eq. 2.14: loss by disturbance, L = A B_W (1 + R) CF fd. [t C/yr]"""
    return disturbed_area * disturbed_biomass * (1 + root_to_shoot) * carbon_fraction * fraction_lost


def conversion_change(before: Any, after: Any, period: Any) -> Any:
    """Eq. 2.16: initial change of biomass on converted land, as a yearly mean of the T years in which it happened."""
    return (after - before) / period


def dead_matter_change(
    before: Any, after: Any, imbalance: Any, years_left: Any, transition_period: Any, period: Any
) -> tuple[Any, Any, Any]:
    """Eq. 2.23: a gain comes over T_on years (T where that is longer), a loss at once, somewhere in the T years.

    Change per year, what the stock is above its balance at the end of the period, and the years left until then.
    """
    reached = before + imbalance
    change = after - reached
    left = transition_left(before, after, transition_period, years_left)
    gain, loss = np.maximum(change, 0 * change), np.minimum(change, 0 * change)
    yearly = gain / np.maximum(left, period) + loss / period
    return yearly, left_to_change(-gain, 0 * gain, left, period), np.maximum(left - period, 0 * period)


def fuel_burnt(burnt_area: Any, fuel_load: Any, combustion_factor: Any, fuel_consumption: Any) -> Any:
    """Eq. 2.27: mass of fuel burnt, A M_B C_f, or A times the product M_B C_f where that is tabulated. [t DM/yr]"""
    return burnt_area * (fuel_load * combustion_factor + fuel_consumption)


def soil_stock(soc_reference: Any, f_lu: Any, f_mg: Any, f_i: Any) -> Any:
    """Eq. 2.25: equilibrium stock of mineral soil, SOC = SOC_REF F_LU F_MG F_I. [t C/ha]"""
    return soc_reference * f_lu * f_mg * f_i


def transition_left(before: Any, after: Any, transition_period: Any, years_left: Any) -> Any:
    """Years that land needs to its equilibrium: D from a change of the equilibrium on, else what is left of them.

    The change happens at the start of the period in which it is seen (2019 Refinement, ch. 2, Box 2.2, p. 2.36).
    """
    return np.where(before == after, years_left, transition_period)


def yearly_change(before: Any, after: Any, transition_period: Any, period: Any) -> Any:
    """Eq. 2.25: change per year towards a new equilibrium, over D years (T where that is longer)."""
    return (after - before) / np.maximum(transition_period, period)


def left_to_change(before: Any, after: Any, transition_period: Any, period: Any) -> Any:
    """Stock above its equilibrium when T of the D years have passed; exactly none when all have."""
    return (before - after) * (1 - period / np.maximum(transition_period, period))
