"""Drained organic soils: IPCC 2006, vol. 4, ch. 4, Table 4.6, and the Wetlands Supplement (recalled)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sinks.errors import ParameterError
from sinks.methodology import Registry

BOUND = Registry((), ("methodologies",)).get("organic_soils")
ROW = {"ecosystem": "forest", "land_use": "forest", "climate_zone": "boreal_dry", "nutrient": "rich"}
OURS = """# extends: organic_soils
parameter,value,unit,low,high,interval,distribution,basis,source,locator,note
doc_emission,0.1,t C/ha/yr,,,,,user,by hand,-,
ditch_share,10,%,,,,,user,by hand,-,
n2o_emission,3,kg N2O/ha/yr,,,,,user,by hand,-,
"""


def test_the_factors_of_2006_know_no_gases() -> None:
    bound = BOUND.with_constants({"factors": "ipcc_2006"})
    assert bound.evaluate(pd.DataFrame([ROW]))["soil_organic_carbon"][0] == pytest.approx(-0.16)
    assert all(np.isnan(gas[0]) for gas in bound.beside(pd.DataFrame([ROW])).values())


def test_gases_stand_beside(tmp_path: Path) -> None:
    path = tmp_path / "ours.csv"
    path.write_text(OURS, encoding="utf-8")
    bound = BOUND.with_parameters(path).with_constants({"factors": "wetlands_2013"})
    rows = pd.DataFrame([ROW])
    assert bound.evaluate(rows)["soil_organic_carbon"][0] == pytest.approx(-(0.93 + 0.1))
    assert bound.beside(rows)["ch4"][0] == pytest.approx(0.9 * 2.0 + 0.1 * 217)
    assert bound.beside(rows)["n2o"][0] == pytest.approx(3)


def test_what_could_not_be_read_is_asked_for_by_table() -> None:
    with pytest.raises(ParameterError) as error:
        BOUND.with_constants({"factors": "wetlands_2013"}).evaluate(pd.DataFrame([ROW]))
    assert {problem.values["parameter"] for problem in error.value.problems} == {
        "doc_emission",
        "ditch_share",
        "n2o_emission",
    }
    assert "表 2.2" in str(error.value)
