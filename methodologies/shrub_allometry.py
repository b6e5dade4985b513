"""Biomass of planted shrubs by equations of their species, above and below ground apart."""

from __future__ import annotations

from methodologies._shrub import plant_models
from sinks.text import Text

METHODOLOGY = plant_models(
    "shrub_allometry",
    Text("灌木单株生物量模型法（分地上、地下）", "Shrub biomass by species equations (shoot and root apart)"),
    "Table 2",
    organs={"above_ground_biomass": "_above", "below_ground_biomass": "_root"},
    valid_for=Text(
        "柠条、小叶锦鸡儿、梭梭等有冠幅、株高和株数调查的灌木林，且植株大小在建模范围内",
        "Caragana, Haloxylon and other shrubs with crown, height and number surveyed, of sizes within those of the "
        "equations",
    ),
    notes=r"""
.. math:: C = N (a H^m S^n + c) \cdot CF

An equation in crown volume has m = n.  Rows hold within the sizes of the plants they were fitted to: a plant that
is larger or smaller finds no row.  The equation of the mean plant is not the mean of the equation: use stands or
sub-compartments, not leagues.
""",
)
