"""Forest biomass carbon from growing stock by the continuous biomass expansion factor (Fang)."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from sinks.methodology import Methodology
from sinks.text import Text
from sinks.units import per


def carbon_density(
    growing_stock: Any, fang_a: Any, fang_b: Any, root_to_shoot: Any, carbon_fraction: Any
) -> dict[str, Any]:
    """Carbon density of living tree biomass by a linear law of growing stock.

    Parameters
    ----------
    growing_stock : array
        Stem volume over bark, V. [m3/ha]
    fang_a : array
        Slope of the regression, a. [t DM/m3]
    fang_b : array
        Intercept of the regression, b. [t DM/ha]
    root_to_shoot : array
        Below-ground to above-ground biomass, R; zero when the regression is taken to include roots. [t DM/t DM]
    carbon_fraction : array
        Carbon in dry matter, CF. [t C/(t DM)]

    Returns
    -------
    dict of array
        ``biomass``, above and below ground together. [t C/ha]

    Notes
    -----
    .. math:: C = (a V + b \\min(V, 1\\,\\mathrm{m^3/ha})) (1 + R) \\cdot CF

    The published regression, :math:`B = a V + b`, leaves b tonnes of biomass where no tree stands.  Below one cubic
    metre per hectare, a limit of ours without a source, the intercept fades out in proportion to V; above, this is
    the regression itself.  Where a negative intercept makes biomass negative the row is refused.

    Fang defines B as the biomass of the whole tree; others read it as above ground.  The option ``roots`` decides.

    References
    ----------
    fang_2001, regression B = aV + b and its parameters; guo_2010 for the later set; shandong_2018, Table 1, for that of
    Zhang C.H. et al. 2013.
    """
    intercept = fang_b * np.minimum(per(growing_stock, "m3/ha"), 1)
    return {"biomass": (fang_a * growing_stock + intercept) * (1 + root_to_shoot) * carbon_fraction}


METHODOLOGY = Methodology(
    id="growing_stock_fang",
    title=Text("森林蓄积量—连续生物量扩展因子法（方精云）", "Forest growing stock by continuous BEF (Fang)"),
    source="fang_2001",
    locator="regression B = aV + b",
    approach="stock_difference",
    tier=2,
    acts_on="state",
    ecosystems=("forest",),
    strata=("parameter_set", "species_group"),
    inputs={"growing_stock": "m3/ha"},
    parameters={
        "fang_a": "t DM/m3",
        "fang_b": "t DM/ha",
        "root_to_shoot": "t DM/t DM",
        "carbon_fraction": "t C/(t DM)",
    },
    outputs={"biomass": "t C/ha"},
    bounds={"fang_a": (0, inf), "root_to_shoot": (0, inf), "carbon_fraction": (0, 1)},
    options={"parameter_set": ("fang_v1", "fang_v2", "zhang_2013"), "roots": ("included", "excluded")},
    only_if={"root_to_shoot": ("roots", "excluded", 0)},
    valid_for=Text(
        "郁闭成林的乔木林，蓄积量在回归样地范围之内；疏林与幼林（蓄积量很小）偏差大",
        "Closed tree forest with growing stock in the range of the regression; poor for open and very young stands",
    ),
    compute=carbon_density,
)
