"""Change of mineral soil carbon after a change of land use or management (IPCC Tier 1)."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from methodologies._ipcc import left_to_change, soil_stock, transition_left, yearly_change
from sinks.methodology import Example, Methodology
from sinks.text import Text


def soil_change(
    soc_reference: Any,
    f_lu_from: Any,
    f_mg_from: Any,
    f_i_from: Any,
    f_lu_to: Any,
    f_mg_to: Any,
    f_i_to: Any,
    transition_period: Any,
    period: Any,
    soil_imbalance: Any,
    years_left: Any,
) -> dict[str, Any]:
    """Yearly change of soil organic carbon of land between its use before and after.

    Parameters
    ----------
    soc_reference : array
        Stock under native vegetation, SOC_REF. [t C/ha]
    f_lu_from, f_mg_from, f_i_from : array
        Factors of land use, management and input before. [1]
    f_lu_to, f_mg_to, f_i_to : array
        The same after. [1]
    transition_period : array
        Years to the new equilibrium, D. [yr]
    period : array
        Years between the dates, T. [yr]
    soil_imbalance : array
        Stock at the first date above the equilibrium of the use before; zero where no earlier change is known. [t C/ha]
    years_left : array
        Years from the first date until it would be reached. [yr]

    Returns
    -------
    dict of array
        ``soil_organic_carbon``, to 30 cm; a gain is positive [t C/ha/yr].  ``soil_imbalance`` and ``years_left`` as
        they are at the second date.

    Notes
    -----
    .. math:: \\Delta C = \\frac{SOC_0 - SOC_{0-T}}{\\max(D, T)},\\quad SOC = SOC_{REF} F_{LU} F_{MG} F_I

    At the first known date the stock is at its equilibrium.  Land that changes comes to the new equilibrium after D
    years; land that changes again on the way starts anew, from the stock it has reached.  Where nothing changes, D is
    what is left of a transition under way, and there is no change once nothing is left.  A change happens at the start
    of the period in which it is seen; one before the first known date is not seen.

    References
    ----------
    ipcc_2006_v4, ch. 2, Eq. 2.25, p. 2.30; ipcc_2019_v4, ch. 2, Eq. 2.25, p. 2.33, and Box 2.2 (updated), p. 2.36-2.38,
    which starts a second transition from the stock reached (Box 2.2 of 2006 from the equilibrium before it).
    """
    before = soil_stock(soc_reference, f_lu_from, f_mg_from, f_i_from)
    after = soil_stock(soc_reference, f_lu_to, f_mg_to, f_i_to)
    reached = before + soil_imbalance
    left = transition_left(before, after, transition_period, years_left)
    return {
        "soil_organic_carbon": yearly_change(reached, after, left, period),
        "soil_imbalance": left_to_change(reached, after, left, period),
        "years_left": np.maximum(left - period, 0 * period),
    }


_FACTORS = tuple(f"{factor}{when}" for when in ("_from", "_to") for factor in ("f_lu", "f_mg", "f_i"))

METHODOLOGY = Methodology(
    id="soil_transition",
    title=Text("矿质土壤碳变化（IPCC 土地利用变化法）", "Mineral soil carbon after land-use change (IPCC)"),
    source="ipcc_2006_v4",
    locator="ch. 2, Eq. 2.25, p. 2.30",
    approach="stock_difference",
    tier=1,
    acts_on="change",
    ecosystems=("forest", "shrub", "grassland", "wetland", "cropland", "bare", "urban"),
    strata=("edition", "climate_zone", "soil_class", "ecosystem", "class", "condition", "tillage", "input"),
    inputs={"period": "yr"},
    parameters={"soc_reference": "t C/ha", **dict.fromkeys(_FACTORS, "1"), "transition_period": "yr"},
    outputs={"soil_organic_carbon": "t C/ha/yr"},
    carried={"soil_imbalance": "t C/ha", "years_left": "yr"},
    bounds={"soc_reference": (0, inf), "transition_period": (1, inf), **dict.fromkeys(_FACTORS, (0, inf))},
    options={"edition": ("2006", "2019")},
    soil_depth_cm=(0, 30),
    valid_for=Text(
        "矿质土壤 0—30 cm；核算期内改变用途或管理、或更早改变而尚未达到新平衡的土地。最早一期土地利用之前的变化"
        "不可见，宜有核算期之前 20 年的历史。edition 只选定参考碳储量与系数的表；再次改变时从已达到的储量起算，"
        "两种取值都用 2019 年版的规则",
        "Mineral soil, 0-30 cm; land whose use or management changed in the period, or earlier and is not at its new "
        "equilibrium yet. Changes before the first known land use are not seen: twenty years of history are wanted. "
        "edition chooses the tables of reference stocks and factors only: a second change starts from the stock "
        "reached, the rule of 2019, whichever is chosen",
    ),
    examples=(
        Example(
            inputs={"period": 5},
            parameters={
                "soc_reference": 47,
                "f_lu_from": 0.48,
                "f_mg_from": 1,
                "f_i_from": 0.92,
                "f_lu_to": 1,
                "f_mg_to": 1,
                "f_i_to": 1,
                "transition_period": 20,
            },
            outputs={"soil_organic_carbon": "1.3"},
            source="ipcc_2006_v4",
            locator="ch. 4, p. 4.42",
        ),
    ),
    compute=soil_change,
)
