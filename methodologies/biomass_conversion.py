"""Biomass of land converted to another use: what is lost at the conversion, and what grows after it (IPCC)."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from methodologies._ipcc import conversion_change
from sinks.methodology import Example, Methodology
from sinks.text import Text


def biomass_change(
    biomass_from: Any,
    biomass_after_to: Any,
    growth_to: Any,
    loss_to: Any,
    growth_period_to: Any,
    converted: Any,
    period: Any,
    growth_years_left: Any,
) -> dict[str, Any]:
    """Yearly change of carbon in the living biomass of land that was converted.

    Parameters
    ----------
    biomass_from : array
        Carbon in the biomass of the use before, B_BEFORE CF. [t C/ha]
    biomass_after_to : array
        Carbon in the biomass right after the conversion, B_AFTER CF; herbs within a year of it. [t C/ha]
    growth_to : array
        Yearly growth of carbon under the use after, G_TOTAL CF. [t C/ha/yr]
    loss_to : array
        Yearly loss by harvest, fuelwood and disturbance on converted land. [t C/ha/yr]
    growth_period_to : array
        Years in which converted land grows. [yr]
    converted : array
        1 on land that changed between the dates, else 0. [1]
    period : array
        Years between the dates, T. [yr]
    growth_years_left : array
        Years from the first date in which land converted before goes on to grow; zero where none is known. [yr]

    Returns
    -------
    dict of array
        ``biomass``, above and below ground together; a gain is positive [t C/ha/yr].  ``growth_years_left`` as it is at
        the second date.

    Notes
    -----
    .. math:: \\Delta C = \\Delta C_G + \\Delta C_{CONV} - \\Delta C_L,\\quad
              \\Delta C_{CONV} = \\frac{(B_{AFTER} - B_{BEFORE}) CF}{T}

    Land is converted when its ecosystem changes, at the start of the period in which that is seen.  It grows for the
    years of its conversion category, also in later periods; a new conversion ends that.  Land that was not converted
    within those years does not change: it belongs to a methodology of land that stays what it is.

    References
    ----------
    ipcc_2006_v4, ch. 2, Eq. 2.15 and 2.16, p. 2.20; growth by Eq. 2.9 and 2.10, p. 2.15; no refinement in ipcc_2019_v4.
    """
    left = np.where(converted > 0, growth_period_to, growth_years_left)
    growing = np.minimum(left, period) / period
    change = conversion_change(biomass_from, biomass_after_to, period)
    return {
        "biomass": converted * change + (growth_to - loss_to) * growing,
        "growth_years_left": np.maximum(left - period, 0 * period),
    }


_OWN_SURVEY = Text(
    "本地灌丛、湿地生物量调查（乘含碳率），或 lookup_density 所用的碳密度",
    "surveys of the biomass of shrub or wetland, times its carbon fraction, or the densities that "
    "lookup_density is used with",
)

METHODOLOGY = Methodology(
    id="biomass_conversion",
    title=Text("土地转化的生物量变化（IPCC 土地利用变化法）", "Biomass of converted land (IPCC)"),
    source="ipcc_2006_v4",
    locator="ch. 2, Eq. 2.15 and 2.16, p. 2.20",
    approach="gain_loss",
    tier=2,
    acts_on="change",
    ecosystems=("forest", "shrub", "grassland", "wetland", "cropland", "water", "bare", "urban", "ice"),
    strata=(
        "edition",
        "ecosystem",
        "class",
        "species_group",
        "grassland_type",
        "ecological_zone",
        "origin",
        "forest_type",
    ),
    inputs={"converted": "1", "period": "yr"},
    parameters={
        "biomass_from": "t C/ha",
        "biomass_after_to": "t C/ha",
        "growth_to": "t C/ha/yr",
        "loss_to": "t C/ha/yr",
        "growth_period_to": "yr",
    },
    outputs={"biomass": "t C/ha/yr"},
    carried={"growth_years_left": "yr"},
    bounds={
        **dict.fromkeys(("biomass_from", "biomass_after_to", "growth_to", "loss_to"), (0, inf)),
        "growth_period_to": (0, inf),
    },
    options={"edition": ("2006", "2019"), "losses": ("given", "none")},
    only_if={"loss_to": ("losses", "given", 0)},
    crosswalks={"forest_type": "species_groups.csv"},
    documents={
        "biomass": _OWN_SURVEY,
        "biomass_after": _OWN_SURVEY,
        "growth": Text(
            "本地造林地、灌木林的年生长量（生物量乘含碳率）；IPCC 按生态区、起源和林型给出森林缺省值",
            "yearly growth of planted forest or shrub of the region, as carbon; IPCC has defaults of forest by "
            "ecological zone, origin and forest type",
        ),
        "loss": Text("采伐、薪材和灾害统计", "statistics of harvest, fuelwood and disturbance"),
    },
    valid_for=Text(
        "改变生态系统的土地，及其转化后 20 年内的生长；一直未变的土地须用其他方法。不可与储量差法核算同一土地的生物量，"
        "那里已包含转化的损失",
        "Land whose ecosystem changed, and its growth in the twenty years after; land that stays what it is needs "
        "another methodology. Not beside a stock difference of the same land, which has the loss of conversion in it",
    ),
    examples=(
        Example(
            inputs={"converted": 1, "period": 1},
            parameters={
                "biomass_from": 0,
                "biomass_after_to": 0,
                "growth_to": 2.632,
                "loss_to": 0.21667,
                "growth_period_to": 20,
            },
            outputs={"biomass": "2.41533"},
            source="ipcc_2006_v4",
            locator="ch. 4, worked example, p. 4.35-4.36, per hectare (Tier 1: no change at the conversion)",
        ),
    ),
    compute=biomass_change,
)
