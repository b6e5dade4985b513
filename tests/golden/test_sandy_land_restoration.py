"""Dunes of Horqin under exclosure (Li et al. 2012) and plantations of Otindag and Mu Us."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("sandy_land_restoration")


def rate(restoration: str, age: float, depth: str = "") -> dict[str, float]:
    row = {"ecosystem": "bare", "restoration": restoration, "depth": depth, "restoration_age": age}
    return {pool: float(values[0]) for pool, values in BOUND.evaluate(pd.DataFrame([row])).items()}


def test_rates_add_up_to_the_gains_published() -> None:
    """341 g C/m2 after 7 years, 822 after 12, 1786 after 25."""
    gains = np.cumsum([100 * rate("dune_exclosure", age + 0.5)["ecosystem"] for age in range(25)])
    np.testing.assert_allclose(gains[[6, 11, 24]], [341, 822, 1786], atol=0.01)


def test_each_source_gives_its_own_pools() -> None:
    elm = rate("elm_woodland", 40)
    assert elm["biomass"] == pytest.approx(0.43)
    assert np.isnan(elm["soil_organic_carbon"])
    assert np.isnan(elm["ecosystem"])
    assert rate("sand_fixing_shrub", 54, "0-10")["soil_organic_carbon"] == pytest.approx(0.48)


@pytest.mark.parametrize(("restoration", "age"), [("poplar_plantation", 5), ("dune_exclosure", 30)])
def test_no_rate_is_carried_beyond_the_years_observed(restoration: str, age: float) -> None:
    with pytest.raises(ParameterError):
        rate(restoration, age)
