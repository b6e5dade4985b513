"""Rewetted organic soils: carbon gained or lost, with methane beside (IPCC)."""

from __future__ import annotations

from math import inf
from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def balance(co2_c_emission: Any, doc_emission: Any, ch4_c_emission: Any, methane_per_carbon: Any) -> dict[str, Any]:
    """Yearly change of carbon of a rewetted organic soil, and methane beside it.

    Parameters
    ----------
    co2_c_emission : array
        Carbon lost as carbon dioxide, EF; negative where the soil takes it up. [t C/ha/yr]
    doc_emission : array
        Carbon lost off site, dissolved, EF_DOC. [t C/ha/yr]
    ch4_c_emission : array
        Carbon lost as methane. [kg C/ha/yr]
    methane_per_carbon : array
        Mass of methane per mass of its carbon. [kg CH4/(kg C)]

    Returns
    -------
    dict of array
        ``soil_organic_carbon``, a gain is positive [t C/ha/yr]; beside it ``ch4``, emission per area.

    Notes
    -----
    .. math:: \\Delta C = -(EF + EF_{DOC}),\\quad CH_4 = EF_{CH_4-C} \\cdot 16/12

    Methane is reported beside the carbon.  In its first years a rewetted rich fen warms the climate although it gains
    carbon.

    References
    ----------
    ipcc_2013_wetlands, ch. 3, Eq. 3.3-3.8 (recalled, not re-read).
    """
    return {
        "soil_organic_carbon": -(co2_c_emission + doc_emission),
        "ch4": ch4_c_emission * methane_per_carbon,
    }


METHODOLOGY = Methodology(
    id="wetland_organic",
    title=Text("复湿有机土壤碳平衡（IPCC 湿地增补）", "Carbon balance of rewetted organic soils (IPCC)"),
    source="ipcc_2013_wetlands",
    locator="ch. 3, Eq. 3.3-3.8",
    approach="rate",
    tier=1,
    acts_on="state",
    ecosystems=("wetland",),
    strata=("climate_domain", "nutrient"),
    inputs={},
    parameters={
        "co2_c_emission": "t C/ha/yr",
        "doc_emission": "t C/ha/yr",
        "ch4_c_emission": "kg C/ha/yr",
        "methane_per_carbon": "kg CH4/(kg C)",
    },
    outputs={"soil_organic_carbon": "t C/ha/yr"},
    other_gases={"ch4": "kg CH4/ha/yr"},
    bounds={"ch4_c_emission": (0, inf), "methane_per_carbon": (1, 2)},
    crosswalks={"climate_domain": "climate_domains.csv"},
    documents={
        "doc_emission": Text(
            "IPCC《2013 年增补：湿地》第 3 章 表 3.2", "IPCC 2013 Wetlands Supplement, ch. 3, Table 3.2"
        )
    },
    valid_for=Text(
        "退耕还湿、填堵排水沟后地下水位恢复的泥炭地；氧化亚氮按一级方法忽略",
        "Peat whose water table has been raised again; nitrous oxide is neglected under Tier 1",
    ),
    compute=balance,
)
