"""Numerical examples of soil carbon in the IPCC Guidelines, over land of several managements.

2006, vol. 4, ch. 5, p. 5.22; 2019 Refinement, ch. 5, p. 5.38, and ch. 6, p. 6.10.  Stocks in million tonnes of carbon;
print rounds them before it takes the difference, so that the yearly change is met to the digits of the stocks.
"""

from __future__ import annotations

import pytest

from methodologies._ipcc import soil_stock, yearly_change
from sinks.methodology import Registry
from sinks.methodology.contract import agrees

TABLE = Registry((), ("methodologies",)).get("soil_transition").table
Land = list[tuple[float, float]]


def stock(land: Land) -> float:
    """Million tonnes of carbon on land of (hectares, t C/ha)."""
    return sum(hectares * density for hectares, density in land) / 1e6


def warm_temperate_moist(tillage: str, added: str) -> float:
    """Density of cropland on high-activity clay, all factors looked up. [t C/ha]"""
    place = {"edition": "2006", "climate_zone": "warm_temperate_moist", "soil_class": "hac", "ecosystem": "cropland"}
    management = {"class": "", "condition": "nominal", "tillage": tillage, "input": added}
    given = {name: [word] for name, word in {**place, **management}.items()}
    return float(soil_stock(*(TABLE.lookup(n, given).values[0] for n in ("soc_reference", "f_lu", "f_mg", "f_i"))))


def test_cropland_of_2006_with_the_factors_of_the_table() -> None:
    """1 Mha on Mollisols: 58.78 and 64.06 Mt C; (64.06 - 58.78)/20 = 264,000 t C a year (264,132 unrounded)."""
    before = stock([(400_000, warm_temperate_moist("full", "low")), (600_000, warm_temperate_moist("full", "medium"))])
    after = stock(
        [
            (200_000, warm_temperate_moist("full", "low")),
            (700_000, warm_temperate_moist("reduced", "medium")),
            (100_000, warm_temperate_moist("no_till", "medium")),
        ]
    )
    assert agrees(before, "58.78")
    assert agrees(after, "64.06")
    assert yearly_change(before, after, 20, 10) * 1e6 == pytest.approx(264_000, abs=500)


def test_grassland_of_2019() -> None:
    """1 Mha on Ultisols, tropical moist: 45,026,000 and 45,959,890 t C; 46,694.5 t C a year.

    The moderately degraded land keeps 0.97, the factor of 2006, where the updated Table 6.2 beside it has 0.90.
    """
    factor = {"native": (1, 1), "moderate": (0.97, 1), "heavy": (0.7, 1), "improved": (1.17, 1), "highly": (1.17, 1.11)}
    density = {name: soil_stock(47, 1, *factors) for name, factors in factor.items()}
    before = stock([(500_000, density["native"]), (400_000, density["moderate"]), (100_000, density["heavy"])])
    after = stock(
        [
            (300_000, density["native"]),
            (300_000, density["moderate"]),
            (200_000, density["heavy"]),
            (100_000, density["improved"]),
            (100_000, density["highly"]),
        ]
    )
    assert agrees(before * 1e6, "45026000")
    assert agrees(after * 1e6, "45959890")
    assert agrees(yearly_change(before, after, 20, 20) * 1e6, "46694.5")


def test_cropland_of_2019_as_far_as_it_is_right() -> None:
    """1 Mha, warm temperate moist: 46.46 Mt C before; print has 49.06 after, where its own terms give 48.10.

    Its factors (0.75, 1.01 and 1.11) are not those of the updated Table 5.5 either (0.69, 1.05 and 1.10), which is what
    the project's table has (printed.toml).
    """
    low, medium = soil_stock(64, 0.75, 1, 0.92), soil_stock(64, 0.75, 1, 1)
    before = stock([(400_000, low), (600_000, medium)])
    after = stock([(200_000, low), (700_000, soil_stock(64, 0.75, 1.01, 1)), (100_000, soil_stock(64, 0.75, 1.11, 1))])
    assert agrees(before, "46.46")
    assert agrees(after, "48.10")
    assert not agrees(after, "49.06")
