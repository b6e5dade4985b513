"""One tree through twenty years, as the R package StemAnalysis (Wu and Xiang) gives it: volume, biomass and carbon.

Read in github.com/forestscientist/StemAnalysis: d_BEF.csv and r_volumeCarbon.csv at f736ab3, StemGrowth.csv and
volumeCarbon.csv at 683dbb3, all under inst/extdata.  Kilograms of a tree; a methodology takes them per hectare alike.
"""

from __future__ import annotations

import pytest

from methodologies import growing_stock_bcef, growing_stock_bef
from sinks.methodology.contract import agrees

# Wood density in t/m3, BEF, roots to shoots, carbon fraction.
FACTORS = (0.32, 1.489, 0.247, 0.5)
# Age: biomass of the stem, carbon above ground, below ground, of the tree; kg.
BY_EXPANSION = {
    4: (0.406, 0.302, 0.075, 0.377),
    6: (2.685, 1.999, 0.494, 2.493),
    8: (3.715, 2.766, 0.683, 3.449),
    10: (5.614, 4.179, 1.032, 5.212),
    12: (8.648, 6.438, 1.590, 8.029),
    14: (10.860, 8.085, 1.997, 10.082),
    16: (12.841, 9.560, 2.361, 11.921),
    18: (14.324, 10.664, 2.634, 13.298),
    20: (16.594, 12.354, 3.052, 15.406),
}
# Age: volume in m3, conversion factor in t/m3, roots to shoots; biomass above ground, carbon above, below and all, kg.
CARBON_FRACTION = 0.499
BY_CONVERSION = {
    6: ("0.008", 0.586, 0.222, 4.724, 2.357, 0.524, 2.881),
    8: ("0.011", 0.510, 0.197, 5.744, 2.866, 0.566, 3.432),
    10: ("0.017", 0.458, 0.182, 7.885, 3.935, 0.715, 4.650),
    12: ("0.027", 0.423, 0.173, 11.291, 5.634, 0.973, 6.607),
    14: ("0.034", 0.420, 0.175, 14.142, 7.057, 1.237, 8.294),
    16: ("0.040", 0.405, 0.171, 16.085, 8.026, 1.369, 9.395),
    18: ("0.044", 0.406, 0.171, 17.985, 8.974, 1.538, 10.512),
    20: ("0.052", 0.408, 0.176, 21.176, 10.567, 1.860, 12.427),
}
LAST_DIGIT = 0.0005


@pytest.mark.parametrize("age", BY_EXPANSION)
def test_by_expansion_factor(age: int) -> None:
    stem, above, below, tree = BY_EXPANSION[age]
    density, bef, ratio, fraction = FACTORS
    # The stem is printed to the gram; what follows from it carries that rounding, multiplied.
    loose = LAST_DIGIT * (1 + bef * (1 + ratio) * fraction)
    found = growing_stock_bef.carbon_density(stem / density, density, bef, ratio, fraction)
    assert found["above_ground_biomass"] == pytest.approx(above, abs=loose)
    assert found["below_ground_biomass"] == pytest.approx(below, abs=loose)
    assert sum(found.values()) == pytest.approx(tree, abs=loose)


@pytest.mark.parametrize("age", BY_CONVERSION)
def test_by_conversion_factor(age: int) -> None:
    volume, bcef, ratio, biomass, above, below, tree = BY_CONVERSION[age]
    # The volume is printed to the litre, the biomass to the gram: the volume is taken from the biomass, and checked.
    stock = biomass / 1000 / bcef
    assert agrees(stock, volume)
    found = growing_stock_bcef.carbon_density(stock * 1000, bcef, ratio, CARBON_FRACTION)
    loose = LAST_DIGIT * (1 + biomass * CARBON_FRACTION)
    assert found["above_ground_biomass"] == pytest.approx(above, abs=2 * LAST_DIGIT)
    assert found["below_ground_biomass"] == pytest.approx(below, abs=loose)
    assert sum(found.values()) == pytest.approx(tree, abs=loose)
