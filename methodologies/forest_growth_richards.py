"""Forest biomass by stand age: Chapman-Richards curve fitted to a bureau's own plots."""

from __future__ import annotations

from methodologies._growth import age_curve
from sinks.parameters.growth_curves import richards
from sinks.text import Text

METHODOLOGY = age_curve(
    "forest_growth_richards",
    Text("林龄—生物量生长曲线法（理查兹）", "Forest biomass by age (Chapman-Richards curve)"),
    "growth functions, Chapman-Richards",
    richards,
    parameters={
        "asymptote": ("t DM/ha", "Biomass of very old stands, A."),
        "growth_rate": ("1/yr", "Rate of approach to it, k."),
        "shape": ("1", "Shape, c."),
    },
    notes=r"""
.. math:: C = B(t) (1 + R) \cdot CF,\quad B(t) = A (1 - e^{-k t})^c

The growth between two dates is the difference of the two ages.  The biomass of a mean age is not the mean biomass:
use stands or age classes.
""",
)
