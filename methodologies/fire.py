"""Greenhouse gases of fires (IPCC), beside the account: the carbon itself is lost from a pool."""

from __future__ import annotations

from math import inf
from typing import Any

from methodologies._ipcc import fuel_burnt
from sinks.methodology import Methodology
from sinks.text import Text


def gases(
    burnt_area: Any,
    fuel_load: Any,
    combustion_factor: Any,
    fuel_consumption: Any,
    emission_factor_co2: Any,
    emission_factor_ch4: Any,
    emission_factor_n2o: Any,
) -> dict[str, Any]:
    """Gases that fires give off in a year.

    Parameters
    ----------
    burnt_area : array
        Area burnt, A. [ha/yr]
    fuel_load : array
        Mass of fuel, M_B; zero where the product with the combustion factor is given. [t DM/ha]
    combustion_factor : array
        Share of the fuel that burns, C_f. [1]
    fuel_consumption : array
        The product M_B C_f, where it is tabulated; zero otherwise. [t DM/ha]
    emission_factor_co2 : array
        Gas per mass burnt, G_ef. [g CO2/(kg DM)]
    emission_factor_ch4 : array
        The same of methane. [g CH4/(kg DM)]
    emission_factor_n2o : array
        The same of nitrous oxide. [g N2O/(kg DM)]

    Returns
    -------
    dict of array
        ``co2``, ``ch4`` and ``n2o``, all emissions, each as its own mass. [t/yr]

    Notes
    -----
    .. math:: L_{fire} = A \\cdot M_B \\cdot C_f \\cdot G_{ef} \\cdot 10^{-3}

    The factor of a thousand is that of grams and kilograms.  Nothing here enters the carbon account: the carbon that
    burns is part of the stock difference, or of the loss by disturbance (Eq. 2.14), and would count twice.  Carbon
    dioxide of burning grass is balanced by regrowth and is not an emission under Tier 1.

    References
    ----------
    ipcc_2006_v4, ch. 2, Eq. 2.27, p. 2.42.
    """
    burnt = fuel_burnt(burnt_area, fuel_load, combustion_factor, fuel_consumption)
    return {
        "co2": burnt * emission_factor_co2,
        "ch4": burnt * emission_factor_ch4,
        "n2o": burnt * emission_factor_n2o,
    }


_FACTORS = ("emission_factor_co2", "emission_factor_ch4", "emission_factor_n2o")

METHODOLOGY = Methodology(
    id="fire",
    title=Text("火灾温室气体排放（IPCC，另列）", "Greenhouse gases of fires (IPCC), reported beside"),
    source="ipcc_2006_v4",
    locator="ch. 2, Eq. 2.27, p. 2.42",
    approach="gain_loss",
    tier=1,
    acts_on="state",
    ecosystems=("forest", "shrub", "grassland", "wetland"),
    strata=("vegetation", "fire_type"),
    inputs={"burnt_area": "ha/yr"},
    parameters={
        "fuel_load": "t DM/ha",
        "combustion_factor": "1",
        "fuel_consumption": "t DM/ha",
        "emission_factor_co2": "t CO2/(t DM)",
        "emission_factor_ch4": "t CH4/(t DM)",
        "emission_factor_n2o": "t N2O/(t DM)",
    },
    outputs={},
    other_gases={"co2": "t CO2/yr", "ch4": "t CH4/yr", "n2o": "t N2O/yr"},
    bounds={
        "fuel_load": (0, inf),
        "fuel_consumption": (0, inf),
        "combustion_factor": (0, 1),
        **dict.fromkeys(_FACTORS, (0, inf)),
    },
    options={"fuel": ("consumption", "load")},
    only_if={
        "fuel_load": ("fuel", "load", 0),
        "combustion_factor": ("fuel", "load", 0),
        "fuel_consumption": ("fuel", "consumption", 0),
    },
    documents={
        "fuel_load": Text("森林、草原可燃物载量调查", "fuel surveys of the forestry and grassland administration"),
    },
    valid_for=Text(
        "有过火面积统计的火灾；燃料消耗量缺省值变幅很大，有可燃物调查时应采用实测载量",
        "Fires with statistics of area burnt; the default fuel consumption varies widely, so measured fuel loads are "
        "better",
    ),
    compute=gases,
)
