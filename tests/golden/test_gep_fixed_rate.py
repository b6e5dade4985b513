"""Fixation rates of the gross ecosystem product: CSR (1 + beta), beta = 0.646 for forest (recalled)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("gep_fixed_rate")
OURS = """# extends: gep_fixed_rate
parameter,ecosystem,value,unit,low,high,interval,distribution,basis,source,locator,note
carbon_rate,forest,1,t C/ha/yr,,,,,user,annex,-,
carbon_rate,grassland,0.5,t C/ha/yr,,,,,user,annex,-,
"""


def rows(ecosystem: str, wetland_type: str = "") -> pd.DataFrame:
    row = {"ecosystem": ecosystem, "wetland_type": wetland_type, "grassland_type": "", "species_group": ""}
    return pd.DataFrame([row])


def test_soil_is_added_for_forest_alone(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    bound = BOUND.with_parameters(path)
    assert bound.evaluate(rows("forest"))["ecosystem"][0] == pytest.approx(1.646)
    assert bound.evaluate(rows("grassland"))["ecosystem"][0] == pytest.approx(0.5)


def test_wetland_has_its_rate() -> None:
    assert BOUND.evaluate(rows("water", "lake_mongolia_xinjiang"))["ecosystem"][0] == pytest.approx(0.3026)


@pytest.mark.parametrize("ecosystem", ["forest", "grassland"])
def test_provincial_rates_are_asked_for_by_the_name_of_the_annex(ecosystem: str) -> None:
    with pytest.raises(ParameterError, match="分省"):
        BOUND.evaluate(rows(ecosystem))
