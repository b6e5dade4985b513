"""Litter and dead wood after conversion to or from forest (IPCC Tier 1)."""

from __future__ import annotations

from math import inf, nan
from typing import Any

from methodologies._ipcc import dead_matter_change
from sinks.methodology import Example, Methodology
from sinks.text import Text


def dead_matter(
    litter_from: Any,
    litter_to: Any,
    dead_wood_from: Any,
    dead_wood_to: Any,
    transition_period: Any,
    period: Any,
    litter_imbalance: Any,
    litter_years_left: Any,
    dead_wood_imbalance: Any,
    dead_wood_years_left: Any,
) -> dict[str, Any]:
    """Yearly change of litter and dead wood of land between its use before and after.

    Parameters
    ----------
    litter_from, litter_to : array
        Litter under the use before, C_o, and after, C_n; zero outside forest. [t C/ha]
    dead_wood_from, dead_wood_to : array
        The same of dead wood. [t C/ha]
    transition_period : array
        Years in which a gain comes, T_on. [yr]
    period : array
        Years between the dates, T. [yr]
    litter_imbalance, dead_wood_imbalance : array
        Stock at the first date above the one that goes with the use before; zero without an earlier gain. [t C/ha]
    litter_years_left, dead_wood_years_left : array
        Years from the first date until that gain is complete. [yr]

    Returns
    -------
    dict of array
        ``litter`` and ``dead_wood``; a gain is positive [t C/ha/yr].  ``litter_imbalance``, ``litter_years_left``,
        ``dead_wood_imbalance`` and ``dead_wood_years_left`` as they are at the second date.

    Notes
    -----
    .. math:: \\Delta C = \\frac{C_n - C_o}{\\max(T_{on}, T)} \\text{ for a gain},\\quad
              \\Delta C = \\frac{C_n - C_o}{T} \\text{ for a loss}

    A loss comes in the year of conversion; the land was converted in the course of the period, of which this is the
    yearly mean.  Forest that stays what it is keeps its litter and dead wood, once the gain of its planting is
    complete: land that became forest at an earlier date, as far as land use is known, goes on to gain until then.

    References
    ----------
    ipcc_2006_v4, ch. 2, Eq. 2.23, p. 2.26 and section 2.3.2.2, p. 2.25; unchanged in ipcc_2019_v4, which has other
    stocks.
    """
    litter = dead_matter_change(litter_from, litter_to, litter_imbalance, litter_years_left, transition_period, period)
    dead_wood = dead_matter_change(
        dead_wood_from, dead_wood_to, dead_wood_imbalance, dead_wood_years_left, transition_period, period
    )
    return {
        **dict(zip(("litter", "litter_imbalance", "litter_years_left"), litter, strict=True)),
        **dict(zip(("dead_wood", "dead_wood_imbalance", "dead_wood_years_left"), dead_wood, strict=True)),
    }


_STOCKS = ("litter_from", "litter_to", "dead_wood_from", "dead_wood_to")
_NATIONAL = Text(
    "森林资源清查或本地调查（IPCC 2006 表 2.2 没有给出枯死木缺省值；落叶针叶林的枯落物也没有缺省值）",
    "the forest inventory or surveys of the region (Table 2.2 of IPCC 2006 has no default for dead wood, nor for the "
    "litter of deciduous needleleaf forest)",
)

METHODOLOGY = Methodology(
    id="dead_organic_matter",
    title=Text("枯落物与枯死木变化（IPCC 土地利用变化法）", "Litter and dead wood after land-use change (IPCC)"),
    source="ipcc_2006_v4",
    locator="ch. 2, Eq. 2.23, p. 2.26",
    approach="stock_difference",
    tier=1,
    acts_on="change",
    ecosystems=("forest", "shrub", "grassland", "wetland", "cropland", "water", "bare", "urban", "ice"),
    strata=("edition", "ecosystem", "climate_zone", "ecological_zone", "leaf_type"),
    inputs={"period": "yr"},
    parameters={**dict.fromkeys(_STOCKS, "t C/ha"), "transition_period": "yr"},
    outputs={"litter": "t C/ha/yr", "dead_wood": "t C/ha/yr"},
    carried={
        "litter_imbalance": "t C/ha",
        "litter_years_left": "yr",
        "dead_wood_imbalance": "t C/ha",
        "dead_wood_years_left": "yr",
    },
    bounds={**dict.fromkeys(_STOCKS, (0, inf)), "transition_period": (1, inf)},
    options={"edition": ("2006", "2019"), "dead_wood_pool": ("estimated", "not_estimated")},
    only_if={
        "dead_wood_from": ("dead_wood_pool", "estimated", nan),
        "dead_wood_to": ("dead_wood_pool", "estimated", nan),
    },
    crosswalks={"leaf_type": "species_groups.csv"},
    documents={"litter": _NATIONAL, "dead_wood": _NATIONAL},
    valid_for=Text(
        "核算期内转为林地或由林地转出、或更早转为林地不足 20 年的土地；“仍为林地的林地”按平衡处理，没有变化",
        "Land that became forest or ceased to be forest in the period, or became forest less than twenty years before; "
        "forest remaining forest is taken to be in balance",
    ),
    examples=(
        Example(
            inputs={"period": 1},
            parameters={
                "litter_from": 0,
                "litter_to": 28,
                "dead_wood_from": 0,
                "dead_wood_to": 0,
                "transition_period": 20,
            },
            outputs={"litter": "1.4"},
            source="ipcc_2006_v4",
            locator="ch. 2, Eq. 2.23, p. 2.26 with Table 2.2, p. 2.27 (by hand: 28/20)",
        ),
    ),
    compute=dead_matter,
)
