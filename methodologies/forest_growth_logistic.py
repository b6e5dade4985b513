"""Forest biomass by stand age: logistic curve fitted to a bureau's own plots."""

from __future__ import annotations

from methodologies._growth import age_curve
from sinks.parameters.growth_curves import logistic
from sinks.text import Text

METHODOLOGY = age_curve(
    "forest_growth_logistic",
    Text("林龄—生物量生长曲线法（逻辑斯蒂）", "Forest biomass by age (logistic curve)"),
    "growth functions, logistic",
    logistic,
    parameters={
        "asymptote": ("t DM/ha", "Biomass of very old stands, A."),
        "growth_rate": ("1/yr", "Rate of growth, k."),
        "shape": ("1", "Shape, b; biomass at age zero is A / (1 + b)."),
    },
    notes=r"""
.. math:: C = B(t) (1 + R) \cdot CF,\quad B(t) = \frac{A}{1 + b\, e^{-k t}}

The curve does not begin at zero.  The growth between two dates is the difference of the two ages.  The biomass of a
mean age is not the mean biomass: use stands or age classes.
""",
)
