"""Rewetted organic soils: Wetlands Supplement, Tables 3.1 and 3.3 (recalled)."""

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
    assert bound.beside(rows)["ch4"][0] == pytest.approx(methane * 16 / 12, rel=1e-4)
