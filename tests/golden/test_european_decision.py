"""Commission Decision 2010/335/EU on land carbon stocks (OJ L 151, 17.6.2010, p. 19): the factors of 2006 in law.

It prints the reference stocks of Table 2.3 and the factors of Tables 5.5 and 6.2, which it takes from the IPCC
Guidelines of 2006, as one line per management: an independent print of the same numbers.
"""

from __future__ import annotations

from itertools import product

import pytest

from methodologies._ipcc import soil_stock
from sinks.methodology import Registry

TABLE = Registry((), ("methodologies",)).get("soil_transition").table
SOILS = ("hac", "lac", "sandy", "spodic", "volcanic", "wetland")
NONE = None
# Table 1, p. L 151/25: t C/ha in 0-30 cm.
STOCKS = {
    "boreal_moist": (68, NONE, 10, 117, 20, 146),
    "boreal_dry": (68, NONE, 10, 117, 20, 146),
    "cool_temperate_dry": (50, 33, 34, NONE, 20, 87),
    "cool_temperate_moist": (95, 85, 71, 115, 130, 87),
    "warm_temperate_dry": (38, 24, 19, NONE, 70, 88),
    "warm_temperate_moist": (88, 63, 34, NONE, 80, 88),
}
# Table 2, p. L 151/27: F_LU of cultivated land, F_MG by tillage, F_I by input.
CROPLAND = {
    "dry": (
        0.8,
        {"full": 1, "reduced": 1.02, "no_till": 1.1},
        {"low": 0.95, "medium": 1, "high_manure": 1.37, "high": 1.04},
    ),
    "moist": (
        0.69,
        {"full": 1, "reduced": 1.08, "no_till": 1.15},
        {"low": 0.92, "medium": 1, "high_manure": 1.44, "high": 1.11},
    ),
}
# Table 5, p. L 151/31, dry and moist alike: F_MG and F_I of temperate and boreal grassland.
GRASSLAND = {
    ("improved", "medium"): (1.14, 1),
    ("improved", "high"): (1.14, 1.11),
    ("nominal", "medium"): (1, 1),
    ("moderately_degraded", "medium"): (0.95, 1),
    ("severely_degraded", "medium"): (0.7, 1),
}


def looked(parameter: str, **strata: str) -> float:
    given = {"edition": "2006", "class": "", "condition": "nominal", "tillage": "", "input": "", "soil_class": "hac"}
    return float(TABLE.lookup(parameter, {name: [word] for name, word in {**given, **strata}.items()}).values[0])


@pytest.mark.parametrize("zone", STOCKS)
def test_reference_stocks(zone: str) -> None:
    for soil, printed in zip(SOILS, STOCKS[zone], strict=True):
        if printed is not NONE:
            assert looked("soc_reference", climate_zone=zone, soil_class=soil) == printed


@pytest.mark.parametrize("zone", STOCKS)
def test_cropland(zone: str) -> None:
    land_use, tillages, inputs = CROPLAND["dry" if zone.endswith("dry") else "moist"]
    for (tillage, by_tillage), (added, by_input) in product(tillages.items(), inputs.items()):
        place = {"climate_zone": zone, "ecosystem": "cropland", "tillage": tillage, "input": added}
        factors = [looked(name, **place) for name in ("f_lu", "f_mg", "f_i")]
        assert factors == [land_use, by_tillage, by_input]


@pytest.mark.parametrize("zone", STOCKS)
def test_grassland(zone: str) -> None:
    for (condition, added), (by_condition, by_input) in GRASSLAND.items():
        place = {"climate_zone": zone, "ecosystem": "grassland", "condition": condition, "input": added}
        factors = [looked(name, **place) for name in ("f_lu", "f_mg", "f_i")]
        assert factors == [1, by_condition, by_input]


def test_the_rule_of_the_decision() -> None:
    """Point 4.1: SOC = SOC_ST x F_LU x F_MG x F_I; forest (Table 7) has 1 throughout.

    By hand: 50 t C/ha, cultivated for long (0.8): 40; reduced tillage (1.02): 40.8; low input (0.95): 38.76.
    """
    assert soil_stock(50, 0.8, 1.02, 0.95) == pytest.approx(38.76)
    place = {"climate_zone": "boreal_moist", "ecosystem": "forest"}
    assert [looked(name, **place) for name in ("f_lu", "f_mg", "f_i")] == [1, 1, 1]
