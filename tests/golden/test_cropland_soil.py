"""Cropland soil: regressions of Lu et al. 2009 (recalled); black soils lost 0.19 kg/m2 in 35 years (Jiang et al.)."""

from __future__ import annotations

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("cropland_soil")


def change(region: str, soil: str, nitrogen: float, straw: float, share: float) -> float:
    row = {"ecosystem": "cropland", "region": region, "soil": soil, "nitrogen_fertiliser": nitrogen}
    rows = pd.DataFrame([{**row, "straw_returned": straw, "straw_share": share}])
    return float(BOUND.evaluate(rows)["soil_organic_carbon"][0])


def test_by_hand() -> None:
    """Northeast, 150 kg N/ha, 4 t of straw on half of the land, in kg C/ha/yr."""
    nitrogen, straw = 1.7385 * 150 - 104.03, 40.524 * 4 + 340.33
    expected = (nitrogen + 0.5 * straw) / 1000 - 0.19 * 10 / 35
    assert change("northeast", "black_soil", 150, 4, 0.5) == pytest.approx(expected, abs=2e-5)


def test_without_straw_the_straw_term_is_nothing() -> None:
    more, less = (change("north", "black_soil", 100, straw, 0.0) for straw in (5.0, 0.0))
    assert more == less


def test_soil_without_a_measured_background_is_asked_for() -> None:
    with pytest.raises(ParameterError, match="长期定位监测"):
        change("northwest", "chestnut_soil", 100, 2, 0.3)
