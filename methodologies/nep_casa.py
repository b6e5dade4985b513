"""Net ecosystem production: net primary production minus heterotrophic respiration by month."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from sinks.methodology import Methodology, Monthly
from sinks.text import Text
from sinks.units import per


def production(
    npp: Any,
    temperature: Any,
    precipitation: Any,
    rh_scale: Any,
    rh_temperature: Any,
    rh_precipitation: Any,
    rh_days: Any,
    rh_carbon: Any,
    frozen_share: Any,
) -> dict[str, Any]:
    """Net ecosystem production of a year.

    Parameters
    ----------
    npp : array
        Net primary production of the year. [t C/ha/yr]
    temperature : array, months first
        Mean temperature of each month, T. [degC]
    precipitation : array, months first
        Precipitation of each month, P. [mm/month]
    rh_scale : array
        Coefficient a of the law. [t C/ha/yr]
    rh_temperature, rh_precipitation : array
        Coefficients b and c of the law. [1]
    rh_days, rh_carbon : array
        Days of a month in the law, and carbon per respired mass. [1]
    frozen_share : array
        Share of the law that holds in a month whose mean is below freezing, w (option ``winter``). [1]

    Returns
    -------
    dict of array
        ``ecosystem``; a gain is positive. [t C/ha/yr]

    Notes
    -----
    .. math:: NEP = NPP - \\sum_{m} w_m\\, a (e^{b T_m} + \\ln(c P_m + 1)) \\cdot 30 \\cdot 0.465

    The law is written for months in g C/m2.  It still respires at -20 degC: the option ``winter`` says whether the
    formula holds in frozen months (``formula``) or nothing respires then (``none``).

    What harvest, grazing, fire and water carry away is not in it: net ecosystem production is not the sink of an
    inventory and is several times as large.

    References
    ----------
    casa_script, function calculateRH.
    """
    # The law takes degrees Celsius and millimetres.
    celsius, millimetres = per(temperature, "degC"), per(precipitation, "mm/month")
    law = np.exp(rh_temperature * celsius) + np.log(rh_precipitation * millimetres + 1)
    respired = rh_scale * law * rh_days * rh_carbon * np.where(celsius < 0, frozen_share, 1)
    # Each month is a rate per year, so that the year has their mean.
    return {"ecosystem": npp - sum(respired) / len(respired)}


_LAW = {"rh_temperature": "1", "rh_precipitation": "1", "rh_days": "1", "rh_carbon": "1", "frozen_share": "1"}

METHODOLOGY = Methodology(
    id="nep_casa",
    title=Text("净生态系统生产力法（NPP 减异养呼吸）", "Net ecosystem production (NPP minus respiration)"),
    source="casa_script",
    locator="function calculateRH",
    approach="nep",
    tier=2,
    acts_on="state",
    ecosystems=("forest", "shrub", "grassland", "wetland", "cropland", "bare"),
    strata=("winter",),
    inputs={"npp": "t C/ha/yr", "temperature": Monthly("degC"), "precipitation": Monthly("mm/month")},
    parameters={"rh_scale": "t C/ha/yr", **_LAW},
    outputs={"ecosystem": "t C/ha/yr"},
    bounds={**dict.fromkeys(("rh_scale", *_LAW), (0, inf)), "frozen_share": (0, 1)},
    options={"winter": ("formula", "none")},
    valid_for=Text(
        "与 NPP 同年的逐月气温、降水；结果不是清单口径的碳汇，不能与其他方法相加",
        "Monthly temperature and precipitation of the year of the NPP; the result is not an inventory's sink and must "
        "not be added to others",
    ),
    compute=production,
)
