"""Forest biomass carbon from growing stock by linear models of national inventory plots, by forest type."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from sinks.methodology import Methodology
from sinks.text import Text
from sinks.units import per


def carbon_density(
    growing_stock: Any, intercept: Any, slope: Any, above_ground_share: Any, carbon_fraction: Any
) -> dict[str, Any]:
    """Carbon density of living tree biomass by a linear law of growing stock.

    Parameters
    ----------
    growing_stock : array
        Stem volume over bark, V. [m3/ha]
    intercept : array
        Intercept of the model, a0. [t DM/ha]
    slope : array
        Slope of the model, b0. [t DM/m3]
    above_ground_share : array
        Share of living biomass above ground, c0; 1 / (1 + R) with the root-to-shoot ratio R. [1]
    carbon_fraction : array
        Carbon in dry matter, d0. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``above_ground_biomass`` and ``below_ground_biomass``. [t C/ha]

    Notes
    -----
    .. math:: C = (a_0 \\min(V, 1\\,\\mathrm{m^3/ha}) + b_0 V) \\cdot d_0, \\quad C_{above} = c_0 C

    The published model, :math:`M = a_0 + b_0 V`, is continuous, so that a stand that grows never loses biomass on
    paper.  Below one cubic metre per hectare, a limit of ours without a source, the intercept fades out in proportion
    to V: where no tree stands there is no biomass.

    References
    ----------
    zeng_2023, Table 2, model (1).  The form is not printed with the table: decision 0012 says how it was told.
    """
    carbon = (intercept * np.minimum(per(growing_stock, "m3/ha"), 1) + slope * growing_stock) * carbon_fraction
    above = carbon * above_ground_share
    return {"above_ground_biomass": above, "below_ground_biomass": carbon - above}


METHODOLOGY = Methodology(
    id="growing_stock_linear",
    title=Text("森林蓄积量—生物量线性模型法（全国清查样地）", "Forest growing stock by linear models of plots"),
    source="zeng_2023",
    locator="Table 2, model (1)",
    approach="stock_difference",
    tier=2,
    acts_on="state",
    ecosystems=("forest",),
    strata=("species_group",),
    inputs={"growing_stock": "m3/ha"},
    parameters={
        "intercept": "t DM/ha",
        "slope": "t DM/m3",
        "above_ground_share": "1",
        "carbon_fraction": "t C/(t DM)",
    },
    outputs={"above_ground_biomass": "t C/ha", "below_ground_biomass": "t C/ha"},
    bounds={"intercept": (0, inf), "slope": (0, inf), "above_ground_share": (0, 1), "carbon_fraction": (0, 1)},
    valid_for=Text(
        "已知优势树种（组）和单位面积蓄积量的乔木林；模型由全国森林资源清查样地拟合，用于一个地区时误差大于其全国平均预估误差",
        "Tree forest with known dominant species group and growing stock; fitted to plots of the national inventory, "
        "so that in one region it errs by more than its mean prediction error for the country",
    ),
    compute=carbon_density,
)
