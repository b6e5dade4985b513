"""Exclosures in Horqin: stocks of plots of 0, 5 and 10 years (Su et al. 2003), soil 0-20 cm (Li et al. 2015)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("grassland_restoration")


def rate(age: float, depth: str = "0-15", restoration: str = "grazing_exclusion") -> dict[str, float]:
    row = {"ecosystem": "grassland", "restoration": restoration, "depth": depth, "restoration_age": age}
    return {pool: float(values[0]) for pool, values in BOUND.evaluate(pd.DataFrame([row])).items()}


def test_rates_add_up_to_the_stocks_published() -> None:
    """Su et al. 2003: soil 492, 524 and 584, plants 98, 134 and 317 g C/m2 at 0, 5 and 10 years."""
    by_age = [rate(age + 0.5) for age in range(10)]
    soil, plants = (100 * sum(one[pool] for one in by_age) for pool in ("soil_organic_carbon", "biomass"))
    assert soil == pytest.approx(584 - 492)
    assert plants == pytest.approx(317 - 98)


def test_a_pool_that_was_not_measured_is_not_zero() -> None:
    found = rate(5, "0-20", "natural_recovery")
    assert found["soil_organic_carbon"] == pytest.approx(0.54)
    assert np.isnan(found["biomass"])


def test_no_rate_is_carried_beyond_the_years_observed() -> None:
    with pytest.raises(ParameterError, match="监测样地"):
        rate(15)
