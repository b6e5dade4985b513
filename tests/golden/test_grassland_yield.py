"""Grassland biomass from hay yield, Y (1 + R) CF."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.errors import MethodologyError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("grassland_yield")


def rows(yield_: float = 1.5) -> pd.DataFrame:
    row = {"ecosystem": "grassland", "grassland_type": "typical_steppe", "climate_zone": "cool_temperate_dry"}
    return pd.DataFrame([{**row, "grass_yield": yield_}])


@pytest.mark.parametrize(("ratio_set", "ratio"), [("type", 4.25), ("inner_mongolia", 5.73), ("ipcc_2006", 2.8)])
def test_roots_follow_the_ratio_that_was_chosen(ratio_set: str, ratio: float) -> None:
    found = BOUND.with_constants({"ratio_set": ratio_set}).evaluate(rows())
    assert found["above_ground_biomass"][0] == pytest.approx(1.5 * 0.47)
    assert found["below_ground_biomass"][0] == pytest.approx(1.5 * 0.47 * ratio)


def test_a_yield_in_kilograms_is_refused_and_not_clipped() -> None:
    with pytest.raises(MethodologyError):
        BOUND.with_constants({"ratio_set": "type"}).evaluate(rows(1500.0))
