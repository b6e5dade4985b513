"""Carbon in harvested wood products by first-order decay (IPCC)."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from sinks.methodology import Example, Methodology
from sinks.text import Text
from sinks.units import per


def stock_change(
    product_stock: Any,
    product_volume: Any,
    product_mass: Any,
    half_life: Any,
    carbon_content_volume: Any,
    carbon_content_mass: Any,
) -> dict[str, Any]:
    """Change in a year of the carbon in products in use.

    Parameters
    ----------
    product_stock : array
        Carbon in use at the beginning of the year, C. [t C]
    product_volume : array
        Sawnwood or panels made in the year; zero for paper. [m3/yr]
    product_mass : array
        Paper made in the year; zero for solid wood. [t/yr]
    half_life : array
        Years after which half of the carbon has gone, HL. [yr]
    carbon_content_volume : array
        Carbon in a volume of the product. [t C/m3]
    carbon_content_mass : array
        Carbon in a mass of the product. [t C/t]

    Returns
    -------
    dict of array
        ``harvested_wood_products``; a gain is positive. [t C/yr]

    Notes
    -----
    .. math:: C_{i+1} - C_i = \\frac{1 - e^{-k}}{k} (I - k C_i),\\quad k = \\frac{\\ln 2}{HL}

    which is :math:`C_{i+1} = e^{-k} C_i + \\frac{1 - e^{-k}}{k} I` with the inflow I.  Wood that rots or burns where it
    was cut is no product; its carbon left the forest's account when it was felled.

    References
    ----------
    ipcc_2013_kp, section 2.8.3, Eq. 2.8.5 (2006 Guidelines, vol. 4, ch. 12, Eq. 12.1); recalled, not re-read.
    """
    decay = np.log(2) / half_life
    in_one_year = per(decay, "1/yr")
    inflow = product_volume * carbon_content_volume + product_mass * carbon_content_mass
    change = (1 - np.exp(-in_one_year)) / in_one_year * (inflow - decay * product_stock)
    return {"harvested_wood_products": change}


_TABLES = Text(
    "IPCC《2013 年京都议定书补充方法》表 2.8.1、2.8.2，或国家清单的木质林产品参数",
    "IPCC 2013 KP Supplement, Tables 2.8.1 and 2.8.2, or the parameters of the national inventory",
)

METHODOLOGY = Methodology(
    id="harvested_wood",
    title=Text("木质林产品碳储量变化（一阶衰减）", "Harvested wood products by first-order decay"),
    source="ipcc_2013_kp",
    locator="section 2.8.3, Eq. 2.8.5",
    approach="gain_loss",
    tier=1,
    acts_on="state",
    ecosystems=("forest",),
    strata=("product",),
    inputs={"product_stock": "t C", "product_volume": "m3/yr", "product_mass": "t/yr"},
    parameters={"half_life": "yr", "carbon_content_volume": "t C/m3", "carbon_content_mass": "t C/t"},
    outputs={"harvested_wood_products": "t C/yr"},
    bounds={"half_life": (1, inf), "carbon_content_volume": (0, 1), "carbon_content_mass": (0, 1)},
    options={"measure": ("volume", "mass")},
    only_if={
        "carbon_content_volume": ("measure", "volume", 0),
        "carbon_content_mass": ("measure", "mass", 0),
    },
    documents=dict.fromkeys(("half_life", "carbon_content_volume", "carbon_content_mass"), _TABLES),
    valid_for=Text(
        "由本区域采伐木材制成的锯材、人造板和纸；须有年初在用碳储量。薪材不计",
        "Sawnwood, panels and paper of wood felled in the region; the carbon in use at the beginning of the year must "
        "be known. Fuelwood does not count",
    ),
    examples=(
        Example(
            inputs={"product_stock": 1_000, "product_volume": 100, "product_mass": 0},
            parameters={"half_life": 35, "carbon_content_volume": 1, "carbon_content_mass": 0},
            outputs={"harvested_wood_products": "79.41"},
            source="ipcc_2013_kp",
            locator="Eq. 2.8.5 by hand: 1000 t C and 100 t C/yr with a half-life of 35 years become 1,079.41 t C",
        ),
    ),
    compute=stock_change,
)
