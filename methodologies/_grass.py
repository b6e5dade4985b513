"""What the methodologies of grassland biomass share."""

from __future__ import annotations

from sinks.text import Text

RATIO_SETS = ("type", "inner_mongolia", "ipcc_2006")
"""Root-to-shoot ratios differ by a factor of two between sources; which one is taken is a choice."""

OWN_PLOTS = Text(
    "本地样地调查或草原监测（地上生物量、根系生物量）", "plots of the region or the grassland monitoring network"
)
