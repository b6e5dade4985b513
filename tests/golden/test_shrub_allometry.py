"""Shrubs of Inner Mongolia: Zhao M.Y. et al. 2019, Table 2."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("shrub_allometry")


def density(species: str, height: float, crown: float, plants: float = 1000.0) -> dict[str, float]:
    row = {"ecosystem": "shrub", "species": species, "shrub_height": height, "crown_area": crown}
    found = BOUND.evaluate(pd.DataFrame([{**row, "plant_density": plants}]))
    return {pool: float(values[0]) for pool, values in found.items()}


def test_power_of_crown_volume() -> None:
    """柠条锦鸡儿: shoot 467.24 V^0.79, root 499.85 V^0.97 g; V = 1.0 m x 0.5 m2."""
    found = density("caragana_korshinskii", 1.0, 0.5)
    assert found["above_ground_biomass"] == pytest.approx(467.24 * 0.5**0.79 * 1000 * 1e-6 * 0.47)
    assert found["below_ground_biomass"] == pytest.approx(499.85 * 0.5**0.97 * 1000 * 1e-6 * 0.47)


def test_power_of_crown_area_takes_no_notice_of_height() -> None:
    """梭梭: shoot 1742.76 S^1.29, root 1465.17 S^1.40 g."""
    found = density("haloxylon_ammodendron", 1.0, 1.5)
    assert found == density("haloxylon_ammodendron", 2.0, 1.5)
    assert found["above_ground_biomass"] == pytest.approx(1742.76 * 1.5**1.29 * 1e-3 * 0.47)
    assert found["below_ground_biomass"] == pytest.approx(1465.17 * 1.5**1.40 * 1e-3 * 0.47)


def test_line_with_an_intercept() -> None:
    """小叶锦鸡儿: shoot 842.50 V + 16.82 g."""
    found = density("caragana_microphylla", 1.0, 2.0, 500.0)
    assert found["above_ground_biomass"] == pytest.approx((842.50 * 2.0 + 16.82) * 500 * 1e-6 * 0.47)


@pytest.mark.parametrize("crown", [0.01, 1.5])
def test_no_plant_is_taken_beyond_the_sizes_fitted(crown: float) -> None:
    """柠条锦鸡儿 was fitted to crown volumes of 0.053-0.771 m3."""
    with pytest.raises(ParameterError, match="标准木"):
        density("caragana_korshinskii", 1.0, crown)
