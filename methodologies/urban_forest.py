"""Urban trees by crown cover (IPCC)."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def biomass_growth(canopy_cover: Any, crown_growth: Any) -> dict[str, Any]:
    """Yearly growth of carbon in trees of settlements.

    Parameters
    ----------
    canopy_cover : array
        Crown cover of the land, CC. [1]
    crown_growth : array
        Growth of carbon per area of crown cover, CRW. [t C/ha/yr]

    Returns
    -------
    dict of array
        ``biomass``. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C = CC \\cdot CRW

    Under Tier 1 trees grow for the first twenty years and are in balance afterwards: give the cover of trees planted
    within that time.

    References
    ----------
    ipcc_2006_v4, ch. 8, Eq. 8.2 and Table 8.1, as ipcc_2019_v4, ch. 8, p. 8.5, quotes them; Table 8.1 (updated),
    p. 8.6, of the latter.
    """
    return {"biomass": canopy_cover * crown_growth}


METHODOLOGY = Methodology(
    id="urban_forest",
    title=Text("城镇树木碳汇（IPCC 树冠覆盖面积法）", "Urban trees by crown cover (IPCC)"),
    source="ipcc_2006_v4",
    locator="ch. 8, Eq. 8.2",
    approach="gain_loss",
    tier=2,
    acts_on="state",
    ecosystems=("urban",),
    strata=("edition", "species_group", "climate_zone"),
    inputs={"canopy_cover": "1"},
    parameters={"crown_growth": "t C/ha/yr"},
    outputs={"biomass": "t C/ha/yr"},
    bounds={"crown_growth": (0, inf)},
    options={"edition": ("2006", "2019")},
    documents={"crown_growth": Text("城市绿地调查", "the survey of urban green space")},
    valid_for=Text(
        "建成区乔木树冠覆盖（郁闭度）；缺省增长率来自北美城市，干旱区须本地校正",
        "Tree cover of built-up land; the default growth is of North American cities and too high for dry ones",
    ),
    compute=biomass_growth,
)
