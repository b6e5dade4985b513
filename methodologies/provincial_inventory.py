"""Forest biomass by growth and consumption rates of standing volume (provincial inventory guide)."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def biomass_change(
    growing_stock: Any,
    growth_rate: Any,
    consumption_rate: Any,
    basic_wood_density: Any,
    bef_whole: Any,
    carbon_fraction: Any,
) -> dict[str, Any]:
    """Yearly change of carbon in living trees from their standing volume.

    Parameters
    ----------
    growing_stock : array
        Standing volume, V. [m3/ha]
    growth_rate : array
        Yearly growth as a share of standing volume, GR. [1/yr]
    consumption_rate : array
        Yearly felling and mortality as a share of standing volume, CR. [1/yr]
    basic_wood_density : array
        Mean over the province's species, weighted by volume, SVD. [t DM/m3]
    bef_whole : array
        Biomass of the whole tree to that of its stem, BEF. [1]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``biomass``, above and below ground together; a gain is positive. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C = V (GR - CR) \\cdot SVD \\cdot BEF \\cdot CF

    Arbor forest and scattered, four-side and open-forest trees alike: give each as rows of its own.  Consumption is
    that of all standing timber in the guide; the rate falls on each row here, which adds up to the same.

    References
    ----------
    provincial_guide_2011, ch. 4, change of biomass carbon of forests and other woody plants (recalled, not re-read).
    """
    return {
        "biomass": growing_stock * (growth_rate - consumption_rate) * basic_wood_density * bef_whole * carbon_fraction
    }


_GUIDE = Text(
    "《省级温室气体清单编制指南（试行）》（发改办气候〔2011〕1041号）土地利用变化和林业一章的活动水平与排放因子表，或本省森林资源连续清查成果",
    "Guidelines for provincial greenhouse gas inventories (trial, 2011), tables of the land-use chapter, or the "
    "province's continuous forest inventory",
)

METHODOLOGY = Methodology(
    id="provincial_inventory",
    title=Text("省级温室气体清单法（活立木生长率与消耗率）", "Provincial inventory: growth and consumption rates"),
    source="provincial_guide_2011",
    locator="ch. 4, land-use change and forestry",
    approach="gain_loss",
    tier=2,
    acts_on="state",
    ecosystems=("forest",),
    strata=("province", "forest_category", "species_group"),
    inputs={"growing_stock": "m3/ha"},
    parameters={
        "growth_rate": "1/yr",
        "consumption_rate": "1/yr",
        "basic_wood_density": "t DM/m3",
        "bef_whole": "1",
        "carbon_fraction": "t C/(t DM)",
    },
    outputs={"biomass": "t C/ha/yr"},
    bounds={
        **dict.fromkeys(("growth_rate", "consumption_rate", "carbon_fraction"), (0, 1)),
        "basic_wood_density": (0, 2),
        "bef_whole": (1, inf),
    },
    documents=dict.fromkeys(("growth_rate", "consumption_rate", "basic_wood_density", "bef_whole"), _GUIDE),
    valid_for=Text(
        "省级或盟市级清单；生长率、消耗率为全省均值，不宜用于单个林班",
        "Inventories of a province or league; the rates are means of a province and do not hold for single stands",
    ),
    compute=biomass_change,
)
