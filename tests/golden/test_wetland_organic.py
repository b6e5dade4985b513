"""Rewetted organic soils: Wetlands Supplement, Tables 3.1 to 3.3 (transcribed)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("wetland_organic")
OURS = """# extends: wetland_organic
parameter,value,unit,low,high,interval,distribution,basis,source,locator,note
doc_emission,0.1,t C/ha/yr,,,,,user,by hand,-,
"""


@pytest.mark.parametrize(("domain", "gain", "methane"), [("boreal", 0.55 - 0.1, 137), ("temperate", -0.5 - 0.1, 216)])
def test_carbon_and_methane_stand_apart(tmp_path: Path, domain: str, gain: float, methane: float) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    bound = BOUND.with_parameters(path)
    rows = pd.DataFrame({"ecosystem": ["wetland"], "climate_domain": [domain], "nutrient": ["rich"]})
    assert bound.evaluate(rows)["soil_organic_carbon"][0] == pytest.approx(gain)
    assert bound.other_gases(rows)["ch4"][0] == pytest.approx(methane * 16 / 12, rel=1e-4)


@pytest.mark.parametrize(
    ("zone", "nutrient", "carbon", "dissolved", "methane"),
    [
        ("boreal_dry", "poor", -0.34, 0.08, 41),
        ("boreal_moist", "rich", -0.55, 0.08, 137),
        ("cool_temperate_dry", "poor", -0.23, 0.24, 92),
        ("cool_temperate_moist", "rich", 0.50, 0.24, 216),
    ],
)
def test_tables_of_the_supplement(zone: str, nutrient: str, carbon: float, dissolved: float, methane: float) -> None:
    """As the manuscript ipcc-carbon-gains (public, chunk ``rewetting``) transcribes them."""
    rows = pd.DataFrame({"ecosystem": ["wetland"], "climate_zone": [zone], "nutrient": [nutrient]})
    assert BOUND.evaluate(rows)["soil_organic_carbon"][0] == pytest.approx(-(carbon + dissolved))
    assert BOUND.other_gases(rows)["ch4"][0] == pytest.approx(methane * 16 / 12, rel=1e-4)
