"""Soil carbon of cropland by nitrogen fertiliser and straw returned (gross ecosystem product)."""

from __future__ import annotations

from typing import Any

from sinks.methodology import Methodology
from sinks.text import Text


def soil_change(
    nitrogen_fertiliser: Any,
    straw_returned: Any,
    straw_share: Any,
    background_rate: Any,
    nitrogen_slope: Any,
    nitrogen_intercept: Any,
    straw_slope: Any,
    straw_intercept: Any,
) -> dict[str, Any]:
    """Yearly change of carbon in the topsoil of cropland.

    Parameters
    ----------
    nitrogen_fertiliser : array
        Nitrogen applied, N. [kg N/ha/yr]
    straw_returned : array
        Straw returned where it is, S. [t DM/ha/yr]
    straw_share : array
        Share of the land with straw returned, PR. [1]
    background_rate : array
        Change without fertiliser and straw, BSS; a loss is negative. [t C/ha/yr]
    nitrogen_slope : array
        Carbon gained per nitrogen, k_N. [t C/(kg N)]
    nitrogen_intercept : array
        Intercept, c_N. [t C/ha/yr]
    straw_slope : array
        Carbon gained per straw, k_S. [t C/(t DM)]
    straw_intercept : array
        Intercept, c_S. [t C/ha/yr]

    Returns
    -------
    dict of array
        ``soil_organic_carbon``; a gain is positive. [t C/ha/yr]

    Notes
    -----
    .. math:: \\Delta C = BSS + (k_N N + c_N) + PR (k_S S + c_S)

    Tillage and input by the factors of the IPCC are ``soil_transition``, with ``tillage`` and ``input`` before and
    after: one or the other, never both.  BSS is measured where neither is applied; what soils lost under the usual
    management is ``cropland_soil_rates``.

    References
    ----------
    gep_2022, carbon of cropland soil; lu_2009 for the two regressions (both recalled).
    """
    nitrogen = nitrogen_slope * nitrogen_fertiliser + nitrogen_intercept
    straw = straw_slope * straw_returned + straw_intercept
    return {"soil_organic_carbon": background_rate + nitrogen + straw_share * straw}


_PARAMETERS = {
    "background_rate": "t C/ha/yr",
    "nitrogen_slope": "t C/(kg N)",
    "nitrogen_intercept": "t C/ha/yr",
    "straw_slope": "t C/(t DM)",
    "straw_intercept": "t C/ha/yr",
}

METHODOLOGY = Methodology(
    id="cropland_soil",
    title=Text("农田土壤固碳（施氮与秸秆还田）", "Cropland soil carbon by nitrogen and straw"),
    source="gep_2022",
    locator="carbon fixation of cropland",
    approach="rate",
    tier=2,
    acts_on="state",
    ecosystems=("cropland",),
    strata=("region", "soil"),
    inputs={"nitrogen_fertiliser": "kg N/ha/yr", "straw_returned": "t DM/ha/yr", "straw_share": "1"},
    parameters=_PARAMETERS,
    outputs={"soil_organic_carbon": "t C/ha/yr"},
    documents=dict.fromkeys(
        _PARAMETERS,
        Text(
            "《陆地生态系统生产总值核算技术指南》农田固碳部分，或当地耕地质量长期定位监测",
            "the technical guide of gross ecosystem product, cropland, or long-term trials of the region",
        ),
    ),
    valid_for=Text(
        "东北、华北、西北旱地耕层；无措施本底变化率须由长期试验给出。与 soil_transition 的耕作、投入因子二选一",
        "Topsoil of upland crops in northeast, north and northwest China; the change without practices is of long-term "
        "trials. An alternative to the tillage and input factors of soil_transition",
    ),
    compute=soil_change,
)
