"""Net ecosystem production: net primary production minus heterotrophic respiration by month."""

from __future__ import annotations

from calendar import month_name
from math import inf
from typing import Any

import numpy as np

from sinks.methodology import Methodology
from sinks.text import Text
from sinks.units import per


def respiration(
    temperature: Any,
    precipitation: Any,
    rh_scale: Any,
    rh_temperature: Any,
    rh_precipitation: Any,
    rh_days: Any,
    rh_carbon: Any,
    frozen_share: Any,
) -> Any:
    """Heterotrophic respiration in a month, as a yearly rate; the law takes degrees Celsius and millimetres."""
    celsius, millimetres = per(temperature, "degC"), per(precipitation, "mm/month")
    formula = np.exp(rh_temperature * celsius) + np.log(rh_precipitation * millimetres + 1)
    return rh_scale * formula * rh_days * rh_carbon * np.where(celsius < 0, frozen_share, 1)


def production(
    npp: Any,
    temperature_01: Any,
    temperature_02: Any,
    temperature_03: Any,
    temperature_04: Any,
    temperature_05: Any,
    temperature_06: Any,
    temperature_07: Any,
    temperature_08: Any,
    temperature_09: Any,
    temperature_10: Any,
    temperature_11: Any,
    temperature_12: Any,
    precipitation_01: Any,
    precipitation_02: Any,
    precipitation_03: Any,
    precipitation_04: Any,
    precipitation_05: Any,
    precipitation_06: Any,
    precipitation_07: Any,
    precipitation_08: Any,
    precipitation_09: Any,
    precipitation_10: Any,
    precipitation_11: Any,
    precipitation_12: Any,
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
    temperature_01, temperature_02, temperature_03, temperature_04, temperature_05, temperature_06 : array
        Mean temperature of the months January to June, T. [degC]
    temperature_07, temperature_08, temperature_09, temperature_10, temperature_11, temperature_12 : array
        Of July to December. [degC]
    precipitation_01, precipitation_02, precipitation_03, precipitation_04, precipitation_05, precipitation_06 : array
        Precipitation of the months January to June, P. [mm/month]
    precipitation_07, precipitation_08, precipitation_09, precipitation_10, precipitation_11, precipitation_12 : array
        Of July to December. [mm/month]
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
    temperatures = (
        temperature_01,
        temperature_02,
        temperature_03,
        temperature_04,
        temperature_05,
        temperature_06,
        temperature_07,
        temperature_08,
        temperature_09,
        temperature_10,
        temperature_11,
        temperature_12,
    )
    precipitations = (
        precipitation_01,
        precipitation_02,
        precipitation_03,
        precipitation_04,
        precipitation_05,
        precipitation_06,
        precipitation_07,
        precipitation_08,
        precipitation_09,
        precipitation_10,
        precipitation_11,
        precipitation_12,
    )
    law = (rh_scale, rh_temperature, rh_precipitation, rh_days, rh_carbon, frozen_share)
    monthly = [respiration(t, p, *law) for t, p in zip(temperatures, precipitations, strict=True)]
    # Each is a rate per year, so that the year has their mean.
    return {"ecosystem": npp - sum(monthly) / len(monthly)}


_MONTHS = tuple(f"{month:02d}" for month in range(1, len(month_name)))
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
    inputs={
        "npp": "t C/ha/yr",
        **{f"temperature_{month}": "degC" for month in _MONTHS},
        **{f"precipitation_{month}": "mm/month" for month in _MONTHS},
    },
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
