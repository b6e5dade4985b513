"""Biomass of planted shrubs by equations of their species, shoot and root together."""

from __future__ import annotations

from methodologies._shrub import plant_models
from sinks.text import Text

METHODOLOGY = plant_models(
    "shrub_allometry_total",
    Text("灌木单株生物量模型法（全株）", "Shrub biomass by species equations (whole plant)"),
    "Table 2, total",
    organs={"biomass": ""},
    valid_for=Text(
        "沙柳等只有全株模型的灌木，植株大小在建模范围内",
        "Shrubs such as Salix psammophila with an equation of the whole plant, of sizes within those of the equations",
    ),
    notes=r"""
.. math:: C = N (a H^m S^n + c) \cdot CF

For species such as Salix psammophila (沙柳) whose shoot and root have no equations of their own; otherwise as
``shrub_allometry``.
""",
)
