"""Forest biomass by stand age: Schumacher curve fitted to a bureau's own plots."""

from __future__ import annotations

from methodologies._growth import age_curve
from sinks.parameters.growth_curves import schumacher
from sinks.text import Text

METHODOLOGY = age_curve(
    "forest_growth_schumacher",
    Text("林龄—生物量生长曲线法（舒马赫）", "Forest biomass by age (Schumacher curve)"),
    "growth functions, Schumacher",
    schumacher,
    parameters={
        "asymptote": ("t DM/ha", "Biomass of very old stands, A."),
        "time_scale": ("yr", "Age at which a stand has 1/e of it, b."),
    },
    notes=r"""
.. math:: C = B(t) (1 + R) \cdot CF,\quad B(t) = A\, e^{-b/t}

The growth between two dates is the difference of the two ages.  The biomass of a mean age is not the mean biomass:
use stands or age classes.
""",
)
