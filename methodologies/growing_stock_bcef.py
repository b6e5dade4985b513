"""Forest biomass carbon from growing stock by biomass conversion and expansion factors (IPCC 2006)."""

from __future__ import annotations

from math import inf
from typing import Any

from methodologies._biomass import above_and_below
from sinks.methodology import Intermediate, Methodology
from sinks.text import Text


def above_ground_biomass(growing_stock: Any, bcef: Any) -> Any:
    """Above-ground biomass, V BCEF_S. [t DM/ha]"""
    return growing_stock * bcef


def carbon_density(growing_stock: Any, bcef: Any, root_to_shoot: Any, carbon_fraction: Any) -> dict[str, Any]:
    """Carbon density of living tree biomass from growing stock.

    Parameters
    ----------
    growing_stock : array
        Merchantable volume over bark, V. [m3/ha]
    bcef : array
        Biomass conversion and expansion factor for standing volume, BCEF_S. [t DM/m3]
    root_to_shoot : array
        Below-ground to above-ground biomass, R, looked up by above-ground biomass. [t DM/t DM]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``above_ground_biomass`` and ``below_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = V \\cdot BCEF_S \\cdot (1 + R) \\cdot CF

    The two terms of the bracket are the two pools.

    References
    ----------
    ipcc_2006_v4, ch. 2, Eq. 2.8b, p. 2.12; no refinement in ipcc_2019_v4, which has other ratios R for Asia.
    """
    return above_and_below(above_ground_biomass(growing_stock, bcef) * carbon_fraction, root_to_shoot)


METHODOLOGY = Methodology(
    id="growing_stock_bcef",
    title=Text("森林蓄积量—生物量转换扩展因子法（IPCC 2006）", "Forest growing stock by BCEF (IPCC 2006)"),
    source="ipcc_2006_v4",
    locator="ch. 2, Eq. 2.8b, p. 2.12",
    approach="stock_difference",
    tier=1,
    acts_on="state",
    ecosystems=("forest",),
    strata=("climate_domain", "forest_type", "growing_stock", "above_ground_biomass_density"),
    inputs={"growing_stock": "m3/ha"},
    parameters={"bcef": "t DM/m3", "root_to_shoot": "t DM/t DM", "carbon_fraction": "t C/(t DM)"},
    outputs={"above_ground_biomass": "t C/ha", "below_ground_biomass": "t C/ha"},
    bounds={"bcef": (0, inf), "root_to_shoot": (0, inf), "carbon_fraction": (0, 1)},
    intermediates={"above_ground_biomass_density": Intermediate("t DM/ha", above_ground_biomass)},
    crosswalks={"forest_type": "species_groups.csv", "climate_domain": "climate_domains.csv"},
    edition="2006",
    valid_for=Text(
        "有单位面积蓄积量的乔木林；寒带与温带。BCEF 随蓄积量分级变化，逐林分计算比用区域平均蓄积量更可靠",
        "Tree forest with known growing stock; boreal and temperate. BCEF steps with growing stock: stands one by one "
        "are more reliable than the mean stock of a region",
    ),
    compute=carbon_density,
)
