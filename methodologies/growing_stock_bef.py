"""Forest biomass carbon from growing stock by wood density and biomass expansion factor, by species group."""

from __future__ import annotations

from math import inf
from typing import Any

from methodologies._biomass import above_and_below
from sinks.methodology import Methodology
from sinks.text import Text


def carbon_density(
    growing_stock: Any, basic_wood_density: Any, bef: Any, root_to_shoot: Any, carbon_fraction: Any
) -> dict[str, Any]:
    """Carbon density of living tree biomass from growing stock.

    Parameters
    ----------
    growing_stock : array
        Stem volume over bark, V. [m3/ha]
    basic_wood_density : array
        Oven-dry mass of fresh stem volume, SVD. [t DM/m3]
    bef : array
        Above-ground biomass to stem biomass, BEF. [1]
    root_to_shoot : array
        Below-ground to above-ground biomass, R. [t DM/t DM]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``above_ground_biomass`` and ``below_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = V \\cdot SVD \\cdot BEF \\cdot (1 + R) \\cdot CF

    References
    ----------
    ar_cm_001, ex-post estimate of tree biomass by the biomass expansion factor method (recalled, not re-read).
    """
    return above_and_below(growing_stock * basic_wood_density * bef * carbon_fraction, root_to_shoot)


METHODOLOGY = Methodology(
    id="growing_stock_bef",
    title=Text("森林蓄积量—生物量扩展因子法（分树种）", "Forest growing stock by wood density and BEF, by species"),
    source="ar_cm_001",
    locator="biomass expansion factor method",
    approach="stock_difference",
    tier=2,
    acts_on="state",
    ecosystems=("forest",),
    strata=("species_group",),
    inputs={"growing_stock": "m3/ha"},
    parameters={
        "basic_wood_density": "t DM/m3",
        "bef": "1",
        "root_to_shoot": "t DM/t DM",
        "carbon_fraction": "t C/(t DM)",
    },
    outputs={"above_ground_biomass": "t C/ha", "below_ground_biomass": "t C/ha"},
    bounds={"basic_wood_density": (0, 2), "bef": (0, inf), "root_to_shoot": (0, inf), "carbon_fraction": (0, 1)},
    valid_for=Text(
        "已知优势树种（组）和单位面积蓄积量的乔木林", "Tree forest with known dominant species group and growing stock"
    ),
    compute=carbon_density,
)
