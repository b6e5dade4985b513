"""Cropland soil: regressions of Lu et al. 2009 (recalled), densities of two surveys (Jiang et al. 2017, Table 1)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Bound, Registry

REGISTRY = Registry((), ("methodologies",))
PRACTICES, MEASURED = REGISTRY.get("cropland_soil"), REGISTRY.get("cropland_soil_rates")
OURS = """# extends: cropland_soil
parameter,value,unit,low,high,interval,distribution,basis,source,locator,note
background_rate,-50,kg C/ha/yr,,,,,user,trial,p. 1,
"""


@pytest.fixture
def ours(tmp_path: Path) -> Bound:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    return PRACTICES.with_parameters(path)


def change(bound: Bound, region: str, nitrogen: float, straw: float, share: float) -> float:
    row = {"ecosystem": "cropland", "region": region, "soil": "", "nitrogen_fertiliser": nitrogen}
    rows = pd.DataFrame([{**row, "straw_returned": straw, "straw_share": share}])
    return float(bound.evaluate(rows)["soil_organic_carbon"][0])


@pytest.mark.parametrize(
    ("region", "nitrogen", "straw"),
    [
        ("northeast", 1.7385 * 150 - 104.03, 40.524 * 4 + 340.33),
        ("north", 0.5286 * 150 + 1.5973, 40.607 * 4 + 181.9),
        ("northwest", 0.6352 * 150 - 1.0834, 17.116 * 4 + 30.553),
    ],
)
def test_practices_by_hand(ours: Bound, region: str, nitrogen: float, straw: float) -> None:
    """150 kg N/ha and 4 t of straw on half of the land, in kg C/ha/yr."""
    assert change(ours, region, 150, 4, 0.5) == pytest.approx((-50 + nitrogen + 0.5 * straw) / 1000)


def test_without_straw_the_straw_term_is_nothing(ours: Bound) -> None:
    assert change(ours, "north", 100, 5.0, 0.0) == change(ours, "north", 100, 0.0, 0.0)


def test_the_change_without_practices_is_asked_for() -> None:
    with pytest.raises(ParameterError, match="长期定位监测"):
        change(PRACTICES, "northwest", 100, 2, 0.3)


@pytest.mark.parametrize(
    ("soil_group", "before", "after"),
    [
        ("black_soil", 2.44, 1.91),
        ("chernozem", 2.24, 1.65),
        ("luvisol", 2.11, 1.54),
        ("arenosol", 1.11, 1.55),
        ("gleysol", 2.03, 1.95),
        ("solonetz", 1.06, 1.68),
        ("anthrosol", 2.04, 1.56),
        ("cambisol", 1.72, 1.61),
        ("kastanozem", 1.75, 1.41),
        ("solonchak", 2.15, 1.47),
        ("fluvisol", 1.12, 1.34),
    ],
)
def test_what_was_measured(soil_group: str, before: float, after: float) -> None:
    """Densities of 1980 and 2015 in kg/m2: black soils lose, sandy ones gain."""
    rows = pd.DataFrame({"ecosystem": ["cropland"], "soil_group": [soil_group]})
    found = MEASURED.evaluate(rows)["soil_organic_carbon"][0]
    assert found == pytest.approx((after - before) * 10 / 35, abs=6e-5)
